"""Lesson sources: percent-format text that people edit, and the two notebooks that come out of it.

A source is ``notebooks/source/NN_topic.py`` in jupytext's percent format. Beyond that format it knows five things:

``lang="en"``
    A Markdown cell in one language. The cells of one place in all languages follow one another; code stands once.
``{{share:.0%}}`` in Markdown
    Computed when the notebook is built, from the variables at that place, written as in an f-string.
``given="80 20"``
    Numbers of this Markdown cell that are quoted or chosen, not found: every number is one or the other.
``holds="stayed < 300"``
    Python conditions, separated by ``;``, that must be true for the words of this Markdown cell to be true.
Blanks
    In a code cell, lines between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` stand in the solution notebook only;
    lines that begin with ``#:`` stand, without that mark, in the students' notebook only. A cell tagged ``solution`` is
    left out there.
"""

from __future__ import annotations

import hashlib
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import jupytext
import nbformat

from crmlab.phrases import LANGUAGES, catalogue

Edition = Literal["student", "solution"]
EDITIONS: tuple[Edition, ...] = ("student", "solution")

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
BLANK = "#:"

_NAME = re.compile(r"(?P<number>\d\d[a-z]?)_(?P<topic>[a-z0-9_]+)\.py")
_KNOWN_METADATA = {"lang", "given", "holds", "tags"}
_KNOWN_TAGS = {"solution"}


class SourceError(ValueError):
    """A lesson source that does not follow the format; the message names file and cell."""


@dataclass(frozen=True, slots=True)
class SourceCell:
    """One cell of a source.

    Attributes
    ----------
    kind : {"markdown", "code"}
        Kind of cell.
    text : str
        Its text, with placeholders and solution marks as they stand in the source.
    language : str or None
        Language of a Markdown cell, None when it serves all.
    given, holds : str
        Declared numbers and conditions.
    tags : tuple of str
        Tags.
    place : int
        Position in the source, from 1, for messages.
    """

    kind: Literal["markdown", "code"]
    text: str
    language: str | None = None
    given: str = ""
    holds: str = ""
    tags: tuple[str, ...] = ()
    place: int = 0

    def has_solution(self) -> bool:
        """Tell whether students see a blank here."""
        return BEGIN in self.text


@dataclass(frozen=True, slots=True)
class Source:
    """A lesson as it is edited.

    Attributes
    ----------
    path : Path
        File it was read from.
    number, topic : str
        The two parts of the file's name: ``"03"`` and ``"customer_value"``.
    cells : tuple of SourceCell
        Its cells.
    """

    path: Path
    number: str
    topic: str
    cells: tuple[SourceCell, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """``03_customer_value``."""
        return f"{self.number}_{self.topic}"

    def languages(self) -> tuple[str, ...]:
        """Return the languages that this source can be built in."""
        there = {cell.language for cell in self.cells if cell.language}
        return tuple(each for each in LANGUAGES if each in there) or LANGUAGES[:1]


def read_source(path: Path) -> Source:
    """Read one lesson source.

    Parameters
    ----------
    path : Path
        ``NN_topic.py`` in percent format.

    Raises
    ------
    SourceError
        If the name, a cell's metadata or its solution marks are not as the format wants them.
    """
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise SourceError(f"{path}: a lesson source is called NN_topic.py, with two digits and a lower-case topic.")
    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    cells = tuple(_cell(cell, place, path) for place, cell in enumerate(notebook.cells, start=1))
    return Source(path, match["number"], match["topic"], cells)


def find_sources(folder: Path, wanted: tuple[str, ...] = ()) -> list[Source]:
    """Read the lesson sources of a folder, all or those with the numbers `wanted`.

    Parameters
    ----------
    folder : Path
        Folder with ``NN_topic.py`` files.
    wanted : tuple of str
        Lesson numbers such as ``"03"`` or ``"3"``; empty for all.

    Raises
    ------
    SourceError
        If the folder has no lesson, or not one of those wanted.
    """
    paths = {path.name.split("_")[0]: path for path in sorted(folder.glob("[0-9][0-9]*_*.py"))}
    if not paths:
        raise SourceError(f"There is no lesson source (NN_topic.py) in {folder}.")
    numbers = [number.zfill(2) for number in wanted] or list(paths)
    for number in numbers:
        if number not in paths:
            raise SourceError(f"There is no lesson {number}. There are: {', '.join(paths)}.")
    return [read_source(paths[number]) for number in numbers]


def _cell(cell: Any, place: int, path: Path) -> SourceCell:
    """Check one cell of the parsed text and return it as a `SourceCell`."""
    where = f"{path.name}, cell {place}"
    metadata = {key: value for key, value in cell.metadata.items() if not key.startswith("lines_to_")}
    if cell.cell_type not in ("markdown", "code"):
        raise SourceError(f"{where}: only Markdown and code cells are allowed; this is {cell.cell_type!r}.")
    if unknown := set(metadata) - _KNOWN_METADATA:
        raise SourceError(f"{where}: unknown metadata {sorted(unknown)}; allowed are {sorted(_KNOWN_METADATA)}.")
    tags = tuple(metadata.get("tags", ()))
    if unknown := set(tags) - _KNOWN_TAGS:
        raise SourceError(f"{where}: unknown tags {sorted(unknown)}; allowed are {sorted(_KNOWN_TAGS)}.")
    language = metadata.get("lang")
    if language is not None and language not in LANGUAGES:
        raise SourceError(f"{where}: unknown language {language!r}; allowed are {', '.join(LANGUAGES)}.")
    if cell.cell_type == "code" and set(metadata) - {"tags"}:
        raise SourceError(
            f"{where}: lang, given and holds belong to Markdown cells; code stands once for all languages."
        )
    text = cell.source.strip("\n")
    lines = [line.strip() for line in text.splitlines()]
    if lines.count(BEGIN) > 1 or lines.count(BEGIN) != lines.count(END):
        raise SourceError(f"{where}: one '{BEGIN}' and one '{END}' at most, and together.")
    if (BEGIN in lines) != any(line.startswith(BLANK) for line in lines):
        raise SourceError(f"{where}: a solution needs a blank ('{BLANK} answer = ...'), and a blank a solution.")
    return SourceCell(cell.cell_type, text, language, metadata.get("given", ""), metadata.get("holds", ""), tags, place)


def edition_text(text: str, edition: Edition) -> str:
    """Return the text of a code cell as students, or as readers of the solutions, see it.

    Parameters
    ----------
    text : str
        Code with solution marks.
    edition : {"student", "solution"}
        Which of the two.

    Examples
    --------
    >>> text = chr(10).join(["### BEGIN SOLUTION", "x = 2", "### END SOLUTION", "#: x = ...", "check(x)"])
    >>> edition_text(text, "student").splitlines()
    ['x = ...', 'check(x)']
    >>> edition_text(text, "solution").splitlines()
    ['x = 2', 'check(x)']
    """
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END):
            inside = mark == BEGIN
        elif mark.startswith(BLANK):
            if edition == "student":
                indent = line[: len(line) - len(line.lstrip())]
                kept.append(indent + mark.removeprefix(BLANK).removeprefix(" "))
        elif not inside or edition == "solution":
            kept.append(line)
    return "\n".join(kept).strip("\n")


def translate_code(text: str, language: str) -> str:
    """Return code with its comments and texts in another language, as far as the catalogue has them.

    Parameters
    ----------
    text : str
        Python code.
    language : str
        One of `crmlab.phrases.LANGUAGES`.
    """
    phrases = catalogue(language)
    if not phrases:
        return text
    lines = text.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token in reversed(tokens):
        if token.type == tokenize.COMMENT:
            english = token.string.lstrip("# ")
            new = f"# {phrases[english]}" if english in phrases else token.string
        elif token.type == tokenize.STRING and token.string[:1] in "\"'":
            english = token.string[1:-1]
            new = f"{token.string[0]}{phrases[english]}{token.string[0]}" if english in phrases else token.string
        else:
            continue
        (row, start), (last, end) = token.start, token.end
        if row == last:
            lines[row - 1] = lines[row - 1][:start] + new + lines[row - 1][end:]
    return "".join(lines)


def cells_of(source: Source, *, edition: Edition, language: str) -> Iterator[SourceCell]:
    """Yield the cells that one notebook is made of, still with placeholders.

    Parameters
    ----------
    source : Source
        The lesson.
    edition : {"student", "solution"}
        Which of the two notebooks.
    language : str
        Language of the notebook.
    """
    for cell in source.cells:
        if cell.language not in (None, language) or ("solution" in cell.tags and edition == "student"):
            continue
        if cell.kind == "markdown":
            yield cell
        else:
            text = translate_code(edition_text(cell.text, edition), language)
            yield SourceCell("code", text, tags=cell.tags, place=cell.place)


def assemble(source: Source, *, edition: Edition, language: str = "en") -> nbformat.NotebookNode:
    """Return the notebook of one edition and language, not yet executed.

    Placeholders still stand in its Markdown; `crmlab.course.execute.execute` fills them.

    Parameters
    ----------
    source : Source
        The lesson.
    edition : {"student", "solution"}
        Which of the two notebooks.
    language : str
        Language of the notebook.

    Raises
    ------
    SourceError
        If the source does not speak that language.
    """
    if language not in source.languages():
        raise SourceError(
            f"{source.path.name} cannot be built in {language!r}, only in {', '.join(source.languages())}."
        )
    cells = []
    seen: dict[str, int] = {}
    for cell in cells_of(source, edition=edition, language=language):
        make = nbformat.v4.new_markdown_cell if cell.kind == "markdown" else nbformat.v4.new_code_cell
        # An id that depends on the text only: it survives insertions elsewhere and is the same on every machine.
        digest = hashlib.sha256(f"{cell.kind}\n{cell.text}".encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        suffix = f"-{seen[digest]}" if seen[digest] > 1 else ""
        metadata: dict[str, Any] = {"tags": list(cell.tags)} if cell.tags else {}
        if cell.holds:
            metadata["holds"] = cell.holds
        cells.append(make(cell.text, id=f"{source.number}-{digest}{suffix}", metadata=metadata))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python", "file_extension": ".py"}}
    notebook: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    return notebook
