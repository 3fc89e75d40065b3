"""Rules for lesson sources: numbers tied to the run, languages complete, exercises in order and independent."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from crmlab.course.build import target
from crmlab.course.lint import Finding, lint_notebook
from crmlab.course.prose import quantities
from crmlab.course.source import BEGIN, EDITIONS, END, Source, SourceCell, edition_text, find_sources
from crmlab.exercises.session import available

_LONGEST_TEXT_IN_CODE = 3
"""Words that a text in code may have: more is prose, and belongs where it can be translated."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids that the exercises module of a lesson defines.

    Attributes
    ----------
    exercises, predictions : tuple of str
        Ids in order.
    """

    exercises: tuple[str, ...] = ()
    predictions: tuple[str, ...] = ()


def lint_source(source: Source, ids: Ids | None = None) -> list[Finding]:
    """Return what is wrong with a lesson source.

    Parameters
    ----------
    source : Source
        The lesson.
    ids : Ids, optional
        What its exercises module defines; None when it has none.
    """
    found = [*_numbers(source), *_languages(source), *_texts_in_code(source), *_independence(source)]
    if ids is not None:
        found += _exercises(source, ids)
    return [
        Finding(f"{source.path.name}, cell {place}" if place else source.path.name, message) for place, message in found
    ]


_Found = Iterator[tuple[int, str]]


def _numbers(source: Source) -> _Found:
    for cell in source.cells:
        if cell.kind != "markdown":
            continue
        given = cell.given.split()
        there = quantities(cell.text)
        for loose in dict.fromkeys(each for each in there if each not in given):
            yield cell.place, f"{loose!r} is neither computed ({{{{…}}}}) nor declared (given=…)"
        for unused in dict.fromkeys(each for each in given if each not in there):
            yield cell.place, f"given={unused!r} does not occur in the text"


def _languages(source: Source) -> _Found:
    wanted = set(source.languages())
    if wanted == {"en"}:
        return
    for speaks, group in itertools.groupby(
        source.cells, key=lambda cell: cell.kind == "markdown" and cell.language is not None
    ):
        cells = list(group)
        if not speaks:
            continue
        for first in range(0, len(cells), len(wanted)):
            place = [cell.language for cell in cells[first : first + len(wanted)]]
            if set(place) != wanted:
                yield cells[first].place, f"has {place}; every place needs each of {sorted(wanted)} once, side by side"
                break


def _code_cells(source: Source) -> Iterator[tuple[SourceCell, ast.Module]]:
    for cell in source.cells:
        if cell.kind == "code":
            yield cell, ast.parse(edition_text(cell.text, "solution"))


def _texts_in_code(source: Source) -> _Found:
    for cell, tree in _code_cells(source):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and len(node.value.split()) > _LONGEST_TEXT_IN_CODE
            ):
                yield cell.place, f"the text {node.value!r} is prose: it belongs in Markdown or in the exercises module"


def _solution_names(cell: SourceCell) -> set[str]:
    """Return the names that a cell's solution defines and its student version leaves blank."""
    tree = ast.parse(edition_text(cell.text, "solution"))
    inside = cell.text.split(BEGIN, 1)[1].split(END, 1)[0]
    if inside.strip("\n").startswith((" ", "\t")):  # within a function: the function is what is left blank
        return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    nodes = list(ast.walk(ast.parse(inside)))
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def _independence(source: Source) -> _Found:
    """No cell may need the answer of an exercise: a student who skips one can go on."""
    answers: dict[str, int] = {}
    for cell in source.cells:
        if cell.kind == "markdown":
            used = set(
                re.findall(
                    r"[A-Za-z_]\w*", " ".join(re.findall(r"\{\{(.+?)\}\}", cell.text, re.DOTALL)) + " " + cell.holds
                )
            )
        else:
            tree = ast.parse(edition_text(cell.text, "solution"))
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        for name in sorted(used & set(answers)):
            yield cell.place, f"uses {name!r}, the answer of cell {answers[name]}, which a student may have left blank"
        if cell.kind == "code" and cell.has_solution():
            answers |= dict.fromkeys(_solution_names(cell), cell.place)


def _calls(source: Source, method: str) -> Iterator[tuple[int, str | None, int]]:
    """Yield cell, id and number of arguments of every ``lesson.<method>(id, …)``."""
    for cell, tree in _code_cells(source):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "lesson":
                    first = node.args[0] if node.args else None
                    name = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
                    yield cell.place, name, len(node.args)


def _exercises(source: Source, ids: Ids) -> _Found:
    checked = [name for _, name, _ in _calls(source, "check")]
    if checked != list(ids.exercises):
        yield 0, f"checks the exercises {checked}; its exercises module has {list(ids.exercises)}"
    predicted = {name: place for place, name, _ in _calls(source, "predict")}
    compared = {name: place for place, name, _ in _calls(source, "compare")}
    for kind, there in (("predicts", predicted), ("compares", compared)):
        if list(there) != list(ids.predictions):
            yield 0, f"{kind} {list(there)}; its exercises module has {list(ids.predictions)}"
    for name in set(predicted) & set(compared):
        if not predicted[name] < compared[name]:
            yield compared[name], f"compares {name} before it was predicted"
    opened = sum(
        len(re.findall(rf'crm\.lesson\("{source.number}"\)', cell.text)) for cell in source.cells if cell.kind == "code"
    )
    if opened != 1:
        wanted = f'crm.lesson("{source.number}")'
        yield 0, f"opens its lesson {opened} times; {wanted} stands once, so that another shop can be put in its place"


def ids_of(number: str) -> Ids | None:
    """Return the ids that a lesson's exercises module defines, or None when it has no such module.

    Parameters
    ----------
    number : str
        Number of the lesson.
    """
    if number not in available():
        return None
    module = importlib.import_module(f"crmlab.exercises.lesson_{number}")
    return Ids(tuple(e.id for e in module.EXERCISES), tuple(p.id for p in module.PREDICTIONS))


def lint_course(folder: Path, wanted: tuple[str, ...] = ()) -> list[Finding]:
    """Return what is wrong with the lessons of a folder: sources, students' notebooks and solutions.

    Parameters
    ----------
    folder : Path
        The folder ``notebooks``.
    wanted : tuple of str
        Numbers of lessons; empty for all.
    """
    found = []
    for source in find_sources(folder / "source", wanted):
        found += lint_source(source, ids_of(source.number))
        for edition in EDITIONS:
            path = target(source, folder, edition=edition)
            if not path.exists():
                found.append(Finding(source.name, f"has no {edition} notebook: crmlab course build {source.number}"))
                continue
            found += lint_notebook(nbformat.read(path, as_version=4), path, edition=edition)
    return found
