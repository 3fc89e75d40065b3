"""Hold a committed notebook against its source: its text without running it, outputs and prose in one run of nbval."""

from __future__ import annotations

import re
from typing import Any

import nbformat

from crmlab.course.execute import PLACEHOLDER
from crmlab.course.source import Edition, Source, assemble


def text_differences(
    source: Source, kept: nbformat.NotebookNode, *, edition: Edition, language: str = "en"
) -> list[str]:
    """Say in which cells a notebook has another text than its source gives; nothing is run.

    Parameters
    ----------
    source : Source
        The lesson.
    kept : NotebookNode
        The notebook as committed.
    edition : {"student", "solution"}
        Which of the two it is.
    language : str
        Its language.

    Returns
    -------
    list of str
        One sentence per difference; empty when they are in step. What a placeholder of the prose became may be any
        text: `questioned` makes the notebook that tries it.
    """
    wanted = assemble(source, edition=edition, language=language)
    if len(wanted.cells) != len(kept.cells):
        return [f"the source makes {len(wanted.cells)} cells, the file has {len(kept.cells)}"]
    found = []
    for place, (new, old) in enumerate(zip(wanted.cells, kept.cells, strict=True), start=1):
        conditions = new.metadata.pop("holds", None)
        parts = {
            "kind": new.cell_type == old.cell_type,
            "id": new.id == old.id,
            "metadata": new.metadata == old.metadata,
        }
        parts["text"] = _computed(new.source, old.source) is not None
        found += [f"cell {place}: the {part} differs" for part, same in parts.items() if not same]
        if conditions is not None:
            new.metadata["holds"] = conditions
    if wanted.metadata != kept.metadata:
        found.append("the metadata of the notebook differ")
    return found


def questioned(
    source: Source, kept: nbformat.NotebookNode, *, edition: Edition, language: str = "en"
) -> nbformat.NotebookNode:
    """Return a committed notebook with its prose made testable: after a cell with numbers, code that computes them.

    Run by nbval it fails where an output is another one, where a number of the prose is another one, and where a
    condition of the prose does not hold.

    Parameters
    ----------
    source, kept, edition, language
        As `text_differences`, which must have found nothing.
    """
    cells = []
    for new, old in zip(assemble(source, edition=edition, language=language).cells, kept.cells, strict=True):
        cells.append(old)
        conditions = [each.strip() for each in new.metadata.get("holds", "").split(";") if each.strip()]
        values = (_computed(new.source, old.source) or []) if new.cell_type == "markdown" else []
        asked = [f'print(repr(f"""{{{text}}}"""))' for text in _placeholders(new)]
        if not asked and not conditions:
            continue
        lines = [*asked, *(f"assert {text}, {text!r}" for text in conditions)]
        said = "".join(f"{value!r}\n" for value in values)
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=said)] if said else []
        # An execution count: nbval takes a cell without one for a cell that was never run.
        cells.append(nbformat.v4.new_code_cell("\n".join(lines), outputs=outputs, execution_count=1))
    notebook: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=kept.metadata)
    return notebook


def _placeholders(cell: Any) -> list[str]:
    return PLACEHOLDER.findall(cell.source) if cell.cell_type == "markdown" else []


def _computed(template: str, text: str) -> list[str] | None:
    """Return what stands in a text where its template has placeholders, or None where the text is another one."""
    parts = PLACEHOLDER.split(template)[::2]  # between them stand the placeholders themselves
    match = re.fullmatch("(.*?)".join(re.escape(part) for part in parts), text, flags=re.DOTALL)
    return None if match is None else list(match.groups())
