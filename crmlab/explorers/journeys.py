"""Explorers of lesson 05: who moves on and who falls asleep, where sleep begins, how often to follow up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from crmlab import grading, journeys
from crmlab.exercises.lesson_05 import AS_OF, customer_table
from crmlab.explorers.canvas import SIZE, Backdrop, Panel, fixed_axes
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import figure_of, plural
from crmlab.tables import require_columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ASLEEP = "asleep"
STATES = ("long-term", "repeat", "first deal", ASLEEP)
"""From top to bottom of the picture."""

_INK = dict(zip(STATES, (COLOURS["blue"], COLOURS["sky"], COLOURS["orange"], COLOURS["grey"]), strict=True))
_LOOKS = (3, 6, 9, 12)
_EASE = np.linspace(0, 1, 20)
_SHAPE = _EASE**2 * (3 - 2 * _EASE)
_GAP = 0.05
_LEFT, _RIGHT = 0.21, 0.79


def stage_flow(transactions: pd.DataFrame) -> Explorer:
    """Follow customers from their stage at one day to that at the end of 2025.

    Parameters
    ----------
    transactions : DataFrame
        Transactions of 2024 and 2025.

    Returns
    -------
    Explorer
        Controls ``months`` between the two looks, and ``sleep``: whether who is asleep by their own rhythm is shown as
        such, or in the stage that they once reached.
    """
    end = pd.Timestamp(AS_OF)
    now = customer_table(transactions, as_of=end)
    moves_of = {}
    for back in _LOOKS:
        then = customer_table(transactions, as_of=_back(end, back))
        for asleep in (False, True):
            states = list(STATES if asleep else STATES[:-1])
            moves_of[back, asleep] = grading.transitions(_states(then, asleep), _states(now, asleep), states=states)

    def render(months: int, sleep: bool) -> Figure:
        shown = STATES if sleep else STATES[:-1]
        moves = moves_of[months, sleep]
        ax = fixed_axes((0.02, 0.02, 0.96, 0.88))
        ax.set_axis_off()
        ax.set(xlim=(0, 1), ylim=(-_GAP * len(shown), 1 + _GAP))
        _ribbons(ax, moves["customers"].unstack("after").loc[list(shown), list(shown)].to_numpy(), shown)
        ax.text(_LEFT, 1 + 0.35 * _GAP, _date(_back(end, months)), ha="center", fontsize=9.5)
        ax.text(_RIGHT, 1 + 0.35 * _GAP, _date(end), ha="center", fontsize=9.5)
        first = moves["customers"].loc["first deal"]
        further, of = int(first[["repeat", "long-term"]].sum()), int(first.sum())
        share = further / of if of else 0.0
        if sleep:
            last = moves.loc[[("first deal", ASLEEP)]].iloc[0].to_dict()
            title = say(
                "Of {of:,} first deals, {further:.0%} went on and {slept:.0%} fell asleep",
                of=of,
                further=share,
                slept=float(last["share"]),
            )
            told = say(
                " 95% interval of falling asleep: {low:.0%} to {high:.0%}.",
                low=float(last["low"]),
                high=float(last["high"]),
            )
        else:
            title = say("Of {of:,} first deals, {further:.0%} went on; nobody can fall back", of=of, further=share)
            told = ""
        figure_of(ax).text(0.02, 0.945, title, fontsize=10.5, fontweight="bold", color=COLOURS["ink"])
        set_alt_text(
            ax,
            say(
                "Ribbons from the stages of {count:,} customers {months} months ago to those at the end of 2025. "
                "{title}.",
                count=int(moves["customers"].sum()),
                months=months,
                title=title,
            )
            + told,
        )
        return figure_of(ax)

    controls = (
        Control("months", "Time between the two looks", "slider", 6, low=3, high=12, step=3, unit="months"),
        Control("sleep", "Show who is asleep", "switch", False),
    )
    return Explorer("stage_flow", controls, render)


def _back(end: pd.Timestamp, months: int) -> pd.Timestamp:
    return end - pd.offsets.MonthEnd(months)


def _date(day: pd.Timestamp) -> str:
    return f"{day.day} {day:%B %Y}"


def _states(table: pd.DataFrame, sleep: bool) -> pd.Series:
    stage = table["stage"].astype(object)
    return stage.where(table["sleep"] != ASLEEP, ASLEEP) if sleep else stage


def _ribbons(ax: Axes, counts: npt.NDArray[np.int64], states: tuple[str, ...]) -> None:
    """Draw a bar for each state at both sides, as high as its customers, and a ribbon for each move."""
    total = counts.sum()
    heights = counts / total
    tops, bars = [], []
    for side, sizes in (("left", heights.sum(axis=1)), ("right", heights.sum(axis=0))):
        top = 1 - np.concatenate([[0], np.cumsum(sizes + _GAP)[:-1]])
        tops.append(top.copy())
        x = _LEFT if side == "left" else _RIGHT
        for state, begin, size in zip(states, top, sizes, strict=True):
            bars.append([(x - 0.012, begin - size), (x - 0.012, begin), (x + 0.012, begin), (x + 0.012, begin - size)])
            ax.text(
                x + (-0.025 if side == "left" else 0.025),
                begin - size / 2,
                f"{say(state)}: {size * total:,.0f}",
                ha="right" if side == "left" else "left",
                va="center",
                fontsize=9.5,
            )
    shapes, colours = [], []
    along = _LEFT + 0.012 + (_RIGHT - _LEFT - 0.024) * _EASE
    for i, state in enumerate(states):
        for j in range(len(states)):
            if not counts[i, j]:
                continue
            size = heights[i, j]
            upper = tops[0][i] + (tops[1][j] - tops[0][i]) * _SHAPE
            shapes.append(
                np.concatenate([np.column_stack([along, upper]), np.column_stack([along, upper - size])[::-1]])
            )
            colours.append(_INK[state])
            tops[0][i] -= size
            tops[1][j] -= size
    ax.add_collection(
        PolyCollection(bars, facecolors=[_INK[state] for state in (*states, *states)], linewidths=0), autolim=False
    )
    ax.add_collection(PolyCollection(shapes, facecolors=colours, alpha=0.45, linewidths=0), autolim=False)


_PACE = Panel((0.095, 0.155, 0.55, 0.735), (np.log(5), np.log(130)), (np.log(1), np.log(560)))
_BARS = Panel((0.745, 0.155, 0.24, 0.735), (-0.6, 1.6), (0.0, 1.0))


_LEAST_DAYS = 45


def sleep_thresholds(customers: pd.DataFrame) -> Explorer:
    """Draw one limit of sleep for everybody and one by each customer's own rhythm, and see who came again.

    Parameters
    ----------
    customers : DataFrame
        ``usual_days`` and ``recency_days`` at some day, ``came`` (bool): whether the customer ordered after it.

    Returns
    -------
    Explorer
        Controls ``days`` of silence for everybody, and ``times`` the usual pause of each.
    """
    require_columns(customers, ["usual_days", "recency_days", "came"], table="customers")
    usual = customers["usual_days"].to_numpy(dtype=float)
    silent = np.maximum(customers["recency_days"].to_numpy(dtype=float), 1)
    came = customers["came"].to_numpy(dtype=bool)
    most = 1.2 * float((silent > _LEAST_DAYS).sum())
    bars = Panel(_BARS.place, _BARS.x, (0.0, most))
    # The logarithm spreads the quick ones; a little noise that never changes keeps whole days from hiding each other.
    noise = np.random.default_rng(0).uniform(-0.03, 0.03, (2, len(usual)))
    at = np.log(usual) + noise[0], np.log(silent) + noise[1]

    def still(figure: Figure) -> None:
        ax = _PACE.axes(figure)
        for chosen, colour, label in (
            (~came, COLOURS["grey"], say("did not order again")),
            (came, COLOURS["orange"], say("ordered again")),
        ):
            ax.plot(at[0][chosen], at[1][chosen], ".", color=colour, markersize=3, alpha=0.55, label=label)
        for axis, ticks in ((ax.xaxis, (5, 10, 20, 50, 100)), (ax.yaxis, (1, 3, 10, 30, 100, 300))):
            axis.set_ticks(np.log(ticks), [str(tick) for tick in ticks])
        ax.set(xlabel=say("Usual pause of the customer (days)"), ylabel=say("Silence so far (days)"))
        ax.legend(loc="lower right", markerscale=3, frameon=True, framealpha=0.9, edgecolor="none", handletextpad=0.1)
        ax = bars.axes(figure)
        ax.set_xticks([0, 1], [say("everybody\nalike"), say("own\nrhythm")])
        ax.tick_params(axis="x", length=0)
        ax.set_ylabel(say("Asleep (customers)"))
        ax.yaxis.set_major_formatter(lambda number, _: f"{number:,.0f}")

    backdrop = Backdrop(still)

    def render(days: int, times: float) -> Figure:
        figure = backdrop.figure()
        _PACE.line(figure, _PACE.x, np.full(2, np.log(days)), color=COLOURS["vermilion"], linewidth=2)
        _PACE.line(figure, _PACE.x, np.array(_PACE.x) + np.log(times), color=COLOURS["blue"], linewidth=2)
        told = []
        for place, (asleep, colour) in enumerate(
            ((silent > days, COLOURS["vermilion"]), (silent > times * usual, COLOURS["blue"]))
        ):
            count, back = int(asleep.sum()), int((asleep & came).sum())
            share = back / count if count else 0.0
            high = min(float(count), most / 1.12)
            bars.bar(figure, place, 0, high, width=0.7, color=colour, linewidth=0)
            bars.bar(figure, place, 0, min(float(back), high), width=0.7, color=COLOURS["orange"], linewidth=0)
            figure.text(
                float(bars.across(place)),
                float(bars.up(high)) + 0.012,
                say("{share:.0%}\ncame again", share=share),
                ha="center",
                fontsize=9,
                color=COLOURS["ink"],
            )
            told.append((count, share))
        title = say(
            "Asleep after {days} days: {first:.0%} came again; after {times:g} usual pauses: {second:.0%}",
            days=days,
            first=told[0][1],
            times=times,
            second=told[1][1],
        )
        figure.text(0.02, 0.945, title, fontsize=10.5, fontweight="bold", color=COLOURS["ink"])
        set_alt_text(
            figure,
            say(
                "One dot a customer: usual pause across, silence upwards. Above the level line at {days} days lie "
                "{first}, of whom {first_came:.1%} ordered again; above the slanting line at {times:g} usual pauses "
                "{second}, of whom {second_came:.1%} did.",
                days=days,
                times=times,
                first=plural(told[0][0], "customer"),
                first_came=told[0][1],
                second=plural(told[1][0], "customer"),
                second_came=told[1][1],
            ),
        )
        return figure

    controls = (
        Control("days", "One line for all", "slider", 180, low=_LEAST_DAYS, high=360, step=5, unit="days"),
        Control("times", "A line for each", "slider", 7.5, low=2.0, high=14.0, step=0.5, unit="usual pauses"),
    )
    return Explorer("sleep_thresholds", controls, render)


_DAYS = np.geomspace(1, 180, 160)
_CADENCE = Panel((0.09, 0.14, 0.88, 0.74), (0.0, np.log(180)), (-0.42, 1.05))


def follow_up_cadence() -> Explorer:
    """Weigh being remembered against annoying, by the days between two contacts.

    Returns
    -------
    Explorer
        Controls ``half_life`` (days after which half is forgotten), ``annoyance`` of one contact (% of full memory) and
        ``recovery`` (days after which half of it is forgiven).
    """

    def still(figure: Figure) -> None:
        ax = _CADENCE.axes(figure)
        ticks = (1, 3, 7, 14, 30, 60, 120, 180)
        ax.set_xticks(np.log(ticks), [str(tick) for tick in ticks])
        ax.axhline(0, color=COLOURS["grey"], linewidth=0.8)
        ax.grid(True, axis="y")
        ax.set(xlabel=say("Days between two contacts"), ylabel=say("Mean over time (full memory = 1)"))

    backdrop = Backdrop(still, size=(SIZE[0], 3.8))

    def render(half_life: int, annoyance: int, recovery: int) -> Figure:
        terms = {"half_life_days": half_life, "annoyance": annoyance / 100, "recovery_days": recovery}
        table = journeys.contact_worth(_DAYS, **terms)
        best = journeys.best_interval(**terms)
        figure = backdrop.figure()
        lines = (
            ("memory", COLOURS["sky"], say("remembered")),
            ("annoyance", COLOURS["orange"], say("annoyed")),
            ("worth", COLOURS["blue"], say("the difference")),
        )
        for place, (name, colour, label) in enumerate(lines):
            width = 2.6 if name == "worth" else 1.6
            _CADENCE.line(figure, np.log(_DAYS), table[name], color=colour, linewidth=width)
            y = 0.835 - 0.055 * place
            figure.text(0.785, y, label, fontsize=9.5, color=COLOURS["ink"], va="center")
            figure.add_artist(
                Line2D([0.75, 0.778], [y, y], color=colour, linewidth=width, transform=figure.transFigure)
            )
        if np.isfinite(best) and best <= _DAYS[-1]:
            value = float(journeys.contact_worth([best], **terms)["worth"].iloc[0])
            _CADENCE.line(figure, [np.log(max(best, 1))], [value], color=COLOURS["vermilion"], marker="o", markersize=9)
            title = say("Best: every {best:,.0f} days", best=best)
        else:
            title = say("At no interval is a contact worth its annoyance")
        figure.text(0.02, 0.935, title, fontsize=10.5, fontweight="bold", color=COLOURS["ink"])
        week, month = (float(journeys.contact_worth([days], **terms)["worth"].iloc[0]) for days in (7, 30))
        set_alt_text(
            figure,
            say(
                "Memory and annoyance against the days between contacts; half is forgotten after {half_life} days, a "
                "contact annoys {annoyance}% of full memory, half forgiven after {recovery} days. {title}. The "
                "difference is {week:.2f} every week and {month:.2f} every month.",
                half_life=half_life,
                annoyance=annoyance,
                recovery=recovery,
                title=title,
                week=week,
                month=month,
            ),
        )
        return figure

    controls = (
        Control("half_life", "Half is forgotten after", "slider", 30, low=5, high=120, step=5, unit="days"),
        Control("annoyance", "A contact annoys", "slider", 20, low=2, high=60, step=2, unit="% of full memory"),
        Control("recovery", "Half is forgiven after", "slider", 14, low=2, high=60, step=2, unit="days"),
    )
    return Explorer("follow_up_cadence", controls, render)
