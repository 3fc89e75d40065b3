"""The loyalty programme of the world: four ways to measure it, against what it truly does, over twelve shops."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlab import loyalty
from crmlab.exercises import lesson_06

SEEDS = range(12)
START = lesson_06.CHANGE_MONTH


@cache
def _shops() -> pd.DataFrame:
    """Return one row per shop: orders a year per member, by each method and in truth."""
    rows = []
    for seed in SEEDS:
        data = lesson_06.Data(seed=seed, customers=4_000)
        people = data.people.index
        member = data.people["member"]
        before, after = (_orders(data.run, people, later) for later in (False, True))
        matched = loyalty.matched_difference(after, member, before.to_frame("before"))
        # By lot: for one half of the people the programme ends; the others keep it, and are its members if they enrol.
        kept = np.random.default_rng(seed).random(len(people)) < 0.5
        ended = data.world.do(pd.DataFrame({"customer_id": people[~kept], "programme": 0.0}), start=START).simulate()
        enrolled = ended.customers.set_index("customer_id")["member_since"].reindex(people).notna().to_numpy()
        change = _orders(ended, people, True) - before  # what came before lowers the noise and cannot bias
        lot = loyalty.invitation_effect(change, kept, kept & enrolled).loc["membership"]
        without = data.world.do(start=START, programme=False)
        expected, otherwise = (
            world.expected(from_month=START, horizon=12, replications=8)["expected_orders"].loc[people[enrolled]].mean()
            for world in (data.world, without)
        )
        rows.append(
            {
                "truth": data.programme_truth["orders"],
                "naive": loyalty.naive_difference(after, member).value,
                "matched": matched.value,
                "did": loyalty.difference_in_differences(before, after, member).value,
                "lot": lot["value"],
                "low": lot["low"],
                "high": lot["high"],
                "truth of the lot": expected - otherwise,
            }
        )
    return pd.DataFrame(rows, index=list(SEEDS))


def _orders(run, customers: pd.Index, later: bool) -> pd.Series:
    orders = run.transactions
    part = orders[(orders["ts"] >= lesson_06.TURN) == later]
    return part.groupby("customer_id").size().reindex(customers, fill_value=0).astype(float)


@pytest.mark.slow
def test_the_lot_covers_the_truth_and_not_the_naive_gap() -> None:
    shops = _shops()
    covered = (shops["low"] <= shops["truth of the lot"]) & (shops["truth of the lot"] <= shops["high"])
    # An honest 95% interval covers fewer of 12 once in a thousand tests.
    assert covered.sum() >= stats.binom.ppf(0.001, len(shops), 0.95)
    # One shop's interval is wide, and about one in ten still holds the naive gap; the mean of twelve is clear of it.
    error = shops["lot"].std() / np.sqrt(len(shops))
    print(f"lot: {covered.sum()} of {len(shops)} cover; {shops['lot'].mean():.2f} ± {error:.2f}")
    assert abs(shops["lot"].mean() - shops["truth of the lot"].mean()) < 4 * error
    assert shops["lot"].mean() + 4 * error < shops["naive"].mean()


@pytest.mark.slow
def test_the_other_ways_stay_biased_as_the_lesson_says() -> None:
    shops = _shops()
    bias = shops[["naive", "matched", "did"]].sub(shops["truth"], axis=0)
    error = bias.std() / np.sqrt(len(bias))
    print(pd.DataFrame({"bias": bias.mean(), "error": error, "truth": shops["truth"].mean()}).round(3))
    assert (shops["naive"] > 7 * shops["truth"]).all()
    assert bias["did"].mean() < -5 * error["did"]
    # Matching comes far nearer than the plain comparison, and swings from shop to shop by more than the effect.
    assert abs(bias["matched"].mean()) < 0.25 * bias["naive"].mean()
    assert bias["matched"].std() > shops["truth"].mean()
