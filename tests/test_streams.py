"""Random streams are frozen, uniform, independent, and do not depend on how they are asked."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from crmlab.streams import BLOCK, MECHANISMS, derive_seed, mix64, normal, poisson_quantile, uniform

IDS = np.arange(1, 100_001)
SEEDS = [0, 1, 7, 2024, -3]
# Chance that a sound generator fails one of the checks below, for each check and seed; there are fewer than a hundred.
ERROR_RATE = 1e-6


def draws(seed: int, **key: object) -> np.ndarray:
    return uniform(IDS, seed=seed, **{"mechanism": "purchase", **key}).astype(float)  # type: ignore[arg-type]


def test_draws_are_frozen() -> None:
    # From an independent implementation in whole numbers. A change here changes every world ever made.
    first = uniform(np.arange(1, 4), seed=7, mechanism="purchase", month=3) * 2**24
    assert first.tolist() == [3600173.0, 11187823.0, 14179343.0]
    later = uniform(np.array([10**12]), seed=-1, mechanism="order_line", month=-5, draw=70) * 2**24
    assert later.tolist() == [8754345.0]
    assert derive_seed(7, 0) == 2800634586887952828


def test_mix64_is_splitmix64() -> None:
    # First outputs of the published generator with seed 0.
    golden = 0x9E3779B97F4A7C15
    assert [mix64(k * golden) for k in (1, 2, 3)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_numbers_of_mechanisms_are_frozen() -> None:
    assert list(MECHANISMS.values()) == list(range(1, len(MECHANISMS) + 1))
    assert list(MECHANISMS)[:5] == ["purchase", "death", "basket", "quality", "delay"]
    assert MECHANISMS["touch"] == 24


def test_ends_are_excluded_and_exact_in_float32() -> None:
    u = np.concatenate([uniform(IDS, seed=1, mechanism="death", month=month) for month in range(100)])
    steps = u.astype(float) * 2**24
    assert u.dtype == np.float32
    assert (steps % 2 == 1).all(), "odd multiples of 2⁻²⁴"
    assert 0 < u.min() < 1e-6 < 1 - 1e-6 < u.max() < 1
    assert np.isfinite(normal(IDS, seed=1, mechanism="death")).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_uniform(seed: int) -> None:
    counts = np.histogram(draws(seed), bins=1000, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > ERROR_RATE
    assert stats.kstest(draws(seed, month=3), "uniform").pvalue > ERROR_RATE


@pytest.mark.parametrize("seed", SEEDS)
def test_streams_are_independent(seed: int) -> None:
    """Neighbouring months, draws, mechanisms, seeds and customers have nothing to do with one another."""
    base = draws(seed)
    others = [
        draws(seed, month=1),
        draws(seed, draw=1),
        draws(seed, mechanism="death"),
        draws(seed + 1),
        np.roll(base, 1),
    ]
    for other in others:
        table = np.histogram2d(base, other, bins=16, range=[(0, 1), (0, 1)])[0]
        assert stats.chi2_contingency(table).pvalue > ERROR_RATE


def test_the_independence_check_sees_dependence() -> None:
    base = draws(1)
    table = np.histogram2d(base, (base + draws(2) / 3) % 1, bins=16, range=[(0, 1), (0, 1)])[0]
    assert stats.chi2_contingency(table).pvalue < ERROR_RATE


@given(
    seed=st.integers(-(2**63), 2**63 - 1),
    month=st.integers(-240, 1200),
    draw=st.integers(0, 20_000),
    ids=st.lists(st.integers(1, 2**40), min_size=1, max_size=50),
)
def test_a_draw_depends_on_its_key_alone(seed: int, month: int, draw: int, ids: list[int]) -> None:
    customers = np.array(ids)
    key = {"seed": seed, "mechanism": "quality"}
    together = uniform(customers, **key, month=month, draw=draw)
    alone = [uniform(customers[k : k + 1], **key, month=month, draw=draw)[0] for k in range(len(ids))]
    as_arrays = uniform(customers, **key, month=np.full(len(ids), month), draw=np.full(len(ids), draw))
    mixed = uniform(customers, **key, month=np.full(len(ids), month, np.int16), draw=np.int64(draw))
    assert together.tolist() == alone == as_arrays.tolist() == mixed.tolist()


def test_blocks_do_not_matter() -> None:
    ids = np.arange(1, 3 * BLOCK)
    month = ids % 7
    whole = uniform(ids, seed=3, mechanism="open", month=month)
    for size in (1000, BLOCK + 1):
        parts = [
            uniform(ids[k : k + size], seed=3, mechanism="open", month=month[k : k + size])
            for k in range(0, len(ids), size)
        ]
        assert (np.concatenate(parts) == whole).all()


def test_repetitions_differ() -> None:
    seeds = [derive_seed(seed, number) for seed, number in itertools.product(range(20), range(-20, 20))]
    assert len(set(seeds)) == len(seeds)


def test_unknown_mechanism_is_named() -> None:
    with pytest.raises(ValueError, match=r"mechanism='purchas' is unknown; allowed are purchase, death"):
        uniform(IDS, seed=1, mechanism="purchas")


@given(
    u=st.lists(st.integers(0, 2**23 - 1), min_size=1, max_size=30),
    mean=st.floats(0, 150, allow_nan=False),
)
def test_poisson_quantile_is_the_quantile(u: list[int], mean: float) -> None:
    uniforms = ((np.array(u) + 0.5) * 2.0**-23).astype(np.float32)
    counts = poisson_quantile(uniforms, np.full(len(u), mean, np.float32))
    # Float32 cannot tell which side of a step of the distribution function a draw within 10⁻⁶ of it lies.
    low, high = (
        stats.poisson.ppf(np.clip(uniforms + shift, 0, 1 - 1e-12), float(np.float32(mean))) for shift in (-1e-6, 1e-6)
    )
    assert (counts >= np.clip(low, 0, 200)).all()
    assert (counts <= high).all()


@given(mean=st.floats(0, 100), more=st.floats(0, 10), u=st.integers(0, 2**23 - 1))
def test_a_higher_mean_never_deletes_an_order(mean: float, more: float, u: int) -> None:
    uniforms = np.full(2, (u + 0.5) * 2.0**-23, np.float32)
    low, high = poisson_quantile(uniforms, np.array([mean, mean + more], np.float32))
    assert low <= high


def test_poisson_counts_stop() -> None:
    assert poisson_quantile(np.array([0.999999], np.float32), np.array([1000.0], np.float32)).tolist() == [200]
