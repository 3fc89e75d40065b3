"""Facts of profit (8)."""

from __future__ import annotations

import numpy as np

from crmlab.facts.buying import top_share
from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample


def profit_less_revenue_share(sample: Sample) -> float:
    """Return the share of profit of the fifth of buyers with most profit, less that of revenue."""
    run = sample.cohort(months=13).simulate()
    orders, second_month = run.transactions, np.datetime64(run.world.scenario.start_date, "M") + 1
    revenue = orders[orders["ts"] >= second_month].groupby("customer_id")["net"].sum()
    months = run.truth.months
    profit = months[months["month"] >= 1].groupby("customer_id")["profit"].sum().reindex(revenue.index)
    top = profit.nlargest(len(profit) // 5).sum() / profit.sum()
    return float(top - top_share(revenue.to_numpy()))


FACTS = [
    Fact(
        8,
        "a",
        "cosmetics",
        "share of profit of the best fifth, less that of revenue",
        0.0,
        1.0,
        "common finding: profit is more concentrated than revenue",
        False,
        profit_less_revenue_share,
    ),
]
