"""Pictures of who leaves: rates by the values of a column, and predicted beside observed rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmlab.churn import wilson
from crmlab.plots.canvas import COLOURS, axes_for, percent, percent_axis, styled
from crmlab.plots.pictures import set_alt_text
from crmlab.tables import TableError, require_columns

MOST_GROUPS = 10
"""Groups of a column of numbers: tenths."""


@styled
def leaving_by(
    column: pd.Series, left: pd.Series, *, what: str = "left", name: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw which share of the customers left, by the values of one column.

    Parameters
    ----------
    column : Series
        One value per customer; numbers with more than ten values are divided into tenths of the customers.
    left : Series of bool
        Who left; same order.
    what : str, default "left"
        What leaving is called here, as in "12% left".
    name : str, optional
        What the column is, for the axis; its name by default.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If the lengths differ or there is nobody.
    """
    if len(column) != len(left) or not len(column):
        raise TableError(
            f"column has {len(column):,} values and left {len(left):,}: one of each per customer is needed."
        )
    values = pd.Series(column.to_numpy())
    gone = pd.Series(np.asarray(left, dtype=bool))
    groups = _groups(values)
    table = gone.groupby(groups, observed=True).agg(["size", "sum"])
    rate = table["sum"] / table["size"]
    low, high = wilson(table["sum"], table["size"])

    ax = axes_for(ax)
    place = np.arange(len(table))
    ax.plot([-0.6, len(table) - 0.5], [gone.mean()] * 2, color=COLOURS["grey"], linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate("all", (len(table) - 0.45, gone.mean()), va="center", fontsize=9, color=COLOURS["grey"])
    ax.vlines(place, low, high, color=COLOURS["sky"], linewidth=5)
    ax.plot(place, rate, "o", color=COLOURS["blue"], markersize=5)
    ax.set(ylim=(0, 1), xlim=(-0.6, len(table)), xlabel=name or str(column.name), ylabel=f"Share who {what}")
    turned = len(table) > 5
    names = [str(each) for each in table.index]
    ax.set_xticks(place, names, rotation=30 if turned else 0, ha="right" if turned else "center")
    percent_axis(ax.yaxis)
    ax.set_title(f"Who {what}, by {name or column.name}")
    first, last = rate.iloc[0], rate.iloc[-1]
    set_alt_text(
        ax,
        f"Share of customers who {what} by {name or column.name}, with 95% intervals: {percent(first)} at "
        f"{table.index[0]}, {percent(last)} at {table.index[-1]}; between {percent(float(rate.min()))} and "
        f"{percent(float(rate.max()))} over {len(table)} groups; {percent(float(gone.mean()))} of all.",
    )
    return ax


def _groups(values: pd.Series) -> pd.Series:
    """Return the group of each customer, as text in the order of the values."""
    if not pd.api.types.is_numeric_dtype(values.dtype) or values.nunique() <= MOST_GROUPS:
        text = values.astype("string").fillna("missing")
        order = values.dropna().drop_duplicates().sort_values().astype("string").tolist()
        if values.isna().any():
            order.append("missing")
        return pd.Series(pd.Categorical(text, categories=order, ordered=True))
    parts = pd.qcut(values, MOST_GROUPS, duplicates="drop")
    whole = bool((values.dropna() == values.dropna().round()).all())
    names = [f"{np.floor(part.left) + 1:,.0f}–{np.floor(part.right):,.0f}" for part in parts.cat.categories]
    if not whole or len(set(names)) < len(names):
        names = [f"{part.left:,.3g}–{part.right:,.3g}" for part in parts.cat.categories]
    return pd.Series(parts.cat.rename_categories(names))


@styled
def leaving_calibration(table: pd.DataFrame, *, what: str = "left", ax: Axes | None = None) -> Axes:
    """Draw observed against predicted rates of leaving.

    Parameters
    ----------
    table : DataFrame
        From `crmlab.churn.calibration`.
    what : str, default "left"
        What leaving is called here.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If a column is missing.
    """
    require_columns(table, ["customers", "predicted", "observed", "low", "high"], table="calibration")
    ax = axes_for(ax, size=(4.6, 3.8))
    top = float(min(1.0, 1.08 * max(table["high"].max(), table["predicted"].max())))
    ax.plot([0, top], [0, top], color=COLOURS["grey"], linewidth=1, linestyle=(0, (4, 3)))
    ax.annotate("as predicted", (0.98 * top, 0.98 * top), ha="right", va="bottom", fontsize=9, color=COLOURS["grey"])
    ax.vlines(table["predicted"], table["low"], table["high"], color=COLOURS["sky"], linewidth=4)
    ax.plot(table["predicted"], table["observed"], "o", color=COLOURS["blue"], markersize=5)
    ax.set(xlim=(0, top), ylim=(0, top * 1.04), xlabel="Predicted probability", ylabel=f"Share who {what}")
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    ax.set_title("Predicted and observed")
    inside = ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).sum()
    set_alt_text(
        ax,
        f"Observed against predicted share who {what}, in {len(table)} groups of customers from the lowest prediction, "
        f"{percent(float(table['predicted'].iloc[0]))} (observed {percent(float(table['observed'].iloc[0]))}), to the "
        f"highest, {percent(float(table['predicted'].iloc[-1]))} (observed "
        f"{percent(float(table['observed'].iloc[-1]))}); in {inside} of them the 95% interval holds the prediction.",
    )
    return ax
