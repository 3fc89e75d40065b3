"""Explorers of lesson 08: the leaky bucket, and what a few points of retention are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlab import lifetime, plots
from crmlab.explorers.canvas import fixed_axes
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots.canvas import figure_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

YEARS = 10


def leaky_bucket(*, customers: int, joins: int, retention: float, margin: float, acquisition_cost: float) -> Explorer:
    """Run a firm for ten years beside the one it is today: more poured in, or a smaller hole.

    Parameters
    ----------
    customers : int
        Customers at the beginning.
    joins : int
        Won per year, today.
    retention : float
        Share that stays from year to year, today.
    margin : float
        Profit per customer and year, in €.
    acquisition_cost : float
        Cost of winning one customer, in €.

    Returns
    -------
    Explorer
        Controls ``stay`` (%), ``won`` per year, ``care`` (€ per customer and year), ``cost`` of winning one (€).
    """
    today = round(100 * retention)

    def render(stay: int, won: int, care: float, cost: float) -> Figure:
        terms: dict[str, Any] = {"periods": YEARS, "margin": margin, "acquisition_cost": float(cost)}
        firms = {
            say("as it is"): lifetime.leaky_bucket(customers, joins=joins, retention=today / 100, **terms),
            say("yours"): lifetime.leaky_bucket(
                customers, joins=won, retention=stay / 100, retention_cost=float(care), **terms
            ),
        }
        ax = fixed_axes((0.13, 0.3, 0.83, 0.64))
        return figure_of(plots.bucket(firms, ax=ax))

    controls = (
        Control("stay", "Stay from year to year", "slider", today, low=30, high=95, step=1, unit="%"),
        Control(
            "won", "Customers won", "slider", joins, low=0, high=3 * joins, step=max(1, joins // 20), unit="a year"
        ),
        Control("care", "Spent on keeping", "slider", 0, low=0, high=40, step=1, unit="€ per customer and year"),
        Control("cost", "Winning one costs", "slider", round(acquisition_cost), low=0, high=150, step=5, unit="€"),
    )
    return Explorer("leaky_bucket", controls, render)


def retention(*, stay: float = 0.6) -> Explorer:
    """See what some points of retention add to the value of a customer.

    Parameters
    ----------
    stay : float
        Share that stays from year to year, today.

    Returns
    -------
    Explorer
        Controls ``stay`` (%), ``points`` added, ``discount`` (% a year), ``margin`` (€ a year), ``winning`` (€).
    """
    grid = np.arange(0.30, 0.951, 0.01)

    def render(stay: int, points: int, discount: float, margin: float, winning: float) -> Figure:
        rate = discount / 100
        rows = []
        for r in grid:
            higher = min(r + points / 100, 1.0)
            before, after = (
                lifetime.retention_value(margin=margin, retention=each, discount_rate=rate) for each in (r, higher)
            )
            net = (after - before) / (before - winning) if before > winning else np.nan
            rows.append((after / before - 1, net))
        gains = pd.DataFrame(rows, index=grid, columns=[say("before the cost of winning"), say("after it")])
        ax = fixed_axes((0.12, 0.14, 0.84, 0.80))
        return figure_of(plots.keeping(gains, at=stay / 100, points=points / 100, ax=ax))

    controls = (
        Control("stay", "Stay from year to year", "slider", round(100 * stay), low=30, high=95, step=1, unit="%"),
        Control("points", "Points added", "slider", 5, low=1, high=5, step=1),
        Control("discount", "Discount rate", "slider", 10, low=5, high=30, step=1, unit="% a year"),
        Control("margin", "Margin", "slider", 100, low=20, high=200, step=10, unit="€ a year"),
        Control("winning", "Winning one costs", "slider", 40, low=0, high=150, step=5, unit="€"),
    )
    return Explorer("retention", controls, render)
