"""A figure whose axes stay where they are put: no layout has to be computed when a control moves."""

from __future__ import annotations

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crmlab.plots.canvas import fresh_settings

SIZE = (7.0, 4.2)
"""Inches: the width of a notebook's column at a hundred dots per inch."""


def fixed_axes(place: tuple[float, float, float, float], *, size: tuple[float, float] = SIZE) -> Axes:
    """Return axes in a new figure, in crmlab's style.

    Parameters
    ----------
    place : tuple of float
        Left, bottom, width and height as shares of the figure.
    size : tuple of float
        Width and height of the figure in inches.
    """
    with matplotlib.rc_context(fresh_settings()):
        return Figure(figsize=size).add_axes(place)
