"""A committed notebook held against its source, without running it and by nbval."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from crmlab.course.build import build, output_differences
from crmlab.course.rerun import questioned, text_differences
from crmlab.course.source import Source, read_source

LESSON = """# %% [markdown] lang="en"
# # A lesson

# %%
price = 7

# %% [markdown] lang="en" holds="price > 6; price < 8"
# It costs {{price:.1f}}, and in words {{f"{price} euros"}}.

# %%
price * 2
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = tmp_path_factory.mktemp("source") / "91_small.py"
    path.write_text(LESSON, encoding="utf-8")
    return read_source(path)


@pytest.fixture(scope="module")
def built(source: Source) -> nbformat.NotebookNode:
    return build(source, Path("notebooks"), edition="solution", progress=lambda text: None).notebook


@pytest.fixture
def kept(built: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return copy.deepcopy(built)


def nbval(notebook: nbformat.NotebookNode, folder: Path) -> str:
    """What nbval finds, empty when all is well."""
    path = folder / "lesson.ipynb"
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", str(path), "--nbval", "--nbval-current-env", "-p", "no:randomly", "-q"]
    done = subprocess.run([*command, "-p", "no:cacheprovider"], cwd=folder, capture_output=True, text=True)
    return done.stdout if done.returncode else ""


def test_what_was_built_is_in_step(source: Source, kept: nbformat.NotebookNode, tmp_path: Path) -> None:
    assert text_differences(source, kept, edition="solution") == []
    asked = questioned(source, kept, edition="solution")
    assert len(asked.cells) == len(kept.cells) + 1
    assert asked.cells[3].outputs[0].text == "'7.0'\n'7 euros'\n"
    assert nbval(asked, tmp_path) == ""


@pytest.mark.parametrize(
    ("place", "text", "part"),
    [
        (0, "# Another lesson", "text"),
        (1, "price = 8", "text"),
        (2, "It costs 7.0, and in words 7 euros!", "text"),
    ],
)
def test_another_text_is_told(source: Source, kept: nbformat.NotebookNode, place: int, text: str, part: str) -> None:
    kept.cells[place].source = text
    assert text_differences(source, kept, edition="solution") == [f"cell {place + 1}: the {part} differs"]


def test_cells_and_ids_that_are_not_the_sources_are_told(source: Source, kept: nbformat.NotebookNode) -> None:
    kept.cells[1].id = "91-other"
    assert text_differences(source, kept, edition="solution") == ["cell 2: the id differs"]
    del kept.cells[1]
    assert text_differences(source, kept, edition="solution") == ["the source makes 4 cells, the file has 3"]


def test_another_number_in_the_prose_fails(source: Source, kept: nbformat.NotebookNode, tmp_path: Path) -> None:
    kept.cells[2].source = kept.cells[2].source.replace("7.0", "7.5")
    assert text_differences(source, kept, edition="solution") == []  # only a run can tell
    assert "7.5" in nbval(questioned(source, kept, edition="solution"), tmp_path)


def test_a_condition_that_does_not_hold_fails(kept: nbformat.NotebookNode, tmp_path: Path) -> None:
    path = tmp_path / "91_small.py"
    path.write_text(LESSON.replace("price < 8", "price < 7"), encoding="utf-8")
    assert "price < 7" in nbval(questioned(read_source(path), kept, edition="solution"), tmp_path)


def test_another_output_fails(source: Source, kept: nbformat.NotebookNode, tmp_path: Path) -> None:
    changed = copy.deepcopy(kept)
    changed.cells[3].outputs[0].data["text/plain"] = "15"
    assert [text.split(":")[0] for text in output_differences(kept, changed)] == ["cell 4"]
    assert output_differences(kept, kept) == []
    assert "15" in nbval(questioned(source, changed, edition="solution"), tmp_path)
