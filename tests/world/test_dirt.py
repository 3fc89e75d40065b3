"""Dirt: every cell that differs is in the log, the log gives back what was there, and truth knows who is whom."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.tables import vocabulary
from crmlab.world import Run, World
from crmlab.world.dirt import TIERS
from crmlab.world.dirt.cells import Sheet, misspelt
from crmlab.world.dirt.files import _KEYS
from crmlab.world.observe.people import details

NAMES = list(_KEYS)


@pytest.fixture(scope="module")
def shop() -> Run:
    return World("cosmetics", customers=2_500, months=12, seed=6).simulate()


@pytest.fixture(scope="module")
def hard(shop) -> Run:
    return shop.dirty("hard")


def as_text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values.dtype):
        return values.map(lambda v: f"{v:.10g}").where(values.notna())
    return values.astype("str").where(values.notna())


@pytest.mark.parametrize("name", NAMES)
def test_clean_files_are_the_tables(shop, name) -> None:
    clean = shop.dirty("clean")
    pd.testing.assert_frame_equal(getattr(clean, name), getattr(shop, name))
    assert clean.dirt_log.empty
    assert shop.dirt_log.empty


@pytest.mark.parametrize("tier", ["realistic", "hard"])
@pytest.mark.parametrize("name", NAMES)
def test_the_log_holds_every_cell_that_differs_and_no_other(shop, hard, name, tier) -> None:
    dirty = hard if tier == "hard" else shop.dirty(tier)
    log = dirty.dirt_log[dirty.dirt_log["table"] == name]
    assert not log.duplicated(["row_id", "column"]).any(), "a cell is changed once"
    clean, soiled = (getattr(r, name).set_index(_KEYS[name]) for r in (shop, dirty))
    added = log.loc[(log["column"] == "*") & log["clean_value"].isna(), "row_id"].astype("int64")
    gone = log.loc[(log["column"] == "*") & log["dirty_value"].isna(), "row_id"].astype("int64")
    assert set(soiled.index) - set(clean.index) == set(added)
    assert set(clean.index) - set(soiled.index) == set(gone) - set(added)
    common = clean.index.intersection(soiled.index)
    for column in clean.columns:
        before, after = (as_text(t.loc[common, column]) for t in (clean, soiled))
        if column == "ts":
            after = after.str.slice(0, 19)
        differs = ~((before == after) | (before.isna() & after.isna()))
        changed = log[log["column"] == column].astype({"row_id": "int64"}).set_index("row_id")
        inside = changed.index.intersection(common)
        assert set(common[differs.to_numpy()]) == set(inside), column
        logged = changed.loc[inside]
        assert (logged["clean_value"].fillna("") == before.loc[inside].fillna("")).all(), column
        if column != "ts":
            assert (logged["dirty_value"].fillna("") == after.loc[inside].fillna("")).all(), column


def test_rates_are_met(shop, hard) -> None:
    for run, tier in ((shop.dirty("realistic"), "realistic"), (hard, "hard")):
        rates, log = TIERS[tier], run.dirt_log
        twice = (shop.transactions["customer_id"].value_counts() >= 2).sum()
        orders = len(shop.transactions)

        def near(count: int, rate: float, n: int) -> bool:
            return abs(count - rate * n) < 4.5 * np.sqrt(n * rate * (1 - rate)) + 1  # error rate 7e-6

        assert near(run.truth.persons["re_registered"].sum(), rates.duplicates, twice)
        in_orders = log[log["table"] == "transactions"]
        assert near((in_orders["column"] == "ts").sum(), rates.date_formats, orders)
        if not rates.unit_change:  # which is there first
            empty = (in_orders["dirt"] == "missing") & (in_orders["column"] == "cost")
            assert near(empty.sum(), rates.missing, orders)
        assert near((in_orders["dirt"] == "orphan_returns").sum(), rates.orphan_returns, orders)


def test_duplicates_split_the_orders_of_a_person(shop, hard) -> None:
    persons = hard.truth.persons
    second = persons[persons["re_registered"]]
    assert len(second) > 30
    assert second["person_id"].isin(shop.customers["customer_id"]).all()
    orders = shop.dirty("clean", duplicates=0.2)
    persons = orders.truth.persons.set_index("customer_id")
    both = orders.transactions.assign(
        person=persons["person_id"].reindex(orders.transactions["customer_id"]).to_numpy()
    )
    np.testing.assert_array_equal(both["person"], shop.transactions["customer_id"])
    again = persons.index[persons["re_registered"]]
    spans = both.groupby(["person", "customer_id"])["ts"].agg(["min", "max"]).reset_index()
    pairs = spans[spans["person"].isin(persons.loc[again, "person_id"])]
    first, later = (pairs[pairs["customer_id"].isin(again) == flag].set_index("person") for flag in (False, True))
    assert len(first) == len(later) == len(again)
    assert (later["min"] >= first["max"].reindex(later.index)).all(), "the old id is not used again"
    signup = orders.customers.set_index("customer_id")["signup_date"]
    assert (later["min"].dt.normalize().to_numpy() == signup.loc[later["customer_id"]].to_numpy()).all()


def test_a_second_registration_looks_like_the_first_but_for_the_mail(shop) -> None:
    run = shop.dirty("clean", duplicates=0.3)
    persons = run.truth.persons.query("re_registered")
    contact = run.contact_details.set_index("customer_id")
    old, new = contact.loc[persons["person_id"]], contact.loc[persons["customer_id"]]
    same = {column: (old[column].to_numpy() == new[column].to_numpy()).mean() for column in old}
    assert same["email"] == 0
    assert 0.5 < same["first_name"] < 0.95
    assert 0.6 < same["last_name"] < 0.95
    assert 0.4 < same["street"] < 0.8
    digits = [table["phone"].str.replace(" ", "").to_numpy() for table in (old, new)]
    assert 0.5 < (digits[0] == digits[1]).mean() < 0.8
    everybody = contact["first_name"] + contact["last_name"]
    assert everybody.duplicated().mean() > 0.1, "other people are called the same"


def test_names_are_of_two_scripts_and_addresses_of_nobody() -> None:
    table = details(np.arange(1, 4001), seed=1, chinese=0.35, household=0.05)
    characters = table["last_name"].str.match("[\u4e00-\u9fff]")
    assert 0.14 < characters.mean() < 0.21
    assert table["email"].str.fullmatch(r"[a-z.]+\d{3}@(mail\.|post\.)?example\.(com|org|net)").all()
    assert table["phone"].str.fullmatch(r"\+999 \d{8}").all()
    home = table["street"] + table["postcode"]
    together = table[home.eq(home.shift())]
    assert 0.03 < len(together) / len(table) < 0.06
    assert (together["last_name"].to_numpy() == table["last_name"].iloc[together.index - 1].to_numpy()).all()
    some = details(np.array([7, 9, 3000]), seed=1, chinese=0.35, household=0.05)
    pd.testing.assert_frame_equal(some, table[table["customer_id"].isin([7, 9, 3000])].reset_index(drop=True))


def test_moments_can_be_read_again(hard) -> None:
    log = hard.dirt_log.query("column == 'ts'")
    written = log["dirty_value"]
    formats = ["%d/%m/%Y %H:%M:%S", "%d.%m.%y %H:%M:%S", "%b %d, %Y %I:%M:%S %p"]
    read = (
        pd.concat([pd.to_datetime(written, format=f, errors="coerce") for f in formats], axis=1)
        .bfill(axis=1)
        .iloc[:, 0]
    )
    zoned = pd.to_datetime(written[written.str.contains("T")], utc=True).dt.tz_localize(None)
    read = read.fillna(zoned)
    assert (read == pd.to_datetime(log["clean_value"])).all()


def test_prices_and_units(shop, hard) -> None:
    clean, dirty = (t.set_index("order_id") for t in (shop.transactions, hard.transactions))
    log = hard.dirt_log.query("table == 'transactions'").astype({"row_id": "int64"})
    spoilt = log.query("dirt == 'bad_prices' and column == 'net'")["row_id"]
    assert (dirty.loc[dirty.index.intersection(spoilt).intersection(clean.index), "net"] <= 0).all()
    slipped = clean.index.intersection(dirty.index).intersection(
        log.query("dirt == 'currency' and column == 'net'")["row_id"]
    )
    np.testing.assert_allclose(dirty.loc[slipped, "net"], 7.8 * clean.loc[slipped, "net"], atol=0.01)
    cents = clean.index.intersection(dirty.index).intersection(log.query("dirt == 'unit_change'")["row_id"])
    np.testing.assert_allclose(dirty.loc[cents, "cost"], 100 * clean.loc[cents, "cost"])
    assert clean.loc[cents, "ts"].min() > clean["ts"].quantile(0.6)


def test_late_rows_stand_behind_younger_ones(shop) -> None:
    run = shop.dirty("clean", late_rows=0.1)
    kept = run.transactions["ts"]
    assert not kept.is_monotonic_increasing
    missing = set(shop.transactions["order_id"]) - set(run.transactions["order_id"])
    gone = shop.transactions[shop.transactions["order_id"].isin(missing)]
    assert 0 < len(gone) < 0.02 * len(shop.transactions)
    assert gone["ts"].min() > shop.transactions["ts"].quantile(0.5), "they belong to the last weeks"


def test_seeds_and_tables_do_not_depend_on_the_way(shop, hard) -> None:
    again = shop.dirty("hard")
    pd.testing.assert_frame_equal(again.contact_details, hard.contact_details)  # asked for in another sequence
    pd.testing.assert_frame_equal(again.dirt_log, hard.dirt_log)
    assert not shop.dirty("hard", seed=1).transactions.equals(hard.transactions)
    assert hard.truth.traits.equals(shop.truth.traits)
    assert hard.surveys.equals(shop.surveys)


def test_the_log_speaks_the_vocabulary(hard) -> None:
    assert list(hard.dirt_log.columns) == list(vocabulary()["dirt_log"].columns)
    assert set(hard.dirt_log["table"]) <= set(NAMES)
    assert list(hard.contact_details.columns) == list(vocabulary()["contact_details"].columns)
    assert list(hard.truth.persons.columns) == list(vocabulary()["truth_persons"].columns)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tier": "filthy"}, "tier='filthy' is unknown; there are clean, realistic, hard"),
        ({"duplicate": 0.1}, r"'duplicate' is no kind of dirt; .* Did you mean 'duplicates'\?"),
        ({"missing": 1.5}, "missing=1.5 is impossible; a rate lies between 0 and 1"),
    ],
)
def test_impossible_dirt(shop, arguments, message) -> None:
    tier = arguments.pop("tier", "clean")
    with pytest.raises(ValueError, match=message):
        shop.dirty(tier, **arguments)


@given(text=st.text(min_size=2, max_size=20), u=st.floats(0, 1))
def test_a_slip_changes_the_length_by_one_at_most(text, u) -> None:
    assert abs(len(misspelt(text, u)) - len(text)) <= 1


@settings(max_examples=8)
@given(rates=st.dictionaries(st.sampled_from(["missing", "typos", "late_rows", "duplicates"]), st.floats(0, 1)))
def test_any_rates_keep_ids_unique(rates) -> None:
    run = TINY.dirty("clean", **rates)
    for name in ("customers", "transactions", "contact_details"):
        assert not getattr(run, name)[_KEYS[name]].duplicated().any()
    assert len(run.dirt_log) >= 0


TINY = World("cosmetics", customers=40, months=4, seed=1).simulate()


def test_a_cell_is_changed_once() -> None:
    sheet = Sheet("t", pd.DataFrame({"id": [1, 2], "a": ["x", "y"]}), "id", seed=0)
    sheet.change("a", np.array([0]), ["z"], "typos")
    sheet.change("a", np.array([0, 1]), [None, None], "missing")
    assert sheet.table["a"].tolist()[0] == "z"
    assert sheet.log["clean_value"].tolist() == ["x", "y"]
