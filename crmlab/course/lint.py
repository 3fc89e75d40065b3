"""Rules that every built lesson keeps: the budgets of the course, and what a reader, sighted or blind, relies on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from crmlab.course.measure import code_lines, measure
from crmlab.course.prose import anchor, headings, links
from crmlab.course.source import Edition


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule.

    Attributes
    ----------
    where : str
        Notebook and, where there is one, cell.
    message : str
        What is wrong and what is allowed.
    """

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a lesson may be, as its students see it.

    Attributes
    ----------
    cells, words : tuple of int
        Fewest and most.
    median_lines, longest_cell : int
        Most lines of code in the median and in any cell.
    code_run : int
        Most code cells in a row.
    """

    cells: tuple[int, int] = (20, 30)
    words: tuple[int, int] = (700, 1_000)
    median_lines: int = 5
    longest_cell: int = 15
    code_run: int = 2


BUDGETS: dict[str, Budget] = {
    "00": Budget(cells=(12, 30), words=(350, 1_000)),
    "99": Budget(cells=(4, 30), words=(50, 1_000)),
}
"""Notebooks whose budget differs: the first lesson is short, and the register is none."""

_ALT_TEXT_SHORTEST = 30
_MACHINE = re.compile(r"(?<![\w/.])(?:/(?:home|root|tmp|Users|usr|work|opt)/|[A-Z]:\\)")


def lint_notebook(
    notebook: nbformat.NotebookNode, path: Path, *, edition: Edition = "student", budget: Budget | None = None
) -> list[Finding]:
    """Return what is wrong with a built notebook.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook with its outputs.
    path : Path
        Its place, against which local links are followed.
    edition : {"student", "solution"}
        Solutions are not held to the budget of cells and words.
    budget : Budget, optional
        What is allowed; by default what the lesson's number says.
    """
    allowed = budget or BUDGETS.get(path.name.split("_")[0], Budget())
    found = [
        *_lengths(notebook, allowed, edition),
        *_cells(notebook),
        *_pictures(notebook),
        *_structure(notebook, path),
    ]
    name = path.stem if edition == "student" else f"{path.stem} (solution)"
    return [Finding(f"{name}{f', cell {place}' if place else ''}", message) for place, message in found]


_Found = Iterator[tuple[int, str]]


def _lengths(notebook: nbformat.NotebookNode, budget: Budget, edition: Edition) -> _Found:
    style = measure([notebook])
    if edition == "student":
        low, high = budget.cells
        if not low <= style.cells <= high:
            yield 0, f"{style.cells:.0f} cells; {low} to {high} are allowed"
        low, high = budget.words
        if not low <= style.words <= high:
            yield 0, f"{style.words:.0f} words of prose; {low:,} to {high:,} are allowed"
    if style.lines_median > budget.median_lines:
        yield 0, f"the median code cell has {style.lines_median:g} lines; {budget.median_lines} are allowed"
    run = 0
    for place, cell in enumerate(notebook.cells, start=1):
        run = run + 1 if cell.cell_type == "code" else 0
        if run == budget.code_run + 1:
            yield place, f"the third code cell in a row; {budget.code_run} are allowed"
        if cell.cell_type == "code" and code_lines(cell.source) > budget.longest_cell:
            yield place, f"{code_lines(cell.source)} lines of code; {budget.longest_cell} are allowed"


def _cells(notebook: nbformat.NotebookNode) -> _Found:
    count = 0
    for place, cell in enumerate(notebook.cells, start=1):
        if not cell.source.strip():
            yield place, "an empty cell"
        if cell.cell_type == "markdown":
            if "{{" in cell.source:
                yield place, "a placeholder that was not filled in"
            continue
        count += 1
        if cell.get("execution_count") != count:
            yield (
                place,
                f"ran as number {cell.get('execution_count')}, not {count}: every code cell runs once, in order",
            )
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield place, f"ends in an error: {output.get('ename')}"
            if output.get("name") == "stderr":
                yield place, f"writes a warning: {output.text.strip()[:100]}"
            texts = [
                str(output.get("text", "")),
                *(str(v) for k, v in output.get("data", {}).items() if k.startswith("text/")),
            ]
            if any(_MACHINE.search(text) for text in texts):
                yield place, "shows a folder of the machine it was built on"


def _pictures(notebook: nbformat.NotebookNode) -> _Found:
    for place, cell in enumerate(notebook.cells, start=1):
        markup = [cell.source] if cell.cell_type == "markdown" else []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            markup.append("".join(data.get("text/html", "")))
            if any(kind.startswith("image/") for kind in data):
                yield place, "a bare picture: figures are shown with their description (crm.lesson sees to it)"
        for text in markup:
            for image in re.findall(r"<img\b[^>]*>", text):
                alt = re.search(r'\balt="([^"]*)"', image)
                if alt is None or len(alt[1]) < _ALT_TEXT_SHORTEST:
                    yield place, f"a picture whose description says too little: {alt[1] if alt else 'none'!r}"
            for alt_text in re.findall(r"!\[([^\]]*)\]\(", text):
                if len(alt_text) < _ALT_TEXT_SHORTEST:
                    yield place, f"a picture whose description says too little: {alt_text!r}"


def _structure(notebook: nbformat.NotebookNode, path: Path) -> _Found:
    level = 0
    anchors: set[str] = set()
    for place, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "markdown":
            continue
        for depth, text in headings(cell.source):
            anchors.add(anchor(text))
            if depth == 1 and (place != 1 or level):
                yield place, "a second title: one heading of the first level, in the first cell"
            if depth > level + 1:
                yield place, f"the heading {text!r} skips a level"
            level = depth
    if level == 0 or not headings(notebook.cells[0].source):
        yield 1, "the first cell has no title"
    for place, cell in enumerate(notebook.cells, start=1):
        for address in links(cell.source) if cell.cell_type == "markdown" else ():
            problem = _link_problem(address, path, anchors)
            if problem:
                yield place, problem


def _link_problem(address: str, path: Path, anchors: set[str]) -> str:
    """Say what is wrong with a link; web addresses are looked at, not followed."""
    if re.match(r"[a-z][a-z0-9+.-]*:", address):
        good = re.fullmatch(r"https://[\w.-]+\.[a-z]{2,}(?:[/?#]\S*)?", address)
        return "" if good or address.startswith("mailto:") else f"not a good web address: {address}"
    file, _, fragment = address.partition("#")
    if file and not (path.parent / file).exists():
        return f"leads to a file that is not there: {file}"
    if not file and fragment not in anchors:
        return f"leads to a heading that is not there: #{fragment}"
    return ""
