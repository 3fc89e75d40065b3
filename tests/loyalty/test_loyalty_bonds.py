"""Curves, bonds, programme, points, service–profit loop, seven indicators: against what made the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import TableError, World, loyalty

# ── Curves ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_six_times_of_odds_is_not_six_times_of_risk() -> None:
    rng = np.random.default_rng(1)
    rating = rng.choice([3, 4, 5], 30_000)
    loyal = rng.random(30_000) < np.select([rating == 5, rating == 4], [6 / 7, 0.5], 0.3)
    table = loyalty.compare_ratings(rating, loyal, level=0.999)
    assert table.loc["odds_ratio", "low"] < 6 < table.loc["odds_ratio", "high"]
    assert table.loc["risk_ratio", "high"] < table.loc["largest_possible", "high"] < 2.2
    assert table.loc["difference", "value"] == pytest.approx(6 / 7 - 0.5, abs=0.03)


@pytest.mark.parametrize("loyal", [[True] * 8, [False] * 8, [True] * 4 + [False] * 4, [False] * 4 + [True] * 4])
def test_extreme_groups_have_honest_intervals(loyal: list[bool]) -> None:
    table = loyalty.compare_ratings([4] * 4 + [5] * 4, loyal)
    for ratio in ("risk_ratio", "odds_ratio"):
        assert 0 < table.loc[ratio, "low"] < table.loc[ratio, "high"] < np.inf
    with pytest.raises(TableError, match="Nobody gave the rating 5"):
        loyalty.compare_ratings([4, 4, 3], [True, False, True])


def test_the_kink_is_found_where_there_is_one_and_not_where_there_is_none() -> None:
    found = false = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        felt = rng.normal(size=2_000)
        bent = 1 / (1 + np.exp(0.5 - 0.3 * felt - 1.5 * np.maximum(felt - 0.4, 0)))
        fit = loyalty.kinked_curve(felt, rng.random(2_000) < bent, knots=11)
        step = np.ptp(np.quantile(felt, [0.1, 0.9])) / 10  # the interval consists of places that were tried
        found += fit["p_value"] < 0.01 and fit["kink_low"] - step <= 0.4 <= fit["kink_high"] + step
        false += loyalty.kinked_curve(felt, rng.random(2_000) < 1 / (1 + np.exp(-felt)), knots=11)["p_value"] < 0.01
    # Two misses of 5% or two false alarms of 1% in 5 surveys: probability 0.02 and 0.001; the seeds are fixed.
    assert found >= 4 and false <= 1


def test_the_band_of_the_spline_covers_the_curve() -> None:
    covered = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        felt = rng.normal(size=800)
        at = np.array([-1.0, 0.0, 1.0])
        curve = loyalty.spline_curve(felt, rng.random(800) < 1 / (1 + np.exp(-(felt + 0.3 * felt**2))), at=at)
        truth = 1 / (1 + np.exp(-(at + 0.3 * at**2)))
        covered.append((curve["low"] <= truth) & (truth <= curve["high"]))
    assert np.mean(covered) >= 30 / 36  # fewer of 36 at 95%: probability 0.002; the seeds are fixed


def test_curves_refuse_what_is_no_curve() -> None:
    with pytest.raises(TableError, match="at least 5 values"):
        loyalty.kinked_curve([1, 2, 3], [True, False, True])
    with pytest.raises(TableError, match="All customers are loyal, or none"):
        loyalty.spline_curve(range(10), [True] * 10)
    with pytest.raises(TableError, match="True or False"):
        loyalty.loyalty_by_rating([1, 2], [0.5, 1])


# ── Bonds ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_three_multipliers_are_recovered_also_when_bonds_grow() -> None:
    truth = pd.Series({"financial": 0.9, "social": 0.7, "structural": 0.4})
    covered = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        bonds = pd.DataFrame(rng.integers(0, 2, size=(400, 3)), columns=list(truth.index))
        start = pd.DataFrame({"start": 0.0, "bond_at": rng.uniform(0, 12, 400)})
        early = np.log(truth["financial"]) * bonds["financial"] + np.log(truth["social"]) * bonds["social"]
        # The structural bond begins at `bond_at`: one spell without it, one with it.
        waits = rng.exponential(size=400)
        hazard = 0.06 * np.exp(early)
        first = waits / hazard
        changed = first > start["bond_at"]
        rest = (waits - hazard * start["bond_at"]) / (hazard * truth["structural"] ** bonds["structural"])
        end = np.where(changed, start["bond_at"] + rest, first)
        rows = pd.concat(
            [
                bonds.assign(structural=0, start=0.0, stop=np.minimum(first, start["bond_at"]), left=~changed),
                bonds[changed].assign(
                    start=start["bond_at"], stop=np.minimum(end, 30)[changed], left=(end < 30)[changed]
                ),
            ]
        )
        table = loyalty.bond_hazards(rows[rows["stop"] > rows["start"]], level=0.999)
        covered.append((table["low"] < truth) & (truth < table["high"]))
    assert np.mean(covered) == 1


def test_bonds_measured_at_the_end_look_like_magic_and_split_spells_tell_the_truth() -> None:
    rng = np.random.default_rng(1)
    stop, begins = rng.exponential(12, 300), rng.uniform(0, 24, 300)
    # The bond does nothing; who stays long enough gets it.
    late = pd.DataFrame({"start": 0.0, "stop": stop, "left": True, "social": (stop > begins).astype(int)})
    assert loyalty.bond_hazards(late, bonds=["social"])["high"]["social"] < 0.6
    got = stop > begins
    split = pd.concat(
        [late.assign(stop=np.minimum(stop, begins), left=~got, social=0), late[got].assign(start=begins[got], social=1)]
    )
    honest = loyalty.bond_hazards(split, bonds=["social"], level=0.999).loc["social"]
    assert honest["low"] < 1 < honest["high"]
    with pytest.raises(TableError, match="stop no later than they start"):
        loyalty.bond_hazards(split.assign(stop=0.0), bonds=["social"])
    with pytest.raises(TableError, match="no finite answer"):
        loyalty.bond_hazards(late[:80].assign(social=(stop[:80] > 12).astype(int)), bonds=["social"])


def test_worth_of_a_bond_by_hand() -> None:
    def by_hand(multiplier: float, imitated: float, cost: float) -> float:
        alive, total = 1.0, 0.0
        for month in range(24):
            total += alive * (20 - cost) / 1.1 ** (month / 12)
            alive *= 1 - 0.05 * (multiplier if month < imitated else 1)
        return total

    for multiplier, imitated in [(0.8, np.inf), (0.5, 6), (0.5, 0)]:
        worth = loyalty.bond_worth(
            hazard=0.05, multiplier=multiplier, margin=20, cost=1, start_cost=3, imitated_after=imitated, months=24
        )
        assert worth == pytest.approx(by_hand(multiplier, imitated, 1) - by_hand(1, 0, 0) - 3)


# ── Programme ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_programme_three_ways_are_biased_and_chance_is_not() -> None:
    values, covered = [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        people = 6_000
        rate, attached = rng.gamma(0.8, 1.25, people), rng.normal(size=people)
        before = rng.poisson(6 * rate)
        joins = rng.random(people) < np.clip(0.08 * np.exp(0.5 * np.log(rate + 0.1) + 0.6 * attached), 0, 0.9)
        # What attachment does comes later: neither the orders before nor their change show it.
        after = rng.poisson(6 * rate * np.exp(0.25 * attached + 0.05 * joins))
        known = pd.DataFrame({"before": before})
        truth = np.mean(6 * rate[joins] * np.exp(0.25 * attached[joins]) * (np.exp(0.05) - 1))
        values.append(
            [
                truth,
                loyalty.naive_difference(after, joins).value,
                loyalty.matched_difference(after, joins, known).value,
                loyalty.difference_in_differences(before, after, joins).value,
            ]
        )
        invited = rng.random(people) < 0.5
        member = joins | (invited & (rng.random(people) < 0.4))
        outcome = rng.poisson(6 * rate * np.exp(0.25 * attached)) + rng.poisson(0.3 * member)
        row = loyalty.invitation_effect(outcome, invited, member).loc["membership"]
        covered += row["low"] < 0.3 < row["high"]
    truth, naive, matched, did = np.mean(values, axis=0)
    assert naive > 4 * truth
    assert truth < did < naive and truth < matched < naive
    assert covered >= 16  # 95% of 20; fewer has probability 0.003


def test_programme_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(TableError, match="at least 2 customers"):
        loyalty.naive_difference([1.0, 2.0, 3.0], [True, False, False])
    with pytest.raises(TableError, match="who bought nothing has 0"):
        loyalty.naive_difference([1.0, np.nan, 3.0, 4.0], [True, True, False, False])
    with pytest.raises(TableError, match="too few to find 3 neighbours"):
        loyalty.matched_difference([1.0, 2, 3, 4], [True, True, False, False], pd.DataFrame({"x": [1, 2, 3, 4]}))
    idle = loyalty.invitation_effect([1.0, 2, 3, 4], [True, True, False, False], [True, False, True, False])
    assert np.isnan(idle.loc["membership", "value"])


# ── Points ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 900), st.integers(1, 50)), min_size=1, max_size=30))
@settings(max_examples=60)
def test_no_point_is_lost(rows: list[tuple[int, int, int]]) -> None:
    table = pd.DataFrame(rows, columns=["customer_id", "day", "points"])
    table["ts"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(table["day"], unit="D")
    ledger = loyalty.points_ledger(table, valid_months=12, as_of="2025-12-31")
    assert np.allclose(ledger["earned"], ledger["spent"] + ledger["expired"] + ledger["owed"])
    assert ledger["earned"].sum() == table["points"].sum()
    assert (ledger["next_expiry"].notna() == (ledger["owed"] > 0)).all()


def test_the_oldest_points_go_first_and_expired_ones_cannot_be_spent() -> None:
    days = pd.to_datetime(["2024-01-10", "2024-06-10", "2024-12-01", "2025-01-10"])
    moves = pd.DataFrame({"customer_id": 1, "ts": days, "points": [100, 100, -100, -100]})
    account = loyalty.points_ledger(moves, valid_months=12, as_of="2025-02-01").loc[1]
    assert (account["expired"], account["owed"]) == (0, 0)
    with pytest.raises(TableError, match="spends 100 points on 2025-01-10 that are not there"):
        loyalty.points_ledger(moves.drop(index=2).assign(points=[100, 1, -101]), valid_months=12, as_of="2025-02-01")


def test_liability_needs_a_past_or_an_opinion() -> None:
    ledger = pd.DataFrame({"spent": [0.0], "expired": [0.0], "owed": [500.0]})
    with pytest.raises(TableError, match="say which spent_share"):
        loyalty.points_liability(ledger, point_value=0.01)
    assert loyalty.points_liability(ledger, point_value=0.01, spent_share=0.6)["liability"] == pytest.approx(3.0)


# ── Service–profit loop ───────────────────────────────────────────────────────────────────────────────────────────────


def _branches(seed: int, links: tuple[float, float, float], branches: int = 60, months: int = 36) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 5, (3, branches))
    staff, guests, profit = (np.zeros((branches, months)) for _ in range(3))
    for month in range(months):
        past = [array[:, month - 1] if month else np.zeros(branches) for array in (staff, guests, profit)]
        staff[:, month] = links[2] * past[2] + rng.normal(0, 2, branches)
        guests[:, month] = links[0] * past[0] + rng.normal(0, 2, branches)
        profit[:, month] = links[1] * past[1] + rng.normal(0, 2, branches)
    names = ["employee_satisfaction", "customer_satisfaction", "profit"]
    arrays = [array + level[i][:, None] for i, array in enumerate((staff, guests, profit))]
    index = pd.MultiIndex.from_product([range(branches), range(months)], names=["branch_id", "month"])
    return pd.DataFrame({n: a.ravel() for n, a in zip(names, arrays, strict=True)}, index=index).reset_index()


def test_three_links_and_the_gain_are_recovered() -> None:
    covered = []
    for seed in range(10):
        loop = loyalty.service_profit_loop(_branches(seed, (0.5, 0.4, 0.3)), resamples=200)
        truth = np.array([0.5, 0.4, 0.3, 0.06])
        covered.append((loop["low"] < truth) & (truth < loop["high"]))
        assert (loop["backwards"].iloc[:3].abs() < 0.15).all()
    assert np.mean(covered) >= 0.8  # 40 intervals of 95%: fewer than 32 has probability below 1e-4


def test_a_common_cause_shows_backwards_in_time() -> None:
    rng = np.random.default_rng(1)
    panel = _branches(1, (0, 0, 0))
    wave = np.cumsum(rng.normal(0, 2, (60, 36)), axis=1).ravel()
    loop = loyalty.service_profit_loop(
        panel.assign(employee_satisfaction=wave, customer_satisfaction=wave + panel["profit"])
    )
    link = loop.loc["employee_satisfaction → customer_satisfaction"]
    assert link["low"] > 0 and link["backwards_low"] > 0


def test_the_loop_needs_branches_and_months() -> None:
    panel = _branches(1, (0.5, 0.4, 0.3), branches=4)
    with pytest.raises(TableError, match="4 branches"):
        loyalty.service_profit_loop(panel)
    with pytest.raises(TableError, match="same month twice"):
        loyalty.service_profit_loop(pd.concat([panel, panel]))


# ── Seven indicators ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_seven_indicators_of_a_world_are_there_or_say_why_not() -> None:
    run = World("cosmetics", customers=800, months=18, seed=3).simulate()
    market = np.random.default_rng(0).random(200) < 0.4
    table = loyalty.satisfaction_indicators(run.transactions, customers=run.customers, aware=market)
    assert table.index.tolist() == list(loyalty.INDICATORS)
    there = table["value"].notna()
    assert (table.loc[there, "low"] <= table.loc[there, "value"]).all()
    assert (table.loc[there, "value"] <= table.loc[there, "high"]).all()
    assert table["note"]["complaint_rate"] == "no tickets" and table["note"]["reputation"] == "no reviews"
    assert {"return_rate", "order_value", "awareness"} <= set(table.index[there])


def test_return_rate_counts_who_has_not_had_the_time_as_waiting() -> None:
    # Everybody comes back after exactly 30 days; half of them joined only 20 days ago.
    first = pd.to_datetime(["2025-01-01"] * 50 + ["2025-11-20"] * 50)
    orders = pd.DataFrame({"customer_id": range(100), "ts": first})
    orders = pd.concat([orders, orders[:50].assign(ts=pd.Timestamp("2025-01-31"))], ignore_index=True)
    orders = orders.assign(order_id=range(len(orders)), net=10.0)
    table = loyalty.satisfaction_indicators(orders, as_of="2025-12-10")
    assert table["value"]["return_rate"] == pytest.approx(1.0)
