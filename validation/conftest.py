"""Everything in this folder belongs to `make validate`: each test is marked slow by standing here."""

from __future__ import annotations

from pathlib import Path

import pytest

# The fixtures of the short tests serve here too.
from tests.conftest import root, shared_data

__all__ = ["root", "shared_data"]

FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before pytest selects by mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.slow)
