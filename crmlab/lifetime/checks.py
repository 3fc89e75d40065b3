"""Do the data contradict the model? What the model expects beside what was, and doubts in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import chi2

from crmlab.lifetime.rows import Floats, group_rows
from crmlab.tables import TableError

if TYPE_CHECKING:
    from crmlab.lifetime.repeat import RepeatModel

ALARM = 0.001
"""A doubt is raised where chance alone would do it once in a thousand data sets …"""

NOTEWORTHY = 0.03
"""… and only where at least this share of the customers stands in the wrong place."""


def frequency_table(model: RepeatModel, summary: Any, *, most: int = 7) -> pd.DataFrame:
    """Return how many customers placed 0, 1, 2, … repeat orders, and how many the model expects to.

    Parameters
    ----------
    model : RepeatModel
        A fitted model.
    summary : data frame
        The customers.
    most : int
        The last row is this many orders or more.

    Returns
    -------
    DataFrame
        One row per number of ``orders``: ``actual`` and ``expected`` customers.

    Examples
    --------
    >>> from crmlab.lifetime import BetaGeoNBD, draw_histories
    >>> truth = {"r": 0.8, "alpha": 6.0, "a": 0.8, "b": 2.5}
    >>> customers = draw_histories("bg_nbd", truth, [40] * 3000, seed=3)
    >>> frequency_table(BetaGeoNBD().fit(customers), customers, most=3).round(0)["actual"].sum().item()
    3000.0
    """
    rows = model._read(summary)
    return _frequencies(model, rows.columns["x"], rows.columns["T"], np.ones(len(rows)), most)


def _frequencies(model: RepeatModel, x: Floats, T: Floats, weights: Floats, most: int) -> pd.DataFrame:
    (times,), count, _ = group_rows([_binned(T, weights)], weights)
    nothing = np.zeros(len(times))
    expected = np.zeros(most + 1)
    for time, customers in zip(times, count, strict=True):
        if time <= 0:
            expected[0] += customers
            continue
        chances = model._counts_if_alive(nothing[:1], nothing[:1], float(time))
        early = np.array([chance[0] for _, chance in zip(range(most), chances, strict=False)])
        expected[: len(early)] += customers * early
        expected[most] += customers * (1 - early.sum())
    actual = np.bincount(np.minimum(x, most).astype(int), weights=weights, minlength=most + 1)
    return pd.DataFrame({"actual": actual, "expected": expected}, index=pd.RangeIndex(most + 1, name="orders"))


def _binned(T: Floats, weights: Floats, most: int = 60) -> Floats:
    """Return the times, rounded to at most so many values: expected numbers change smoothly with them."""
    if len(np.unique(T[: 10 * most])) <= most and len(np.unique(T)) <= most:
        return T
    if (T == np.floor(T)).all():
        whole = np.unique(np.round(np.quantile(T, np.linspace(0, 1, most))))
        return whole[np.clip(np.searchsorted(whole, T), 0, len(whole) - 1)]
    low, high = T.min(), T.max()
    step = (high - low) / most
    return low + (np.minimum(np.floor((T - low) / step), most - 1) + 0.5) * step


def holdout_table(
    expected: pd.Series, actual: pd.Series, *, by: pd.Series | None = None, groups: int = 10
) -> pd.DataFrame:
    """Return what was expected beside what came, for groups of customers.

    Parameters
    ----------
    expected, actual : Series
        Per customer, with the same index.
    by : Series, optional
        What to group by, such as ``x``; tenths of `expected` by default.
    groups : int
        Number of groups when `by` is left out, or rows before the last takes all above.

    Returns
    -------
    DataFrame
        One row per group, from the lowest: ``customers``, mean ``expected``, mean ``actual``, and the
        ``standard_error`` of the mean actual.

    Examples
    --------
    >>> holdout_table(pd.Series([1.0, 3.0]), pd.Series([0.0, 4.0]), groups=2)["actual"].tolist()
    [0.0, 4.0]
    """
    if not expected.index.equals(actual.index):
        actual = actual.reindex(expected.index)
    if actual.isna().any():
        raise TableError("actual lacks customers who are in expected; both need the same index.")
    if by is None:
        rank = expected.rank(method="first").to_numpy()
        place = np.floor((rank - 1) * groups / len(expected)).astype(int) + 1
    else:
        place = by.reindex(expected.index).clip(upper=groups).to_numpy()
    frame = pd.DataFrame({"expected": expected, "actual": actual}).groupby(place)
    return pd.DataFrame(
        {
            "customers": frame.size(),
            "expected": frame["expected"].mean(),
            "actual": frame["actual"].mean(),
            "standard_error": frame["actual"].std() / np.sqrt(frame.size()),
        }
    ).rename_axis("group")


def doubts_about_orders(model: RepeatModel, x: Floats, T: Floats, weights: Floats) -> Iterator[str]:
    """Yield what the histories say against a fitted model, in words."""
    name = type(model).__name__
    customers = float(weights.sum())
    again = float(weights @ (x > 0)) / customers
    if weights @ (x > 0) < 30:
        if not model.priors:
            yield (
                f"{name}: only {weights @ (x > 0):,.0f} customers ordered again, too few to tell a slow customer "
                "from a lost one. Take a longer time or more customers."
            )
        return
    if weights @ (x > 1) / customers < 0.02:
        yield (
            f"{name}: {again:.1%} of the customers ordered again and hardly anybody twice: the time observed is too "
            "short for what is usual here. Forecasts beyond it are guesses."
        )
    most = 7
    table = _frequencies(model, x, T, weights, most)
    table = table[table["expected"] > 5]
    actual, expected = (table[column].to_numpy(dtype=float) for column in ("actual", "expected"))
    gap = np.abs(actual - expected)
    degrees = max(len(table) - 1 - len(model.params_), 1)
    if chi2.sf(float((gap**2 / expected).sum()), degrees) < ALARM and gap.sum() / 2 / customers > NOTEWORTHY:
        at = int(gap.argmax())
        worst = int(table.index[at])
        noun = "repeat order" if worst == 1 else "repeat orders"
        yield (
            f"{name}: the numbers of orders contradict the model: {actual[at]:,.0f} customers have {worst}"
            f"{' or more' if worst == most else ''} {noun} where it expects {expected[at]:,.0f}. "
            "Rates that change with what a customer lives through (habit, satisfaction, season), or a mixture of "
            "businesses, do that; forecasts will be off."
        )


def doubts_about_spend(x: Floats, mean: Floats, weights: Floats, *, few_matter: bool = True) -> Iterator[str]:
    """Yield whether what customers spend goes with how often they order, in words."""
    n = weights.sum()
    if n < 20:
        if few_matter:
            yield f"GammaGamma: only {n:,.0f} customers have a repeat order, too few to say how much customers differ."
        return
    low, high = np.log(x), mean  # the mean of few orders is as large on average as that of many; its logarithm is not
    low, high = low - weights @ low / n, high - weights @ high / n
    spread = np.sqrt((weights @ low**2) * (weights @ high**2))
    correlation = float(weights @ (low * high) / spread) if spread > 0 else 0.0
    if abs(correlation) > max(0.1, 3.3 / np.sqrt(n)):
        verb = "more" if correlation > 0 else "less"
        yield (
            f"GammaGamma: customers who order more often spend {verb} per order (correlation {correlation:+.2f} with "
            "the logarithm of x); the model takes both to be unrelated, so that the value of the best customers comes "
            f"out too {'low' if correlation > 0 else 'high'}."
        )
