from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import TableError, grading, journeys


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.integers(0, 900), st.floats(0, 1), st.floats(0, 1), st.integers(0, 4), st.booleans()
        ),
        min_size=1,
        max_size=20,
    )
)
def test_more_never_means_an_earlier_stage(rows: list[tuple[int, int, float, float, int, bool]]) -> None:
    names = ["orders", "tenure_days", "readiness", "share_of_wallet", "referrals", "is_partner"]
    people = pd.DataFrame(rows, columns=names)
    stage = journeys.stages(people)
    for name in ("orders", "tenure_days", "readiness", "referrals"):
        assert (journeys.stages(people.assign(**{name: people[name] + 1})) >= stage).all()
    assert (stage[people["is_partner"]] == "partner").all()
    assert (stage[(people["orders"] == 1) & ~people["is_partner"]] == "first deal").all()
    table = journeys.funnel(stage)
    assert table["reached"].iloc[0] == len(people) == table["people"].sum()
    assert table["reached"].is_monotonic_decreasing


def test_each_stage_can_be_reached() -> None:
    people = pd.DataFrame(
        {
            "orders": [0, 0, 1, 2, 6, 6, 6, 0],
            "tenure_days": [0, 0, 0, 50, 500, 500, 500, 0],
            "readiness": [0.1, 0.8, 0, 0, 0, 0, 0, 0],
            "share_of_wallet": [0, 0, 0, 0.9, 0.3, 0.9, 0.3, 0],
            "referrals": [0, 0, 5, 5, 0, 0, 2, 0],
            "is_partner": [False] * 7 + [True],
        }
    )
    assert journeys.stages(people).tolist() == list(journeys.STAGES)


def test_chain_is_what_many_walks_give() -> None:
    states = ["new", "repeat", "loyal", "gone"]
    share = np.array([[0.5, 0.2, 0.0, 0.3], [0.0, 0.6, 0.25, 0.15], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    counts = (share * 1000).round().astype(int)
    before = np.repeat(np.repeat(states, 4), counts.ravel())
    after = np.repeat(np.tile(states, 4), counts.ravel())
    moves = grading.transitions(pd.Series(before), pd.Series(after), states=states)
    found = journeys.chain(moves, goals=["loyal"], ends=["gone"])
    generator = np.random.default_rng(0)
    place, steps = np.zeros(20_000, dtype=int), np.zeros(20_000)
    while (place < 2).any():
        walking = place < 2
        steps += walking
        drawn = (share[place].cumsum(axis=1) < generator.random(len(place))[:, None]).sum(axis=1)
        place = np.where(walking, drawn, place)
    # Four standard errors of 20,000 walks.
    assert found.reaches["new"] == pytest.approx((place == 2).mean(), abs=4 * 0.5 / np.sqrt(20_000))
    assert found.steps["new"] == pytest.approx(steps.mean(), abs=4 * steps.std() / np.sqrt(20_000))
    assert found.reaches[["loyal", "gone"]].tolist() == [1.0, 0.0]


def test_chain_says_when_there_is_no_telling() -> None:
    moves = grading.transitions(pd.Series(["a", "b"]), pd.Series(["b", "a"]), states=["a", "b", "goal"])
    with pytest.raises(TableError, match="none of the states"):
        journeys.chain(moves, goals=["elsewhere"])
    found = journeys.chain(moves, goals=["goal"])
    assert found.reaches["a"] == 0
    assert np.isinf(found.steps["a"])


def test_own_rhythm_puts_the_same_share_of_everybody_to_sleep() -> None:
    # Half of the customers order every 10 days, half every 60: a fixed limit puts one half to sleep and not the other.
    generator = np.random.default_rng(1)
    pace = np.repeat([10.0, 60.0], 200)
    gaps = pd.DataFrame({"customer_id": np.repeat(np.arange(400), 12)})
    gaps["gap_days"] = np.ceil(generator.gamma(4, np.repeat(pace, 12) / 4)).astype(int)
    limits = journeys.sleep_limits(gaps)
    assert limits["dozing_after"].lt(limits["half_asleep_after"]).all()
    new = np.ceil(generator.gamma(4, np.repeat(pace, 50) / 4))
    silent = pd.DataFrame({"customer_id": np.repeat(np.arange(400), 50), "recency_days": new})
    asleep = journeys.sleep_depth(silent, limits=limits) > "awake"
    fast, slow = asleep[silent["customer_id"] < 200].mean(), asleep[silent["customer_id"] >= 200].mean()
    # By construction 20% of pauses outlast the first limit; customers' usual pauses are estimated from twelve.
    assert fast == pytest.approx(0.2, abs=0.06)
    assert slow == pytest.approx(0.2, abs=0.06)
    fixed = journeys.sleep_depth(silent, fixed=[30, 60, 120]) > "awake"
    assert fixed[silent["customer_id"] >= 200].mean() - fixed[silent["customer_id"] < 200].mean() > 0.7


def test_who_has_no_pause_gets_the_limits_of_the_typical_customer() -> None:
    gaps = pd.DataFrame({"customer_id": [1, 1, 2, 2], "gap_days": [10, 12, 20, 24]})
    limits = journeys.sleep_limits(gaps)
    days = limits.attrs["others"]["asleep_after"]
    table = pd.DataFrame({"customer_id": [9, 9], "recency_days": [np.floor(days), np.ceil(days + 1)]})
    assert journeys.sleep_depth(table, limits=limits).tolist()[1] == "asleep"
    with pytest.raises(ValueError, match="not both or neither"):
        journeys.sleep_depth(table)


def test_non_customers_of_the_three_kinds() -> None:
    people = pd.DataFrame(
        {
            "portrait_match": [0.5, 0.49, 0.9, 0.9],
            "need_strength": [0.5, 0.9, 0.1, 0.9],
            "ability_to_pay": [0.5, 0.9, 0.2, 0.9],
            "access": [0.9, 0.9, 0.9, 0.1],
            "inquiries": [0, 0, 0, 1],
        }
    )
    found = journeys.non_customers(people)
    assert found["kind"].tolist() == ["quasi", "refusing", "refusing", "quasi"]  # who has asked is known to the firm
    assert found["lacks"].tolist() == ["", "portrait_match", "need_strength, ability_to_pay", ""]
    assert (journeys.non_customers(people.assign(inquiries=0))["kind"].iloc[3]) == "unexplored"
    assert found["distance"].iloc[2] == pytest.approx(0.7)


@settings(max_examples=40)
@given(st.floats(5, 200), st.floats(0.02, 0.6), st.floats(3, 60))
def test_no_other_interval_is_worth_more(half_life: float, annoyance: float, recovery: float) -> None:
    best = journeys.best_interval(half_life_days=half_life, annoyance=annoyance, recovery_days=recovery)

    def worth(days: float) -> float:
        """Mean memory less mean annoyance over a long time with a contact every so many days, by summation."""
        moments = (np.arange(4000) + 0.5) / 4000 * days
        memory = np.mean(0.5 ** (moments / half_life))
        earlier = np.arange(int(60 * recovery / days) + 1)
        annoyed = annoyance * np.mean(sum(0.5 ** ((moments + days * k) / recovery) for k in earlier[:3000]))
        return float(memory - annoyed)

    if np.isinf(best):
        assert max(worth(days) for days in (half_life, 3 * half_life, 30 * half_life)) <= 1e-6
    else:
        for factor in (0.7, 1.4):
            assert worth(best) >= worth(best * factor) - 1e-6


def test_the_best_interval_is_the_top_of_the_curve() -> None:
    terms = {"half_life_days": 30.0, "annoyance": 0.2, "recovery_days": 14.0}
    curve = journeys.contact_worth(np.arange(1, 181), **terms)
    assert curve["worth"].idxmax() == round(journeys.best_interval(**terms))
    assert curve["memory"].is_monotonic_decreasing
    assert curve["annoyance"].is_monotonic_decreasing
    assert np.allclose(curve["worth"], curve["memory"] - curve["annoyance"])
    with pytest.raises(ValueError, match="days must be positive"):
        journeys.contact_worth([0, 7], **terms)


def test_contacts_are_due_in_order() -> None:
    table = pd.DataFrame(
        {
            "customer_id": [1, 2, 3, 4],
            "last_contact": pd.to_datetime(["2025-01-01", "2025-01-30", "2025-01-10", "2025-01-02"]),
            "interval_days": [7.0, 7.0, 21.0, np.inf],
        }
    )
    due = journeys.next_contacts(table, as_of="2025-01-31")
    assert due["customer_id"].tolist() == [1, 3]
    assert due["overdue_days"].tolist() == [23, 0]
    with pytest.raises(TableError, match="not after"):
        journeys.next_contacts(table, as_of="2025-01-20")


def test_growth_divides_into_number_and_value() -> None:
    generator = np.random.default_rng(2)
    before, after = pd.Series(generator.gamma(2, 50, 80)), pd.Series(generator.gamma(2, 70, 95))
    parts = journeys.quantity_and_quality(before, after)
    assert parts["by_number"] + parts["by_value"] == pytest.approx(parts["growth"])
    same = journeys.quantity_and_quality(before, before * 1.1)
    assert same["by_number"] == 0


def test_response_by_follow_ups_counts_everybody() -> None:
    generator = np.random.default_rng(3)
    received = pd.Series(generator.integers(0, 12, 500))
    found = journeys.response_by_follow_ups(received, pd.Series(generator.random(500) < 0.3), most=6)
    assert found["people"].sum() == 500
    assert found.index.max() == 6
    assert (found["low"] <= found["share"]).all()
    assert (found["share"] <= found["high"]).all()
