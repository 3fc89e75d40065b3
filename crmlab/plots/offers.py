"""Pictures of needs and offers: what people call a must-have and what they choose, and what each level is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from crmlab.plots.canvas import COLOURS, axes_for, percent_axis, styled
from crmlab.plots.pictures import set_alt_text
from crmlab.tables import require_columns


@styled
def need_priorities(needs: pd.DataFrame, *, first: int = 3, ax: Axes | None = None) -> Axes:
    """Draw for each need who calls it a must-have, beside who would still have it if only a few could be had.

    Parameters
    ----------
    needs : DataFrame
        Table ``needs``: ``need``, ``stated_must``, ``forced_rank``.
    first : int, default 3
        How many needs could be had.
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
    require_columns(needs, ["need", "stated_must", "forced_rank"], table="needs")
    shares = pd.DataFrame(
        {
            "said": needs["stated_must"].groupby(needs["need"].astype(str)).mean(),
            "chosen": (needs["forced_rank"] <= first).groupby(needs["need"].astype(str)).mean(),
        }
    ).sort_values("chosen")
    ax = axes_for(ax, size=(7.0, 3.6))
    place = np.arange(len(shares))
    ax.hlines(place, shares["chosen"], shares["said"], color=COLOURS["silver"], linewidth=3)
    ax.plot(shares["said"], place, "s", color=COLOURS["orange"], markersize=7, label="call it a must-have")
    ax.plot(shares["chosen"], place, "o", color=COLOURS["blue"], markersize=8, label=f"keep it among only {first}")
    ax.set(yticks=place, yticklabels=[name.replace("_", " ") for name in shares.index], xlim=(0, 1))
    percent_axis(ax.xaxis)
    ax.set_xlabel("Share of customers asked")
    ax.set_title("Said and chosen")
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
    told = "; ".join(
        f"{str(name).replace('_', ' ')}: {row['said']:.0%} call it a must-have, {row['chosen']:.0%} keep it"
        for name, row in shares[::-1].iterrows()
    )
    set_alt_text(ax, f"Needs, when only {first} can be kept. {told}.")
    return ax


@styled
def part_worths(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the part-worth of every level with its interval, attribute by attribute.

    Parameters
    ----------
    table : DataFrame
        Indexed by ``attribute`` and ``level``: ``part_worth``, ``low``, ``high``; from `crmlab.needs.Conjoint`.
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
    require_columns(table, ["part_worth", "low", "high"], table="part-worths")
    ax = axes_for(ax, size=(7.0, 4.4))
    names = list(dict.fromkeys(table.index.get_level_values("attribute")))
    place, ticks, labels, told = 0.0, [], [], []
    for name in names:
        part = table.loc[name]
        ax.axhspan(
            place - 0.6, place + len(part) - 0.4, color=COLOURS["mist"] if names.index(name) % 2 == 0 else "white"
        )
        for level, row in part.iterrows():
            ax.plot([row["low"], row["high"]], [place, place], color=COLOURS["sky"], linewidth=4, solid_capstyle="butt")
            ax.plot(row["part_worth"], place, "o", color=COLOURS["blue"], markersize=6)
            ticks.append(place)
            labels.append(f"{level:g} €" if isinstance(level, float) else str(level))
            place += 1
        middle = place - (len(part) + 1) / 2
        ax.text(
            1.01,
            middle,
            name.removesuffix("_shown"),
            transform=ax.get_yaxis_transform(),
            va="center",
            color=COLOURS["grey"],
        )
        best, worst = part["part_worth"].idxmax(), part["part_worth"].idxmin()
        told.append(f"{name.removesuffix('_shown')}: best {best} ({part['part_worth'].max():+.2f}), worst {worst} "
                    f"({part['part_worth'].min():+.2f})")  # fmt: skip
        place += 0.2
    ax.axvline(0, color=COLOURS["grey"], linewidth=0.8)
    ax.set(yticks=ticks, yticklabels=labels, ylim=(place - 0.7, -0.7))
    ax.set_xlabel("Part-worth in logits; bands: 95% intervals")
    ax.set_title("What each level is worth, on average")
    ax.tick_params(axis="y", length=0)
    set_alt_text(ax, "Part-worths in logits. " + "; ".join(told) + ".")
    return ax
