"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Figures are drawn to memory; a machine that runs tests may have no display.
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: a slow or busy machine is no failure. A failing example is printed so that it can be run again.
settings.register_profile("crmlab", deadline=None, print_blob=True)
settings.load_profile("crmlab")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """A folder of published data sets which are not part of crmlab; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("CRMLAB_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"published data sets are not at {folder} (CRMLAB_SHARED_DATA names another folder)")
    return folder
