"""Facts of profit: retention, concentration, whales, and the bucket that leaks (6, 8, 31, 32, 34, 35)."""

from __future__ import annotations

from functools import partial

import numpy as np

from crmlab.facts.buying import top_share
from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample, record_world
from crmlab.world import World, load_scenario

ACQUISITION = 0.4
"""Cost of winning a customer, as a share of the customer's lifetime value."""


def profit_less_revenue_share(sample: Sample, scenario: str) -> float:
    """Return the share of profit of the fifth of buyers with most profit, less that of revenue."""
    bought = sample.year(scenario).query("orders > 0")
    return float(_share_of_best(bought["profit"].to_numpy(), 0.2) - top_share(bought["revenue"].to_numpy()))


def _share_of_best(profit: np.ndarray, part: float) -> float:
    """Return the share of all profit that the most profitable part of customers brings; above 1 where others lose."""
    ordered = np.sort(profit)[::-1]
    return float(ordered[: round(part * len(ordered))].sum() / ordered.sum())


def _account_profits(sample: Sample) -> np.ndarray:
    """Return a year's profit of each account of the marketplace that ordered in it."""
    return sample.year("marketplace").query("orders > 0")["profit"].to_numpy()


def whale_best_fifth(sample: Sample) -> float:
    """Return the share of profit of the most profitable fifth of accounts."""
    return _share_of_best(_account_profits(sample), 0.2)


def whale_peak(sample: Sample) -> float:
    """Return the highest point of the whale curve: all that is earned before anything is lost, over what is left."""
    profit = _account_profits(sample)
    return float(profit[profit > 0].sum() / profit.sum())


def whale_worst_tenth(sample: Sample) -> float:
    """Return the share of profit of the least profitable tenth of accounts, a loss."""
    return 1 - _share_of_best(_account_profits(sample), 0.9)


def yearly_retention(sample: Sample) -> np.ndarray:
    """Return, for each of the first five years, the share of the subscription cohort that is kept through it."""

    def make() -> np.ndarray:
        death = record_world(sample.cohort("subscription", months=61, share=0.5)).customers["death_time"]
        # A contract signed in month 0 first ends in month 12: a year is over when that month is.
        there = np.array([(~(death <= 1 + 12 * year)).sum() for year in range(6)])
        return there[1:] / there[:-1]

    return sample.once("subscription retention", make)


def retention_of_year(sample: Sample, year: int) -> float:
    """Return the share of those who were there at the start of a year of their contract who stay through it."""
    return float(yearly_retention(sample)[year - 1])


def smallest_rise_of_retention(sample: Sample) -> float:
    """Return the smallest rise of yearly retention from one of the first four years to the next."""
    return float(np.diff(yearly_retention(sample)[:4]).min())


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


def value_elasticity(sample: Sample, scenario: str) -> float:
    """Return the elasticity of lifetime value net of acquisition to yearly retention."""
    return _net_gain(sample, scenario, 1.01) / 0.01


def five_points_more(sample: Sample, scenario: str) -> float:
    """Return the relative gain in net lifetime value from five points more of yearly retention."""
    return _net_gain(sample, scenario, 1 + 0.05 / _yearly_retention(sample, scenario))


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

_FADER = "Fader & Hardie (2007)"
_KAPLAN = "Kaplan & Narayanan (2001)"

FACTS = [
    *(
        Fact(
            6,
            "abcd"[year - 1],
            "subscription",
            f"retention of a cohort in year {year}",
            round(target - 0.09, 3),
            round(target + 0.09, 3),
            f"{_FADER}, regular customers: {target}",
            True,
            partial(retention_of_year, year=year),
        )
        for year, target in enumerate((0.631, 0.742, 0.816, 0.853), start=1)
    ),
    Fact(
        6,
        "e",
        "subscription",
        "smallest rise of yearly retention, year 1 to 4",
        0.0,
        1.0,
        f"{_FADER}: rising",
        True,
        smallest_rise_of_retention,
    ),
    *(
        Fact(
            8,
            part,
            scenario,
            "share of profit of the best fifth, less that of revenue",
            0.0,
            1.0,
            "common finding: profit is more concentrated than revenue",
            False,
            partial(profit_less_revenue_share, scenario=scenario),
        )
        for part, scenario in [("a", "cosmetics"), ("b", "online_shop")]
    ),
    *(
        Fact(
            31,
            part,
            scenario,
            "elasticity of lifetime value to retention, net of an acquisition cost of 40% of it",
            3.0,
            7.0,
            _GUPTA,
            False,
            partial(value_elasticity, scenario=scenario),
        )
        for part, scenario in [("a", "cosmetics"), ("b", "subscription"), ("c", "marketplace")]
    ),
    *(
        Fact(
            32,
            part,
            scenario,
            "5 points more of yearly retention: rise of the same net value",
            0.20,
            0.85,
            _REICHHELD,
            False,
            partial(five_points_more, scenario=scenario),
        )
        for part, scenario in [("a", "cosmetics"), ("b", "subscription"), ("c", "marketplace")]
    ),
    Fact(
        34,
        "a",
        "marketplace",
        "whale curve: share of profit of the best fifth of accounts",
        1.4,
        3.0,
        f"{_KAPLAN}: 1.4",
        True,
        whale_best_fifth,
    ),
    Fact(
        34,
        "b",
        "marketplace",
        "whale curve: profit at its peak, over all profit",
        1.5,
        3.0,
        f"{_KAPLAN}: 1.5 to 3",
        True,
        whale_peak,
    ),
    Fact(
        34,
        "c",
        "marketplace",
        "whale curve: share of profit of the worst tenth of accounts",
        -3.0,
        0.0,
        f"{_KAPLAN}: sign",
        True,
        whale_worst_tenth,
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
