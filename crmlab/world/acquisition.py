"""(13), (14) How people become customers: when, through which channel or upon whose recommendation, at what cost.

Prospects are a finite pool with fixed ids that is used up. Each has one fixed potential referrer among the people of
earlier *generations*: ids in ascending ranges, the customers of the first day before all others. A world of 100,000
customers or more falls into *villages*, each with its share of every generation, in which people know one another: so
a world too large for memory can be simulated village by village, and villages by several processes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform
from crmlab.world.effects import drifted
from crmlab.world.population import Ids, draw_channel
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

    def some(self, which: npt.NDArray[np.bool_] | npt.NDArray[np.intp] | slice) -> Population:
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


def generation_ends(setup: Setup) -> Ids:
    """Return the last id of each generation, that of the first day's customers first."""
    return np.array(_ends(setup)[1:])


def _ends(setup: Setup) -> list[int]:
    """Return the last id of each generation, with 0 before the first."""
    return [0, setup.customers, *(setup.customers + round(setup.prospects * share) for share in GENERATIONS)]


def by_village(setup: Setup, customers: Ids | None = None) -> list[Ids]:
    """Return the ids of each village, all or those of `customers` (in ascending sequence)."""
    count = village_count(setup.customers)
    if customers is None:
        return [slice_ids(setup, number, count) for number in range(count)]
    village, _ = _village_of(setup, customers, count)
    return [part for number in range(count) if len(part := customers[village == number])]


def _village_of(setup: Setup, ids: Ids, count: int) -> tuple[Ids, Ids]:
    """Return the village and the generation of each person."""
    ends = np.array(_ends(setup))
    generation = np.searchsorted(ends, ids, side="left") - 1
    low, size = ends[generation], np.diff(ends)[generation]
    return ((ids - low) * count - 1) // np.maximum(size, 1), generation


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
    ends, villages = _ends(setup), village_count(setup.customers)
    village, generation = _village_of(setup, prospects, villages)
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


def waiting(prospects: Ids) -> Population:
    """Return people of whom nobody knows yet whether they will join."""
    n = len(prospects)
    return Population(prospects, np.full(n, np.inf), np.zeros(n, np.int8), np.zeros(n, np.int64))


class Prospects:
    """Those who are not customers yet, from month to month: who joins of its own accord, who upon a recommendation.

    Channels compete: each has its own hazard, by its share of the usual newcomers and its budget.

    Parameters
    ----------
    setup : Setup
        The simulation.
    ids : int64 array, shape (n,)
        Prospects, in ascending sequence.
    """

    def __init__(self, setup: Setup, ids: Ids) -> None:
        self.setup, self.ids = setup, ids
        self._clock = -np.log(uniform(ids, seed=setup.seed_people, mechanism="arrival").astype(np.float64))
        self._choice = uniform(ids, seed=setup.seed_people, mechanism="channel").astype(np.float64)
        self._potential = potential_referrers(setup, ids)
        self._passed: npt.NDArray[np.float64] = np.zeros(1)  # hazard added up over the months that are over
        self._moment = np.full(len(ids), np.inf)
        self._channel = np.zeros(len(ids), np.int8)
        self._waiting = np.arange(len(ids))

    def fork(self, setup: Setup) -> Prospects:
        """Return the same prospects at the same moment under another policy."""
        out = copy.copy(self)
        out.setup, out._moment, out._channel = setup, self._moment.copy(), self._channel.copy()
        return out

    def join(self, month: int, recommended: Ids) -> tuple[npt.NDArray[np.intp], Population]:
        """Return who becomes a customer in a month: places among `ids`, in ascending sequence, and the people.

        Parameters
        ----------
        month : int
            The months must follow one another, from 0 on.
        recommended : int64 array
            Ids of those who recommend the firm in the month.
        """
        self._decide(month)
        waiting = self._waiting
        told = waiting[np.isin(self._potential[waiting], recommended)]
        u, moment = (
            uniform(self.ids[told], seed=self.setup.seed_luck, mechanism="refer", month=month, draw=k) for k in (1, 2)
        )
        time = month + moment.astype(np.float64)
        comes = (u < self.setup.scenario.referral.joining) & (time < self._moment[told])
        told = told[comes]
        self._moment[told], self._channel[told] = time[comes], len(self.setup.scenario.channels)
        joins = self._moment[waiting] < month + 1
        places, self._waiting = waiting[joins], waiting[~joins]
        upon = self._channel[places] == len(self.setup.scenario.channels)
        referrer = np.where(upon, self._potential[places], 0)
        return places, Population(self.ids[places], self._moment[places], self._channel[places], referrer)

    def _decide(self, month: int) -> None:
        """(14) Work out who joins in the month of its own accord, when, and through which channel."""
        setup, waiting = self.setup, self._waiting
        a, ids = setup.scenario.acquisition, self.ids
        price = setup.policy.value("price", month, ids).astype(np.float64)
        common = a.hazard * setup.advertising(month, ids) * (price / setup.scenario.levers.price) ** -a.price_elasticity
        ends: list[npt.NDArray[np.float64]] = []
        for name, way in setup.scenario.channels.items():
            pull = _pull(setup.scenario, channel_budget(setup, name, month, ids))
            part = common * way["share"] * drifted(setup.scenario, name, month) * pull
            ends.append(ends[-1] + part if ends else part)
        hazard, passed, clock = ends[-1], self._passed, self._clock[waiting]

        def at(values: npt.NDArray[np.float64], places: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
            return values if len(values) == 1 else values[places]

        begun, now = at(passed, waiting), at(hazard, waiting)
        inside = (clock >= begun) & (clock < begun + now)
        joins = waiting[inside]
        self._moment[joins] = month + (clock[inside] - at(passed, joins)) / at(hazard, joins)
        for end in ends[:-1]:
            self._channel[joins] += self._choice[joins] * at(hazard, joins) >= at(end, joins)
        self._passed = passed + hazard


def acquisition_cost(
    setup: Setup, month: int, customers: Ids, channel: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """Return what winning each customer of a month costs, in €; a larger budget wins dearer customers.

    Parameters
    ----------
    setup : Setup
        The simulation.
    month : int
        Month in which they join.
    customers : int64 array, shape (n,)
        Their ids.
    channel : integer array, shape (n,)
        How they came, as in `Population`.
    """
    out = np.full(len(customers), float(setup.scenario.referral.cost))
    for number, (name, way) in enumerate(setup.scenario.channels.items()):
        budget = channel_budget(setup, name, month, customers)
        price = way["cost"] * budget / _pull(setup.scenario, budget)
        out = np.where(channel == number, price, out)
    return out


def channel_budget(setup: Setup, channel: str, month: int, customers: Ids) -> npt.NDArray[np.float64]:
    """Return the budget of one channel with which customers are courted, usual = 1; shape (1,) or (n,)."""
    firm = setup.policy.value("channel_budget", month, customers).astype(np.float64)
    own = setup.policy.value(f"channel_budget:{channel}", month, customers).astype(np.float64)
    return firm * own / setup.scenario.levers.channel_budget


def _pull(scenario: Scenario, budget: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return ((1 + budget) / 2) ** scenario.acquisition.budget_exponent
