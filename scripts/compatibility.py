"""Run the tests where users may be: on the lowest versions that pyproject.toml declares, and on other Pythons.

    python scripts/compatibility.py         # both ends: the lowest versions on the oldest Python, and the newest Python
    python scripts/compatibility.py --all   # every supported Python as well

Each case gets an environment of its own in a temporary folder, by plain pip. Left out are tests marked ``slow``,
``browser`` and ``locked`` (which compare with output of the pinned versions), and the exercises of the course on shop
after shop, which try lessons rather than libraries; properties are tried on few examples. A Python that is not here is
named, not passed over.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")
TESTS = [
    "-m",
    "pytest",
    "tests",
    "crmlab",
    "--ignore=tests/course",
    "--ignore=tests/exercises/test_lessons.py",
    "-q",
    "-m",
    "not slow and not browser and not locked",
    "--hypothesis-profile=quick",
    "--numprocesses=2",
    "--dist=worksteal",
    "-p",
    "no:cacheprovider",
]


@dataclass(frozen=True)
class Case:
    """One combination to try."""

    name: str
    python: Path
    pip_arguments: list[str]


def candidates(version: str) -> Iterator[Path]:
    """Yield places where a Python of this version may be: the path, then the folders of pyenv and uv."""
    if found := shutil.which(f"python{version}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    yield from sorted(
        Path("~/.local/share/uv/python").expanduser().glob(f"cpython-{version}.*/bin/python"), reverse=True
    )


def find_python(version: str) -> Path | None:
    """Return a Python of this version that runs and can make environments, or None."""
    code = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates(version):
        done = subprocess.run([candidate, "-c", code], capture_output=True, text=True)
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


def lowest_versions() -> list[str]:
    """Return the dependencies pinned to the lower ends of their ranges, and the tools of the tests as declared."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = []
    for requirement in project["dependencies"]:
        match = re.fullmatch(r"([\w.-]+)>=([\w.]+)(?:,.*)?", requirement)
        if match is None:
            raise ValueError(f"{requirement!r} in pyproject.toml declares no lowest version (name>=version is needed)")
        pinned.append(f"{match[1]}=={match[2]}")
    return [*pinned, *project["optional-dependencies"]["test"]]


def cases(*, every: bool = True) -> tuple[list[Case], list[str]]:
    """Return what can be tried here, and what cannot, in words; by default every Python, or the newest one alone."""
    pythons = {version: find_python(version) for version in SUPPORTED}
    skipped = [f"Python {version}: not found on this machine" for version, path in pythons.items() if path is None]
    found = {version: path for version, path in pythons.items() if path is not None}
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    tried = [
        Case(f"pinned versions, Python {version}", path, ["--no-deps", "--requirement", "requirements.lock"])
        for version, path in found.items()
        if version != running  # make test has tried this one
    ]
    if not every:
        tried = tried[-1:]
    # The oldest Python alone: the lowest versions have no builds for later ones.
    if SUPPORTED[0] in found:
        tried.append(Case(f"lowest versions, Python {SUPPORTED[0]}", found[SUPPORTED[0]], lowest_versions()))
    else:
        skipped.append(f"lowest versions: they need Python {SUPPORTED[0]}")
    return tried, skipped


def passes(case: Case) -> bool:
    """Set one case up, run the tests in it and say whether they passed."""
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "VIRTUAL_ENV"}}
    clean |= {"PYTHONPATH": str(ROOT), "PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with tempfile.TemporaryDirectory(prefix="crmlab-compatibility-") as folder:
        python = Path(folder) / "bin" / "python"
        steps = [
            [case.python, "-m", "venv", folder],
            [python, "-m", "pip", "install", "--quiet", *case.pip_arguments],
            [python, *TESTS],
        ]
        return all(subprocess.run(step, cwd=ROOT, env=clean).returncode == 0 for step in steps)


def main() -> int:
    """Try all cases and print a table of the outcomes."""
    tried, skipped = cases(every="--all" in sys.argv[1:])
    outcomes = []
    for case in tried:
        print(f"== {case.name}", flush=True)
        start = time.monotonic()
        passed = passes(case)
        outcomes.append((case.name, passed, time.monotonic() - start))
    print("== compatibility")
    for name, passed, seconds in outcomes:
        print(f"{'passed' if passed else 'FAILED':<8}{name} ({seconds:.0f} s)")
    for reason in skipped:
        print(f"skipped {reason}")
    return 0 if all(passed for _, passed, _ in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
