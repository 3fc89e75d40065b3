"""Explorer of lesson 00: the firm's cockpit, four levers and three curves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.figure
import numpy as np

from crmlab.explorers.canvas import SIZE
from crmlab.explorers.explorer import Control, Explorer
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import fresh_settings

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
        The firm before anything is changed; small, because it is simulated again at every move.

    Returns
    -------
    Explorer
        Controls ``price``, ``promotion``, ``service`` and ``emails``.
    """

    @cache
    def curves(price: float, promotion: float, service: float, emails: float) -> Curves:
        levers = {"price": price, "promotion": promotion, "service": service, "emails": emails}
        usual = world.policy.iloc[0]
        moved = {name: value for name, value in levers.items() if not np.isclose(value, usual[name])}
        run = (world.do(start=CHANGE_MONTH, **moved) if moved else world).simulate()
        months = run.truth.months.groupby("month")
        return {
            "profit": months["profit"].sum().to_numpy(),
            "orders": months["orders"].sum().to_numpy(),
            "satisfaction": months["satisfaction"].mean().to_numpy(),
        }

    usual = world.policy.iloc[0]

    def render(price: float, promotion: float, service: float, emails: float) -> Figure:
        before = curves(*(float(usual[name]) for name in ("price", "promotion", "service", "emails")))
        return _draw(before, curves(price, promotion / 100, service, float(emails)))

    controls = (
        Control("price", "Price", "slider", 1.0, low=0.8, high=1.2, step=0.05, unit="× list price"),
        Control("promotion", "General discount", "slider", 0, low=0, high=40, step=5, unit="%"),
        Control("service", "Service", "slider", 0.6, low=0.2, high=1.0, step=0.1, unit="0 to 1"),
        Control("emails", "E-mails", "slider", 2, low=0, high=12, unit="per month"),
    )
    return Explorer("cockpit", controls, render)


def _draw(before: Curves, after: Curves) -> Figure:
    with matplotlib.rc_context(fresh_settings()):
        figure = matplotlib.figure.Figure(figsize=(SIZE[0], 2.9))
        told = []
        for place, (name, label) in enumerate(_OUTCOMES.items()):
            ax = figure.add_axes((0.065 + 0.325 * place, 0.17, 0.265, 0.66))
            months = np.arange(len(before[name]))
            ax.axvline(CHANGE_MONTH, color=COLOURS["grey"], linewidth=0.9, linestyle=(0, (2, 2)))
            ax.plot(months, before[name], color=COLOURS["grey"], linewidth=1.4)
            ax.plot(months, after[name], color=COLOURS["blue"], linewidth=2.2)
            ax.set_title(say(label), fontsize=9.5)
            ax.set_xlabel(say("Month"))
            ax.set_xticks([0, 12, len(months) - 1])
            ax.locator_params(axis="y", nbins=4)
            told.append(_told(name, before[name][CHANGE_MONTH:], after[name][CHANGE_MONTH:]))
    text = say(
        "Three curves over {months} months, as it was and with your levers from month 12 on.", months=len(months)
    )
    set_alt_text(figure, f"{text} {'; '.join(told)}.")
    return figure


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
