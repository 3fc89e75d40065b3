"""Building: run, fill in, write, compare."""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
import pytest

from crmlab.course.build import Built, as_text, build, build_all, differences, target, write
from crmlab.course.execute import LessonRunError, execute, settle
from crmlab.course.publish import open_shop
from crmlab.course.source import SourceError, assemble, read_source

TINY = Path(__file__).parent / "sources" / "90_tiny.py"


@pytest.fixture(scope="module")
def built() -> list[Built]:
    return build_all(read_source(TINY), Path("notebooks"), progress=lambda text: None)


def run(tmp_path: Path, text: str) -> nbformat.NotebookNode:
    path = tmp_path / "91_small.py"
    path.write_text(text, encoding="utf-8")
    notebook = assemble(read_source(path), edition="student")
    execute(notebook)
    return notebook


def test_both_editions_in_both_languages_in_their_places(built: list[Built]) -> None:
    assert [each.path.as_posix() for each in built] == [
        "notebooks/90_tiny.ipynb",
        "notebooks/solutions/90_tiny.ipynb",
        "notebooks/zh/90_tiny.ipynb",
        "notebooks/zh/solutions/90_tiny.ipynb",
    ]


def test_prose_is_filled_from_the_run_and_cells_are_counted(built: list[Built]) -> None:
    english, chinese = built[0].notebook, built[2].notebook
    assert "The sum is 7.0, and its text 7!" in english.cells[2].source
    assert "總和是 7.0" in chinese.cells[2].source
    assert [cell.execution_count for cell in english.cells if cell.cell_type == "code"] == [1, 2]
    assert all("holds" not in cell.metadata for cell in english.cells)


def test_a_second_build_is_the_same_to_the_byte(built: list[Built]) -> None:
    again = build(read_source(TINY), Path("notebooks"), edition="solution", progress=lambda text: None)
    assert as_text(again.notebook) == as_text(built[1].notebook)
    nbformat.validate(again.notebook)


def test_writing_tells_whether_anything_changed(built: list[Built], tmp_path: Path) -> None:
    each = Built(tmp_path / "deep" / "90_tiny.ipynb", built[0].notebook)
    assert write(each)
    assert not write(each)
    assert [path.name for path in each.path.parent.iterdir()] == ["90_tiny.ipynb"]
    assert differences(nbformat.read(each.path, as_version=4), built[0].notebook) == []


def picture(pixels: str, words: str) -> dict[str, str]:
    html = f'<img alt="{words}" src="data:image/png;base64,{pixels}">'
    return {"text/html": html, "text/plain": f"<Figure at 0x7f{pixels[:6].encode().hex()}>"}


def test_pixels_never_decide_but_words_do(built: list[Built]) -> None:
    def with_picture(pixels: str, words: str) -> nbformat.NotebookNode:
        notebook = copy.deepcopy(built[0].notebook)
        notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", picture(pixels, words))]
        return notebook

    kept = with_picture("AAAABBBB", "Sales rise")
    assert differences(with_picture("CCCC////", "Sales rise"), kept) == []
    assert differences(with_picture("AAAABBBB", "Sales fall"), kept) == ["cell 2: the output differs"]


@pytest.mark.parametrize("what", ["source", "output", "count", "missing", "metadata"])
def test_every_other_difference_is_found(built: list[Built], what: str) -> None:
    kept = copy.deepcopy(built[0].notebook)
    if what == "source":
        kept.cells[2].source = kept.cells[2].source.replace("7.0", "7.1")
    elif what == "output":
        kept.cells[1].outputs[0]["data"]["text/plain"] = "8"
    elif what == "count":
        kept.cells[1].execution_count = None
    elif what == "missing":
        kept.cells.pop()
    else:
        kept.metadata["kernelspec"]["name"] = "julia"
    assert len(differences(built[0].notebook, kept)) == 1


def test_a_failing_cell_names_itself(tmp_path: Path) -> None:
    with pytest.raises(LessonRunError, match="ZeroDivisionError"):
        run(tmp_path, "# %%\n1 / 0\n")


def test_a_placeholder_that_cannot_be_computed(tmp_path: Path) -> None:
    with pytest.raises(LessonRunError, match=r"'missing:\.1f' in the cell that begins “A .* NameError"):
        run(tmp_path, "# %% [markdown]\n# A {{missing:.1f}}\n")


def test_a_sentence_that_is_not_so(tmp_path: Path) -> None:
    text = '# %%\nx = 3\n\n# %% [markdown] holds="x > 2; x > 5"\n# It is large.\n'
    with pytest.raises(LessonRunError, match=r"'x > 5' is not so, but the cell that begins “It is large"):
        run(tmp_path, text)


def test_a_sentence_that_is_not_so_in_another_shop_is_a_remark(tmp_path: Path) -> None:
    path = tmp_path / "91_small.py"
    path.write_text('# %%\nx = 3\n\n# %% [markdown] holds="x > 5"\n# It is large.\n', encoding="utf-8")
    remarks = execute(assemble(read_source(path), edition="student"), strict=False)
    assert len(remarks) == 1 and "'x > 5' is not so" in remarks[0]


def test_settling_keeps_the_picture_and_drops_the_live_view() -> None:
    view = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "abc"},
        "text/html": "<img>",
        "text/plain": "words",
    }
    cell = nbformat.v4.new_code_cell(
        "show", outputs=[nbformat.v4.new_output("execute_result", view, execution_count=1)]
    )
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {"state": {}}})
    settle(notebook)
    assert set(notebook.cells[0].outputs[0]["data"]) == {"text/html", "text/plain"}
    assert "widgets" not in notebook.metadata


def test_opening_another_shop_is_visible_in_the_notebook() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('lesson = crm.lesson("03")')])
    open_shop(notebook, "03", "student='ada@uni.edu'")
    assert notebook.cells[0].source == "lesson = crm.lesson(\"03\", student='ada@uni.edu')"
    with pytest.raises(SourceError, match="exactly once"):
        open_shop(notebook, "03", "seed=5")


def test_target_of_other_languages() -> None:
    path = target(read_source(TINY), Path("n"), edition="solution", language="zh")
    assert path.as_posix() == "n/zh/solutions/90_tiny.ipynb"
