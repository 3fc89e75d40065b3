"""Individual effects: the expectation of what pairs of runs show, and none where nothing was changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab.world import World, load_scenario

START, MONTHS = 3, 9


@pytest.fixture(scope="module")
def cheaper(world: World) -> World:
    return world.do(price=0.9, start=START)


@pytest.fixture(scope="module")
def world() -> World:
    return World("cosmetics", customers=1_200, months=MONTHS, seed=4)


@pytest.fixture(scope="module")
def effects(world, cheaper) -> pd.DataFrame:
    return world.treatment_effect(cheaper, replications=32)


def test_everybody_who_had_joined_is_there(world, effects) -> None:
    known = world.simulate().truth.traits["customer_id"]
    first = world.expected(from_month=START, replications=2, horizon=2)
    assert effects.index.equals(first.index)
    assert effects.index.isin(known).all()
    assert np.isfinite(effects.to_numpy()).all()
    gone = first["expected_orders"] == 0
    assert gone.any() and (effects[gone] == 0).all().all()


def test_the_columns_belong_together(effects) -> None:
    for quantity in ("orders", "value"):
        difference = effects[f"{quantity}_with"] - effects[f"{quantity}_without"]
        np.testing.assert_allclose(effects[f"{quantity}_effect"], difference, atol=1e-9)
    living = effects[effects["orders_without"] > 0]
    assert (living["orders_effect"] > 0).mean() > 0.95, "nearly everybody orders more when it is cheaper"


def test_the_standard_error_says_how_much_repetitions_differ(world, cheaper, effects) -> None:
    """The deviation of a short average from a long one is as large as its standard error says, within a tenth."""
    some = effects["orders_effect_se"] > 0
    long = world.treatment_effect(cheaper, replications=128)
    z = (effects["orders_effect"] - long["orders_effect"])[some] / effects.loc[some, "orders_effect_se"]
    # The first 32 repetitions are among the 128: the difference has 1 − 32/128 of the variance.
    assert np.median(np.abs(z)) == pytest.approx(0.6745 * np.sqrt(0.75), rel=0.15)


def test_pairs_of_runs_show_the_same_on_average() -> None:
    """The mean over pairs of runs lies within 5 standard errors of the expectation (error below 1 in 500, 9 df)."""
    cohort = load_scenario("cosmetics").with_values({"firm.history_months": 0})
    base = World(cohort, customers=2_000, months=5, seed=2)
    gaps = []
    for number in range(10):
        # The month before the change differs between lucks, and the expectation with it.
        one = base.with_luck(number)
        two = one.do(price=0.9, start=1)
        expected = one.treatment_effect(two, replications=4)["orders_effect"].sum()
        counts = [
            (months["month"] >= 1) @ months["orders"] for months in (w.simulate().truth.months for w in (one, two))
        ]
        gaps.append(counts[1] - counts[0] - expected)
    assert abs(np.mean(gaps)) < 5 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
    assert np.std(gaps) < 60, "the check is sharp: an effect of some hundred orders"


def test_subset_and_processes_do_not_matter(world, cheaper, effects) -> None:
    some = effects.index[100:160]
    part = world.treatment_effect(cheaper, replications=32, customers=some)
    pd.testing.assert_frame_equal(part, effects.loc[some])


def test_single_customers_treated(world) -> None:
    chosen = pd.DataFrame({"customer_id": [5, 80, 400], "emails": [6.0, 0.0, 8.0]})
    effects = world.treatment_effect(world.do(chosen, start=START), replications=4)
    assert set(effects.index[effects["value_effect"] != 0]) <= {5, 80, 400}


def test_what_is_no_change_is_refused(world) -> None:
    with pytest.raises(ValueError, match="both worlds have the same policy"):
        world.treatment_effect(world)
    with pytest.raises(ValueError, match="another luck_seed"):
        world.treatment_effect(world.with_luck(0).do(price=0.9))
    other = World("cosmetics", customers=1_200, months=MONTHS, seed=5)
    with pytest.raises(ValueError, match="another seed"):
        world.treatment_effect(other.do(price=0.9))
