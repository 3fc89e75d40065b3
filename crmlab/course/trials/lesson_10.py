"""Trials of lesson 10: error and miss rate against money, how long a model takes, data against a feeling."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import churn
from crmlab.exercises import lesson_10
from crmlab.exercises.decision import Selection

LISTS = (10, 50, 150, 300, 600, 1_200)
"""Lengths of one and the same list."""


def trials() -> dict[str, float]:
    """Run the trials."""
    data = lesson_10.Data(seed=0)
    return {**_lists(data), **_memory(data), **_decision(data)}


def _lists(data: lesson_10.Data) -> dict[str, float]:
    """Q019 and Q020: error rate, miss rate and profit of lists of different length."""
    customers, silent = data.test
    order_profit = data.profit_rate * customers["order_value"]
    benefit = lesson_10.WOKEN * lesson_10.ORDERS_OF_A_WOKEN * order_profit
    ranked = (benefit * data.risk).sort_values(ascending=False).index
    rows = []
    for calls in LISTS:
        called = silent.index.isin(ranked[:calls])
        rates = churn.error_and_miss(silent, called)
        rows.append((*rates, churn.list_value(silent, called, benefit=benefit, cost=lesson_10.CALL_COST)))
    error, _, profit = np.array(rows).T
    riskiest = churn.error_and_miss(silent, silent.index.isin(data.risk.nlargest(lesson_10.CALLS).index))
    return {
        "churn_lowest_error": float(error.min()),
        "churn_profit_at_lowest_error": float(profit[error.argmin()]),
        "churn_best_error": float(error[profit.argmax()]),
        "churn_best_profit": float(profit.max()),
        "churn_found": 1 - riskiest.miss_rate,
        "churn_missed": riskiest.miss_rate,
    }


def _memory(data: lesson_10.Data) -> dict[str, float]:
    """Q016: how well a model ranks that remembers a month of orders, or a year."""
    (winter, silent_winter), (summer, silent_summer) = data.learn, data.test
    found: dict[str, float] = {}
    for name, days in (("month", 30), ("year", 365)):
        known = (
            "days_since_last",
            *(f"{what}_{w}d" for w in lesson_10.WINDOWS if w <= days for what in ("orders", "spend")),
        )
        columns = [column for column in winter.columns if column in known]
        model = churn.customer_pipeline(winter[columns]).fit(winter[columns], silent_winter)
        area = churn.auc(silent_summer, pd.Series(model.predict_proba(summer[columns])[:, 1]))
        values = zip(("", "_low", "_high"), area, strict=True)
        found |= {f"churn_auc_{name}{end}": value for end, value in values}
    return found


def _decision(data: lesson_10.Data) -> dict[str, float]:
    """Q157: what calls earn by risk alone, by the length of silence, and by risk times what is at stake."""
    decision = next(each for each in lesson_10.EXERCISES if isinstance(each, Selection))
    rules = {"silence": lesson_10.by_silence, "risk": lesson_10.by_risk, "stake": lesson_10.by_stake}
    earned = {}
    for name, rule in rules.items():
        picks = [np.asarray(rule(shop.customers)) for shop in data.other_shops]
        account = decision.earnings(data.other_shops, picks)
        earned[f"churn_earned_{name}"] = account.chosen
    return earned | {"churn_earned_best": account.best}
