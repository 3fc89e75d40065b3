"""Pictures of grades: the grid of recency and frequency scores, and the four value zones."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from crmlab.grading import ZONES
from crmlab.plots.canvas import COLOURS, SEQUENTIAL, axes_for, ink_on, money, percent, percent_axis, plural, styled
from crmlab.plots.pictures import set_alt_text
from crmlab.tables import require_columns

ZONE_COLOURS = dict(zip(ZONES, (COLOURS["blue"], COLOURS["sky"], COLOURS["orange"], COLOURS["silver"]), strict=True))
"""One colour per zone, in every picture."""


@styled
def rfm_grid(
    customers: pd.DataFrame,
    *,
    value: str = "monetary_net",
    what: str = "revenue",
    currency: str = "€",
    ax: Axes | None = None,
) -> Axes:
    """Draw how many customers have each pair of recency and frequency scores, and what one brings on average.

    Parameters
    ----------
    customers : DataFrame
        One row per customer: ``r_score``, ``f_score`` and `value`.
    value : str, default "monetary_net"
        Column with what a customer brought.
    what : str, default "revenue"
        What `value` is, for labels.
    currency : str, default "€"
        Sign put before amounts.
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
    require_columns(customers, ["r_score", "f_score"], table="grades")
    require_columns(customers, [value], table="rfm")
    bins = range(1, max(5, int(customers[["r_score", "f_score"]].to_numpy().max())) + 1)
    cells = customers.groupby(["f_score", "r_score"])[value].agg(["size", "mean"])
    counts = cells["size"].unstack().reindex(index=bins, columns=bins).fillna(0).to_numpy()
    means = cells["mean"].unstack().reindex(index=bins, columns=bins).to_numpy()

    ax = axes_for(ax, size=(5.2, 4.1))
    norm = PowerNorm(0.5, vmin=0, vmax=max(float(np.nanmax(means)), 1e-9))
    edges = np.arange(0.5, len(bins) + 1)
    ax.pcolormesh(edges, edges, np.ma.masked_invalid(means), cmap=SEQUENTIAL, norm=norm, edgecolor="white", linewidth=2)
    for f in bins:
        for r in bins:
            count, mean = counts[f - 1, r - 1], means[f - 1, r - 1]
            if not count:
                ax.text(r, f, "–", ha="center", va="center", color=COLOURS["grey"])
                continue
            ink = ink_on(SEQUENTIAL(norm(mean)))
            ax.text(r, f + 0.02, f"{count:,.0f}", ha="center", va="bottom", color=ink, fontweight="bold")
            ax.text(r, f - 0.06, money(mean, currency), ha="center", va="top", color=ink, fontsize=8.5)
    last = len(bins)
    ax.set(xticks=bins, yticks=bins, xlim=(0.5, last + 0.5), ylim=(0.5, last + 0.5))
    ax.set(xlabel=f"Recency score ({last} = ordered most recently)", ylabel=f"Frequency score ({last} = most orders)")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(f"Customers (bold) and their mean {what}")
    best = (
        f"The {plural(counts[-1, -1], 'customer')} with the best scores on both bring "
        f"{money(means[-1, -1], currency)} each"
        if counts[-1, -1]
        else "Nobody has the best score on both"
    )
    set_alt_text(
        ax,
        f"Heat map of {plural(len(customers), 'customer')} by recency and frequency score, 1 to {last}. {best}; over "
        f"all customers it is {money(float(customers[value].mean()), currency)}. Lowest on both scores: "
        f"{counts[0, 0]:,.0f}. Lowest frequency but most recent: {counts[0, -1]:,.0f}.",
    )
    return ax


@styled
def zones(
    customers: pd.DataFrame,
    *,
    value: str = "monetary_net",
    what: str = "revenue",
    currency: str = "€",
    ax: Axes | None = None,
) -> Axes:
    """Draw how many customers are in each value zone and what they brought.

    Parameters
    ----------
    customers : DataFrame
        One row per customer: ``zone`` (see `crmlab.grading.zones`) and `value`.
    value : str, default "monetary_net"
        Column with what a customer brought.
    what : str, default "revenue"
        What `value` is, for labels.
    currency : str, default "€"
        Sign put before amounts.
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
    require_columns(customers, ["zone"], table="grades")
    require_columns(customers, [value], table="rfm")
    by_zone = (
        customers.groupby(customers["zone"].astype(str))[value].agg(["size", "sum"]).reindex(list(ZONES)).fillna(0)
    )
    counts, amounts = by_zone["size"].to_numpy(), by_zone["sum"].to_numpy()
    of_customers, of_value = counts / len(customers), amounts / (amounts.sum() or 1.0)
    ax = axes_for(ax)
    told = []
    for row, zone in enumerate(ZONES):
        texts = plural(counts[row], "customer"), f"{money(amounts[row], currency)} {what}"
        for offset, share, text, hatch in zip(
            (-0.2, 0.2), (of_customers[row], of_value[row]), texts, (None, "////"), strict=True
        ):
            ax.barh(row + offset, share, 0.36, color=ZONE_COLOURS[zone], hatch=hatch, edgecolor="white", linewidth=0)
            ax.text(share + 0.01, row + offset, f"{percent(share)}  {text}", va="center", fontsize=8.5)
        told.append(f"{zone}: {texts[0]} ({percent(of_customers[row])}), {texts[1]} ({percent(of_value[row])})")
    widest = max(of_customers.max(), of_value.max())
    ax.set(ylim=(3.55, -0.55), xlim=(0, widest * 1.5))
    ax.set(xlabel=f"Share of all customers (plain) and of all {what} (hatched)")
    ax.set_yticks(range(len(ZONES)), ZONES)
    ax.tick_params(axis="y", length=0)
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= min(1, widest * 1.5)])
    percent_axis(ax.xaxis)
    ax.set_title(f"Value zones: customers and {what}")
    set_alt_text(ax, f"Bars of customers and {what} by value zone. {'; '.join(told)}.")
    return ax
