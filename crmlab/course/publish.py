"""Run one lesson, for any shop, and write it as a notebook and as one page that needs nothing else."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from crmlab.course.build import as_text
from crmlab.course.execute import execute
from crmlab.course.formulas import typeset
from crmlab.course.source import Source, SourceError, assemble


@dataclass(frozen=True, slots=True)
class Published:
    """What a run left behind.

    Attributes
    ----------
    notebook, page : Path
        The two files.
    remarks : list of str
        Sentences of the lesson that are true of the course's shop, but not of this one.
    """

    notebook: Path
    page: Path
    remarks: list[str]


def open_shop(notebook: nbformat.NotebookNode, number: str, argument: str) -> None:
    """Make a lesson open another shop, visibly: ``crm.lesson("03")`` becomes ``crm.lesson("03", seed=5)``.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    number : str
        Number of the lesson.
    argument : str
        Python text of the argument.

    Raises
    ------
    SourceError
        If the lesson does not open its shop exactly once.
    """
    call = f'crm.lesson("{number}")'
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and call in cell.source]
    if len(cells) != 1:
        raise SourceError(f"Lesson {number} must call {call} exactly once to be run for another shop.")
    cells[0].source = cells[0].source.replace(call, f'crm.lesson("{number}", {argument})')


def as_page(notebook: nbformat.NotebookNode, title: str) -> str:
    """Return a notebook as one HTML page, pictures and style inside.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook without widget state.
    title : str
        Title of the page.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="lab", exclude_input_prompt=True, exclude_output_prompt=True)
    page, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    # The template loads scripts from the web, for formulas, diagrams and live widgets; the page must open on a plane.
    page = re.sub(r"<script\b.*?</script>", "", str(page), flags=re.DOTALL)
    page = typeset(page)
    style = "<style>main{max-width:54rem;margin:0 auto;padding:0 1rem}.jp-OutputArea-output img{max-width:100%}</style>"
    return page.replace("</head>", f"{style}</head>", 1)


def publish(
    source: Source,
    out: Path,
    *,
    seed: int | None = None,
    student: str | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Published:
    """Run a lesson and write ``NN_topic.ipynb`` and ``NN_topic.html``.

    Parameters
    ----------
    source : Source
        The lesson.
    out : Path
        Folder to write to; made when it is not there.
    seed : int, optional
        Seed of the shop.
    student : str, optional
        Student whose own shop it is to be.
    force : bool
        Whether files that are there may be replaced.
    progress : callable
        Called with the number of the cell that begins, and of cells in all.

    Raises
    ------
    FileExistsError
        If a file is there already and `force` is not set.
    """
    targets = [out / f"{source.name}.ipynb", out / f"{source.name}.html"]
    if not force and (there := [path for path in targets if path.exists()]):
        raise FileExistsError(f"{there[0]} is there already. Choose another --out, or replace it with --force.")
    notebook = assemble(source, edition="student")
    if seed is not None:
        open_shop(notebook, source.number, f"seed={seed}")
    elif student is not None:
        open_shop(notebook, source.number, f"student={student!r}")
    remarks = execute(notebook, strict=False, progress=progress)
    texts = [as_text(notebook), as_page(notebook, source.name)]
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as beside:
        for target, text in zip(targets, texts, strict=True):
            partial = Path(beside) / target.name
            partial.write_text(text, encoding="utf-8", newline="\n")
            shutil.move(partial, target)
    return Published(targets[0], targets[1], remarks)
