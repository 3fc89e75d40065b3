"""Trials of lesson 05: stages, sleep, waking, follow-ups, newcomers, incentives."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from crmlab import journeys, recovery
from crmlab.exercises import lesson_05
from crmlab.world import World

SHOPS = 3
"""Shops of the trials, of 3,500 customers each; the last two trials run one of 2,500 again and again."""


@cache
def _shop(seed: int) -> lesson_05.Data:
    return lesson_05.Data(seed=seed, customers=3_500)


def trials() -> dict[str, float]:
    """Run the trials."""
    return {**_sleep(), **_stages(), **_waking(), **_follow_ups(), **_newcomers(), **_incentives()}


def _sleep() -> dict[str, float]:
    """Q039: a silence in days, and in usual pauses, as signs of who comes again and of who has truly left."""
    out: dict[str, list[float]] = {}

    def note(**values: float) -> None:
        for name, value in values.items():
            out.setdefault(f"sleep_{name}", []).append(float(value))

    for seed in range(SHOPS):
        shop = _shop(seed)
        then, now = shop.earlier, shop.customers_table
        came = then["came"].to_numpy()
        pauses = (then["recency_days"] / then["usual_days"]).to_numpy()
        note(
            auc_days=roc_auc_score(~came, then["recency_days"]),
            auc_pauses=roc_auc_score(~came, pauses),
            came_fixed=came[then["sleep_fixed"] == "asleep"].mean(),
            came_own=came[then["sleep"] == "asleep"].mean(),
            late_fixed=shop.noticed["calendar"],
            late_own=shop.noticed["own rhythm"],
        )
        # As many as the calendar puts to sleep, by the longest silence in pauses of their own.
        many = int((then["sleep_fixed"] == "asleep").sum())
        note(came_as_many=came[np.argsort(-pauses)[:many]].mean())
        left = shop.waking["left"].reindex(now.index)
        for depth in journeys.DEPTHS:
            note(**{f"gone_{depth.replace(' ', '_')}": left[now["sleep"] == depth].mean()})
    return {name: float(np.mean(values)) for name, values in out.items()}


def _stages() -> dict[str, float]:
    """Q071, C083 and C093: what a coming year brings by stage; how far first deals go, blind to sleep and not."""
    rows, reaches = [], []
    for seed in range(SHOPS):
        shop = _shop(seed)
        value = shop.world.expected(from_month=24, horizon=12, replications=8)["expected_value"]
        brought = shop.run.customers.dropna(subset="referrer_id").set_index("customer_id")["referrer_id"]
        through = value.reindex(brought.index).groupby(brought).sum()
        stage = shop.stage[shop.customers_table.index]
        rows.append(
            pd.DataFrame(
                {
                    "stage": stage.astype(str),
                    "own": value.reindex(stage.index),
                    "through": through.reindex(stage.index, fill_value=0.0),
                    "left": shop.waking["left"].reindex(stage.index),
                }
            )
        )
        then, now = (
            table["stage"].astype(str).where(table["sleep"] != "asleep", "asleep")
            for table in (shop.earlier, shop.customers_table)
        )
        moves = journeys.transitions(then, now, states=["first deal", "repeat", "long-term", "asleep"])
        chain = journeys.chain(moves, goals=["long-term"], ends=["asleep"])
        reaches.append(float(chain.reaches.to_dict()["first deal"]))
    everybody = pd.concat(rows)
    means = everybody.groupby("stage")[["own", "through", "left"]].mean().to_dict("index")
    out = {
        f"stage_{name.replace(' ', '_').replace('-', '_')}_{what}": float(means[name][what])
        for name in ("first deal", "repeat", "long-term", "strategic")
        for what in ("own", "through", "left")
    }
    return out | {
        "stage_strategic_people": float((everybody["stage"] == "strategic").sum()),
        "stage_reaches": float(np.mean(reaches)),
    }


def _waking() -> dict[str, float]:
    """Q166, C161 and C162: what three lists and the best possible one earn with parcels of 5 €, per shop."""
    decision = lesson_05.WAKING
    shops = _shop(0).other_shops
    rules = {"calendar": lesson_05.the_calendar, "good": decision.solve(_shop(0))}
    out: dict[str, float] = {}
    for name, rule in rules.items():
        account = decision.earnings(shops, [rule(shop.customers).to_numpy() for shop in shops])
        out |= {f"wake_{name}": account.chosen, f"wake_{name}_count": account.count, "wake_best": account.best}
    own = [shop.customers.index[shop.customers["sleep"] == "asleep"].to_numpy() for shop in shops]
    out["wake_rhythm"] = decision.earnings(shops, own).chosen
    waking = pd.concat([_shop(seed).waking.reindex(_shop(seed).customers_table.index) for seed in range(SHOPS)])
    depth = pd.concat([_shop(seed).customers_table["sleep"] for seed in range(SHOPS)]).astype(str).to_numpy()
    left = waking["left"].to_numpy(dtype=bool)
    return out | {
        "wake_chance": float(waking.loc[left, "chance"].mean()),
        "wake_chance_dozing": float(waking.loc[left & (depth == "dozing"), "chance"].mean()),
        "wake_chance_asleep": float(waking.loc[left & (depth == "asleep"), "chance"].mean()),
    }


def _follow_ups() -> dict[str, float]:
    """Q073 and C089: the firm's record of follow-ups, and the same number of them for everybody who has asked."""
    record = pd.concat([_shop(seed).follow_ups for seed in range(SHOPS)])
    seen = journeys.response_by_follow_ups(record["follow_ups"], record["ordered"], most=5)
    cadence = sum((_shop(seed).cadence for seed in range(1, SHOPS)), _shop(0).cadence)
    asked = float((record["inquiries"] > 0).sum())
    table = seen.to_dict("index")
    return {
        "follow_never": float(table[0]["share"]),
        "follow_two": float(table[2]["share"]),
        "follow_often": float(table[5]["share"]),
        "follow_often_low": float(table[5]["low"]),
        "follow_often_high": float(table[5]["high"]),
        "follow_best": float(cadence.to_numpy().argmax()),
        "follow_true_never": float(cadence.iloc[0]) / asked,
        "follow_true_best": float(cadence.max()) / asked,
        "follow_true_often": float(cadence.iloc[5]) / asked,
        "follow_interval": journeys.best_interval(half_life_days=30, annoyance=0.2),
    }


@cache
def _usual() -> tuple[World, Any]:
    world = World("cosmetics", customers=2_500, months=24, seed=11)
    return world, world.simulate()


def _newcomers() -> dict[str, float]:
    """Q129: twice the budget of every channel from the first month on."""
    world, run = _usual()
    more = world.do(channel_budget=2.0).simulate()
    tables = (run, more)
    people = [len(each.customers) - world.customers for each in tables]
    sales = [float(each.transactions["net"].sum()) for each in tables]
    cost = [float(each.costs.groupby("kind")["amount"].sum()["acquisition"]) for each in tables]
    profit = [float(each.truth.months["profit"].sum()) for each in tables]
    return {
        "newcomers_more": people[1] / people[0] - 1,
        "newcomers_sales": sales[1] / sales[0] - 1,
        "newcomers_cost": cost[1] - cost[0],
        "newcomers_profit": profit[1] - profit[0],
    }


def _incentives() -> dict[str, float]:
    """Q174: a discount for everybody, and three times as many mails, from the seventh month on."""
    world, run = _usual()
    out: dict[str, float] = {}
    for name, policy in (("discount", world.do(start=6, promotion=0.1)), ("mails", world.do(start=6, emails=6.0))):
        changed = policy.simulate()
        found = recovery.effect(run, changed, start=6)["total"].to_dict()
        stay = [
            1 - float((each.truth.customers["death_time"].between(6, 24)).sum()) / len(each.truth.customers)
            for each in (run, changed)
        ]
        out |= {
            f"incentive_{name}_orders": float(found["orders"]),
            f"incentive_{name}_profit": float(found["profit"]),
            f"incentive_{name}_stay": stay[1] - stay[0],
        }
    return out
