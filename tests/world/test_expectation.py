"""The expected future is what happens on average."""

from __future__ import annotations

import numpy as np
import pytest

from crmlab.world import World, load_scenario


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_expectation_meets_what_happened(seed) -> None:
    """Orders and profit of a year, summed over all customers, lie within 4.5 standard deviations of the expectation.

    What happened has the variance of its customers' luck, estimated from their deviations. The check fails by chance
    once in 10⁵ for each outcome and seed.
    """
    world = World(customers=6_000, months=24, seed=seed)
    run = world.simulate()
    expected = world.expected(from_month=12, horizon=12, replications=16)
    later = run.truth.months[run.truth.months["month"] >= 12]
    discount = 1.1 ** (-(later["month"] - 12 + 0.5) / 12)
    known = later["customer_id"].isin(expected.index)
    orders = later[known].groupby("customer_id")["orders"].sum().reindex(expected.index, fill_value=0)
    value = (
        (later["profit"] * discount)[known].groupby(later["customer_id"]).sum().reindex(expected.index, fill_value=0.0)
    )
    for happened, wanted in ((orders, expected["expected_orders"]), (value, expected["expected_value"])):
        deviation = happened - wanted
        assert abs(deviation.sum()) < 4.5 * deviation.std() * np.sqrt(len(deviation))
        assert np.corrcoef(happened, wanted)[0, 1] > 0.7


def test_the_check_sees_a_wrong_expectation() -> None:
    world = World(customers=6_000, months=24, seed=1)
    expected = world.expected(from_month=12, horizon=11, replications=4)  # a month too short
    months = world.simulate().truth.months
    later = months[(months["month"] >= 12) & months["customer_id"].isin(expected.index)]
    happened = later.groupby("customer_id")["orders"].sum().reindex(expected.index, fill_value=0)
    deviation = happened - expected["expected_orders"]
    assert abs(deviation.sum()) > 4.5 * deviation.std() * np.sqrt(len(deviation))


def test_without_feedback_it_is_the_formula_of_pareto_nbd() -> None:
    """A living customer with constant rate and hazard places λ/μ (1 − exp(−μ t)) orders."""
    changes = {"firm.coupling": 0.0, "firm.history_months": 0}
    world = World(load_scenario("cosmetics").with_values(changes), customers=400, months=6, seed=9)
    run = world.simulate()
    expected = world.expected(from_month=6, horizon=24, replications=2)
    alive = run.truth.customers["death_time"].isna().to_numpy()
    last = run.truth.months[run.truth.months["month"] == 5].set_index("customer_id")
    rate, hazard = (last.loc[expected.index[alive], name] for name in ("order_rate", "hazard"))
    wanted = rate / hazard * -np.expm1(-hazard * 24)
    np.testing.assert_allclose(expected["expected_orders"][alive], wanted, rtol=1e-4)
    assert (expected[~alive] == 0).all().all()
    assert (expected["expected_orders_se"] < 1e-4 * expected["expected_orders"] + 1e-9).all(), (
        "nothing is left to chance"
    )


def test_subsets_and_repetitions(world, run) -> None:
    whole = world.expected(from_month=10, horizon=6, replications=5)
    ids = whole.index[::7]
    part = world.expected(from_month=10, horizon=6, replications=5, customers=ids)
    assert part.equals(whole.loc[ids])
    again = world.expected(from_month=10, horizon=6, replications=20)
    apart = (again["expected_orders"] - whole["expected_orders"]).abs()
    error = np.hypot(whole["expected_orders_se"], again["expected_orders_se"])
    living = error > 0
    # Standard errors from five repetitions are rough: Student's t with 4 degrees of freedom has 99.9% within 8.6.
    assert (apart[living] < 8.6 * error[living]).mean() > 0.99


def test_the_truth_gives_expectations(world, run) -> None:
    customers = run.truth.customers.set_index("customer_id")
    assert run.truth.expected_orders.equals(customers["expected_orders"])
    assert run.truth.expected_value.equals(customers["expected_value"])
    assert (customers["expected_orders"][customers["death_time"].notna()] == 0).all()
    assert (customers["expected_orders"][customers["death_time"].isna()] > 0).all()
    year = run.truth.expected(from_month=world.months, horizon=12)
    np.testing.assert_allclose(year["expected_orders"], customers["expected_orders"], rtol=1e-12)
    assert set(run.truth.expected(from_month=6, horizon=3, replications=2).index) < set(customers.index)


def test_what_the_firm_does_later_does_not_change_who_people_were(world) -> None:
    """The expectation as of a month uses the states of that month, and the policy from then on."""
    usual = world.expected(from_month=9, horizon=6, replications=4)
    dearer = world.do(price=1.3, start=12).expected(from_month=9, horizon=6, replications=4)
    living = usual["expected_orders"] > 0
    assert (dearer["expected_orders"][living] < usual["expected_orders"][living]).mean() > 0.99
    first = [w.expected(from_month=9, horizon=3, replications=4) for w in (world, world.do(price=1.3, start=12))]
    assert first[0].equals(first[1]), "nothing has happened yet"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"from_month": 25}, "from_month=25 is impossible; it must be a whole number from 0 to 18"),
        ({"from_month": 3, "replications": 1}, "replications=1 is impossible"),
        ({"from_month": 3, "horizon": -2}, "horizon=-2 is impossible"),
    ],
)
def test_impossible_expectations(world, arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        world.expected(**arguments)


def test_nobody_is_expected_before_the_firm_begins() -> None:
    cohort = World(load_scenario("cosmetics").with_values({"firm.history_months": 0}), customers=50, months=3)
    assert cohort.expected(from_month=0).empty
