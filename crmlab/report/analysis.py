"""Everything the report says, computed once from the log."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import pandas as pd

from crmlab import features, grading
from crmlab.reading import TransactionLog
from crmlab.report.churn import Churn, churn
from crmlab.report.forecast import Forecast, forecast
from crmlab.tables import TableError

# Half a year: a silence after which hardly any shop speaks of an active customer. Used only where nobody came back, so
# that the log itself says nothing about its rhythm.
_FROZEN_WITHOUT_RHYTHM = 180

CUSTOMER_COLUMNS = (
    "customer_id", "first_order", "last_order", "recency_days", "frequency", "monetary", "monetary_net",
    "r_score", "f_score", "m_score", "abc", "zone", "p_alive", "expected_orders", "expected_revenue",
)  # fmt: skip
"""Columns of ``customers.csv``."""


@dataclass(frozen=True)
class Analysis:
    """What the report says.

    Attributes
    ----------
    log : TransactionLog
        What was read.
    as_of : Timestamp
        The day on which the report looks back; the day after the last order unless told otherwise.
    customers : DataFrame
        One row per customer, `CUSTOMER_COLUMNS` and ``abc_net``, ``spend_recent``, ``spend_before``. What is expected
        is missing without a forecast.
    months, cohorts, concentration, calls : DataFrame
        See `features.monthly_revenue`, `features.cohort_retention`, `grading.concentration`, `grading.next_best_call`.
    frozen_after : int
        Days of silence after which a customer counts as frozen.
    rhythm_known : bool
        Whether `frozen_after` was learned from the log.
    window_days : int
        Length of the two windows whose spending is compared.
    forecast : Forecast or None
        Of the coming year, where the log is long enough.
    no_forecast : str
        Why there is none; empty otherwise.
    churn : Churn or None
        Who may fall silent, where the log is long enough.
    no_churn : str
        Why there is none; empty otherwise.
    summary : dict
        What ``summary.json`` holds.
    """

    log: TransactionLog
    as_of: pd.Timestamp
    customers: pd.DataFrame
    months: pd.DataFrame
    cohorts: pd.DataFrame
    concentration: pd.DataFrame
    calls: pd.DataFrame
    frozen_after: int
    rhythm_known: bool
    window_days: int
    forecast: Forecast | None
    no_forecast: str
    churn: Churn | None
    no_churn: str
    summary: dict[str, object]

    @property
    def shows_cohorts(self) -> bool:
        """Whether any cohort has been seen for a whole month after its first."""
        return bool((self.cohorts["complete"] & (self.cohorts["month_number"] > 0)).any())


def analyse(
    log: TransactionLog,
    *,
    as_of: str | datetime.date | None = None,
    frozen_after: int | None = None,
    falling: float = 0.5,
    calls: int = 20,
) -> Analysis:
    """Compute the report.

    Parameters
    ----------
    log : TransactionLog
        From `crmlab.read_transactions`.
    as_of : date or str, optional
        Day on which to look back; the day after the last order when left out.
    frozen_after : int, optional
        Days of silence after which a customer counts as frozen; learned from the log when left out.
    falling : float
        See `grading.zones`.
    calls : int
        Customers on the list of calls.

    Returns
    -------
    Analysis

    Examples
    --------
    >>> import crmlab as crm
    >>> log = crm.read_transactions(pd.DataFrame({
    ...     "Customer": ["ann", "ann", "bob"], "Date": ["2024-01-05", "2024-02-01", "2024-02-01"],
    ...     "Amount": [12.5, 8.0, 20.0]}))
    >>> analyse(log).summary["top20_revenue_share"]
    0.506173
    """
    orders = log.transactions
    first, last = orders["ts"].min().normalize(), orders["ts"].max().normalize()
    day = last + pd.Timedelta(days=1) if as_of is None else pd.Timestamp(as_of).normalize()
    if first > day:
        raise TableError(f"as_of is {day:%Y-%m-%d}, before the first order on {first:%Y-%m-%d}.")
    if not (orders["net"] > orders["refunded"]).any():
        raise TableError(
            "Every sale was returned or cancelled; ignore_returns=True (--ignore-returns on the command line) reports "
            "on the sales as they were."
        )
    until = last if as_of is None else day
    rfm = features.rfm(orders, as_of=day)
    gaps = features.order_gaps(orders, as_of=day)
    rhythm_known = frozen_after is None and len(gaps) > 0
    if frozen_after is None:
        frozen_after = grading.suggest_frozen_after(gaps) if rhythm_known else _FROZEN_WITHOUT_RHYTHM
    # Two windows of a year have no season between them; a shorter log is cut in halves.
    span = max((day - first).days, 2)
    window = 365 if span >= 730 else span // 2
    customers = rfm.merge(features.spend_windows(orders, as_of=day, days=window), on="customer_id")
    customers = pd.concat([customers, grading.rfm_scores(customers)], axis=1)
    by_id = customers.set_index("customer_id")
    customers["abc"] = grading.abc(by_id["monetary"]).to_numpy()
    customers["abc_net"] = grading.abc(by_id["monetary_net"]).to_numpy()
    customers["zone"] = grading.zones(customers, frozen_after=frozen_after, falling=falling)
    ahead, no_forecast = forecast(orders, until)
    expected = ["p_alive", "expected_orders", "expected_revenue"]
    customers[expected] = float("nan") if ahead is None else ahead.customers.reindex(by_id.index)[expected].to_numpy()
    leaving, no_churn = churn(orders, until, silence=int(frozen_after) if len(gaps) else None)
    return Analysis(
        log=log,
        as_of=day,
        customers=customers,
        months=features.monthly_revenue(orders, as_of=until),
        cohorts=features.cohort_retention(orders, as_of=until),
        concentration=grading.concentration(customers["monetary"]),
        calls=grading.next_best_call(rfm, gaps, frozen_after=frozen_after, count=calls),
        frozen_after=int(frozen_after),
        rhythm_known=rhythm_known,
        window_days=window,
        forecast=ahead,
        no_forecast=no_forecast,
        churn=leaving,
        no_churn=no_churn,
        summary={
            **_summary(log, customers, day, int(frozen_after), window),
            "forecast": {"missing": no_forecast} if ahead is None else ahead.summary(),
            "churn": {"missing": no_churn} if leaving is None else leaving.summary(),
        },
    )


def _summary(
    log: TransactionLog, customers: pd.DataFrame, as_of: pd.Timestamp, frozen_after: int, window: int
) -> dict[str, object]:
    orders = log.transactions
    gross, net = customers["monetary"], customers["monetary_net"]

    def classes(column: str) -> dict[str, int]:
        counts = customers[column].value_counts()
        return {name: int(counts.get(name, 0)) for name in ("A", "B", "C")}

    return {
        **log.counts,
        "customers": len(customers),
        "orders": len(orders),
        "repeat_customers": int((customers["frequency"] > 1).sum()),
        "revenue": round(float(orders["net"].sum()), 3),
        "revenue_net": round(float((orders["net"] - orders["refunded"]).sum()), 3),
        "currency": log.currency,
        "top20_revenue_share": round(grading.top_share(gross), 6),
        "top20_revenue_share_net": round(grading.top_share(net), 6),
        "gini": round(grading.gini(gross), 6),
        "gini_net": round(grading.gini(net), 6),
        "abc_customers": classes("abc"),
        "abc_customers_net": classes("abc_net"),
        "zone_customers": {str(zone): int(count) for zone, count in customers["zone"].value_counts(sort=False).items()},
        "first_date": f"{orders['ts'].min():%Y-%m-%d}",
        "last_date": f"{orders['ts'].max():%Y-%m-%d}",
        "as_of": f"{as_of:%Y-%m-%d}",
        "frozen_after_days": frozen_after,
        "spend_window_days": window,
    }
