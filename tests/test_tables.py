"""The vocabulary is whole and consistent, and the error for tables helps."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab.tables import DTYPES, TableError, nearest, require_columns, vocabulary

TABLES = vocabulary()
COLUMNS = [(table, column) for table in TABLES.values() for column in table.columns.values()]


@pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
def test_table_is_complete(table) -> None:
    assert table.grain
    assert table.key, "every table says what identifies a row"
    assert set(table.key) <= set(table.columns)
    assert not any(table.columns[name].nullable for name in table.key), "a key is never missing"


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS])
def test_column_is_complete(table, column) -> None:
    # T, the time observed, is written so in the whole literature on repeat buying.
    assert re.fullmatch(r"[a-z][a-z0-9_]*|T", column.name)
    assert column.dtype in DTYPES
    assert column.meaning.endswith("."), "a meaning is a sentence"
    if column.dtype in {"id", "string", "category", "bool", "date", "datetime"}:
        assert column.unit == "", "only numbers have units"
    if column.nullable:
        assert "missing" in column.meaning, "a column that may be missing says when"


def test_one_name_has_one_kind_and_unit() -> None:
    kinds: dict[str, set[tuple[str, str]]] = {}
    for _, column in COLUMNS:
        kinds.setdefault(column.name, set()).add((column.dtype, column.unit))
    assert {name for name, found in kinds.items() if len(found) > 1} == set()


def test_vocabulary_is_the_same_object_each_time() -> None:
    assert vocabulary() is vocabulary()


def test_require_columns_accepts_what_is_there() -> None:
    require_columns(pd.DataFrame({"customer_id": [], "extra": []}), ["customer_id"], table="customers")


def test_missing_columns_are_named_with_meaning_and_rename() -> None:
    frame = pd.DataFrame({"Customer ID": [1], "amount": [2.0]})
    with pytest.raises(TableError) as caught:
        require_columns(frame, ["customer_id", "net"], table="transactions")
    message = str(caught.value)
    assert "lacks the columns 'customer_id' (Customer who placed the order.), 'net'" in message
    assert "It has: 'Customer ID', 'amount'." in message
    assert "table.rename(columns={'Customer ID': 'customer_id'})" in message


def test_a_table_without_columns_says_so() -> None:
    with pytest.raises(TableError, match="It has: no columns at all"):
        require_columns(pd.DataFrame(), ["net"], table="transactions")


def test_a_table_outside_the_vocabulary_still_gets_a_message() -> None:
    with pytest.raises(TableError, match="The shopping list table lacks the column 'price'"):
        require_columns(pd.DataFrame({"milk": [1]}), ["price"], table="shopping list")


def test_a_known_column_is_never_offered_for_renaming() -> None:
    with pytest.raises(TableError) as caught:
        require_columns(pd.DataFrame({"net": [1.0]}), ["cost", "gross"], table="transactions")
    assert "rename" not in str(caught.value)


names = st.text(max_size=12)


@given(there=st.lists(names, unique=True, max_size=6), wanted=st.lists(names, unique=True, max_size=4))
def test_require_columns_raises_exactly_when_something_is_missing(there: list[str], wanted: list[str]) -> None:
    frame = pd.DataFrame({name: [0] for name in there})
    missing = [name for name in wanted if name not in there]
    if not missing:
        require_columns(frame, wanted, table="transactions")
        return
    with pytest.raises(TableError) as caught:
        require_columns(frame, wanted, table="transactions")
    assert all(f"'{name}'" in str(caught.value) for name in [*missing, *there])


@given(name=names, candidates=st.lists(names, max_size=6))
def test_nearest_is_one_of_the_candidates(name: str, candidates: list[str]) -> None:
    assert nearest(name, candidates) in {None, *candidates}


@pytest.mark.parametrize("written", ["Customer ID", "customer-id", "CUSTOMERID", "cust_id"])
def test_nearest_ignores_case_and_punctuation(written: str) -> None:
    assert nearest("customer_id", ["date", written, "amount"]) == written


def test_nearest_finds_nothing_where_nothing_is_near() -> None:
    assert nearest("customer_id", ["net", "ts"]) is None
