"""Pictures of why customers leave: how long they stay, and what they say beside what would have kept them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmlab.plots.canvas import COLOURS, axes_for, percent, percent_axis, styled
from crmlab.plots.pictures import set_alt_text
from crmlab.tables import TableError, require_columns


@styled
def survival(curve: pd.DataFrame, *, what: str = "still there", unit: str = "months", ax: Axes | None = None) -> Axes:
    """Draw the share of customers still there after each duration.

    Parameters
    ----------
    curve : DataFrame
        From `crmlab.churn.kaplan_meier`.
    what : str, default "still there"
        What those are who have not left.
    unit : str, default "months"
        Unit of the durations.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If a column is missing or nobody left.
    """
    require_columns(curve, ["survival", "low", "high"], table="curve")
    if curve.empty:
        raise TableError("The curve has no point: nobody left.")
    ax = axes_for(ax)
    time = np.concatenate([[0.0], curve.index.to_numpy(float)])
    share, low, high = (np.concatenate([[1.0], curve[name].to_numpy(float)]) for name in ("survival", "low", "high"))
    ax.fill_between(time, low, np.nan_to_num(high, nan=1.0), step="post", color=COLOURS["sky"], alpha=0.45, linewidth=0)
    ax.step(time, share, where="post", color=COLOURS["blue"], linewidth=1.8)
    ax.set(xlim=(0, time[-1]), ylim=(0, 1.03), xlabel=unit.capitalize(), ylabel=f"Share {what}")
    percent_axis(ax.yaxis)
    ax.grid(axis="y")
    ax.set_title(f"Share {what}")
    places = np.linspace(0, len(time) - 1, 5).round().astype(int)[1:]
    told = ", ".join(f"{percent(float(share[k]))} after {time[k]:,.1f}" for k in places)
    set_alt_text(ax, f"Share of customers {what}, in {unit}, with 95% intervals: {told}.")
    return ax


@styled
def stated_and_true(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw for each cause the share of the answers that name it, beside the share of departures that it caused.

    Parameters
    ----------
    table : DataFrame
        Indexed by cause: ``stated`` and ``true``, shares; in the sequence to draw, from the top.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If a column is missing or there is no cause.
    """
    require_columns(table, ["stated", "true"], table="causes")
    if table.empty:
        raise TableError("There is no cause to draw.")
    ax = axes_for(ax, size=(7.0, 0.9 + 0.5 * len(table)))
    place = np.arange(len(table))[::-1]
    bars = (("stated", 0.19, "orange", "what they say"), ("true", -0.19, "blue", "what it was"))
    top = float(table[["stated", "true"]].to_numpy().max())
    for name, shift, colour, label in bars:
        values = table[name].to_numpy(float)
        ax.barh(place + shift, values, height=0.36, color=COLOURS[colour], label=label)
        for y, value in zip(place + shift, values, strict=True):
            ax.text(max(value, 0.0) + 0.01 * top, y, percent(float(value)), va="center", fontsize=9)
    ax.set(yticks=place, yticklabels=[str(name).replace("_", " ") for name in table.index], xlim=(0, 1.12 * top))
    percent_axis(ax.xaxis)
    ax.set_xlabel("Share of answers, share of departures")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.set_title("Why they left")
    ax.legend(loc="upper right", frameon=False)
    told = "; ".join(
        f"{str(name).replace('_', ' ')}: stated {percent(float(row['stated']))}, true {percent(float(row['true']))}"
        for name, row in table.iterrows()
    )
    set_alt_text(ax, f"Causes of leaving, share of answers beside share of departures. {told}.")
    return ax
