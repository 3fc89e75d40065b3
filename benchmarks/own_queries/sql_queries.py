"""The features in SQL, in the dialects of DuckDB and Spark; `orders` is the table of transactions."""

from __future__ import annotations

from own_queries import AS_OF, HORIZON, LABEL_FROM, SPEND_DAYS, STORES, TREND_DAYS, WINDOWS, since


def queries(dialect: str) -> dict[str, str]:
    """Return name → query.

    Parameters
    ----------
    dialect : {"duckdb", "spark"}
        Whose functions of dates are meant.
    """

    def days(later: str, earlier: str) -> str:
        return f"({later} - {earlier})" if dialect == "duckdb" else f"datediff({later}, {earlier})"

    first_by = "arg_min" if dialect == "duckdb" else "min_by"
    month = "year(day) * 12 + month(day) - 1"
    end = f"DATE '{AS_OF}'"
    logged = f"(SELECT *, CAST(ts AS DATE) AS day FROM orders WHERE CAST(ts AS DATE) <= {end})"
    order_days = f"(SELECT customer_id, day, sum(net) AS net FROM {logged} GROUP BY customer_id, day)"
    distinct_days = f"(SELECT DISTINCT customer_id, day FROM {logged})"
    gaps = f"""(SELECT customer_id, previous_order, next_order, {days("next_order", "previous_order")} AS gap_days
        FROM (SELECT customer_id, day AS next_order,
              lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS previous_order FROM {distinct_days})
        WHERE previous_order IS NOT NULL)"""

    def within(first: object, last: object = AS_OF) -> str:
        return f"day >= DATE '{first}' AND day <= DATE '{last}'"

    def counted(condition: str) -> str:
        return f"count_if({condition})"

    def spent(condition: str) -> str:
        return f"coalesce(sum(CASE WHEN {condition} THEN net END), 0.0)"

    recent, before = within(since(TREND_DAYS)), within(since(2 * TREND_DAYS), since(TREND_DAYS + 1))
    windows = ", ".join(
        f"{counted(within(since(w)))} AS orders_{w}d, {spent(within(since(w)))} AS spend_{w}d" for w in WINDOWS
    )

    def trend(what: str) -> str:
        total = f"({what}_recent + {what}_before)"
        return f"CASE WHEN {total} > 0 THEN ({what}_recent - {what}_before) / {total} ELSE 0.0 END AS {what}_trend"

    shares = ", ".join(
        f"CASE WHEN spend > 0 THEN part_{i} / spend ELSE 0.0 END AS share_{name}" for i, name in enumerate(STORES[:2])
    )
    known = f"DATE '{LABEL_FROM}'"
    ahead = f"day > {known}"
    horizon = f"(SELECT *, CAST(ts AS DATE) AS day FROM orders WHERE {days('CAST(ts AS DATE)', known)} <= {HORIZON})"
    kept = ", ".join(f"orders_{w}d, spend_{w}d" for w in WINDOWS)
    return {
        "rfm": f"""SELECT customer_id, first_order, last_order,
                greatest(0, {days(end, "last_order")} - CASE WHEN last_ts > CAST(last_order AS TIMESTAMP) THEN 1 ELSE 0
                    END) AS recency_days, frequency, monetary, monetary AS monetary_net
            FROM (SELECT customer_id, min(day) AS first_order, max(day) AS last_order, max(ts) AS last_ts,
                count(*) AS frequency, sum(net) AS monetary FROM {logged} GROUP BY customer_id)""",
        "repeat_summary": f"""SELECT customer_id, orders - 1 AS x, {days("last_day", "first_day")} / 7e0 AS t_x,
                {days(end, "first_day")} / 7e0 AS T,
                CASE WHEN orders > 1 THEN (total - first_value) / (orders - 1) ELSE 0.0 END AS mean_value
            FROM (SELECT customer_id, count(*) AS orders, min(day) AS first_day, max(day) AS last_day,
                sum(net) AS total, {first_by}(net, day) AS first_value FROM {order_days} GROUP BY customer_id)""",
        "spend_windows": f"""SELECT customer_id, {spent(within(since(SPEND_DAYS)))} AS spend_recent,
                {spent(within(since(2 * SPEND_DAYS), since(SPEND_DAYS + 1)))} AS spend_before
            FROM {logged} GROUP BY customer_id""",
        "activity": f"""SELECT customer_id, {days(end, "last_day")} AS days_since_last,
                {days(end, "first_day")} AS days_since_first, {kept}, {trend("orders")}, {trend("spend")}
            FROM (SELECT customer_id, min(day) AS first_day, max(day) AS last_day, {windows},
                {counted(recent)} AS orders_recent, {spent(recent)} AS spend_recent,
                {counted(before)} AS orders_before, {spent(before)} AS spend_before
                FROM {logged} GROUP BY customer_id)""",
        "rhythm": f"""SELECT customer_id, count(*) AS gaps, avg(gap_days) AS mean_gap_days,
                median(gap_days) AS usual_gap_days, max(gap_days) AS longest_gap_days
            FROM {gaps} GROUP BY customer_id""",
        "mix": f"""SELECT customer_id, spend, {shares},
                CASE WHEN spend > 0 THEN (spend - part_0 - part_1) / spend ELSE 0.0 END AS share_other
            FROM (SELECT customer_id, sum(net) AS spend, {spent(f"store = '{STORES[0]}'")} AS part_0,
                {spent(f"store = '{STORES[1]}'")} AS part_1 FROM {logged} GROUP BY customer_id)""",
        "order_gaps": f"SELECT * FROM {gaps}",
        "labels": f"""SELECT customer_id, orders_ahead, spend_ahead, orders_ahead > 0 AS stayed
            FROM (SELECT customer_id, {counted(f"day <= {known}")} AS known, {counted(ahead)} AS orders_ahead,
                {spent(ahead)} AS spend_ahead FROM {horizon} GROUP BY customer_id) WHERE known > 0""",
        "monthly_revenue": f"""SELECT CAST(date_trunc('month', first_day) AS DATE) AS month_start, revenue,
                revenue AS revenue_net, orders, customers, month < {(AS_OF.year + 1) * 12} AS complete
            FROM (SELECT month, min(first_day) AS first_day, sum(revenue) AS revenue, sum(orders) AS orders,
                count(*) AS customers
                FROM (SELECT customer_id, {month} AS month, min(day) AS first_day, sum(net) AS revenue,
                    count(*) AS orders FROM {logged} GROUP BY customer_id, {month}) GROUP BY month)""",
        "cohort_retention": f"""SELECT CAST(date_trunc('month', first_day) AS DATE) AS cohort,
                month - cohort_month AS month_number, max(active) OVER (PARTITION BY cohort_month) AS customers,
                active, active / CAST(max(active) OVER (PARTITION BY cohort_month) AS DOUBLE) AS share,
                month < {(AS_OF.year + 1) * 12} AS complete
            FROM (SELECT cohort_month, month, min(first_day) AS first_day, count(*) AS active
                FROM (SELECT month, min(month) OVER customer AS cohort_month, min(first_day) OVER customer AS first_day
                    FROM (SELECT customer_id, {month} AS month, min(day) AS first_day FROM {logged}
                        GROUP BY customer_id, {month}) WINDOW customer AS (PARTITION BY customer_id))
                GROUP BY cohort_month, month)""",
    }
