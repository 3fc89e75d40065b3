"""What a customer did in the days before a cut-off date, in windows, rhythm and mix: columns for models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import narwhals as nw

from crmlab.features.customers import gaps_of
from crmlab.features.engines import EPOCH, Frame, Table, by_customer, epoch_days, finish, when
from crmlab.features.log import DateLike, Names, orders_of, read_log
from crmlab.tables import TableError


def activity(
    transactions: Table,
    *,
    as_of: DateLike | None = None,
    windows: Sequence[int] = (7, 30, 90, 365),
    trend_days: int = 90,
    columns: Names | None = None,
) -> Table:
    """Return orders and spending of each customer in the last days, and whether they rise or fall.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str
        Last day of all windows. May be left out for a table in memory: the day of the last order.
    windows : sequence of int, default (7, 30, 90, 365)
        Lengths of the windows in days; each ends with `as_of`.
    trend_days : int, default 90
        Length in days of the two windows that the trend compares. A year has no season in the comparison.
    columns : dict, optional
        Canonical name → name in `transactions`, where they differ.

    Returns
    -------
    DataFrame
        One row per customer with an order up to `as_of`: ``days_since_last`` and ``days_since_first`` (calendar days
        to `as_of`); for each window w ``orders_{w}d`` (count) and ``spend_{w}d`` (€, less refunds); and
        ``orders_trend``, ``spend_trend`` = (recent − before) / (recent + before), from −1 (all before) to 1 (all
        recent), 0 when there was nothing in either.

    Raises
    ------
    TableError, ValueError
        As `rfm`; also if a length is not a whole number of at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 1], "net": [10.0, 5.0, 3.0],
    ...                        "ts": pd.to_datetime(["2025-01-01", "2025-01-20", "2025-01-30"])})
    >>> activity(orders, as_of="2025-01-31", windows=[7, 30], trend_days=15).iloc[0].to_dict()
    {'customer_id': 1.0, 'days_since_last': 1.0, 'days_since_first': 30.0, 'orders_7d': 1.0, 'spend_7d': 3.0, \
'orders_30d': 2.0, 'spend_30d': 8.0, 'orders_trend': 1.0, 'spend_trend': 1.0}
    """
    lengths = [*windows, trend_days]
    if not windows or not all(isinstance(days, int) and not isinstance(days, bool) and days >= 1 for days in lengths):
        raise ValueError(
            f"windows and trend_days must be whole numbers of at least 1, not {windows!r}, {trend_days!r}."
        )
    log = read_log(transactions, as_of, columns=columns, orders=True)
    day = nw.col("day")

    def since(days: int) -> nw.Expr:
        return day >= log.engine.day(log.as_of - dt.timedelta(days=days - 1))

    marks = {f"{w}d": since(w) for w in dict.fromkeys(windows)}
    marks |= {"recent": since(trend_days), "before": since(2 * trend_days) & ~since(trend_days)}
    sums = [f"{what}_{mark}" for mark in marks for what in ("orders", "spend")]
    customers = (
        orders_of(log)
        .with_columns(
            *(when(condition, 1).alias(f"orders_{mark}") for mark, condition in marks.items()),
            *(when(condition, nw.col("kept")).alias(f"spend_{mark}") for mark, condition in marks.items()),
        )
        .group_by("customer_id")
        .agg(day.max().alias("last_day"), day.min().alias("first_day"), *(nw.col(name).sum() for name in sums))
    )
    until = (log.as_of - EPOCH).days
    customers = customers.with_columns(
        *(nw.col(name).cast(nw.Int64) for name in sums if name.startswith("orders")),
        (until - epoch_days(nw.col("last_day"))).alias("days_since_last"),
        (until - epoch_days(nw.col("first_day"))).alias("days_since_first"),
    ).with_columns(*(_trend(what).alias(f"{what}_trend") for what in ("orders", "spend")))
    kept = [name for name in sums if not name.endswith(("recent", "before"))]
    names = ["customer_id", "days_since_last", "days_since_first", *kept, "orders_trend", "spend_trend"]
    return finish(customers, log.engine, names, sort=["customer_id"], ids=["customer_id"])


def rhythm(transactions: Table, *, as_of: DateLike | None = None, columns: Names | None = None) -> Table:
    """Return each customer's own pace: how long they usually pause between two days with orders.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str
        Last day included. May be left out for a table in memory: the day of the last order.
    columns : dict, optional
        Canonical name → name in `transactions`, where they differ.

    Returns
    -------
    DataFrame
        Table ``rhythm``, one row per customer with orders on two days or more: ``gaps`` (count), ``mean_gap_days``,
        ``usual_gap_days`` (median), ``longest_gap_days``, in days. The pause still running at `as_of` is not in it.

    Raises
    ------
    TableError, ValueError
        As `rfm`.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 1, 2], "net": [10.0, 5.0, 3.0, 1.0],
    ...                        "ts": pd.to_datetime(["2025-01-01", "2025-01-20", "2025-01-30", "2025-01-30"])})
    >>> rhythm(orders)
       customer_id  gaps  mean_gap_days  usual_gap_days  longest_gap_days
    0            1     2           14.5            14.5                19
    """
    log = read_log(transactions, as_of, columns=columns)

    gap = nw.col("gap_days")

    def paces_of(gaps: Any) -> Any:
        return (
            gaps.group_by("customer_id")
            .agg(
                nw.len().alias("gaps"),
                gap.mean().alias("mean_gap_days"),
                gap.median().alias("usual_gap_days"),
                gap.max().alias("longest_gap_days"),
            )
            .with_columns(nw.col("gaps").cast(nw.Int64), nw.col("usual_gap_days").cast(nw.Float64))
        )

    def rhythm_of(rows: Frame) -> Any:
        gaps: Any = gaps_of(rows)
        if log.engine.implementation is nw.Implementation.PYARROW:  # its median of groups is an approximation
            return paces_of(gaps.lazy("duckdb")).collect("pyarrow")
        return paces_of(gaps)

    names = ["customer_id", "gaps", "mean_gap_days", "usual_gap_days", "longest_gap_days"]
    return finish(
        by_customer(log.rows, rhythm_of, log.engine), log.engine, names, sort=["customer_id"], ids=["customer_id"]
    )


def mix(
    transactions: Table,
    *,
    by: str,
    values: Sequence[str] | None = None,
    as_of: DateLike | None = None,
    columns: Names | None = None,
) -> Table:
    """Return how each customer's spending divides among channels, categories, stores or whatever a column names.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine, with the column `by`.
    by : str
        Column whose values divide the spending, such as ``"store_or_site"``.
    values : sequence of str
        Values that get a column each; the rest goes to ``share_other``. May be left out for a table in memory: all
        values up to `as_of`, sorted.
    as_of : date or str
        Last day included. May be left out for a table in memory: the day of the last order.
    columns : dict, optional
        Canonical name → name in `transactions`, where they differ.

    Returns
    -------
    DataFrame
        One row per customer with an order up to `as_of`: ``spend`` (€, less refunds), ``share_{value}`` for each value
        and ``share_other`` (shares of it; all 0 for a customer who kept nothing).

    Raises
    ------
    TableError, ValueError
        As `rfm`; also if `values` is left out for a lazy table.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 1], "ts": pd.to_datetime(["2025-01-01", "2025-01-02"]),
    ...                        "net": [30.0, 10.0], "store_or_site": ["app", "shop"]})
    >>> mix(orders, by="store_or_site").to_dict("list")
    {'customer_id': [1], 'spend': [40.0], 'share_app': [0.75], 'share_shop': [0.25], 'share_other': [0.0]}
    """
    log = read_log(transactions, as_of, columns=columns, also=(by,))
    if values is None:
        if isinstance(log.rows, nw.LazyFrame):
            raise ValueError(
                "values must be given for a lazy table: finding them would run the query behind your back."
            )
        values = sorted(str(value) for value in log.rows[by].unique().to_list() if value is not None)
    if len(values) > 1000:
        raise TableError(f"{by} has {len(values):,} values; name those of interest in values.")
    kept, value = nw.col("kept"), nw.col(by).cast(nw.String)
    rows = log.rows.with_columns(*(when(value == name, kept).alias(f"part_{i}") for i, name in enumerate(values)))
    parts = [f"part_{i}" for i in range(len(values))]
    customers = rows.group_by("customer_id").agg(kept.sum().alias("spend"), *(nw.col(part).sum() for part in parts))
    whole = nw.when(nw.col("spend") > 0).then(nw.col("spend")).otherwise(1.0).alias("whole")
    customers = customers.with_columns(whole).with_columns(
        *((nw.col(part) / nw.col("whole")).alias(f"share_{name}") for part, name in zip(parts, values, strict=True))
    )
    named = [f"share_{name}" for name in values]
    rest = nw.when(nw.col("spend") > 0).then(1.0).otherwise(0.0)
    for name in named:
        rest = rest - nw.col(name)
    customers = customers.with_columns(rest.alias("rest"))
    customers = customers.with_columns(
        nw.when(nw.col("rest") > 1e-12).then(nw.col("rest")).otherwise(0.0).alias("share_other")
    )
    names = ["customer_id", "spend", *named, "share_other"]
    return finish(customers, log.engine, names, sort=["customer_id"], ids=["customer_id"])


def _trend(what: str) -> nw.Expr:
    recent, before = nw.col(f"{what}_recent").cast(nw.Float64), nw.col(f"{what}_before").cast(nw.Float64)
    total = recent + before
    return nw.when(total > 0).then((recent - before) / nw.when(total > 0).then(total).otherwise(1.0)).otherwise(0.0)
