"""Estimates against the truth: what a decision really did, how good an estimate is, what a wrong choice costs.

This is for scoring only. No method may import it: a firm has no truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

OUTCOMES = ("profit", "orders", "satisfaction")
"""What `effect` compares."""


class _HasTruth(Protocol):
    @property
    def truth(self) -> Any: ...


def effect(without: _HasTruth, changed: _HasTruth, *, start: int = 0, stop: int | None = None) -> pd.DataFrame:
    """Return the true effect of a decision: what became of the same people with it, and what without it.

    The runs share their people and their luck, so the difference of each customer is paired, and most of the noise
    cancels.

    Parameters
    ----------
    without, changed : Run
        Two simulations of one world, without the decision and with it.
    start, stop : int
        Months compared: from `start` to before `stop`, by default all.

    Returns
    -------
    DataFrame
        One row each for ``profit`` (€), ``orders`` and ``satisfaction``; per customer: ``without`` and ``with`` it,
        ``difference``, its ``standard_error``, the ``unpaired_standard_error`` that two unrelated groups of this size
        would have had, and ``total``, the difference over all customers. Profit and orders are sums over the months,
        for everybody who was a customer in either run. Satisfaction is the mean over the months in which a customer was
        there in both.

    Raises
    ------
    ValueError
        If the runs have no customer and month in common.

    Notes
    -----
    The standard error says how much the difference would vary over other people and other luck; the effect on these
    people with this luck is known exactly.
    """
    first, second = (_span(run.truth.months, start, stop) for run in (without, changed))
    both = first.merge(second, on=["customer_id", "month"], suffixes=("_without", "_with"))
    if both.empty:
        raise ValueError(f"the runs have no customer in common in the months from start={start} to stop={stop}")
    sums = [months.groupby("customer_id")[["profit", "orders"]].sum() for months in (first, second)]
    everybody = sums[0].index.union(sums[1].index)
    lower, upper = (table.reindex(everybody, fill_value=0.0) for table in sums)
    moods = both.groupby("customer_id")[["satisfaction_without", "satisfaction_with"]].mean()
    pairs = {
        "profit": (lower["profit"], upper["profit"]),
        "orders": (lower["orders"], upper["orders"]),
        "satisfaction": (moods["satisfaction_without"], moods["satisfaction_with"]),
    }
    return pd.DataFrame({name: _paired(*pair) for name, pair in pairs.items()}).T.rename_axis("outcome")


def score(estimate: pd.Series, truth: pd.Series) -> pd.Series:
    """Return how close an estimate per customer comes to the truth.

    Parameters
    ----------
    estimate, truth : Series
        Indexed by customer; those who are in both are compared.

    Returns
    -------
    Series
        ``customers`` compared; ``bias`` (mean of estimate − truth), ``mean_absolute_error``,
        ``root_mean_squared_error``, all in the unit of the truth; ``total_error`` (relative error of the sum);
        ``correlation``; ``rank_correlation`` (Spearman, ties share their rank). Correlations are missing where either
        side is the same for everybody.

    Raises
    ------
    ValueError
        If there is nobody in both, a customer appears twice, or values are missing.
    """
    _check_series(estimate=estimate, truth=truth)
    common = estimate.index.intersection(truth.index)
    if not len(common):
        raise ValueError(
            f"estimate and truth have no customer in common; their indexes begin with {list(estimate.index[:3])} and "
            f"{list(truth.index[:3])}: set the index of both to customer_id"
        )
    e, t = estimate.loc[common].to_numpy(float), truth.loc[common].to_numpy(float)
    error = e - t
    return pd.Series(
        {
            "customers": float(len(common)),
            "bias": error.mean(),
            "mean_absolute_error": np.abs(error).mean(),
            "root_mean_squared_error": np.sqrt((error**2).mean()),
            "total_error": _ratio(error.sum(), t.sum()),
            "correlation": _correlation(e, t),
            "rank_correlation": _correlation(rankdata(e), rankdata(t)),
        },
        name="score",
    )


def regret(chosen: Iterable[Any], value: pd.Series) -> float:
    """Return what the choice of some customers gives away against the best choice of as many.

    Parameters
    ----------
    chosen : iterable of customer ids
        Who was chosen.
    value : Series
        True gain from choosing each customer, indexed by customer.

    Returns
    -------
    float
        Gain of the best choice of this size less that of `chosen`, in the unit of `value`; 0 or more.

    Raises
    ------
    ValueError
        If a chosen customer is unknown or chosen twice.

    Examples
    --------
    >>> value = pd.Series({"Ada": 9.0, "Bo": 4.0, "Cleo": 7.0})
    >>> regret(["Ada", "Bo"], value)
    3.0
    """
    _check_series(value=value)
    names = list(chosen)
    if len(set(names)) < len(names):
        raise ValueError("chosen: a customer may be chosen once only")
    unknown = [name for name in names if name not in value.index]
    if unknown:
        raise ValueError(
            f"chosen: {unknown[0]!r} is not in the index of value ({len(unknown)} of {len(names)} are not)"
        )
    return float(value.nlargest(len(names)).sum() - value.loc[names].sum())


def _span(months: pd.DataFrame, start: int, stop: int | None) -> pd.DataFrame:
    inside = months["month"] >= start
    if stop is not None:
        inside &= months["month"] < stop
    return months.loc[inside, ["customer_id", "month", *OUTCOMES]]


def _paired(without: pd.Series, changed: pd.Series) -> dict[str, float]:
    difference = changed - without
    n = len(difference)
    return {
        "without": without.mean(),
        "with": changed.mean(),
        "difference": difference.mean(),
        "standard_error": difference.std() / np.sqrt(n),
        "unpaired_standard_error": np.sqrt((without.var() + changed.var()) / n),
        "total": difference.sum(),
        "customers": float(n),
    }


def _check_series(**series: pd.Series) -> None:
    for name, values in series.items():
        if not isinstance(values, pd.Series):
            raise ValueError(f"{name} is a {type(values).__name__}; it must be a pandas Series indexed by customer_id")
        if values.index.has_duplicates:
            raise ValueError(f"{name}: customer {values.index[values.index.duplicated()][0]!r} appears more than once")
        if values.isna().any():
            raise ValueError(f"{name}: the value of customer {values.index[values.isna()][0]!r} is missing")


def _ratio(part: float, whole: float) -> float:
    with np.errstate(over="ignore"):  # a total next to nothing: infinite is the right word
        return float(np.divide(part, whole)) if whole else float("nan")


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / scale) if scale > 0 else float("nan")
