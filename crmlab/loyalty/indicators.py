"""Seven reference indicators of satisfaction, from the tables that a firm has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.duration.survfunc import SurvfuncRight

from crmlab.loyalty.estimates import Estimate, as_flags, check_level, mean, normal_quantile, share
from crmlab.tables import TableError, require_columns

INDICATORS = (
    "reputation",
    "awareness",
    "return_rate",
    "complaint_rate",
    "order_value",
    "price_sensitivity",
    "peer_exit_rate",
)
"""The seven, in the order of the source."""


def satisfaction_indicators(
    transactions: pd.DataFrame,
    *,
    tickets: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    aware: Any = None,
    as_of: str | pd.Timestamp | None = None,
    return_days: int = 90,
    silent_days: int = 180,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the seven indicators; one whose table is not there is missing, and says so.

    They measure different things. Awareness says how well known a firm is, not how content its customers are, and a
    low complaint rate may be silence. No index is made of them: weights would be an opinion.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``order_id``, ``ts``, ``net``; ``gross`` and ``discount`` for the sensitivity to price.
    tickets : DataFrame, optional
        One row per complaint.
    reviews : DataFrame, optional
        ``stars``.
    customers : DataFrame, optional
        ``customer_id`` and ``referrer_id``, for the exit rate among those whom somebody recommended.
    aware : array-like of bool, optional
        Whether each person of a sample of the *market* knows the brand.
    as_of : date, optional
        Last day that counts; left out, the day of the last order.
    return_days : int, default 90
        A customer came back who ordered again within so many days.
    silent_days : int, default 180
        Who has been silent for so long counts as gone.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: indicator. ``value``, ``low``, ``high``, ``observations``, ``unit``, ``higher_is`` ("better",
        "worse" or "unclear"), ``note``.

    Examples
    --------
    >>> orders = pd.DataFrame(
    ...     {"customer_id": [1, 1, 2], "order_id": [1, 2, 3], "net": [10.0, 20.0, 30.0],
    ...      "ts": pd.to_datetime(["2025-01-01", "2025-02-01", "2025-01-01"])}
    ... )
    >>> table = satisfaction_indicators(orders, as_of="2025-12-31")
    >>> float(table["value"]["return_rate"]), table["note"]["reputation"]
    (0.5, 'no reviews')
    """
    check_level(level)
    require_columns(transactions, ["customer_id", "order_id", "ts", "net"], table="transactions")
    end = pd.Timestamp(transactions["ts"].max() if as_of is None else as_of).normalize() + pd.Timedelta(days=1)
    orders = transactions[transactions["ts"] < end]
    if not len(orders):
        raise TableError("There is no order up to as_of.")
    gap = Estimate(np.nan, np.nan, np.nan, 0)
    rows: dict[str, tuple[Estimate, str, str, str]] = {}
    stars = None if reviews is None else reviews["stars"].dropna()
    rows["reputation"] = (
        (gap, "share", "better", "no reviews")
        if stars is None or not len(stars)
        else (share(int((stars >= 4).sum()), len(stars), level=level), "share", "better", "reviews of 4 or 5 stars")
    )
    known = None if aware is None else as_flags(aware, name="aware")
    rows["awareness"] = (
        (gap, "share", "unclear", "no sample of the market")
        if known is None
        else (share(int(known.sum()), len(known), level=level), "share", "unclear", "knows the brand; not satisfaction")
    )
    note = f"ordered again within {return_days} days (Kaplan–Meier)"
    rows["return_rate"] = (_return_rate(orders, end, return_days, level), "share", "better", note)
    rows["complaint_rate"] = (
        (gap, "share", "unclear", "no tickets")
        if tickets is None
        else (
            _complaint_rate(orders, tickets, end, level),
            "share",
            "unclear",
            "orders with a ticket; silence hides more",
        )
    )
    per_customer = orders.groupby("customer_id", observed=True)["net"].mean()
    value = mean(per_customer, level=level) if len(per_customer) > 1 else gap
    rows["order_value"] = (value, "€", "better", "mean over customers of their mean order")
    rows["price_sensitivity"] = (*_price_sensitivity(orders, level),)
    rows["peer_exit_rate"] = (*_peer_exit(orders, customers, end, silent_days, level),)
    return (
        pd.DataFrame(
            {
                name: {**estimate._asdict(), "unit": unit, "higher_is": better, "note": note}
                for name, (estimate, unit, better, note) in rows.items()
            }
        )
        .T.rename_axis("indicator")
        .astype({"value": float, "low": float, "high": float, "observations": int})
    )


def _return_rate(orders: pd.DataFrame, end: pd.Timestamp, days: int, level: float) -> Estimate:
    """First order to the next one on another day; who has not come back yet is censored, not lost."""
    if days < 1:
        raise ValueError(f"return_days must be at least 1, not {days!r}.")
    day = orders["ts"].dt.normalize()
    first = day.groupby(orders["customer_id"], observed=True).min()
    later = day[day > orders["customer_id"].map(first).to_numpy()]
    second = later.groupby(orders.loc[later.index, "customer_id"], observed=True).min().reindex(first.index)
    waited = (second.fillna(end.normalize()) - first).dt.days.to_numpy()
    returned = second.notna().to_numpy()
    if not returned.any():
        return share(0, len(first), level=level)
    fit = SurvfuncRight(waited, returned.astype(int))
    place = int(np.searchsorted(fit.surv_times, days, side="right")) - 1
    if place < 0:
        return share(0, len(first), level=level)
    back, error = 1 - float(fit.surv_prob[place]), float(fit.surv_prob_se[place])
    # Wilson for the number of customers without censoring that would be as precise.
    effective = back * (1 - back) / error**2 if error > 0 and 0 < back < 1 else len(first)
    ends = share(back * effective, effective, level=level)
    return Estimate(back, ends.low, ends.high, len(first))


def _complaint_rate(orders: pd.DataFrame, tickets: pd.DataFrame, end: pd.Timestamp, level: float) -> Estimate:
    require_columns(tickets, ["order_id"], table="tickets")
    concerned = set(tickets["order_id"].dropna())
    return share(int(orders["order_id"].isin(concerned).sum()), len(orders), level=level)


def _price_sensitivity(orders: pd.DataFrame, level: float) -> tuple[Estimate, str, str, str]:
    """Orders a month on the mean discount of the month, both in logarithms."""
    gap = Estimate(np.nan, np.nan, np.nan, 0)
    unit, better = "% orders per % price", "worse"
    if not {"gross", "discount"} <= set(orders.columns):
        return gap, unit, better, "no list prices"
    month = orders["ts"].dt.to_period("M")
    monthly = orders.groupby(month).agg(count=("order_id", "size"), gross=("gross", "sum"), off=("discount", "sum"))
    price = np.log1p(-(monthly["off"] / monthly["gross"]).to_numpy())
    if len(monthly) < 8 or np.ptp(price) < 0.01:
        return gap, unit, better, "prices hardly moved"
    trend = np.linspace(-1, 1, len(monthly))
    fit = sm.OLS(np.log(monthly["count"].to_numpy()), sm.add_constant(np.column_stack([price, trend]))).fit(
        cov_type="HAC", cov_kwds={"maxlags": 2}
    )
    reach = normal_quantile(level) * fit.bse[1]
    # Reported so that a larger number means more sensitive.
    value = -float(fit.params[1])
    note = "monthly orders on mean price, trend removed; promotions are timed, so not causal"
    return Estimate(value, value - reach, value + reach, len(monthly)), unit, better, note


def _peer_exit(
    orders: pd.DataFrame, customers: pd.DataFrame | None, end: pd.Timestamp, silent_days: int, level: float
) -> tuple[Estimate, str, str, str]:
    """Gone among customers linked by a recommendation: 'other people' read as one's peers."""
    gap = Estimate(np.nan, np.nan, np.nan, 0)
    if customers is None or "referrer_id" not in customers:
        return gap, "share", "worse", "no recommendations known"
    linked = customers.dropna(subset=["referrer_id"])
    people = set(linked["customer_id"]) | set(linked["referrer_id"])
    last = orders.groupby("customer_id", observed=True)["ts"].max()
    last = last[last.index.isin(people)]
    if not len(last):
        return gap, "share", "worse", "no recommendations known"
    gone = int((last < end - pd.Timedelta(days=silent_days)).sum())
    note = f"silent for {silent_days} days, among customers linked by a recommendation"
    return share(gone, len(last), level=level), "share", "worse", note
