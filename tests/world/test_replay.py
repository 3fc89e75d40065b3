"""Replay: another decision leaves alone whatever it does not touch, and pairing takes out nearly all of the noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab.recovery import effect, individual_effects, total_effect
from crmlab.world import World
from crmlab.world.record import record_block
from crmlab.world.simulation import who_joins


def recorded_orders(world: World) -> pd.DataFrame:
    orders = record_block(world.setup, who_joins(world.setup)).orders
    columns = {name: values for name, values in orders.items() if values.ndim == 1}
    return pd.DataFrame(columns).set_index(["customer_id", "month", "number"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_mail_leaves_every_delivery_as_it_was(seed) -> None:
    """The n-th order of a customer in a month is late, or not, by the same draw, and by as many days."""
    world = World("cosmetics", customers=1_000, months=10, seed=seed)
    one, other = recorded_orders(world), recorded_orders(world.do(emails=8, start=2))
    assert not one.index.equals(other.index), "orders themselves do change"
    common = one.index.intersection(other.index)
    assert len(common) > 0.8 * len(one)
    assert (one.loc[common, "delay"] > 0).any()
    np.testing.assert_array_equal(
        one.loc[common, "delay"].to_numpy().view(np.int32), other.loc[common, "delay"].to_numpy().view(np.int32)
    )


def test_a_paired_estimate_of_one_per_cent_off_is_worth_a_hundred_unpaired_ones() -> None:
    """About four hundred; a few people who join or leave in one run only decide how much exactly."""
    for seed in (1, 2, 3):
        world = World("cosmetics", customers=5_000, months=6, seed=seed)
        found = effect(world.simulate(), world.do(price=0.99, start=2).simulate(), start=2)
        gain = (found["unpaired_standard_error"] / found["standard_error"]) ** 2
        assert (gain > 100).all(), gain


def test_what_comes_through_whom_adds_up() -> None:
    world = World("cosmetics", customers=400, months=8, seed=3)
    found = total_effect(world, world.do(price=0.9, start=4), replications=3)
    assert list(found.index) == ["customers", "newcomers", "recommended", "all"]
    np.testing.assert_allclose(found.loc["all", ["profit", "orders"]], found.iloc[:3][["profit", "orders"]].sum())
    assert found.loc["customers", "orders"] > 0
    assert found.loc["newcomers", "orders"] > 0, "a lower price brings people"
    with pytest.raises(ValueError, match="replications=1 is too few"):
        total_effect(world, world.do(price=0.9), replications=1)
    with pytest.raises(ValueError, match="same policy"):
        total_effect(world, world)


def test_individual_effects_are_those_of_the_world() -> None:
    world = World("cosmetics", customers=150, months=6, seed=3)
    changed = world.do(price=0.9, start=4)
    pd.testing.assert_frame_equal(
        individual_effects(world, changed, replications=3), world.treatment_effect(changed, replications=3)
    )
