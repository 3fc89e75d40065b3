"""Every lever acts in the direction that the model says in every business that comes with crmlab, to its very ends.

The quick tests compare expectations under the same luck in small firms; the slow ones compare whole simulations, with
standard errors over customers.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from crmlab import recovery
from crmlab.world import World, load_scenario, scenario_names
from crmlab.world.branch import Branch
from crmlab.world.scenario import schema
from tests.world.test_levers import check_sound

LEVERS = schema()["levers"]

# What rises (+1) or falls (−1) with a lever, from its smallest over its usual to its largest value. Where too much of a
# lever harms, `TURNING` says so, and here stands what happens below the usual value alone.
DIRECTIONS = {
    "quality": {"orders": +1, "satisfaction": +1},
    "price": {"orders": -1, "satisfaction": -1},
    "promotion": {"satisfaction": +1},  # orders: see test_a_promotion_lifts_its_own_month
    "availability": {"orders": +1, "satisfaction": +1},
    "advertising": {"orders": +1},
    "service": {"orders": +1, "satisfaction": +1},
    "logistics": {"orders": +1, "satisfaction": +1},
    "site": {"orders": +1, "satisfaction": +1},
    "after_sales": {"orders": +1, "satisfaction": +1},
    "programme": {"orders": +1},
    "reward": {"profit": -1},
    "emails": {"orders": +1},
    "personal_care": {"orders": +1, "satisfaction": +1},
    "follow_ups": {"orders": +1},
    "employee_satisfaction": {"orders": +1, "satisfaction": +1},
    "win_back_offer": {"orders": +1},
    "channel_budget": {"orders": +1},
    "assortment": {"orders": +1, "satisfaction": +1},
}
TURNING = ("emails", "follow_ups")
NEWCOMERS = {"win_back_offer", "channel_budget"}
"""Levers that act through people who come or come back, of whom an expectation of those who are there says nothing."""

PAIRS = [(name, lever) for name in scenario_names() for lever in LEVERS]


@cache
def firm(name: str) -> Branch:
    return Branch(World(name, customers=200, months=6, seed=8), 1)


@cache
def cohort(name: str) -> World:
    scenario = load_scenario(name).with_values({"firm.history_months": 0})
    return World(scenario, customers=200, months=5, seed=8)


@cache
def cohort_stopped(name: str) -> Branch:
    return Branch(cohort(name), 1)


@cache
def among_all(name: str, **levers: float) -> dict[str, float]:
    """Return orders and profit of a firm with newcomers, five months long."""
    months = firm(name).monthly(**levers)
    assert np.isfinite(months).all().all()
    return months.sum().to_dict()


@cache
def felt(name: str, **levers: float) -> dict[str, float]:
    """Return the satisfaction of a cohort in its fifth month."""
    months = cohort_stopped(name).monthly(**levers)
    assert np.isfinite(months).all().all()
    assert (months["orders"] >= 0).all()
    return {"satisfaction": months["satisfaction"][4]}


@cache
def expected(name: str, **levers: float) -> dict[str, float]:
    """Return expected orders and profit of a cohort in its first year, luck removed."""
    world = cohort(name)
    future = (world.do(start=1, **levers) if levers else world).expected(from_month=1, horizon=12, replications=2)
    assert np.isfinite(future).all().all()
    assert (future["expected_orders"] >= 0).all()
    return {"orders": future["expected_orders"].sum(), "profit": future["expected_value"].sum()}


def values(name: str, lever: str) -> list[float]:
    """Return the smallest, usual and largest value of a lever, without repetition."""
    usual = float(load_scenario(name).levers[lever])
    return sorted({LEVERS[lever].smallest, usual, LEVERS[lever].largest})


def outcome(name: str, lever: str, value: float, what: str) -> float:
    more = {"programme": 1.0} if lever == "reward" else {}
    found = among_all if lever in NEWCOMERS else felt if what == "satisfaction" else expected
    return found(name, **more, **{lever: value})[what]


def test_every_lever_has_a_direction() -> None:
    assert set(DIRECTIONS) == set(LEVERS)


@pytest.mark.parametrize(("name", "lever"), PAIRS)
def test_direction_from_end_to_end(name, lever) -> None:
    levels = values(name, lever)
    low, high = (levels[0], levels[1]) if lever in TURNING else (levels[0], levels[-1])
    for what, sign in DIRECTIONS[lever].items():
        found = [outcome(name, lever, level, what) for level in (low, high)]
        assert sign * (found[1] - found[0]) > 0, (what, found)


@pytest.mark.parametrize("name", scenario_names())
@pytest.mark.parametrize("lever", TURNING)
def test_too_much_harms(name, lever) -> None:
    less = {"emails": 6.0 if name == "online_shop" else 2.0, "follow_ups": 2.0}[lever]
    assert expected(name, **{lever: LEVERS[lever].largest})["profit"] < expected(name, **{lever: less})["profit"]


@pytest.mark.parametrize("name", scenario_names())
def test_a_promotion_lifts_its_own_month(name) -> None:
    """A deal that never ends is no deal: what it borrows from later takes most of the lift back."""
    usual, deal = (cohort_stopped(name).monthly(promotion=depth)["orders"] for depth in (0.0, 0.5))
    assert deal[1] > 1.5 * usual[1]
    assert deal[2:].sum() / usual[2:].sum() < deal[1] / usual[1]


@pytest.mark.parametrize("name", scenario_names())
def test_idle_levers_do_nothing(name) -> None:
    usual = expected(name)
    for lever in load_scenario(name).idle_levers():
        assert expected(name, **{lever: LEVERS[lever].largest}) == usual, lever


@pytest.mark.parametrize("name", scenario_names())
@pytest.mark.parametrize("end", ["smallest", "largest"])
def test_everything_extreme_at_once(name, end) -> None:
    world = World(name, customers=120, months=8, seed=2)
    run = world.do(start=1, **{lever: getattr(entry, end) for lever, entry in LEVERS.items()}).simulate()
    check_sound(run)
    no_negative_amount(run)


def no_negative_amount(run) -> None:
    assert (run.order_lines[["unit_price", "discount"]] >= 0).all().all()
    assert (run.products[["list_price", "cost"]] > 0).all().all()
    assert (run.touchpoints["cost"] >= 0).all()
    assert (run.subscriptions["fee"] >= 0).all()
    assert (run.costs["amount"] >= -0.01).all(), "but for the rounding of what is left"


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_no_extreme_breaks_a_shop(name) -> None:
    world = World(name, customers=300, months=8, seed=2)
    for lever, entry in LEVERS.items():
        for value in (entry.smallest, entry.largest):
            run = world.do(start=1, **{lever: value}).simulate()
            check_sound(run)
            no_negative_amount(run)


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_names())
def test_direction_with_standard_errors(name) -> None:
    """Paired runs of many customers: without an effect 3 standard errors are passed once in 700 times."""
    weakly_coupled = load_scenario(name).firm.coupling < 0.5  # small effects need four times as many customers
    world = World(name, customers=16_000 if weakly_coupled else 4_000, months=14, seed=21)
    usual = world.simulate()
    wrong = []
    for lever, directions in DIRECTIONS.items():
        base, levels = usual, values(name, lever)
        neutral = float(load_scenario(name).levers[lever])
        if lever == "reward":
            base = world.do(start=2, programme=1.0).simulate()
        for value in levels:
            if value == neutral or (lever in TURNING and value > neutral):
                continue
            more = {"programme": 1.0} if lever == "reward" else {}
            run = world.do(start=2, **more, **{lever: value}).simulate()
            rows = recovery.effect(base, run, start=2)
            for what, sign in directions.items():
                row = rows.loc[what]
                if np.sign(value - neutral) * sign * row["difference"] <= 3 * row["standard_error"]:
                    wrong.append((lever, value, what, row["difference"], row["standard_error"]))
    assert not wrong
