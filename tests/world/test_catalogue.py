"""Order lines are whole products, and their value is the value of the order."""

from __future__ import annotations

import numpy as np
import pytest

from crmlab.world import World, load_scenario
from crmlab.world.catalogue import make_catalogue
from crmlab.world.observation import observe_block
from crmlab.world.record import record_block
from crmlab.world.simulation import who_joins


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lines_are_worth_what_the_customer_wanted_to_spend(seed) -> None:
    setup = World(customers=3_000, months=10, seed=seed).setup
    recorded = record_block(setup, who_joins(setup))
    orders = recorded.orders
    observed, _ = observe_block(setup, make_catalogue(setup.scenario, seed=seed), recorded.customers, orders)
    error = observed["gross"] - orders["value"]
    # An order of less than the cheapest product becomes one of it: that lifts the mean by 0.2%.
    assert abs(error.mean()) < 0.003 * orders["value"].mean() + 5 * error.std() / np.sqrt(len(error))
    assert error.std() < 0.15 * orders["value"].std(), "rounding to whole products adds little"


def test_few_stars_and_a_long_tail() -> None:
    run = World(customers=8_000, months=12, seed=4).simulate()
    for _, lines in run.order_lines.groupby("category", observed=True):
        sold = np.sort(lines["product_id"].value_counts().to_numpy())[::-1]
        rank = np.arange(1, len(sold) + 1)
        middle = slice(0, max(10, len(sold) // 2))
        slope = np.polyfit(np.log(rank[middle]), np.log(sold[middle]), 1)[0]
        assert -1.5 < slope < -0.6, "popularity falls about as one over the rank"


def test_the_catalogue_is_as_the_scenario_says() -> None:
    scenario = load_scenario("cosmetics")
    catalogue = make_catalogue(scenario, seed=1)
    assert len(set(catalogue.product_id)) == len(catalogue.product_id) == len(set(catalogue.name))
    for number, (name, category) in enumerate(scenario.categories.items()):
        prices = catalogue.list_price[catalogue.category == number]
        assert len(prices) == len(category["kinds"]) * len(scenario.catalogue.lines), name
        assert (np.diff(prices) >= 0).all()
        assert 0.6 < np.median(prices) / category["median_price"] < 1.6
        for limit in (0.0, 5.0, prices[3], prices[3] - 0.01, 1e6):
            row = min(int((limit + 0.05) / 0.5 + 1e-9), catalogue.affordable.shape[1] - 1)
            assert catalogue.affordable[number, row] - catalogue.first[number] == (prices <= limit + 1e-9).sum()


def test_a_broader_assortment_shows_in_the_products() -> None:
    world = World(customers=200, months=8, seed=1)
    usual, broad = world.simulate(), world.do(assortment=1.0, start=4).simulate()
    new = broad.products[~broad.products["product_id"].isin(usual.products["product_id"])]
    assert set(new["category"]) == {"accessories", "shaving"} - set(usual.products["category"])
    assert (new["launch_date"] == "2024-05-01").all()
    sold_early = broad.order_lines.merge(broad.transactions[broad.transactions["ts"] < "2024-05-01"][["order_id"]])
    assert not sold_early["product_id"].isin(new["product_id"]).any()
