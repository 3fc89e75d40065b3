"""Thin binding of an explorer to widgets: controls, one sentence, one picture.

No output is captured (``interact`` does, and hides exceptions): an observer redraws and sets the picture's value, so
that an error in ``render`` is raised where the value was set, and a moved control costs one message.
"""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import ipywidgets as widgets
import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from crmlab.explorers.canvas import DOTS_PER_INCH
from crmlab.explorers.explorer import Control, Explorer
from crmlab.plots import alt_text
from crmlab.plots.canvas import fresh_settings

# Of zlib's levels from 0 to 9: a picture that is looked at once and thrown away need not be small.
_COMPRESSION = 1

_LABEL_WIDTH = "19em"


def image(explorer: Explorer, values: dict[str, Any]) -> tuple[str, str]:
    """Draw an explorer and return the picture as HTML and its description.

    Parameters
    ----------
    explorer : Explorer
        What to draw.
    values : dict
        Value of every control.

    Returns
    -------
    tuple of str
        ``<img alt="…" src="data:…">`` and the description in plain text.
    """
    figure = explorer.render(**values)
    words = alt_text(figure)
    pixels = base64.b64encode(_quick_png(figure)).decode("ascii")
    return f'<img alt="{html.escape(words)}" style="max-width:100%" src="data:image/png;base64,{pixels}">', words


def _quick_png(figure: Figure) -> bytes:
    """Return a figure as PNG after drawing it once; ``savefig`` draws twice, the first time to measure."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(fresh_settings()):
        figure.set_dpi(DOTS_PER_INCH)
        compression = {"compress_level": _COMPRESSION}
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None}, pil_kwargs=compression)
    return buffer.getvalue()


def widget(explorer: Explorer) -> widgets.VBox:
    """Return the live form of an explorer: its controls, a sentence that says what is seen, and the picture.

    Parameters
    ----------
    explorer : Explorer
        What to show.

    Returns
    -------
    ipywidgets.VBox
        Children: one widget per control, a `Label` with the description, an `HTML` with the picture.
    """
    inputs = {control.name: _input(control) for control in explorer.controls}
    picture, words = image(explorer, explorer.defaults())
    sentence = widgets.HTML(value=html.escape(words))
    shown = widgets.HTML(value=picture)

    def redraw(change: Any) -> None:
        shown.value, new_words = image(explorer, {name: each.value for name, each in inputs.items()})
        sentence.value = html.escape(new_words)

    for each in inputs.values():
        each.observe(redraw, names="value")
    return widgets.VBox([*inputs.values(), shown, sentence])


def _input(control: Control) -> Any:
    """Return the widget of one control; its description is its accessible name."""
    common: dict[str, Any] = {
        "description": control.caption,
        "style": {"description_width": _LABEL_WIDTH},
        "layout": widgets.Layout(width="40em", max_width="100%"),
    }
    if control.kind == "choice":
        # Radio buttons rather than a list that unfolds: all options are seen, each a stop of the tabulator.
        return widgets.RadioButtons(options=control.options, value=control.default, **common)
    if control.kind == "switch":
        return widgets.Checkbox(value=control.default, indent=True, **common)
    whole = all(float(number).is_integer() for number in (control.low, control.high, control.step))
    if whole:
        low, high, step, default = (int(n) for n in (control.low, control.high, control.step, control.default))
        return widgets.IntSlider(value=default, min=low, max=high, step=step, **common)
    return widgets.FloatSlider(value=control.default, min=control.low, max=control.high, step=control.step, **common)


def mimebundle(explorer: Explorer) -> dict[str, Any]:
    """Return what a front end may show: the widgets, and the picture for those that cannot run them.

    A saved notebook keeps only the picture (see `crmlab.course.build`), so that a page made from it shows the default
    values instead of an error about a missing widget.
    """
    picture, words = image(explorer, explorer.defaults())
    live = widget(explorer)._repr_mimebundle_()
    return {
        "text/plain": words,
        "text/html": picture,
        "application/vnd.jupyter.widget-view+json": live["application/vnd.jupyter.widget-view+json"],
    }
