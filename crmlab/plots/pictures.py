"""From a figure to a picture in a page: its description in words, SVG, PNG, and display in notebooks."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from crmlab.plots.canvas import figure_of, fresh_settings

_ATTRIBUTE = "_crmlab_alt_text"
_LINES = 'style="stroke-linejoin: round; stroke-linecap: butt"'  # what matplotlib says in a style element


def set_alt_text(figure: Figure | Axes, text: str) -> None:
    """Attach a description in words: what somebody who cannot see the picture should know.

    Parameters
    ----------
    figure : Figure or Axes
        The whole picture, or one of its panels.
    text : str
        The description; what the picture shows rather than how it is drawn.

    Raises
    ------
    ValueError
        If `text` is empty.
    """
    text = " ".join(text.split())
    if not text:
        raise ValueError("text must say what the picture shows, not be empty.")
    setattr(figure, _ATTRIBUTE, text)


def alt_text(figure: Figure) -> str:
    """Return the description of a figure.

    Parameters
    ----------
    figure : Figure
        Any figure.

    Returns
    -------
    str
        The text given to the figure by `set_alt_text`; otherwise the descriptions of its panels; for a panel without
        one, its title and the names of its axes.

    Examples
    --------
    >>> from crmlab import plots
    >>> figure = Figure()
    >>> plots.set_alt_text(figure, "A rising line.")
    >>> plots.alt_text(figure)
    'A rising line.'
    """
    whole = getattr(figure, _ATTRIBUTE, None)
    if whole is not None:
        return str(whole)
    panels = (getattr(ax, _ATTRIBUTE, None) or _labels(ax) for ax in figure.axes)
    return " ".join(filter(None, panels)) or "A picture."


def to_svg(figure: Figure) -> str:
    """Return a figure as an SVG element to be put into a page.

    The text is the same for the same figure, names no date, draws letters as outlines (they look the same on a phone,
    on paper and without the font), and announces itself to screen readers as an image with the alt text. Ids in it
    are made unique by a hash, so several pictures can stand in one page.

    Parameters
    ----------
    figure : Figure
        Any figure.

    Returns
    -------
    str
        From ``<svg`` to ``</svg>``, with a view box: CSS may give it any width.
    """
    description = alt_text(figure)
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    buffer = io.StringIO()
    with matplotlib.rc_context(fresh_settings(**{"svg.hashsalt": "crmlab"})):
        figure.savefig(buffer, format="svg", metadata=nothing)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    mark = hashlib.sha256((description + svg).encode()).hexdigest()[:8]
    # A style element would hold for the whole page that the picture is put into.
    svg = re.sub(r"\s*<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>", "", svg, count=1)
    svg = _own_ids(svg, mark)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{html.escape(description)}" {_LINES} ', 1)


def to_png(figure: Figure, *, dpi: float = 144) -> bytes:
    """Return a figure as PNG; the same bytes for the same figure, matplotlib and fonts.

    Parameters
    ----------
    figure : Figure
        Any figure.
    dpi : float, default 144
        Dots per inch; 144 is sharp on most screens at the natural width.

    Returns
    -------
    bytes
        The file.
    """
    buffer = io.BytesIO()
    with matplotlib.rc_context(fresh_settings()):
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def to_html(figure: Figure | Axes, *, dpi: float = 144) -> str:
    """Return an ``<img>`` that holds the picture and its description.

    Parameters
    ----------
    figure : Figure or Axes
        The picture; of an Axes, the whole figure.
    dpi : float, default 144
        As in `to_png`.
    """
    whole = figure if isinstance(figure, Figure) else figure_of(figure)
    data = base64.b64encode(to_png(whole, dpi=dpi)).decode("ascii")
    width = round(whole.get_figwidth() * 96)  # CSS pixels per inch
    alt = html.escape(alt_text(whole))
    return f'<img alt="{alt}" width="{width}" style="max-width: 100%" src="data:image/png;base64,{data}">'


def register_alt_text_display() -> None:
    """Let notebooks show figures, and Axes that end a cell, as images with their alt text.

    Switches on ``%matplotlib inline`` first, as that would remove what is registered here, and drops its PNG so that
    the picture is stored once.

    Raises
    ------
    RuntimeError
        Outside of Jupyter or IPython.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or shell.display_formatter is None:
        raise RuntimeError("register_alt_text_display works inside Jupyter or IPython only.")
    shell.run_line_magic("matplotlib", "inline")
    formatters = shell.display_formatter.formatters
    formatters["image/png"].pop(Figure, None)
    formatters["text/html"].for_type(Figure, to_html)
    formatters["text/html"].for_type(Axes, to_html)


def _labels(ax: Axes) -> str:
    title = ax.get_title(loc="left") or ax.get_title()
    against = " against ".join(filter(None, (ax.get_ylabel(), ax.get_xlabel())))
    return ": ".join(filter(None, (title, against)))


def _own_ids(svg: str, mark: str) -> str:
    """Drop ids that nothing refers to, and mark the others, which would collide with those of the next picture."""
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg))

    def rename(match: re.Match[str]) -> str:
        return f' id="{mark}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]+)"', rename, svg)
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{mark}-", svg)
