"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Figures are drawn to memory; a machine that runs tests may have no display.
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: a slow or busy machine is no failure. A failing example is printed so that it can be run again. How many
# examples a property is tried on is a matter of time: make test takes the first profile, make validate "thorough", and
# other versions of the libraries "quick".
for name, examples in {"crmlab": 30, "thorough": 100, "quick": 5}.items():
    settings.register_profile(name, deadline=None, print_blob=True, max_examples=examples)
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
