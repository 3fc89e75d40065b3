"""One row per customer, or per pause between two orders of a customer."""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import numpy as np

from crmlab.features.engines import EPOCH, Frame, Table, by_customer, day_of, epoch_days, finish, when
from crmlab.features.log import DateLike, Names, orders_of, read_log


def rfm(transactions: Table, *, as_of: DateLike | None = None, columns: Names | None = None) -> Table:
    """Return recency, frequency and monetary value: one row per customer with an order up to `as_of`.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str, optional
        Day on which to look back, its orders included; the day after the last order when left out.

    Returns
    -------
    DataFrame
        Table ``rfm``, sorted by ``customer_id``: ``first_order``, ``last_order`` (days), ``recency_days`` (whole days,
        of 24 hours, from the last order to the start of `as_of`; 0 for orders of that day),
        ``frequency`` (different orders), ``monetary`` (€, Σ net), ``monetary_net`` (€, Σ net less refunds).

    Raises
    ------
    TableError
        If the table lacks a column, holds unusable values, or has no row up to `as_of`.
    ValueError
        If `as_of` is no date.

    References
    ----------
    Bult & Wansbeek (1995), Optimal selection for direct mail, Marketing Science 14(4).

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": ["b", "a", "b"], "order_id": [1, 2, 3], "net": [10.0, 5.0, 20.0],
    ...                        "ts": pd.to_datetime(["2025-01-01 09:00", "2025-01-03 10:00", "2025-01-04 23:59"])})
    >>> rfm(orders, as_of="2025-01-10")[["customer_id", "recency_days", "frequency", "monetary"]]
      customer_id  recency_days  frequency  monetary
    0           a             6          1       5.0
    1           b             5          2      30.0
    """
    log = read_log(transactions, as_of, columns=columns, orders=True)
    customers = (
        orders_of(log)
        .group_by("customer_id")
        .agg(
            nw.len().alias("frequency"),
            nw.col("day").min().alias("first_order"),
            nw.col("ts").max().alias("last_moment"),
            nw.col("net").sum().alias("monetary"),
            nw.col("kept").sum().alias("monetary_net"),
        )
    )
    looked_at = log.as_of + dt.timedelta(days=as_of is None)
    customers = customers.with_columns(day_of(nw.col("last_moment"), nw.Datetime, log.engine).alias("last_order"))
    whole_days = (looked_at - EPOCH).days - epoch_days(nw.col("last_order"))
    started = nw.col("last_moment") > nw.col("last_order").cast(nw.Datetime("us"))
    customers = customers.with_columns(
        (whole_days - nw.when(started).then(1).otherwise(0)).alias("silence"),
        nw.col("frequency").cast(nw.Int64),
    )
    customers = customers.with_columns(
        nw.when(nw.col("silence") > 0).then(nw.col("silence")).otherwise(0).alias("recency_days")
    )
    names = [
        "customer_id",
        "first_order",
        "last_order",
        "recency_days",
        "frequency",
        "monetary",
        "monetary_net",
    ]
    return finish(customers, log.engine, names, sort=["customer_id"], ids=["customer_id"])


def spend_windows(transactions: Table, *, as_of: DateLike, days: int, columns: Names | None = None) -> Table:
    """Return what each customer spent in the last `days` days and in the `days` days before.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str
        Last day of the recent window.
    days : int
        Length of each window in days, at least 1. Windows of a year have no season in the comparison.

    Returns
    -------
    DataFrame
        Table ``spend_windows``, one row per customer with an order up to `as_of`, sorted by ``customer_id``:
        ``spend_recent`` and ``spend_before`` in €, less refunds.

    Raises
    ------
    TableError, ValueError
        As `rfm`; also if `days` is not a whole number of at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 1], "order_id": [1, 2, 3], "net": [10.0, 5.0, 3.0],
    ...                        "ts": pd.to_datetime(["2025-01-20", "2025-01-21", "2025-01-30"])})
    >>> spend_windows(orders, as_of="2025-01-30", days=10)
       customer_id  spend_recent  spend_before
    0            1           8.0          10.0
    """
    if not isinstance(days, int | np.integer) or isinstance(days, bool) or days < 1:
        raise ValueError(f"days must be a whole number of at least 1, not {days!r}.")
    log = read_log(transactions, as_of, columns=columns)
    recent_from, before_from = (log.engine.day(log.as_of - dt.timedelta(days=int(k * days) - 1)) for k in (1, 2))
    day, kept = nw.col("day"), nw.col("kept")
    customers = (
        log.rows.with_columns(
            when(day >= recent_from, kept).alias("spend_recent"),
            when((day >= before_from) & (day < recent_from), kept).alias("spend_before"),
        )
        .group_by("customer_id")
        .agg(nw.col("spend_recent").sum(), nw.col("spend_before").sum())
    )
    names = ["customer_id", "spend_recent", "spend_before"]
    return finish(customers, log.engine, names, sort=["customer_id"], ids=["customer_id"])


def order_gaps(transactions: Table, *, as_of: DateLike | None = None, columns: Names | None = None) -> Table:
    """Return the pauses between orders: one row per pair of successive order days of one customer.

    The pause that is still running at `as_of` is not in the table: it has no end yet. Long pauses are therefore
    under-represented, the more so the shorter the log.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str, optional
        Last day included; the day of the last order when left out.

    Returns
    -------
    DataFrame
        Table ``order_gaps``, sorted by ``customer_id`` and day: ``previous_order``, ``next_order`` (days) and
        ``gap_days``, at least 1. Empty when nobody ordered on two days.

    Raises
    ------
    TableError, ValueError
        As `rfm`.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 1], "order_id": [1, 2, 3], "net": [10.0, 5.0, 3.0],
    ...                        "ts": pd.to_datetime(["2025-01-20 08:00", "2025-01-20 09:00", "2025-01-30 12:00"])})
    >>> order_gaps(orders)["gap_days"].tolist()
    [10]
    """
    log = read_log(transactions, as_of, columns=columns)
    gaps = by_customer(log.rows, gaps_of, log.engine)
    names = ["customer_id", "previous_order", "next_order", "gap_days"]
    return finish(gaps, log.engine, names, sort=["customer_id", "next_order"], ids=["customer_id"])


def gaps_of(rows: Frame) -> Frame:
    """Return the pauses between the order days of each customer."""
    days = rows.group_by("customer_id", "day").agg(nw.len().alias("rows"))
    if isinstance(days, nw.DataFrame):
        days = days.sort("customer_id", "day")
        days = days.with_columns(
            nw.col("day").shift(1).alias("previous_order"), nw.col("customer_id").is_first_distinct().alias("first")
        ).filter(~nw.col("first"))
    else:
        previous = nw.col("day").shift(1).over("customer_id", order_by="day")
        days = days.with_columns(previous.alias("previous_order")).filter(~nw.col("previous_order").is_null())
    gap = epoch_days(nw.col("day")) - epoch_days(nw.col("previous_order"))
    return days.with_columns(nw.col("day").alias("next_order"), gap.alias("gap_days"))
