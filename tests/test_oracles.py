"""The two ceilings: neither looks ahead, both are calibrated, and knowing more is never worse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab.oracles import ObservableOracle, ceilings, latent_oracle, observable_history, observed_future
from crmlab.oracles.observable import quality
from crmlab.world import World

AS_OF, HORIZON = 6, 3


@pytest.fixture(scope="module")
def world() -> World:
    return World("cosmetics", customers=1_500, months=AS_OF + HORIZON, seed=3)


@pytest.fixture(scope="module")
def run(world):
    return world.simulate()


def test_history_knows_nothing_of_what_came_later(world, run) -> None:
    """A firm whose tables end on the day has the same history as one that goes on."""
    short = world.with_people(seed=world.seed, months=AS_OF).simulate()
    one, other = observable_history(run, as_of=AS_OF), observable_history(short, as_of=AS_OF)
    pd.testing.assert_frame_equal(one, other)
    assert len(one.columns) > 50
    assert one["orders"].sum() == (run.transactions["ts"] < short.transactions["ts"].max()).sum() + 1


def test_contracts_are_known_as_they_were_on_the_day() -> None:
    world = World("subscription", customers=600, months=AS_OF + HORIZON, seed=3)
    run, short = world.simulate(), world.with_people(seed=world.seed, months=AS_OF).simulate()
    one, other = observable_history(run, as_of=AS_OF), observable_history(short, as_of=AS_OF)
    pd.testing.assert_frame_equal(one, other)
    assert 0.5 < one["contract_runs"].mean() < 1
    assert ((one["contract_runs"] == 0) == one["contract_since_end"].notna()).all()


def test_observed_future_counts_orders(run) -> None:
    real = observed_future(run, as_of=AS_OF, horizon=HORIZON)
    first = pd.Timestamp(run.world.scenario.start_date) + pd.DateOffset(months=AS_OF)
    mine = run.transactions[(run.transactions["ts"] >= first) & run.transactions["customer_id"].isin(real.index)]
    assert real.sum() == len(mine)
    with pytest.raises(ValueError, match="the run has 9 months; as_of=8 and horizon=3 need more"):
        observed_future(run, as_of=8, horizon=3)


def test_the_latent_oracle_is_calibrated(world, run) -> None:
    """Within 4 standard errors, over all and among the living: an error of 1 in 16,000 each."""
    known = latent_oracle(world, as_of=AS_OF, horizon=HORIZON, replications=6)
    real = observed_future(run, as_of=AS_OF, horizon=HORIZON).reindex(known.index)
    assert known["silent"].between(0, 1).all()
    living = known["silent"] < 1
    assert (real[~living] == 0).all(), "who has left does not order"
    silent, chance = (real[living] == 0), known.loc[living, "silent"]
    assert abs((silent - chance).sum()) < 4 * np.sqrt((chance * (1 - chance)).sum())
    assert known["orders"].sum() == pytest.approx(real.sum(), rel=0.1)


def test_more_knowledge_is_no_worse(world) -> None:
    found = ceilings(world, as_of=AS_OF, horizon=HORIZON, customers=4_000)
    assert list(found.index) == ["latent", "observable"]
    assert found.loc["latent", "log_loss"] < found.loc["observable", "log_loss"]
    assert found.loc["latent", "auc"] > found.loc["observable", "auc"] > 0.8
    again = ceilings(world, as_of=AS_OF, horizon=HORIZON, customers=4_000)
    pd.testing.assert_frame_equal(found, again)
    oracle = ObservableOracle.of(world, as_of=AS_OF, horizon=HORIZON, customers=4_000)
    assert oracle is ObservableOracle.of(world, as_of=AS_OF, horizon=HORIZON, customers=4_000), "trained once"
    assert oracle.customers_ == pytest.approx(4_000, rel=0.6)


def test_quality_by_hand() -> None:
    found = quality(np.array([True, False, True, False]), np.array([0.9, 0.1, 0.4, 0.6]))
    assert found["auc"] == 0.75
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.9, 0.4, 0.4]).mean())
