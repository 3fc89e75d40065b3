"""One row per calendar month, or per cohort and month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.features.pandas_log import DateLike, distinct_orders, month_ends, month_starts, months_of, read_log


def monthly_revenue(transactions: pd.DataFrame, *, as_of: DateLike | None = None) -> pd.DataFrame:
    """Return revenue, orders and customers of each calendar month, months with nothing included.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table; `crmlab.features` says what holds for it.
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
    >>> orders = pd.DataFrame({"customer_id": [1, 1], "order_id": [1, 2], "net": [10.0, 5.0],
    ...                        "ts": pd.to_datetime(["2025-01-31", "2025-03-01"])})
    >>> monthly_revenue(orders)["revenue"].tolist()
    [10.0, 0.0, 5.0]
    """
    log = read_log(transactions, as_of, orders=True)
    rows = log.rows.assign(month=months_of(log.rows["day"]))
    last = int(months_of(np.array([log.as_of]))[0])
    every = pd.RangeIndex(int(rows["month"].min()), last + 1, name="month")
    sums = rows.groupby("month")[["net", "kept"]].sum().reindex(every, fill_value=0.0)
    orders = distinct_orders(rows, ["month"])
    buyers = rows[["month", "customer"]].drop_duplicates()
    return pd.DataFrame(
        {
            "month_start": month_starts(every.to_numpy()),
            "revenue": sums["net"].to_numpy(),
            "revenue_net": sums["kept"].to_numpy(),
            "orders": orders.groupby("month").size().reindex(every, fill_value=0).to_numpy(),
            "customers": buyers.groupby("month").size().reindex(every, fill_value=0).to_numpy(),
            "complete": month_ends(every.to_numpy()) <= log.as_of,
        }
    )


def cohort_retention(transactions: pd.DataFrame, *, as_of: DateLike | None = None) -> pd.DataFrame:
    """Return how many customers of each starting month ordered again in each later month.

    A cohort is everyone whose first order *in this table* fell in one month. Customers who had bought before the
    table begins stand in the first cohorts, which therefore look more faithful than later ones.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table; `crmlab.features` says what holds for it.
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
    >>> orders = pd.DataFrame({"customer_id": [1, 2, 1], "order_id": [1, 2, 3], "net": [10.0, 5.0, 5.0],
    ...                        "ts": pd.to_datetime(["2025-01-31", "2025-01-02", "2025-03-01"])})
    >>> cohort_retention(orders)["share"].tolist()
    [1.0, 0.0, 0.5]
    """
    log = read_log(transactions, as_of)
    rows = pd.DataFrame({"customer": log.rows["customer"], "month": months_of(log.rows["day"])}).drop_duplicates()
    rows["cohort"] = rows.groupby("customer")["month"].transform("min")
    last = int(months_of(np.array([log.as_of]))[0])
    active = rows.groupby(["cohort", "month"]).size()
    cohorts = np.unique(rows["cohort"].to_numpy())
    cohort = np.repeat(cohorts, last - cohorts + 1)
    month = np.concatenate([np.arange(first, last + 1) for first in cohorts])
    counts = active.reindex(pd.MultiIndex.from_arrays([cohort, month]), fill_value=0).to_numpy()
    customers = active.loc[list(zip(cohort, cohort, strict=True))].to_numpy()
    return pd.DataFrame(
        {
            "cohort": month_starts(cohort),
            "month_number": month - cohort,
            "customers": customers,
            "active": counts,
            "share": counts / customers,
            "complete": month_ends(month) <= log.as_of,
        }
    )
