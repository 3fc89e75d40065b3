"""Explorers: tables of controls, the binding to widgets, and what is left where widgets cannot run."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from matplotlib.figure import Figure

from crmlab.course.execute import settle
from crmlab.course.publish import as_page
from crmlab.explorers import Control, Explorer
from crmlab.explorers.binding import mimebundle, widget
from crmlab.plots import set_alt_text

VIEW = "application/vnd.jupyter.widget-view+json"


def draw(height: int, colour: str, dots: bool, width: float = 1.0) -> Figure:
    figure = Figure(figsize=(3, 2))
    figure.add_subplot().plot([0, width], [0, height], color=colour, marker="o" if dots else "")
    set_alt_text(figure, f"A {colour} line that rises to {height} & {width:g}{', with dots' if dots else ''}.")
    return figure


LINE = Explorer(
    "line",
    (
        Control("height", "Height", "slider", 5, low=0, high=10, unit="€"),
        Control("width", "Width", "slider", 1.0, low=0.5, high=2, step=0.5),
        Control("colour", "Colour", "choice", "black", options=("black", "blue")),
        Control("dots", "Dots", "switch", False),
    ),
    draw,
)


def test_values_outside_the_table_are_refused() -> None:
    assert isinstance(LINE.figure(height=3), Figure)
    with pytest.raises(ValueError, match=r"no control 'heigth'. Did you mean 'height'"):
        LINE.figure(heigth=3)
    with pytest.raises(ValueError, match="height must lie between 0 and 10; it is 11"):
        LINE.figure(height=11)
    with pytest.raises(ValueError, match="colour must be one of black, blue; it is 'red'"):
        LINE.figure(colour="red")


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "slider", "default": 5, "low": 0, "high": 3},
        {"kind": "slider", "default": 0, "low": 0, "high": 0},
        {"kind": "slider", "default": 1, "low": 0, "high": 3, "step": 0},
        {"kind": "choice", "default": "red", "options": ("blue",)},
        {"kind": "switch", "default": 1},
    ],
)
def test_controls_whose_parts_do_not_go_together(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'x'"):
        Control("x", "X", **wrong)


def test_every_control_is_labelled_with_its_unit() -> None:
    box = widget(LINE)
    assert [child.description for child in box.children[:4]] == ["Height (€)", "Width", "Colour", "Dots"]


@pytest.mark.parametrize(("place", "value"), [(0, 7), (1, 2.0), (2, "blue"), (3, True)])
def test_moving_a_control_changes_picture_and_words(place: int, value: Any) -> None:
    box = widget(LINE)
    control, picture, sentence = box.children[place], box.children[4], box.children[5]
    before = (picture.value, sentence.value)
    control.value = value
    assert picture.value != before[0] and sentence.value != before[1]
    control.value = LINE.controls[place].default
    assert (picture.value, sentence.value) == before


def test_an_error_in_the_picture_is_raised_where_the_control_was_moved() -> None:
    def fails_at_ten(height: int) -> Figure:
        if height == 10:
            raise ZeroDivisionError("ten")
        return draw(height, "black", False)

    box = widget(Explorer("fails", LINE.controls[:1], fails_at_ten))
    with pytest.raises(ZeroDivisionError, match="ten"):
        box.children[0].value = 10


def test_words_are_escaped() -> None:
    box = widget(LINE)
    assert 'alt="A black line that rises to 5 &amp; 1."' in box.children[4].value
    assert box.children[5].value == "A black line that rises to 5 &amp; 1."


def test_a_saved_notebook_keeps_the_picture_and_a_page_shows_it() -> None:
    bundle = mimebundle(LINE)
    assert set(bundle) == {"text/plain", "text/html", VIEW}
    output = nbformat.v4.new_output("execute_result", bundle, execution_count=1)
    cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("line", outputs=[output])]
    notebook = nbformat.v4.new_notebook(cells=cells)
    settle(notebook)
    page = as_page(notebook, "title")
    assert 'alt="A black line that rises to 5 &amp; 1."' in page
    assert "No description has been provided" not in page
    assert VIEW not in page
    assert re.findall(r"<script|(?:src|href)=.?http|url\(.?http|@import", page) == []
