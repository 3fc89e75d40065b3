"""Facts of how much is best: mails, follow-ups, satisfied employees (26 to 28)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample, record_world

Compute = Callable[[Sample], float]

HORIZON = 36
"""Months over which discounted profit counts."""

SHARE = 0.2
"""Part of the customers that is enough: futures are expectations, and policies share their luck."""

LATER = 12
"""Month in which more satisfied employees are looked at; the change comes in month 1."""


def _values(sample: Sample, lever: str, levels: tuple[float, ...], scenario: str = "cosmetics") -> pd.Series:
    """Return the expected discounted profit of the cohort from month 1 on at each level of a lever."""

    def make() -> pd.Series:
        base = sample.cohort(scenario, months=2, share=SHARE)
        sums = {}
        for level in levels:
            change: dict[str, Any] = {lever: level}
            future = base.do(start=1, **change).expected(from_month=1, horizon=HORIZON, replications=2)
            sums[level] = future["expected_value"].sum()
        return pd.Series(sums)

    return sample.once(("values", lever, scenario), make)


def _mails(sample: Sample, scenario: str = "cosmetics") -> pd.Series:
    return _values(sample, "emails", (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12), scenario)


def _follow_ups(sample: Sample) -> pd.Series:
    return _values(sample, "follow_ups", (0, 1, 2, 3, 4, 5, 6))


def _best(values: pd.Series) -> float:
    return float(values.index.to_numpy(float)[values.to_numpy().argmax()])


def _loss(values: pd.Series, level: float) -> float:
    return float(1 - values[level] / values.max())


def best_mails(sample: Sample, scenario: str = "cosmetics") -> float:
    """Return the number of mails a month with the largest profit."""
    return _best(_mails(sample, scenario))


def loss_at_four_mails(sample: Sample) -> float:
    """Return the share of profit lost at four mails a month."""
    return _loss(_mails(sample), 4)


def loss_at_eight_mails(sample: Sample) -> float:
    """Return the share of profit lost at eight mails a month."""
    return _loss(_mails(sample), 8)


def loss_without_mails(sample: Sample) -> float:
    """Return the share of profit lost without mails."""
    return _loss(_mails(sample), 0)


def best_follow_ups(sample: Sample) -> float:
    """Return the number of follow-ups a quarter with the largest profit."""
    return _best(_follow_ups(sample))


def loss_without_follow_ups(sample: Sample) -> float:
    """Return the share of profit lost without follow-ups."""
    return _loss(_follow_ups(sample), 0)


def loss_at_five_follow_ups(sample: Sample) -> float:
    """Return the share of profit lost at five follow-ups a quarter."""
    return _loss(_follow_ups(sample), 5)


def satisfaction_index(sample: Sample) -> float:
    """Return the rise of the mean rating, in points of 100, after five points more of employee satisfaction."""

    def ratings(satisfaction: float) -> pd.Series:
        world = sample.cohort(months=LATER + 1, share=0.5).do(employee_satisfaction=satisfaction, start=1)
        truth = world.simulate().survey(LATER)[1]
        return truth[truth["still_customer"]].set_index("customer_id")["overall"]

    usual, better = ratings(70), ratings(75)
    common = usual.index.intersection(better.index)
    return float((better[common] - usual[common]).mean() / 4 * 100)


def revenue_per_active(sample: Sample) -> float:
    """Return the relative rise of revenue per living customer in the month after three months."""

    def revenue(satisfaction: float) -> float:
        world = sample.cohort(months=5).do(employee_satisfaction=satisfaction, start=1)
        recorded = record_world(world)
        value = recorded.orders["value"][recorded.orders["month"] == 4].sum(dtype=np.float64)
        return float(value / (recorded.months["month"] == 4).sum())

    return revenue(75) / revenue(70) - 1


_ZHANG = "Zhang, Kumar & Cosguner (2017): an optimum, and losses beyond it"
_VENKATESAN = "Venkatesan & Kumar (2004): contacts help up to a point"
_SEARS = "Rucci, Kirn & Quinn (1998), Sears"


def _row(number: int, part: str, meaning: str, high: float, source: str, compute: Compute, low: float = 0.0) -> Fact:
    return Fact(number, part, "cosmetics", meaning, low, high, source, True, compute)


FACTS = [
    _row(26, "a", "mails a month with the largest profit", 4.0, f"{_ZHANG}; advice is 2 to 3", best_mails, 1.0),
    _row(26, "b", "share of profit lost without mails", 0.5, _ZHANG, loss_without_mails),
    _row(26, "c", "share of profit lost at 4 mails", 0.32, f"{_ZHANG}, 0.32 at 4 of another firm", loss_at_four_mails),
    _row(26, "d", "share of profit lost at 8 mails", 0.5, _ZHANG, loss_at_eight_mails),
    Fact(
        26,
        "e",
        "online_shop",
        "mails a month with the largest profit",
        5.0,
        9.0,
        "Zhang, Kumar & Cosguner (2017): 7",
        True,
        partial(best_mails, scenario="online_shop"),
    ),
    _row(27, "a", "follow-ups a quarter with the largest profit", 4.0, _VENKATESAN, best_follow_ups, 1.0),
    _row(27, "b", "share of profit lost without follow-ups", 0.5, _VENKATESAN, loss_without_follow_ups),
    _row(27, "c", "share of profit lost at 5 follow-ups", 0.5, _VENKATESAN, loss_at_five_follow_ups),
    Fact(
        28,
        "a",
        "cosmetics",
        "5 points of employee satisfaction: points of the customers' rating after a year",
        0.8,
        1.8,
        f"{_SEARS}: 1.3",
        True,
        satisfaction_index,
    ),
    Fact(
        28,
        "b",
        "cosmetics",
        "5 points of employee satisfaction: revenue per customer after three months",
        0.003,
        0.012,
        f"{_SEARS}: 0.005",
        True,
        revenue_per_active,
    ),
]
