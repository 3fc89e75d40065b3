from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import churn
from crmlab.tables import TableError

PROBABILITIES = st.integers(0, 4).map(lambda each: each / 4)


@given(
    st.lists(st.tuples(st.booleans(), PROBABILITIES, st.integers(0, 50), st.integers(1, 20)), min_size=1, max_size=30)
)
def test_no_threshold_earns_more_than_the_best_one(rows: list[tuple[bool, float, int, int]]) -> None:
    truth, probability, benefit, cost = (np.array(each) for each in zip(*rows, strict=True))
    if not benefit.any():
        with pytest.raises(ValueError, match="no contact can pay"):
            churn.best_threshold(truth, probability, benefit=benefit, cost=cost)
        return
    best = churn.best_threshold(truth, probability, benefit=benefit, cost=cost)
    for threshold in [0, 0.25, 0.5, 0.75, 1, np.inf]:
        earned = churn.list_value(truth, probability >= threshold, benefit=benefit, cost=cost)
        assert earned <= best.profit + 1e-9
    at_best = churn.list_value(truth, probability >= best.threshold, benefit=benefit, cost=cost)
    assert at_best == pytest.approx(best.profit)
    assert best.contacts == (probability >= best.threshold).sum()


def test_the_break_even_is_best_for_right_probabilities() -> None:
    """With 200,000 customers, the best threshold found lies within 0.04 of cost ÷ benefit on each of five seeds."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        probability = rng.beta(1, 4, 200_000)
        best = churn.best_threshold(rng.random(200_000) < probability, probability, benefit=50, cost=10)
        assert best.break_even == 0.2
        assert abs(best.threshold - 0.2) < 0.04


def test_empc_is_that_of_an_independent_implementation() -> None:
    metrics = pytest.importorskip("empulse.metrics", reason="empulse is not installed")
    for seed, ties in [(0, False), (1, True), (2, False)]:
        rng = np.random.default_rng(seed)
        probability = rng.beta(1, 6, 3_000)
        truth = (rng.random(3_000) < probability).astype(int)
        score = np.round(probability, 1) if ties else probability
        assert churn.empc(truth, score).profit == pytest.approx(metrics.empc_score(truth, score), rel=1e-9)
        other = churn.empc(truth, score, alpha=3, beta=4, value=90, incentive=20, contact=2).profit
        expected = metrics.empc_score(truth, score, alpha=3, beta=4, clv=90, incentive_cost=20, contact_cost=2)
        assert other == pytest.approx(expected, rel=1e-9)


def test_a_score_that_knows_nothing_is_worth_no_more_than_all_or_nobody() -> None:
    truth = np.arange(1_000) < 100
    blind = churn.empc(truth, np.zeros(1_000))
    perfect = churn.empc(truth, truth)
    assert 0 <= blind.profit < perfect.profit


def test_the_cost_curve_lies_below_the_trivial_one_and_touches_it_at_the_ends() -> None:
    rng = np.random.default_rng(3)
    probability = rng.beta(1, 3, 2_000)
    curve = churn.cost_curve(rng.random(2_000) < probability, probability)
    assert (curve["expected_cost"] <= curve["trivial"] + 1e-12).all()
    assert curve["expected_cost"].iloc[[0, -1]].tolist() == [0, 0]
    assert curve["expected_cost"].iloc[50] < 0.45


def test_a_contact_list_weighs_risk_with_value_and_keeps_to_the_budget() -> None:
    risk = pd.Series([0.9, 0.5, 0.5, 0.1], index=["a", "b", "c", "d"])
    everybody = churn.contact_list(risk, benefit=[10, 100, 40, 30], cost=8)
    assert everybody.index.tolist() == ["b", "c", "a"]
    assert everybody["expected_gain"].tolist() == [42, 12, 1]
    assert churn.contact_list(risk, benefit=[10, 100, 40, 30], cost=8, budget=17).index.tolist() == ["b", "c"]
    assert churn.contact_list(risk, benefit=[10, 100, 40, 30], cost=8, most=1).index.tolist() == ["b"]


def test_impossible_amounts_are_refused() -> None:
    with pytest.raises(TableError, match="benefit has 3 values; give one, or one for each of 2 customers"):
        churn.best_threshold([1, 0], [0.5, 0.4], benefit=[1, 2, 3], cost=1)
    with pytest.raises(TableError, match="cost are missing, infinite or negative"):
        churn.best_threshold([1, 0], [0.5, 0.4], benefit=10, cost=-1)
    with pytest.raises(ValueError, match="incentive must be below value"):
        churn.empc([1, 0], [0.5, 0.4], value=10, incentive=10)
