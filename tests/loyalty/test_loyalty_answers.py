"""Answers as people give them: text, other scales, degenerate surveys; reliability, halo, weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import TableError, loyalty
from tests.loyalty.surveys import coloured_survey

# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_text_becomes_numbers_and_not_applicable_becomes_missing() -> None:
    answers = ["5 – very satisfied", "4", " 3: fair", "n/a", "", None, "0 (does not concern me)", "2,0"]
    read = loyalty.read_ratings(answers, not_applicable=[0, "N/A"])
    assert read.fillna(-1).tolist() == [5, 4, 3, -1, -1, -1, -1, 2]


def test_zero_is_an_error_until_somebody_says_what_it_means() -> None:
    with pytest.raises(
        TableError, match=r"1 of 3 answers are outside the scale from 1 to 5: 0\. .*not_applicable=\[0\]"
    ):
        loyalty.read_ratings([0, 3, 5])
    assert loyalty.read_ratings([0, 10], low=0, high=10).tolist() == [0, 10]


@pytest.mark.parametrize("answer", ["very satisfied", "x5", "5-4", "2024-01-05", "1.5.2024", "12 345"])
def test_what_does_not_begin_with_one_number_is_an_error(answer: str) -> None:
    with pytest.raises(TableError, match="answers"):
        loyalty.read_ratings(["4", answer])


def test_text_given_to_a_method_says_how_to_read_it() -> None:
    text = pd.DataFrame({"a": ["5 – good", "4 – fair", "5 – good"], "b": [1, 2, 3]})
    for call in (loyalty.cronbach_alpha, loyalty.halo_diagnosis):
        with pytest.raises(TableError, match=r"loyalty\.read_ratings"):
            call(text.assign(c=[1, 3, 2]))


@given(st.lists(st.integers(1, 7), min_size=1), st.floats(-100, 100), st.floats(0.1, 100))
def test_converting_there_and_back_changes_nothing(ratings: list[int], low: float, width: float) -> None:
    there = loyalty.convert_scale(ratings, low=1, high=7, new_low=low, new_high=low + width)
    back = loyalty.convert_scale(there.clip(low, low + width), low=low, high=low + width, new_low=1, new_high=7)
    assert np.allclose(back, ratings)
    turned = loyalty.convert_scale(ratings, low=1, high=7, new_low=1, new_high=7, reverse=True)
    assert (turned + pd.Series(ratings) == 8).all()


# ── Scores ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_nps_is_promoters_less_detractors_inside_its_interval(ratings: list[int]) -> None:
    score = loyalty.nps(ratings)
    up, down = sum(r >= 9 for r in ratings), sum(r <= 6 for r in ratings)
    assert score.value == pytest.approx(100 * (up - down) / len(ratings))
    assert -100 <= score.low <= score.high <= 100
    assert score.observations == len(ratings)
    mirrored = loyalty.nps([10 if r <= 6 else 0 if r >= 9 else 7 for r in ratings])
    assert mirrored.low == pytest.approx(-score.high)


@pytest.mark.parametrize("ratings", [[5.5], [11], [-1]])
def test_nps_needs_whole_numbers_from_0_to_10(ratings: list[float]) -> None:
    with pytest.raises(TableError):
        loyalty.nps(ratings)


@pytest.mark.parametrize("call", [loyalty.nps, loyalty.top_box])
def test_no_answer_at_all_is_an_error(call) -> None:
    for nothing in ([], [None, None], [np.nan]):
        with pytest.raises(TableError):
            call(nothing)


def test_top_box_counts_answers_only() -> None:
    assert loyalty.top_box([5, 4, 3, np.nan]).value == pytest.approx(2 / 3)
    assert loyalty.top_box([5, 5, 5]).high == 1 and loyalty.top_box([5, 5, 5]).low < 0.5


# ── Reliability ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_alpha_and_omega_of_equal_items_are_the_formula_of_spearman_and_brown() -> None:
    rng = np.random.default_rng(1)
    items = rng.normal(size=(60_000, 1)) + rng.normal(size=(60_000, 5))
    expected = 5 * 0.5 / (1 + 4 * 0.5)
    assert loyalty.cronbach_alpha(items) == pytest.approx(expected, abs=0.01)
    assert loyalty.mcdonald_omega(items) == pytest.approx(expected, abs=0.01)


def test_omega_is_above_alpha_when_items_differ_and_both_ignore_the_scale_of_all() -> None:
    rng = np.random.default_rng(2)
    items = rng.normal(size=(20_000, 1)) * [0.95, 0.9, 0.3, 0.2] + 0.4 * rng.normal(size=(20_000, 4))
    assert loyalty.mcdonald_omega(items) > loyalty.cronbach_alpha(items) + 0.02
    assert loyalty.cronbach_alpha(10 * items + 3) == pytest.approx(loyalty.cronbach_alpha(items))


def test_a_reversed_item_shows() -> None:
    rng = np.random.default_rng(3)
    items = pd.DataFrame(rng.normal(size=(500, 1)) + rng.normal(size=(500, 4)), columns=list("abcd"))
    items["d"] = -items["d"]
    table = loyalty.item_total(items)
    assert table.loc["d", "item_total"] < -0.3
    assert table.loc["d", "alpha_without"] > loyalty.cronbach_alpha(items) + 0.2


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (pd.DataFrame({"a": [1, 2, 3], "b": [4, 4, 4]}), "same answer to 'b'"),
        (pd.DataFrame({"a": [1, 2], "b": [2, 1]}), "2 of 2 respondents answered every item; at least 3"),
        (pd.DataFrame({"a": [1, 2, None, None], "b": [None, None, 2, 1]}), "0 of 4 respondents"),
        (pd.DataFrame({"a": [None, None, None], "b": [1, 2, 3]}), "'a' has no answers: all 3 are missing"),
        (pd.DataFrame({"a": [1, 2, 3]}), "At least 2 items"),
        (pd.DataFrame([[1, 2], [2, 1], [3, 3]], columns=["a", "a"]), "same name"),
        (pd.DataFrame({"a": [1, 2, 3], "b": [3, 2, 1]}), "same sum for everybody"),
        (pd.DataFrame({"a": [1, 2, np.inf], "b": [3, 2, 1]}), "infinite"),
    ],
)
def test_degenerate_scales_are_errors_that_name_the_trouble(items: pd.DataFrame, message: str) -> None:
    with pytest.raises(TableError, match=message):
        loyalty.cronbach_alpha(items)


def test_straight_liners_need_enough_answers() -> None:
    items = pd.DataFrame([[4] * 6, [4, 4, 4, 4, None, None], [1, 2, 3, 4, 5, 4]])
    assert loyalty.straight_liners(items).tolist() == [True, False, False]
    with pytest.raises(TableError, match="5 items"):
        loyalty.straight_liners(items[[0, 1]])


# ── Halo and silence ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_halo_shows_across_topics_and_goes_when_the_feeling_is_known() -> None:
    coloured, plain = coloured_survey(1, halo=1.0), coloured_survey(1, halo=0.0)
    before, without = (loyalty.halo_diagnosis(survey.items) for survey in (coloured, plain))
    assert before["across"] > without["across"] + 0.15
    after = loyalty.remove_halo(coloured.items, factor=coloured.agent)
    assert loyalty.halo_diagnosis(after)["across"] < before["across"] / 2


def test_an_item_never_corrects_itself() -> None:
    rng = np.random.default_rng(1)
    items = pd.DataFrame(rng.normal(size=(5_000, 4)), columns=list("abcd"))
    # Independent items have no halo: what is left is what was there.
    left = loyalty.remove_halo(items)
    for name in items:
        assert np.corrcoef(items[name], left[name])[0, 1] > 0.99
    grouped = loyalty.remove_halo(items, groups={"a": "x", "b": "x", "c": "y", "d": "y"})
    assert grouped.shape == items.shape
    with pytest.raises(TableError, match="one topic"):
        loyalty.remove_halo(items, groups=dict.fromkeys("abcd", "x"))
    with pytest.raises(TableError, match="names no topic for the item 'd'"):
        loyalty.remove_halo(items, groups=dict.fromkeys("abc", "x"))


def test_missing_ratings_stay_missing_when_halo_goes() -> None:
    items = coloured_survey(1, people=500).items
    items.iloc[3, 2] = np.nan
    left = loyalty.remove_halo(items)
    assert left.index.equals(items.index)
    assert left.iloc[3].isna().all() and left.drop(index=3).notna().all().all()


def test_weights_undo_silence_that_is_explained_by_what_is_known() -> None:
    errors = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        young = rng.random(6_000) < 0.6
        rating = np.where(young, 3.0, 4.0) + rng.normal(size=6_000)
        answered = rng.random(6_000) < np.where(young, 0.1, 0.5)
        weight = loyalty.response_weights(pd.DataFrame({"young": young}), answered)
        assert weight.mean() == pytest.approx(1)
        plain, weighted = loyalty.mean(rating[answered]), loyalty.mean(rating[answered], weights=weight)
        assert weighted.high - weighted.low > plain.high - plain.low
        errors.append((plain.value - rating.mean(), weighted.value - rating.mean()))
    before, after = np.abs(np.mean(errors, axis=0))
    assert before > 0.25 and after < 0.04


def test_weights_cannot_see_silence_that_depends_on_the_answer_itself() -> None:
    rng = np.random.default_rng(1)
    rating = rng.normal(size=20_000)
    answered = rng.random(20_000) < 1 / (1 + np.exp(1 - rating))
    known = pd.DataFrame({"age": rng.normal(size=20_000)})
    weighted = loyalty.mean(rating[answered], weights=loyalty.response_weights(known, answered))
    assert weighted.low > rating.mean() + 0.3


def test_weights_take_text_dates_and_gaps_and_refuse_what_says_nothing() -> None:
    rng = np.random.default_rng(1)
    known = pd.DataFrame(
        {
            "town": pd.Categorical(rng.choice(["x", "y"], 200)),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 200), unit="D"),
            "age": np.where(rng.random(200) < 0.2, np.nan, 40 + rng.normal(size=200)),
        }
    )
    answered = rng.random(200) < 0.4
    weight = loyalty.response_weights(known, answered)
    assert weight.index.tolist() == np.flatnonzero(answered).tolist()
    assert 1 <= loyalty.effective_respondents(weight) <= answered.sum()
    for nobody in (np.zeros(200, bool), np.ones(200, bool)):
        with pytest.raises(TableError, match="nothing to weight"):
            loyalty.response_weights(known, nobody)
    with pytest.raises(TableError, match="one each per invitation"):
        loyalty.response_weights(known, answered[:10])
