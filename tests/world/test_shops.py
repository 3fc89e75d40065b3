"""The five businesses that come with crmlab: each makes money, fills the tables of its kind, and keeps its books."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from crmlab.world import Run, World, load_scenario, scenario_names
from crmlab.world.observe import MAKERS

SHOPS = ["car_service", "cosmetics", "marketplace", "online_shop", "subscription"]

OWN = {
    "branches": {"car_service"},
    "vehicles": {"car_service"},
    "accounts": {"marketplace"},
    "contacts": {"marketplace"},
    "subscriptions": {"subscription"},
}
"""Tables that only some kinds of business have."""

MARGINS = {  # profit as a share of all that customers pay, in the months of the simulation
    "car_service": (0.2, 0.5),
    "cosmetics": (0.2, 0.5),
    "marketplace": (0.01, 0.15),
    "online_shop": (0.02, 0.2),
    "subscription": (0.3, 0.7),
}


@cache
def shop(name: str) -> Run:
    return World(name, customers=700, months=14, seed=5).simulate()


def test_there_are_five() -> None:
    assert scenario_names() == SHOPS


@pytest.mark.parametrize("name", SHOPS)
def test_each_makes_money(name) -> None:
    run = shop(name)
    months = run.truth.months
    paid = run.transactions["net"].sum()
    if len(run.subscriptions):
        fee = run.subscriptions.set_index("customer_id")["fee"].reindex(months["customer_id"]).to_numpy()
        paid += (fee * months["exposure"]).sum()
    low, high = MARGINS[name]
    assert low < months["profit"].sum() / paid < high


@pytest.mark.parametrize("name", SHOPS)
def test_each_fills_the_tables_of_its_kind(name) -> None:
    run = shop(name)
    for table in [*run.tables, *MAKERS]:
        assert len(getattr(run, table)) > 0 or name not in OWN.get(table, SHOPS), table
        if name not in OWN.get(table, SHOPS):
            assert getattr(run, table).empty, table


@pytest.mark.parametrize("name", SHOPS)
def test_the_books_give_the_true_profit(name) -> None:
    """What comes in less what is booked is the profit, with goods sent back at what they are still worth."""
    run = shop(name)
    months, orders = run.truth.months, run.transactions
    month = (orders["ts"].dt.year - 2024) * 12 + orders["ts"].dt.month - 1
    revenue = orders.groupby(month)["net"].sum()
    spent = run.costs.groupby("month")["amount"].sum()
    profit = months.groupby("month")["profit"].sum()
    if name == "subscription":
        # Fees are booked after their cost; a fee is billed to whoever lives through the month.
        death = run.subscriptions.set_index("customer_id")["end"].reindex(months["customer_id"])
        after = (death.dt.year.to_numpy() - 2024) * 12 + death.dt.month.to_numpy() - 1
        there = ~(after <= months["month"].to_numpy()) & (months["exposure"].to_numpy() > 0)
        fee = run.subscriptions.set_index("customer_id")["fee"].reindex(months["customer_id"]).to_numpy()
        revenue = revenue + np.bincount(months["month"], fee * there) * load_scenario(name).firm.margin
    np.testing.assert_allclose(revenue - spent, profit, rtol=1e-3, atol=0.5)
    assert (run.costs["amount"] >= -0.01).all()


def test_goods_that_can_be_sold_again_cost_less() -> None:
    """Only profit and what refunds cost change; the loss falls by the resale share of what the goods had cost."""
    usual, lost = (
        World(load_scenario("online_shop").with_values({"returns.resale": resale}), customers=400, months=8, seed=2)
        for resale in (0.85, 0.0)
    )
    a, b = usual.simulate(), lost.simulate()
    assert a.transactions.equals(b.transactions)
    month = b.costs["kind"] == "goods"
    saved = b.costs.loc[month, "amount"].sum() - a.costs.loc[month, "amount"].sum()
    gained = a.truth.months["profit"].sum() - b.truth.months["profit"].sum()
    assert saved == pytest.approx(gained, abs=0.1)
    back = a.transactions[a.transactions["refunded"] > 0]
    worth = 0.85 * (back["cost"] * back["refunded"] / back["net"]).sum()
    assert worth == pytest.approx(gained, rel=0.15)  # of the last month's returns some come after the last day
    expected = [world.expected(from_month=8, replications=8)["expected_value"].sum() for world in (usual, lost)]
    assert expected[0] > expected[1]


def test_orders_of_a_chain_are_taken_by_its_branches() -> None:
    run = shop("car_service")
    place = run.transactions["store_or_site"]
    assert set(place) == {f"branch {number}" for number in range(1, 13)}
    assert (run.transactions.groupby("customer_id")["store_or_site"].nunique() == 1).all()
    assert set(shop("online_shop").transactions["store_or_site"]) == {"web site"}


def test_contracts_end_mostly_when_a_term_ends() -> None:
    ended = shop("subscription").subscriptions.dropna(subset=["end"])
    start, end = (ended[name].dt.year * 12 + ended[name].dt.month for name in ("start", "end"))
    full_years = (end > start) & ((end - start) % 12 == 0)
    assert full_years.mean() > 0.3, "one month of twelve has more than three of ten ends"
