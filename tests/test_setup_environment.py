"""What scripts/setup_environment.py decides; that it also does it is tried by validation/test_setup.py."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.helpers import clean_environment

ROOT = Path(__file__).resolve().parents[1]
FIND_PYTHON = ROOT / "scripts" / "find_python.sh"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    specification = importlib.util.spec_from_file_location("setup_environment", ROOT / "scripts/setup_environment.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "setup_environment", module)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def setup(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, for environments that are folders and files only: their Python is said to be this one."""
    monkeypatch.setattr(script, "interpreter_version", lambda environment: sys.version_info[:2])
    return script


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def environment(setup: ModuleType, project: Path) -> Path:
    """An environment as a finished installation leaves it."""
    folder = project / ".venv"
    for package in ("numpy-2.4.6", "pandas-3.1.1"):
        described = folder / "lib" / "python3.11" / "site-packages" / f"{package}.dist-info" / "METADATA"
        described.parent.mkdir(parents=True)
        described.write_text("")
    setup.write_record(project, folder)
    return folder


def action(setup: ModuleType, project: Path, *, exactly_this_python: bool = False) -> str:
    return setup.needed_work(project, project / ".venv", exactly_this_python=exactly_this_python)[0]


def test_none_yet(setup: ModuleType, project: Path) -> None:
    assert action(setup, project) == "rebuild"


@pytest.mark.usefixtures("environment")
def test_nothing_to_do(setup: ModuleType, project: Path) -> None:
    assert action(setup, project) == "nothing"
    assert action(setup, project, exactly_this_python=True) == "nothing"


@pytest.mark.usefixtures("environment")
def test_interpreter_gone(setup: ModuleType, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "interpreter_version", lambda environment: None)
    assert action(setup, project) == "rebuild"


@pytest.mark.usefixtures("environment")
def test_another_python(setup: ModuleType, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "interpreter_version", lambda environment: (3, 99))
    assert action(setup, project) == "nothing", "an environment that works is kept"
    assert action(setup, project, exactly_this_python=True) == "rebuild", "unless another Python was asked for"
    monkeypatch.setattr(setup, "interpreter_version", lambda environment: (3, 10))
    assert action(setup, project) == "rebuild"


def test_installation_interrupted(setup: ModuleType, project: Path, environment: Path) -> None:
    (environment / setup.RECORD).unlink()
    assert action(setup, project) == "install"
    (environment / setup.RECORD).write_text('{"root": ')
    assert action(setup, project) == "install"


@pytest.mark.usefixtures("environment")
def test_folder_moved(setup: ModuleType, project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    moved = tmp_path_factory.mktemp("elsewhere") / "課 程"
    shutil.move(project, moved)
    assert action(setup, moved) == "rebuild"


@pytest.mark.usefixtures("environment")
def test_pins_changed(setup: ModuleType, project: Path) -> None:
    with (project / "requirements.lock").open("a") as lock:
        lock.write("another==1.0\n")
    assert action(setup, project) == "install"


@pytest.mark.usefixtures("environment")
def test_only_what_matters_in_pyproject(setup: ModuleType, project: Path) -> None:
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    (project / "pyproject.toml").write_text(text.replace("line-length = 120", "line-length = 100"), encoding="utf-8")
    assert action(setup, project) == "nothing"
    (project / "pyproject.toml").write_text(text.replace("pandas>=2.2", "pandas>=2.3"), encoding="utf-8")
    assert action(setup, project) == "install"


def test_a_package_is_missing(setup: ModuleType, project: Path, environment: Path) -> None:
    shutil.rmtree(next(environment.glob("lib/*/site-packages/pandas-*")))
    assert action(setup, project) == "install"


def test_own_packages_are_left_alone(setup: ModuleType, project: Path, environment: Path) -> None:
    described = next(environment.glob("lib/*/site-packages")) / "mine-1.0.dist-info" / "METADATA"
    described.parent.mkdir()
    described.write_text("")
    assert action(setup, project) == "nothing"


def test_record_is_readable(setup: ModuleType, project: Path, environment: Path) -> None:
    record = json.loads((environment / setup.RECORD).read_text(encoding="utf-8"))
    assert record["root"] == str(project)
    assert record["packages"] == ["numpy-2.4.6", "pandas-3.1.1"]


@pytest.mark.skipif(os.name == "nt", reason="no POSIX shell")
def test_interpreter_that_works_and_ones_that_do_not(script: ModuleType, project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    assert script.interpreter_version(project / ".venv") is None
    python.symlink_to(project / "uninstalled" / "python3")
    assert script.interpreter_version(project / ".venv") is None
    python.unlink()
    program(python, "exit 1")  # no pip, or a standard library that is gone
    assert script.interpreter_version(project / ".venv") is None
    program(python, "echo 3 12")
    assert script.interpreter_version(project / ".venv") == (3, 12)


# ── Finding a Python ──────────────────────────────────────────────────────────────────────────────────────────────────


def find_python(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    shell = shutil.which("sh")
    if os.name == "nt" or shell is None:
        pytest.skip("no POSIX shell")
    surroundings = clean_environment(PATH=str(folder), **more)
    return subprocess.run([shell, FIND_PYTHON], env=surroundings, capture_output=True, text=True)


def program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)


def test_finds_a_python_behind_ones_that_do_not_work(tmp_path: Path) -> None:
    program(tmp_path / "python3.13", "exit 127")  # as the shims of version managers do
    program(tmp_path / "python3", f"exec '{sys.executable}' \"$@\"")
    done = find_python(tmp_path)
    assert done.returncode == 0
    assert Path(done.stdout.strip()).samefile(sys.executable)


def test_says_when_there_is_none(tmp_path: Path) -> None:
    program(tmp_path / "python3", "exit 1")
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert "no Python 3.11 or newer was found (looked for: python3.13 python3.12 python3.11 python3" in done.stderr


def test_says_when_the_one_asked_for_does_not_work(tmp_path: Path) -> None:
    done = find_python(tmp_path, PYTHON="/nowhere/python 3")
    assert done.returncode == 1
    assert "PYTHON=/nowhere/python 3 is not a Python 3.11 or newer" in done.stderr


def test_says_when_venv_is_missing(tmp_path: Path) -> None:
    program(tmp_path / "python3", 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac')
    done = find_python(tmp_path)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
