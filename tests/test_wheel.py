"""The wheel holds the package and the whole course, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.helpers import committed_files

pytest.importorskip("hatchling")


@pytest.fixture(scope="module")
def names(root: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = folder.glob("crmlab-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_holds_every_committed_file_of_the_course(root: Path, names: set[str]) -> None:
    committed = [name.as_posix() for name in committed_files(root)]
    package = {name for name in committed if name.startswith("crmlab/")}
    course = {f"crmlab/_course_files/{name}" for name in committed if name.startswith(("datasets/", "notebooks/"))}
    assert {"crmlab/tables.toml", "crmlab/py.typed"} <= package
    assert "crmlab/_course_files/datasets/README.md" in course
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == package | course


def test_wheel_carries_both_licences(names: set[str]) -> None:
    assert {"LICENSE", "LICENSE-CONTENT"} <= {Path(name).name for name in names if ".dist-info/licenses/" in name}
