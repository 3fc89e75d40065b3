"""Rankings, gain curves and intervals against the truth: worked out by hand, and against other definitions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from sklearn.metrics import roc_auc_score

from crmlab.recovery import coverage, gain_curve, qini, ranking

NAMES = ["Ada", "Bo", "Cleo", "Dan"]
pairs_of_numbers = st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=2, max_size=25)


def series(values) -> pd.Series:
    return pd.Series(np.asarray(values, float))


@given(pairs_of_numbers)
def test_concordance_is_the_share_of_pairs_in_the_right_sequence(pairs) -> None:
    estimate, truth = (series([pair[k] for pair in pairs]) for k in (0, 1))
    right = [(np.sign(a[0] - b[0]) * np.sign(a[1] - b[1]) + 1) / 2 for a, b in combinations(pairs, 2) if a[1] != b[1]]
    found = ranking(estimate, truth)["concordance"]
    assert found == pytest.approx(np.mean(right)) if right else np.isnan(found)


def test_concordance_of_yes_and_no_is_the_area_under_the_curve() -> None:
    generator = np.random.default_rng(1)
    truth, estimate = generator.integers(0, 2, 200), generator.normal(size=200).round(1)
    assert ranking(series(estimate), series(truth))["concordance"] == pytest.approx(roc_auc_score(truth, estimate))


def test_top_of_a_ranking_by_hand() -> None:
    truth = pd.Series([10.0, 5.0, 3.0, 2.0], NAMES)
    estimate = pd.Series([1.0, 4.0, 3.0, 2.0], NAMES)
    found = ranking(estimate, truth, shares=[0.25, 0.5, 1])
    assert found["top_25%"] == pytest.approx(5 / 10)
    assert found["top_50%"] == pytest.approx(8 / 15)
    assert found["top_100%"] == 1
    tied = ranking(pd.Series(1.0, NAMES), truth, shares=[0.5])
    assert tied["top_50%"] == pytest.approx(10 / 15), "half of everything on average"
    assert tied["concordance"] == 0.5
    with pytest.raises(ValueError, match="shares: 0 is impossible"):
        ranking(estimate, truth, shares=[0])


def test_gain_curve_by_hand() -> None:
    curve = gain_curve(pd.Series([4.0, 3.0, 2.0, 1.0], NAMES), pd.Series([2.0, -4.0, 6.0, 0.0], NAMES))
    np.testing.assert_allclose(curve["share"], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve["gain"], np.array([0, 2, -2, 4, 4]) / 4)
    np.testing.assert_allclose(curve["best"], np.array([0, 6, 8, 8, 4]) / 4)
    np.testing.assert_allclose(curve["random"], np.array([0, 1, 2, 3, 4]) / 4)


@given(pairs_of_numbers)
def test_qini_lies_between_harm_and_the_best(pairs) -> None:
    score, effect = (series([pair[k] for pair in pairs]) for k in (0, 1))
    found = qini(score, effect)
    if effect.nunique() == 1:
        assert np.isnan(found)
        return
    assert -1 - 1e-9 <= found <= 1 + 1e-9
    assert qini(effect, effect) == pytest.approx(1)
    assert qini(-effect, effect) == pytest.approx(-1)
    assert qini(-score, effect) == pytest.approx(-found)
    curve = gain_curve(score, effect)
    if score.nunique() == len(score) and effect.nunique() == len(effect):
        area = trapezoid(curve["gain"] - curve["random"], curve["share"])
        assert found == pytest.approx(area / trapezoid(curve["best"] - curve["random"], curve["share"]))


def test_coverage_by_hand() -> None:
    truth = pd.Series([1.0, 2.0, 3.0, 4.0], NAMES)
    lower = pd.Series([0.0, 3.0, 0.0, 4.0], NAMES)
    upper = pd.Series([1.0, 5.0, 2.0, 9.0], NAMES)
    found = coverage(lower, upper, truth, level=0.9)
    assert (found["customers"], found["level"], found["coverage"]) == (4, 0.9, 0.5)
    assert (found["truth_below"], found["truth_above"], found["mean_width"]) == (0.25, 0.25, 2.5)
    assert found["p_value"] == pytest.approx(0.0523)  # two or fewer of four, at 0.9: 0.0001 + 0.0036 + 0.0486


def test_coverage_of_right_and_wrong_intervals() -> None:
    """Right ones pass the test at its rate; intervals of half the width fail it always."""
    generator = np.random.default_rng(7)
    passed = []
    for _ in range(100):
        truth = pd.Series(generator.normal(size=300))
        estimate = truth + generator.normal(size=300)
        passed.append(coverage(estimate - 1.96, estimate + 1.96, truth)["p_value"] > 0.05)
        assert coverage(estimate - 0.98, estimate + 0.98, truth)["p_value"] < 1e-6
    assert sum(passed) >= 86  # 95 expected, standard deviation 2.2; below 86 once in 5,000


def test_coverage_names_what_is_wrong() -> None:
    one = pd.Series([1.0, 2.0], ["Ada", "Bo"])
    with pytest.raises(ValueError, match="level=95 is impossible"):
        coverage(one, one, one, level=95)
    with pytest.raises(ValueError, match="the interval of customer 'Ada' ends before it begins"):
        coverage(one + 1, one, one)
    with pytest.raises(ValueError, match="no customer in common"):
        coverage(one, one, pd.Series([1.0], ["Cleo"]))
