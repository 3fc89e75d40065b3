"""Trials of lesson 07: who complains and who switches, causes of bad reviews, quick answers, hand-overs, halo."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from crmlab import loyalty
from crmlab.exercises import lesson_07
from crmlab.world import World

SHOPS = 2
"""Shops of the trials, of 3,500 customers each."""


@cache
def _shop(seed: int) -> lesson_07.Data:
    return lesson_07.Data(seed=seed, customers=3_500)


def trials() -> dict[str, float]:
    """Run the trials."""
    return {**_iceberg(), **_reviews(), **_recovery(), **_desk(), **_halo()}


def _iceberg() -> dict[str, float]:
    """Q005 and Q006, C235: who complains, what that says of the rest, and whether the silent switch."""
    shops = [_shop(seed) for seed in range(SHOPS)]
    orders = pd.concat([shop.orders for shop in shops])
    late = orders[orders["late"]]
    share = loyalty.share(int(late["complained"].sum()), len(late))
    estimate = loyalty.iceberg(
        int(orders["complained"].sum()), asked=len(late), complained=int(late["complained"].sum())
    )
    problems = pd.concat([shop.run.truth.problems for shop in shops])
    known = orders.dropna(subset=["path", "came"])
    table = loyalty.recovery_effect(known["path"], known["came"] == 1).to_dict("index")
    segments = pd.concat([_by_segment(shop) for shop in shops]).groupby(level=0).mean()
    return {
        "ice_share": share.value,
        "ice_share_low": share.low,
        "ice_share_high": share.high,
        "ice_estimate": estimate.value,
        "ice_low": estimate.low,
        "ice_high": estimate.high,
        "ice_truth": float(len(problems)),
        "ice_front_line": float((problems["voice"] == "front_line").mean()),
        "ice_silent_came": float(table["silent"]["share"]),
        "ice_none_came": float(table["no problem"]["share"]),
        "ice_gap": float(table["no problem"]["gain"]),
        "ice_gap_low": float(table["no problem"]["gain_low"]),
        "ice_gap_high": float(table["no problem"]["gain_high"]),
        "ice_loudest": float(segments["complained"].max() / segments["complained"].min()),
        "ice_problems": float(segments["problems"].max() / segments["problems"].min() - 1),
    }


def _by_segment(shop: lesson_07.Data) -> pd.DataFrame:
    orders = shop.orders
    segment = shop.run.truth.traits.set_index("customer_id")["segment"].reindex(orders["customer_id"]).to_numpy()
    trouble = orders.index.isin(shop.run.truth.problems["order_id"])
    return orders.assign(problems=trouble).groupby(segment, observed=True)[["problems", "complained"]].mean()


def _reviews() -> dict[str, float]:
    """Q007: the share of bad reviews in which logistics is named, by three ways of counting."""
    bad = pd.concat([_shop(seed).bad_reviews.assign(shop=seed) for seed in range(SHOPS)])
    people = bad["shop"].astype(str) + " " + bad["customer_id"].astype(str)
    row = loyalty.cause_shares(bad["causes"], customers=people).to_dict("index")["logistics"]
    return {
        "bad_logistics": float(row["share"]),
        "bad_logistics_low": float(row["low"]),
        "bad_logistics_high": float(row["high"]),
        "bad_mentions": float(row["mentions"]),
        "bad_coded": float((bad["coded_cause"] == "logistics").mean()),
    }


def _recovery() -> dict[str, float]:
    """Q028 and C236: what is felt and done after a problem, where six of ten reach the desk."""
    loud = pd.concat([_shop(seed).asked_orders for seed in range(SHOPS)]).dropna(subset=["path", "came"])
    table = loyalty.recovery_effect(loud["path"], loud["came"] == 1).to_dict("index")
    felt = pd.concat([_shop(seed).felt for seed in range(SHOPS)])
    mean = felt["satisfaction"].groupby(level=0).mean().to_dict()
    out = {
        f"heal_{name.replace(' ', '_')}_felt": float(mean[name])
        for name in ("quick", "satisfied", "silent", "no problem")
    }
    for end in ("gain", "gain_low", "gain_high"):
        out[f"heal_quick_{end}"] = float(table["quick"][end])
    counts = [
        (round(row["share"] * row["customers"]), int(row["customers"])) for row in (table["quick"], table["no problem"])
    ]
    paradox = loyalty.difference_of_shares(*counts)
    out |= {"heal_paradox": paradox.value, "heal_paradox_low": paradox.low, "heal_paradox_high": paradox.high}
    return out


def _desk() -> dict[str, float]:
    """Q163 and Q027: hand-overs at a busy and at an idle desk; who leaves a line, by how long patience lasts."""
    out = {}
    for name, rate in (("busy", 8.0), ("idle", 1.0)):
        minutes = []
        for chance in (0.0, 0.2):
            cases = loyalty.service_desk(
                cases_per_hour=rate, minutes_per_case=11, agents=2, handover_chance=chance, hours=1_600 / rate, seed=1
            )
            minutes.append(60 * float((cases["finished"] - cases["arrived"]).mean()))
        out[f"desk_{name}"] = minutes[1] / minutes[0]
    for name, patience in (("seconds", 0.25), ("minutes", 15.0)):
        cases = loyalty.service_desk(
            cases_per_hour=8, minutes_per_case=11, agents=2, patience_minutes=patience, hours=200, seed=1
        )
        out[f"desk_left_{name}"] = float(cases["left"].mean())
    return out


def _halo() -> dict[str, float]:
    """Q119: what better service does to the answers about it, and to those about the goods, which stay as they are."""
    world = World("cosmetics", customers=2_500, months=12, seed=3)
    means: list[np.ndarray] = []
    for changed in (world, world.do(start=0, service=0.8)):
        run = changed.simulate()
        for halo in (run.world.scenario.survey.item_halo, 0.0):
            answers = pd.concat([run.survey(month, item_halo=halo)[0] for month in (5, 8, 11)])
            means.append(answers.loc[answers["responded"], ["q7", "q2"]].astype(float).mean().to_numpy())
    usual, usual_without, better, better_without = means
    rise, rise_without = better - usual, better_without - usual_without
    return {
        "halo_staff": float(rise[0]),
        "halo_goods": float(rise[1]),
        "halo_goods_without": float(rise_without[1]),
    }
