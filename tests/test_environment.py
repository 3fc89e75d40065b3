"""What is declared in several places agrees: ranges, pins, conda, versions, licences; and nothing names a machine."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import crmlab
from tests.helpers import committed_files

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK_LINES = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
LOCK = [Requirement(line) for line in LOCK_LINES]
PLATFORMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "win32": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}


def declared() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    texts = [*PROJECT["dependencies"], *extras["test"], *extras["dev"]]
    return [requirement for text in texts if (requirement := Requirement(text)).name != "crmlab"]


def pins(python: str, platform: str) -> dict[str, str]:
    """Locked version of each package on one Python and platform."""
    surroundings = {**default_environment(), **PLATFORMS[platform]}
    surroundings |= {"python_version": python, "python_full_version": f"{python}.9", "extra": ""}
    chosen = [pin for pin in LOCK if pin.marker is None or pin.marker.evaluate(surroundings)]
    names = [canonicalize_name(pin.name) for pin in chosen]
    assert len(names) == len(set(names)), "one version of each package"
    return {name: next(iter(pin.specifier)).version for name, pin in zip(names, chosen, strict=True)}


def test_lock_pins_exactly_and_holds_no_address() -> None:
    for line, pin in zip(LOCK_LINES, LOCK, strict=True):
        assert [part.operator for part in pin.specifier] == ["=="], line
        assert pin.url is None, line
        assert not re.search(r"://|/|\\|^-|@", line), line


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_lock_satisfies_every_declared_range(python: str, platform: str) -> None:
    locked = pins(python, platform)
    for requirement in declared():
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{requirement} is not in requirements.lock; run make lock"
        assert requirement.specifier.contains(locked[name]), f"{requirement} but {locked[name]}; run make lock"


@pytest.mark.locked
def test_lock_is_complete() -> None:
    """Every package that a locked package needs here is locked too, in a version that suits it."""
    here = {canonicalize_name(p.name): p for p in LOCK if p.marker is None or p.marker.evaluate()}
    for name, pin in here.items():
        for text in importlib.metadata.requires(name) or []:
            need = Requirement(text)
            if need.marker is not None and not need.marker.evaluate({"extra": ""}):
                continue
            found = here.get(canonicalize_name(need.name))
            assert found is not None, f"{pin} needs {need}"
            assert need.specifier.contains(next(iter(found.specifier)).version), f"{pin} needs {need}, not {found}"


@pytest.mark.locked
def test_this_environment_is_the_locked_one() -> None:
    different = {}
    for pin in LOCK:
        if pin.marker is None or pin.marker.evaluate():
            version = importlib.metadata.version(pin.name)
            if not pin.specifier.contains(version):
                different[pin.name] = version
    assert different == {}, "other versions than requirements.lock; make environment mends .venv"


def test_conda_declares_the_same() -> None:
    document = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [item for item in document["dependencies"] if isinstance(item, str)]
    assert conda == [f"python{PROJECT['requires-python']}", "pip", *PROJECT["dependencies"]]
    assert document["dependencies"][-1] == {"pip": ["--editable .[dev]"]}


def test_versions_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert crmlab.__version__ == PROJECT["version"] == citation["version"]


def test_classifiers_name_the_pythons_that_are_tested() -> None:
    named = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", c)]
    assert named == ["3.11", "3.12", "3.13"]


def test_changelog_has_this_version_or_is_collecting() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert headings[0] == "Unreleased" or headings[0] == PROJECT["version"]


@pytest.mark.parametrize("target", ["lab", "test", "validate", "notebooks", "bench", "lint", "compat", "clean", "help"])
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_knows(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"make {target} " in helped.stdout


def test_no_committed_file_names_a_machine_or_a_registry() -> None:
    # Home folders of any system (but that of Ada, the student of the examples), work trees, and registries.
    homes = rb"/(?:root|home|Users)/(?!ada\b)[\w.]"
    # Written with gaps, so that this file itself names none.
    trees, hosts = rb"/w[o]rk/[\w.]|/tmp/[w]t-", rb"files[.]python[h]osted|p[y]pi[.]org/simple"
    named = re.compile(homes + b"|" + trees + b"|" + hosts)
    found = {}
    for name in committed_files(ROOT):
        for number, line in enumerate((ROOT / name).read_bytes().splitlines(), start=1):
            if match := named.search(line):
                found[f"{name}:{number}"] = match[0].decode()
    assert found == {}
