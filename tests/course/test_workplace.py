"""A student's copy: what a student wrote stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmlab.course.workplace import copy_course


@pytest.fixture
def course(tmp_path: Path) -> Path:
    notebooks = tmp_path / "notebooks"
    (notebooks / "solutions").mkdir(parents=True)
    (notebooks / "source").mkdir()
    (notebooks / "source" / "00_start.py").write_text("source", encoding="utf-8")
    for name in ("00_start.ipynb", "03_value.ipynb", "solutions/03_value.ipynb"):
        (notebooks / name).write_text(f"first {name}", encoding="utf-8")
    return notebooks


def states(course: Path, folder: Path) -> dict[str, str]:
    return {each.name: each.state for each in copy_course(course, folder)}


def test_copying_twice_changes_nothing(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my work 課"
    assert set(states(course, folder).values()) == {"new"}
    assert set(states(course, folder).values()) == {"kept"}
    assert not (folder / "source").exists()


def test_work_is_kept_and_untouched_lessons_are_updated(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    copy_course(course, folder)
    (folder / "03_value.ipynb").write_text("my answers", encoding="utf-8")
    for name in ("00_start.ipynb", "03_value.ipynb"):
        (course / name).write_text(f"second {name}", encoding="utf-8")
    assert states(course, folder) == {
        "00_start.ipynb": "updated",
        "03_value.ipynb": "yours",
        "solutions/03_value.ipynb": "kept",
    }
    assert (folder / "03_value.ipynb").read_text(encoding="utf-8") == "my answers"
    assert (folder / "00_start.ipynb").read_text(encoding="utf-8") == "second 00_start.ipynb"


def test_work_on_the_newest_version_is_simply_kept(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    copy_course(course, folder)
    (folder / "03_value.ipynb").write_text("my answers", encoding="utf-8")
    assert states(course, folder)["03_value.ipynb"] == "kept"


def test_files_that_were_there_before_are_not_touched(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "00_start.ipynb").write_text("something else", encoding="utf-8")
    assert states(course, folder)["00_start.ipynb"] == "yours"
    assert (folder / "00_start.ipynb").read_text(encoding="utf-8") == "something else"


def test_a_deleted_lesson_comes_back(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    copy_course(course, folder)
    (folder / "00_start.ipynb").unlink()
    assert states(course, folder)["00_start.ipynb"] == "new"


def test_a_file_in_the_way(course: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("file", encoding="utf-8")
    with pytest.raises(NotADirectoryError, match="needs a folder"):
        copy_course(course, tmp_path / "mine")
