"""How unequal customers are: Lorenz curve, Gini coefficient and the share of the largest."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from crmlab.grading.checks import ROUNDING, check_share, parts_of_whole
from crmlab.grading.engines import on_any_engine


@on_any_engine
def lorenz(values: pd.Series) -> pd.DataFrame:
    """Return the Lorenz curve: which share of the value the smallest customers hold together.

    Parameters
    ----------
    values : Series
        One value per customer, none negative, not all zero.

    Returns
    -------
    DataFrame
        ``share_of_customers`` and ``share_of_value``, from (0, 0) to (1, 1), customers from the smallest to the
        largest.

    Raises
    ------
    TableError
        If `values` is empty, sums to nothing, or holds a negative or no finite number.

    References
    ----------
    Lorenz (1905), Methods of measuring the concentration of wealth, Publications of the American Statistical
    Association 9.

    Examples
    --------
    >>> lorenz(pd.Series([30.0, 10.0]))["share_of_value"].tolist()
    [0.0, 0.25, 1.0]
    """
    amounts = parts_of_whole(values)
    cumulated = np.concatenate([[0.0], np.cumsum(amounts)])
    return pd.DataFrame(
        {"share_of_customers": np.linspace(0, 1, len(cumulated)), "share_of_value": cumulated / cumulated[-1]}
    )


@on_any_engine
def gini(values: pd.Series) -> float:
    """Return the Gini coefficient of the values: 0 when all are equal, near 1 when one customer has everything.

    Parameters
    ----------
    values : Series
        One value per customer, none negative, not all zero.

    Returns
    -------
    float
        Half the mean absolute difference of two customers drawn with replacement, over the mean; at most 1 − 1/n.

    Raises
    ------
    TableError
        As `lorenz`.

    References
    ----------
    Gini (1914), Sulla misura della concentrazione e della variabilità dei caratteri.

    Examples
    --------
    >>> gini(pd.Series([30.0, 10.0]))
    0.25
    """
    amounts = parts_of_whole(values)
    return _gini(amounts, np.ones(len(amounts)))


@on_any_engine
def top_share(values: pd.Series, *, share: float = 0.2) -> float:
    """Return which share of the total the largest customers hold.

    Parameters
    ----------
    values : Series
        One value per customer, none negative, not all zero.
    share : float, default 0.2
        Share of customers, in (0, 1]; their number is rounded up.

    Returns
    -------
    float
        Share of the total in (0, 1].

    Raises
    ------
    TableError
        As `lorenz`.
    ValueError
        If `share` is not in (0, 1].

    Examples
    --------
    >>> top_share(pd.Series([1.0, 2.0, 3.0, 14.0]), share=0.25)
    0.7
    """
    check_share("share", share)
    amounts = parts_of_whole(values)
    return _top_share(amounts, np.ones(len(amounts)), share)


@on_any_engine
def concentration(
    values: pd.Series, *, share: float = 0.2, confidence: float = 0.95, seed: int = 0, resamples: int = 1000
) -> pd.DataFrame:
    """Return top share and Gini coefficient with bootstrap intervals.

    The interval answers: how much could the figure differ had chance sent other customers of the same kind? It is a
    percentile interval over resampled customers. With few customers, or a few giants among them, it is too narrow.

    Parameters
    ----------
    values : Series
        One value per customer, none negative, not all zero.
    share : float, default 0.2
        As in `top_share`.
    confidence : float, default 0.95
        Confidence of the intervals, between 0 and 1.
    seed : int, default 0
        Seed of the resampling: the same seed gives the same interval, whatever the order of the values.
    resamples : int, default 1000
        Number of bootstrap samples, at least 100; time grows with `resamples` × customers.

    Returns
    -------
    DataFrame
        Rows ``top_share`` and ``gini``; columns ``estimate``, ``low``, ``high``.

    Raises
    ------
    TableError
        As `lorenz`.
    ValueError
        If an option is out of its range.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> concentration(pd.Series([1.0, 2.0, 3.0, 14.0] * 50)).round(2)
               estimate   low  high
    top_share      0.56  0.49  0.63
    gini           0.50  0.48  0.51
    """
    check_share("share", share)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence!r}.")
    if resamples < 100:
        raise ValueError(f"resamples must be at least 100, not {resamples!r}.")
    amounts = parts_of_whole(values)
    customers = len(amounts)
    generator = np.random.default_rng(seed)
    drawn = np.empty((resamples, 2))
    for sample in drawn:  # how often each customer is drawn, so that the sorted values need no second sorting
        counts = np.bincount(generator.integers(customers, size=customers), minlength=customers).astype(np.float64)
        sample[:] = _top_share(amounts, counts, share), _gini(amounts, counts)
    low, high = np.nanquantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    estimate = [top_share(values, share=share), gini(values)]
    return pd.DataFrame({"estimate": estimate, "low": low, "high": high}, index=["top_share", "gini"])


def _gini(amounts: np.ndarray, counts: np.ndarray) -> float:
    """Gini coefficient of amounts in increasing order, the i-th present counts[i] times; NaN when all are zero."""
    through = np.cumsum(counts)
    weighed = amounts * counts
    total = weighed.sum()
    if not total:
        return math.nan
    return float((weighed * (2 * through - counts - through[-1])).sum() / (through[-1] * total))


def _top_share(amounts: np.ndarray, counts: np.ndarray, share: float) -> float:
    """Share of the total held by the largest, the amounts as in `_gini`."""
    through = np.cumsum(counts[::-1])
    wanted = math.ceil(share * through[-1] - ROUNDING)
    taken = np.diff(np.minimum(through, wanted), prepend=0.0)
    total = (amounts * counts).sum()
    return float((amounts[::-1] * taken).sum() / total) if total else math.nan
