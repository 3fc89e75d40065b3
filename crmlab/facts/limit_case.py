"""Facts of the limit case: without coupling the world is the Pareto/NBD model (1, 2, 5)."""

from __future__ import annotations

import numpy as np

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Recorded, Sample, pareto_nbd_world, record_world

WEEK = 7 / (365.25 / 12)
"""A week in months."""


def _limit(sample: Sample) -> Recorded:
    return sample.once("limit", lambda: record_world(pareto_nbd_world(sample.seed, sample.customers, months=10)))


def zero_repeaters(sample: Sample) -> float:
    """Return the share of customers without a repeat order in their first 39 weeks."""
    recorded = _limit(sample)
    orders = recorded.orders
    age = orders["month"] + orders["time"] - recorded.of_customer("arrival", orders["customer_id"])
    repeats = (age > 0) & (age <= 39 * WEEK)
    return 1 - len(np.unique(orders["customer_id"][repeats])) / len(recorded.customers["customer_id"])


FACTS = [
    Fact(
        5,
        "",
        "cosmetics",
        "ζ = 0, CDNOW parameters: share without a repeat order in 39 weeks",
        0.57,
        0.63,
        "CDNOW data (Fader, Hardie & Lee 2005): 0.60",
        True,
        zero_repeaters,
    ),
]
