"""Pictures of lifetime value: forecasts and what came, counts and a model, the leaky bucket, what keeping adds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmlab.phrases import say
from crmlab.plots.canvas import COLOURS, axes_for, money, money_axis, percent_axis, styled
from crmlab.plots.pictures import set_alt_text
from crmlab.tables import require_columns


@styled
def calibration(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    what: str = "orders",
    names: tuple[str, str] = ("expected", "actual"),
    ax: Axes | None = None,
) -> Axes:
    """Draw what was expected of groups of customers beside what came of them.

    Parameters
    ----------
    tables : DataFrame or mapping of str to DataFrame
        From `crmlab.lifetime.holdout_table`: ``expected``, ``actual``, ``standard_error``; one, or several by name.
    what : str
        What was expected, with its unit.
    names : tuple of str
        What the two axes show.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes
    """
    several = tables if isinstance(tables, Mapping) else {"": tables}
    ax = axes_for(ax)
    told, highest = [], 0.0
    marks = zip(("blue", "vermilion", "green", "purple"), ("o", "s", "^", "D"), strict=True)
    for (name, table), (colour, mark) in zip(several.items(), marks, strict=False):
        require_columns(table, ["expected", "actual", "standard_error"], table="holdout_table")
        error = 1.96 * table["standard_error"].fillna(0)
        drawn: dict[str, Any] = {
            "color": COLOURS[colour],
            "fmt": mark,
            "markersize": 6,
            "capsize": 2,
            "label": name or None,
        }
        ax.errorbar(table["expected"], table["actual"], yerr=error, **drawn)
        highest = max(highest, float(table["expected"].max()), float((table["actual"] + error).max()))
        above = int((table["actual"] > table["expected"]).sum())
        told.append(
            say(
                "{name}in {above} of {groups} groups more came than was expected, in all {share:+.0%}.",
                name=f"{name}: " if name else "",
                above=above,
                groups=len(table),
                share=table["actual"].mean() / table["expected"].mean() - 1,
            )
        )
    ax.plot([0, highest], [0, highest], color=COLOURS["grey"], linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    ax.set(
        xlabel=f"{what}, {names[0]}", ylabel=f"{what}, {names[1]}", xlim=(0, highest * 1.04), ylim=(0, highest * 1.04)
    )
    ax.grid(True)
    if len(several) > 1:
        ax.legend(loc="upper left")
    intro = say("Points of groups of customers, {what}: {a} across, {b} up.", what=what, a=names[0], b=names[1])
    set_alt_text(ax, f"{intro} {' '.join(told)}")
    return ax


@styled
def order_counts(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many customers placed 0, 1, 2, … repeat orders, and how many the model expects to.

    Parameters
    ----------
    table : DataFrame
        From `crmlab.lifetime.frequency_table`.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes
    """
    require_columns(table, ["actual", "expected"], table="frequency_table")
    ax = axes_for(ax)
    place = np.arange(len(table))
    ax.bar(place - 0.2, table["actual"], 0.38, color=COLOURS["blue"], label=say("actual"))
    ax.bar(place + 0.2, table["expected"], 0.38, color=COLOURS["orange"], label=say("expected by the model"))
    ax.set_xticks(place, [*(str(k) for k in table.index[:-1]), f"{table.index[-1]}+"])
    ax.set(xlabel=say("Repeat orders"), ylabel=say("Customers"))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.grid(True, axis="y")
    ax.legend()
    wrong = (table["actual"] - table["expected"]).abs().sum() / 2 / table["actual"].sum()
    told = say(
        "Bars of customers by repeat orders, actual and expected; {zero:,.0f} have none where {model:,.0f} are "
        "expected. {wrong:.1%} of the customers stand elsewhere than the model says.",
        zero=table["actual"].iloc[0],
        model=table["expected"].iloc[0],
        wrong=wrong,
    )
    set_alt_text(ax, told)
    return ax


@styled
def bucket(firms: Mapping[str, pd.DataFrame], *, currency: str = "€", ax: Axes | None = None) -> Axes:
    """Draw the yearly profit of firms that lose and win customers, with how many customers they end with.

    Parameters
    ----------
    firms : mapping of str to DataFrame
        From `crmlab.lifetime.leaky_bucket`, by name; periods are years.
    currency : str
        Sign put before amounts.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes
    """
    ax = axes_for(ax)
    told = []
    styles = zip(("grey", "blue", "vermilion"), ("--", "-", "-."), strict=True)
    for (name, table), (colour, line) in zip(firms.items(), styles, strict=False):
        label = f"{name}: {table['customers_end'].iloc[-1]:,.0f} {say('customers at the end')}"
        ax.plot(table.index, table["profit"], line, color=COLOURS[colour], linewidth=2.2, marker="o", label=label)
        told.append(
            say(
                "{name}: profit from {first} in the first year to {last} in the last, customers from {a:,.0f} to "
                "{b:,.0f}.",
                name=name,
                first=money(table["profit"].iloc[0], currency),
                last=money(table["profit"].iloc[-1], currency),
                a=table["customers"].iloc[0],
                b=table["customers_end"].iloc[-1],
            )
        )
    ax.axhline(0, color=COLOURS["grey"], linewidth=0.8)
    ax.set(xlabel=say("Year"), ylabel=say("Profit per year"))
    money_axis(ax.yaxis, currency)
    ax.grid(True, axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=1)
    set_alt_text(ax, " ".join([say("Lines of profit per year."), *told]))
    return ax


@styled
def keeping(gains: pd.DataFrame, *, at: float, points: float, ax: Axes | None = None) -> Axes:
    """Draw by how much the value of a customer rises with some points more retention, for every retention before.

    Parameters
    ----------
    gains : DataFrame
        Indexed by retention (share per year); columns are lines, relative gains.
    at : float
        Retention that is marked.
    points : float
        Points added, as a share.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes
    """
    ax = axes_for(ax)
    low, high = 0.25, 0.85
    ax.axhspan(low, high, color=COLOURS["mist"], zorder=0)
    ax.axhline(1.0, color=COLOURS["grey"], linewidth=1, linestyle=(0, (2, 2)))
    ax.text(gains.index[0], 1.02, say(" profit doubles"), fontsize=8.5, color=COLOURS["grey"], va="bottom")
    ax.text(gains.index[0], 0.80, say(" published: 25% to 85%"), fontsize=8.5, color=COLOURS["grey"], va="top")
    told = []
    for (name, line), (colour, style) in zip(
        gains.items(), (("blue", "-"), ("vermilion", "--"), ("green", "-.")), strict=False
    ):
        here = float(np.interp(at, gains.index, line))
        ax.plot(gains.index, line, style, color=COLOURS[colour], linewidth=2.2, label=f"{name}: {here:+.0%}")
        ax.plot([at], [here], "o", color=COLOURS[colour], markersize=7)
        told.append(say("{name} {gain:+.2%}", name=str(name), gain=here))
    ax.set(
        xlabel=say("Customers who stay from one year to the next"),
        ylabel=say("Value of a customer rises by"),
        xlim=(gains.index[0], gains.index[-1]),
        ylim=(0, 1.6),
    )
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    ax.grid(True)
    ax.legend(loc="upper center")
    set_alt_text(
        ax,
        say(
            "Lines that rise with retention: what {points:g} points more add to the value of a customer. Where "
            "{at:.0%} stay: {told}.",
            points=100 * points,
            at=at,
            told=", ".join(told),
        ),
    )
    return ax
