from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import TableError, needs


@st.composite
def needs_tables(draw):
    people, names = draw(st.integers(1, 6)), ["fits", "cheap", "near", "kind"]
    flags = st.lists(st.booleans(), min_size=4 * people, max_size=4 * people)
    return pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(people), 4),
            "need": names * people,
            "must": draw(flags),
            "met": draw(flags),
        }
    ).sample(frac=1, random_state=draw(st.integers(0, 99)))


@settings(max_examples=25)
@given(needs_tables())
def test_the_gate_opens_when_all_musts_are_met(table):
    gate = needs.need_gate(table)
    for customer, rows in table.groupby("customer_id"):
        shut = (rows["must"] & ~rows["met"]).any()
        assert gate.loc[customer, "open"] == (not shut)
        assert (gate.loc[customer, "missing"] == "") == (not shut)
    assert (gate["musts"] + gate["nices"] == 4).all()
    # Meeting all needs opens every gate; an offer says the same as the column.
    assert needs.need_gate(table.assign(met=True))["open"].all()
    all_met = pd.DataFrame([dict.fromkeys(["fits", "cheap", "near", "kind"], True)], index=["everything"])
    assert needs.opens_for(table, all_met)["everything"].all()


@settings(max_examples=25)
@given(needs_tables())
def test_opening_a_need_opens_what_it_says(table):
    value = needs.opening_value(table)
    before = needs.need_gate(table)["open"].sum()
    for need, row in value.iterrows():
        mended = table.assign(met=table["met"] | (table["need"] == need))
        assert needs.need_gate(mended)["open"].sum() - before == row["opens"]


def test_no_purchase_while_the_gate_is_shut():
    table = pd.DataFrame(
        {
            "customer_id": [1, 1, 2, 2],
            "need": ["a", "b"] * 2,
            "must": [True, False] * 2,
            "met": [False, True, True, True],
        }
    )
    chance = needs.purchase_probability(needs.need_gate(table), base=-1.0, slope=2.0)
    assert chance[1] == 0
    assert chance[2] == pytest.approx(1 / (1 + np.exp(-1.0)))
    with pytest.raises(TableError, match="twice"):
        needs.need_gate(pd.concat([table, table]))
    with pytest.raises(TableError, match="lacks the column 'b'"):
        needs.opens_for(table, pd.DataFrame({"a": [True]}))


def test_forced_choice_finds_the_order():
    utilities = pd.DataFrame([[3.0, 2.0, 1.0, 0.0]] * 80, columns=list("abcd")).rename_axis("respondent")
    sure = needs.forced_ranks(needs.forced_choice_survey(utilities, noise=0.0), all_needs=list("abcd"))
    assert sure.loc[0].tolist() == [1, 2, 3, 4, 1.0]
    heard = needs.forced_ranks(needs.forced_choice_survey(utilities, noise=1.0, seed=2))
    assert heard["consistent"].mean() < 0.9
    table = needs.priorities(heard)
    assert list(table.index) == list("abcd")
    assert ((table["low"] < table["worth"]) & (table["worth"] < table["high"])).all()
    assert table["worth"].sum() == pytest.approx(0, abs=1e-9)
    weights = needs.resource_weights(heard)
    assert weights.sum() == pytest.approx(1) and weights.index[0] == "a"
    with pytest.raises(TableError, match="was to name 1 needs and named 2"):
        needs.forced_ranks(pd.DataFrame({"respondent": [1, 1], "k": [1, 1], "need": ["a", "b"]}))


def test_plackett_luce_against_its_closed_form_with_two_needs():
    ranks = pd.DataFrame({"a": [1] * 30 + [2] * 10, "b": [2] * 30 + [1] * 10})
    table = needs.priorities(ranks)
    assert table.loc["a", "worth"] - table.loc["b", "worth"] == pytest.approx(np.log(3), rel=1e-6)
    assert table.loc["a", "borda"] == 0.75
