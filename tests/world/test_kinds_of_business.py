"""Tables that only some firms have, and the books that all of them keep."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab.tables import vocabulary
from crmlab.world import Run, World, load_scenario
from tests.world.test_world import PANDAS_KINDS

TABLES = ("touchpoints", "costs", "branches", "vehicles", "accounts", "contacts", "subscriptions")
EVERYTHING = {  # a firm that is all kinds of business at once
    "branches.count": 6,
    "branches.employees": 12,
    "branches.staff_spread": 5.0,
    "branches.staff_noise": 3.0,
    "vehicles.per_customer": 1.2,
    "vehicles.official": 0.3,
    "vehicles.hobbies": ["speed", "comfort"],
    "vehicles.purposes": ["work", "family"],
    "business.industries": ["trade", "building"],
    "business.roles": ["buyer", "user", "boss"],
    "business.people": 1.8,
    "business.employees": 40.0,
    "business.subsidiaries": 0.2,
    "business.managers": 3,
    "accounts.key_revenue": 60.0,
    "accounts.key_care": 0.8,
    "accounts.serve_rate": 0.1,
    "accounts.serve_spread": 0.5,
    "accounts.serve_fixed": 1.0,
    "contract.fee": 20.0,
    "contract.fee_spread": 0.8,
    "contract.term_months": 12,
    "contract.at_renewal": 4.0,
    "contract.within_term": 0.6,
    "contract.plans": ["small", "middle", "large"],
}


@pytest.fixture(scope="module")
def firm() -> Run:
    scenario = load_scenario("cosmetics").with_values(EVERYTHING)
    return World(scenario, customers=900, months=14, seed=3).simulate()


@pytest.fixture(scope="module")
def in_blocks(firm) -> Run:
    return firm.world.simulate(block_size=311)


@pytest.fixture(scope="module")
def some(firm) -> Run:
    return firm.world.simulate(customers=firm.customers["customer_id"].iloc[::4])


@pytest.mark.parametrize("name", TABLES)
def test_tables_speak_the_vocabulary(firm, run, name) -> None:
    for source in (firm, run):
        table, described = getattr(source, name), vocabulary()[name]
        assert list(table.columns) == list(described.columns)
        assert not table.duplicated(list(described.key)).any()
        assert table.index.equals(pd.RangeIndex(len(table)))
        for column in described.columns.values():
            values = table[column.name]
            assert column.nullable or values.notna().all(), column.name
            if column.dtype in PANDAS_KINDS:
                assert str(values.dtype) == PANDAS_KINDS[column.dtype][column.nullable], column.name
    assert len(getattr(firm, name))


@pytest.mark.parametrize("name", ["branches", "vehicles", "accounts", "contacts", "subscriptions"])
def test_a_shop_for_consumers_has_none_of_them(run, name) -> None:
    assert getattr(run, name).empty


@pytest.mark.parametrize("name", TABLES)
def test_neither_blocks_nor_subsets_matter(firm, in_blocks, some, name) -> None:
    if name == "costs":  # sums, which may round otherwise
        pd.testing.assert_frame_equal(in_blocks.costs, firm.costs, atol=0.011)
        return
    pd.testing.assert_frame_equal(getattr(in_blocks, name), getattr(firm, name), check_exact=True)
    whole, part, ids = getattr(firm, name), getattr(some, name), some.customers["customer_id"]
    if "customer_id" in whole:
        whole = whole[whole["customer_id"].isin(ids)].reset_index(drop=True)
    elif name == "contacts":
        whole = whole[whole["account_id"].isin(part["account_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, whole, check_exact=True)


@pytest.mark.parametrize("levers", [{}, {"emails": 5, "price": 0.9, "personal_care": 0.7, "win_back_offer": 0.2}])
def test_the_books_give_the_true_profit(world, levers) -> None:
    """Revenue less all kinds of cost is the profit; and what is booked as messages is what mails and contacts cost."""
    run = world.do(start=4, **levers).simulate() if levers else world.simulate()
    orders, months = run.transactions, run.truth.months
    month = (orders["ts"].dt.year - 2024) * 12 + orders["ts"].dt.month - 1
    revenue = orders.groupby(month)["net"].sum()
    spent = run.costs.groupby("month")["amount"].sum()
    profit = months.groupby("month")["profit"].sum()
    np.testing.assert_allclose(revenue - spent, profit, atol=0.2)
    assert (run.costs["amount"] >= -0.01).all()
    messages = run.costs.query("kind == 'messages'").set_index("month")["amount"]
    read = run.emails.assign(living=run.truth.mails["open_chance"] > 0)
    sent = read[read["living"]].groupby((read["sent_ts"].dt.year - 2024) * 12 + read["sent_ts"].dt.month - 1).size()
    if not levers:
        np.testing.assert_allclose(messages, 0.01 * sent, rtol=0.06)  # who leaves in a month costs a part of it
    else:
        assert (messages[messages.index >= 4] > 0.01 * sent[sent.index >= 4] * 0.9).all()


def test_costs_follow_levers(world, run) -> None:
    better = world.do(service=0.9, start=6).simulate().costs.set_index(["month", "kind"])["amount"]
    usual = run.costs.set_index(["month", "kind"])["amount"]
    assert better[8, "service"] > 2 * usual[8, "service"]
    assert better[5, "service"] == usual[5, "service"]


def test_the_books_of_a_firm_of_all_kinds(firm) -> None:
    kinds = firm.costs.groupby("kind", observed=True)["amount"].sum()
    assert kinds["cost_to_serve"] > 0
    assert kinds["messages"] > 0
    sent = (firm.truth.mails["open_chance"] > 0).sum()
    assert kinds["messages"] == pytest.approx(0.01 * sent, rel=0.06), "fees are accounted for to the last bit"


def test_contacts_other_than_mail(run) -> None:
    table, orders = run.touchpoints, run.transactions
    assert table["ts"].is_monotonic_increasing
    assert set(table["type"]) == {"ad", "visit", "call", "visit_rep"}
    assert (table.loc[table["type"] == "visit", "cost"] == 0).all()
    assert (table["campaign_id"].notna() == (table["type"] == "ad")).all()
    visits = table[table["type"] == "visit"]
    last = pd.merge_asof(
        orders.sort_values("ts"),
        visits[["customer_id", "ts"]].rename(columns={"ts": "visit"}),
        left_on="ts",
        right_on="visit",
        by="customer_id",
    )
    assert ((last["ts"] - last["visit"]) <= pd.Timedelta(minutes=30)).all(), "an order ends a visit"
    paid = table.groupby("type", observed=True)["cost"].sum()
    booked = run.costs.groupby("kind", observed=True)["amount"].sum()
    assert paid["call"] == pytest.approx(booked["follow_ups"], rel=0.06)
    assert paid["ad"] == pytest.approx(booked["advertising"], rel=0.25)  # booked by what each customer orders


def test_branches_and_their_staff(firm) -> None:
    table = firm.branches
    assert len(table) == 6 * 14
    assert table["staff_turnover"].between(0, 1).all()
    mean = table.groupby("branch_id")[["employee_satisfaction", "service"]].mean()
    assert mean.corr().iloc[0, 1] > 0.95, "satisfied employees serve better"


def test_vehicles_of_customers(firm) -> None:
    table = firm.vehicles
    assert 1.1 < len(table) / len(firm.customers) < 1.3
    signup = firm.customers.set_index("customer_id")["signup_date"].reindex(table["customer_id"])
    assert (table["purchase_date"].to_numpy() < signup.to_numpy()).all()
    assert set(table["model_tier"]) == {"economy", "middle", "premium"}


def test_accounts_and_their_people(firm) -> None:
    table, people = firm.accounts, firm.contacts
    assert (table["manager_id"].notna() == table["key_account"]).all()
    assert 0 < table["key_account"].mean() < 0.4
    assert people["account_id"].isin(table["account_id"]).all()
    assert (people.groupby("account_id", observed=True)["role"].first() == "buyer").all()
    sales = firm.transactions.groupby("customer_id")["net"].sum().reindex(table["customer_id"]).fillna(0)
    assert np.corrcoef(np.log(table["employees"]), sales)[0, 1] > 0.2


def test_contracts(firm) -> None:
    table = firm.subscriptions
    over = table["end"].notna()
    assert (over == firm.truth.customers["death_time"].notna()).all()
    assert (table["contract_end"] > table["start"]).all()
    assert (table.loc[over, "end"] >= table.loc[over, "start"]).all()
    fee = table.groupby("plan", observed=True)["fee"].mean()
    assert fee["small"] < fee["middle"] < fee["large"]
    assert 0.2 < (table["plan"] == "small").mean() < 0.47
    late = over & (table["end"] >= "2024-01-01")
    assert table.loc[late, "cancel_reason"].notna().all()
    assert table.loc[~over, "cancel_reason"].isna().all()
