"""Explorers of lesson 06: from a rating to loyalty, the map of drivers, and what a bond is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab import loyalty
from crmlab.explorers.canvas import fixed_axes
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import figure_of
from crmlab.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SAID = "say they will certainly buy again"
_DID = "ordered within half a year"
_SHARES = "shares"
_ODDS = "odds"


def curve(answers: pd.DataFrame) -> Explorer:
    """Show how loyal customers of each rating are: by their words, or by their orders.

    Parameters
    ----------
    answers : DataFrame
        ``overall`` (1 to 5), ``intends`` and ``came`` (missing where it is too early to say).

    Returns
    -------
    Explorer
        Controls ``outcome`` and ``scale``.
    """
    require_columns(answers, ["overall", "intends", "came"], table="answers")
    tables, ratios = {}, {}
    for name, column in ((_SAID, "intends"), (_DID, "came")):
        known = answers.dropna(subset=["overall", column])
        tables[name] = loyalty.loyalty_by_rating(known["overall"], known[column])
        ratios[name] = loyalty.compare_ratings(known["overall"], known[column]).to_dict("index")

    def render(outcome: str, scale: str) -> Figure:
        table = tables[outcome][["share", "low", "high"]]
        row = ratios[outcome]["risk_ratio" if scale == _SHARES else "odds_ratio"]
        values = table if scale == _SHARES else table.clip(upper=0.98) / (1 - table.clip(upper=0.98))
        ax = fixed_axes((0.12, 0.14, 0.85, 0.74))
        tone = COLOURS["blue"] if outcome == _DID else COLOURS["vermilion"]
        reach = np.abs(np.array([values["share"] - values["low"], values["high"] - values["share"]]))
        ax.errorbar(values.index, values["share"], yerr=reach, color=tone, marker="o", linewidth=1.8, capsize=4)
        ax.set_xticks([1, 2, 3, 4, 5])
        ax.set_xlim(0.7, 5.3)
        ax.set_ylim(0, 1 if scale == _SHARES else 1.1 * float(values["high"].max()))
        ax.grid(True, axis="y")
        ax.set_xlabel(say("Overall satisfaction (1 to 5)"))
        ax.set_ylabel(say("Share of customers") if scale == _SHARES else say("Odds: loyal per not loyal"))
        measure = say("in shares") if scale == _SHARES else say("in odds")
        ax.set_title(
            say("Fives against fours, {measure}: {value:.1f} times", measure=measure, value=float(row["value"]))
        )
        set_alt_text(
            ax,
            say(
                "Customers who {outcome}, by rating, with 95% intervals: {shares}. Fives against fours, {measure}: "
                "{value:.2f} times, interval {low:.2f} to {high:.2f}.",
                outcome=say(outcome),
                shares=", ".join(f"{rating:.0f}: {share:.0%}" for rating, share in table["share"].items()),
                measure=measure,
                value=float(row["value"]),
                low=float(row["low"]),
                high=float(row["high"]),
            ),
        )
        return figure_of(ax)

    controls = (
        Control("outcome", "Customers who", "choice", _SAID, options=(_SAID, _DID)),
        Control("scale", "Compared in", "choice", _ODDS, options=(_ODDS, _SHARES)),
    )
    return Explorer("curve", controls, render)


_ALL = "all waves"
_METHODS = {"correlation": "correlation", "part of R² (LMG)": "lmg", "Johnson weight": "johnson"}


def driver_map(answers: pd.DataFrame, items: Sequence[str]) -> Explorer:
    """Show importance against performance, with the intervals that such maps usually lack.

    Parameters
    ----------
    answers : DataFrame
        ``wave``, ``overall`` and one column per item.
    items : sequence of str
        The items.

    Returns
    -------
    Explorer
        Controls ``method`` and ``wave``.
    """
    require_columns(answers, ["wave", "overall", *items], table="answers")
    waves = {_ALL: answers}
    waves |= {f"wave {number:.0f}": part for number, part in answers.groupby("wave")}
    tables = {
        name: loyalty.drivers(
            part[list(items)], part["overall"], methods=list(_METHODS.values()), interval=True, resamples=200
        )
        for name, part in waves.items()
    }

    def render(method: str, wave: str) -> Figure:
        column, table = _METHODS[method], tables[wave]
        performance = waves[wave][list(items)].mean()
        importance = table[column]
        ax = fixed_axes((0.12, 0.14, 0.85, 0.74))
        reach = np.array([importance - table[f"{column}_low"], table[f"{column}_high"] - importance])
        reach = np.maximum(reach, 0)
        ax.errorbar(
            performance, importance, yerr=reach, fmt="o", color=COLOURS["blue"], ecolor=COLOURS["silver"], capsize=3
        )
        ax.axhline(float(importance.mean()), color=COLOURS["grey"], linewidth=0.8, linestyle="--")
        ax.axvline(float(performance.mean()), color=COLOURS["grey"], linewidth=0.8, linestyle="--")
        for place, name in enumerate(performance.sort_values().index):
            # Names stand beyond the ends of the bars, on four levels in turn: neighbours do not cover each other.
            above, far = place % 2 == 0, place % 4 > 1
            ax.annotate(
                say(name),
                (performance[name], table.loc[name, f"{column}_{'high' if above else 'low'}"]),
                xytext=(0, (16 if far else 4) if above else (-24 if far else -12)),
                textcoords="offset points",
                fontsize=8.5,
                ha="center",
            )
        ax.set_xlim(float(performance.min()) - 0.03, float(performance.max()) + 0.03)
        low, high = float(table[f"{column}_low"].min()), float(table[f"{column}_high"].max())
        ax.set_ylim(low - 0.2 * (high - low), high + 0.2 * (high - low))
        ax.set_xlabel(say("Performance: mean rating (1 to 5)"))
        ax.set_ylabel(say("Importance: {method}", method=say(method)))
        best = str(importance.idxmax())
        ax.set_title(
            say("First: {best}, of {count:,} complete answers", best=say(best), count=int(table["respondents"].iloc[0]))
        )
        set_alt_text(
            ax,
            say(
                "Map of nine items, {method}, {wave}: {listed}. The vertical bars are 95% intervals; they overlap for "
                "most pairs.",
                method=say(method),
                wave=say(wave),
                listed=", ".join(f"{say(str(name))} {value:.2f}" for name, value in importance.items()),
            ),
        )
        return figure_of(ax)

    controls = (
        Control("method", "Importance", "choice", "correlation", options=tuple(_METHODS)),
        Control("wave", "Answers of", "choice", _ALL, options=tuple(waves)),
    )
    return Explorer("driver_map", controls, render)


BONDS = {"financial": (0.90, 0.25, 0.0), "social": (0.55, 0.60, 0.0), "structural": (0.30, 0.30, 12.0)}
"""Multiplier of the hazard (as in the world), and what we assume of costs: € per month, € at the start."""

_MONTHS = 36


def bonds() -> Explorer:
    """Show what three kinds of bond add to a customer's margin, and what is left when rivals copy one.

    Returns
    -------
    Explorer
        Controls ``hazard`` (% leaving per month), ``margin`` (€ per month) and ``copied`` (months until a rival copies
        the financial bond).
    """
    tones = {"financial": COLOURS["orange"], "social": COLOURS["blue"], "structural": COLOURS["green"]}
    months = np.arange(1, _MONTHS + 1)

    def render(hazard: float, margin: float, copied: int) -> Figure:
        ax = fixed_axes((0.12, 0.14, 0.85, 0.74))
        ends = {}
        for name, (multiplier, cost, start) in BONDS.items():
            worth = [
                loyalty.bond_worth(
                    hazard=hazard / 100,
                    multiplier=multiplier,
                    margin=margin,
                    cost=cost,
                    start_cost=start,
                    imitated_after=copied if name == "financial" else np.inf,
                    months=int(month),
                )
                for month in months
            ]
            ends[name] = round(worth[-1]) + 0  # no negative zero
            ax.plot(months, worth, color=tones[name], linewidth=2, label=say(name))
        ax.axhline(0, color=COLOURS["grey"], linewidth=0.8)
        ax.set_xlim(0, _MONTHS)
        ax.set_ylim(-20, max(40.0, 1.1 * max(ends.values())))
        ax.set_xticks(range(0, _MONTHS + 1, 6))
        ax.grid(True, axis="y")
        ax.set_xlabel(say("Months"))
        ax.set_ylabel(say("Worth of the bond so far (€ per customer)"))
        ax.legend(loc="upper left", frameon=False)
        best = max(ends, key=lambda name: ends[name])
        ax.set_title(say("After three years: {best}, {worth:,.0f} € per customer", best=say(best), worth=ends[best]))
        set_alt_text(
            ax,
            say(
                "Three lines over 36 months, what each bond has added per customer, costs taken off. At the end: "
                "financial {financial:,.0f} €, social {social:,.0f} €, structural {structural:,.0f} €.",
                **ends,
            ),
        )
        return figure_of(ax)

    controls = (
        Control("hazard", "Leave in a month", "slider", 5, low=1, high=12, unit="%"),
        Control("margin", "Margin", "slider", 10, low=2, high=20, unit="€ a month"),
        Control("copied", "Copied after", "slider", 6, low=0, high=36, step=3, unit="months"),
    )
    return Explorer("bonds", controls, render)
