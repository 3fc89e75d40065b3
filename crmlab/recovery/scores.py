"""How good an estimate or a choice is, against the truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest, rankdata


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


def coverage(lower: pd.Series, upper: pd.Series, truth: pd.Series, *, level: float = 0.95) -> pd.Series:
    """Return how often intervals hold the truth, with the error that the number of customers leaves.

    Parameters
    ----------
    lower, upper : Series
        Ends of the interval of each customer, indexed by customer.
    truth : Series
        What really was, indexed likewise; those who are in all three are compared.
    level : float
        Share of intervals that should hold the truth, between 0 and 1.

    Returns
    -------
    Series
        ``customers`` compared; ``level`` and ``coverage``; the 95% interval ``coverage_low`` to ``coverage_high``
        (Clopper–Pearson) and the ``p_value`` of the exact binomial test of ``level``, both for independent customers;
        ``truth_below`` and ``truth_above``, shares of truths that fell out at either end; ``mean_width`` in the unit of
        the truth.

    Raises
    ------
    ValueError
        If an interval ends before it begins, the level is impossible, or the series do not fit one another.

    Examples
    --------
    >>> truth = pd.Series([1.0, 5.0, 3.0, 9.0])
    >>> found = coverage(truth - 1, pd.Series([2.0, 4.0, 4.0, 10.0]), truth, level=0.5)
    >>> float(found["coverage"]), float(found["truth_above"])
    (0.75, 0.25)
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is impossible; it must lie between 0 and 1")
    _check_series(lower=lower, upper=upper, truth=truth)
    common = truth.index.intersection(lower.index).intersection(upper.index)
    if not len(common):
        raise ValueError("lower, upper and truth have no customer in common: set the index of all to customer_id")
    low, high, t = (series.loc[common].to_numpy(float) for series in (lower, upper, truth))
    if (low > high).any():
        raise ValueError(f"the interval of customer {common[low > high][0]!r} ends before it begins")
    n, inside = len(common), int(((low <= t) & (t <= high)).sum())
    test = binomtest(inside, n, level)
    interval = test.proportion_ci(0.95, method="exact")
    return pd.Series(
        {
            "customers": float(n),
            "level": level,
            "coverage": inside / n,
            "coverage_low": interval.low,
            "coverage_high": interval.high,
            "p_value": test.pvalue,
            "truth_below": float((t < low).mean()),
            "truth_above": float((t > high).mean()),
            "mean_width": float((high - low).mean()),
        },
        name="coverage",
    )


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
