"""Pictures over time: revenue by month, and how many customers of each starting month came back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmlab.plots.canvas import (
    COLOURS,
    SEQUENTIAL,
    axes_for,
    figure_of,
    ink_on,
    money,
    money_axis,
    percent,
    percent_axis,
    plural,
    styled,
)
from crmlab.plots.pictures import set_alt_text
from crmlab.tables import require_columns

# Above so many cohorts the cells are too small for numbers.
NUMBERED = 15


@styled
def revenue(monthly: pd.DataFrame, *, currency: str = "€", ax: Axes | None = None) -> Axes:
    """Draw revenue by month: what was kept, and on top of it what was paid back.

    Parameters
    ----------
    monthly : DataFrame
        Table ``monthly_revenue``. A month that is not complete is hatched.
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
    require_columns(monthly, ["month_start", "revenue", "revenue_net", "complete"], table="monthly_revenue")
    gross, net = monthly["revenue"].to_numpy(), monthly["revenue_net"].to_numpy()
    refunded = gross - net
    place = np.arange(len(monthly))
    running = ~monthly["complete"].to_numpy(dtype=bool)
    ax = axes_for(ax)
    width = 0.78 if len(monthly) <= 60 else 1.0
    ax.bar(place[~running], net[~running], width, color=COLOURS["blue"], label="kept")
    if running.any():
        hatched: dict[str, Any] = {"color": COLOURS["blue"], "hatch": "////", "edgecolor": "white", "linewidth": 0}
        ax.bar(place[running], net[running], width, label="kept, month not complete", **hatched)
    if refunded.sum() > 0:
        ax.bar(place, refunded, width, bottom=net, color=COLOURS["orange"], label="refunded later")
    _month_ticks(ax, monthly["month_start"])
    money_axis(ax.yaxis, currency)
    ax.set(ylabel="Revenue per month", xlim=(-0.7, len(monthly) - 0.3))
    ax.grid(True, axis="y")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    if running.any() or refunded.sum() > 0:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, columnspacing=1.2, handlelength=1.1)
    best, worst = int(gross.argmax()), int(gross.argmin())
    named = monthly["month_start"].dt.strftime("%B %Y").tolist()
    ax.set_title(f"{money(gross.sum(), currency)} in {plural(len(monthly), 'month')}, most in {named[best]}")
    told = [
        f"Bars of revenue per month from {named[0]} to {named[-1]}, {money(gross.sum(), currency)} in all.",
        f"Most in {named[best]} with {money(gross[best], currency)}, least in {named[worst]} with "
        f"{money(gross[worst], currency)}.",
    ]
    if refunded.sum() > 0:
        told.append(f"{money(refunded.sum(), currency)} ({percent(refunded.sum() / gross.sum())}) was refunded.")
    if running.any():
        told.append(f"{named[-1]} is not complete.")
    set_alt_text(ax, " ".join(told))
    return ax


@styled
def cohorts(retention: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw which share of each month's new customers ordered again in each later month.

    Parameters
    ----------
    retention : DataFrame
        Table ``cohort_retention``. Months that are not complete are left out.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If a column is missing.
    ValueError
        If there is no complete later month to show.
    """
    require_columns(retention, ["cohort", "month_number", "customers", "share", "complete"], table="cohort_retention")
    later = retention[(retention["month_number"] > 0) & retention["complete"]]
    if later.empty:
        raise ValueError("retention must have at least one complete month after a first month; it has none.")
    shares = later.pivot(index="cohort", columns="month_number", values="share").sort_index()
    sizes = later.groupby("cohort")["customers"].first().loc[shares.index]
    rows, columns = shares.shape
    ax = axes_for(ax, size=(5.2, float(np.clip(1.1 + 0.235 * rows, 2.2, 5.2))))
    highest = max(float(np.nanmax(shares.to_numpy())), 1e-9)
    mesh = ax.pcolormesh(
        np.arange(0.5, columns + 1),
        np.arange(-0.5, rows),
        np.ma.masked_invalid(shares.to_numpy()),
        cmap=SEQUENTIAL,
        vmin=0,
        vmax=highest,
        edgecolor="white",
        linewidth=1 if rows <= NUMBERED else 0,
    )
    if rows <= NUMBERED and columns <= NUMBERED:
        for row, month in np.argwhere(shares.notna().to_numpy()):
            share = shares.iloc[row, month]
            ink = ink_on(SEQUENTIAL(share / highest))
            ax.text(month + 1, row, f"{100 * share:.0f}", ha="center", va="center", color=ink, fontsize=8)
    else:
        bar = figure_of(ax).colorbar(mesh, ax=ax, shrink=0.5, aspect=12)
        bar.outline.set_visible(False)
        percent_axis(bar.ax.yaxis)
    step = -(-rows // 15)
    ticks = range(0, rows, step)
    ax.set_yticks(ticks, [f"{shares.index[i]:%b %Y} ({sizes.iloc[i]:,})" for i in ticks])
    ax.set_xticks(np.arange(1, columns + 1, -(-columns // 12)))
    ax.set(xlim=(0.5, columns + 0.5), ylim=(rows - 0.5, -0.5))
    ax.set(xlabel="Months after the first order", ylabel="First order (customers)")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("New customers who ordered again (%)")
    first = later[later["month_number"] == 1]
    back = float((first["share"] * first["customers"]).sum() / first["customers"].sum())
    oldest = shares.iloc[0].dropna()
    months = sorted({1, int(oldest.index[-1])})
    told = " and ".join(f"{percent(float(oldest[month]))} ordered in month {month}" for month in months)
    set_alt_text(
        ax,
        f"Heat map: share of each month's new customers who ordered in later months, {plural(rows, 'starting month')}. "
        f"In the month after their first order {percent(back)} came back on average. Of the "
        f"{plural(sizes.iloc[0], 'customer')} of {shares.index[0]:%B %Y}, {told}. "
        f"The highest share is {percent(highest)}.",
    )
    return ax


def _month_ticks(ax: Axes, months: pd.Series) -> None:
    """Label up to about a dozen months; the year stands under its first label."""
    count = len(months)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60) if count / s <= 13), 120)
    if step >= 12:
        places = [i for i in range(count) if months.iloc[i].month == 1][:: step // 12] or [0]
        labels = [f"{months.iloc[i]:%Y}" for i in places]
    else:
        places = list(range(0, count, step))
        years = [months.iloc[i].year for i in places]
        changes = [n == 0 or years[n - 1] != year for n, year in enumerate(years)]
        if changes[1:2] == [True]:  # two years side by side would touch
            changes[0] = False
        labels = [f"{months.iloc[i]:%b}" + (f"\n{years[n]}" if changes[n] else "") for n, i in enumerate(places)]
    ax.set_xticks(places, labels)
