"""Formulas in pages that open without a network: LaTeX set by matplotlib into small pictures of outlines."""

from __future__ import annotations

import functools
import html
import io
import re

import matplotlib
import matplotlib.font_manager
from matplotlib.figure import Figure

from crmlab.plots.canvas import COLOURS, fresh_settings

# As in Jupyter: $$…$$ stands by itself, $…$ in a line, where the dollars touch the formula and no digit follows: prices
# in dollars stay text.
FORMULA = re.compile(r"\$\$(?P<block>.+?)\$\$|\$(?P<line>(?=\S)[^$\n]+?(?<=\S))\$(?!\d)", re.DOTALL)

_POINTS = 11.0
_UNSET = re.compile(r"<(?P<tag>code|pre|script|style|svg|textarea)\b.*?</(?P=tag)>|<[^>]*>", re.DOTALL)


class FormulaError(ValueError):
    """A formula that cannot be typeset; the message names it."""


def typeset(page: str) -> str:
    """Return an HTML page with its formulas typeset; code, scripts and tags are left alone.

    Parameters
    ----------
    page : str
        HTML in which formulas stand as ``$…$`` and ``$$…$$``.

    Raises
    ------
    FormulaError
        If one of them is beyond matplotlib's mathtext (a subset of LaTeX).

    Examples
    --------
    >>> page = typeset("<p>A share $p$, 5 $ a piece, <code>$p$</code></p>")
    >>> page.count("<svg"), "5 $ a piece" in page, "<code>$p$</code>" in page
    (1, True, True)
    """
    done, place = [], 0
    for part in _UNSET.finditer(page):
        done += [_in_text(page[place : part.start()]), part.group()]
        place = part.end()
    return "".join([*done, _in_text(page[place:])])


def _in_text(text: str) -> str:
    return FORMULA.sub(_picture, text) if "$" in text else text


def _picture(found: re.Match[str]) -> str:
    block = found["block"] is not None
    formula = " ".join(html.unescape(found["block"] if block else found["line"]).split())
    svg, width, height, below = as_svg(formula)
    style = f"width:{width / _POINTS:.3f}em;height:{height / _POINTS:.3f}em;vertical-align:{-below / _POINTS:.3f}em"
    label = html.escape(formula, quote=True)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" style="{style}" ', 1)
    return f'<span style="display:block;text-align:center;margin:0.8em 0">{svg}</span>' if block else svg


@functools.cache
def as_svg(formula: str) -> tuple[str, float, float, float]:
    """Return a formula as an SVG element, its width and height, and how far it reaches below the line, in points.

    Parameters
    ----------
    formula : str
        LaTeX without dollars.

    Raises
    ------
    FormulaError
        If it cannot be typeset.
    """
    from matplotlib.mathtext import MathTextParser

    figure, text, buffer = Figure(), f"${formula}$", io.StringIO()
    settings = {"mathtext.fontset": "cm", "svg.fonttype": "path", "svg.hashsalt": text}
    with matplotlib.rc_context(fresh_settings(**settings)):
        try:
            # The parser measures at 72 dots per inch, so that its pixels are points.
            width, height, below, *_ = MathTextParser("path").parse(text, 72, _properties())
            figure.set_size_inches(max(width, 1) / 72, max(height, 1) / 72)
            figure.text(0, below / max(height, 1), text, fontsize=_POINTS, color=COLOURS["ink"])
            figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        except ValueError as error:
            reason = str(error).strip().splitlines()[-1]
            raise FormulaError(f"The formula {text} cannot be typeset: {reason}") from error
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :].strip(), float(width), float(height), float(below)


def _properties() -> matplotlib.font_manager.FontProperties:
    return matplotlib.font_manager.FontProperties(size=_POINTS)
