"""Month after month over blocks of customers; the blocks never change a result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlab.world.acquisition import Population, generations, join, newcomers, opening, with_referrers
from crmlab.world.behaviour import Month, live_one_month
from crmlab.world.effects import Effects
from crmlab.world.population import Floats, Ids, Traits, draw_needs, draw_traits
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup
from crmlab.world.state import State, starting_state
from crmlab.world.win_back import Contacts, win_back

Columns = dict[str, npt.NDArray[Any]]

BLOCK = 32_768
"""Customers simulated at a time: so many that calling numpy costs little, so few that a core's cache holds them."""

STRANGER = 1 << 40
"""Distance of the ids of one customer's repetitions; far above any customer's id."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """Who recommended the firm in a month."""

    month: int
    customers: Ids


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
        self.traits: Traits = draw_traits(
            setup.scenario, population.customer_id, seed=setup.seed_people, channel=population.channel
        )
        join_month = np.floor(population.arrival).astype(np.int64)
        self._starting = starting_state(setup.scenario, self.traits, join_month)
        self._span = join_month + 1 - population.arrival
        self._queue = np.argsort(join_month, kind="stable")
        self._queued_month = join_month[self._queue]
        self.first_month = int(join_month.min(initial=0))
        self.state, self.lost = State(), State()
        self.lost_since = np.zeros(0)
        self._needs: Floats | None = None

    def admit(self, month: int) -> None:
        """Let those who join in this month in."""
        low, high = np.searchsorted(self._queued_month, [month, month + 1])
        rows = self._queue[low:high]
        self.state.add(self._starting.take(rows))
        self.state.span = self._span[rows]
        self.state.offers = np.zeros(0, np.float32)

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
            recommend=self.setup.prospects > 0 and month >= 0 and not immortal,
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

    def month(self, month: int) -> tuple[Month, Effects, Contacts | None]:
        """Let a month begin and happen; `bury` ends it."""
        self.admit(month)
        contacts = self.win_back(month)
        happened, effects = self.live(month, seed=self.setup.seed_luck)
        return happened, effects, contacts

    def fork(self, setup: Setup, population: Population) -> Block:
        """Return the same people at the same moment under another policy, with others who join later."""
        out = Block(setup, population)
        for name in ("state", "lost"):
            mine: State = getattr(self, name)
            copied = mine.take(np.arange(len(mine)))
            # Who has joined by now is in both populations, at another place.
            copied.row[:] = np.searchsorted(population.customer_id, copied.customer_id)
            setattr(out, name, copied)
        out.lost_since = self.lost_since.copy()
        return out

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


Work = Callable[[Population], tuple[tuple[Recommendations, ...], Any]]
"""What is done with a block of people: it returns who recommended the firm, and a result of its own."""


def by_generation(
    setup: Setup,
    customers: Ids | None,
    work: Work,
    *,
    until: int | None = None,
    last_too: bool = True,
    block_size: int = BLOCK,
    processes: int = 1,
) -> Iterator[tuple[Population, list[Any]]]:
    """Give one generation after the other: who of it joins, and what `work` made of each of its blocks.

    Who joins may depend on what earlier generations do; what a block does depends on nobody else.

    Parameters
    ----------
    setup : Setup
        The simulation.
    customers : int64 array, optional
        Ids to which to confine it, in ascending sequence and with all their potential referrers; all by default.
    work : function
        Of a block of people; pickled where there are several processes.
    until : int, optional
        Month before which people join; the end of the simulation by default.
    last_too : bool
        Whether `work` is wanted of the last generation, for which nobody waits.
    block_size, processes : int
        How to divide the work; of no influence on the result.
    """
    until = setup.months if until is None else until
    groups = generations(setup, customers)
    recommended: dict[int, list[Ids]] = {}
    pool = ProcessPoolExecutor(processes) if processes > 1 else None
    try:
        for number, ids in enumerate(groups):
            if number == 0:
                population = opening(setup, ids).before(until)
            else:
                population = newcomers(setup, ids, _merged(recommended), until=until)
            last = number == len(groups) - 1
            results = []
            if last_too or not last:
                run: Callable[..., Iterable[Any]] = map if pool is None else pool.map
                for recommendations, result in run(work, population.blocks(block_size)):
                    results.append(result)
                    for event in recommendations if not last else ():
                        recommended.setdefault(event.month, []).append(event.customers)
            yield population, results
    finally:
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def who_joins(
    setup: Setup, customers: Ids | None = None, *, until: int | None = None, processes: int = 1
) -> Population:
    """Return everybody who becomes a customer before a month.

    Those to whom the firm may be recommended must wait for what earlier generations do: these are simulated, without
    any record.

    Parameters
    ----------
    setup : Setup
        The simulation.
    customers : int64 array, optional
        Ids to which to confine it, in ascending sequence; all by default.
    until : int, optional
        Month before which they join; the end of the simulation by default.
    processes : int
        Processes that share the work.
    """
    ids = None if customers is None else with_referrers(setup, customers)
    work = partial(live_through, setup, until=setup.months if until is None else until)
    parts = by_generation(setup, ids, work, until=until, last_too=False, processes=processes)
    found = join([population for population, _ in parts])
    return found if customers is None else found.some(np.isin(found.customer_id, customers))


def live_through(setup: Setup, population: Population, *, until: int) -> tuple[tuple[Recommendations, ...], None]:
    """Simulate a block without any record but who recommends the firm."""
    block, out = Block(setup, population), []
    for month in range(block.first_month, until):
        happened, _, _ = block.month(month)
        if len(happened.refers):
            out.append(Recommendations(month, block.state.customer_id[happened.refers]))
        block.bury(month, happened)
    return tuple(out), None


def _merged(recommended: dict[int, list[Ids]]) -> dict[int, Ids]:
    return {month: np.concatenate(parts) for month, parts in recommended.items()}
