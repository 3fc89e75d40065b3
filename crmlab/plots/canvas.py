"""What all pictures share: colours, type, empty axes, and how numbers are written."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

P = ParamSpec("P")

COLOURS: dict[str, str] = {
    "blue": "#0072B2",
    "sky": "#56B4E9",
    "orange": "#E69F00",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "ink": "#22303A",
    "grey": "#6B7780",
    "silver": "#C3CAD0",
    "mist": "#EEF1F4",
}
"""Okabe & Ito (2008), Color Universal Design, told apart by colour-blind readers; the last four are our greys."""

SEQUENTIAL: Colormap = LinearSegmentedColormap.from_list("crmlab", ["#F1F6FA", "#A9D3EC", "#3F97CA", "#004B78"])
"""From pale to dark, so that it survives a black-and-white printer."""

SIZE = (5.2, 3.4)
"""Width and height in inches: one column of a page, or the width of a phone."""

STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 9.0,
    "axes.titley": 1.0,  # where it lands anyway; matplotlib need not measure all labels to find out
    "axes.labelsize": 9.5,
    "axes.labelcolor": COLOURS["ink"],
    "axes.edgecolor": COLOURS["grey"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#DDE2E6",
    "grid.linewidth": 0.7,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": COLOURS["grey"],
    "ytick.color": COLOURS["grey"],
    "xtick.labelcolor": COLOURS["ink"],
    "ytick.labelcolor": COLOURS["ink"],
    "text.color": COLOURS["ink"],
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.06,
    "hatch.linewidth": 1.2,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "path",  # letters as outlines: looks the same on a phone, on paper and without the font
}


def styled(draw: Callable[P, Axes]) -> Callable[P, Axes]:
    """Let a function draw in crmlab's style, whatever the reader's own settings, which are left as they were.

    In a figure that the function made for itself, the places of axes and labels are then fixed, so that every saving
    gives the same picture, and fast.
    """

    @wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> Axes:
        with matplotlib.rc_context(fresh_settings()):
            ax = draw(*args, **kwargs)
            figure = figure_of(ax)
            engine = figure.get_layout_engine()
            if kwargs.get("ax") is None and engine is not None:
                engine.execute(figure)
                figure.set_layout_engine("none")
        return ax

    return inside


def fresh_settings(**more: Any) -> Any:
    """Return matplotlib's own defaults with `STYLE` and `more` on top, wherever the present settings differ."""
    present: Any = matplotlib.rcParams  # typed as literals otherwise
    default: Any = matplotlib.rcParamsDefault
    wanted = {**default, **STYLE, **more}
    keep = {"backend", "backend_fallback", "interactive", "toolbar", "date.epoch"}
    return {name: value for name, value in wanted.items() if name not in keep and present[name] != value}


def axes_for(ax: Axes | None, *, size: tuple[float, float] = SIZE) -> Axes:
    """Return `ax`, or the axes of a new figure of this size that belongs to no window.

    Parameters
    ----------
    ax : Axes or None
        Where the caller wants the picture.
    size : tuple of float, default SIZE
        Inches, for a new figure.
    """
    return Figure(figsize=size, layout="constrained").add_subplot() if ax is None else ax


def figure_of(ax: Axes) -> Figure:
    """Return the whole figure in which an axes stands, also from within a subfigure."""
    figure = ax.figure
    while not isinstance(figure, Figure):
        figure = figure.figure
    return figure


def money(amount: float, currency: str) -> str:
    """Return an amount in three digits or so, with the currency sign before it.

    Parameters
    ----------
    amount : float
        The amount.
    currency : str
        Sign such as ``"€"``; letters such as ``"CHF"`` get a space behind them; empty for none.

    Examples
    --------
    >>> money(8_911_407.9, "€"), money(12_345, "CHF"), money(999.96, "€"), money(4.5, "")
    ('€8.9M', 'CHF 12.3k', '€1,000', '4.50')
    """
    sign = f"{currency} " if currency[-1:].isalpha() else currency
    size = abs(amount)
    for limit, unit in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            scale = 1e3 if unit == "k" else limit
            digits = 0 if size >= 100 * scale else 1
            return f"{sign}{amount / scale:,.{digits}f}{unit}"
    return f"{sign}{amount:,.0f}" if size >= 100 or amount == round(amount) else f"{sign}{amount:,.2f}"


def percent(share: float) -> str:
    """Return a share as a whole percentage, with one digit where it is small.

    Parameters
    ----------
    share : float
        Between 0 and 1.

    Examples
    --------
    >>> percent(0.746), percent(0.004), percent(0)
    ('75%', '0.4%', '0%')
    """
    return f"{share:.1%}" if 0 < share < 0.0095 else f"{share:.0%}"


def percent_axis(axis: matplotlib.axis.Axis) -> None:
    """Write the ticks of an axis of shares as percentages."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))


def money_axis(axis: matplotlib.axis.Axis, currency: str) -> None:
    """Write the ticks of an axis of amounts short, with the currency sign, all in the unit of the largest."""
    sign = f"{currency} " if currency[-1:].isalpha() else currency

    def short(amount: float, _: int) -> str:
        largest = max(abs(end) for end in axis.get_view_interval())
        for limit, size, unit in ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
            if largest >= limit and round(amount, 6):
                return f"{sign}{amount / size:,.4g}{unit}"
        return money(round(amount, 6), currency).replace(".0", "")

    axis.set_major_formatter(FuncFormatter(short))


def ink_on(colour: Any) -> str:
    """Return the colour of letters that can be read on this background: black or white."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    # Relative luminance of WCAG 2; at 0.179 black and white have the same contrast, 4.6 : 1.
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 else "white"


def plural(count: float, noun: str) -> str:
    """Return a number with thousands separators and its noun.

    Parameters
    ----------
    count : float
        How many.
    noun : str
        One of them; several get an s.

    Examples
    --------
    >>> plural(1, "customer"), plural(4338, "customer")
    ('1 customer', '4,338 customers')
    """
    return f"{count:,.0f} {noun}" + ("" if count == 1 else "s")
