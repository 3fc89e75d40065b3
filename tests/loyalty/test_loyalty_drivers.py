"""Importance of drivers: published figures, identities, and the truth of simulated surveys."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import TableError, loyalty
from crmlab.loyalty.relative import explained, johnson, lmg_exact, lmg_sampled
from tests.loyalty.surveys import coloured_survey, naive_importance, recommended_importance, swiss, top_three


@st.composite
def correlations(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    k = draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    whole = np.corrcoef(rng.normal(size=(30, k + 1)) + rng.normal(size=(30, 1)), rowvar=False)
    return whole[:-1, :-1], whole[:-1, -1]


# ── Published figures ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_swiss_as_published_for_r() -> None:
    data = swiss()
    table = loyalty.drivers(data.drop(columns="fertility"), data["fertility"], methods=["lmg", "johnson"])
    assert table["lmg"].round(8).tolist() == [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592]
    assert table["johnson"].round(8).tolist() == [0.04841690, 0.15470825, 0.27196410, 0.11468003, 0.11696572]


def test_park_as_published(shared_data: Path) -> None:
    file = shared_data / "park_satisfaction.csv"
    if not file.exists():
        pytest.skip(f"{file.name} is not in the folder of published data sets")
    park = pd.read_csv(file)
    table = loyalty.drivers(park[["rides", "games", "wait", "clean"]], park["overall"], methods=["lmg"])
    r_squared = table["lmg"].sum()
    assert round(r_squared, 5) == 0.59508
    assert (table["lmg"] / r_squared).round(5).tolist() == [0.25808, 0.14532, 0.28488, 0.31172]


# ── Identities ────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(correlations())
@settings(max_examples=50)
def test_lmg_is_the_mean_gain_over_all_orders_and_adds_up(problem: tuple[np.ndarray, np.ndarray]) -> None:
    matrix, target = problem
    k = len(target)
    by_hand = np.zeros(k)
    orders = list(permutations(range(k)))
    for order in orders:
        before = 0.0
        for place in range(k):
            members = list(order[: place + 1])
            after = float(explained(matrix[np.ix_(members, members)], target[members]))
            by_hand[order[place]] += (after - before) / len(orders)
            before = after
    shares = lmg_exact(matrix, target)
    r_squared = float(explained(matrix, target))
    assert np.allclose(shares, by_hand, atol=1e-10)
    assert abs(shares.sum() - r_squared) < 1e-12
    assert abs(johnson(matrix, target).sum() - r_squared) < 1e-10
    assert (shares >= -1e-12).all()


def test_independent_drivers_have_the_squares_of_their_slopes_under_every_method() -> None:
    matrix, target = np.eye(4), np.array([0.6, -0.4, 0.2, 0.0])
    assert np.allclose(lmg_exact(matrix, target), target**2)
    assert np.allclose(johnson(matrix, target), target**2)


@given(correlations(), st.integers(0, 100))
@settings(max_examples=20)
def test_sampled_lmg_adds_up_exactly_and_states_its_error(problem: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    matrix, target = problem
    shares, errors = lmg_sampled(matrix, target, orders=20, rng=np.random.default_rng(seed))
    assert abs(shares.sum() - float(explained(matrix, target))) < 1e-12
    assert (errors >= 0).all()


def test_stated_error_of_sampling_is_the_error() -> None:
    rng = np.random.default_rng(1)
    whole = np.corrcoef(rng.normal(size=(200, 13)) + rng.normal(size=(200, 1)), rowvar=False)
    matrix, target = whole[:-1, :-1], whole[:-1, -1]
    exact = lmg_exact(matrix, target)
    scores = []
    for seed in range(40):
        shares, errors = lmg_sampled(matrix, target, orders=400, rng=np.random.default_rng(seed))
        scores.append((shares - exact) / errors)
    # 480 standard scores, correlated within a run: the mean square of a standard normal is 1 ± 0.2.
    assert 0.7 < np.mean(np.square(scores)) < 1.4


def test_forty_drivers_are_sampled_and_fifteen_are_exact() -> None:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(400, 40)) + rng.normal(size=(400, 1))).rename(columns="driver {}".format)
    y = X @ rng.random(40) + 3 * rng.normal(size=400)
    many = loyalty.drivers(X, y, methods=["lmg", "johnson"])
    assert abs(many["lmg"].sum() - many["johnson"].sum()) < 1e-12
    assert (many["lmg_error"] < 0.05 * many["lmg"].max()).all()
    assert "lmg_error" not in loyalty.drivers(X.iloc[:, :15], y, methods=["lmg"])


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_methods_stand_side_by_side_with_intervals() -> None:
    survey = coloured_survey(3, people=3_000)
    X, y = survey.items[survey.responded], survey.overall[survey.responded]
    table = loyalty.drivers(X, y, interval=True, resamples=200)
    assert table.index.tolist() == X.columns.tolist()
    for method in loyalty.METHODS[:-1]:
        assert (table[f"{method}_low"] < table[method]).all() and (table[method] < table[f"{method}_high"]).all()
    assert "permutation_low" not in table
    assert (table["respondents"] == len(X)).all()
    again = loyalty.drivers(X, y, interval=True, resamples=200)
    pd.testing.assert_frame_equal(table, again)


def test_shifting_stretching_and_shuffling_change_nothing() -> None:
    survey = coloured_survey(4, people=1_500)
    X, y = survey.items, survey.overall
    methods = ["correlation", "standardised", "lmg", "johnson"]
    table = loyalty.drivers(X, y, methods=methods)
    pd.testing.assert_frame_equal(table, loyalty.drivers(7 * X - 2, 3 * y + 1, methods=methods))
    order = np.random.default_rng(0).permutation(len(X))
    pd.testing.assert_frame_equal(table, loyalty.drivers(X.iloc[order], y.iloc[order], methods=methods))


def test_weights_of_two_are_respondents_twice() -> None:
    survey = coloured_survey(5, people=400)
    X, y = survey.items, survey.overall
    weight = np.where(np.arange(400) < 150, 2.0, 1.0)
    twice = np.concatenate([np.arange(400), np.arange(150)])
    methods = ["correlation", "standardised", "lmg", "johnson"]
    weighted = loyalty.drivers(X, y, methods=methods, weights=weight).drop(columns="respondents")
    doubled = loyalty.drivers(X.iloc[twice], y.iloc[twice], methods=methods).drop(columns="respondents")
    pd.testing.assert_frame_equal(weighted, doubled)


def test_ordinal_slopes_are_those_that_made_the_ratings() -> None:
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.normal(size=(4_000, 2)), columns=["a", "b"])
    felt = 1.0 * X["a"] + 0.5 * X["b"] + rng.logistic(size=4_000)
    y = 1.0 + (felt.to_numpy()[:, None] > [-3, -1, 0, 2]).sum(axis=1)
    table = loyalty.drivers(X, y, methods=["ordinal"], interval=True, level=0.999)
    assert (table["ordinal_low"] < [1.0, 0.5]).all() and (table["ordinal_high"] > [1.0, 0.5]).all()


def test_permutation_takes_another_model() -> None:
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(600, 2)), columns=["bent", "noise"])
    y = X["bent"] ** 2 + 0.1 * rng.normal(size=600)
    line = loyalty.drivers(X, y, methods=["permutation"])["permutation"]
    tree = loyalty.drivers(X, y, methods=["permutation"], estimator=DecisionTreeRegressor(max_depth=4))["permutation"]
    assert line["bent"] < 0.2 < 0.8 < tree["bent"]


def test_rank_stability_adds_up_and_is_sure_of_what_is_plain() -> None:
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    y = 3 * X["c"] + X["a"] + X["b"] + rng.normal(size=300)
    table = loyalty.rank_stability(X, y, resamples=200)
    assert np.allclose(table.sum(axis=0), 1) and np.allclose(table.sum(axis=1), 1)
    assert table.index[0] == "c" and table.loc["c", 1] == 1 and table.loc["d", 4] == 1
    assert 0.02 < table.loc["a", 2] < 0.98


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X.assign(d=X["a"] + X["b"]), y), r"'a', 'b', 'd' are collinear"),
        (lambda X, y: (X.assign(c=3), y), "same answer to 'c'"),
        (lambda X, y: (X, y * 0 + 4), "same answer to 'outcome y'"),
        (lambda X, y: (X.iloc[:2], y.iloc[:2]), "2 of 2 respondents answered every item; at least 5"),
        (lambda X, y: (X, y * np.nan), "y has no answers"),
        (lambda X, y: (X.assign(a=np.nan), y), "'a' has no answers"),
        (lambda X, y: (X.assign(a=X["a"].round().astype(str)), y), "read_ratings"),
        (lambda X, y: (X, y.iloc[:50]), "100 rows and y 50"),
        (lambda X, y: (X, y.set_axis(y.index[::-1])), "different indexes"),
    ],
)
def test_degenerate_surveys_are_errors_that_name_the_trouble(change, message: str) -> None:
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.normal(size=(100, 3)), columns=list("abc"))
    with pytest.raises(TableError, match=message):
        loyalty.drivers(*change(X, X.sum(axis=1) + rng.normal(size=100)), methods=["lmg"])


def test_missing_answers_drop_the_respondent_only() -> None:
    survey = coloured_survey(6, people=300)
    X, y = survey.items.copy(), survey.overall
    X.iloc[:40, 0] = np.nan
    assert (loyalty.drivers(X, y, methods=["lmg"])["respondents"] == 260).all()


def test_options_out_of_range() -> None:
    survey = coloured_survey(6, people=100)
    for wrong in ({"methods": ["shap"]}, {"methods": []}, {"level": 95}, {"resamples": 10}):
        with pytest.raises(ValueError):
            loyalty.drivers(survey.items, survey.overall, **wrong)


# ── Truth ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_recommended_way_finds_the_three_that_matter_and_the_naive_one_does_not() -> None:
    naive, recommended, without_marker = 0, 0, 0
    for seed in range(20):
        survey = coloured_survey(seed)
        truth = top_three(survey.truth)
        naive += top_three(naive_importance(survey)) == truth
        recommended += top_three(recommended_importance(survey)) == truth
        without_marker += top_three(recommended_importance(survey, marker=False)) == truth
    assert recommended >= 18
    assert naive < 10
    # A feeling measured by the ratings themselves is second best: it takes part of the signal along.
    assert naive < without_marker <= recommended


# ── Asymmetry, expectation, the map ───────────────────────────────────────────────────────────────────────────────────


def test_penalties_and_rewards_cover_what_made_them() -> None:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.integers(1, 6, size=(3_000, 3)), columns=["basic", "both", "nothing"])
    y = 4 - 1.0 * (X["basic"] <= 2) - 0.4 * (X["both"] <= 2) + 0.4 * (X["both"] >= 4) + 0.5 * rng.normal(size=3_000)
    table = loyalty.penalty_reward(X, y, low=2, high=4, level=0.999)
    assert table["kind"].to_dict() == {"basic": "basic", "both": "performance", "nothing": "no effect"}
    assert table.loc["basic", "penalty_low"] < -1.0 < table.loc["basic", "penalty_high"]
    with pytest.raises(TableError, match="Nobody rated 'both' 0 or worse"):
        loyalty.penalty_reward(X[["both"]], y, low=0, high=4)


def test_disappointment_weighs_more_than_delight() -> None:
    covered = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        expected, perceived = rng.normal(size=(2, 800))
        gap = perceived - expected
        felt = 0.5 * perceived + 0.4 * np.maximum(gap, 0) + 0.9 * np.minimum(gap, 0) + 0.6 * rng.normal(size=800)
        row = loyalty.disconfirmation(expected, perceived, felt).loc["loss_ratio"]
        covered += row["low"] < 2.25 < row["high"]
    # 95% of 40: fewer than 33 has probability 0.001.
    assert covered >= 33
    with pytest.raises(TableError, match="surprised on one of the two sides"):
        loyalty.disconfirmation(expected, expected + 1 + rng.random(800), felt)


def test_map_names_what_to_improve_first() -> None:
    table = pd.DataFrame(
        {"lmg": [0.4, 0.1, 0.3], "lmg_low": [0.3, 0.05, 0.2], "lmg_high": [0.5, 0.2, 0.4]}, index=list("abc")
    )
    table = loyalty.importance_performance(table, pd.Series({"a": 3.0, "b": 4.5, "c": 4.4}))
    assert table["quadrant"].to_dict() == {"a": "improve", "c": "keep", "b": "enough"}
    assert table["clear"].to_dict() == {"a": True, "c": False, "b": True}
    with pytest.raises(TableError, match="'c'"):
        loyalty.importance_performance(pd.DataFrame({"lmg": [1.0]}, index=["c"]), pd.Series({"a": 1.0}))
