"""Every lever acts in the direction that the model says, and no value of it breaks the world."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import recovery
from crmlab.world import World, load_scenario
from crmlab.world.policy import changed_policy, neutral_policy
from crmlab.world.scenario import schema

LEVERS = schema()["levers"]
BASE = World("cosmetics", customers=4_000, months=14, seed=21)


@pytest.fixture(scope="module")
def base():
    return BASE.simulate()


# Lever, value, outcome, sign. Paired runs: without any effect 3 standard errors are passed once in 700 times.
DIRECTIONS = [
    ("quality", 1.0, "satisfaction", +1),
    ("quality", 0.0, "satisfaction", -1),
    ("quality", 0.0, "orders", -1),
    ("price", 1.2, "orders", -1),
    ("price", 1.2, "satisfaction", -1),
    ("price", 0.8, "orders", +1),
    ("promotion", 0.3, "orders", +1),
    ("availability", 0.0, "satisfaction", -1),
    ("advertising", 3.0, "orders", +1),
    ("advertising", 0.0, "orders", -1),
    ("service", 1.0, "satisfaction", +1),
    ("service", 0.0, "satisfaction", -1),
    ("logistics", 1.0, "satisfaction", +1),
    ("logistics", 0.0, "satisfaction", -1),
    ("site", 0.0, "satisfaction", -1),
    ("after_sales", 0.0, "satisfaction", -1),
    ("programme", 0.0, "orders", -1),
    ("reward", 0.2, "profit", -1),
    ("emails", 0.0, "orders", -1),
    ("emails", 12.0, "profit", -1),
    ("personal_care", 1.0, "satisfaction", +1),
    ("follow_ups", 0.0, "orders", -1),
    ("follow_ups", 6.0, "profit", -1),
    ("employee_satisfaction", 90.0, "satisfaction", +1),
    ("employee_satisfaction", 20.0, "satisfaction", -1),
    ("win_back_offer", 0.2, "orders", +1),
    ("channel_budget", 4.0, "orders", +1),
    ("channel_budget", 0.0, "orders", -1),
    ("assortment", 1.0, "orders", +1),
    ("assortment", 0.0, "orders", -1),
]


@pytest.mark.parametrize(("lever", "value", "outcome", "sign"), DIRECTIONS)
def test_direction(base, lever, value, outcome, sign) -> None:
    row = recovery.effect(base, BASE.do(start=2, **{lever: value}).simulate(), start=2).loc[outcome]
    assert sign * row["difference"] > 3 * row["standard_error"]


def test_every_lever_has_a_direction() -> None:
    assert {lever for lever, *_ in DIRECTIONS} == set(LEVERS)


EXTREMES = [(lever, end) for lever in sorted(LEVERS) for end in ("smallest", "largest")]


@pytest.mark.parametrize(("lever", "end"), EXTREMES)
def test_no_extreme_breaks_the_world(lever, end) -> None:
    run = World(customers=300, months=8, seed=2).do(start=1, **{lever: getattr(LEVERS[lever], end)}).simulate()
    check_sound(run)


@settings(max_examples=25)
@given(data=st.data())
def test_no_policy_breaks_the_world(data) -> None:
    """Any values of all levers together, changing from month to month."""
    names = sorted(LEVERS)
    months = 4
    policy = {
        name: data.draw(
            st.lists(st.floats(LEVERS[name].smallest, LEVERS[name].largest), min_size=months, max_size=months)
        )
        for name in names
    }
    world = World(customers=60, months=months, seed=data.draw(st.integers(0, 99)))
    check_sound(world.do(**policy).simulate())


def check_sound(run) -> None:
    orders, months = run.transactions, run.truth.months
    assert np.isfinite(months.select_dtypes("number")).all().all()
    assert (orders[["gross", "discount", "net", "cost", "refunded"]] >= 0).all().all()
    assert (orders["refunded"] <= orders["net"] + 1e-9).all()
    assert (months[["order_rate", "hazard", "hurt"]] >= 0).all().all()
    assert months[["salience", "exposure", "social_bond"]].stack().between(0, 1).all()
    assert (run.order_lines["quantity"] >= 1).all()


def test_everything_extreme_at_once() -> None:
    for end in ("smallest", "largest"):
        values = {lever: getattr(LEVERS[lever], end) for lever in LEVERS}
        world = World(customers=300, months=8, seed=2).do(start=1, **values)
        check_sound(world.simulate())
        future = world.expected(from_month=8, replications=2)
        assert np.isfinite(future).all().all()
        assert (future["expected_orders"] >= 0).all()


ERRORS = [
    ({"prize": 1}, {}, r"lever 'prize' is unknown; there are .*price.* Did you mean 'price'\?"),
    ({"price": 2.0}, {}, "price=2 is impossible; allowed are values from 0.5 to 1.5"),
    ({"price": float("nan")}, {}, "price=nan is impossible"),
    ({"price": [1.0, 0.9]}, {}, "price: got 2 values; give one, or one for each of the 12 months from 0 on"),
    ({"channel_budget": {"serach": 2}}, {}, r"there is no channel 'serach'; there are .* Did you mean 'search'\?"),
    ({"channel_budget": {"search": 9}}, {}, "channel_budget:search=9 is impossible; allowed are values from 0 to 5"),
    ({"price": 0.9}, {"start": 12}, "start=12 is outside the simulation; allowed are months 0 to 11"),
    ({"price": 0.9}, {"start": 5, "stop": 5}, "stop=5 is impossible; allowed are months 6 to 12"),
]


@pytest.mark.parametrize(("levers", "span", "message"), ERRORS)
def test_impossible_changes(levers, span, message) -> None:
    with pytest.raises(ValueError, match=message):
        World(customers=10, months=12).do(**span, **levers)


TABLE_ERRORS = [
    (pd.DataFrame({"customer": [1], "price": [0.9]}), "lacks the column 'customer_id'"),
    (pd.DataFrame({"customer_id": [1]}), "the table of customers has no lever"),
    (pd.DataFrame({"customer_id": [1, 1], "price": [0.9, 0.8]}), "customer_id 1 has more than one row"),
    (pd.DataFrame({"customer_id": [1], "price": [None]}), "price=nan is impossible"),
    (pd.DataFrame({"customer_id": [1], "price": [0.9], "month": [99]}), "start=99 is outside the simulation"),
]


@pytest.mark.parametrize(("table", "message"), TABLE_ERRORS)
def test_impossible_tables_of_customers(table, message) -> None:
    with pytest.raises(ValueError, match=message):
        World(customers=10, months=12).do(table)


@given(data=st.data())
def test_policy_values(data) -> None:
    """The value of a lever for a customer in a month is what the last change that concerns both says."""
    scenario = load_scenario("cosmetics")
    policy = neutral_policy(scenario, 6)
    expected = {(customer, month): 1.0 for customer in range(1, 9) for month in range(6)}
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, 5))
        stop = data.draw(st.one_of(st.none(), st.integers(start + 1, 6)))
        ids = data.draw(st.lists(st.integers(1, 8), min_size=1, unique=True))
        prices = data.draw(st.lists(st.floats(0.5, 1.5, width=32), min_size=len(ids), max_size=len(ids)))
        table = pd.DataFrame({"customer_id": ids, "price": prices})
        policy = changed_policy(policy, {}, start=start, stop=stop, customers=table)
        for customer, price in zip(ids, prices, strict=True):
            for month in range(start, 6 if stop is None else stop):
                expected[customer, month] = price
    customers = np.arange(1, 9)
    for month in range(6):
        values = np.broadcast_to(policy.value("price", month, customers), 8)
        assert values.tolist() == [np.float32(expected[customer, month]) for customer in customers]
    assert policy.value("price", -1, customers).tolist() == [1.0], "the history is never changed"


def test_the_policy_table_says_what_the_firm_does() -> None:
    world = World(customers=10, months=6).do(price=[0.9, 0.8], start=2, stop=4).do(programme=0, start=5)
    assert world.policy["price"].tolist() == [1, 1, 0.9, 0.8, 1, 1]
    assert world.policy["programme"].tolist() == [True] * 5 + [False]
