"""The features as expressions of Polars, on a lazy frame of transactions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from own_queries import AS_OF, HORIZON, LABEL_FROM, SPEND_DAYS, STORES, TREND_DAYS, WINDOWS, since

DAY, NET = pl.col("day"), pl.col("net")


def _logged(orders: pl.LazyFrame, until: date = AS_OF) -> pl.LazyFrame:
    return orders.with_columns(day=pl.col("ts").cast(pl.Date)).filter(DAY <= until)


def _days(later: pl.Expr | date, earlier: pl.Expr) -> pl.Expr:
    return (later - earlier).dt.total_days()


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole).otherwise(0.0)


def _month() -> pl.Expr:
    return DAY.dt.year().cast(pl.Int64) * 12 + DAY.dt.month() - 1


def rfm(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return recency, frequency and monetary value."""
    # The day is taken after aggregating, from one moment per customer.
    customers = (
        orders.filter(pl.col("ts") < AS_OF + timedelta(days=1))
        .group_by("customer_id")
        .agg(
            pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last"), pl.len().alias("frequency"), NET.sum()
        )
    )
    midnight = pl.lit(AS_OF).cast(pl.Datetime("us"))
    return customers.select(
        "customer_id",
        pl.col("first").cast(pl.Date).alias("first_order"),
        pl.col("last").cast(pl.Date).alias("last_order"),
        (midnight - pl.col("last")).dt.total_days().clip(0).alias("recency_days"),
        "frequency",
        NET.alias("monetary"),
        NET.alias("monetary_net"),
    )


def repeat_summary(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return x, t_x, T in weeks and the mean repeat value."""
    customers = (
        _logged(orders)
        .group_by("customer_id", "day")
        .agg(NET.sum())
        .group_by("customer_id")
        .agg(
            pl.len().alias("orders"),
            DAY.min().alias("first_day"),
            DAY.max().alias("last_day"),
            NET.sum().alias("total"),
            NET.get(DAY.arg_min()).alias("first_value"),
        )
    )
    repeats = pl.col("orders").cast(pl.Int64) - 1
    return customers.select(
        "customer_id",
        repeats.alias("x"),
        (_days(pl.col("last_day"), pl.col("first_day")) / 7).alias("t_x"),
        (_days(pl.lit(AS_OF), pl.col("first_day")) / 7).alias("T"),
        _share(pl.col("total") - pl.col("first_value"), repeats).alias("mean_value"),
    )


def spend_windows(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return spending of the last days and of the days before."""
    recent, before = since(SPEND_DAYS), since(2 * SPEND_DAYS)
    return (
        _logged(orders)
        .group_by("customer_id")
        .agg(
            NET.filter(recent <= DAY).sum().alias("spend_recent"),
            NET.filter((before <= DAY) & (recent > DAY)).sum().alias("spend_before"),
        )
    )


def activity(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return orders and spending in windows, and their trends."""
    marks = {f"{w}d": since(w) <= DAY for w in WINDOWS}
    recent = since(TREND_DAYS) <= DAY
    marks |= {"recent": recent, "before": (since(2 * TREND_DAYS) <= DAY) & ~recent}
    customers = (
        _logged(orders)
        .group_by("customer_id")
        .agg(
            DAY.max().alias("last_day"),
            DAY.min().alias("first_day"),
            *(condition.sum().cast(pl.Int64).alias(f"orders_{mark}") for mark, condition in marks.items()),
            *(NET.filter(condition).sum().alias(f"spend_{mark}") for mark, condition in marks.items()),
        )
    )

    def trend(what: str) -> pl.Expr:
        now, then = pl.col(f"{what}_recent"), pl.col(f"{what}_before")
        return _share(now - then, now + then).alias(f"{what}_trend")

    return customers.select(
        "customer_id",
        _days(pl.lit(AS_OF), pl.col("last_day")).alias("days_since_last"),
        _days(pl.lit(AS_OF), pl.col("first_day")).alias("days_since_first"),
        *(f"{what}_{w}d" for w in WINDOWS for what in ("orders", "spend")),
        trend("orders"),
        trend("spend"),
    )


def order_gaps(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return the pauses between order days."""
    days = _logged(orders).select("customer_id", "day").unique().sort("customer_id", "day")
    # Sorted as a whole, a customer's neighbour is the row before: no window is needed.
    previous, same = DAY.shift(1), pl.col("customer_id") == pl.col("customer_id").shift(1)
    gaps = days.with_columns(previous.alias("previous_order"), same.alias("same")).filter("same")
    gap = _days(DAY, pl.col("previous_order"))
    return gaps.select("customer_id", "previous_order", DAY.alias("next_order"), gap.alias("gap_days"))


def rhythm(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return the pace of each customer."""
    gap = pl.col("gap_days")
    return (
        order_gaps(orders)
        .group_by("customer_id")
        .agg(
            pl.len().alias("gaps"),
            gap.mean().alias("mean_gap_days"),
            gap.median().alias("usual_gap_days"),
            gap.max().alias("longest_gap_days"),
        )
    )


def mix(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return how spending divides among two stores and the rest."""
    store, spend = pl.col("store"), pl.col("spend")
    parts = {name: NET.filter(store == name).sum().alias(name) for name in STORES[:2]}
    customers = _logged(orders).group_by("customer_id").agg(NET.sum().alias("spend"), *parts.values())
    rest = spend - pl.col(STORES[0]) - pl.col(STORES[1])
    return customers.select(
        "customer_id",
        "spend",
        *(_share(pl.col(name), spend).alias(f"share_{name}") for name in parts),
        _share(rest, spend).alias("share_other"),
    )


def labels(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return what each customer known on a day did after it."""
    ahead = DAY > LABEL_FROM
    return (
        _logged(orders, LABEL_FROM + timedelta(days=HORIZON))
        .group_by("customer_id")
        .agg(
            (DAY.min() <= LABEL_FROM).alias("known"),
            ahead.sum().cast(pl.Int64).alias("orders_ahead"),
            NET.filter(ahead).sum().alias("spend_ahead"),
        )
        .filter("known")
        .select("customer_id", "orders_ahead", "spend_ahead", (pl.col("orders_ahead") > 0).alias("stayed"))
    )


def monthly_revenue(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return revenue, orders and customers of each month."""
    customers = (
        _logged(orders)
        .group_by("customer_id", _month().alias("month"))
        .agg(DAY.min().alias("first_day"), NET.sum(), pl.len().alias("orders"))
    )
    months = customers.group_by("month").agg(
        pl.col("first_day").min(), NET.sum(), pl.col("orders").sum(), pl.len().alias("customers")
    )
    return months.select(
        pl.col("first_day").dt.truncate("1mo").alias("month_start"),
        NET.alias("revenue"),
        NET.alias("revenue_net"),
        "orders",
        "customers",
        (pl.col("month") < (AS_OF.year + 1) * 12).alias("complete"),
    )


def cohort_retention(orders: pl.LazyFrame) -> pl.LazyFrame:
    """Return customers of each starting month who ordered in a later one; months without any are left out."""
    active = (
        _logged(orders)
        .select("customer_id", _month().alias("month"))
        .unique()
        .with_columns(cohort_month=pl.col("month").min().over("customer_id"))
        .group_by("cohort_month", "month")
        .agg(pl.len().alias("active"))
        .with_columns(customers=pl.col("active").max().over("cohort_month"))
    )
    start = pl.col("cohort_month")
    return active.select(
        pl.date(start // 12, start % 12 + 1, 1).alias("cohort"),
        (pl.col("month") - start).alias("month_number"),
        "customers",
        "active",
        (pl.col("active") / pl.col("customers")).alias("share"),
        (pl.col("month") < (AS_OF.year + 1) * 12).alias("complete"),
    )


QUERIES: dict[str, Callable[[pl.LazyFrame], pl.LazyFrame]] = {
    each.__name__: each
    for each in (
        rfm,
        repeat_summary,
        spend_windows,
        activity,
        rhythm,
        mix,
        order_gaps,
        labels,
        monthly_revenue,
        cohort_retention,
    )
}
