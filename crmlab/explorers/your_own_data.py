"""Explorer of lesson 16: what three decisions about the rows of a file do to its revenue, customers and best fifth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd

from crmlab import grading
from crmlab.explorers.canvas import SIZE
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
        More arguments for it, such as ``customer="Buyer"``; not ``drop_duplicates``, ``keep_free`` or
        ``ignore_returns``, which are the switches.

    Returns
    -------
    Explorer
        Controls ``drop_copies``, ``take_returns_off`` and ``count_free``.
    """
    readings = {
        drop: _reading(read_transactions(source, **options, drop_duplicates=drop, keep_free=True))
        for drop in (False, True)
    }
    top = max(reading.total for reading in readings.values())

    def render(drop_copies: bool, take_returns_off: bool, count_free: bool) -> Figure:
        return _draw(readings[drop_copies], take_returns_off, count_free, top)

    controls = (
        Control("drop_copies", "Drop equal rows", "switch", False),
        Control("take_returns_off", "Take off what was given back", "switch", True),
        Control("count_free", "Count free goods as orders", "switch", False),
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


def _draw(reading: _Reading, take_returns_off: bool, count_free: bool, top: float) -> Figure:
    counted = np.ones(len(reading.net), dtype=bool) if count_free else reading.net > 0
    gross = float(reading.net.sum())
    back = float(reading.refunded.sum()) if take_returns_off else 0.0
    other = max(reading.total - reading.no_customer - reading.copies - gross, 0.0)
    kept = (reading.net - (reading.refunded if take_returns_off else 0.0))[counted]
    by_customer = np.bincount(reading.customer[counted], kept)[np.unique(reading.customer[counted])]
    steps = [
        (say("in the\nfile"), reading.total, COLOURS["silver"]),
        (say("no\ncustomer"), -reading.no_customer, COLOURS["orange"]),
        (say("equal\nrows"), -reading.copies, COLOURS["orange"]),
        (say("other\nreasons"), -other, COLOURS["orange"]),
        (say("gross\nrevenue"), gross, COLOURS["sky"]),
        (say("given\nback"), -back, COLOURS["orange"]),
        (say("net\nrevenue"), gross - back, COLOURS["blue"]),
    ]
    figures = {
        say("customers"): f"{len(by_customer):,}",
        say("orders"): f"{int(counted.sum()):,}",
        say("of net revenue\nfrom the best fifth"): _best_fifth(by_customer),
    }
    with matplotlib.rc_context(fresh_settings()):
        figure = matplotlib.figure.Figure(figsize=(SIZE[0], 3.4))
        ax = figure.add_axes((0.085, 0.17, 0.7, 0.71))
        _waterfall(ax, steps, reading.currency, top)
        for height, (name, value) in zip((0.78, 0.53, 0.28), figures.items(), strict=True):
            figure.text(0.83, height, value, fontsize=15, fontweight="bold", color=COLOURS["blue"])
            figure.text(0.83, height - 0.02, name, fontsize=9, color=COLOURS["ink"], va="top")
    told = "; ".join(f"{name} {_written(amount, reading.currency)}" for name, amount, _ in steps)
    counts = ", ".join(f"{name} {value}" for name, value in figures.items())
    set_alt_text(figure, f"{say('Waterfall from the file to net revenue')}: {told}; {counts}.".replace("\n", " "))
    return figure


def _best_fifth(by_customer: np.ndarray) -> str:
    amounts = by_customer.clip(min=0)
    return percent(grading.top_share(pd.Series(amounts))) if amounts.any() else "–"


def _written(amount: float, currency: str) -> str:
    return f"{'−' if amount < 0 else ''}{money(abs(amount), currency)}"


def _waterfall(ax: Any, steps: list[tuple[str, float, str]], currency: str, top: float) -> None:
    level = 0.0
    for place, (_, amount, colour) in enumerate(steps):
        if amount > 0 or place in (0, 4, 6):
            bottom, level = 0.0, amount
            height = amount
        else:
            bottom, height, level = level + amount, -amount, level + amount
        ax.bar(place, height, bottom=bottom, color=colour, width=0.72)
        ax.text(place, bottom + height + 0.015 * top, _written(amount, currency), ha="center", va="bottom", fontsize=9)
        if place < len(steps) - 1:
            # Where nothing is taken off there is no bar, and the line goes through.
            begin = place - 0.36 if amount == 0 else place + 0.36
            ax.plot([begin, place + 0.64], [level, level], color=COLOURS["grey"], linewidth=0.8)
    ax.set_xticks(range(len(steps)), [name for name, _, _ in steps], fontsize=8.5)
    ax.tick_params(axis="x", length=0)
    ax.set(xlim=(-0.5, len(steps) - 0.5), ylim=(0, 1.1 * top))
    ax.locator_params(axis="y", nbins=5)
    money_axis(ax.yaxis, currency)
    ax.set_title(say("From the file to net revenue"))
