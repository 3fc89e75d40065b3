from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

from crmlab import churn
from crmlab.tables import TableError


def sample(seed: int, n: int = 2_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probability = rng.beta(1, 5, n)
    return rng.random(n) < probability, probability


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_error_and_miss_are_the_complements_of_precision_and_recall(pairs: list[tuple[bool, bool]]) -> None:
    truth, named = (list(each) for each in zip(*pairs, strict=True))
    found = churn.error_and_miss(truth, named)
    if any(named):
        assert found.error_rate == pytest.approx(1 - precision_score(truth, named))
    else:
        assert np.isnan(found.error_rate)
    if any(truth):
        assert found.miss_rate == pytest.approx(1 - recall_score(truth, named))
    else:
        assert np.isnan(found.miss_rate)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=60))
def test_auc_agrees_with_scikit_learn_ties_included(pairs: list[tuple[bool, int]]) -> None:
    truth, score = (list(each) for each in zip(*pairs, strict=True))
    if len(set(truth)) < 2:
        with pytest.raises(TableError, match="with one class nothing can be measured"):
            churn.auc(truth, score)
        return
    found = churn.auc(truth, score)
    assert found.estimate == pytest.approx(roc_auc_score(truth, score))
    assert 0 <= found.low <= found.estimate + 1e-12 and found.estimate - 1e-12 <= found.high <= 1


def test_delongs_interval_covers() -> None:
    """The true area is known for two normal scores; 300 samples: fewer than 268 hits in 300 has a chance below 1e-4."""
    rng = np.random.default_rng(5)
    true = 0.7602499389065233  # Φ(1 / √2)
    hits = 0
    for _ in range(300):
        truth = np.arange(200) < 60
        interval = churn.auc(truth, rng.normal(size=200) + truth)
        hits += interval.low <= true <= interval.high
    assert hits >= 268


@pytest.mark.parametrize("bins", [1, 4, 10, 50])
def test_brier_parts_add_up(bins: int) -> None:
    truth, probability = sample(1)
    parts = churn.brier(truth, probability, bins=bins)
    assert parts.brier == pytest.approx(brier_score_loss(truth, probability))
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert whole == pytest.approx(parts.brier, abs=1e-15)
    # The part within groups by its own definition: variance of predictions less twice the covariance with outcomes.
    group = churn.calibration(truth, probability, bins=bins)["customers"].to_numpy().cumsum()
    place = np.searchsorted(group, np.argsort(np.argsort(probability)), side="right")
    within = 0.0
    for each in np.unique(place):
        p, y = probability[place == each], truth[place == each].astype(float)
        within += ((p - p.mean()) ** 2).sum() - 2 * ((p - p.mean()) * (y - y.mean())).sum()
    assert within / len(truth) == pytest.approx(parts.within, abs=1e-12)


def test_calibration_finds_a_calibrated_model_calibrated_and_an_overconfident_one_not() -> None:
    """Ten intervals of 99.99%, and a slope at 99.9%: a false alarm once in some 500 runs; the seed is fixed."""
    truth, probability = sample(2, 20_000)
    table = churn.calibration(truth, probability, confidence=0.9999)
    assert ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).all()
    slope = churn.calibration_slope(truth, probability, confidence=0.999)
    assert slope.low < 1 < slope.high
    odds = np.log(probability / (1 - probability))
    overconfident = churn.calibration_slope(truth, 1 / (1 + np.exp(-2 * odds)))
    assert overconfident.estimate == pytest.approx(slope.estimate / 2, rel=1e-3)


def test_lift_shares_ties() -> None:
    truth = [1, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert churn.lift(truth, np.zeros(10)) == pytest.approx(1)
    # One sure name, and one of two tied ones of whom half left: 1.5 of 2, against 2 of 10.
    assert churn.lift(truth, [3, 2, 2, 1, 1, 1, 1, 1, 1, 1], share=0.2) == pytest.approx(1.5 / 2 / 0.2)


def test_wilson_is_right_at_the_ends() -> None:
    low, high = churn.wilson([0, 10], [10, 10])
    assert low[0] == 0 and high[1] == 1
    assert high[0] == pytest.approx(0.27753279) and low[1] == pytest.approx(1 - 0.27753279)


@pytest.mark.parametrize(
    ("y", "p", "message"),
    [
        ([], [], "is empty"),
        ([1, 1], [0.5, 0.5], "All 2 labels in y_true are 1"),
        ([1, None], [0.5, 0.5], "1 of 2 labels in y_true are missing"),
        (["Yes", "No"], [0.5, 0.5], "must hold 0 and 1"),
        ([2, 0], [0.5, 0.5], "must hold 0 and 1"),
        ([1, 0], [0.5], "1 values for 2 labels"),
        ([1, 0], [np.nan, 0.5], "missing or infinite"),
        ([1, 0], ["a", "b"], "must hold numbers"),
        ([1, 0], [1.2, 0.5], "calibrate the model first"),
    ],
)
def test_bad_input_is_named(y: list, p: list, message: str) -> None:
    with pytest.raises(TableError, match=message):
        churn.calibration_slope(y, p)


def test_labels_may_be_booleans_of_any_kind() -> None:
    for y in ([True, False], pd.Series([1, 0]), pd.array([True, False], dtype="boolean"), np.array([1.0, 0.0])):
        assert churn.auc(y, [2, 1]).estimate == 1
