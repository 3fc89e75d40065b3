"""Month after month over blocks of customers, on one process or several; the blocks never change a result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform
from crmlab.world.behaviour import Month, State, live_one_month, starting_state
from crmlab.world.effects import Effects, advertising_factor, effects_of
from crmlab.world.policy import Policy
from crmlab.world.population import Floats, Ids, Traits, draw_needs, draw_traits, opening_arrivals, prospect_count
from crmlab.world.scenario import Scenario

Columns = dict[str, npt.NDArray[Any]]

BLOCK = 16_384
"""Customers simulated at a time: their state fits a core's cache."""


@dataclass
class Setup:
    """Everything a simulation depends on.

    Attributes
    ----------
    scenario : Scenario
        Kind of business.
    policy : Policy
        What the firm does.
    customers : int
        Customers on the first day; they have the ids 1 to `customers`, prospects the ids after these.
    months : int
        Months from the first day.
    seed_people, seed_luck : int
        Seeds of who the customers are and of what happens to them.
    """

    scenario: Scenario
    policy: Policy
    customers: int
    months: int
    seed_people: int
    seed_luck: int
    _effects: dict[int, Effects] = field(default_factory=dict, repr=False, compare=False)

    def effects(self, month: int, customers: Ids) -> Effects:
        """Return what the levers do in a month; the same object for all blocks where customers are treated alike."""
        if self.policy.exceptions:
            return self._new_effects(month, customers)
        if month not in self._effects:
            self._effects[month] = self._new_effects(month, customers)
        return self._effects[month]

    def _new_effects(self, month: int, customers: Ids) -> Effects:
        advertising = advertising_factor(self.scenario, self.policy, month, customers)
        return effects_of(self.scenario, self.policy, month, customers, advertising)


@dataclass(frozen=True)
class Population:
    """Who joins in the course of a simulation: ids in ascending sequence, and the moment in months (negative: before month 0)."""

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


class Block:
    """The living customers of one block, from month to month."""

    def __init__(self, setup: Setup, population: Population) -> None:
        self.setup = setup
        self.population = population
        self.traits: Traits = draw_traits(setup.scenario, population.customer_id, seed=setup.seed_people)
        join_month = np.floor(population.arrival).astype(np.int64)
        self._starting = starting_state(setup.scenario, self.traits, join_month + 1 - population.arrival)
        self._queue = np.argsort(join_month, kind="stable")
        self._queued_month = join_month[self._queue]
        self.first_month = int(join_month.min(initial=0))
        self.state = self._starting.take(np.zeros(0, np.intp))
        self._needs: Floats | None = None

    def admit(self, month: int) -> None:
        """Let those who join in this month in."""
        low, high = np.searchsorted(self._queued_month, [month, month + 1])
        if high > low:
            self.state = self.state.join(self._starting.take(self._queue[low:high]))

    def live(self, month: int, *, seed: int, immortal: bool = False) -> tuple[Month, Effects]:
        """Let the living live through the month; the dead stay in the state until `bury`."""
        effects = self.setup.effects(month, self.state.customer_id)
        happened = live_one_month(
            self.setup.scenario,
            self.state,
            effects,
            weights=self.traits.weights,
            coverage=self._coverage(effects),
            month=month,
            seed=seed,
            immortal=immortal,
        )
        return happened, effects

    def bury(self, died: npt.NDArray[np.bool_]) -> None:
        """Take the dead out of the state."""
        if died.any():
            self.state = self.state.take(np.flatnonzero(~died))

    def _coverage(self, effects: Effects) -> Floats:
        """Return the factor of the order rate from the part of needs that the assortment covers, 1 for the usual assortment."""
        a, usual = self.setup.scenario.assortment, np.float32(self.setup.scenario.levers.assortment)
        if (effects.assortment == usual).all():
            return np.ones(1, np.float32)
        if self._needs is None:
            self._needs = draw_needs(self.setup.scenario, self.population.customer_id, seed=self.setup.seed_people)
        needs = self._needs[self.state.row]

        def covered(level: Floats) -> Floats:
            total = np.zeros(len(needs), np.float32)
            for number in range(needs.shape[1]):
                total += needs[:, number] * np.clip(carried(self.setup.scenario, level) - number, np.float32(0), np.float32(1))
            return a.substitution + (1 - a.substitution) * total

        return (covered(effects.assortment) / covered(np.full(1, usual))) ** np.float32(a.exponent)


def carried(scenario: Scenario, assortment: Floats) -> Floats:
    """Return how many categories the firm carries at a level of the lever; the last one may be carried in part."""
    a = scenario.assortment
    return np.minimum(a.fewest + a.rise * assortment, np.float32(len(scenario.categories)))


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


def record_block(setup: Setup, population: Population) -> tuple[Columns, Columns, Columns]:
    """Simulate a block and record it.

    Parameters
    ----------
    setup : Setup
        The simulation.
    population : Population
        Whom to simulate.

    Returns
    -------
    customers, months, orders : dict of arrays
        One value per customer; per customer and month from month 0; per order from month 0.
    """
    block = Block(setup, population)
    n = len(population.customer_id)
    death, member_since = np.full(n, np.nan), np.full(n, np.nan)
    months: dict[str, list[npt.NDArray[Any]]] = defaultdict(list)
    orders: dict[str, list[npt.NDArray[Any]]] = defaultdict(list)
    acquisition = _acquisition_cost(setup, block.traits)
    for month in range(block.first_month, setup.months):
        block.admit(month)
        state = block.state
        span, joining = state.span, state.joining
        happened, effects = block.live(month, seed=setup.seed_luck)
        row = state.row
        death[row[happened.died]] = (month + 1 - span + happened.lived)[happened.died]
        enrolled = np.flatnonzero(happened.enrolled)
        moment = uniform(state.customer_id[enrolled], seed=setup.seed_luck, mechanism="enrol", month=month, draw=1)
        member_since[row[enrolled]] = month + 1 - span[enrolled] + moment * happened.lived[enrolled]
        if month >= 0:
            spent = happened.lived * running_cost(state, happened, effects)
            spent[joining] += acquisition(month)[row[joining]]
            _append_month(months, state, happened, month, spent)
            _append_orders(orders, state, happened, effects, month)
        block.bury(happened.died)
    t = block.traits
    customers = {"arrival": population.arrival, "death_time": death, "member_since": member_since}
    customers |= {f.lower(): getattr(t, f) for f in t.__dataclass_fields__ if f not in ("z", "weights")}
    customers |= {"subscribed": _by_row(n, block.state.row, block.state.subscribed), "z": t.z.T, "weights": t.weights.T}
    return customers, _concatenate(months), _concatenate(orders)


def running_cost(state: State, happened: Month, effects: Effects) -> npt.NDArray[np.float64]:
    """Return the cost of the levers for each customer in a full month of life, in euro."""
    base_revenue = state.order_rate.astype(np.float64) * state.mean_value
    mails = happened.subscribed_at_start * effects.email_cost
    return effects.monthly_cost + effects.advertising_cost * base_revenue + mails


def _acquisition_cost(setup: Setup, traits: Traits) -> Any:
    """Return a function of the month that gives what winning each customer costs; a larger budget wins dearer customers."""
    per_channel = np.array([channel["cost"] for channel in setup.scenario.channels.values()])[traits.channel]
    usual = setup.scenario.levers.channel_budget

    def cost(month: int) -> npt.NDArray[np.float64]:
        budget = setup.policy.value("channel_budget", month, traits.customer_id).astype(np.float64) / usual
        return per_channel * budget / ((1 + budget) / 2) ** setup.scenario.acquisition.budget_exponent

    return cost


def _append_month(
    months: dict[str, list[npt.NDArray[Any]]], state: State, happened: Month, month: int, spent: npt.NDArray[np.float64]
) -> None:
    n = len(state.customer_id)
    placed = np.bincount(happened.orders.place, minlength=n)
    values = {
        "row": state.row,
        "customer_id": state.customer_id,
        "month": np.full(n, month, np.int16),
        "order_rate": happened.rate,
        "hazard": happened.hazard,
        "satisfaction": state.satisfaction,
        "commitment": state.commitment,
        "salience": state.salience,
        "expectation": state.expectation,
        "hurt": state.hurt,
        "social_bond": state.social_bond,
        "structural_bond": np.zeros(n, np.float32),  # no scenario of this version has structural bonds
        "exposure": happened.lived.astype(np.float32),
        "orders": placed.astype(np.int16),
        "spent": spent,
    }
    for name, column in values.items():
        months[name].append(column.copy() if column.base is not None or name in _LIVE else column)


_LIVE = frozenset({"satisfaction", "commitment", "salience", "expectation", "hurt", "social_bond"})
"""State arrays that later months may change in place."""


def _append_orders(
    orders: dict[str, list[npt.NDArray[Any]]], state: State, happened: Month, effects: Effects, month: int
) -> None:
    o = happened.orders
    m = len(o.place)

    def at(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.broadcast_to(values, (m,)).copy() if len(values) == 1 else values[o.place]

    values = {
        "row": state.row[o.place],
        "customer_id": state.customer_id[o.place],
        "month": np.full(m, month, np.int16),
        "number": o.number.astype(np.int16),
        "time": o.time,
        "value": o.value,
        "experience": o.experience,
        "verdict": o.verdict,
        "delay": o.delay,
        "ticket": o.ticket,
        "member": (happened.member_at_start & (effects.programme > 0))[o.place],
        "price": at(effects.price),
        "promotion": at(effects.promotion),
        "goods": at(effects.goods),
        "shipping": at(effects.shipping),
        "reward": at(effects.reward),
        "ticket_cost": at(effects.ticket_cost),
        "assortment": at(effects.assortment),
    }
    for name, column in values.items():
        orders[name].append(column)


def _by_row(n: int, row: npt.NDArray[np.int64], values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    out = np.zeros(n, bool)
    out[row] = values
    return out


def _concatenate(parts: dict[str, list[npt.NDArray[Any]]]) -> Columns:
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}
