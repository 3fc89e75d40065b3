"""Month after month over blocks of customers; the blocks never change a result."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform
from crmlab.world.acquisition import Population, acquisition_cost
from crmlab.world.behaviour import Month, live_one_month
from crmlab.world.effects import Effects
from crmlab.world.population import Floats, Traits, draw_needs, draw_traits
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup
from crmlab.world.state import State, starting_state

Columns = dict[str, npt.NDArray[Any]]

BLOCK = 32_768
"""Customers simulated at a time: so many that calling numpy costs little, so few that a core's cache holds them."""

STRANGER = 1 << 40
"""Distance of the ids of one customer's repetitions; far above any customer's id."""


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
        effects = self.setup.effects(month, self.state.customer_id & (STRANGER - 1))
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
        """Return the factor of the order rate from the part of needs that is covered, 1 for the usual assortment."""
        a, usual = self.setup.scenario.assortment, np.float32(self.setup.scenario.levers.assortment)
        if (effects.assortment == usual).all():
            return np.ones(1, np.float32)
        if self._needs is None:
            self._needs = draw_needs(self.setup.scenario, self.population.customer_id, seed=self.setup.seed_people)
        needs = self._needs[self.state.row]

        def covered(level: Floats) -> Floats:
            total = np.zeros(len(needs), np.float32)
            for number in range(needs.shape[1]):
                total += needs[:, number] * np.clip(
                    carried(self.setup.scenario, level) - number, np.float32(0), np.float32(1)
                )
            return a.substitution + (1 - a.substitution) * total

        return (covered(effects.assortment) / covered(np.full(1, usual))) ** np.float32(a.exponent)


def carried(scenario: Scenario, assortment: Floats) -> Floats:
    """Return how many categories the firm carries at a level of the lever; the last one may be carried in part."""
    a = scenario.assortment
    # Rounded, since 0.6 is not quite 0.6 in float32, and a thousandth of a category is none.
    return np.minimum(np.round(a.fewest + a.rise * assortment, 2), np.float32(len(scenario.categories)))


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
    return record(block, from_month=block.first_month)


def record(block: Block, *, from_month: int) -> tuple[Columns, Columns, Columns]:
    """Simulate a block from a month on and record it, as `record_block` does.

    Parameters
    ----------
    block : Block
        As it is at the start of that month.
    from_month : int
        First month to simulate.
    """
    setup, population = block.setup, block.population
    n = len(population.customer_id)
    death, member_since = np.full(n, np.nan), np.full(n, np.nan)
    months: dict[str, list[npt.NDArray[Any]]] = defaultdict(list)
    orders: dict[str, list[npt.NDArray[Any]]] = defaultdict(list)
    acquisition = acquisition_cost(setup, block.traits)
    for month in range(from_month, setup.months):
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


def _append_month(
    months: dict[str, list[npt.NDArray[Any]]], state: State, happened: Month, month: int, spent: npt.NDArray[np.float64]
) -> None:
    n = len(state.customer_id)
    placed = np.bincount(happened.orders.place, minlength=n)
    values: Columns = {
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
        "opened": happened.opened.astype(np.int16),
        "subscribed": happened.subscribed_at_start,
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

    values: Columns = {
        "row": state.row[o.place],
        "customer_id": state.customer_id[o.place],
        "month": np.full(m, month, np.int16),
        "number": o.number.astype(np.int16),
        "time": o.time,
        "value": o.value,
        "experience": o.experience,
        "verdict": o.verdict,
        "delay": o.delay,
        "failed": o.failed,
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
