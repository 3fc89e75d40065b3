"""What customers may bring in the coming year: a model of buying and leaving, tried on the log itself first."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.features import repeat_summary
from crmlab.lifetime import GammaGamma, LifetimeWarning, ParetoNBD, holdout_table
from crmlab.plots.canvas import plural
from crmlab.tables import TableError

DAYS = 365
"""How far the report looks ahead; the log must be as long, so that it has seen every season once."""

LEAST = 100
"""Customers who must have come back before the test begins: fewer do not tell a slow customer from a lost one."""

_TESTED = 0.25
"""Share of the log, its end, that is kept from the model and then foretold."""

_EVERYBODY = 0.99
"""Mean chance of still being a customer from which on the model has found nobody leaving."""

FAR_OFF = 0.2
"""Error of the test from which the page says that sums are not to be trusted."""


@dataclass(frozen=True)
class Forecast:
    """What is expected of the customers on file, and how a forecast of the log's own end came out.

    Attributes
    ----------
    customers : DataFrame
        By ``customer_id``: ``p_alive`` (chance of still being a customer), ``expected_orders`` and
        ``expected_revenue`` (after returns) of the next `DAYS` days, and ``revenue_before``, that of the last `DAYS`
        days. The orders of one day count as one. What is expected is missing where what customers spend cannot be told.
    tested_from : Timestamp
        First day that was kept from the model in the test.
    tenths : DataFrame
        See `crmlab.lifetime.holdout_table`: orders expected in the test beside those that came.
    expected, came : float
        Orders in the test of the customers known before it, in all.
    doubts : tuple of str
        What the models themselves hold against these data.
    """

    customers: pd.DataFrame
    tested_from: pd.Timestamp
    tenths: pd.DataFrame
    expected: float
    came: float
    doubts: tuple[str, ...]

    @property
    def error(self) -> float:
        """Relative error of the sum in the test; positive where too much was expected."""
        return self.expected / self.came - 1 if self.came else float("inf")

    @property
    def far_off(self) -> bool:
        """Whether sums are not to be trusted."""
        return abs(self.error) > FAR_OFF

    @property
    def sees_leaving(self) -> bool:
        """Whether the log shows customers leaving; if not, everybody counts as still there, which no shop has."""
        return bool(self.customers["p_alive"].mean() < _EVERYBODY)

    @property
    def knows_revenue(self) -> bool:
        """Whether revenue is forecast, and not orders alone."""
        return bool(self.customers["expected_revenue"].notna().any())

    def summary(self) -> dict[str, object]:
        """Return the figures for ``summary.json``."""
        revenue = float(self.customers["expected_revenue"].sum())
        return {
            "days": DAYS,
            "customers_alive": round(float(self.customers["p_alive"].sum()), 1) if self.sees_leaving else None,
            "orders": round(float(self.customers["expected_orders"].sum()), 1),
            "revenue_net": round(revenue, 2) if self.knows_revenue else None,
            "test_from": f"{self.tested_from:%Y-%m-%d}",
            "test_orders_expected": round(self.expected, 1),
            "test_orders_came": int(self.came),
            "doubts": list(self.doubts),
        }


def forecast(orders: pd.DataFrame, until: pd.Timestamp) -> tuple[Forecast | None, str]:
    """Forecast the coming year where the log allows it.

    Parameters
    ----------
    orders : DataFrame
        One row per order: ``customer_id``, ``ts``, ``net``, ``refunded``.
    until : Timestamp
        The last day that counts.

    Returns
    -------
    Forecast or None
        None where the log is too short or too thin.
    str
        Why there is none, as a sentence; empty otherwise.

    Notes
    -----
    Pareto/NBD for orders, because it does not take everybody who came once for alive; gamma–gamma for what an order
    brings. Orders that were wholly returned do not count.

    Examples
    --------
    >>> day = pd.Timestamp("2025-03-01")
    >>> forecast(pd.DataFrame({"customer_id": ["a"], "ts": [day], "net": [5.0], "refunded": [0.0]}), day)
    (None, 'The file covers 1 day; a forecast of a year needs 365 at least.')
    """
    end = until + pd.Timedelta(days=1)
    used = orders.loc[(orders["net"] > orders["refunded"]) & (orders["ts"] < end), list(_COLUMNS)]
    span = (end - used["ts"].min().normalize()).days if len(used) else 0
    if span < DAYS:
        return None, f"The file covers {plural(span, 'day')}; a forecast of a year needs {DAYS} at least."
    cut = end - pd.Timedelta(days=round(_TESTED * span))
    known = repeat_summary(used[used["ts"] < cut], as_of=cut - pd.Timedelta(days=1)).set_index("customer_id")
    again = int((known["x"] > 0).sum())
    if again < LEAST:
        return None, (
            f"{plural(again, 'customer')} came back in the first three quarters of the file; a forecast needs {LEAST} "
            "at least, to tell a slow customer from a lost one."
        )
    summary = repeat_summary(used, as_of=until, net_of_refunds=True).set_index("customer_id")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", LifetimeWarning)
            earlier = ParetoNBD().fit(known)
            caught.clear()  # what is said of the whole log is shown
            model = ParetoNBD().fit(summary)
            spend = _spend(summary)
    except TableError as error:
        return None, f"The orders do not determine the model of the forecast. {error}"
    expected = earlier.expected_orders(known, horizon=(end - cut).days / 7)
    came = _order_days(used[used["ts"] >= cut]).reindex(known.index, fill_value=0)
    ahead = model.expected_orders(summary, horizon=DAYS / 7)
    last_year = used[used["ts"] >= end - pd.Timedelta(days=DAYS)]
    brought = (last_year["net"] - last_year["refunded"]).groupby(last_year["customer_id"]).sum()
    customers = pd.DataFrame(
        {
            "p_alive": model.p_alive(summary),
            "expected_orders": ahead,
            "expected_revenue": ahead * spend,
            "revenue_before": brought.reindex(summary.index, fill_value=0.0),
        }
    )
    return (
        Forecast(
            customers=customers,
            tested_from=cut,
            tenths=holdout_table(expected, came),
            expected=float(expected.sum()),
            came=float(came.sum()),
            doubts=tuple(_doubts(model, caught)),
        ),
        "",
    )


_COLUMNS = ("customer_id", "ts", "net", "refunded")


def _doubts(model: ParetoNBD, caught: list[warnings.WarningMessage]) -> list[str]:
    """Return what the models doubt, for a shop owner: without coefficients, and without advice on fitting."""
    said = [str(found.message).split(": ", 1)[-1] for found in caught if issubclass(found.category, LifetimeWarning)]
    told = [re.sub(r" \(correlation.*?\)", "", text) for text in said if "priors" not in text]
    if model.covariance_.isna().to_numpy().any():
        told.insert(0, "the orders leave open how fast customers come and go: several answers fit them equally well.")
    return [text[0].upper() + text[1:] for text in told]


def _spend(summary: pd.DataFrame) -> pd.Series:
    """Return what an order of each customer brings, or nothing where a few enormous orders leave no mean."""
    model = GammaGamma().fit(summary)
    value = model.expected_value(summary)
    return value if np.isfinite(model.mean_value()) else pd.Series(np.nan, index=value.index)


def _order_days(orders: pd.DataFrame) -> pd.Series:
    """Return the number of days with an order of each customer."""
    days = pd.DataFrame({"customer_id": orders["customer_id"], "day": orders["ts"].dt.normalize()}).drop_duplicates()
    return days.groupby("customer_id").size()
