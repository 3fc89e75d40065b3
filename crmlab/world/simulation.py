"""Month after month over blocks of customers; the blocks never change a result."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from crmlab.world.acquisition import Population, Prospects, by_village, join, opening, waiting, with_referrers
from crmlab.world.behaviour import Month, live_one_month, recommend
from crmlab.world.effects import Effects
from crmlab.world.population import Floats, Ids, Traits, draw_needs, draw_people, draw_traits, through
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup
from crmlab.world.state import State, starting_state
from crmlab.world.win_back import Contacts, win_back

Columns = dict[str, npt.NDArray[Any]]

_Columns = TypeVar("_Columns", Population, Traits)

BLOCK = 32_768
"""Customers simulated at a time: so many that calling numpy costs little, so few that a core's cache holds them."""

_FEW = 16_384
"""People of a block whose traits are drawn whether they join or not."""

STRANGER = 1 << 40
"""Distance of the ids of one customer's repetitions; far above any customer's id."""


class Block:
    """The living customers of one block, from month to month.

    Attributes
    ----------
    state : State
        The living.
    lost : State
        Those who have left, as they were then.
    lost_since : float64 array
        When each of them left, in months.
    """

    def __init__(self, setup: Setup, population: Population) -> None:
        self.setup = setup
        self.population = population
        known = np.flatnonzero(np.isfinite(population.arrival))
        people = population.some(known)
        # Few are drawn beforehand, all at once: numpy is slow to call. Of many, only those who join.
        ids = population.customer_id
        self._people = draw_people(setup.scenario, ids, seed=setup.seed_people) if len(ids) <= _FEW else None
        traits = self._traits_of(people, known)
        join_month = np.floor(people.arrival).astype(np.int64)
        self._starting = starting_state(setup.scenario, traits, join_month)
        self._starting.row[:] = known
        self._span = join_month + 1 - people.arrival
        self._queue = np.argsort(join_month, kind="stable")
        self._queued_month = join_month[self._queue]
        self.traits: Traits = traits if len(people) == len(population) else _with_room(traits, known, len(population))
        self.first_month = int(join_month.min(initial=0))
        self.state, self.lost = State(), State()
        self.lost_since = np.zeros(0)
        self._needs: Floats | None = None

    def admit(self, month: int, rows: npt.NDArray[np.intp] | None = None, people: Population | None = None) -> None:
        """Let those who join in this month in: who was to come anyhow, and others, who take `rows` of the block."""
        low, high = np.searchsorted(self._queued_month, [month, month + 1])
        queued = self._queue[low:high]
        self.state.add(self._starting.take(queued))
        self.state.span = self._span[queued]
        self.state.offers = np.zeros(0, np.float32)
        if people is None or rows is None or not len(rows):
            return
        for name in ("arrival", "channel", "referrer"):
            getattr(self.population, name)[rows] = getattr(people, name)
        traits = self._traits_of(people, rows)
        _put(traits, self.traits, rows)
        joined = starting_state(self.setup.scenario, traits, np.full(len(rows), month))
        joined.row[:] = rows
        self.state.add(joined)
        self.state.span = np.concatenate([self.state.span, month + 1 - people.arrival])

    def recommend(self, month: int) -> Ids:
        """Return who recommends the firm in the month that is about to begin."""
        return recommend(self.setup.scenario, self.state, month=month, seed=self.setup.seed_luck)

    def live(self, month: int, *, seed: int, immortal: bool = False) -> tuple[Month, Effects]:
        """Let the living live through the month; the dead stay in the state until `bury`."""
        effects = self._effects(month)
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

    def win_back(self, month: int) -> Contacts | None:
        """Contact those who have long been silent; who comes back is among the living from now on."""
        if month < 0 or not self.setup.policy.ever("win_back_offer"):
            return None
        return win_back(self, month)

    def bury(self, month: int, happened: Month) -> None:
        """Take the dead out of the state, and end the month for those who were new in it."""
        self.state.span, self.state.offers = np.zeros(0), np.zeros(0, np.float32)
        if len(happened.died):
            self.lost.add(self.state.take(happened.died))
            self.lost_since = np.concatenate([self.lost_since, month + happened.left_at])
            self.state.remove(happened.died)

    def month(
        self, month: int, rows: npt.NDArray[np.intp] | None = None, people: Population | None = None
    ) -> tuple[Month, Effects, Contacts | None]:
        """Let a month begin, with newcomers as of `admit`, and happen; `bury` ends it."""
        self.admit(month, rows, people)
        contacts = self.win_back(month)
        happened, effects = self.live(month, seed=self.setup.seed_luck)
        return happened, effects, contacts

    def fork(self, setup: Setup) -> Block:
        """Return the same people at the same moment under another policy."""
        out = copy.copy(self)
        out.setup = setup
        out.population, out.traits = _copied(self.population), _copied(self.traits)
        out.state, out.lost = (each.take(np.arange(len(each))) for each in (self.state, self.lost))
        out.lost_since = self.lost_since.copy()
        return out

    def _traits_of(self, people: Population, rows: npt.NDArray[np.intp]) -> Traits:
        scenario = self.setup.scenario
        if self._people is not None:
            return through(scenario, self._people.some(rows), people.channel)
        return draw_traits(scenario, people.customer_id, seed=self.setup.seed_people, channel=people.channel)

    def _effects(self, month: int) -> Effects:
        effects = self.setup.effects(month, self.state.customer_id & (STRANGER - 1))
        accounts = self.setup.scenario.accounts
        if accounts.key_revenue > 0:
            usual = effects.personal_care
            key = self.traits.key_account[self.state.row]
            care = np.where(key, np.maximum(usual, np.float32(accounts.key_care)), usual)
            dearer = self.setup.scenario.costs.personal_care * (care - usual)
            effects = replace(effects, personal_care=care, monthly_cost=effects.monthly_cost + dearer)
        return effects

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


def _with_room(traits: Traits, rows: npt.NDArray[np.intp], size: int) -> Traits:
    """Return traits with room for others, who are nobody until they join."""
    columns = {f.name: getattr(traits, f.name) for f in fields(traits)}
    out = Traits(**{name: np.zeros((*of.shape[:-1], size), of.dtype) for name, of in columns.items()})
    _put(traits, out, rows)
    return out


def _put(traits: Traits, into: Traits, rows: npt.NDArray[np.intp]) -> None:
    for f in fields(traits):
        getattr(into, f.name)[..., rows] = getattr(traits, f.name)


def _copied(columns: _Columns) -> _Columns:
    return replace(columns, **{f.name: getattr(columns, f.name).copy() for f in fields(columns)})


class Village:
    """The people of a village, month by month: who joins depends on those who recommend the firm.

    Parameters
    ----------
    setup : Setup
        The simulation.
    customers : int64 array
        Ids of one village in ascending sequence, those of prospects included, with all their potential referrers.
    kept : int64 array, optional
        Ids of those about whom one wants to know; all by default. The others live in blocks of their own.
    block_size : int
        Customers simulated at a time; of no influence on the result.

    Attributes
    ----------
    blocks : list of Block
        Those of the kept come first.
    kept : int
        How many blocks hold people about whom one wants to know.
    """

    def __init__(self, setup: Setup, customers: Ids, *, kept: Ids | None = None, block_size: int = BLOCK) -> None:
        self.setup = setup
        inside = np.ones(len(customers), bool) if kept is None else np.isin(customers, kept)
        groups = [part for part in (customers[inside], customers[~inside]) if len(part)]
        parts = [_divided(setup, group, block_size) for group in groups]
        self.blocks = [Block(setup, population) for group in parts for population in group]
        self.kept = len(parts[0]) if inside.any() else 0
        self.prospects = Prospects(setup, customers[customers > setup.customers])
        self._block, self._row = (np.zeros(len(self.prospects.ids), np.int64) for _ in range(2))
        for number, block in enumerate(self.blocks):
            ids = block.population.customer_id
            first = int(np.searchsorted(ids, setup.customers, side="right"))
            place = np.searchsorted(self.prospects.ids, ids[first:])
            self._block[place], self._row[place] = number, np.arange(first, len(ids))

    @property
    def first_month(self) -> int:
        """The month in which the first of them joins."""
        return min(block.first_month for block in self.blocks)

    def month(self, month: int) -> Iterator[tuple[Block, Month, Effects, Contacts | None]]:
        """Give each block with what happens in it in a month; the month ends when the next block is asked for."""
        newcomers: list[tuple[npt.NDArray[np.intp], Population]] = []
        if month >= 0 and len(self.prospects.ids):
            recommended = np.concatenate([block.recommend(month) for block in self.blocks])
            places, people = self.prospects.join(month, recommended)
            where = self._block[places]
            newcomers = [(self._row[places[where == k]], people.some(where == k)) for k in range(len(self.blocks))]
        for number, block in enumerate(self.blocks):
            happened, effects, contacts = block.month(month, *newcomers[number] if newcomers else ())
            yield block, happened, effects, contacts
            block.bury(month, happened)

    def live_until(self, month: int) -> None:
        """Let all months before one happen."""
        for earlier in range(self.first_month, month):
            for _ in self.month(earlier):
                pass

    def fork(self, setup: Setup) -> Village:
        """Return the same people at the same moment under another policy."""
        out = copy.copy(self)
        out.setup, out.prospects = setup, self.prospects.fork(setup)
        out.blocks = [block.fork(setup) for block in self.blocks]
        return out


def _divided(setup: Setup, ids: Ids, size: int) -> list[Population]:
    """Divide people into blocks, each with its part of the customers of the first day and of the prospects."""
    first, later = ids[ids <= setup.customers], ids[ids > setup.customers]
    count = max(1, -(-max(len(first), len(later)) // size))
    return [
        join([opening(setup, one), waiting(other)])
        for one, other in zip(np.array_split(first, count), np.array_split(later, count), strict=True)
    ]


def who_joins(
    setup: Setup, customers: Ids | None = None, *, until: int | None = None, block_size: int = BLOCK
) -> Population:
    """Return everybody who becomes a customer before a month.

    Those to whom the firm may be recommended must wait for what others do: all are simulated, without any record.

    Parameters
    ----------
    setup : Setup
        The simulation.
    customers : int64 array, optional
        Ids to which to confine it, in ascending sequence; all by default.
    until : int, optional
        Month before which they join; the end of the simulation by default.
    block_size : int
        Customers simulated at a time; of no influence on the result.
    """
    until = setup.months if until is None else until
    blocks = lived_until(setup, customers, until, block_size=block_size)
    people = join([block.population.before(until) for block in blocks])
    return people.some(np.argsort(people.customer_id))


def lived_until(setup: Setup, customers: Ids | None, month: int, *, block_size: int = BLOCK) -> Iterator[Block]:
    """Give blocks of people as they are at the start of a month.

    Parameters
    ----------
    setup : Setup
        The simulation.
    customers : int64 array, optional
        Ids to which to confine it, in ascending sequence; all by default.
    month : int
        Which month.
    block_size : int
        Customers simulated at a time; of no influence on the result.
    """
    for ids in by_village(setup, None if customers is None else with_referrers(setup, customers)):
        village = Village(setup, ids, kept=customers, block_size=block_size)
        village.live_until(month)
        yield from village.blocks[: village.kept]
