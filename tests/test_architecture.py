"""The import contract holds, and it notices what it is there to notice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import clean_environment, copy_project

pytest.importorskip("importlinter")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo', '--no-cache'])"
    surroundings = clean_environment(PYTHONPATH=str(folder), COLUMNS="200")
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=surroundings, capture_output=True, text=True)


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    copy_project(root / "crmlab", tmp_path / "crmlab")
    (tmp_path / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    return tmp_path


def test_the_contract_holds(root: Path) -> None:
    done = lint(root)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "imports"),
    [
        ("streams", "grading"),  # down to up
        ("features", "grading"),
        ("world", "features"),
        ("grading", "world"),  # methods never import the world
        ("reading", "world"),
        ("report", "recovery"),
        ("grading", "plots"),
        ("plots", "report"),
    ],
)
def test_a_forbidden_import_breaks_it(project: Path, module: str, imports: str) -> None:
    # On the package as it would be with nothing but these two modules, so that their own code cannot interfere.
    for name in (module, imports):
        for old in (project / "crmlab").glob(f"{name}.py"):
            old.unlink()
    for file in (project / "crmlab").rglob("*.py"):
        file.write_text("")
    for name, text in {module: f"import crmlab.{imports}\n", imports: ""}.items():
        package = project / "crmlab" / name
        target = package / "__init__.py" if package.is_dir() else package.with_suffix(".py")
        target.write_text(text)
    done = lint(project)
    assert done.returncode == 1, done.stdout
    assert f"crmlab.{module} -> crmlab.{imports}" in done.stdout


def test_a_module_without_a_place_breaks_it(project: Path) -> None:
    (project / "crmlab" / "somewhere_else.py").write_text("")
    done = lint(project)
    assert done.returncode == 1, done.stdout
    assert "crmlab.somewhere_else" in done.stdout
