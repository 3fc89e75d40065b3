"""Reading a transactions table for all features: names mapped, types checked, values checked, cut after a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

import narwhals as nw
import numpy as np
import pandas as pd

from crmlab.features.engines import Engine, Frame, Table, day_of, open_table, wall_clock, with_own_clock
from crmlab.tables import TableError, require_columns

DateLike: TypeAlias = "str | dt.date | np.datetime64"
"""A day: a ``date``, ``datetime``, pandas ``Timestamp``, or ISO text such as ``"2025-12-31"``."""

Names: TypeAlias = "Mapping[str, str | None]"
"""Canonical name → name in the caller's table; None for ``order_id`` says that every row is an order of its own."""

NEEDED = ("customer_id", "ts", "net")
"""Columns of the transactions table that every function here needs."""

OPTIONAL = ("order_id", "refunded")
"""Columns used where they are: without order_id each row is an order, without refunded nothing was paid back."""

# Amounts are sums of prices in floating point; a refund may exceed its order by this share through rounding alone.
ROUNDING = 1e-6


class Log(NamedTuple):
    """A transactions table with canonical names, cut after a day.

    Attributes
    ----------
    rows : Narwhals frame
        ``customer_id``, ``ts`` (without time zone), ``day``, ``net`` and ``kept`` (net less refunds) in €, ``order_id``
        where there is one, and further columns asked for.
    engine : Engine
        Where the caller's table lives.
    as_of : date
        Last day included.
    orders : bool
        Whether rows may have to be gathered into orders: there is an ``order_id``, and it is not known to be unique.
    newest : date or None
        Day of the last row of the whole table; None for a lazy one.
    """

    rows: Frame
    engine: Engine
    as_of: dt.date
    orders: bool
    newest: dt.date | None = None


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


def read_log(
    transactions: Table,
    as_of: DateLike | None,
    *,
    columns: Names | None = None,
    until: dt.date | None = None,
    also: Collection[str] = (),
    orders: bool = False,
) -> Log:
    """Check the table as far as its engine allows without running a query, and cut it after `as_of` (or `until`).

    A table in memory is checked value by value. Of a lazy one only names and types are known: missing amounts are made
    infinite, so that they show in the result, and `as_of` must be given. `orders` says that the caller counts orders.
    """
    frame, engine = open_table(transactions)
    frame = _renamed(frame, columns, also)
    types = dict(frame.collect_schema())
    _check_types(frame, types)
    if isinstance(frame, nw.DataFrame):
        _check_values(frame, types)
    elif as_of is None:
        raise ValueError(
            "as_of must be given for a lazy table: finding the last day would run the query behind your back."
        )
    present = [name for name in (*NEEDED, *OPTIONAL) if name in types]
    net = nw.col("net").cast(nw.Float64)
    kept = net
    if "refunded" in types:
        paid_back = nw.col("refunded").cast(nw.Float64)
        if isinstance(frame, nw.LazyFrame):
            paid_back = paid_back.fill_null(float("inf"))
        kept = nw.when(paid_back > net).then(0.0).otherwise(net - paid_back)
    if isinstance(frame, nw.LazyFrame):
        net, kept = net.fill_null(float("inf")), kept.fill_null(float("inf"))
    frame = with_own_clock(frame, "ts")
    moment = wall_clock(nw.col("ts"), types["ts"])
    others = [name for name in (*present, *also) if name not in ("ts", "net", "refunded")]
    rows = frame.select(
        *dict.fromkeys(others),
        day_of(moment, types["ts"], engine).alias("day"),
        moment.cast(nw.Datetime("us")).alias("ts") if types["ts"] == nw.Date else moment.alias("ts"),
        net.alias("net"),
        kept.alias("kept"),
    )
    if isinstance(rows, nw.DataFrame) and as_of is None:
        last = as_day(rows["day"].max()).date()
    else:
        last = as_day(as_of).date()  # type: ignore[arg-type]
    cut = until or last
    if isinstance(rows, nw.LazyFrame):
        return Log(rows.filter(nw.col("day") <= engine.day(cut)), engine, last, "order_id" in types)
    first, newest = as_day(rows["day"].min()).date(), as_day(rows["day"].max()).date()
    if first > last:
        raise TableError(f"No order is as old as as_of, {last}: the first is of {first}.")
    if newest > cut:  # no copy where nothing is cut
        rows = rows.filter(nw.col("day") <= engine.day(cut))
    several = orders and "order_id" in types and rows["order_id"].n_unique() < len(rows)
    return Log(rows, engine, last, several, newest)


def past_of(transactions: Table, *, as_of: dt.date, columns: Names | None = None) -> Table:
    """Return the caller's rows up to a day, as they are."""
    frame, engine = open_table(transactions)
    name = (columns or {}).get("ts") or "ts"
    frame = with_own_clock(frame, name)
    dtype = frame.collect_schema()[name]
    known = day_of(wall_clock(nw.col(name), dtype), dtype, engine) <= engine.day(as_of)
    return nw.to_native(frame.filter(known))


def orders_of(log: Log, *also: str) -> Frame:
    """Return one row per order: the log itself, or its rows gathered by customer and order number (and `also`).

    An order counts on its first day. Grouping twice instead of counting distinct numbers: that is right on every
    engine, and no slower.
    """
    if not log.orders:
        return log.rows
    return log.rows.group_by("customer_id", "order_id", *also).agg(
        *([] if "day" in also else [nw.col("day").min()]),
        nw.col("ts").max(),
        nw.col("net").sum(),
        nw.col("kept").sum(),
    )


def check(transactions: Table, *, columns: Names | None = None) -> None:
    """Raise where a table of transactions cannot be used; on a lazy table this runs one query.

    Every function checks a table that is in memory by itself. A lazy table is a plan, and looking at its values would
    run it: this is the function with which you ask for that.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine.
    columns : dict, optional
        Canonical name → name in `transactions`, where they differ.

    Raises
    ------
    TableError
        If the table lacks a column, has no rows, or holds unusable values; says how many rows are concerned.

    Examples
    --------
    >>> check(pd.DataFrame({"customer_id": [1], "ts": [pd.Timestamp("2025-01-01")], "net": [-5.0]}))
    Traceback (most recent call last):
        ...
    crmlab.tables.TableError: 1 of 1 rows of the transactions table have a negative net. net is what was charged; what \
was paid back belongs in refunded.
    """
    frame, _ = open_table(transactions)
    frame = _renamed(frame, columns, ())
    types = dict(frame.collect_schema())
    _check_types(frame, types)
    _check_values(frame, types)


def _renamed(frame: Frame, columns: Names | None, also: Collection[str]) -> Frame:
    """Return the columns that are used, under their canonical names."""
    there = frame.collect_schema().names()
    known = {*NEEDED, *OPTIONAL, *also}
    names = dict(columns or {})
    if unknown := set(names) - known:
        raise ValueError(f"columns may map {', '.join(sorted(known))}; not {', '.join(sorted(unknown))}.")
    if None in (names.get(name, name) for name in known - {"order_id"}):
        raise ValueError("columns: only order_id may be None; it says that every row is an order of its own.")
    wanted = {name: names.get(name, name) for name in (*NEEDED, *also, *OPTIONAL)}
    missing = [own for name, own in wanted.items() if own not in there and (name not in OPTIONAL or name in names)]
    _require(there, [name for name in missing if name is not None])
    chosen = {name: own for name, own in wanted.items() if own in there}
    if all(name == own for name, own in chosen.items()):
        return frame.select(*chosen)
    return frame.select(*(nw.col(str(own)).alias(name) for name, own in chosen.items()))


class _Columns(NamedTuple):
    columns: list[str]


def _require(there: list[str], needed: list[str]) -> None:
    require_columns(_Columns(there), needed, table="transactions")


def _check_types(frame: Frame, types: Mapping[str, Any]) -> None:
    """Raise where a column cannot hold what it should."""
    if not (isinstance(types["ts"], nw.Datetime) or types["ts"] == nw.Date):
        raise TableError(
            f"ts of the transactions table must hold dates, not {_named(frame, 'ts', types)}. "
            "Convert it: table['ts'] = pd.to_datetime(table['ts'], format=…)."
        )
    for name in ("net", "refunded"):
        if name in types and not types[name].is_numeric():
            raise TableError(
                f"{name} of the transactions table must hold numbers, not {_named(frame, name, types)}. "
                f"Convert it: table['{name}'] = table['{name}'].astype(float)."
            )


def _named(frame: Frame, name: str, types: Mapping[str, Any]) -> str:
    first = f" (the first value is {frame[name][0]!r})" if isinstance(frame, nw.DataFrame) and len(frame) else ""
    return f"{types[name]}{first}"


def _check_values(frame: Frame, types: Mapping[str, Any]) -> None:
    """Raise where values are unusable, saying how many."""
    net, refunded = nw.col("net").cast(nw.Float64), nw.col("refunded").cast(nw.Float64)

    def not_finite(amount: nw.Expr) -> nw.Expr:
        return amount.is_null() | ~amount.is_finite()

    wrong: dict[str, tuple[nw.Expr, str]] = {}
    for name in ("customer_id", "order_id"):
        if name in types:
            wrong[f"no {name}"] = (nw.col(name).is_null(), f"Set them aside: table.dropna(subset=['{name}']).")
    wrong["no ts"] = (nw.col("ts").is_null(), "Set them aside: table.dropna(subset=['ts']).")
    wrong["no finite net"] = (not_finite(net), "Look them up, or set them aside.")
    wrong["a negative net"] = (net < 0, "net is what was charged; what was paid back belongs in refunded.")
    if "refunded" in types:
        wrong["no finite refunded"] = (not_finite(refunded), "Look them up, or set them aside.")
        wrong["a negative refunded"] = (refunded < 0, "refunded is the amount paid back, 0 when nothing was.")
        wrong["refunded above net"] = (
            refunded > net * (1 + ROUNDING),
            "No more than the order itself can be paid back.",
        )
    marked = frame.select(
        *(condition.fill_null(False).cast(nw.Int64).alias(what) for what, (condition, _) in wrong.items())
    )
    sums = marked.with_columns(rows=nw.lit(1)).select(nw.all().sum())
    if isinstance(sums, nw.LazyFrame):
        sums = sums.collect()
    counts = sums.rows(named=True)[0]
    rows = int(counts["rows"] or 0)
    if not rows:
        raise TableError("The transactions table has no rows.")
    for what, (_, advice) in wrong.items():
        if count := int(counts[what]):
            raise TableError(f"{count:,} of {rows:,} rows of the transactions table have {what}. {advice}")
