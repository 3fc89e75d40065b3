"""Trials of lesson 06: six times, the loyalty programme, happy staff, what a survey can rank, bonds, promotions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
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
    """Q096 and Q092: members against others, and what the programme truly does to members."""
    naive, base, truths = [], [], []
    for seed in range(SHOPS):
        data = _shop(seed)
        orders = data.run.transactions
        count = orders[orders["ts"] >= lesson_06.TURN].groupby("customer_id").size()
        count = count.reindex(data.people.index, fill_value=0).astype(float)
        naive.append(loyalty.naive_difference(count, data.people["member"]).value)
        base.append(float(count[~data.people["member"]].mean()))
        truths.append(data.programme_truth)
    truth = pd.DataFrame(truths).mean()
    return {
        "programme_naive": float(np.mean(naive) / np.mean(base)),
        "programme_true": float(truth["orders"] / truth["orders_without"]),
        "programme_profit": float(truth["profit"]),
        "programme_orders": float(truth["orders"]),
        "programme_naive_orders": float(np.mean(naive)),
    }


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
