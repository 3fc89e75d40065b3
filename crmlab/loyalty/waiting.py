"""Time to an answer, with what is still open counted as such."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from statsmodels.duration.survfunc import SurvfuncRight

from crmlab.loyalty.estimates import Estimate, Floats, as_floats, check_level, normal_quantile
from crmlab.tables import TableError, require_columns


def hours_open(tickets: pd.DataFrame, *, as_of: str | pd.Timestamp) -> pd.DataFrame:
    """Return how long each ticket was open, or has been until now.

    Parameters
    ----------
    tickets : DataFrame
        ``opened_ts`` and ``closed_ts`` (missing while open).
    as_of : date or moment
        Now: later tickets are left out, tickets closed later are still open. A date means the end of that day.

    Returns
    -------
    DataFrame
        Index: that of the tickets. ``hours`` and ``answered``.

    Raises
    ------
    TableError
        If a ticket closes before it opens.

    Examples
    --------
    >>> tickets = pd.DataFrame(
    ...     {"opened_ts": pd.to_datetime(["2025-01-01 08:00", "2025-01-01 12:00"]),
    ...      "closed_ts": pd.to_datetime(["2025-01-01 20:00", None])}
    ... )
    >>> hours_open(tickets, as_of="2025-01-01")["hours"].tolist()
    [12.0, 12.0]
    """
    require_columns(tickets, ["opened_ts", "closed_ts"], table="tickets")
    now = pd.Timestamp(as_of)
    if now == now.normalize():
        now += pd.Timedelta(days=1)
    part = tickets[tickets["opened_ts"] < now]
    if (part["closed_ts"] < part["opened_ts"]).any():
        raise TableError(f"{int((part['closed_ts'] < part['opened_ts']).sum()):,} tickets close before they open.")
    answered = part["closed_ts"].notna() & (part["closed_ts"] <= now)
    end = part["closed_ts"].where(answered, now)
    return pd.DataFrame({"hours": (end - part["opened_ts"]).dt.total_seconds() / 3600, "answered": answered})


def waiting_curve(hours: Any, answered: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return the share still waiting after each time (Kaplan and Meier).

    Leaving open tickets out, or taking their time so far for the answer, makes a slow desk look fast.

    Parameters
    ----------
    hours : array-like
        Time to the answer, or until now.
    answered : array-like of bool
        Whether the answer came.
    level : float, default 0.95
        Probability that the band covers, at any one time.

    Returns
    -------
    DataFrame
        ``hours``, ``waiting`` (share), ``low``, ``high`` (log–log band), ``open`` (tickets at risk); first, 0 hours.

    Examples
    --------
    >>> waiting_curve([1, 2, 3, 4], [True, True, False, True])["waiting"].round(2).tolist()
    [1.0, 0.75, 0.5, 0.0]
    """
    reach = normal_quantile(level)
    time = as_floats(hours, name="hours")
    came = as_floats(pd.Series(answered).astype(float), name="answered") == 1
    if len(time) != len(came) or np.isnan(time).any() or (time < 0).any():
        raise TableError("hours and answered need one value each per ticket, hours 0 or more, none missing.")
    if not came.any():
        raise TableError("No ticket was answered: the time to an answer is not known.")
    fit = SurvfuncRight(time, came.astype(int))
    waiting, error = np.asarray(fit.surv_prob), np.asarray(fit.surv_prob_se)
    low, high = _log_log(waiting, error, reach)
    first = pd.DataFrame({"hours": [0.0], "waiting": [1.0], "low": [1.0], "high": [1.0], "open": [len(time)]})
    rest = pd.DataFrame(
        {"hours": fit.surv_times, "waiting": waiting, "low": low, "high": high, "open": np.asarray(fit.n_risk, int)}
    )
    return pd.concat([first, rest], ignore_index=True)


def answered_within(hours: Any, answered: Any, *, within: float, level: float = 0.95) -> Estimate:
    """Return the share answered within so many hours.

    Parameters
    ----------
    hours, answered
        As for `waiting_curve`.
    within : float
        Hours, above 0.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate
        Share; missing when no ticket has been open for so long.

    Examples
    --------
    >>> round(answered_within([1, 2, 30, 4], [True, True, True, False], within=24).value, 2)
    0.5
    """
    check_level(level)
    if within <= 0:
        raise ValueError(f"within must be above 0 hours, not {within!r}.")
    curve = waiting_curve(hours, answered, level=level)
    count = int(curve["open"].iloc[0])
    if float(np.max(as_floats(hours, name="hours"))) < within and curve["waiting"].iloc[-1] > 0:
        return Estimate(np.nan, np.nan, np.nan, count)
    row = curve[curve["hours"] <= within].iloc[-1]
    return Estimate(1 - float(row["waiting"]), 1 - float(row["high"]), 1 - float(row["low"]), count)


def _log_log(waiting: Floats, error: Floats, reach: float) -> tuple[Floats, Floats]:
    inner = (waiting > 0) & (waiting < 1)
    low, high = waiting.copy(), waiting.copy()
    s = waiting[inner]
    theta = reach * error[inner] / (s * np.abs(np.log(s)))
    low[inner], high[inner] = s ** np.exp(theta), s ** np.exp(-theta)
    return low, high
