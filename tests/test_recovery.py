"""Scoring against the truth says what it should on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab.recovery import effect, regret, score
from crmlab.world import World

NAMES = ["Ada", "Bo", "Cleo", "Dan"]


class Told:
    """A run of which only the monthly truth is known."""

    def __init__(self, rows: list[tuple[int, int, float, int, float]]) -> None:
        self.truth = self
        self.months = pd.DataFrame(rows, columns=["customer_id", "month", "profit", "orders", "satisfaction"])


def test_effect_by_hand() -> None:
    before = Told([(1, 0, 10.0, 1, 0.2), (1, 1, 0.0, 0, 0.2), (2, 0, 4.0, 1, 0.0)])
    after = Told([(1, 0, 13.0, 2, 0.3), (1, 1, 0.0, 0, 0.5), (2, 0, 5.0, 1, 0.1), (3, 1, -8.0, 1, 0.9)])
    table = effect(before, after)
    assert list(table.index) == ["profit", "orders", "satisfaction"]
    profit = table.loc["profit"]  # differences 3, 1 and −8, the last one of a newcomer
    assert profit["customers"] == 3
    assert profit["total"] == -4
    assert profit["difference"] == pytest.approx(-4 / 3)
    assert profit["standard_error"] == pytest.approx(np.std([3, 1, -8], ddof=1) / np.sqrt(3))
    mood = table.loc["satisfaction"]  # of customers 1 and 2 only: nobody knows what the newcomer felt before
    assert mood["without"] == pytest.approx(0.1)
    assert mood["difference"] == pytest.approx(np.mean([0.2, 0.1]))
    later = effect(before, after, start=1).loc["profit"]
    assert (later["total"], later["customers"]) == (-8, 2)
    assert effect(before, after, stop=1).loc["orders", "total"] == 1


def test_effect_of_nothing_is_nothing() -> None:
    run = World(customers=100, months=6, seed=1).simulate()
    table = effect(run, run)
    assert (table[["difference", "standard_error", "total"]] == 0).all().all()
    assert (table["unpaired_standard_error"] > 0).all()


def test_pairing_is_worth_a_hundred_times_as_many_customers() -> None:
    world = World(customers=4_000, months=8, seed=1)
    orders = effect(world.simulate(), world.do(price=0.99).simulate()).loc["orders"]
    assert (orders["unpaired_standard_error"] / orders["standard_error"]) ** 2 > 100


def test_effect_needs_common_months() -> None:
    run = Told([(1, 0, 1.0, 1, 0.0)])
    with pytest.raises(ValueError, match="no customer in common in the months from start=5 to stop=None"):
        effect(run, run, start=5)


def test_score_by_hand() -> None:
    truth = pd.Series([1.0, 2.0, 3.0, 6.0], NAMES)
    estimate = pd.Series([3.0, 2.0, 4.0, 5.0, 99.0], ["Bo", "Ada", "Cleo", "Dan", "Eve"])
    found = score(estimate, truth)
    assert found["customers"] == 4
    assert found["bias"] == 0.5  # errors 1, 1, 1, −1
    assert found["mean_absolute_error"] == 1
    assert found["root_mean_squared_error"] == 1
    assert found["total_error"] == pytest.approx(2 / 12)
    assert found["rank_correlation"] == pytest.approx(1)
    assert found["correlation"] == pytest.approx(np.corrcoef([2, 3, 4, 5], [1, 2, 3, 6])[0, 1])


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=30), st.randoms())
def test_score_does_not_depend_on_the_sequence(pairs, random) -> None:
    index = list(range(len(pairs)))
    estimate, truth = (pd.Series([pair[k] for pair in pairs], index) for k in (0, 1))
    shuffled = list(index)
    random.shuffle(shuffled)
    one, other = score(estimate, truth), score(estimate.loc[shuffled], truth)
    pd.testing.assert_series_equal(one, other)
    assert one["root_mean_squared_error"] >= abs(one["bias"]) - 1e-6
    perfect = score(truth, truth)
    assert perfect["mean_absolute_error"] == 0


def test_score_without_variation() -> None:
    truth = pd.Series([0.0, 0.0], ["Ada", "Bo"])
    found = score(pd.Series([1.0, 2.0], ["Ada", "Bo"]), truth)
    assert np.isnan(found[["total_error", "correlation", "rank_correlation"]]).all()


ERRORS = [
    (pd.Series([1.0], ["Ada"]), pd.Series([1.0], [7]), "no customer in common; their indexes begin with"),
    (
        pd.Series([1.0, 2.0], ["Ada", "Ada"]),
        pd.Series([1.0], ["Ada"]),
        "estimate: customer 'Ada' appears more than once",
    ),
    (
        pd.Series([1.0], ["Ada"]),
        pd.Series([None], ["Ada"], dtype=float),
        "truth: the value of customer 'Ada' is missing",
    ),
    ([1.0], pd.Series([1.0], ["Ada"]), "estimate is a list; it must be a pandas Series"),
]


@pytest.mark.parametrize(("estimate", "truth", "message"), ERRORS)
def test_score_names_what_is_wrong(estimate, truth, message) -> None:
    with pytest.raises(ValueError, match=message):
        score(estimate, truth)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.data())
def test_regret_is_never_negative_and_zero_for_the_best(values, data) -> None:
    value = pd.Series(values)
    chosen = data.draw(st.lists(st.sampled_from(range(len(values))), unique=True))
    assert regret(chosen, value) >= -1e-6
    best = sorted(range(len(values)), key=lambda k: -values[k])[: len(chosen)]
    assert regret(best, value) == pytest.approx(0, abs=1e-6)


def test_regret_names_what_is_wrong() -> None:
    value = pd.Series([1.0, 2.0], ["Ada", "Bo"])
    assert regret(["Ada"], value) == 1.0
    assert regret(pd.Index(["Bo"]), value) == 0.0
    with pytest.raises(ValueError, match="may be chosen once only"):
        regret(["Ada", "Ada"], value)
    with pytest.raises(ValueError, match=r"'Zoe' is not in the index of value \(1 of 2 are not\)"):
        regret(["Ada", "Zoe"], value)
