"""Causes of leaving by replay: shares add up, a cause that does nothing has none, and other luck agrees."""

from __future__ import annotations

import pytest

from crmlab.recovery import FACTORS, causes, remedies
from crmlab.world import World
from crmlab.world.scenario import load_scenario


@pytest.fixture(scope="module")
def world() -> World:
    """A shop whose site and range of goods matter to nobody."""
    nothing = {
        f"marketing_mix.{lever}.{c}": 0.0
        for lever in ("site", "assortment")
        for c in ("solution", "cost", "convenience", "communication")
    }
    mute = load_scenario("cosmetics").with_values(nothing | {"assortment.exponent": 0.0})
    return World(mute, customers=700, months=10, seed=5)


def test_shares_add_up_and_a_cause_that_does_nothing_has_none(world: World) -> None:
    few = {name: FACTORS[name] for name in ("quality", "logistics", "site", "product_line")}
    found = causes(world, start=4, factors=few, replications=2)
    assert list(found.index[-2:]) == ["not in the firm's hands", "all"]
    assert found["kept"].drop("all").sum() == pytest.approx(found.loc["all", "kept"])
    assert found["share"].drop("all").sum() == pytest.approx(1)
    assert found.loc[["site", "product_line"], ["kept", "alone", "last"]].abs().max().max() < 1e-9
    assert (found.loc[["quality", "logistics"], ["kept", "alone", "last"]] > 0).all().all()


def test_a_single_cause_is_the_difference_of_two_worlds(world: World) -> None:
    found = causes(world, start=6, factors={"late parcels": ["logistics"]}, replications=2)
    assert found.loc["late parcels", "kept"] == pytest.approx(found.loc["late parcels", "alone"])
    lost = []
    for number in range(2):
        shop = world if number == 0 else world.with_luck(number)
        months = [shop.simulate().truth.months, shop.do(logistics=1, start=6).simulate().truth.months]
        there = set(months[0].query("month == 5")["customer_id"]) & set(months[0].query("month == 6")["customer_id"])
        lost += [m[(m["month"] >= 6) & m["customer_id"].isin(there)].eval("hazard * exposure").sum() for m in months]
    assert found.loc["late parcels", "kept"] == pytest.approx((lost[0] - lost[1] + lost[2] - lost[3]) / 2, rel=1e-4)


def test_remedies_say_what_a_step_costs_and_earns(world: World) -> None:
    found = remedies(world, start=4, replications=2)
    assert (found["cost"] > 0).all()
    assert (found["gain"] - found["cost"]).tolist() == pytest.approx(found["profit"].tolist())
    assert found["per_euro"].is_monotonic_decreasing
    assert found.loc["site", "gain"] == pytest.approx(0, abs=1e-6), "it costs what it costs and does nothing"


@pytest.mark.slow
def test_other_luck_gives_the_same_shares() -> None:
    """Luck that was held out agrees on each cause within five standard errors.

    Student's t with 10 degrees of freedom exceeds 5 in one of 2,000 cases; 14 comparisons are made, so that a right
    result is refused in fewer than one of 100 runs with other seeds. These are fixed.
    """
    for seed in (1, 2):
        world = World("cosmetics", customers=2_000, months=12, seed=seed)
        one, other = (causes(each, start=6, replications=6) for each in (world, world.with_luck(100)))
        other = other.loc[one.index]
        # What works together counts less the later it is removed, and the Shapley value lies between.
        assert one.loc["quality", "last"] < one.loc["quality", "kept"] < one.loc["quality", "alone"]
        gap = (one["kept"] - other["kept"]).abs()
        assert (gap < 5 * (one["standard_error"] ** 2 + other["standard_error"] ** 2) ** 0.5).all(), (one, other)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"replications": 1}, "replications=1 is too few"),
        ({"factors": {}}, "between 1 and 8"),
        ({"start": 99}, "start=99|month=99"),
        ({"factors": {"x": ["colour"]}}, "colour"),
    ],
)
def test_what_cannot_be_is_said(world: World, wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        causes(world, **{"start": 4, "replications": 2} | wrong)


@pytest.mark.slow
def test_what_lesson_09_says_of_remedies_holds_over_three_years() -> None:
    """After-sales, line and site pay, goods and parcels do not, whether one year is counted or three.

    The nearest to the border, the site, earns two standard errors more than it costs over three years; over one year it
    may lie on either side, and is left out. Seeds are fixed.
    """
    for months in (24, 48):
        for seed in (7, 2):
            found = remedies(World("cosmetics", customers=1_000, months=months, seed=seed), start=12, replications=4)
            assert found.index[0] == "after_sales" and set(found.index[-2:]) == {"quality", "logistics"}
            assert (found.loc[["after_sales", "product_line"], "per_euro"] > 2).all()
            assert (found.loc[["quality", "logistics"], "per_euro"] < 0.8).all()
