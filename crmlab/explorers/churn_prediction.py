"""Explorers of lesson 10: how many to call for how much, and which column knows too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import pandas as pd

from crmlab import churn, plots
from crmlab.explorers.canvas import Backdrop, Panel, fixed_axes
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import figure_of, fresh_settings, percent, percent_axis
from crmlab.tables import TableError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MODEL = "the model"
_SILENCE = "days of silence"
_MOST = 1_000
"""Longest list that the explorer goes to."""


def threshold(silent: pd.Series, *, days: pd.Series, risk: pd.Series, order_profit: pd.Series) -> Explorer:
    """Choose how many customers to call, and see errors, misses and money.

    Parameters
    ----------
    silent : Series of bool
        Who fell silent.
    days, risk : Series
        Days since the last order, and the model's probability of falling silent; same customers.
    order_profit : Series
        Profit on one order of each customer, in €. Who is woken orders twice.

    Returns
    -------
    Explorer
        Controls ``score`` (who comes first), ``calls`` (how many), ``cost`` of a call in € and ``kept`` (share of the
        leavers whom a call wakes, in %).
    """
    if not len(silent) == len(days) == len(risk) == len(order_profit):
        raise TableError("silent, days, risk and order_profit must have one value for each customer.")
    order = {name: np.argsort(-score.to_numpy(), kind="stable") for name, score in ((_SILENCE, days), (_MODEL, risk))}
    gone, worth = silent.to_numpy(bool), 2 * order_profit.to_numpy(np.float64)
    most = min(_MOST, len(gone))
    counts = np.arange(1, most + 1)
    scene = _Scene(most, top=0.2 * float(worth[gone].sum()))

    def render(score: str, calls: int, cost: float, kept: float) -> Figure:
        ranked = order[score][:most]
        found = np.cumsum(gone[ranked])
        profit = kept / 100 * np.cumsum((gone * worth)[ranked]) - cost * counts
        called = min(calls, most)
        return scene.draw(
            counts, profit, called, error=1 - found[called - 1] / called, miss=1 - found[called - 1] / gone.sum()
        )

    controls = (
        Control("score", "First on the list", "choice", _SILENCE, options=(_SILENCE, _MODEL)),
        Control("calls", "Customers called", "slider", 300, low=50, high=_MOST, step=50),
        Control("cost", "Cost of a call", "slider", 3.0, low=0.5, high=10.0, step=0.5, unit="€"),
        Control("kept", "Woken by a call", "slider", 30, low=10, high=60, step=5, unit="%"),
    )
    return Explorer("threshold", controls, render)


class _Scene:
    """Two bars and a curve: names and scales are still."""

    def __init__(self, most: int, top: float) -> None:
        self._rates = Panel((0.08, 0.13, 0.26, 0.74), (-0.6, 1.6), (0.0, 1.0))
        self._money = Panel((0.46, 0.13, 0.5, 0.74), (0.0, float(most)), (-0.5 * top, top))
        self._backdrop = Backdrop(self._still)

    def _still(self, figure: Figure) -> None:
        left = self._rates.axes(figure)
        left.set_xticks([0, 1], [say("called in vain\n(error rate)"), say("not called\n(miss rate)")])
        left.tick_params(axis="x", length=0)
        percent_axis(left.yaxis)
        left.set_title(say("Mistakes"))
        right = self._money.axes(figure)
        right.axhline(0, color=COLOURS["grey"], linewidth=0.8)
        right.set_xlabel(say("Customers called"))
        right.set_ylabel(say("Profit of the calls (€)"))
        right.set_title(say("Money"))
        right.grid(True, axis="y")

    def draw(self, counts: np.ndarray, profit: np.ndarray, called: int, *, error: float, miss: float) -> Figure:
        """Return the picture of one list."""
        with matplotlib.rc_context(fresh_settings()):
            figure = self._backdrop.figure()
            for place, (rate, colour) in enumerate(((error, "orange"), (miss, "blue"))):
                self._rates.bar(figure, place, 0.0, rate, width=0.6, color=COLOURS[colour])
                x, y = float(self._rates.across(place)), float(self._rates.up(min(rate, 0.93) + 0.015))
                figure.text(x, y, percent(rate), ha="center", fontsize=11, fontweight="bold")
            self._money.line(figure, counts, profit, color=COLOURS["blue"], linewidth=2)
            here = float(profit[called - 1])
            self._money.line(
                figure, [called], [here], marker="o", markersize=8, color=COLOURS["vermilion"], linestyle="none"
            )
            best = int(np.argmax(profit)) + 1
            label = say("{calls:,} called: {profit:+,.0f} €", calls=called, profit=here)
            figure.text(0.95, 0.82, label, ha="right", fontsize=11, fontweight="bold", color=COLOURS["vermilion"])
        set_alt_text(
            figure,
            say(
                "Of {calls:,} customers called, {error:.1%} would have ordered anyway; {miss:.1%} of those who fell "
                "silent "
                "were not called. The calls earn {profit:,.0f} €; the curve is highest at {best:,} calls, with "
                "{most:,.0f} €.",
                calls=called,
                error=error,
                miss=miss,
                profit=here,
                best=best,
                most=float(profit[best - 1]),
            ),
        )
        return figure


def leak_or_not(table: pd.DataFrame, silent: pd.Series) -> Explorer:
    """Look at one column after the other, to see whether it foretells or knows.

    Parameters
    ----------
    table : DataFrame
        One row per customer; columns of the firm's export.
    silent : Series of bool
        Who fell silent; same customers.

    Returns
    -------
    Explorer
        Control ``column``.
    """
    power_of = churn.audit_leakage(table, silent)["power"].to_dict()

    def render(column: str) -> Figure:
        ax = fixed_axes((0.11, 0.24, 0.86, 0.66))
        plots.leaving_by(table[column], silent, what=say("fell silent"), name=column, ax=ax)
        power = float(power_of[column])
        ax.set_title(say("{column}: alone it ranks {power:.0%} of pairs right", column=column, power=power), loc="left")
        figure = figure_of(ax)
        set_alt_text(
            figure,
            say("{column} alone ranks {power:.1%} of pairs of customers right.", column=column, power=power)
            + " "
            + plots.alt_text(figure),
        )
        return figure

    columns = tuple(str(name) for name in table.columns)
    return Explorer("leak_or_not", (Control("column", "Column", "choice", columns[0], options=columns),), render)
