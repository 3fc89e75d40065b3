"""The command line beside the report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crmlab.cli import main


def test_data_list_and_describe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    assert "cosmetics: " in capsys.readouterr().out
    assert main(["data", "describe", "cosmetics"]) == 0
    assert "crmlab.load('cosmetics')" in capsys.readouterr().out
    assert main(["data", "describe", "cosmetic"]) == 2
    assert "Did you mean 'cosmetics'?" in capsys.readouterr().err


def test_data_make_writes_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["data", "make", "cosmetics", "--out", str(tmp_path / "mine"), "--customers", "50", "--months", "3"]
    assert main(call) == 0
    first = json.loads((tmp_path / "mine" / "manifest.json").read_text())
    assert first["customers"] == 50
    assert main(call) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*call, "--force", "--seed", "5"]) == 0
    assert json.loads((tmp_path / "mine" / "manifest.json").read_text())["seed"] == 5
    assert main([*call, "--force", "--months", "0"]) == 2
    assert "months" in capsys.readouterr().err


def test_help_is_quick_to_come() -> None:
    """Help needs none of the heavy libraries."""
    code = (
        "import sys; from crmlab.cli.main import build_parser; build_parser().format_help(); "
        "print([m for m in ('pandas', 'numpy', 'matplotlib', 'sklearn', 'pyarrow') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
