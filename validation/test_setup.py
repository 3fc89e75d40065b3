"""The set-up really sets up: in a folder with a space and Chinese characters, after moving it, and after damage."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers import clean_environment, copy_project

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

CODE = "import crmlab, pandas, sys; print(crmlab.__file__); print(sys.prefix); print(pandas.__cached__)"


def make(target: str, folder: Path) -> str:
    """Run make as a user without settings of his own would, bytecode and locale at their worst."""
    surroundings = clean_environment(PYTHONDONTWRITEBYTECODE="1", LC_ALL="C")
    done = subprocess.run(
        ["make", target], cwd=folder, env=surroundings, capture_output=True, text=True, errors="replace"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_works(folder: Path) -> None:
    surroundings = clean_environment(PYTHONDONTWRITEBYTECODE="1", PYTHONIOENCODING="utf-8", LC_ALL="C")
    python = folder / ".venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-c", CODE], cwd="/", env=surroundings, capture_output=True, encoding="utf-8", check=True
    )
    package, prefix, bytecode = map(Path, done.stdout.splitlines())
    assert package == folder / "crmlab" / "__init__.py"
    assert prefix == folder / ".venv"
    assert bytecode.is_file(), "packages are compiled when they are installed"
    # A program with a first line that names the interpreter, which may hold neither spaces nor foreign letters.
    subprocess.run([folder / ".venv" / "bin" / "jupyter-lab", "--version"], env=surroundings, check=True)


def test_set_up_move_and_damage(root: Path, tmp_path: Path) -> None:
    folder = copy_project(root, tmp_path.resolve() / "課 程" / "crm lab")
    assert "there is no environment yet" in make("environment", folder)
    check_works(folder)
    assert make("environment", folder) == "", "a second call does nothing"

    moved = folder.rename(tmp_path.resolve() / "moved 了")
    assert "moved or copied" in make("environment", moved)
    check_works(moved)

    shutil.rmtree(next(moved.glob(".venv/lib/python3*/site-packages/pandas-*.dist-info")))
    assert "packages are missing or changed: pandas-" in make("environment", moved)
    check_works(moved)
