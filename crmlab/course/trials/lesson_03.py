"""Trials of lesson 03: how concentrated sales are, and whether grading pays."""

from __future__ import annotations

import numpy as np

from crmlab import grading
from crmlab.exercises import lesson_03
from crmlab.world import World

SMALL_SHOPS = 10
"""Shops for the trial of concentration."""


def trials() -> dict[str, float]:
    """Run the trials."""
    return {**_concentration(), **_grading()}


def _concentration() -> dict[str, float]:
    """Q021 and Q022: what the best fifth of customers, and of products, bring within a year."""
    sales, profit, on_file, products = [], [], [], []
    for seed in range(SMALL_SHOPS):
        run = World("cosmetics", customers=1_500, months=12, seed=seed).simulate()
        by_customer = run.transactions.groupby("customer_id")["net"].sum()
        true_profit = run.truth.months.groupby("customer_id")["profit"].sum().loc[by_customer.index]
        best = true_profit.nlargest(round(len(true_profit) / 5))
        sales.append(grading.top_share(by_customer))
        on_file.append(grading.top_share(by_customer.reindex(run.customers["customer_id"], fill_value=0)))
        profit.append(best.sum() / true_profit.sum())
        products.append(grading.top_share(run.order_lines.groupby("product_id")["quantity"].sum()))
    return {
        "sales_share": float(np.mean(sales)),
        "profit_share": float(np.mean(profit)),
        "profit_share_low": float(np.min(profit)),
        "profit_share_high": float(np.max(profit)),
        "sales_share_on_file": float(np.mean(on_file)),
        "product_share": float(np.mean(products)),
    }


def _grading() -> dict[str, float]:
    """Q059: what care for up to 200 customers earns, chosen blindly, by last year's sales, by a rule, and at best."""
    data = lesson_03.Data(seed=0)
    decision = next(each for each in lesson_03.EXERCISES if each.id == "3.4")
    rule = decision.solve(data)
    accounts = []
    for shop in data.other_shops:
        net = shop.gain - lesson_03.CALL_COST
        bought = shop.customers["spend_recent"] > 0
        accounts.append(
            (
                lesson_03.CALLS * net[bought].mean(),
                net.loc[lesson_03.managers_list(shop.customers)].sum(),
                net.loc[rule(shop.customers)].sum(),
                net[net > 0].nlargest(lesson_03.CALLS).sum(),
            )
        )
    blind, manager, rules, best = (float(each) for each in np.mean(accounts, axis=0))
    return {"care_blind": blind, "care_manager": manager, "care_rule": rules, "care_best": best}
