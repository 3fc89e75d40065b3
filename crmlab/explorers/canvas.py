"""Pictures that must answer quickly: axes that stay where they are put, and a still part that is drawn only once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import BboxImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox, TransformedBbox

from crmlab.plots.canvas import fresh_settings

SIZE = (7.0, 4.2)
"""Inches: the width of a notebook's column at a hundred dots per inch."""

DOTS_PER_INCH = 100
"""A 7-inch picture then fills a notebook's column, and drawing stays well under a tenth of a second."""

Place = tuple[float, float, float, float]


def fixed_axes(place: Place, *, size: tuple[float, float] = SIZE) -> Axes:
    """Return axes in a new figure, in crmlab's style; no layout has to be computed when a control moves.

    Parameters
    ----------
    place : tuple of float
        Left, bottom, width and height as shares of the figure.
    size : tuple of float
        Width and height of the figure in inches.
    """
    with matplotlib.rc_context(fresh_settings()):
        return Figure(figsize=size).add_axes(place)


@dataclass(frozen=True)
class Panel:
    """A rectangle of a figure with scales of its own, on which moving parts are put without the cost of axes.

    Attributes
    ----------
    place : tuple of float
        Left, bottom, width and height as shares of the figure.
    x, y : tuple of float
        Ends of the two scales, which are linear.
    """

    place: Place
    x: tuple[float, float]
    y: tuple[float, float]

    def axes(self, figure: Figure) -> Axes:
        """Add axes with these scales to a figure: for the still part."""
        ax = figure.add_axes(self.place)
        ax.set(xlim=self.x, ylim=self.y)
        return ax

    def across(self, x: npt.ArrayLike) -> Any:
        """Return where in the figure, as a share of its width, values of the first scale lie."""
        left, _, width, _ = self.place
        return left + width * (np.asarray(x, dtype=np.float64) - self.x[0]) / (self.x[1] - self.x[0])

    def up(self, y: npt.ArrayLike) -> Any:
        """Return where in the figure, as a share of its height, values of the second scale lie."""
        _, bottom, _, height = self.place
        return bottom + height * (np.asarray(y, dtype=np.float64) - self.y[0]) / (self.y[1] - self.y[0])

    def line(self, figure: Figure, x: npt.ArrayLike, y: npt.ArrayLike, **style: Any) -> None:
        """Draw a line; what lies outside of the panel is cut off."""
        left, bottom, width, height = self.place
        line = Line2D(self.across(x), self.up(y), transform=figure.transFigure, **style)
        figure.add_artist(line)
        line.set_clip_box(TransformedBbox(Bbox.from_bounds(left, bottom, width, height), figure.transFigure))

    def bar(self, figure: Figure, x: float, bottom: float, height: float, *, width: float, **style: Any) -> None:
        """Draw an upright bar around `x`."""
        low, high = float(self.up(bottom)), float(self.up(bottom + height))
        left, right = float(self.across(x - width / 2)), float(self.across(x + width / 2))
        figure.add_artist(Rectangle((left, low), right - left, high - low, transform=figure.transFigure, **style))


class Backdrop:
    """The still part of a picture, kept as an image.

    Axes with their numbers and names are most of the work of a picture and the same at every position of the controls.
    A figure of its own is begun on it each time, so that ``render`` stays pure.

    Parameters
    ----------
    draw : callable
        Draws the still part on an empty figure.
    size : tuple of float
        Width and height of the figure in inches.
    """

    def __init__(self, draw: Callable[[Figure], None], size: tuple[float, float] = SIZE) -> None:
        self._draw, self._size = draw, size

    def figure(self) -> Figure:
        """Return a new figure with the still part in it."""
        figure = Figure(figsize=self._size, dpi=DOTS_PER_INCH)
        image = BboxImage(figure.bbox, interpolation="nearest", origin="upper", zorder=0)
        image.set_data(self._image)
        figure.add_artist(image)
        return figure

    @cached_property
    def _image(self) -> npt.NDArray[np.uint8]:
        with matplotlib.rc_context(fresh_settings()):
            figure = Figure(figsize=self._size, dpi=DOTS_PER_INCH)
            self._draw(figure)
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            return np.array(canvas.buffer_rgba())
