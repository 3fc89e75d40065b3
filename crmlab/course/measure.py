"""Measure the style of notebooks in the terms in which other courses were measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import nbformat
import numpy as np

from crmlab.course.prose import words


@dataclass(frozen=True, slots=True)
class Style:
    """How a notebook, or a course of them, is written.

    Attributes
    ----------
    cells, code_cells : float
        Cells, and code cells, of a notebook (mean over a course).
    lines_median, lines_p90, lines_longest : float
        Lines of code in a cell; empty lines do not count.
    over_20 : float
        Share of code cells with more than 20 lines.
    words : float
        Words of prose in a notebook (mean over a course).
    after_prose : float
        Share of code cells that stand right behind prose.
    longest_run : int
        Most code cells in a row.
    """

    cells: float
    code_cells: float
    lines_median: float
    lines_p90: float
    lines_longest: int
    over_20: float
    words: float
    after_prose: float
    longest_run: int


def code_lines(text: str) -> int:
    """Count the lines of a code cell that are not empty."""
    return sum(1 for line in text.splitlines() if line.strip())


def measure(notebooks: Sequence[nbformat.NotebookNode]) -> Style:
    """Measure one or more notebooks.

    Parameters
    ----------
    notebooks : sequence of NotebookNode
        At least one; each with at least one code cell.

    Raises
    ------
    ValueError
        If there is nothing to measure.
    """
    lines: list[int] = []
    after: list[bool] = []
    longest = 0
    for notebook in notebooks:
        run = 0
        previous = ""
        for cell in notebook.cells:
            if cell.cell_type == "code":
                lines.append(code_lines(cell.source))
                after.append(previous == "markdown")
                run += 1
                longest = max(longest, run)
            else:
                run = 0
            previous = cell.cell_type
    if not lines:
        raise ValueError("There is no code cell to measure.")
    count = len(notebooks)
    return Style(
        cells=sum(len(notebook.cells) for notebook in notebooks) / count,
        code_cells=len(lines) / count,
        lines_median=statistics.median(lines),
        lines_p90=float(np.percentile(lines, 90)),
        lines_longest=max(lines),
        over_20=float(np.mean([each > 20 for each in lines])),
        words=sum(words(c.source) for notebook in notebooks for c in notebook.cells if c.cell_type == "markdown")
        / count,
        after_prose=float(np.mean(after)),
        longest_run=longest,
    )


def as_row(name: str, notebooks: Sequence[nbformat.NotebookNode]) -> str:
    """Return the measures as a row of a Markdown table.

    Parameters
    ----------
    name : str
        What was measured.
    notebooks : sequence of NotebookNode
        The notebooks.
    """
    style = measure(notebooks)
    cells = (
        name,
        str(len(notebooks)),
        f"{style.cells:.0f}",
        f"{style.code_cells:.0f}",
        f"{style.lines_median:.0f} / {style.lines_p90:.0f}",
        f"{style.over_20:.0%}",
        f"{style.words:,.0f}",
        f"{style.after_prose:.0%}",
    )
    return "| " + " | ".join(cells) + " |"


HEADER = (
    "| | lessons | cells | code cells | lines median / p90 | over 20 lines | prose words | code right after prose |\n"
    "|---|---|---|---|---|---|---|---|"
)
