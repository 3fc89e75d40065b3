"""What models of repeat buying are fitted to: repeat orders, their timing and their value, one row per customer."""

from __future__ import annotations

import datetime as dt

import narwhals as nw

from crmlab.features.engines import EPOCH, Frame, Table, by_customer, epoch_days, finish
from crmlab.features.log import DateLike, Names, read_log

UNITS = {"D": 1.0, "W": 7.0, "M": 365.25 / 12}
"""Days in one unit of time; a month is a twelfth of a year of 365.25 days."""

# Relative rounding of a sum of some thousand amounts.
ROUNDING = 1e-12


def repeat_summary(
    transactions: Table,
    *,
    as_of: DateLike | None = None,
    unit: str = "W",
    merge_same_day: bool = True,
    net_of_refunds: bool = False,
    columns: Names | None = None,
) -> Table:
    """Return repeat orders, the time of the last one, the time observed and the mean repeat value of each customer.

    The first order of a customer starts the clock and is not a repeat order. Time is counted in whole days and then
    divided, so a week is exactly seven days.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str
        Last day included. May be left out for a table in memory: the day of the last order.
    unit : {"W", "D", "M"}, default "W"
        Unit of time: weeks, days, or months of 30.4375 days.
    merge_same_day : bool, default True
        Whether the orders of one day count as one, their values added up. Otherwise each order counts; those of the
        first day after the first then are repeat orders at time 0.
    net_of_refunds : bool, default False
        Whether values are less what was refunded.
    columns : dict, optional
        Canonical name → name in `transactions`, where they differ.

    Returns
    -------
    DataFrame
        Table ``repeat_summary``, the caller's kind: ``x`` (repeat orders), ``t_x`` (time from the first order to the
        last, 0 without a repeat), ``T`` (time from the first order to `as_of`), ``mean_value`` (€, mean value of the
        repeat orders; 0 without one). Sorted by ``customer_id`` unless lazy.

    Raises
    ------
    TableError
        If the table lacks a column, holds unusable values, or has no row up to `as_of`.
    ValueError
        If `as_of` is no date or is left out for a lazy table, or `unit` is none of the three.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2).

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "a", "b"], "net": [10.0, 20.0, 40.0, 5.0],
    ...                        "ts": pd.to_datetime(["2025-01-01", "2025-01-15", "2025-01-29", "2025-01-29"])})
    >>> repeat_summary(orders, as_of="2025-02-05")
      customer_id  x  t_x    T  mean_value
    0           a  2  4.0  5.0        30.0
    1           b  0  0.0  1.0         0.0
    """
    if unit not in UNITS:
        raise ValueError(f"unit must be 'W', 'D' or 'M' (weeks, days, months), not {unit!r}.")
    log = read_log(transactions, as_of, columns=columns, orders=not merge_same_day)
    value = "kept" if net_of_refunds else "net"

    def orders_of(rows: Frame) -> Frame:
        """Return rows that are orders, or order days; the first of a customer is told by `first`."""
        if merge_same_day:
            return rows.group_by("customer_id", "day").agg(nw.col(value).sum())
        if log.orders:
            return rows.group_by("customer_id", "order_id").agg(
                nw.col(value).sum(), nw.col("ts").min(), nw.col("day").min()
            )
        return rows

    # Among orders of one moment the one with the lowest number is the first; where orders have no number, the smallest.
    tie = "order_id" if "order_id" in log.rows.collect_schema().names() else value
    first = ["day"] if merge_same_day else ["ts", tie]

    def summary_of(rows: Frame) -> Frame:
        orders = orders_of(rows)
        first_value = nw.col(value).first(order_by=first).alias("first_value")
        spark = log.engine.implementation in (nw.Implementation.PYSPARK, nw.Implementation.PYSPARK_CONNECT)
        if spark:
            # Spark cannot take the first of a group, but the least of records, which it compares field by field.
            fields = list(dict.fromkeys([*first, value]))
            orders = orders.with_columns(nw.struct(*fields).alias("record"))
            first_value = nw.col("record").min()
        customers = orders.group_by("customer_id").agg(
            nw.len().alias("orders"),
            nw.col("day").min().alias("first_day"),
            nw.col("day").max().alias("last_day"),
            nw.col(value).sum().alias("total"),
            first_value,
        )
        if spark:
            customers = customers.with_columns(nw.col("record").struct.field(value).alias("first_value"))
        return _measured(customers, log.as_of, UNITS[unit])

    customers = by_customer(log.rows, summary_of, log.engine)
    columns_out = ["customer_id", "x", "t_x", "T", "mean_value"]
    return finish(customers, log.engine, columns_out, sort=["customer_id"], ids=["customer_id"])


def _measured(customers: Frame, as_of: dt.date, days: float) -> Frame:
    """Return counts, times and mean value from totals and the days of the first and the last order."""
    until = (as_of - EPOCH).days
    repeats = nw.col("orders").cast(nw.Int64) - 1
    rest = nw.col("total") - nw.col("first_value")
    customers = customers.with_columns(
        repeats.alias("x"),
        epoch_days(nw.col("first_day")).alias("from_day"),
        epoch_days(nw.col("last_day")).alias("to_day"),
        # What is left of a sum after its largest part is taken away is exact only up to the rounding of the sum.
        nw.when(rest > ROUNDING * nw.col("total")).then(rest).otherwise(0.0).alias("rest"),
        nw.when(repeats > 0).then(repeats).otherwise(1).alias("divisor"),
    )
    return customers.with_columns(
        ((nw.col("to_day") - nw.col("from_day")) / days).alias("t_x"),
        ((until - nw.col("from_day")) / days).alias("T"),
        (nw.col("rest") / nw.col("divisor")).alias("mean_value"),
    )
