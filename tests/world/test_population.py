"""Traits have the distributions that the scenario says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from crmlab.world import World, load_scenario
from crmlab.world.acquisition import (
    VILLAGE,
    opening_arrivals,
    potential_referrers,
    slice_ids,
    village_count,
    with_referrers,
)
from crmlab.world.population import TRAITS, copula_factor, draw_needs, draw_traits, segment_of
from crmlab.world.setup import prospect_count

COSMETICS = load_scenario("cosmetics")
PLAIN = COSMETICS.with_values(
    {f"channels.{c}.{k}": 1.0 for c in COSMETICS.channels for k in ("churn", "order_rate", "price_elasticity")}
)
IDS = np.arange(1, 40_001)
SEEDS = [1, 2, 3]
ERROR_RATE = 1e-6  # of each check on each seed


@pytest.mark.parametrize("seed", SEEDS)
def test_marginal_distributions(seed) -> None:
    t, traits = COSMETICS.traits, draw_traits(PLAIN, IDS, seed=seed)
    expected = {
        "order_rate": stats.gamma(t.order_rate_shape, scale=t.order_rate_mean / t.order_rate_shape),
        "churn_frailty": stats.gamma(t.churn_frailty_shape, scale=1 / t.churn_frailty_shape),
        "spend_rate": stats.gamma(
            t.spend_rate_shape, scale=t.order_value_shape / (t.order_value_mean * (t.spend_rate_shape - 1))
        ),
        "price_elasticity": stats.lognorm(0.35, scale=2.62 * np.exp(-(0.35**2) / 2)),
        "fit": stats.norm(0, 0.6),
        "word_of_mouth": stats.lognorm(0.8, scale=np.exp(-(0.8**2) / 2)),
    }
    for name, distribution in expected.items():
        assert stats.kstest(getattr(traits, name).astype(float), distribution.cdf).pvalue > ERROR_RATE, name


@pytest.mark.parametrize("seed", SEEDS)
def test_mean_order_value(seed) -> None:
    value = COSMETICS.traits.order_value_shape / draw_traits(COSMETICS, IDS, seed=seed).spend_rate.astype(float)
    assert abs(value.mean() - 45) < 5 * value.std() / np.sqrt(len(value))


@pytest.mark.parametrize("coupling", [1.0, 0.0])
def test_correlations(coupling) -> None:
    scenario = COSMETICS.with_values({"firm.coupling": coupling})
    factor = copula_factor(scenario)
    seen = np.corrcoef(draw_traits(scenario, IDS, seed=4).z)
    # 4.9 standard errors of a correlation: one in a million for each of the 55 pairs
    assert np.abs(seen - factor @ factor.T).max() < 4.9 / np.sqrt(len(IDS))
    i, j = TRAITS.index("order_rate"), TRAITS.index("churn_frailty")
    assert (abs(seen[i, j] + 0.25) < 0.03) == (coupling == 1.0), "only the coupled world correlates these"


def test_shares() -> None:
    traits = draw_traits(COSMETICS, IDS, seed=5)
    wanted = np.array([channel["share"] for channel in COSMETICS.channels.values()])
    assert stats.chisquare(np.bincount(traits.channel), wanted * len(IDS)).pvalue > ERROR_RATE
    np.testing.assert_allclose(traits.weights.sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(traits.weights.mean(axis=1), [0.35, 0.25, 0.2, 0.2], atol=0.004)
    assert abs(traits.consents.mean() - 0.8) < 5 * np.sqrt(0.8 * 0.2 / len(IDS))


def test_needs_are_concentrated() -> None:
    needs = draw_needs(COSMETICS, IDS, seed=6)
    np.testing.assert_allclose(needs.sum(axis=1), 1, rtol=1e-5)
    shares = [category["share"] for category in COSMETICS.categories.values()]
    np.testing.assert_allclose(needs.mean(axis=0), shares, atol=0.008)
    assert np.median(needs.max(axis=1)) > 0.5, "most customers need one thing above all"


def test_every_segment_has_members_of_its_kind() -> None:
    z = draw_traits(COSMETICS, IDS, seed=7).z
    segment = segment_of(COSMETICS, z)
    assert (np.bincount(segment, minlength=4) > 0.15 * len(IDS)).all()
    names = list(COSMETICS.segments)
    rate = {name: z[0][segment == k].mean() for k, name in enumerate(names)}
    assert max(rate, key=rate.get) == "devoted"
    assert min(rate, key=rate.get) == "occasional"


def test_arrivals_in_history() -> None:
    arrival = opening_arrivals(COSMETICS, IDS, seed=8)
    assert arrival.min() >= -36
    assert arrival.max() < 0
    # The pool empties: more join early than late, by the hazard.
    early, late = (arrival < -24).sum(), (arrival >= -12).sum()
    assert early / late == pytest.approx(np.exp(0.012 * 24), abs=0.08)
    assert prospect_count(COSMETICS, 1000) == round(1000 * np.exp(-0.432) / (1 - np.exp(-0.432)))
    assert prospect_count(COSMETICS.with_values({"firm.history_months": 0}), 1000) == 0


def test_a_village_is_closed_under_recommendation() -> None:
    """A slice of a large world needs nobody else: all who could recommend the firm to somebody in it are in it too."""
    setup = World("cosmetics", customers=3 * VILLAGE + 17, months=2, seed=2).setup
    assert village_count(setup.customers) == 3
    slices = [slice_ids(setup, number, 3) for number in range(3)]
    everybody = np.sort(np.concatenate(slices))
    np.testing.assert_array_equal(everybody, np.arange(1, setup.customers + setup.prospects + 1))
    for part in slices:
        np.testing.assert_array_equal(with_referrers(setup, part), part)
    prospects = slices[1][slices[1] > setup.customers]
    assert len(np.unique(potential_referrers(setup, prospects))) > len(prospects) / 3, "many people recommend"


def test_a_small_world_is_one_village() -> None:
    setup = World("cosmetics", customers=500, months=2, seed=2).setup
    prospects = np.arange(501, 501 + setup.prospects)
    found = potential_referrers(setup, prospects)
    assert (found >= 1).all() and (found < prospects).all()
    assert (found[prospects <= 500 + setup.prospects // 2] <= 500).all()
