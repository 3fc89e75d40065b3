"""One row per calendar month, or per cohort and month."""

from __future__ import annotations

import datetime as dt

import narwhals as nw

from crmlab.features.engines import (
    Engine,
    Frame,
    Table,
    finish,
    first_of_month,
    joined,
    month_numbers,
    small_table,
    when,
)
from crmlab.features.log import DateLike, Log, Names, orders_of, read_log

# Lazy tables do not say when they begin; their calendar begins here.
FIRST_MONTH = 1970 * 12


def monthly_revenue(transactions: Table, *, as_of: DateLike | None = None, columns: Names | None = None) -> Table:
    """Return revenue, orders and customers of each calendar month, months with nothing included.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str, optional
        Last day included; the day of the last order when left out.

    Returns
    -------
    DataFrame
        Table ``monthly_revenue``, sorted by ``month_start``: ``revenue`` (€, Σ net), ``revenue_net`` (€, less
        what was refunded for these orders, whenever that happened), ``orders``, ``customers`` (who ordered in
        that month) and ``complete``, False for the last month when `as_of` is before its end.

    Raises
    ------
    TableError, ValueError
        As `crmlab.features.rfm`.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 1], "order_id": [1, 2], "net": [10.0, 5.0],
    ...                        "ts": pd.to_datetime(["2025-01-31", "2025-03-01"])})
    >>> monthly_revenue(orders)["revenue"].tolist()
    [10.0, 0.0, 5.0]
    """
    log = read_log(transactions, as_of, columns=columns, orders=True)
    first, last = _span(log)
    month = month_numbers(nw.col("day")).alias("month")
    sums = (
        orders_of(log, "day")
        .with_columns(month)
        .group_by("customer_id", "month", *(["order_id"] if log.orders else []))
        .agg(nw.col("net").sum(), nw.col("kept").sum(), nw.len().alias("rows"))
    )
    if log.orders:  # an order of several days counts once in a month
        sums = sums.group_by("customer_id", "month").agg(
            nw.col("net").sum(), nw.col("kept").sum(), nw.len().alias("rows")
        )
    sums = sums.group_by("month").agg(
        nw.col("net").sum().alias("revenue"),
        nw.col("kept").sum().alias("revenue_net"),
        nw.col("rows").sum().alias("orders"),
        nw.len().alias("customers"),
    )
    months = joined(_calendar(first, last, log.engine), sums, on="month", how="left")
    names = ["revenue", "revenue_net", "orders", "customers"]
    months = months.with_columns(
        when(~nw.col("orders").is_null(), 1).alias("any"),
        *(nw.col(name).fill_null(0.0 if name.startswith("revenue") else 0) for name in names),
        (nw.col("month") < _months_over(log.as_of)).alias("complete"),
    )
    if isinstance(months, nw.LazyFrame):  # from the first month in which there was an order
        months = months.with_columns(nw.col("any").cum_sum().over(order_by="month").alias("so_far"))
        months = months.filter(nw.col("so_far") > 0)
    months = months.with_columns(nw.col("orders").cast(nw.Int64), nw.col("customers").cast(nw.Int64))
    return finish(months, log.engine, ["month_start", *names, "complete"], sort=["month_start"], ids=[])


def cohort_retention(transactions: Table, *, as_of: DateLike | None = None, columns: Names | None = None) -> Table:
    """Return how many customers of each starting month ordered again in each later month.

    A cohort is everyone whose first order *in this table* fell in one month. Customers who had bought before the
    table begins stand in the first cohorts, which therefore look more faithful than later ones.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str, optional
        Last day included; the day of the last order when left out.

    Returns
    -------
    DataFrame
        Table ``cohort_retention``, one row per ``cohort`` (first day of its month) and ``month_number`` (0 = the
        starting month) up to the month of `as_of`, zeros included: ``customers`` (size of the cohort), ``active``
        (how many ordered in that month), ``share`` (active / customers), ``complete`` (False where `as_of` is before
        the end of that month).

    Raises
    ------
    TableError, ValueError
        As `crmlab.features.rfm`.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 2, 1], "order_id": [1, 2, 3], "net": [10.0, 5.0, 5.0],
    ...                        "ts": pd.to_datetime(["2025-01-31", "2025-01-02", "2025-03-01"])})
    >>> cohort_retention(orders)["share"].tolist()
    [1.0, 0.0, 0.5]
    """
    log = read_log(transactions, as_of, columns=columns)
    first, last = _span(log)
    active = (
        log.rows.with_columns(month_numbers(nw.col("day")).alias("month"))
        .group_by("customer_id", "month")
        .agg(nw.len().alias("rows"))
        .with_columns(nw.col("month").min().over("customer_id").alias("cohort_month"))
        .group_by("cohort_month", "month")
        .agg(nw.len().alias("buyers"))
    )
    # Every cohort meets every month up to the last, so that months in which nobody ordered are there, with zeros.
    numbers = small_table({"month_number": list(range(last - first + 1))}, log.engine)
    number = nw.col("month_number")
    cells = joined(active, numbers, how="cross").filter(nw.col("cohort_month") + number <= last)
    since = nw.col("month") - nw.col("cohort_month")
    cells = cells.with_columns(
        when(since == number, nw.col("buyers")).alias("active"), when(since == 0, nw.col("buyers")).alias("customers")
    )
    cells = cells.group_by("cohort_month", "month_number").agg(nw.col("active").sum(), nw.col("customers").sum())
    starts = _calendar(first, last, log.engine).rename({"month": "cohort_month", "month_start": "cohort"})
    cells = joined(cells, starts, on="cohort_month", how="inner").with_columns(
        nw.col("active").cast(nw.Int64),
        nw.col("customers").cast(nw.Int64),
        (nw.col("active") / nw.col("customers")).alias("share"),
        (nw.col("cohort_month") + number < _months_over(log.as_of)).alias("complete"),
    )
    names = ["cohort", "month_number", "customers", "active", "share", "complete"]
    return finish(cells, log.engine, names, sort=["cohort", "month_number"], ids=[])


def _span(log: Log) -> tuple[int, int]:
    """Return the first month that may hold an order, and the month of `as_of`, as `month_numbers` counts."""
    last = log.as_of.year * 12 + log.as_of.month - 1
    if isinstance(log.rows, nw.LazyFrame):
        return FIRST_MONTH, last
    first = log.rows["day"].min()
    return first.year * 12 + first.month - 1, last


def _calendar(first: int, last: int, engine: Engine) -> Frame:
    """Return months with their first days."""
    months = list(range(first, last + 1))
    return small_table({"month": months, "month_start": [first_of_month(month) for month in months]}, engine)


def _months_over(day: dt.date) -> int:
    """Return the number of the first month that is not over at the end of a day."""
    tomorrow = day + dt.timedelta(days=1)
    return tomorrow.year * 12 + tomorrow.month - 1
