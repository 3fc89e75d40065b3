"""Explorers of lesson 07: what lies below a complaint, and how much to spend on hearing and settling more of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import PchipInterpolator

from crmlab import loyalty
from crmlab.exercises.lesson_07 import speaking
from crmlab.explorers.canvas import fixed_axes
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import figure_of
from crmlab.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COMPLAINTS = "the complaints"
_PROBLEMS = "the problems"
_BROAD = 0.9
_DEPTH = np.linspace(0, 1, 61)
_WIDTH = _DEPTH**0.8 * (1 - _DEPTH) ** 0.45
_SHARES = np.concatenate([[0], np.cumsum((_WIDTH[1:] + _WIDTH[:-1]) / 2)])
_AREA = 2 * _SHARES[-1] * (_DEPTH[1] - _DEPTH[0])
_SHARES /= _SHARES[-1]
# Both edges are shifted alike, so that the ice looks rough and every width, and so every area, stays.
_ROUGH = 0.02 * np.interp(_DEPTH, np.linspace(0, 1, 12), [0, 2, -1, 0.5, 2, 0, 1.5, -1, 1, -1.5, 0.5, 0])


def iceberg(complaints: int, *, problems: int) -> Explorer:
    """Show how many problems stand behind complaints, or how many complaints come of problems.

    Parameters
    ----------
    complaints : int
        Complaints on the desk: held fixed under the first choice.
    problems : int
        Problems there are: held fixed under the second.

    Returns
    -------
    Explorer
        Controls ``share`` who complain (%), ``asked`` (dissatisfied people who were asked) and ``fixed``.
    """

    def render(share: int, asked: int, fixed: str) -> Figure:
        p = share / 100
        spoke = complaints if fixed == _COMPLAINTS else round(p * problems)
        answer = loyalty.iceberg(spoke, asked=asked, complained=round(p * asked))
        # What was asked is a whole number of people; the body is drawn for the share that the control says.
        all_ = spoke / p
        low, high = answer.low * all_ / answer.value, answer.high * all_ / answer.value
        reach = 1.35 * np.sqrt(max(problems, all_))
        ax = fixed_axes((0.02, 0.03, 0.96, 0.84))
        body = _outline(all_, spoke)
        ax.fill(body[:, 0], body[:, 1], color=COLOURS["sky"], linewidth=0)
        ax.axhspan(-3 * reach, 0, color=COLOURS["blue"], alpha=0.30, zorder=2, linewidth=0)
        ax.axhline(0, color=COLOURS["blue"], linewidth=1.5, zorder=4)
        ax.set_xlim(-1.5 * reach, 1.5 * reach)
        ax.set_ylim(-1.02 * reach, 0.6 * reach)
        ax.set_axis_off()
        silent = all_ - spoke
        label: dict[str, Any] = {"fontsize": 11, "zorder": 5, "color": COLOURS["ink"]}
        ax.text(-1.45 * reach, 0.08 * reach, say("heard: {count:,}", count=spoke), **label)
        ax.text(-1.45 * reach, -0.16 * reach, say("silent: {count:,.0f}", count=silent), **label)
        known = fixed == _PROBLEMS
        interval = say("Nothing to estimate: all are known")
        if not known:
            for size, style in ((low, "--"), (high, ":")):
                outline = _outline(size, spoke)
                ax.plot(outline[:, 0], outline[:, 1], color=COLOURS["ink"], linewidth=1, linestyle=style, zorder=3)
            interval = say("Dashed, dotted: 95% interval of the whole,\n{low:,.0f} to {high:,.0f}", low=low, high=high)
        ax.text(1.45 * reach, 0.42 * reach, interval, ha="right", va="center", fontsize=9, color=COLOURS["ink"])
        ax.set_title(
            say(
                "{spoke:,} complaints, {all:,.0f} problems: one speaks for {each:,.1f}",
                spoke=spoke,
                all=all_,
                each=1 / p,
            )
        )
        set_alt_text(
            ax,
            say(
                "An iceberg. Above the water {spoke:,} complaints, below it {silent:,.0f} problems that nobody "
                "mentioned, for {share}% who complain. {interval}.",
                spoke=spoke,
                silent=silent,
                share=share,
                interval=interval.replace("\n", " "),
            ),
        )
        return figure_of(ax)

    controls = (
        Control("share", "Complain", "slider", 20, low=2, high=60, unit="% of those with a problem"),
        Control("asked", "Asked whether they did", "slider", 200, low=100, high=4_000, step=100, unit="people"),
        Control("fixed", "Held fixed", "choice", _COMPLAINTS, options=(_COMPLAINTS, _PROBLEMS)),
    )
    return Explorer("iceberg", controls, render)


def _outline(size: float, spoke: float) -> npt.NDArray[np.float64]:
    """Return the outline of an iceberg of area `size`, of which `spoke` is above 0."""
    scale = np.sqrt(size / _AREA / _BROAD)
    water = np.interp(min(spoke / size, 1), _SHARES, _DEPTH)
    y = scale * (water - _DEPTH)
    right = np.column_stack([_BROAD * scale * (_WIDTH + _ROUGH), y])
    left = np.column_stack([_BROAD * scale * (_ROUGH - _WIDTH), y])[::-1]
    return np.vstack([right, left])


def recovery_budget(desk: pd.DataFrame, *, cost: float = 6.0) -> Explorer:
    """Show what asking for complaints brings in a year, for a budget of the desk.

    Parameters
    ----------
    desk : DataFrame
        Index ``after_sales`` and ``speak``; ``profit`` and ``orders`` of a year.
    cost : float
        A complaint costs this many € × (0.5 + after_sales).

    Returns
    -------
    Explorer
        Controls ``asking`` (cents an order) and ``each`` (€ a complaint).
    """
    require_columns(desk, ["profit", "orders"], table="desk")
    levels = desk.index.get_level_values("after_sales").unique().to_numpy(dtype=float)
    curves = {
        name: [
            PchipInterpolator(part.index.to_numpy(), part[name].to_numpy())
            for part in map(desk.loc.__getitem__, levels)
        ]
        for name in ("profit", "orders")
    }
    spent = np.linspace(0, 2, 81)
    most = float(desk.index.get_level_values("speak").max())
    budgets = cost * (0.5 + levels)
    usual = float(desk["profit"].loc[0.5].iloc[0])

    def net(asking: npt.ArrayLike, each: float) -> npt.NDArray[np.float64]:
        share = np.minimum(speaking(asking), most)
        profit, orders = (
            np.array(
                [
                    np.interp(each, budgets, values)
                    for values in np.array([f(share) for f in curves[name]]).reshape(len(levels), -1).T
                ]
            )
            for name in ("profit", "orders")
        )
        return profit - np.ravel(asking) * orders - usual

    def render(asking: int, each: float) -> Figure:
        ax = fixed_axes((0.13, 0.14, 0.84, 0.76))
        lowest, now, here = net(spent, float(budgets[0])), net(spent, cost), net(spent, float(each))
        ax.plot(
            spent, now, color=COLOURS["silver"], linewidth=2, label=say("{each:.0f} € a complaint, as now", each=cost)
        )
        ax.plot(spent, here, color=COLOURS["blue"], linewidth=2.2, label=say("{each:.1f} € a complaint", each=each))
        at = asking / 100
        value = float(net(at, float(each))[0])
        ax.plot([at], [value], "o", color=COLOURS["vermilion"], markersize=8)
        ax.axhline(0, color=COLOURS["grey"], linewidth=0.8)
        top = max(now.max(), net(spent, float(budgets[-1])).max())
        bottom = min(lowest.min(), now.min(), 0.0)
        ax.set_xlim(0, 2)
        ax.set_ylim(bottom - 0.08 * (top - bottom), top + 0.15 * (top - bottom))
        ax.grid(True, axis="y")
        ax.set_xlabel(say("Spent on asking (€ an order)"))
        ax.set_ylabel(say("Change of yearly profit (€)"))
        ax.yaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")
        ax.legend(loc="lower left", frameon=False)
        heard = float(np.minimum(speaking(at), most))
        ax.set_title(
            say("{value:+,.0f} € a year; {heard:.0%} of the problems reach the desk", value=value, heard=heard)
        )
        set_alt_text(
            ax,
            say(
                "Change of a year's profit against what is spent on asking. At {at:.2f} € an order and {each:.1f} € a "
                "complaint, {heard:.0%} of the problems are heard and profit changes by {value:+,.0f} €; the best of "
                "this line is {best:+,.0f} € at {best_at:.2f} €.",
                at=at,
                each=each,
                heard=heard,
                value=value,
                best=float(here.max()),
                best_at=float(spent[here.argmax()]),
            ),
        )
        return figure_of(ax)

    controls = (
        Control("asking", "Spent on asking", "slider", 0, low=0, high=200, step=5, unit="cents an order"),
        Control(
            "each",
            "Budget of the desk",
            "slider",
            cost,
            low=float(budgets[0]),
            high=float(budgets[-1]),
            step=0.5,
            unit="€ a complaint",
        ),
    )
    return Explorer("recovery_budget", controls, render)
