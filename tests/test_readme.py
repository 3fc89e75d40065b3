"""The commands of README.md and CONTRIBUTING.md work.

Each block marked ``bash`` runs, line by line, in a copy of the project and with the environment in use. Two exceptions:

- A comment ``<!-- not run: reason -->`` right before a block takes it out.
- ``make`` would set up an environment of its own and, for ``make test``, start these tests again. It is asked with
  ``-n`` what it would do; that must succeed. What ``make lab`` starts is started once by a test of its own, and what
  ``make environment`` does is done by validation/test_setup.py.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers import clean_environment, copy_project

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?^```(?:bash|console|sh)\n(?P<text>.*?)^```$", re.M | re.S
)

pytestmark = pytest.mark.skipif(
    os.name == "nt", reason="the commands are for a POSIX shell; README has others for Windows"
)


@dataclass(frozen=True)
class Block:
    file: str
    line: int
    text: str
    reason: str | None


def blocks_of(file: str, text: str) -> list[Block]:
    found = BLOCK.finditer(text)
    return [Block(file, text.count("\n", 0, m.start("text")), m["text"], m["reason"]) for m in found]


BLOCKS = [
    block
    for file in ("README.md", "CONTRIBUTING.md")
    for block in blocks_of(file, (ROOT / file).read_text(encoding="utf-8"))
]
RUN = [block for block in BLOCKS if block.reason is None]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(ROOT, tmp_path_factory.mktemp("a folder 課程") / "crmlab")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, project: Path) -> dict[str, str]:
    """Variables with which ``crmlab`` and ``python`` are this environment's, running the copy's code."""
    folder = tmp_path_factory.mktemp("commands")
    for name, call in {"crmlab": '-m crmlab.cli "$@"', "python": '"$@"'}.items():
        (folder / name).write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} {call}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return clean_environment(PATH=f"{folder}{os.pathsep}{os.environ['PATH']}", PYTHONPATH=str(project))


def run(command: str, project: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(["bash", "-c", command], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("block", RUN, ids=[f"{block.file}:{block.line}" for block in RUN])
def test_block_runs(block: Block, project: Path, environment: dict[str, str]) -> None:
    for command in block.text.splitlines():
        words = shlex.split(command, comments=True)
        if words[:1] == ["make"]:
            if shutil.which("make") is None:
                pytest.skip("make is not installed")
            assert run(shlex.join(["make", "-n", *words[1:]]), project, environment).strip()
        elif words:
            run(command, project, environment)


def test_readme_begins_with_the_two_commands() -> None:
    first = next(block for block in BLOCKS if block.file == "README.md")
    commands = [shlex.split(line, comments=True) for line in first.text.splitlines()]
    assert commands == [["make", "lab"], ["make", "test"]]


def test_blocks_are_found_with_their_reasons() -> None:
    text = "a\n```bash\nls\n```\n<!-- not run: needs a net -->\n```bash\ncurl x\n```\n```python\n1\n```\n"
    assert [(block.text, block.reason) for block in blocks_of("x", text)] == [
        ("ls\n", None),
        ("curl x\n", "needs a net"),
    ]


def test_a_failing_command_is_noticed(project: Path, environment: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="no-such-option"):
        run("make -n --no-such-option", project, environment)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_lab_starts_jupyterlab(project: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """The very command of ``make lab``, with this environment's Python in place of ``.venv``'s, answers a browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"--no-browser --ip=127.0.0.1 --port={port} --IdentityProvider.token=secret"
    command = run(f"make -n -o environment lab LAB_OPTIONS={shlex.quote(options)}", project, environment)
    assert ".venv/bin/python" in command
    command = command.replace(".venv/bin/python", shlex.quote(sys.executable))
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = environment | {name: str(tmp_path / name.lower()) for name in folders}
    log = tmp_path / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            ["bash", "-c", command], cwd=project, env=own, stdout=output, stderr=output, start_new_session=True
        )
    try:
        for _ in range(600):  # a minute and more on a slow machine; usually three seconds
            assert server.poll() is None, log.read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/lab?token=secret", timeout=10) as answer:
                    page = answer.read().decode()
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail(f"JupyterLab did not answer:\n{log.read_text()}")
        assert "JupyterLab" in page
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)
