"""Trials of lesson 06: six times, the loyalty programme, happy staff, what a survey can rank, bonds, promotions."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from crmlab import loyalty, recovery
from crmlab.exercises import lesson_06
from crmlab.world import World

SHOPS = 2
"""Shops of the trials, of 5,000 customers each."""


@cache
def _shop(seed: int) -> lesson_06.Data:
    return lesson_06.Data(seed=seed)


def trials() -> dict[str, float]:
    """Run the trials."""
    return {**_six_times(), **_programme(), **_levers()}


def _six_times() -> dict[str, float]:
    """Q001: fives against fours, what they say and what they do, in odds and in shares."""
    answers = pd.concat([_shop(seed).answers for seed in range(SHOPS)])
    out: dict[str, float] = {}
    for name, column in (("says", "intends"), ("does", "came")):
        known = answers.dropna(subset=["overall", column])
        table = loyalty.compare_ratings(known["overall"], known[column]).to_dict("index")
        for measure in ("risk_ratio", "odds_ratio"):
            row = table[measure]
            out |= {f"six_{name}_{measure}_{end}": float(row[end]) for end in ("value", "low", "high")}
        out[f"six_{name}_largest"] = float(table["largest_possible"]["value"])
    return out


def _programme() -> dict[str, float]:
    """Q096 and Q092: members against others in four ways, and what the programme truly does to members, in orders."""
    rows = []
    for seed in range(SHOPS):
        data = _shop(seed)
        member, truth = data.people["member"], data.programme_truth
        before, after = (_orders(data, data.people.index, later) for later in (False, True))
        # Who was still a customer at the turn of the year: nobody but the simulation knows.
        gone = data.run.truth.customers.set_index("customer_id")["death_time"] < lesson_06.CHANGE_MONTH
        customers = data.run.customers.set_index("customer_id")
        there = customers.index[(customers["signup_date"] < lesson_06.TURN) & ~gone.reindex(customers.index)]
        living = _orders(data, there, True)
        rows.append(
            {
                "naive": loyalty.naive_difference(after, member).value,
                "base": float(after[~member].mean()),
                "matched": loyalty.matched_difference(after, member, before.to_frame("before")).value,
                "did": loyalty.difference_in_differences(before, after, member).value,
                "living": loyalty.naive_difference(
                    living, customers["member_since"].reindex(there) < lesson_06.TURN
                ).value,
                **truth.to_dict(),
            }
        )
    mean = pd.DataFrame(rows).mean()
    return {
        "programme_naive": float(mean["naive"] / mean["base"]),
        "programme_true": float(mean["orders"] / mean["orders_without"]),
        "programme_profit": float(mean["profit"]),
        "programme_orders": float(mean["orders"]),
        "programme_naive_orders": float(mean["naive"]),
        "programme_matched_orders": float(mean["matched"]),
        "programme_did_orders": float(mean["did"]),
        "programme_times": float(mean["naive"] / mean["orders"]),
        "programme_times_living": float(mean["living"] / mean["orders"]),
    }


def _orders(data: lesson_06.Data, customers: pd.Index, later: bool) -> pd.Series:
    """Return each customer's orders of the second year, or of the first."""
    orders = data.run.transactions
    part = orders[(orders["ts"] >= lesson_06.TURN) == later]
    return part.groupby("customer_id").size().reindex(customers, fill_value=0).astype(float)


def _levers() -> dict[str, float]:
    """Q049, Q095, Q113 and others: what a lever does to satisfaction, orders and profit of the second year."""
    world = World("cosmetics", customers=3_000, months=24, seed=0)
    run = world.simulate()
    changes: dict[str, dict[str, Any]] = {
        "staff_75": {"employee_satisfaction": 75},
        "staff_85": {"employee_satisfaction": 85},
        "service": {"service": 0.7},
        "promotion": {"promotion": 0.2},
        "range": {"assortment": 0.7},
    }
    out = {}
    for name, change in changes.items():
        effect = recovery.effect(run, world.do(start=12, **change).simulate(), start=12).to_dict("index")
        for outcome in ("satisfaction", "orders", "profit"):
            out[f"{name}_{outcome}"] = float(effect[outcome]["difference"])
        out[f"{name}_profit_share"] = float(effect["profit"]["difference"] / effect["profit"]["without"])
        out[f"{name}_orders_share"] = float(effect["orders"]["difference"] / effect["orders"]["without"])
    return out
