"""From a transaction log and a cut-off date to customers, months and cohorts.

Every function takes the ``transactions`` table of ``tables.toml``: one row per order, with at least ``customer_id``,
``order_id``, ``ts`` and ``net``. What holds for all of them:

- The day of ``as_of`` is included and later rows are ignored, so that nothing of the future enters a feature. Left
  out, it is the day of the last order; for `rfm`, which looks back from a day, the day after it.
- Days are calendar days of the clock that ``ts`` shows; with a time zone, that zone's clock. Only ``recency_days``
  counts whole days of 24 hours, from the moment of the last order to the start of ``as_of``.
- Where a ``refunded`` column is there, values called net of refunds subtract it; where there is none, nothing was
  refunded.
- Several rows of one order are added up; each counts on its own day. An order number that two customers share is two
  orders.
- The order of the rows means nothing, and no row is dropped silently: a table with missing keys, dates as text,
  negative or infinite amounts raises a `TableError` that says how many rows are concerned and what to do.
"""

from crmlab.features.customers import order_gaps, rfm, spend_windows
from crmlab.features.log import DateLike, as_day, check
from crmlab.features.months import cohort_retention, monthly_revenue
from crmlab.features.repeat import repeat_summary

__all__ = [
    "DateLike",
    "as_day",
    "check",
    "cohort_retention",
    "monthly_revenue",
    "order_gaps",
    "repeat_summary",
    "rfm",
    "spend_windows",
]
