"""Make, check and mend the environment in ``.venv``: what ``make`` calls first, and what Windows without make calls.

    python scripts/setup_environment.py

Uses the standard library alone and plain pip, so that the user's own pip settings (mirror, proxy, certificates) hold.
What is there is kept where it can be: a second call does nothing, a changed lock file installs the difference, and only
an environment that cannot work (clone moved, interpreter gone) is made anew.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 – run by whatever Python the user has
    sys.exit(f"crmlab needs Python 3.11 or newer, and {sys.executable} is {sys.version.split()[0]}.")

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import time
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements.lock"
RECORD = "crmlab-environment.json"


@dataclass(frozen=True)
class Record:
    """What an environment was made from; written last, so that an interrupted installation has none."""

    root: str
    lock: str
    project: str
    packages: list[str]


def environment_python(environment: Path) -> Path:
    """Return the path of the interpreter of an environment, on any platform."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def lock_digest(root: Path) -> str:
    """Return a hash of the pinned versions."""
    return hashlib.sha256((root / LOCK).read_bytes()).hexdigest()


def project_digest(root: Path) -> str:
    """Return a hash of the parts of ``pyproject.toml`` that an installation depends on; settings of tools are not."""
    document = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [document["project"], document["build-system"], document["tool"]["hatch"]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def libraries(environment: Path) -> list[Path]:
    """Return the folders that hold the installed packages (one, on any platform)."""
    return [*environment.glob("lib/python3*/site-packages"), *environment.glob("Lib/site-packages")]


def installed_packages(environment: Path) -> list[str]:
    """Return name and version of every installed distribution, from the names of their folders."""
    described = [file for library in libraries(environment) for file in library.glob("*.dist-info/METADATA")]
    return sorted(file.parent.name.removesuffix(".dist-info") for file in described)


def read_record(environment: Path) -> Record | None:
    """Return the record of an environment, or None where there is none that can be read."""
    try:
        return Record(**json.loads((environment / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_record(root: Path, environment: Path) -> None:
    """Note what a finished environment was made from."""
    record = Record(str(root), lock_digest(root), project_digest(root), installed_packages(environment))
    (environment / RECORD).write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")


def interpreter_version(environment: Path) -> tuple[int, int] | None:
    """Return the version of the environment's Python, or None where it does not run or has no pip."""
    code = "import sys, importlib.util as u; print(*sys.version_info[:2]) if u.find_spec('pip') else sys.exit(1)"
    try:
        done = subprocess.run([environment_python(environment), "-c", code], capture_output=True, text=True, timeout=60)
        major, minor = done.stdout.split()
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return int(major), int(minor)


def needed_work(root: Path, environment: Path, *, exactly_this_python: bool) -> tuple[str, str]:
    """Decide what to do with the environment.

    Returns
    -------
    action : str
        ``"nothing"``, ``"install"`` (into what is there) or ``"rebuild"``.
    reason : str
        Why, for the person who waits.
    """
    if not environment.exists():
        return "rebuild", "there is no environment yet"
    version = interpreter_version(environment)
    if version is None:
        return "rebuild", "its Python no longer works"
    if version < (3, 11) or (exactly_this_python and version != sys.version_info[:2]):
        return "rebuild", f"it has Python {version[0]}.{version[1]}"
    record = read_record(environment)
    if record is None:
        return "install", "its installation was not finished"
    if record.root != str(root):
        return "rebuild", "the folder has been moved or copied"
    if record.lock != lock_digest(root):
        return "install", f"{LOCK} has changed"
    if record.project != project_digest(root):
        return "install", "pyproject.toml has changed"
    missing = sorted(set(record.packages) - set(installed_packages(environment)))
    if missing:
        return "install", f"packages are missing or changed: {', '.join(missing[:5])}"
    return "nothing", "it is up to date"


def create(environment: Path) -> None:
    """Make an empty environment with pip, in place of whatever is there."""
    if environment.is_symlink() or environment.is_file():
        environment.unlink()
    elif environment.exists():
        shutil.rmtree(environment)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)


def install(root: Path, environment: Path) -> None:
    """Install the pinned versions and crmlab itself, compile all bytecode, and write the record."""
    (environment / RECORD).unlink(missing_ok=True)
    python = environment_python(environment)
    # PYTHONPATH or a user site would let pip believe that packages are there which the environment does not have.
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    clean |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1"}
    pip = [python, "-m", "pip", "--require-virtualenv", "install", "--quiet", "--no-compile", "--no-deps"]
    # The lock file is complete (a test holds it against pyproject.toml), so pip need not resolve anything.
    subprocess.run([*pip, "--requirement", LOCK], cwd=root, env=clean, check=True)
    subprocess.run([*pip, "--no-build-isolation", "--editable", "."], cwd=root, env=clean, check=True)
    # pip wrote the absolute path of this folder for Python to read at each start. Python before 3.13 decodes it with
    # the locale and dies where it cannot (a folder with a Chinese name and LC_ALL=C); the relative path is plain ASCII.
    for library in libraries(environment):
        (library / "_crmlab.pth").write_text(os.path.relpath(root, library), encoding="ascii")
    # Always compiled, also where PYTHONDONTWRITEBYTECODE is set: every kernel would otherwise compile its imports anew.
    # Some packages ship templates that are no Python; they are no reason to stop.
    compile_all = [python, "-m", "compileall", "-q", "-q", "-j", "0", environment, root / "crmlab"]
    subprocess.run(compile_all, env=clean, check=False)
    write_record(root, environment)


def main(arguments: list[str] | None = None) -> int:
    """Bring the environment up to date and say what was done."""
    parser = argparse.ArgumentParser(description="Make, check and mend the environment in .venv.")
    parser.add_argument(
        "--exactly-this-python", action="store_true", help="rebuild an environment that has another version of Python"
    )
    options = parser.parse_args(arguments)
    environment = ROOT / ".venv"
    action, reason = needed_work(ROOT, environment, exactly_this_python=options.exactly_this_python)
    if action == "nothing":
        return 0
    verb = "Making" if action == "rebuild" else "Updating"
    print(f"{verb} the environment in .venv with Python {sys.version.split()[0]}: {reason}.", flush=True)
    start = time.monotonic()
    try:
        if action == "rebuild":
            create(environment)
        print("Installing pinned packages; a first time takes about a minute and 1.3 GB ...", flush=True)
        install(ROOT, environment)
    except subprocess.CalledProcessError as error:
        command = " ".join(str(part) for part in error.cmd)
        print(f"crmlab: setting up the environment failed (see above) at: {command}", file=sys.stderr)
        return 1
    print(f"The environment is ready ({time.monotonic() - start:.0f} s).", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
