"""Facts of service: complaints and deliveries (16, 20)."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Recorded, Sample
from crmlab.streams import uniform
from crmlab.world import load_scenario
from crmlab.world.simulation import Columns

# Verdict (with noise of 0.6) from which an order gets 2, 3, 4, 5 stars.
STAR_CUTS = (-1.6, -1.33, -0.82, 0.02)
STAR_NOISE = 0.6


def failed(sample: Sample, orders: Columns) -> np.ndarray:
    """Return which orders failed: the same draws as those of the simulation, under the usual service.

    Parameters
    ----------
    sample : Sample
        Whose seed.
    orders : dict of arrays
        Orders of the cosmetics world as recorded.
    """
    month, number = orders["month"].astype(np.int64), orders["number"].astype(np.int64)
    draws = uniform(orders["customer_id"], seed=sample.seed, mechanism="failure", month=month, draw=number)
    return draws < np.float32(load_scenario("cosmetics").failure.probability)


def tickets_per_problem(sample: Sample) -> float:
    """Return the share of problems with an order that become a complaint."""
    orders = sample.recorded().orders
    problems = (orders["delay"] > 0) | failed(sample, orders)
    return float((orders["ticket"] > 0).sum() / problems.sum())


def late_share(sample: Sample) -> float:
    """Return the share of late deliveries."""
    return float((sample.recorded().orders["delay"] > 0).mean())


def star_shares(recorded: Recorded, *, late: bool | None = None) -> np.ndarray:
    """Return the expected shares of one to five stars of all orders, or of those that came late or on time.

    Parameters
    ----------
    recorded : Recorded
        A simulation.
    late : bool, optional
        Which orders.
    """
    orders = recorded.orders
    rows = np.ones(len(orders["delay"]), bool) if late is None else (orders["delay"] > 0) == late
    verdict = orders["verdict"][rows].astype(float)
    below = [float(ndtr((cut - verdict) / STAR_NOISE).mean()) for cut in STAR_CUTS]
    return np.diff([0.0, *below, 1.0])


def stars_on_time(sample: Sample) -> float:
    """Return the mean stars of orders delivered on time."""
    return float(star_shares(sample.recorded(), late=False) @ np.arange(1, 6))


def stars_late(sample: Sample) -> float:
    """Return the mean stars of orders delivered late."""
    return float(star_shares(sample.recorded(), late=True) @ np.arange(1, 6))


FACTS = [
    Fact(
        16,
        "",
        "cosmetics",
        "complaints per problem with an order",
        0.01,
        0.05,
        "TARP (1986), small-ticket goods: 0.01 to 0.05",
        True,
        tickets_per_problem,
    ),
    Fact(20, "a", "cosmetics", "share of late deliveries", 0.077, 0.085, "Olist data: 0.081", True, late_share),
    Fact(20, "b", "cosmetics", "mean stars, delivered on time", 4.18, 4.38, "Olist data: 4.28", True, stars_on_time),
    Fact(20, "c", "cosmetics", "mean stars, delivered late", 2.45, 2.65, "Olist data: 2.55", True, stars_late),
]
