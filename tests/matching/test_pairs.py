"""Duplicates: found without being told which, with odds that mean what they say, the same every time."""

from __future__ import annotations

from functools import cache

import pandas as pd
import pytest

from crmlab import World, matching
from crmlab.tables import TableError


@cache
def shop(seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Contact details in which a quarter registered twice, and who is whom; test accounts belong to nobody."""
    run = World("cosmetics", customers=800, months=6, seed=seed).simulate().dirty("realistic", duplicates=0.25)
    return run.contact_details, run.truth.persons.set_index("customer_id")["person_id"]


@cache
def found(seed: int) -> pd.DataFrame:
    return matching.duplicate_pairs(shop(seed)[0])


@pytest.mark.parametrize("seed", [1, 2])
def test_most_duplicates_are_found_and_most_that_is_found_is_one(seed: int) -> None:
    contacts, true = shop(seed)
    persons = matching.same_person(contacts["customer_id"], found(seed), threshold=0.9)
    result = matching.agreement(persons, true)
    assert result["pairs_true"] > 50
    assert result["precision"] > 0.9 and result["recall"] > 0.65


def test_a_lower_threshold_finds_more_and_errs_more() -> None:
    contacts, true = shop(1)
    results = [
        matching.agreement(matching.same_person(contacts["customer_id"], found(1), threshold=threshold), true)
        for threshold in (0.02, 0.5, 0.99)
    ]
    assert results[0]["recall"] > results[1]["recall"] > results[2]["recall"]
    assert results[0]["precision"] < results[2]["precision"]


def test_pairs_are_in_order_and_their_evidence_adds_up() -> None:
    pairs = found(1)
    assert (pairs["customer_id"] < pairs["other_id"]).all()
    assert pairs["bits"].is_monotonic_decreasing and pairs["probability"].between(0.01, 1).all()
    fields = pairs.filter(like="_bits").sum(axis=1)
    rarity = pairs["bits"] - fields  # how rare duplicates are: the same for every pair, and against it
    assert rarity.max() - rarity.min() < 1e-6 and rarity.max() < 0
    odds = 2 ** pairs["bits"]
    assert (pairs["probability"] - odds / (1 + odds)).abs().max() < 1e-9


def test_the_same_file_gives_the_same_pairs() -> None:
    contacts = shop(1)[0]
    again = matching.duplicate_pairs(contacts)
    pd.testing.assert_frame_equal(again, found(1))
    assert again["customer_id"].dtype == contacts["customer_id"].dtype


def test_ids_of_any_kind_and_a_file_of_one() -> None:
    contacts = shop(1)[0].head(200)
    named = contacts.assign(customer_id="K-" + contacts["customer_id"].astype(str))
    assert set(matching.duplicate_pairs(named).columns) == set(found(1).columns)
    assert matching.duplicate_pairs(contacts.head(1)).empty


def test_what_cannot_be_matched_is_refused() -> None:
    contacts = shop(1)[0]
    with pytest.raises(TableError, match="phone"):
        matching.duplicate_pairs(contacts.drop(columns="phone"))
    with pytest.raises(ValueError, match="one row only"):
        matching.duplicate_pairs(pd.concat([contacts, contacts.head(1)]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        matching.duplicate_pairs(contacts, lowest=2)
