"""The course is found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmlab import paths


def test_folders_of_the_checkout(root: Path) -> None:
    assert paths.datasets_folder() == root / "datasets"
    assert paths.notebooks_folder() == root / "notebooks"


def test_an_installed_package_finds_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "crmlab"
    (package / "_course_files" / "datasets").mkdir(parents=True)
    (package.parent / "datasets").mkdir()  # somebody else's: the package's own comes first
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.datasets_folder() == package / "_course_files" / "datasets"


def test_a_package_without_the_course_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "crmlab")
    with pytest.raises(FileNotFoundError, match="The folder 'notebooks' of the course is neither in"):
        paths.notebooks_folder()
