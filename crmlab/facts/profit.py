"""Facts of profit: concentration, retention, and the bucket that leaks (8, 31, 32, 35)."""

from __future__ import annotations

import numpy as np

from crmlab.facts.buying import top_share
from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample, record_world
from crmlab.world import World, load_scenario

ACQUISITION = 0.4
"""Cost of winning a customer, as a share of the customer's lifetime value."""


def profit_less_revenue_share(sample: Sample) -> float:
    """Return the share of profit of the fifth of buyers with most profit, less that of revenue."""
    run = sample.run()
    orders, month = run.transactions, np.datetime64(run.world.scenario.start_date, "M")
    inside = (orders["ts"] >= month + 1) & (orders["ts"] < month + 13)
    revenue = orders[inside].groupby("customer_id")["net"].sum()
    months = run.truth.months
    profit = months[months["month"].between(1, 12)].groupby("customer_id")["profit"].sum().reindex(revenue.index)
    top = profit.nlargest(len(profit) // 5).sum() / profit.sum()
    return float(top - top_share(revenue.to_numpy()))


def _value(sample: Sample, scenario: str, better: float) -> float:
    """Return the expected value (€) of a cohort after its first order if each year keeps `better` times as many of it.

    Keeping 1.01 times as many every year counts the profit of year t 1.01^t times: that is a smaller rate of discount.
    """

    def make() -> float:
        rate = (1 + load_scenario(scenario).firm.discount_rate) / better - 1
        world = sample.cohort(scenario, months=2, share=0.2, firm__discount_rate=max(rate, 0.0))
        return float(world.expected(from_month=1, horizon=120, replications=2)["expected_value"].sum())

    return sample.once(("value", scenario, better), make)


def _yearly_retention(sample: Sample, scenario: str) -> float:
    """Return the share of a cohort's customers kept from one year to the next, over its first five years."""
    world = sample.cohort(scenario, months=61, share=0.5)
    death = record_world(world).customers["death_time"]
    there = np.array([(~(death <= 1 + 12 * year)).sum() for year in range(6)])
    return float(there[1:].sum() / there[:-1].sum())


def _net_gain(sample: Sample, scenario: str, better: float) -> float:
    """Return the relative gain in value less acquisition when each year keeps `better` times as many customers."""
    usual = _value(sample, scenario, 1.0)
    return (_value(sample, scenario, better) - usual) / ((1 - ACQUISITION) * usual)


def elasticity_cosmetics(sample: Sample) -> float:
    """Return the elasticity of lifetime value net of acquisition to yearly retention, cosmetics."""
    return _net_gain(sample, "cosmetics", 1.01) / 0.01


def five_points_cosmetics(sample: Sample) -> float:
    """Return the relative gain in net lifetime value from five points more of yearly retention, cosmetics."""
    return _net_gain(sample, "cosmetics", 1 + 0.05 / _yearly_retention(sample, "cosmetics"))


def bucket_identity(sample: Sample) -> float:
    """Return the largest difference of the change in active customers and joins less losses, over all months."""

    def make() -> float:
        world = World("cosmetics", customers=max(1, sample.customers // 6), months=24, seed=sample.seed)
        customers, months, _ = record_world(world)
        active = np.array([((customers["arrival"] < m) & ~(customers["death_time"] < m)).sum() for m in range(25)])
        joins = np.bincount(np.floor(customers["arrival"][customers["arrival"] >= 0]).astype(int), minlength=24)
        # Losses from another source: who has a row in a month and none in the next one.
        there = [np.unique(months["customer_id"][months["month"] == m]) for m in range(24)]
        lost = [np.setdiff1d(there[m], there[m + 1], assume_unique=True).size for m in range(23)]
        return float(np.abs(np.diff(active)[:23] - (joins[:23] - np.array(lost))).max())

    return sample.once("bucket", make)


def little(sample: Sample) -> float:
    """Return active customers over joins per month times mean lifetime, in a bucket that has come to rest, ζ = 0."""
    hazard, shape, pull = 0.2, 20.0, 0.002
    scenario = load_scenario("cosmetics")
    same = {f"channels.{channel}.{key}": 1.0 for channel in scenario.channels for key in ("churn", "order_rate")}
    still = scenario.with_values(
        {
            **same,
            "firm.coupling": 0.0,
            "firm.history_months": 40,
            "leaving.hazard": hazard,
            "traits.churn_frailty_shape": shape,
            "acquisition.hazard": pull,
        }
    )
    world = World(still, customers=max(1, sample.customers // 2), months=24, seed=sample.seed)
    customers = record_world(world).customers
    arrival, death = customers["arrival"], customers["death_time"]
    active = np.mean([((arrival < m) & ~(death < m)).sum() for m in range(25)])
    joins = (arrival >= 0).sum() / 24
    lifetime = shape / (shape - 1) / hazard  # mean of 1 / hazard over gamma distributed frailty
    return float(active / (joins * lifetime))


_GUPTA = "Gupta, Lehmann & Stuart (2004): about 5"
_REICHHELD = "Reichheld & Sasser (1990): 0.25 to 0.85"

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
    Fact(
        31,
        "a",
        "cosmetics",
        "elasticity of lifetime value to retention, net of an acquisition cost of 40% of it",
        3.0,
        7.0,
        _GUPTA,
        False,
        elasticity_cosmetics,
    ),
    Fact(
        32,
        "a",
        "cosmetics",
        "5 points more of yearly retention: rise of the same net value",
        0.20,
        0.85,
        _REICHHELD,
        False,
        five_points_cosmetics,
    ),
    Fact(
        35,
        "a",
        "cosmetics",
        "leaky bucket: active customers change by joins less losses; largest difference",
        -0.5,
        0.5,
        "identity",
        False,
        bucket_identity,
    ),
    Fact(
        35,
        "b",
        "cosmetics",
        "ζ = 0, at rest: active customers over joins × mean lifetime",
        0.98,
        1.02,
        "Little (1961): 1",
        False,
        little,
    ),
]
