"""A small world that several tests look at; nobody changes its tables."""

from __future__ import annotations

import pytest

from crmlab.world import Run, World


@pytest.fixture(scope="session")
def world() -> World:
    return World("cosmetics", customers=1_500, months=18, seed=11)


@pytest.fixture(scope="session")
def run(world: World) -> Run:
    return world.simulate()
