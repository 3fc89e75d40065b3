"""``crmlab course``, ``crmlab run`` and ``crmlab lab``: what they print, write, and refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crmlab.cli import main
from crmlab.course import commands
from crmlab.course.lint import Budget

TINY = Path(__file__).parent / "sources" / "90_tiny.py"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course of one tiny lesson."""
    folder = tmp_path / "notebooks"
    (folder / "source").mkdir(parents=True)
    shutil.copy(TINY, folder / "source")
    return folder


def test_build_check_lint_and_style(
    course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmlab.course.lint.BUDGETS", {"90": Budget(cells=(1, 9), words=(1, 99))})
    where = ["--folder", str(course)]
    assert main(["course", "check", *where]) == 1
    assert "90_tiny.ipynb: it is not there" in capsys.readouterr().out
    assert main(["course", "build", *where]) == 0
    assert capsys.readouterr().out.count(": written") == 4
    assert main(["course", "build", "90", *where]) == 0
    assert capsys.readouterr().out.count(": unchanged") == 4
    assert main(["course", "build", "--check", *where]) == 0
    assert capsys.readouterr().out.count(": in step") == 4
    assert main(["course", "lint", *where]) == 0
    assert main(["course", "style", *where]) == 0
    assert "| 90_tiny | 1 | 4 | 2 |" in capsys.readouterr().out
    source = course / "source" / TINY.name
    source.write_text(source.read_text(encoding="utf-8").replace("[1, 2, 4]", "[1, 2, 5]"), encoding="utf-8")
    assert main(["course", "check", *where]) == 1
    assert "cell 2: the id differs" in capsys.readouterr().out


def test_what_a_user_can_mend_is_one_sentence(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["course", "build", "77", "--folder", str(course)]) == 2
    assert capsys.readouterr().err == "crmlab: There is no lesson 77. There are: 90.\n"
    assert main(["run", "77"]) == 2
    assert "There is no lesson 77" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["run", "03", "--seed", "-5"])
    with pytest.raises(SystemExit):
        main(["run", "03", "--seed", "5", "--student", "ada"])


def test_run_writes_notebook_and_page_for_another_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "my run"
    assert main(["run", "00", "--student", "Ada", "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["00_start_here.html", "00_start_here.ipynb"]
    page = (out / "00_start_here.html").read_text(encoding="utf-8")
    assert "<script" not in page and "No description has been provided" not in page
    notebook = (out / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert "student='Ada'" in notebook
    assert main(["run", "00", "--out", str(out)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_lab_copies_the_course_and_keeps_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(commands.subprocess, "call", lambda command, cwd: started.append(command) or 0)
    folder = tmp_path / "work"
    assert main(["lab", "--folder", str(folder), "--", "--no-browser"]) == 0
    assert "notebooks new or newer" in capsys.readouterr().out
    assert started[0][-2:] == ["--no-browser", "00_start_here.ipynb"]
    mine = folder / "00_start_here.ipynb"
    mine.write_text("my work", encoding="utf-8")
    assert main(["lab", "--folder", str(folder)]) == 0
    assert mine.read_text(encoding="utf-8") == "my work"
