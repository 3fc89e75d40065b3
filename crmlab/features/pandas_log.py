"""Reading a transactions table once for all features: checked, cut after a day, customers and orders numbered."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from crmlab.tables import TableError, require_columns

DateLike: TypeAlias = "str | dt.date | np.datetime64"
"""A day: a ``date``, ``datetime``, pandas ``Timestamp``, or ISO text such as ``"2025-12-31"``."""

NEEDED = ("customer_id", "order_id", "ts", "net")
"""Columns of the transactions table that every function here needs."""

# Amounts are sums of prices in floating point; a refund may exceed its order by this share through rounding alone.
ROUNDING = 1e-6


class Log(NamedTuple):
    """A checked transactions table in integers.

    Attributes
    ----------
    rows : DataFrame
        ``customer`` (code), ``day`` and ``next_midnight`` (days since 1970; the same for an order at midnight or
        without a time of day), ``net`` and ``kept`` (net less refunds) in €, and ``order`` (code) where asked for.
    customers : Index
        The customer of each code, sorted.
    as_of : int
        Last day included, in days since 1970.
    """

    rows: pd.DataFrame
    customers: pd.Index
    as_of: int


def as_day(value: DateLike, *, name: str = "as_of") -> pd.Timestamp:
    """Return the calendar day of a date, moment or ISO text.

    Parameters
    ----------
    value : str, date, datetime, Timestamp or datetime64
        The day; a time of day is dropped, a time zone too.
    name : str, default "as_of"
        Name of the argument, for the error.

    Returns
    -------
    pandas.Timestamp
        Midnight at the start of that day, without time zone.

    Raises
    ------
    ValueError
        If it is no such thing.

    Examples
    --------
    >>> as_day("2025-12-31").day_name()
    'Wednesday'
    """
    wrong = f"{name} must be a date, or text such as '2025-12-31' (year-month-day), not {value!r}."
    if not isinstance(value, str | dt.date | np.datetime64):
        raise ValueError(wrong)
    try:
        stamp = pd.Timestamp(dt.datetime.fromisoformat(value) if isinstance(value, str) else value)
    except ValueError as error:
        raise ValueError(wrong) from error
    if pd.isna(stamp):
        raise ValueError(wrong)
    return stamp.tz_localize(None).normalize()


def read_log(transactions: pd.DataFrame, as_of: DateLike | None, *, orders: bool = False) -> Log:
    """Check the table, cut it after `as_of`, and number its customers and, where asked for, its orders."""
    require_columns(transactions, NEEDED, table="transactions")
    if not len(transactions):
        raise TableError("The transactions table has no rows.")
    for name in ("customer_id", "order_id"):
        _refuse(transactions[name].isna(), f"no {name}", f"Set them aside: table.dropna(subset=['{name}']).")
    day, next_midnight = _days(transactions["ts"])
    net = _amounts(transactions, "net")
    _refuse(net < 0, "a negative net", "net is what was charged; what was paid back belongs in refunded.")
    kept = net
    if "refunded" in transactions.columns:
        refunded = _amounts(transactions, "refunded")
        _refuse(refunded < 0, "a negative refunded", "refunded is the amount paid back, 0 when nothing was.")
        _refuse(
            refunded > net * (1 + ROUNDING), "refunded above net", "No more than the order itself can be paid back."
        )
        kept = np.maximum(net - refunded, 0.0)

    last = int(day.max()) if as_of is None else int(np.datetime64(as_day(as_of), "D").astype(np.int64))
    within = day <= last
    if not within.any():
        first = np.datetime64(int(day.min()), "D")
        raise TableError(f"No order is as old as as_of, {np.datetime64(last, 'D')}: the first is of {first}.")
    cut = slice(None) if within.all() else within  # no copy where nothing is cut
    customer, customers = pd.factorize(transactions["customer_id"][cut], sort=True)
    columns = {"day": day, "next_midnight": next_midnight, "net": net, "kept": kept}
    rows = pd.DataFrame({"customer": customer} | {name: values[cut] for name, values in columns.items()})
    if orders:
        rows["order"] = pd.factorize(transactions["order_id"][cut])[0]
    return Log(rows, pd.Index(customers), last)


def distinct_orders(rows: pd.DataFrame, also: list[str]) -> pd.DataFrame:
    """Return one row per customer and order (and `also`); costs nothing when each order has one row."""
    columns = ["customer", "order", *also]
    return rows if int(rows["order"].max()) + 1 == len(rows) else rows[columns].drop_duplicates()


def _refuse(wrong: Any, what: str, advice: str) -> None:
    count = int(np.asarray(wrong).sum())
    if count:
        raise TableError(f"{count:,} of {len(wrong):,} rows of the transactions table have {what}. {advice}")


def _days(ts: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the calendar day of each moment, and the first midnight not before it, as days since 1970."""
    if not pd.api.types.is_datetime64_any_dtype(ts.dtype):
        raise TableError(
            f"ts of the transactions table must hold dates, not {ts.dtype} (the first value is {ts.iloc[0]!r}). "
            "Convert it: table['ts'] = pd.to_datetime(table['ts'], format=…)."
        )
    _refuse(ts.isna(), "no ts", "Set them aside: table.dropna(subset=['ts']).")
    if ts.dt.tz is not None:
        ts = ts.dt.tz_localize(None)
    moment = ts.to_numpy(dtype="datetime64[s]")
    day = moment.astype("datetime64[D]")
    return day.astype(np.int64), day.astype(np.int64) + (moment > day)


def _amounts(transactions: pd.DataFrame, name: str) -> np.ndarray:
    column = transactions[name]
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        raise TableError(
            f"{name} of the transactions table must hold numbers, not {column.dtype} (the first value is "
            f"{column.iloc[0]!r}). Convert it: table['{name}'] = table['{name}'].astype(float)."
        )
    amounts = column.to_numpy(dtype=np.float64, na_value=np.nan)
    _refuse(~np.isfinite(amounts), f"no finite {name}", "Look them up, or set them aside.")
    return amounts


def dates_of(days: Any) -> np.ndarray:
    """Return the dates of days since 1970."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[us]")


def months_of(days: Any) -> np.ndarray:
    """Return the calendar months of days since 1970, as months since 1970."""
    return np.asarray(days).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def month_starts(months: np.ndarray) -> np.ndarray:
    """Return the first day of each month, as dates."""
    return months.astype("datetime64[M]").astype("datetime64[us]")


def month_ends(months: np.ndarray) -> np.ndarray:
    """Return the last day of each month, as days since 1970."""
    return (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
