"""(14) How people become customers: when, through a pool of prospects that is used up, and at what cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform
from crmlab.world.effects import advertising_factor
from crmlab.world.population import Ids, Traits
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup


@dataclass(frozen=True)
class Population:
    """Who joins in a simulation: ids in ascending sequence, and the moment in months (negative: before month 0)."""

    customer_id: Ids
    arrival: npt.NDArray[np.float64]

    def blocks(self, size: int) -> Iterator[Population]:
        """Divide the people into blocks."""
        for low in range(0, len(self.customer_id), size):
            yield Population(self.customer_id[low : low + size], self.arrival[low : low + size])


def who_joins(setup: Setup, customers: Ids | None = None) -> Population:
    """Return everybody who becomes a customer before the end of the simulation.

    Parameters
    ----------
    setup : Setup
        The simulation.
    customers : int64 array, optional
        Ids to which to confine it, in ascending sequence.
    """
    if customers is None:
        customers = np.arange(1, setup.customers + prospect_count(setup.scenario, setup.customers) + 1)
    split = int(np.searchsorted(customers, setup.customers, side="right"))
    opening, prospects = customers[:split], customers[split:]
    arrival = np.concatenate(
        [opening_arrivals(setup.scenario, opening, seed=setup.seed_people), _later_arrivals(setup, prospects)]
    )
    joined = arrival < setup.months
    return Population(customers[joined], arrival[joined])


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


def prospect_count(scenario: Scenario, customers: int) -> int:
    """Return how many people had not yet joined when `customers` had: they are the pool from which newcomers come.

    A firm without history is a cohort: nobody joins later.
    """
    waiting = np.exp(-scenario.acquisition.hazard * scenario.firm.history_months)
    return round(customers * waiting / (1 - waiting)) if waiting < 1 else 0


def acquisition_cost(setup: Setup, traits: Traits) -> Callable[[int], npt.NDArray[np.float64]]:
    """Return a function of the month for what winning each customer costs; a larger budget wins dearer customers."""
    per_channel = np.array([channel["cost"] for channel in setup.scenario.channels.values()])[traits.channel]
    usual = setup.scenario.levers.channel_budget

    def cost(month: int) -> npt.NDArray[np.float64]:
        budget = setup.policy.value("channel_budget", month, traits.customer_id).astype(np.float64) / usual
        return per_channel * budget / ((1 + budget) / 2) ** setup.scenario.acquisition.budget_exponent

    return cost


def _later_arrivals(setup: Setup, prospects: Ids) -> npt.NDArray[np.float64]:
    """(14) Return when each prospect joins, infinite where not before the end."""
    a, usual = setup.scenario.acquisition, setup.scenario.levers
    clock = -np.log(uniform(prospects, seed=setup.seed_people, mechanism="arrival").astype(np.float64))
    arrival = np.full(len(prospects), np.inf)
    passed = np.zeros(1)
    for month in range(setup.months):
        advertising = advertising_factor(setup.scenario, setup.policy, month, prospects)
        price = setup.policy.value("price", month, prospects).astype(np.float64)
        budget = setup.policy.value("channel_budget", month, prospects).astype(np.float64)
        pull = ((1 + budget / usual.channel_budget) / 2) ** a.budget_exponent
        hazard = a.hazard * advertising * (price / usual.price) ** -a.price_elasticity * pull
        joins = (clock >= passed) & (clock < passed + hazard)
        arrival[joins] = (month + (clock - passed) / hazard)[joins]
        passed = passed + hazard
    return np.where(arrival < setup.months, arrival, np.inf)
