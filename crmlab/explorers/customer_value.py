"""Explorers of lesson 03: luck in last year's best, how concentrated sales are, where to cut the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import plots
from crmlab.explorers.canvas import fixed_axes
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots.canvas import figure_of
from crmlab.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TURN = pd.Timestamp("2025-01-01")
"""The day on which the two years of lesson 03 meet."""


def _day(transactions: pd.DataFrame) -> tuple[pd.Index, np.ndarray, np.ndarray, np.ndarray]:
    """Return the customers, and of every order its customer, its day from the turn of the year and its net sales."""
    require_columns(transactions, ["customer_id", "ts", "net", "refunded"], table="transactions")
    codes, customers = pd.factorize(transactions["customer_id"], sort=True)
    day = (transactions["ts"].dt.normalize() - TURN).dt.days.to_numpy()
    return (
        pd.Index(customers, name="customer_id"),
        codes,
        day,
        (transactions["net"] - transactions["refunded"]).to_numpy(),
    )


def luck(transactions: pd.DataFrame) -> Explorer:
    """Follow the best customers of one period into the next.

    Parameters
    ----------
    transactions : DataFrame
        Transactions of 2024 and 2025. The periods meet at the turn of the year.

    Returns
    -------
    Explorer
        Controls ``top``, how many of the best, and ``months``, how long each of the two periods is.
    """
    customers, codes, day, sales = _day(transactions)

    def between(first: int, last: int) -> pd.Series:
        chosen = (day >= first) & (day < last)
        return pd.Series(np.bincount(codes[chosen], sales[chosen], len(customers)), customers)

    def render(top: int, months: int) -> Figure:
        length = round(months * 365 / 12)
        before, after = between(-length, 0), between(0, length)
        ax = fixed_axes((0.11, 0.21, 0.86, 0.69))
        return figure_of(plots.rank_change(before, after, top=top, names=(say("before"), say("after")), ax=ax))

    controls = (
        Control("top", "How many of the best", "slider", 500, low=50, high=1_000, step=50, unit="customers"),
        Control("months", "Length of each period", "slider", 12, low=1, high=12, unit="months"),
    )
    return Explorer("luck", controls, render)


def concentration(transactions: pd.DataFrame, on_file: int) -> Explorer:
    """Show which part of sales the best customers hold, of whom and over how long.

    Parameters
    ----------
    transactions : DataFrame
        Transactions of 2024 and 2025.
    on_file : int
        Number of customers on file, whether they bought or not.

    Returns
    -------
    Explorer
        Controls ``share`` of customers, ``months`` up to the end of 2025, and ``among`` whom.
    """
    customers, codes, day, sales = _day(transactions)

    def render(share: float, months: int, among: str) -> Figure:
        chosen = day >= 365 - round(months * 365 / 12)
        amounts = np.bincount(codes[chosen], sales[chosen], len(customers))
        amounts = amounts[amounts > 0]
        if among == _EVERYBODY:
            amounts = np.concatenate([np.zeros(on_file - len(amounts)), amounts])
        ax = fixed_axes((0.11, 0.13, 0.73, 0.77))
        return figure_of(plots.lorenz(pd.Series(amounts), share=share / 100, what=say("sales"), ax=ax))

    controls = (
        Control("share", "Share of customers", "slider", 20, low=1, high=50, unit="%"),
        Control("months", "Months observed", "slider", 12, low=1, high=24, unit="months"),
        Control("among", "Among", "choice", _BUYERS, options=(_BUYERS, _EVERYBODY)),
    )
    return Explorer("concentration", controls, render)


_BUYERS = "those who bought"
_EVERYBODY = "everybody on file"


def classes(customers: pd.DataFrame) -> Explorer:
    """Move the cuts between classes A, B and C.

    Parameters
    ----------
    customers : DataFrame
        Column ``spend_recent``: sales of the last year, in €.

    Returns
    -------
    Explorer
        Controls ``a`` and ``b``: the cumulative share of sales at which class A and class B end.
    """
    require_columns(customers, ["spend_recent"], table="spend_windows")
    spent = customers.loc[customers["spend_recent"] > 0, "spend_recent"]

    def render(a: float, b: float) -> Figure:
        ax = fixed_axes((0.11, 0.13, 0.86, 0.77))
        return figure_of(plots.abc(spent, cuts=(a / 100, b / 100), what=say("sales"), ax=ax))

    controls = (
        Control("a", "Class A ends at", "slider", 80, low=50, high=90, unit=_OF_SALES),
        Control("b", "Class B ends at", "slider", 95, low=91, high=99, unit=_OF_SALES),
    )
    return Explorer("classes", controls, render)


_OF_SALES = "% of sales"
