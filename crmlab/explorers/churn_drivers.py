"""Explorer of lesson 09: the cause switchboard, a year lived again with causes of leaving removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np

from crmlab.explorers.canvas import SIZE, Backdrop, Panel
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import fresh_settings
from crmlab.recovery.causes import BEST, FACTORS, months_of_those_there
from crmlab.world.branch import Branch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEP = "one step"
_BEST = "as well as any firm can"
_SIZE = (SIZE[0], 3.5)


def cause_switchboard(
    world: Any, *, start: int = 12, step: float = 0.1, factors: Mapping[str, Sequence[str]] = FACTORS
) -> Explorer:
    """Fix one cause of leaving or several, and live the months from `start` on again.

    The people and their luck are the same at every position; positions seen before are kept.

    Parameters
    ----------
    world : World
        The firm as it is; small, because months are simulated again at every move.
    start : int
        Month from which causes are fixed.
    step : float
        How far "one step" raises each lever of a cause.
    factors : mapping of str to sequence of str
        Levers by cause.

    Returns
    -------
    Explorer
        A switch for each cause, the one of ``logistics`` on, and ``far``: how far its levers are moved.
    """
    branch = Branch(world, start)
    there = np.sort(branch.customers())
    level = {lever: float(world.policy[lever].iloc[start]) for levers in factors.values() for lever in levers}

    @cache
    def lived(far: str, chosen: frozenset[str]) -> tuple[np.ndarray, float]:
        levers = {
            lever: BEST if far == _BEST else min(BEST, level[lever] + step)
            for name in chosen
            for lever in factors[name]
        }
        parts = branch.go_on(**levers)
        month, hazard, exposure = months_of_those_there(there, parts)
        gone = np.bincount(month - start, hazard * exposure, minlength=world.months - start)
        return np.cumsum(gone), float(sum(months["profit"].sum() for months, _ in parts))

    scene = _Scene(len(there), start, lived(_STEP, frozenset())[0])

    def render(far: str, **switches: bool) -> Figure:
        chosen = frozenset(name for name, on in switches.items() if on)
        usual, earned = lived(_STEP, frozenset())
        gone, profit = lived(far, chosen) if chosen else (usual, earned)
        return scene.draw(gone, profit - earned, len(chosen))

    switches = tuple(
        Control(name, f"Work on {name.replace('_', ' ')}", "switch", name == "logistics") for name in factors
    )
    return Explorer(
        "cause_switchboard", (*switches, Control("far", "How far", "choice", _STEP, options=(_STEP, _BEST))), render
    )


class _Scene:
    """A curve of losses and two bars; what was is still, what would have been moves."""

    def __init__(self, customers: int, start: int, usual: np.ndarray) -> None:
        self._customers, self._usual = customers, usual
        self._month = np.arange(start, start + len(usual) + 1)
        lost = float(usual[-1])
        self._curve = Panel((0.09, 0.16, 0.46, 0.7), (start - 0.2, self._month[-1] + 0.2), (0.0, 1.12 * lost))
        self._bars = Panel((0.67, 0.16, 0.31, 0.7), (-0.6, 1.6), (0.0, 1.12 * lost))
        self._backdrop = Backdrop(self._still, size=_SIZE)

    def _still(self, figure: Figure) -> None:
        left = self._curve.axes(figure)
        left.plot(self._month, np.concatenate([[0], self._usual]), color=COLOURS["grey"], linewidth=1.6)
        left.set(xlabel=say("Month"), ylabel=say("Customers lost, added up"))
        left.set_title(say("Of {count:,} customers", count=self._customers))
        left.grid(axis="y")
        right = self._bars.axes(figure)
        right.set_xticks([0, 1], [say("lost\nanyway"), say("kept")])
        right.tick_params(axis="x", length=0)
        right.set_title(say("After the last month"))
        for words, colour, height in (("as it was", "grey", 0.79), ("with your switches", "blue", 0.73)):
            figure.text(0.11, height, say(words), fontsize=9, color=COLOURS[colour])

    def draw(self, gone: np.ndarray, change: float, count: int) -> Figure:
        """Return the picture of one position: losses added up by month, and the change of profit in €."""
        lost = float(gone[-1])
        kept = float(self._usual[-1]) - lost
        with matplotlib.rc_context(fresh_settings()):
            figure = self._backdrop.figure()
            self._curve.line(figure, self._month, np.concatenate([[0], gone]), color=COLOURS["blue"], linewidth=2.2)
            for place, (value, colour) in enumerate(((lost, "silver"), (kept, "blue"))):
                self._bars.bar(figure, place, 0.0, max(value, 0.0), width=0.6, color=COLOURS[colour])
                figure.text(
                    float(self._bars.across(place)),
                    float(self._bars.up(max(value, 0.0))) + 0.015,
                    f"{value:,.1f}",
                    ha="center",
                    fontsize=10,
                    fontweight="bold",
                )
            money = say("profit {change:+,.0f} €", change=round(change) + 0)
            colour = COLOURS["vermilion" if change < 0 else "green"]
            figure.text(0.11, 0.63, money, fontsize=12, fontweight="bold", color=colour)
        set_alt_text(
            figure,
            say(
                "With {count} of the causes worked on, {kept:.1f} of the {usual:.1f} customers that would have been "
                "lost by the last month are kept and {lost:.1f} are lost anyway; profit changes by {change:+,.0f} €.",
                count=count,
                kept=kept,
                usual=float(self._usual[-1]),
                lost=lost,
                change=round(change) + 0,
            ),
        )
        return figure
