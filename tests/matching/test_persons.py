"""Persons from pairs, and one view of each."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import World, matching
from crmlab.tables import TableError

PAIRS = pd.DataFrame({"customer_id": ["a", "b"], "other_id": ["b", "c"], "probability": [0.95, 0.6]})


def test_a_chain_joins_and_the_threshold_parts() -> None:
    ids = ["c", "b", "a", "d"]
    assert matching.same_person(ids, PAIRS, threshold=0.5).to_dict() == {"c": "c", "b": "c", "a": "c", "d": "d"}
    assert matching.same_person(ids, PAIRS).to_dict() == {"c": "c", "b": "b", "a": "b", "d": "d"}
    with pytest.raises(ValueError, match="1 name a record that is not among"):
        matching.same_person(["a", "b"], PAIRS, threshold=0.5)
    with pytest.raises(ValueError, match="'a' occurs more than once"):
        matching.same_person(["a", "a"], PAIRS)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=40))
def test_agreement_counts_pairs(groups: list[tuple[int, int]]) -> None:
    found, true = (pd.Series(list(each)) for each in zip(*groups, strict=True))
    result = matching.agreement(found, true)
    pairs = [(i, j) for i in range(len(groups)) for j in range(i)]
    both = sum(found[i] == found[j] and true[i] == true[j] for i, j in pairs)
    assert result["pairs_found"] == sum(found[i] == found[j] for i, j in pairs)
    assert result["pairs_true"] == sum(true[i] == true[j] for i, j in pairs)
    if result["pairs_found"]:
        assert result["precision"] == both / result["pairs_found"]
    if result["pairs_true"]:
        assert result["recall"] == both / result["pairs_true"]
    assert matching.agreement(found, found)["precision"] in (1.0, pytest.approx(float("nan"), nan_ok=True))


@pytest.fixture(scope="module")
def run() -> object:
    return World("cosmetics", customers=300, months=6, seed=2).simulate()


def test_the_view_loses_no_order_and_no_euro(run) -> None:
    orders = run.transactions
    ids = run.customers["customer_id"]
    two = pd.Series(
        ids.to_numpy() - (ids.to_numpy() + 1) % 2, index=ids.to_numpy()
    )  # 1 and 2 are one person, 3 and 4 …
    for persons in (None, two):
        view = matching.customer_view(run.customers, orders, persons=persons, deliveries=orders[["customer_id"]])
        assert view["orders"].sum() == len(orders) == view["deliveries"].sum()
        assert view["sales"].sum() == pytest.approx((orders["net"] - orders["refunded"]).sum())
        assert view["records"].sum() == len(run.customers)
        assert view.index.is_unique and view["first_order"].max() <= orders["ts"].max()
    assert len(view) < len(run.customers)
    who = two.rename("person_id")
    consent = run.customers.set_index("customer_id")["email_optin"].groupby(who).all()
    assert (view["email_optin"] == consent.reindex(view.index)).all()


def test_the_oldest_record_that_states_something_decides() -> None:
    customers = pd.DataFrame(
        {
            "customer_id": [1, 2, 3],
            "signup_date": pd.to_datetime(["2025-05-01", "2024-05-01", "2023-05-01"]),
            "birth_year": pd.array([1990, 1980, None], dtype="Int64"),
        }
    )
    orders = pd.DataFrame({"customer_id": [1], "ts": pd.to_datetime(["2025-06-01"]), "net": [9.0], "refunded": [0.0]})
    view = matching.customer_view(customers, orders, persons=pd.Series({1: 1, 2: 1, 3: 1}))
    assert view.loc[1, "birth_year"] == 1980 and view.loc[1, "first_signup"] == pd.Timestamp("2023-05-01")
    with pytest.raises(TableError, match="transactions: 1 rows name a record that customers has not"):
        matching.customer_view(customers.tail(2), orders)
    with pytest.raises(TableError, match="persons: 1 records"):
        matching.customer_view(customers, orders, persons=pd.Series({1: 1, 2: 1}))
