"""Explorer of lesson 16: what three decisions about the rows of a file do to its revenue, customers and best fifth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd

from crmlab import grading
from crmlab.explorers.canvas import SIZE, Backdrop, Panel
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import fresh_settings, money, money_axis, percent
from crmlab.reading import TransactionLog, read_transactions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NO_CUSTOMER = "no customer"
_COPY = "copy of an earlier row"


@dataclass(frozen=True)
class _Reading:
    """One reading of the file: what stood in it, what was set aside, and its orders, free ones included."""

    total: float
    no_customer: float
    copies: float
    customer: np.ndarray
    net: np.ndarray
    refunded: np.ndarray
    currency: str


def decisions(source: str | Path | pd.DataFrame, **options: Any) -> Explorer:
    """Follow the money of a file from the sum of its rows to net revenue, under three decisions.

    The file is read twice, with and without equal rows, when the explorer is made; moving a switch reads nothing.

    Parameters
    ----------
    source : path or DataFrame
        As for `crmlab.read_transactions`.
    **options
        More arguments for it, such as ``customer="Buyer"``; ``drop_duplicates``, ``keep_free`` and ``ignore_returns``
        say how the switches stand at the start.

    Returns
    -------
    Explorer
        Controls ``drop_copies``, ``take_returns_off`` and ``count_free``.
    """
    dropped = bool(options.pop("drop_duplicates", False))
    free, ignored = bool(options.pop("keep_free", False)), bool(options.pop("ignore_returns", False))
    readings = {
        drop: _reading(read_transactions(source, **options, drop_duplicates=drop, keep_free=True))
        for drop in (False, True)
    }
    scene = _Scene(max(reading.total for reading in readings.values()), readings[False].currency)

    def render(drop_copies: bool, take_returns_off: bool, count_free: bool) -> Figure:
        return scene.draw(readings[drop_copies], take_returns_off, count_free)

    controls = (
        Control("drop_copies", "Drop equal rows", "switch", dropped),
        Control("take_returns_off", "Take off what was given back", "switch", not ignored),
        Control("count_free", "Count free goods as orders", "switch", free),
    )
    return Explorer("decisions", controls, render)


def _reading(log: TransactionLog) -> _Reading:
    account = log.account.set_index("reason")
    # Rows that take sales back are no part of what was sold.
    sold = account.loc[~account["treatment"].str.startswith("taken off"), "money"]
    return _Reading(
        total=float(sold.sum()),
        no_customer=float(sold.get(_NO_CUSTOMER, 0.0)),
        copies=float(sold.get(_COPY, 0.0)),
        customer=pd.factorize(log.transactions["customer_id"])[0],
        net=log.transactions["net"].to_numpy(dtype=np.float64),
        refunded=log.transactions["refunded"].to_numpy(dtype=np.float64),
        currency=log.currency,
    )


class _Scene:
    """A waterfall and three numbers: scale and names are still, bars and amounts move."""

    STEPS = (
        ("in the\nfile", "silver"),
        ("no\ncustomer", "orange"),
        ("equal\nrows", "orange"),
        ("other\nreasons", "orange"),
        ("gross\nrevenue", "sky"),
        ("given\nback", "orange"),
        ("net\nrevenue", "blue"),
    )
    NUMBERS = (("customers", 0.78), ("orders", 0.53), ("of net revenue\nfrom the best fifth", 0.28))

    def __init__(self, top: float, currency: str) -> None:
        self._top, self._currency = top, currency
        self._panel = Panel((0.085, 0.15, 0.7, 0.74), (-0.5, len(self.STEPS) - 0.5), (0.0, 1.1 * top))
        self._backdrop = Backdrop(self._still, size=(SIZE[0], 3.4))

    def _still(self, figure: Figure) -> None:
        ax = self._panel.axes(figure)
        ax.set_xticks(range(len(self.STEPS)), [say(name) for name, _ in self.STEPS], fontsize=8.5)
        ax.tick_params(axis="x", length=0)
        ax.locator_params(axis="y", nbins=5)
        money_axis(ax.yaxis, self._currency)
        ax.set_title(say("From the file to net revenue"))
        for name, height in self.NUMBERS:
            figure.text(0.83, height - 0.02, say(name), fontsize=9, color=COLOURS["ink"], va="top")

    def draw(self, reading: _Reading, take_returns_off: bool, count_free: bool) -> Figure:
        """Return the picture of one reading under two more decisions."""
        counted = np.ones(len(reading.net), dtype=bool) if count_free else reading.net > 0
        gross = float(reading.net.sum())
        back = float(reading.refunded.sum()) if take_returns_off else 0.0
        other = max(reading.total - reading.no_customer - reading.copies - gross, 0.0)
        kept = (reading.net - (reading.refunded if take_returns_off else 0.0))[counted]
        by_customer = np.bincount(reading.customer[counted], kept)[np.unique(reading.customer[counted])]
        amounts = (reading.total, -reading.no_customer, -reading.copies, -other, gross, -back, gross - back)
        numbers = (f"{len(by_customer):,}", f"{int(counted.sum()):,}", _best_fifth(by_customer))
        with matplotlib.rc_context(fresh_settings()):
            figure = self._backdrop.figure()
            self._waterfall(figure, amounts)
            for (_, height), number in zip(self.NUMBERS, numbers, strict=True):
                figure.text(0.83, height, number, fontsize=15, fontweight="bold", color=COLOURS["blue"])
        steps = "; ".join(
            f"{say(name)} {_written(amount, self._currency)}"
            for (name, _), amount in zip(self.STEPS, amounts, strict=True)
        )
        counts = ", ".join(f"{say(name)} {number}" for (name, _), number in zip(self.NUMBERS, numbers, strict=True))
        words = f"{say('Waterfall from the file to net revenue')}: {steps}; {counts}."
        set_alt_text(figure, words.replace("\n", " "))
        return figure

    def _waterfall(self, figure: Figure, amounts: tuple[float, ...]) -> None:
        level, panel = 0.0, self._panel
        for place, ((_, colour), amount) in enumerate(zip(self.STEPS, amounts, strict=True)):
            if amount > 0 or place in (0, 4, 6):
                bottom, height, level = 0.0, amount, amount
            else:
                bottom, height, level = level + amount, -amount, level + amount
            panel.bar(figure, place, bottom, height, width=0.72, color=COLOURS[colour])
            above = float(panel.up(bottom + height + 0.015 * self._top))
            figure.text(
                float(panel.across(place)),
                above,
                _written(amount, self._currency),
                ha="center",
                va="bottom",
                fontsize=9,
            )
            if place < len(amounts) - 1:
                # Where nothing is taken off there is no bar, and the line goes through.
                begin = place - 0.36 if amount == 0 else place + 0.36
                panel.line(figure, [begin, place + 0.64], [level, level], color=COLOURS["grey"], linewidth=0.8)


def _best_fifth(by_customer: np.ndarray) -> str:
    amounts = by_customer.clip(min=0)
    return percent(grading.top_share(pd.Series(amounts))) if amounts.any() else "–"


def _written(amount: float, currency: str) -> str:
    return f"{'−' if amount < 0 else ''}{money(abs(amount), currency)}"
