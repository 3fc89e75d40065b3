"""Pictures of segments: what sets each apart from the average."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize

from crmlab.plots.canvas import COLOURS, axes_for, ink_on, percent, styled
from crmlab.plots.pictures import set_alt_text
from crmlab.tables import TableError, require_columns

DIVERGING: Colormap = LinearSegmentedColormap.from_list(
    "crmlab_diverging", ["#B34700", "#F2B48A", "#F7F7F7", "#8FC3E3", "#005B8F"]
)
"""Vermilion below the average, blue above: told apart by colour-blind readers, and every tile carries its number."""


@styled
def segment_profile(
    profiled: pd.DataFrame,
    *,
    names: Mapping[str, str] | None = None,
    limit: float = 1.5,
    ax: Axes | None = None,
) -> Axes:
    """Draw how far the mean of each segment lies from the average, in standard deviations of single customers.

    Parameters
    ----------
    profiled : DataFrame
        From `crmlab.segmentation.profile`: one row per segment, ``customers``, ``share`` and columns ending in ``_z``.
    names : mapping of str to str, optional
        Column → what to call it in the picture; by default its name with spaces.
    limit : float, default 1.5
        Standard deviations at which the colour is full.
    ax : Axes, optional
        Where to draw; a new figure when left out.

    Returns
    -------
    Axes

    Raises
    ------
    TableError
        If a column is missing or there is none ending in ``_z``.
    """
    require_columns(profiled, ["customers", "share"], table="profile")
    far = profiled[[name for name in profiled.columns if str(name).endswith("_z")]]
    if far.empty:
        raise TableError("segment_profile needs the table that profile gives; this one has no columns ending in _z.")
    labels = [str(name).removesuffix("_z") for name in far.columns]
    shown = [(names or {}).get(name, name.replace("_", " ")) for name in labels]
    called = [
        f"group {segment}" if isinstance(segment, int | np.integer) else str(segment) for segment in profiled.index
    ]
    rows = [f"{name}\n{percent(share)}" for name, share in zip(called, profiled["share"], strict=True)]
    ax = axes_for(ax, size=(7.0, 0.9 + 0.58 * len(rows)))
    scale = Normalize(-limit, limit, clip=True)
    values = far.to_numpy(float)
    ax.imshow(DIVERGING(scale(values)), aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ink = ink_on(DIVERGING(scale(value)))
        ax.text(column, row, _signed(value), ha="center", va="center", color=ink, fontsize=10)
    ax.set(xticks=range(len(shown)), yticks=range(len(rows)))
    ax.set_xticklabels(shown)
    ax.set_yticklabels(rows)
    ax.xaxis.set_ticks_position("top")
    ax.tick_params(length=0)
    ax.set_xticks(np.arange(0.5, len(shown) - 1), minor=True)
    ax.set_yticks(np.arange(0.5, len(rows) - 1), minor=True)
    ax.grid(which="minor", color="white", linewidth=2)
    ax.tick_params(which="minor", length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_xlabel("Distance of the group's mean from the average, in standard deviations", color=COLOURS["ink"])
    told = "; ".join(
        f"{segment} ({percent(share)} of customers): "
        + ", ".join(f"{name} {_signed(value)}" for name, value in zip(shown, own, strict=True))
        for segment, share, own in zip(called, profiled["share"], values, strict=True)
    )
    set_alt_text(ax, f"Segments and what sets them apart, in standard deviations from the average. {told}.")
    return ax


def _signed(value: float) -> str:
    """Return a number with its sign and one digit; nothing has no sign."""
    return "0.0" if abs(value) < 0.05 else f"{value:+.1f}".replace("-", "−")
