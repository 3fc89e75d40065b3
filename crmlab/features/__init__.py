"""From a transaction log and a cut-off date to customers, months and cohorts, on any data-frame engine.

Every function takes the ``transactions`` table of ``tables.toml``: one row per order, with at least ``customer_id``,
``ts`` and ``net``, as a table of pandas, Polars (eager or lazy), PyArrow, DuckDB, Dask or PySpark, and returns a table
of the same kind. ``columns={"customer_id": "Kunde"}`` maps other names. What holds for all of them:

- The day of ``as_of`` is included and later rows are ignored, so that nothing of the future enters a feature. Left
  out, it is the day of the last order; for `rfm`, which looks back from a day, the day after it.
- Days are calendar days of the clock that ``ts`` shows; with a time zone, that zone's clock (for Spark and DuckDB, that
  of the session). Only ``recency_days`` counts whole days of 24 hours, from the moment of the last order to the start
  of ``as_of``.
- Where a ``refunded`` column is there, values called net of refunds subtract it; where there is none, nothing was
  refunded.
- Several rows of one order are added up; each counts on its own day. An order number that two customers share is two
  orders. Without ``order_id`` each row is an order.
- The order of the rows means nothing, and no row is dropped silently: a table with missing keys, dates as text,
  negative or infinite amounts raises a `TableError` that says how many rows are concerned and what to do.
- A lazy table stays lazy: only its names and types are looked at, ``as_of`` must be given, rows come in any order, and
  missing amounts make the sums they enter infinite. `check` looks at its values when you ask for it.
"""

from crmlab.features.activity import activity, mix, rhythm
from crmlab.features.customers import order_gaps, rfm, spend_windows
from crmlab.features.labels import Windows, label_windows
from crmlab.features.log import DateLike, as_day, check
from crmlab.features.months import cohort_retention, monthly_revenue
from crmlab.features.repeat import repeat_summary

__all__ = [
    "DateLike",
    "Windows",
    "activity",
    "as_day",
    "check",
    "cohort_retention",
    "label_windows",
    "mix",
    "monthly_revenue",
    "order_gaps",
    "repeat_summary",
    "rfm",
    "rhythm",
    "spend_windows",
]
