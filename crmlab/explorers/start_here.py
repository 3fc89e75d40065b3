"""Explorer of lesson 00: the firm's cockpit, four levers and three curves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from crmlab.explorers.canvas import SIZE, Backdrop, Panel
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.world.branch import Branch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHANGE_MONTH = 12
"""Month in which the levers are moved."""

_OUTCOMES = {"profit": "Profit per month (€)", "orders": "Orders per month", "satisfaction": "Mean satisfaction"}

Curves = dict[str, np.ndarray]


def cockpit(world: Any) -> Explorer:
    """Move four levers of the firm and see what becomes of profit, orders and satisfaction.

    Every position is simulated with the same people and the same luck; positions seen before are kept.

    Parameters
    ----------
    world : World
        The firm before anything is changed; small, because its second year is simulated again at every move.

    Returns
    -------
    Explorer
        Controls ``price``, ``promotion``, ``service`` and ``emails``.
    """
    usual = {name: float(world.policy[name].iloc[0]) for name in ("price", "promotion", "service", "emails")}
    as_it_was = world.simulate().truth.months.groupby("month")
    before = {
        "profit": as_it_was["profit"].sum().to_numpy(),
        "orders": as_it_was["orders"].sum().to_numpy(),
        "satisfaction": as_it_was["satisfaction"].mean().to_numpy(),
    }
    branch = Branch(world, CHANGE_MONTH)

    @cache
    def after(**levers: float) -> Curves:
        moved = {name: value for name, value in levers.items() if not np.isclose(value, usual[name])}
        if not moved:
            return before
        months = branch.monthly(**moved)
        return {name: np.concatenate([past[:CHANGE_MONTH], months[name]]) for name, past in before.items()}

    scene = _Scene(before)

    def render(price: float, promotion: float, service: float, emails: float) -> Figure:
        levers = {"price": price, "promotion": promotion / 100, "service": service, "emails": float(emails)}
        return scene.draw(after(**levers))

    controls = (
        Control("price", "Price", "slider", 1.0, low=0.8, high=1.2, step=0.05, unit="× list price"),
        Control("promotion", "General discount", "slider", 0, low=0, high=40, step=5, unit="%"),
        Control("service", "Service", "slider", 0.6, low=0.2, high=1.0, step=0.1, unit="0 to 1"),
        Control("emails", "E-mails", "slider", 2, low=0, high=12, unit="per month"),
    )
    return Explorer("cockpit", controls, render)


class _Scene:
    """Three panels: the firm as it was is still, the firm under other levers moves."""

    def __init__(self, before: Curves) -> None:
        self._before = before
        self._months = np.arange(len(before["profit"]))
        # The same scale for every position of the levers, or moving them would change nothing to the eye.
        self._panels = {
            name: Panel(
                (0.083 + 0.325 * place, 0.17, 0.25, 0.66), (-1.2, len(self._months) + 0.2), _scale(name, before[name])
            )
            for place, name in enumerate(_OUTCOMES)
        }
        self._backdrop = Backdrop(self._still, size=(SIZE[0], 2.9))

    def _still(self, figure: Figure) -> None:
        for name, panel in self._panels.items():
            ax = panel.axes(figure)
            ax.axvline(CHANGE_MONTH, color=COLOURS["grey"], linewidth=0.9, linestyle=(0, (2, 2)))
            ax.plot(self._months, self._before[name], color=COLOURS["grey"], linewidth=1.4)
            ax.set_title(say(_OUTCOMES[name]), fontsize=9.5)
            ax.set_xlabel(say("Month"))
            ax.set_xticks([0, 12, len(self._months) - 1])
            ax.locator_params(axis="y", nbins=4)
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
            ax.grid(axis="y")
        lines = (("as it was", "grey", 0.27), ("with your levers", "blue", 0.2))
        for words, colour, height in lines:
            figure.text(0.095, height, say(words), fontsize=9, color=COLOURS[colour])

    def draw(self, after: Curves) -> Figure:
        """Return the picture of the firm under other levers."""
        figure = self._backdrop.figure()
        told = []
        for name, panel in self._panels.items():
            panel.line(figure, self._months, after[name], color=COLOURS["blue"], linewidth=2.2)
            told.append(_told(name, self._before[name][CHANGE_MONTH:], after[name][CHANGE_MONTH:]))
        text = say(
            "Three curves over {months} months, as it was and with your levers from month 12 on.",
            months=len(self._months),
        )
        set_alt_text(figure, f"{text} {'; '.join(told)}.")
        return figure


def _scale(name: str, before: np.ndarray) -> tuple[float, float]:
    """Return the ends of an axis on which every position of the levers can be drawn, but for the wildest."""
    if name == "satisfaction":
        return -0.2, 0.5
    return 0.0, 2.0 * float(before.mean())


def _told(name: str, before: np.ndarray, after: np.ndarray) -> str:
    """Say what became of one outcome after the change."""
    if name == "satisfaction":
        return say("satisfaction {before:.2f} → {after:.2f} at the end", before=before[-1], after=after[-1])
    change = after.sum() / before.sum() - 1
    unit = " €" if name == "profit" else ""
    return say(
        "{name} {before:,.0f}{unit} → {after:,.0f}{unit} ({change:+.1%})",
        name=say(name),
        before=before.sum(),
        after=after.sum(),
        unit=unit,
        change=change,
    )
