"""Facts of lasting relations: the programme, recommendation, winning back (29, 30, 33)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample, record_world
from crmlab.world import World
from crmlab.world.record import record_block
from crmlab.world.simulation import Columns, who_joins

FOLLOWED = 36
"""Months over which newcomers are followed."""

DEPTHS = (0, 3, 6, 12, 24, np.inf)
"""Ends of the groups of lapsed customers, in months since leaving."""


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


def _newcomers(sample: Sample) -> pd.DataFrame:
    """Return those who joined in the first year: recommended or not, months lived, left or not, profit (€)."""

    def make() -> pd.DataFrame:
        world = World("cosmetics", customers=sample.customers, months=12 + FOLLOWED, seed=sample.seed)
        run, people = world.simulate(), who_joins(world.setup, until=12)
        new = pd.DataFrame({"arrival": people.arrival, "recommended": people.referrer > 0}, index=people.customer_id)
        new = new[new["arrival"] >= 0]
        months = run.truth.months[run.truth.months["customer_id"].isin(new.index)]
        age = months["month"].to_numpy() - np.floor(new["arrival"].reindex(months["customer_id"])).to_numpy()
        sums = months[(age >= 1) & (age <= FOLLOWED)].groupby("customer_id")[["profit", "exposure"]].sum()
        new = new.join(sums).fillna(0.0)
        # Whoever has a row in one month and none in the next one has left.
        last = months.groupby("customer_id")["month"].max() - np.floor(new["arrival"])
        return new.assign(left=(last >= 1) & (last <= FOLLOWED) & (last + np.floor(new["arrival"]) < world.months - 1))

    return sample.once("newcomers", make)


def recommended_value(sample: Sample) -> float:
    """Return the profit of the recommended in three years after joining over that of other newcomers."""
    mean = _newcomers(sample).groupby("recommended")["profit"].mean()
    return float(mean[True] / mean[False])


def recommended_hazard(sample: Sample) -> float:
    """Return the hazard of leaving of the recommended over that of other newcomers."""
    sums = _newcomers(sample).groupby("recommended")[["left", "exposure"]].sum()
    hazard = sums["left"] / sums["exposure"]
    return float(hazard[True] / hazard[False])


def _won_back(sample: Sample) -> pd.Series:
    """Return the share of lapsed customers who take up an offer of 20%, by months since leaving."""

    def make() -> pd.Series:
        world = World("cosmetics", customers=sample.customers, months=1, seed=sample.seed).do(win_back_offer=0.2)
        parts = [record_block(world.setup, block).contacts for block in who_joins(world.setup).blocks(16_384)]
        lapse, back = (np.concatenate([part[name] for part in parts if part]) for name in ("lapse", "returned_at"))
        gone = ~np.isnan(lapse)
        group = np.digitize(lapse[gone], DEPTHS[1:-1])
        return pd.Series(~np.isnan(back[gone])).groupby(group).mean()

    return sample.once("won back", make)


def won_back_early(sample: Sample) -> float:
    """Return the share of those who left within three months that takes up an offer of 20%."""
    return float(_won_back(sample)[0])


def smallest_fall(sample: Sample) -> float:
    """Return the smallest fall of that share from one group of lapse to the next."""
    return float(-np.diff(_won_back(sample)).max())


_SCHMITT = "Schmitt, Skiera & Van den Bulte (2011)"

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
    Fact(
        30,
        "a",
        "cosmetics",
        "profit in three years of the recommended over that of other newcomers",
        1.1,
        1.4,
        f"{_SCHMITT}: 1.16 and more",
        True,
        recommended_value,
    ),
    Fact(
        30,
        "b",
        "cosmetics",
        "hazard of leaving of the recommended over that of other newcomers",
        0.76,
        0.88,
        f"{_SCHMITT}: 0.82",
        True,
        recommended_hazard,
    ),
    Fact(
        33,
        "a",
        "cosmetics",
        "share won back by 20% off within three months of leaving",
        0.2,
        0.4,
        "trade figure, weak: 0.20 to 0.40",
        True,
        won_back_early,
    ),
    Fact(
        33,
        "b",
        "cosmetics",
        "smallest fall of that share over 3, 6, 12 and 24 months of lapse",
        0.0,
        1.0,
        "Thomas, Blattberg & Fox (2004): sign",
        True,
        smallest_fall,
    ),
]
