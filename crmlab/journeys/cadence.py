"""How often to follow up: too often annoys, too rarely is forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar

from crmlab.churn import wilson
from crmlab.features import DateLike, as_day
from crmlab.grading.checks import numbers_of
from crmlab.grading.engines import on_any_engine
from crmlab.tables import TableError, require_columns


def best_interval(*, half_life_days: float, annoyance: float, recovery_days: float = 14.0) -> float:
    """Return the days between contacts at which being remembered and not annoying balance best.

    Memory fades by half in `half_life_days` after a contact and is full again with the next; annoyance grows by
    `annoyance` with each contact and fades by half in `recovery_days`. Both are averaged over time in the steady state,
    and the interval that maximises memory less annoyance is returned.

    Parameters
    ----------
    half_life_days : float
        Days after which half is forgotten.
    annoyance : float
        Annoyance of one contact, in units of full memory, 0 or more.
    recovery_days : float, default 14.0
        Days after which half of an annoyance is forgiven.

    Returns
    -------
    float
        Days; infinite where a contact does more harm than good at any interval, 0 where nothing annoys.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> best_interval(half_life_days=30.0, annoyance=0.5) > best_interval(half_life_days=30.0, annoyance=0.1)
    True
    """
    fading, whole = _cadence(half_life_days, annoyance, recovery_days)
    if annoyance == 0:
        return 0.0
    if whole >= 1 / fading:
        return float("inf")
    # d/dt = 0 where (1 + ft) exp(−ft) = 1 − f·whole: one solution, found in the logarithm of t.
    found = minimize_scalar(
        lambda log_days: whole * np.exp(-log_days) - _memory(fading * np.exp(log_days)),
        bounds=(np.log(1e-3 * half_life_days), np.log(60 * half_life_days)),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(np.exp(found.x))


def contact_worth(
    days: npt.ArrayLike, *, half_life_days: float, annoyance: float, recovery_days: float = 14.0
) -> pd.DataFrame:
    """Return what contacts at each interval give and take: how far one is remembered, and how far one annoys.

    Parameters
    ----------
    days : array of float
        Intervals between contacts, in days, above 0.
    half_life_days, annoyance, recovery_days : float
        As in `best_interval`, which finds the interval where `worth` is largest.

    Returns
    -------
    DataFrame
        Indexed by ``days``: ``memory`` (mean over time, 1 is full memory), ``annoyance`` (mean over time, in the same
        unit) and ``worth``, their difference.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> contact_worth([7, 14, 28], half_life_days=30.0, annoyance=0.2)["worth"].round(2).tolist()
    [0.35, 0.57, 0.59]
    """
    fading, whole = _cadence(half_life_days, annoyance, recovery_days)
    interval = np.asarray(days, dtype=float)
    if not (interval > 0).all():
        raise ValueError("days must be positive.")
    memory, annoyed = _memory(fading * interval), whole / interval
    index = pd.Index(interval, name="days")
    return pd.DataFrame({"memory": memory, "annoyance": annoyed, "worth": memory - annoyed}, index=index)


def _cadence(half_life_days: float, annoyance: float, recovery_days: float) -> tuple[float, float]:
    """Return the rate at which memory fades, per day, and the whole annoyance of one contact, in days."""
    if not half_life_days > 0 or not recovery_days > 0 or not annoyance >= 0:
        raise ValueError("half_life_days and recovery_days must be positive, annoyance 0 or more.")
    return np.log(2) / half_life_days, annoyance * recovery_days / np.log(2)


def _memory(faded: npt.ArrayLike) -> Any:
    """Return the mean memory between two contacts; `faded` is the rate of fading times their interval.

    A contact's memory lasts until the next one overwrites it; annoyances add up, so that their mean is one contact's
    whole annoyance, divided by the interval.
    """
    return -np.expm1(-np.asarray(faded, dtype=float)) / faded


@on_any_engine
def response_by_follow_ups(follow_ups: pd.Series, ordered: pd.Series, *, most: int = 8) -> pd.DataFrame:
    """Return the share who ordered by the number of follow-ups they received, with 95% intervals.

    Whom one follows up is a choice, so this is a description, not an effect: eager prospects may get more contacts, or
    the slow ones may. Only contacts given at random tell what one more would do.

    Parameters
    ----------
    follow_ups : Series
        Follow-ups received, count.
    ordered : Series of bool
        Whether the person ordered.
    most : int, default 8
        Larger numbers are counted together.

    Returns
    -------
    DataFrame
        Indexed by ``follow_ups``: ``people``, ``ordered`` (count), ``share``, ``low``, ``high``.

    Raises
    ------
    TableError
        If lengths differ or counts are negative.

    Examples
    --------
    >>> response_by_follow_ups(pd.Series([0, 0, 1, 1]), pd.Series([False, False, True, False]))["share"].tolist()
    [0.0, 0.5]
    """
    counts = numbers_of(follow_ups)
    happened = np.asarray(ordered, dtype=bool)
    if len(counts) != len(happened) or counts.min() < 0:
        raise TableError("follow_ups and ordered need one value per person, and no negative count.")
    table = pd.DataFrame({"follow_ups": np.minimum(counts, most).astype(int), "ordered": happened})
    found = table.groupby("follow_ups")["ordered"].agg(people="size", ordered="sum")
    low, high = wilson(found["ordered"].to_numpy(), found["people"].to_numpy())
    return found.assign(share=found["ordered"] / found["people"], low=low, high=high)


@on_any_engine
def next_contacts(contacts: pd.DataFrame, *, as_of: DateLike, least_days: float = 0.0) -> pd.DataFrame:
    """Return whom to contact on or before which day, the most overdue first.

    Parameters
    ----------
    contacts : DataFrame
        One row per customer, of pandas, Polars or PyArrow: ``customer_id``, ``last_contact`` (date) and
        ``interval_days`` (the interval that suits them, such as from `best_interval`; infinite: never).
    as_of : date or str
        Today.
    least_days : float, default 0.0
        Shortest interval that anybody is contacted at.

    Returns
    -------
    DataFrame
        ``customer_id``, ``due`` (date), ``overdue_days`` (0 or more), of those due up to today.

    Raises
    ------
    TableError
        If a column is missing, nobody is there, a customer is there twice, or a contact lies after `as_of`.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2], "last_contact": pd.to_datetime(["2025-01-01", "2025-01-20"]),
    ...                       "interval_days": [14.0, 14.0]})
    >>> next_contacts(table, as_of="2025-01-31")["overdue_days"].tolist()
    [16]
    """
    require_columns(contacts, ["customer_id", "last_contact", "interval_days"], table="contacts")
    today = as_day(as_of)
    if not len(contacts):
        raise TableError("The contacts table has no rows.")
    if twice := int(contacts["customer_id"].duplicated().sum()):
        raise TableError(f"{twice:,} rows of the contacts table repeat a customer_id: keep the latest contact of each.")
    moment = pd.to_datetime(contacts["last_contact"])
    if moment.dt.tz is not None:  # days are those of the clock that the table shows
        # By NumPy's type: pandas before 3 takes the clock of Greenwich for times of Arrow.
        moment = moment.astype(pd.DatetimeTZDtype("us", moment.dt.tz)).dt.tz_localize(None)
    last = moment.astype("datetime64[us]").dt.normalize()
    if last.isna().any() or (last > today).any():
        raise TableError(f"last_contact must be known and not after {today.date()}.")
    days = contacts["interval_days"].astype(float).clip(lower=least_days)
    silent = (today - last).dt.days
    waiting = days[days <= silent]
    due = last.loc[waiting.index] + pd.to_timedelta(np.ceil(waiting), unit="D")
    table = pd.DataFrame(
        {
            "customer_id": contacts.loc[waiting.index, "customer_id"],
            "due": due,
            "overdue_days": np.maximum((today - due).dt.days, 0),
        }
    )
    return table.sort_values(["overdue_days", "customer_id"], ascending=[False, True], ignore_index=True)
