"""Trials of lesson 09: causes of leaving by replay beside what is said, and what a lever does to who stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmlab import churn, loyalty, recovery
from crmlab.exercises import lesson_09
from crmlab.recovery.causes import months_of_those_there
from crmlab.world import World
from crmlab.world.branch import Branch

REPLICATIONS = 6
CARE = {"care": ["service", "personal_care", "after_sales"]}
CARELESS = {"service": 0.3, "personal_care": 0.0, "follow_ups": 0.0, "after_sales": 0.2, "emails": 0.0}
"""A shop that has no customer management to speak of."""

CHANGES: dict[str, dict[str, float]] = {
    "fakes": {"quality": 0.3},
    "line": {"assortment": 0.2},
    "wide": {"assortment": 0.9},
    "site": {"site": 0.9},
    "greetings": {"emails": 4.0},
    "silence": {"emails": 0.0},
    "careless": CARELESS,
    "understaffed": {"service": 0.3},
    "disputes": {"after_sales": 0.0},
    "generous": {"after_sales": 1.0},
}
"""Levers that are moved at the start of the second year of a shop; price and everything else stay."""


def trials() -> dict[str, float]:
    """Run the trials."""
    shop = lesson_09.Data(seed=0, customers=lesson_09.SMALL_SHOP).world
    return {**_said(), **_causes(shop), **_levers(shop), **_virtue(shop), **_desk()}


def _said() -> dict[str, float]:
    """Q004: what the exit survey says, and how many say nothing."""
    data = lesson_09.Data(seed=0)
    said = data.run.exit_survey["stated_reason"].astype(str)
    care = int(said.isin(["service", "after_sales"]).sum())
    low, high = churn.wilson(care, len(said), 0.95)
    late, in_time = (data.orders.loc[data.orders["late"] == late, "lost"].to_numpy(float) for late in (True, False))
    spread = float(np.sqrt(late.var() / len(late) + in_time.var() / len(in_time)))
    gap = float(late.mean() - in_time.mean())
    return {
        "exit_care": care / len(said),
        "exit_care_low": float(low),
        "exit_care_high": float(high),
        "exit_price": float((said == "price").mean()),
        "exit_logistics": float((said == "logistics").mean()),
        "exit_no_answer": float((data.lives["reason"] == "no answer").sum() / data.lives["lost"].sum()),
        "exit_late": gap,
        "exit_late_low": gap - 1.96 * spread,
        "exit_late_high": gap + 1.96 * spread,
    }


def _causes(shop: World) -> dict[str, float]:
    """Q004, Q055, Q115 to Q117, Q120, Q197: shares of departures, and what a euro against each cause brings."""
    table = recovery.causes(shop, start=lesson_09.START, replications=REPLICATIONS)
    per_euro = recovery.remedies(shop, start=lesson_09.START, replications=REPLICATIONS)["per_euro"].to_dict()
    care = recovery.causes(shop, start=lesson_09.START, factors=CARE, replications=REPLICATIONS).T["care"]
    share, error = table["share"].to_dict(), table["share_error"].to_dict()
    found = {"cause_care": float(care["share"]), "cause_care_error": float(care["share_error"])}
    for name in lesson_09.FACTORS:
        found |= {f"cause_{name}": share[name], f"cause_{name}_error": error[name], f"remedy_{name}": per_euro[name]}
    rest = "not in the firm's hands"
    return found | {"cause_firm": 1 - share[rest], "cause_firm_error": error[rest]}


def _levers(shop: World) -> dict[str, float]:
    """Q115, Q120, Q122 to Q124, Q179, Q197, Q198: relative change of departures, orders and profit, with its error."""
    rows: dict[str, list[pd.Series]] = {name: [] for name in CHANGES}
    for number in range(REPLICATIONS):
        world = shop if number == 0 else shop.with_luck(number)
        branch = Branch(world, lesson_09.START)
        there = np.sort(branch.customers())
        usual = _year(branch, there, {})
        for name, levers in CHANGES.items():
            rows[name].append(_year(branch, there, levers) - usual)
            rows[name][-1] /= usual
    found = {}
    for name, changes in rows.items():
        table = pd.DataFrame(changes)
        for what in table:
            found[f"moved_{name}_{what}"] = float(table[what].mean())
            found[f"moved_{name}_{what}_error"] = float(table[what].std(ddof=1) / np.sqrt(REPLICATIONS))
    return {name: found[name] for name in sorted(found) if name.removesuffix("_error") in _TOLD}


_TOLD = {
    "moved_fakes_lost",
    "moved_line_lost",
    "moved_line_orders",
    "moved_wide_lost",
    "moved_wide_orders",
    "moved_site_lost",
    "moved_greetings_lost",
    "moved_greetings_profit",
    "moved_silence_lost",
    "moved_careless_lost",
    "moved_understaffed_lost",
    "moved_disputes_lost",
    "moved_generous_lost",
    "moved_generous_profit",
}
"""The numbers that verdicts state."""


def _year(branch: Branch, there: np.ndarray, levers: Mapping[str, float]) -> pd.Series:
    """Return expected departures of those there at the start of the second year, and its orders and profit."""
    lived = branch.go_on(**levers)
    _, hazard, exposure = months_of_those_there(there, lived)
    return pd.Series(
        {
            "lost": float(hazard @ exposure),
            "orders": float(sum(len(part["month"]) for _, part in lived)),
            "profit": float(sum(months["profit"].sum() for months, _ in lived)),
        }
    )


def _virtue(shop: World) -> dict[str, float]:
    """Q121: what better goods do to recommendations and returns in the second year, as a relative change."""
    changes = []
    for number in range(REPLICATIONS):
        world = shop if number == 0 else shop.with_luck(number)
        usual, better = (
            _words_and_returns(each.simulate()) for each in (world, world.do(start=lesson_09.START, quality=0.8))
        )
        changes.append(better / usual - 1)
    table = pd.DataFrame(changes)
    found = {}
    for what in table:
        found[f"virtue_{what}"] = float(table[what].mean())
        found[f"virtue_{what}_error"] = float(table[what].std(ddof=1) / np.sqrt(REPLICATIONS))
    return found


def _words_and_returns(run: Any) -> pd.Series:
    """Return how many joined by recommendation in the second year, and the share of its orders that were returned."""
    second = pd.Timestamp(run.world.scenario.start_date) + pd.DateOffset(months=lesson_09.START)
    orders = run.transactions[run.transactions["ts"] >= second]
    new = run.customers[run.customers["signup_date"] >= second]
    return pd.Series(
        {"joins": float(new["referrer_id"].notna().sum()), "returns": float(orders["returned"].astype(float).mean())}
    )


def _desk() -> dict[str, float]:
    """Q197: how long a case takes where the staff is short."""
    hours = {}
    for name, agents in (("short", 2), ("enough", 3)):
        cases = loyalty.service_desk(cases_per_hour=10, minutes_per_case=11, agents=agents)
        hours[name] = float((cases["finished"] - cases["arrived"]).mean())
    return {"staff_short": 60 * hours["short"], "staff_enough": 60 * hours["enough"]}
