"""Every feature as one would write it for one engine alone: what `benchmarks/engines.py` holds crmlab against."""

from __future__ import annotations

import datetime as dt

AS_OF = dt.date(2025, 12, 31)
"""Last day of the log, and the day on which to look back."""

LABEL_FROM = dt.date(2025, 10, 2)
"""Cut-off of the labels: 90 days before the end."""

HORIZON = 90
STORES = ("app", "shop", "site")
WINDOWS = (7, 30, 90, 365)
SPEND_DAYS = 180
TREND_DAYS = 90


def since(days: int) -> dt.date:
    """Return the first day of a window of some days that ends with `AS_OF`."""
    return AS_OF - dt.timedelta(days=days - 1)
