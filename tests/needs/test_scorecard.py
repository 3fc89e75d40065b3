from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab import TableError, needs


def test_scores_gaps_and_missing_answers():
    rng = np.random.default_rng(0)
    answers = pd.DataFrame(rng.integers(1, 6, (200, 9)), columns=[f"q{i}" for i in range(1, 10)]).astype("Int64")
    answers.loc[:9, "q1"] = pd.NA
    answers.loc[5, ["q3"]] = pd.NA
    card = needs.four_c_scorecard(answers, expectation={"cost": 4.0}, competitors={"solution": 3.0})
    assert list(card.index) == list(needs.FOUR_C)
    assert card["p"].tolist() == ["product", "price", "place", "promotion"]
    cost = 25 * (answers["q3"].dropna().astype(float).mean() - 1)
    assert card.loc["cost", "score"] == pytest.approx(cost)
    assert card.loc["cost", "respondents"] == 199
    assert card.loc["cost", "gap_expectation"] == pytest.approx(cost - 75)
    assert np.isnan(card.loc["solution", "gap_expectation"])
    assert card.loc["solution", "gap_competitors"] == pytest.approx(card.loc["solution", "score"] - 50)
    assert ((card["low"] < card["score"]) & (card["score"] < card["high"])).all()


def test_behaviour_counts_as_one_item():
    answers = pd.DataFrame({"q": [5, 5]})
    delays = pd.Series([0, 5, 10])
    card = needs.four_c_scorecard(
        answers, items={"convenience": ["q"]}, behaviour={"convenience": (delays, 5, 0), "cost": (delays, 10, 0)}
    )
    assert card.loc["convenience", "score"] == pytest.approx((100 + 100 / 3) / 2)
    assert card.loc["cost", "score"] == pytest.approx(50)


def test_delivered_value_adds_up():
    table = needs.delivered_value({"product": 30, "image": 5}, {"money": 20, "psychic": 3})
    assert table["running"].iloc[-1] == 12 == table["amount"].iloc[:-1].sum()
    with pytest.raises(ValueError, match="'brand' is not one of"):
        needs.delivered_value({"brand": 3}, {})
    with pytest.raises(ValueError, match="positive"):
        needs.delivered_value({}, {"money": -3})
    with pytest.raises(TableError, match="outside the scale"):
        needs.four_c_scorecard(pd.DataFrame({"q": [9]}), items={"cost": ["q"]})
    with pytest.raises(ValueError, match="not one of the four Cs"):
        needs.four_c_scorecard(pd.DataFrame({"q": [3]}), items={"price": ["q"]})


def test_policies_of_non_customers():
    people = pd.DataFrame(
        {
            "prospect_id": [1, 2, 3, 4],
            "portrait_match": [0.9, 0.9, 0.1, 0.2],
            "need_strength": [0.9, 0.3, 0.9, 0.2],
            "ability_to_pay": [0.9, 0.9, 0.9, 0.2],
            "access": [0.9, 0.9, 0.9, 0.1],
            "inquiries": [2, 0, 0, 0],
        }
    )
    kinds = needs.non_customers(people)
    assert kinds["kind"].tolist() == ["quasi", "refusing", "refusing", "unexplored"]
    assert kinds["lacks"].iloc[1:3].tolist() == ["need_strength", "portrait_match"]
    # Whoever has asked is not out of sight.
    assert needs.non_customers(people.assign(inquiries=1))["kind"].iloc[3] == "refusing"
    table = needs.conversion_policy(
        kinds,
        chance={"quasi": 0.2, "refusing": 0.05, "unexplored": 0.02},
        cost={"quasi": 5.0, "refusing": 10.0, "unexplored": 1.0},
        value=100.0,
    )
    assert table.loc[("quasi", ""), "profit"].item() == pytest.approx(15)
    assert not table.loc[("refusing", "need_strength"), "do"].item()
    assert table["people"].sum() == 4
    assert needs.unseen_market(50, 40, 40)["unseen"] == pytest.approx(0, abs=1)


def test_capture_recapture_covers_the_truth():
    """95% intervals over 400 draws: more than 20 × (1 − 0.9) misses would be 5 standard errors too many."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        first, second = rng.random(1_000) < 0.3, rng.random(1_000) < 0.25
        found = needs.unseen_market(int(first.sum()), int(second.sum()), int((first & second).sum()))
        hits += found["low"] <= 1_000 <= found["high"]
    assert hits / 400 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 400)
