"""Every trap names real columns, can be described in any world, and goes away where it can be switched off."""

from __future__ import annotations

import json

import pytest

from crmlab.tables import vocabulary
from crmlab.world import World
from crmlab.world.traps import TRAPS, Trap


@pytest.mark.parametrize("trap", TRAPS.values(), ids=list(TRAPS))
def test_columns_exist(trap: Trap) -> None:
    for name in trap.columns:
        table, _, column = name.partition(".")
        assert not column or column in vocabulary()[table].columns, name


@pytest.mark.parametrize("name", ["non_response", "survivorship", "halo", "complaint_iceberg", "target_leakage"])
def test_numbers_in_a_small_world(name) -> None:
    told = TRAPS[name].describe(World(customers=800, months=24, seed=3))
    assert json.loads(json.dumps(told)) == told
    assert told["size"] == pytest.approx(told["naive"] - told["truth"], abs=2e-4)
    assert told["answer"].endswith(".")


@pytest.mark.parametrize("name", ["halo", "non_response"])
def test_switched_off_it_is_gone(name) -> None:
    trap, world = TRAPS[name], World(customers=2_500, months=12, seed=2)
    there, gone = (trap.examine(w) for w in (trap.set(world), trap.removed(world)))
    assert abs(gone.size) < abs(there.size) / 2


def test_without_leaks_no_column_beats_the_truth() -> None:
    trap = TRAPS["target_leakage"]
    gone = trap.examine(trap.removed(World(customers=800, months=14, seed=2)))
    assert gone.naive == gone.right < gone.truth


def test_drift_is_off_unless_wanted() -> None:
    world = World(customers=200, months=14, seed=2)
    assert world.simulate().transactions.equals(TRAPS["drift"].removed(world).simulate().transactions)
    assert not world.simulate().transactions.equals(TRAPS["drift"].set(world).simulate().transactions)
