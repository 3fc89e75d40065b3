"""The lessons as they are committed: rules kept, in step with their sources, and giving the same when run again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from crmlab.course.build import target
from crmlab.course.lint_source import lint_course
from crmlab.course.rerun import questioned, text_differences
from crmlab.course.source import EDITIONS, Edition, Source, find_sources
from crmlab.exercises.session import available

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
SOURCES = find_sources(NOTEBOOKS / "source")
SANITIZE = ROOT / "crmlab" / "course" / "sanitize.cfg"

each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
# Of the student's notebook, the browser test runs every cell and compares every output; nbval's second opinion on it is
# part of the long checks.
each_edition = pytest.mark.parametrize(
    "edition", [pytest.param("student", marks=pytest.mark.slow), pytest.param("solution")]
)


def test_all_rules_are_kept() -> None:
    assert [str(finding) for finding in lint_course(NOTEBOOKS)] == []


def test_every_lesson_has_its_exercises_and_every_notebook_its_source() -> None:
    names = {source.name for source in SOURCES}
    assert {source.number for source in SOURCES} >= set(available())
    for folder in (NOTEBOOKS, NOTEBOOKS / "solutions"):
        assert {path.stem for path in folder.glob("[0-9]*.ipynb")} == names


@each_source
def test_solutions_differ_from_lessons_only_where_something_is_blank(source: Source) -> None:
    """What is not tried again here is compared as text: prose and code that both editions share."""
    student, solution = (
        nbformat.read(target(source, NOTEBOOKS, edition=edition), as_version=4).cells for edition in EDITIONS
    )
    blank = {cell.id for cell in student} ^ {cell.id for cell in solution}
    shared = {cell.id: cell.source for cell in solution if cell.id not in blank}
    assert {cell.id: cell.source for cell in student if cell.id not in blank} == shared
    assert sum(cell.has_solution() for cell in source.cells) == sum(cell.id in blank for cell in student)


@pytest.mark.parametrize(
    "source", [source for source in SOURCES if source.number in available()], ids=lambda source: source.name
)
def test_every_check_of_the_solutions_is_right_and_none_of_the_students(source: Source) -> None:
    for edition, wanted in (("student", "not tried"), ("solution", "right")):
        notebook = nbformat.read(target(source, NOTEBOOKS, edition=edition), as_version=4)  # type: ignore[arg-type]
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and "lesson.check(" in cell.source]
        shown = ["".join(str(output.data["text/plain"]) for output in cell.outputs) for cell in cells]
        assert cells and all(f"· {wanted}" in text for text in shown), shown


@each_source
@pytest.mark.parametrize("edition", EDITIONS)
def test_a_notebook_has_the_text_of_its_source(source: Source, edition: Edition) -> None:
    kept = nbformat.read(target(source, NOTEBOOKS, edition=edition), as_version=4)
    assert text_differences(source, kept, edition=edition) == [], "mend it with: crmlab course build"


@pytest.mark.locked
@each_source
@each_edition
def test_a_notebook_gives_the_same_when_run_again(source: Source, edition: Edition, tmp_path: Path) -> None:
    """Strict nbval, of outputs and of the numbers and conditions of the prose.

    Its two holes (cells never run, pixels) are closed by the lint and by descriptions in words.
    """
    path = tmp_path / f"{source.name}.ipynb"
    kept = nbformat.read(target(source, NOTEBOOKS, edition=edition), as_version=4)
    nbformat.write(questioned(source, kept, edition=edition), path)
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [
        *(sys.executable, "-m", "pytest", str(path), "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"),
        *(f"--nbval-sanitize-with={SANITIZE}", "-p", "no:randomly", "-p", "no:cacheprovider", "-q"),
        *("-c", os.devnull, f"--rootdir={tmp_path}"),
    ]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": paths}, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-1_000:]
