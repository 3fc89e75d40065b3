"""One row per customer, or per pause between two orders of a customer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.features.pandas_log import DateLike, dates_of, distinct_orders, read_log


def rfm(transactions: pd.DataFrame, *, as_of: DateLike | None = None) -> pd.DataFrame:
    """Return recency, frequency and monetary value: one row per customer with an order up to `as_of`.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table; `crmlab.features` says what holds for it.
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
    >>> orders = pd.DataFrame({"customer_id": ["b", "a", "b"], "order_id": [1, 2, 3], "net": [10.0, 5.0, 20.0],
    ...                        "ts": pd.to_datetime(["2025-01-01 09:00", "2025-01-03 10:00", "2025-01-04 23:59"])})
    >>> rfm(orders, as_of="2025-01-10")[["customer_id", "recency_days", "frequency", "monetary"]]
      customer_id  recency_days  frequency  monetary
    0           a             6          1       5.0
    1           b             5          2      30.0
    """
    log = read_log(transactions, as_of, orders=True)
    by_customer = log.rows.groupby("customer", sort=True)
    orders = distinct_orders(log.rows, [])
    by_order = by_customer if orders is log.rows else orders.groupby("customer", sort=True)
    first, last = by_customer["day"].min(), by_customer["day"].max()
    looked_at = log.as_of + (as_of is None)
    recency = (looked_at - by_customer["next_midnight"].max()).clip(lower=0)
    return pd.DataFrame(
        {
            "customer_id": log.customers,
            "first_order": dates_of(first),
            "last_order": dates_of(last),
            "recency_days": recency.to_numpy(),
            "frequency": by_order.size().to_numpy(),
            "monetary": by_customer["net"].sum().to_numpy(),
            "monetary_net": by_customer["kept"].sum().to_numpy(),
        }
    )


def spend_windows(transactions: pd.DataFrame, *, as_of: DateLike, days: int) -> pd.DataFrame:
    """Return what each customer spent in the last `days` days and in the `days` days before.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table; `crmlab.features` says what holds for it.
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
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 1], "order_id": [1, 2, 3], "net": [10.0, 5.0, 3.0],
    ...                        "ts": pd.to_datetime(["2025-01-20", "2025-01-21", "2025-01-30"])})
    >>> spend_windows(orders, as_of="2025-01-30", days=10)
       customer_id  spend_recent  spend_before
    0            1           8.0          10.0
    """
    if not isinstance(days, int | np.integer) or isinstance(days, bool) or days < 1:
        raise ValueError(f"days must be a whole number of at least 1, not {days!r}.")
    log = read_log(transactions, as_of)
    age = log.as_of - log.rows["day"]
    recent = log.rows["kept"].where(age < days, 0.0)
    before = log.rows["kept"].where((age >= days) & (age < 2 * days), 0.0)
    sums = pd.DataFrame({"customer": log.rows["customer"], "spend_recent": recent, "spend_before": before})
    sums = sums.groupby("customer", sort=True).sum()
    return pd.DataFrame({"customer_id": log.customers} | {name: sums[name].to_numpy() for name in sums.columns})


def order_gaps(transactions: pd.DataFrame, *, as_of: DateLike | None = None) -> pd.DataFrame:
    """Return the pauses between orders: one row per pair of successive order days of one customer.

    The pause that is still running at `as_of` is not in the table: it has no end yet. Long pauses are therefore
    under-represented, the more so the shorter the log.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table; `crmlab.features` says what holds for it.
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
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 1], "order_id": [1, 2, 3], "net": [10.0, 5.0, 3.0],
    ...                        "ts": pd.to_datetime(["2025-01-20 08:00", "2025-01-20 09:00", "2025-01-30 12:00"])})
    >>> order_gaps(orders)["gap_days"].tolist()
    [10]
    """
    log = read_log(transactions, as_of)
    days = log.rows[["customer", "day"]].drop_duplicates().sort_values(["customer", "day"])
    customer, day = days["customer"].to_numpy(), days["day"].to_numpy()
    same = customer[1:] == customer[:-1]
    return pd.DataFrame(
        {
            "customer_id": log.customers.take(customer[1:][same]),
            "previous_order": dates_of(day[:-1][same]),
            "next_order": dates_of(day[1:][same]),
            "gap_days": np.diff(day)[same],
        }
    )
