"""Build the notebooks of the course from their sources, and tell whether the files that are there are in step."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import nbformat

from crmlab.course.execute import execute
from crmlab.course.source import EDITIONS, Edition, Source, assemble

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Built:
    """One notebook that came out of a source.

    Attributes
    ----------
    path : Path
        Where it belongs.
    notebook : NotebookNode
        The notebook, executed.
    """

    path: Path
    notebook: nbformat.NotebookNode


def target(source: Source, folder: Path, *, edition: Edition, language: str = "en") -> Path:
    """Return where a notebook belongs: English beside the source folder, other languages in a folder of their own.

    Parameters
    ----------
    source : Source
        The lesson.
    folder : Path
        The folder ``notebooks``.
    edition : {"student", "solution"}
        Which of the two notebooks.
    language : str
        Its language.
    """
    base = folder if language == "en" else folder / language
    return (base if edition == "student" else base / "solutions") / f"{source.name}.ipynb"


def build(source: Source, folder: Path, *, edition: Edition, language: str = "en", progress: Progress = print) -> Built:
    """Build one notebook, without writing it.

    Parameters
    ----------
    source : Source
        The lesson.
    folder : Path
        The folder ``notebooks``.
    edition : {"student", "solution"}
        Which of the two notebooks.
    language : str
        Its language.
    progress : callable
        Called with a line of text as the work goes on.
    """
    notebook = assemble(source, edition=edition, language=language)
    label = f"{source.name} {edition}" + ("" if language == "en" else f" {language}")
    execute(notebook, language=language, progress=lambda done, count: progress(f"{label}: cell {done} of {count}"))
    return Built(target(source, folder, edition=edition, language=language), notebook)


def build_all(source: Source, folder: Path, *, progress: Progress = print) -> list[Built]:
    """Build all notebooks of one lesson: both editions in every language of the source."""
    return [
        build(source, folder, edition=edition, language=language, progress=progress)
        for language in source.languages()
        for edition in EDITIONS
    ]


def as_text(notebook: nbformat.NotebookNode) -> str:
    """Return a notebook as the text of its file; equal notebooks give equal bytes."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(built: Built) -> bool:
    """Write a notebook to its place, whole or not at all, and tell whether the file changed.

    Parameters
    ----------
    built : Built
        What to write.
    """
    text = as_text(built.notebook)
    if built.path.exists() and built.path.read_text(encoding="utf-8") == text:
        return False
    built.path.parent.mkdir(parents=True, exist_ok=True)
    partial = built.path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    os.replace(partial, built.path)
    return True


def sanitizers() -> list[tuple[re.Pattern[str], str]]:
    """Return what is left out of comparisons, as pairs of pattern and replacement.

    They stand in ``sanitize.cfg`` beside this file, which nbval reads as well: pixels, memory addresses, folders.
    """
    text = resources.files("crmlab.course").joinpath("sanitize.cfg").read_text(encoding="utf-8")
    pairs = re.findall(r"^regex: (.*)$\n^replace: (.*)$", text, flags=re.MULTILINE)
    return [(re.compile(pattern), replacement) for pattern, replacement in pairs]


def differences(built: nbformat.NotebookNode, kept: nbformat.NotebookNode) -> list[str]:
    """Say in which cells a fresh build and a kept file differ; pixels are not looked at.

    Parameters
    ----------
    built, kept : NotebookNode
        The two notebooks.

    Returns
    -------
    list of str
        One sentence per difference; empty when they are in step.
    """
    if len(built.cells) != len(kept.cells):
        return [f"the source makes {len(built.cells)} cells, the file has {len(kept.cells)}"]
    found = []
    for place, (new, old) in enumerate(zip(built.cells, kept.cells, strict=True), start=1):
        first, second = _comparable(new), _comparable(old)
        for part in first:
            if first[part] != second.get(part):
                found.append(f"cell {place}: the {part} differs")
    if built.metadata != kept.metadata:
        found.append("the metadata of the notebook differ")
    return found


def output_differences(run: nbformat.NotebookNode, kept: nbformat.NotebookNode) -> list[str]:
    """Say in which cells two runs of one notebook show something else; pixels are not looked at.

    Parameters
    ----------
    run, kept : NotebookNode
        The two notebooks.
    """
    pairs = zip(run.cells, kept.cells, strict=True)
    shown = [(_comparable(new)["output"], _comparable(old)["output"]) for new, old in pairs]
    return [f"cell {place}: {new} ≠ {old}" for place, (new, old) in enumerate(shown, start=1) if new != old]


def _comparable(cell: Any) -> dict[str, Any]:
    """Return the parts of a cell that must be equal, pictures reduced to their description."""
    rules = sanitizers()

    def clean(value: Any) -> Any:
        text = "".join(value) if isinstance(value, list) else value
        if isinstance(text, str):
            for pattern, replacement in rules:
                text = pattern.sub(replacement, text)
        return text

    outputs = []
    for output in cell.get("outputs", []):
        data = {kind: clean(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/")}
        rest = {key: clean(value) for key, value in output.items() if key not in ("data", "metadata", "traceback")}
        outputs.append({**rest, "data": data})
    return {
        "kind": cell.cell_type,
        "id": cell.get("id"),
        "text": cell.source,
        "metadata": dict(cell.metadata),
        "count": cell.get("execution_count"),
        "output": outputs,
    }
