"""(13), (14) How people become customers: when, through which channel or upon whose recommendation, at what cost.

Prospects are a finite pool with fixed ids that is used up. Each has one fixed potential referrer among the people of
earlier *generations*: ids in ascending ranges, the customers of the first day before all others. So the people of one
generation can be simulated, in any number of blocks, before it is decided who of the next one joins and when. A world
of 100,000 customers or more falls into *villages*, each with its share of every generation, in which people know one
another: so a world too large for memory can be simulated village by village.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform
from crmlab.world.effects import advertising_factor, drifted
from crmlab.world.population import Ids, Traits, draw_channel
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup

GENERATIONS = (0.5, 0.8, 1.0)
"""Where the generations of prospects end, as shares of their pool."""

VILLAGE = 50_000
"""Customers of the first day in a village, at least: people recommend the firm in their own village only."""


@dataclass(frozen=True)
class Population:
    """Who joins in a simulation: ids in ascending sequence, and the moment in months (negative: before month 0).

    `channel` is the place in the scenario's channels, and behind the last one for those who came upon the
    recommendation of `referrer`, which is 0 for all others.
    """

    customer_id: Ids
    arrival: npt.NDArray[np.float64]
    channel: npt.NDArray[np.int8]
    referrer: Ids

    def __len__(self) -> int:
        return len(self.customer_id)

    def some(self, which: npt.NDArray[np.bool_] | slice) -> Population:
        """Return some of the people."""
        return Population(self.customer_id[which], self.arrival[which], self.channel[which], self.referrer[which])

    def before(self, month: float) -> Population:
        """Return those who join before a moment."""
        return self.some(self.arrival < month)

    def blocks(self, size: int) -> Iterator[Population]:
        """Divide the people into blocks, at least one."""
        for low in range(0, max(len(self), 1), size):
            yield self.some(slice(low, low + size))


def join(parts: list[Population]) -> Population:
    """Put populations together, in ascending sequence of ids."""
    columns = zip(*((p.customer_id, p.arrival, p.channel, p.referrer) for p in parts), strict=True)
    return Population(*(np.concatenate(column) for column in columns))


def generations(setup: Setup, customers: Ids | None = None) -> list[Ids]:
    """Return the ids of each generation, all or those of `customers` (in ascending sequence).

    The first are the customers of the first day. Generations without anybody are left out at the end.
    """
    ends = _ends(setup)
    if customers is None:
        parts = [np.arange(low + 1, high + 1) for low, high in pairwise(ends)]
    else:
        parts = np.split(customers, np.searchsorted(customers, ends[1:-1], side="right"))
    while len(parts) > 1 and not len(parts[-1]):
        parts.pop()
    return parts


def _ends(setup: Setup) -> list[int]:
    """Return the last id of each generation, with 0 before the first."""
    return [0, setup.customers, *(setup.customers + round(setup.prospects * share) for share in GENERATIONS)]


def slice_ids(setup: Setup, number: int, count: int) -> Ids:
    """Return the ids of one of `count` equal slices of the world, each with its share of every generation.

    A village is a slice: people recommend the firm within it only, so that it can be simulated by itself.
    """
    parts = [
        np.arange(low + (high - low) * number // count + 1, low + (high - low) * (number + 1) // count + 1)
        for low, high in pairwise(_ends(setup))
    ]
    return np.concatenate(parts)


def village_count(customers: int) -> int:
    """Return into how many villages a world with so many customers on the first day falls."""
    return max(1, customers // VILLAGE)


def with_referrers(setup: Setup, customers: Ids) -> Ids:
    """Return these people, and all those whose recommendation could have brought one of them."""
    closed = np.unique(customers)
    for low, high in reversed(list(pairwise(_ends(setup)))[1:]):
        inside = closed[(closed > low) & (closed <= high)]
        closed = np.union1d(closed, potential_referrers(setup, inside))
    return closed


def potential_referrers(setup: Setup, prospects: Ids) -> Ids:
    """Return the one person who could recommend the firm to each prospect: of an earlier generation, same village."""
    ends, villages = np.array(_ends(setup)), village_count(setup.customers)
    generation = np.searchsorted(ends, prospects, side="left") - 1
    low, size = ends[generation], np.diff(ends)[generation]
    village = ((prospects - low) * villages - 1) // np.maximum(size, 1)
    # Where the village begins in each generation, and how many of it there are.
    first = np.stack([a + (b - a) * village // villages for a, b in pairwise(ends)])
    people = np.stack([a + (b - a) * (village + 1) // villages for a, b in pairwise(ends)]) - first
    people[np.arange(len(people))[:, None] >= generation] = 0
    coarse, fine = (
        uniform(prospects, seed=setup.seed_people, mechanism="referrer", draw=k).astype(np.float64) for k in (0, 1)
    )
    number = np.floor((coarse + (fine - 0.5) * 2.0**-23) * people.sum(axis=0)).astype(np.int64)
    out = np.zeros(len(prospects), np.int64)
    for start, count in zip(first, people, strict=True):
        inside = (number >= 0) & (number < count)
        out[inside] = (start + number + 1)[inside]
        number = np.where(inside, -1, number - count)
    return out


def opening(setup: Setup, customers: Ids) -> Population:
    """Return the customers of the first day."""
    arrival = opening_arrivals(setup.scenario, customers, seed=setup.seed_people)
    channel = draw_channel(setup.scenario, customers, seed=setup.seed_people)
    return Population(customers, arrival, channel.astype(np.int8), np.zeros(len(customers), np.int64))


def opening_arrivals(scenario: Scenario, customers: Ids, *, seed: int) -> npt.NDArray[np.float64]:
    """Return when the customers of the first day joined, in months (negative: before month 0).

    Joining has a constant hazard in the firm's history; these are the people who had joined by its end. A firm without
    history wins them all in month 0, at any moment of it.
    """
    u = uniform(customers, seed=seed, mechanism="arrival").astype(np.float64)
    length = scenario.firm.history_months
    if length == 0:
        return u
    hazard = scenario.acquisition.hazard
    return -np.log1p(u * np.expm1(-hazard * length)) / hazard - length


def newcomers(setup: Setup, prospects: Ids, recommended: dict[int, Ids], *, until: int) -> Population:
    """Return those prospects of one generation who join before a month.

    Parameters
    ----------
    setup : Setup
        The simulation.
    prospects : int64 array, shape (n,)
        Ids of one generation.
    recommended : dict of int to int64 array
        By month, in any sequence: who of the earlier generations recommended the firm.
    until : int
        Month before which they join.
    """
    arrival, channel = _own_arrivals(setup, prospects, until)
    referrer = np.zeros(len(prospects), np.int64)
    potential = potential_referrers(setup, prospects)
    waits = np.arange(len(prospects))
    for month in range(until):
        waits = waits[arrival[waits] >= month]
        told = waits[np.isin(potential[waits], recommended.get(month, np.zeros(0, np.int64)))]
        u, moment = (
            uniform(prospects[told], seed=setup.seed_luck, mechanism="refer", month=month, draw=k) for k in (1, 2)
        )
        time = month + moment.astype(np.float64)
        joins = (u < setup.scenario.referral.joining) & (time < arrival[told])
        told = told[joins]
        arrival[told], channel[told] = time[joins], len(setup.scenario.channels)
        referrer[told] = potential[told]
    return Population(prospects, arrival, channel, referrer).before(until)


def acquisition_cost(setup: Setup, traits: Traits) -> Callable[[int], npt.NDArray[np.float64]]:
    """Return a function of the month for what winning each customer costs; a larger budget wins dearer customers."""
    ways = setup.scenario.channels

    def cost(month: int) -> npt.NDArray[np.float64]:
        out = np.full(len(traits.customer_id), float(setup.scenario.referral.cost))
        for number, (name, way) in enumerate(ways.items()):
            budget = channel_budget(setup, name, month, traits.customer_id)
            price = way["cost"] * budget / _pull(setup.scenario, budget)
            out = np.where(traits.channel == number, price, out)
        return out

    return cost


def channel_budget(setup: Setup, channel: str, month: int, customers: Ids) -> npt.NDArray[np.float64]:
    """Return the budget of one channel with which customers are courted, usual = 1; shape (1,) or (n,)."""
    firm = setup.policy.value("channel_budget", month, customers).astype(np.float64)
    own = setup.policy.value(f"channel_budget:{channel}", month, customers).astype(np.float64)
    return firm * own / setup.scenario.levers.channel_budget


def _pull(scenario: Scenario, budget: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return ((1 + budget) / 2) ** scenario.acquisition.budget_exponent


def _own_arrivals(setup: Setup, prospects: Ids, until: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """(14) Return when and how each prospect joins of its own accord; never (infinite) where not before `until`.

    Channels compete: each has its own hazard, by its share of the usual newcomers and its budget.
    """
    scenario, policy = setup.scenario, setup.policy
    a, usual = scenario.acquisition, scenario.levers
    clock = -np.log(uniform(prospects, seed=setup.seed_people, mechanism="arrival").astype(np.float64))
    choice = uniform(prospects, seed=setup.seed_people, mechanism="channel").astype(np.float64)
    arrival, channel = np.full(len(prospects), np.inf), np.zeros(len(prospects), np.int8)
    passed = np.zeros(1)
    for month in range(until):
        advertising = advertising_factor(scenario, policy, month, prospects)
        price = policy.value("price", month, prospects).astype(np.float64)
        common = a.hazard * advertising * (price / usual.price) ** -a.price_elasticity
        parts = [
            common
            * way["share"]
            * drifted(scenario, name, month)
            * _pull(scenario, channel_budget(setup, name, month, prospects))
            for name, way in scenario.channels.items()
        ]
        ends = [parts[0]]
        for part in parts[1:]:
            ends.append(ends[-1] + part)
        hazard = ends[-1]
        joins = np.flatnonzero((clock >= passed) & (clock < passed + hazard))

        def at(values: npt.NDArray[np.float64], joins: npt.NDArray[np.intp] = joins) -> npt.NDArray[np.float64]:
            return values if len(values) == 1 else values[joins]

        arrival[joins] = month + (clock[joins] - at(passed)) / at(hazard)
        for end in ends[:-1]:
            channel[joins] += choice[joins] * at(hazard) >= at(end)
        passed = passed + hazard
    arrival[arrival >= until] = np.inf  # rounding
    return arrival, channel
