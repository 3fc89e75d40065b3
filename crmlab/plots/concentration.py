"""Pictures of inequality: Lorenz curve, Pareto curve with classes, and what becomes of last year's best."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from crmlab import grading
from crmlab.plots.canvas import COLOURS, axes_for, figure_of, money, percent, percent_axis, plural, styled
from crmlab.plots.pictures import set_alt_text

# More points than this cannot be seen and make the file large.
POINTS = 400


@styled
def lorenz(values: pd.Series, *, share: float = 0.2, what: str = "revenue", ax: Axes | None = None) -> Axes:
    """Draw the Lorenz curve with the part of the largest customers and the Gini coefficient.

    Parameters
    ----------
    values : Series
        One value per customer, none negative, not all zero.
    share : float, default 0.2
        Share of customers whose part is marked.
    what : str, default "revenue"
        What the values are, for labels.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes
    """
    curve = grading.lorenz(values)
    top, gini = grading.top_share(values, share=share), grading.gini(values)
    ax = axes_for(ax)
    x, y = _thinned(curve["share_of_customers"], curve["share_of_value"])
    ax.plot([0, 1], [0, 1], color=COLOURS["grey"], linewidth=1, linestyle=(0, (4, 3)))
    ax.fill_between(x, y, x, color=COLOURS["sky"], alpha=0.22, linewidth=0)
    ax.plot(x, y, color=COLOURS["blue"], linewidth=2.2, solid_capstyle="round")
    ax.text(0.43, 0.47, "all customers equal", rotation=_slope(ax), ha="center", va="bottom", color=COLOURS["grey"])

    rest = 1 - math.ceil(share * len(values) - 1e-9) / len(values)
    red = COLOURS["vermilion"]
    ax.plot([rest, rest], [0, 1 - top], color=red, linewidth=1, linestyle=(0, (2, 2)))
    ax.plot([rest], [1 - top], "o", color=red, markersize=5.5, zorder=4)
    bracket = {"arrowstyle": "|-|,widthA=0.25,widthB=0.25", "color": red, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (1.03, 1), (1.03, 1 - top), annotation_clip=False, arrowprops=bracket)
    ax.text(1.055, 1 - top / 2, f"the top\n{percent(1 - rest)}\nhold\n{percent(top)}", va="center", color=red)
    ax.text(0.62, 0.36, f"Gini {gini:.2f}", ha="center", va="center", color=COLOURS["blue"], fontweight="bold")

    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="Share of customers, smallest first")
    ax.set(ylabel=f"Share of {what}")
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    ax.grid(True)
    ax.set_title(f"The top {percent(1 - rest)} of customers bring {percent(top)} of {what}")
    set_alt_text(
        ax,
        f"Lorenz curve of {what} over {plural(len(values), 'customer')}, from the smallest to the largest. The "
        f"smallest {percent(rest)} hold {percent(1 - top)}, the largest {percent(1 - rest)} hold {percent(top)}. "
        f"Gini coefficient {gini:.2f} (0 would be equality).",
    )
    return ax


@styled
def abc(
    values: pd.Series,
    *,
    cuts: tuple[float, ...] = (0.8, 0.95),
    what: str = "revenue",
    currency: str = "€",
    ax: Axes | None = None,
) -> Axes:
    """Draw the Pareto curve, customers from the largest to the smallest, with the classes of `crmlab.grading.abc`.

    Parameters
    ----------
    values : Series
        One value per customer; values of zero or less count as zero.
    cuts : tuple of float, default (0.8, 0.95)
        As in `crmlab.grading.abc`; at most four.
    what : str, default "revenue"
        What the values are, for labels.
    currency : str, default "€"
        Sign put before amounts.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are more than four cuts.
    """
    tones = [COLOURS["blue"], COLOURS["sky"], COLOURS["silver"], COLOURS["mist"], "white"]
    if len(cuts) >= len(tones):
        raise ValueError(f"cuts must be at most {len(tones) - 1}: more classes cannot be told apart; got {len(cuts)}.")
    classes = grading.abc(values, cuts=cuts)
    amounts = values.to_numpy(dtype=np.float64).clip(min=0)
    line = np.lexsort((-amounts, classes.cat.codes.to_numpy()))
    cumulated = np.concatenate([[0.0], np.cumsum(amounts[line])])
    total = cumulated[-1] or 1.0
    customers = np.linspace(0, 1, len(cumulated))
    ax = axes_for(ax)
    begin = 0
    keys: list[Patch] = []
    told: list[str] = []
    for name, tone in zip(classes.cat.categories, tones, strict=False):
        count = int((classes == name).sum())
        end = begin + count
        amount = cumulated[end] - cumulated[begin]
        x, y = _thinned(customers[begin : end + 1], cumulated[begin : end + 1] / total)
        ax.fill_between(x, y, color=tone, linewidth=0)
        text = f"{plural(count, 'customer')} ({percent(count / len(values))}), {percent(amount / total)} of {what}"
        keys.append(Patch(facecolor=tone, edgecolor=COLOURS["grey"], linewidth=0.5, label=f"{name}  {text}"))
        told.append(f"{name}: {text}, {money(amount, currency)}")
        begin = end
    x, y = _thinned(customers, cumulated / total)
    ax.plot(x, y, color=COLOURS["ink"], linewidth=1.6, solid_capstyle="round")
    for level in cuts:
        ax.axhline(level, color=COLOURS["grey"], linewidth=0.8, linestyle=(0, (2, 2)))
    legend = ax.legend(handles=keys, loc="lower right", frameon=True, framealpha=0.94, edgecolor="none", borderpad=0.7)
    legend.get_frame().set_facecolor("white")
    ax.set(
        xlim=(0, 1), ylim=(0, 1.02), xlabel="Share of customers, largest first", ylabel=f"Cumulative share of {what}"
    )
    percent_axis(ax.xaxis)
    percent_axis(ax.yaxis)
    best = int((classes == "A").sum())
    ax.set_title(f"Class A: {plural(best, 'customer')} with {percent(cumulated[best] / total)} of {what}")
    set_alt_text(
        ax,
        f"Pareto curve: cumulative share of {what} of {plural(len(values), 'customer')}, largest first, cut into "
        f"classes. {'; '.join(told)}.",
    )
    return ax


@styled
def rank_change(
    last_year: pd.Series,
    this_year: pd.Series,
    *,
    top: int = 500,
    names: tuple[str, str] = ("last year", "this year"),
    ax: Axes | None = None,
) -> Axes:
    """Draw what became of last year's best customers: their rank then against their rank now.

    Parameters
    ----------
    last_year, this_year : Series
        Value per customer, indexed by customer; who is not in the second, or has no value there, did not buy.
    top : int, default 500
        How many of last year's best to show.
    names : tuple of str
        What to call the two periods.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `top` is below 1, a customer occurs twice, or nobody bought in the first period.
    """
    if top < 1:
        raise ValueError(f"top must be at least 1, not {top!r}.")
    if not (last_year.index.is_unique and this_year.index.is_unique):
        raise ValueError("last_year and this_year must have one value per customer: an index label occurs twice.")
    then, now = _ranks(last_year), _ranks(this_year)
    best = then[then <= top]
    if best.empty:
        raise ValueError("last_year has no customer with a value above zero.")
    places = now.reindex(best.index)
    gone = places.isna()
    stayed = places <= top
    fallen = ~gone & ~stayed
    lowest = max(float(now.max()) if len(now) else 1.0, top)

    ax = axes_for(ax, size=(5.2, 3.8))
    dots = float(np.clip(6000 / top, 5, 40))
    kinds = [
        (stayed, COLOURS["blue"], "o", f"still in the top {top:,}: {int(stayed.sum()):,}"),
        (fallen, COLOURS["orange"], "s", f"lower: {int(fallen.sum()):,}"),
        (gone, COLOURS["grey"], "x", f"bought nothing: {int(gone.sum()):,}"),
    ]
    for chosen, colour, marker, label in kinds:
        if chosen.any():
            height = places[chosen].fillna(lowest * 1.07)
            width = 0.9 if marker == "x" else 0.0
            ax.scatter(best[chosen], height, s=dots, color=colour, marker=marker, linewidth=width, label=label)
    ax.axhline(top, color=COLOURS["ink"], linewidth=0.9, linestyle=(0, (4, 3)))
    ax.set(xlim=(0, top * 1.01), ylim=(lowest * (1.12 if gone.any() else 1.03), 1 - lowest * 0.02))
    ax.set(xlabel=f"Rank {names[0]} (1 = best)", ylabel=f"Rank {names[1]}")
    for axis, end in ((ax.xaxis, top), (ax.yaxis, lowest)):
        candidates = MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]).tick_values(0, end)
        ticks = sorted({max(tick, 1.0) for tick in candidates if tick <= end})  # no rank is 0
        axis.set_ticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.17), ncols=3, handletextpad=0.1, columnspacing=1.0)
    ax.set_title(f"Of the top {len(best):,} {names[0]}, {int(stayed.sum()):,} are there {names[1]}")
    ax.grid(True)
    set_alt_text(
        ax,
        f"Scatter of rank {names[0]} against rank {names[1]} for the {len(best):,} best customers of {names[0]}. "
        f"Still among the top {top:,}: {int(stayed.sum()):,}; fallen below: {int(fallen.sum()):,}; bought nothing: "
        f"{int(gone.sum()):,}.",
    )
    return ax


def _ranks(values: pd.Series) -> pd.Series:
    return values[values > 0].rank(method="min", ascending=False)


def _slope(ax: Axes) -> float:
    """Angle of the diagonal on paper, in degrees, to within what labels take."""
    width, height = figure_of(ax).get_size_inches()
    return math.degrees(math.atan2(height * 0.74, width * 0.72))


def _thinned(x: pd.Series | np.ndarray, y: pd.Series | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(x), np.asarray(y)
    if len(x) <= POINTS:
        return x, y
    kept = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(int))
    return x[kept], y[kept]
