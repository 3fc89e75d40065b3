"""Facts of lasting relations: the programme (29)."""

from __future__ import annotations

import numpy as np

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample, record_world
from crmlab.world.simulation import Columns


def programme_naive_over_true(sample: Sample) -> float:
    """Return the naive gap in a year's orders between members and others, over what membership adds for members."""
    recorded = sample.recorded()
    without = record_world(sample.cohort().do(programme=0, start=12)).orders
    living = recorded.months["customer_id"][recorded.months["month"] == 12]
    member = recorded.of_customer("member_since", living) < 12
    groups = ((recorded.orders, member), (recorded.orders, ~member), (without, member))
    members, others, had_it_not_been = (_orders_of(table, living[chosen]) for table, chosen in groups)
    return (members / others - 1) / (members / had_it_not_been - 1)


def _orders_of(orders: Columns, ids: np.ndarray) -> float:
    later = orders["customer_id"][orders["month"] >= 12]
    return float(np.isin(later, ids).sum() / len(ids))


FACTS = [
    Fact(
        29,
        "",
        "cosmetics",
        "programme: naive gap over true effect",
        4.0,
        10.0,
        "Leenheer et al. (2007): 7",
        True,
        programme_naive_over_true,
    ),
]
