"""How long customers stay: survival, causes that compete, hazard ratios; statsmodels does the estimating."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from crmlab.churn.checks import as_labels, check_between
from crmlab.tables import TableError


def kaplan_meier(duration: Any, left: Any, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return the share of customers still there after each duration.

    Customers who have not left yet count as there for as long as they have been seen (censored).

    Parameters
    ----------
    duration : array_like of float, shape (n,)
        Time as a customer, in any unit; not negative.
    left : array_like of bool, shape (n,)
        Whether the customer left at that time; false where it is still there.
    confidence : float, default 0.95
        Confidence of the interval, on the scale of log(−log S), so that it stays in [0, 1].

    Returns
    -------
    DataFrame
        Indexed by ``duration``, those at which somebody left: ``at_risk``, ``left``, ``survival``, ``low``, ``high``.

    Raises
    ------
    TableError
        If durations are missing or negative, or nobody left.

    References
    ----------
    Kaplan & Meier (1958), Journal of the American Statistical Association 53: 457.

    Examples
    --------
    >>> kaplan_meier([1, 2, 2, 3], [1, 1, 0, 0])["survival"].round(2).tolist()
    [0.75, 0.5]
    """
    from statsmodels.api import SurvfuncRight

    check_between("confidence", confidence, 0, 1)
    times, gone = _durations(duration, left)
    if not gone.any():
        raise TableError("Nobody left: survival is 1 as far as can be seen.")
    fit = SurvfuncRight(times, gone.astype(int))
    survival, error = np.asarray(fit.surv_prob), np.asarray(fit.surv_prob_se)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = norm.ppf((1 + confidence) / 2) * error / (survival * np.abs(np.log(survival)))
        low, high = survival ** np.exp(width), survival ** np.exp(-width)
    inside = survival > 0
    return pd.DataFrame(
        {
            "at_risk": np.asarray(fit.n_risk).astype(int),
            "left": np.asarray(fit.n_events).astype(int),
            "survival": survival,
            "low": np.where(inside, low, 0.0),
            "high": np.where(inside, high, np.nan),
        },
        index=pd.Index(fit.surv_times, name="duration"),
    )


def survival_at(curve: pd.DataFrame, times: Any) -> pd.Series:
    """Return the survival at given durations, read off a curve of `kaplan_meier`.

    Examples
    --------
    >>> survival_at(kaplan_meier([1, 2, 2, 3], [1, 1, 0, 0]), [0.5, 2.5]).round(2).tolist()
    [1.0, 0.5]
    """
    wanted = np.atleast_1d(np.asarray(times, dtype=np.float64))
    place = np.searchsorted(curve.index.to_numpy(), wanted, side="right")
    values = np.concatenate([[1.0], curve["survival"].to_numpy()])[place]
    return pd.Series(values, index=pd.Index(wanted, name="duration"), name="survival")


def cumulative_incidence(duration: Any, cause: Any) -> pd.DataFrame:
    """Return, for each cause, the share of all customers who have left for it by each duration.

    Causes compete: who has left for one can no longer leave for another. One minus Kaplan–Meier for a single cause
    would count these as still to come, and too many.

    Parameters
    ----------
    duration : array_like of float, shape (n,)
        Time as a customer.
    cause : array_like, shape (n,)
        Cause of leaving; missing where the customer is still there.

    Returns
    -------
    DataFrame
        Indexed by ``duration``, one column per cause, ascending.

    References
    ----------
    Aalen & Johansen (1978), Scandinavian Journal of Statistics 5: 141.

    Examples
    --------
    >>> cumulative_incidence([1, 2, 3, 4], ["price", "quality", None, "price"]).round(2).iloc[-1].to_dict()
    {'price': 0.75, 'quality': 0.25}
    """
    from statsmodels.duration.survfunc import CumIncidenceRight

    causes = pd.Series(np.asarray(cause, dtype=object))
    gone = causes.notna()
    times, _ = _durations(duration, gone)
    if not gone.any():
        raise TableError("Nobody left: there is no cause to count.")
    codes, names = pd.factorize(causes, sort=True)
    with np.errstate(divide="ignore", invalid="ignore"):  # its standard errors, when nobody is left at the end
        fit = CumIncidenceRight(times, codes + 1)
    columns = {name: np.asarray(curve) for name, curve in zip(names, fit.cinc, strict=True)}
    return pd.DataFrame(columns, index=pd.Index(fit.times, name="duration"))


def hazard_ratios(X: pd.DataFrame, duration: Any, left: Any, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return how each column multiplies the hazard of leaving, others equal (Cox's proportional hazards).

    Parameters
    ----------
    X : DataFrame of numbers, shape (n, k)
        Columns without missing values; encode categories first.
    duration, left
        As in `kaplan_meier`.
    confidence : float, default 0.95
        Confidence of Wald's interval.

    Returns
    -------
    DataFrame
        Indexed by ``column``: ``hazard_ratio`` per unit, ``low``, ``high``, ``p_value``.

    Raises
    ------
    TableError
        If a column is no number, has missing values or never varies, or nobody left.

    References
    ----------
    Cox (1972), Journal of the Royal Statistical Society B 34: 187; ties by Efron (1977).
    """
    from statsmodels.api import PHReg

    check_between("confidence", confidence, 0, 1)
    times, gone = _durations(duration, left)
    if not gone.any():
        raise TableError("Nobody left: hazards cannot be compared.")
    if len(X) != len(times):
        raise TableError(f"X has {len(X):,} rows for {len(times):,} durations.")
    for name in X.columns:
        if not (pd.api.types.is_numeric_dtype(X[name].dtype) or pd.api.types.is_bool_dtype(X[name].dtype)):
            raise TableError(f"{name!r} must hold numbers, not {X[name].dtype}: encode categories first.")
        if X[name].isna().any():
            raise TableError(f"{name!r} has {int(X[name].isna().sum()):,} missing values.")
        if X[name].nunique() < 2:
            raise TableError(f"{name!r} is the same for everybody: its effect cannot be estimated.")
    fit = PHReg(times, X.astype(float).to_numpy(), status=gone.astype(int), ties="efron").fit()
    low, high = np.exp(fit.conf_int(1 - confidence)).T
    return pd.DataFrame(
        {"hazard_ratio": np.exp(fit.params), "low": low, "high": high, "p_value": fit.pvalues},
        index=pd.Index(X.columns, name="column"),
    )


def person_periods(duration: pd.Series, left: Any, *, most: int | None = None) -> pd.DataFrame:
    """Return one row per customer and whole period lived, for a discrete-time hazard model.

    Any classifier on these rows (with ``period`` among its columns) estimates the hazard of leaving in a period, given
    that the customer was there at its start.

    Parameters
    ----------
    duration : Series of int
        Whole periods as a customer, at least 1, indexed by customer.
    left : array_like of bool
        Whether the customer left in its last period.
    most : int, optional
        Longest duration looked at; longer ones are cut there as still there.

    Returns
    -------
    DataFrame
        ``customer_id`` (the index of `duration`), ``period`` (1, 2, …), ``left`` (in this period).

    References
    ----------
    Singer & Willett (1993), Journal of Educational Statistics 18: 155.

    Examples
    --------
    >>> person_periods(pd.Series([1, 2], index=["Ada", "Bo"]), [1, 0]).values.tolist()
    [['Ada', 1, True], ['Bo', 1, False], ['Bo', 2, False]]
    """
    times, gone = _durations(duration, left)
    if (times < 1).any() or (times != np.round(times)).any():
        raise TableError("duration must hold whole periods, at least 1: round them up.")
    count = times.astype(np.int64)
    if most is not None:
        gone = gone & (count <= most)
        count = np.minimum(count, most)
    last = np.cumsum(count) - 1
    period = np.arange(count.sum()) - np.repeat(last + 1 - count, count) + 1
    leaves = np.zeros(count.sum(), bool)
    leaves[last] = gone
    return pd.DataFrame({"customer_id": np.repeat(duration.index.to_numpy(), count), "period": period, "left": leaves})


def _durations(duration: Any, left: Any) -> tuple[np.ndarray, np.ndarray]:
    times = np.asarray(duration, dtype=np.float64).ravel()
    gone = as_labels(left, name="left", both=False)
    if len(times) != len(gone):
        raise TableError(f"duration has {len(times):,} values, and left has {len(gone):,}.")
    wrong = ~np.isfinite(times) | (times < 0)
    if wrong.any():
        raise TableError(f"{int(wrong.sum()):,} of {len(times):,} durations are missing, infinite or negative.")
    return times, gone
