"""Facts of service: complaints, recovery, deliveries and reviews (16 to 21)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Recorded, Sample, record_world
from crmlab.world import load_scenario
from crmlab.world.experience import NO_TICKET, QUICK, SATISFIED, UNSATISFIED

OUTCOMES = {"silent": NO_TICKET, "unsatisfied": UNSATISFIED, "satisfied": SATISFIED, "quick": QUICK}

# Stated intention to buy again by unresolved hurt: a logistic curve through the four figures of TARP.
INTENTION, INTENTION_HURT = 2.94, 3.47

MONTHS_LATER = 6


def _problems(recorded: Recorded) -> np.ndarray:
    return (recorded.orders["delay"] > 0) | recorded.orders["failed"]


def tickets_per_problem(sample: Sample) -> float:
    """Return the share of problems with an order that become a complaint."""
    recorded = sample.recorded()
    return float((recorded.orders["ticket"] != NO_TICKET).sum() / _problems(recorded).sum())


def _loud(sample: Sample) -> pd.DataFrame:
    """Return the customer-months with orders in a cohort that complains ten times as often as usual.

    One row per customer and month with at most one problem: how it ended (``none`` without one), whether it is the
    customer's first and minor, satisfaction and hurt at the end of the month, and whether the customer is still there
    half a year later. Complaints are made frequent for the sake of the groups' size; what they lead to is unchanged.
    """

    def make() -> pd.DataFrame:
        usual = load_scenario("cosmetics").traits.complaint_propensity_mean
        world = sample.cohort(months=19, traits__complaint_propensity_mean=min(1.0, 10 * usual))
        recorded = record_world(world)
        orders, months = recorded.orders, recorded.months
        rows = pd.DataFrame(
            {
                "customer_id": orders["customer_id"],
                "month": orders["month"].astype(np.int64),
                "problem": _problems(recorded).astype(np.int64),
                "both": (orders["delay"] > 0) & orders["failed"],
                "ticket": orders["ticket"].astype(np.int64),
            }
        )
        by_month = rows.groupby(["customer_id", "month"]).agg(
            problem=("problem", "sum"), both=("both", "any"), ticket=("ticket", "max")
        )
        by_month["earlier"] = by_month.groupby("customer_id")["problem"].cumsum() - by_month["problem"]
        states = pd.DataFrame({name: months[name] for name in ("customer_id", "satisfaction", "hurt")}).assign(
            month=months["month"].astype(np.int64)
        )
        table = by_month.reset_index().merge(states, on=["customer_id", "month"])
        table = table[table["problem"].le(1) & table["month"].between(1, 12)]
        death = recorded.of_customer("death_time", table["customer_id"].to_numpy())
        end = table["month"].to_numpy() + 1
        table = table.assign(stays=~(death <= end + MONTHS_LATER))[~(death <= end)]
        names = {code: name for name, code in OUTCOMES.items()}
        outcome = np.where(table["problem"] == 0, "none", table["ticket"].map(names))
        return table.assign(outcome=outcome, minor=~table["both"] & table["earlier"].eq(0))

    return sample.once("loud", make)


def _intention(sample: Sample, outcome: str) -> float:
    table = _loud(sample)
    rows = table[table["minor"] & (table["outcome"] == outcome)]
    return float(expit(INTENTION - INTENTION_HURT * rows["hurt"]).mean())


def intention_silent(sample: Sample) -> float:
    """Return the intention after a minor problem that was not reported."""
    return _intention(sample, "silent")


def intention_unsatisfied(sample: Sample) -> float:
    """Return the intention after a minor problem whose settlement did not satisfy."""
    return _intention(sample, "unsatisfied")


def intention_satisfied(sample: Sample) -> float:
    """Return the intention after a minor problem whose settlement satisfied."""
    return _intention(sample, "satisfied")


def intention_quick(sample: Sample) -> float:
    """Return the intention after a minor problem that was settled quickly."""
    return _intention(sample, "quick")


def _mean(sample: Sample, column: str) -> pd.Series:
    return _loud(sample).groupby("outcome")[column].mean()


def smallest_step(sample: Sample) -> float:
    """Return the smallest rise of the share that stays, from silent over unsatisfied and satisfied to quick."""
    return float(np.diff(_mean(sample, "stays")[list(OUTCOMES)]).min())


def paradox_in_mood(sample: Sample) -> float:
    """Return satisfaction after a quick settlement less satisfaction without any problem."""
    mean = _mean(sample, "satisfaction")
    return float(mean["quick"] - mean["none"])


def paradox_in_behaviour(sample: Sample) -> float:
    """Return the share that stays after a quick settlement less that without any problem."""
    mean = _mean(sample, "stays")
    return float(mean["quick"] - mean["none"])


def late_share(sample: Sample) -> float:
    """Return the share of late deliveries."""
    return float((sample.recorded().orders["delay"] > 0).mean())


def _stars(sample: Sample, *, late: bool) -> float:
    p, orders = load_scenario("cosmetics").reviews, sample.recorded().orders
    verdict = orders["verdict"][(orders["delay"] > 0) == late].astype(float)
    return float(5 - sum(ndtr((cut - verdict) / p.noise).mean() for cut in p.star_cuts))


def stars_on_time(sample: Sample) -> float:
    """Return the mean stars of orders delivered on time, if every order had some."""
    return _stars(sample, late=False)


def stars_late(sample: Sample) -> float:
    """Return the mean stars of orders delivered late, if every order had some."""
    return _stars(sample, late=True)


def _posted(sample: Sample) -> pd.Series:
    return sample.once("posted", lambda: sample.run().reviews["stars"].value_counts(normalize=True))


def five_over_four(sample: Sample) -> float:
    """Return the share of five stars among posted reviews, less that of four."""
    return float(_posted(sample)[5] - _posted(sample)[4])


def one_over_two(sample: Sample) -> float:
    """Return the share of one star among posted reviews, less that of two."""
    return float(_posted(sample)[1] - _posted(sample)[2])


def _tarp(part: str, outcome: str, target: float, compute: Callable[[Sample], float]) -> Fact:
    meaning = f"intention to buy again after a minor problem, {outcome}"
    return Fact(17, part, "cosmetics", meaning, target - 0.05, target + 0.05, f"TARP (1986): {target}", True, compute)


_TARP = "TARP (1986), small-ticket goods: 0.01 to 0.05"
_DE_MATOS = "de Matos, Henrique & Rossi (2007)"
_HU = "Hu, Zhang & Pavlou (2009): J-shape"

FACTS = [
    Fact(16, "", "cosmetics", "complaints per problem with an order", 0.01, 0.05, _TARP, True, tickets_per_problem),
    _tarp("a", "not reported", 0.37, intention_silent),
    _tarp("b", "settled without satisfying", 0.46, intention_unsatisfied),
    _tarp("c", "settled", 0.70, intention_satisfied),
    _tarp("d", "settled quickly", 0.95, intention_quick),
    Fact(
        18,
        "",
        "cosmetics",
        "smallest rise of the share there after half a year, from silent to unsatisfied, satisfied, quick",
        0.0,
        1.0,
        "TARP (1986): the same sequence as intentions",
        False,
        smallest_step,
    ),
    Fact(
        19,
        "a",
        "cosmetics",
        "satisfaction after quick recovery less that without a problem",
        0.0,
        1.0,
        f"{_DE_MATOS}: recovery paradox in satisfaction",
        True,
        paradox_in_mood,
    ),
    Fact(
        19,
        "b",
        "cosmetics",
        "share there after half a year, quick recovery less no problem",
        -0.04,
        0.04,
        f"{_DE_MATOS}: and not in behaviour",
        False,
        paradox_in_behaviour,
    ),
    Fact(20, "a", "cosmetics", "share of late deliveries", 0.077, 0.085, "Olist data: 0.081", True, late_share),
    Fact(20, "b", "cosmetics", "mean stars, delivered on time", 4.18, 4.38, "Olist data: 4.28", True, stars_on_time),
    Fact(20, "c", "cosmetics", "mean stars, delivered late", 2.45, 2.65, "Olist data: 2.55", True, stars_late),
    Fact(21, "a", "cosmetics", "posted reviews: five stars less four", 0.0, 1.0, _HU, True, five_over_four),
    Fact(21, "b", "cosmetics", "posted reviews: one star less two", 0.0, 1.0, _HU, True, one_over_two),
]
