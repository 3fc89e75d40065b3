"""Helpers of several test files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def committed_files(root: Path) -> list[Path]:
    """Files that git knows or would take, relative to `root`; without git, all that are not generated."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
        names = {Path(name) for name in done.stdout.split("\0") if name}
        return sorted(name for name in names if (root / name).is_file())
    except (OSError, subprocess.CalledProcessError):
        skipped = {".git", ".venv", "__pycache__", "artefacts", "build", "dist"}
        found = (file.relative_to(root) for file in root.rglob("*") if file.is_file())
        return sorted(file for file in found if skipped.isdisjoint(file.parts))


def copy_project(root: Path, target: Path) -> Path:
    """Copy the project as committed, changes included, to a new folder."""
    for name in committed_files(root):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)
    return target


def clean_environment(**more: str) -> dict[str, str]:
    """The environment variables without those that tell Python or make where things are."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"}
    return {name: value for name, value in os.environ.items() if name not in dropped} | more
