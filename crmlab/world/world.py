"""The world as its users see it: make it, simulate it, do something else in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import derive_seed
from crmlab.world.expectation import expected_future
from crmlab.world.policy import Policy, changed_policy, neutral_policy
from crmlab.world.population import copula_factor
from crmlab.world.run import Run, simulate
from crmlab.world.scenario import Scenario, load_scenario
from crmlab.world.setup import Setup
from crmlab.world.simulation import BLOCK, who_joins
from crmlab.world.treatment import first_difference, treatment_effects
from crmlab.world.waking import waking


class World:
    """A simulated firm with its customers, whose truth is known.

    The same arguments give the same world, to the last bit, on any number of processes. Two worlds that differ only in
    what the firm does (`do`) share their people and their luck.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Name of a scenario that comes with crmlab, path of a TOML file like those, or a scenario.
    customers : int
        Customers on file on the first day. Others join later and get ids above this number.
    months : int
        Months to simulate from the first day.
    seed : int
        Seed of the people, and of their luck where `luck_seed` is not given.
    luck_seed : int, optional
        Seed of what happens to the people: with another one the same people lead other lives.

    Raises
    ------
    ScenarioError
        If the scenario does not exist or says something impossible.
    ValueError
        If a number is impossible.

    Examples
    --------
    >>> world = World("cosmetics", customers=200, months=12, seed=7)
    >>> run = world.simulate()
    >>> cheaper = world.do(price=0.9, start=6).simulate()
    >>> bool(run.transactions["net"].iloc[0] == cheaper.transactions["net"].iloc[0])
    True
    """

    def __init__(
        self,
        scenario: str | Path | Scenario = "cosmetics",
        *,
        customers: int = 5_000,
        months: int = 24,
        seed: int = 0,
        luck_seed: int | None = None,
        _policy: Policy | None = None,
    ) -> None:
        _check_count("customers", customers, 1, 1_000_000_000)
        _check_count("months", months, 1, 1_200)
        _check_count("seed", seed, -(2**63), 2**63 - 1)
        self.scenario = load_scenario(scenario)
        copula_factor(self.scenario)  # correlations that contradict one another are an error here, not later
        self.customers = int(customers)
        self.months = int(months)
        self.seed = int(seed)
        self.luck_seed = self.seed if luck_seed is None else int(luck_seed)
        self._policy = _policy or neutral_policy(self.scenario, self.months)

    def __repr__(self) -> str:
        luck = "" if self.luck_seed == self.seed else f", luck_seed={self.luck_seed}"
        return (
            f"World({self.scenario.name!r}, customers={self.customers}, months={self.months}, seed={self.seed}{luck})"
        )

    @property
    def policy(self) -> pd.DataFrame:
        """What the firm does: one row per month, one column per lever."""
        return self._policy.table()

    def do(
        self, customers: pd.DataFrame | None = None, /, *, start: int = 0, stop: int | None = None, **levers: Any
    ) -> World:
        """Return the same world in which the firm does something else.

        Months before `start` stay as they are, and so does the luck of everything that the change does not touch.

        Parameters
        ----------
        customers : DataFrame, optional
            Levers of single customers: ``customer_id``, one column per lever, and optionally ``month`` (then a row
            applies to that month only). Customers without a row get what the firm does for all.
        start : int
            First month of the change.
        stop : int, optional
            First month after it; without it the change lasts, also beyond the last month.
        **levers : float or array
            New value of each lever: one, or one for each month concerned.

        Returns
        -------
        World

        Raises
        ------
        ValueError
            If a lever is unknown or has no effect in this version, or a value is impossible.

        Examples
        --------
        >>> world = World(customers=200, months=12)
        >>> half_a_year = world.do(promotion=0.2, start=6)
        >>> one_month = world.do(promotion=0.2, start=6, stop=7)
        >>> for_two = world.do(pd.DataFrame({"customer_id": [3, 8], "emails": [0, 6]}))
        """
        policy = changed_policy(self._policy, levers, start=start, stop=stop, customers=customers)
        return self._with(policy=policy)

    def changed(self, numbers: Mapping[str, Any]) -> World:
        """Return the same people and luck in a world in which some numbers of the scenario are other.

        Parameters
        ----------
        numbers : mapping of str to value
            New values by ``"section.key"``; levers are changed by `do`.

        Examples
        --------
        >>> World(customers=200, months=12).changed({"survey.item_halo": 0.0}).scenario.survey.item_halo
        0.0
        """
        return World(
            self.scenario.with_values(numbers),
            customers=self.customers,
            months=self.months,
            seed=self.seed,
            luck_seed=self.luck_seed,
            _policy=self._policy,
        )

    def with_luck(self, number: int) -> World:
        """Return the same people under the same policy with other luck.

        Parameters
        ----------
        number : int
            Which other luck: 0, 1, 2, …
        """
        return self._with(luck_seed=derive_seed(self.luck_seed, -1 - number))

    def with_people(self, *, seed: int, customers: int | None = None, months: int | None = None) -> World:
        """Return the same firm under the same policy with other people.

        Parameters
        ----------
        seed : int
            Seed of the people and of their luck; that of this world gives the same people again.
        customers : int, optional
            Customers on file on the first day; as many as here by default.
        months : int, optional
            Months to simulate; as many as here by default. In months beyond these the last one's levers go on.

        Returns
        -------
        World
            What single customers are treated to differently is kept only where the people stay the same.
        """
        count, length = customers or self.customers, months or self.months
        same = seed == self.seed and count == self.customers
        return World(
            self.scenario,
            customers=count,
            months=length,
            seed=seed,
            luck_seed=self.luck_seed if same else None,
            _policy=self._policy.lasting(length, exceptions=same),
        )

    def simulate(self, *, customers: Iterable[int] | None = None, processes: int = 1, block_size: int = BLOCK) -> Run:
        """Simulate the world from the firm's beginnings to the last month.

        Parameters
        ----------
        customers : iterable of int, optional
            Ids to confine the simulation to: their rows are the same as in a simulation of all.
        processes : int
            Processes that share the villages, of which there is one for each 50,000 customers, so that a smaller world
            keeps one busy; the result is the same for any number.
        block_size : int
            Customers simulated at a time; the result is the same for any number.

        Returns
        -------
        Run

        Raises
        ------
        ValueError
            If a number is impossible or nobody of `customers` exists.
        """
        _check_count("processes", processes, 1, 1024)
        _check_count("block_size", block_size, 1, 2**31)
        return simulate(self, self.setup, self._some(customers), block_size=block_size, processes=processes)

    def expected(
        self,
        *,
        from_month: int,
        horizon: int | None = None,
        replications: int | None = None,
        customers: Iterable[int] | None = None,
    ) -> pd.DataFrame:
        """Return what each customer is expected to do from the start of a month on, luck removed.

        Parameters
        ----------
        from_month : int
            First month that counts, from 0 to `months`; everybody who joins before it is in the result.
        horizon : int, optional
            Months over which orders and discounted profit are summed; the scenario's own two horizons by default.
        replications : int, optional
            Repetitions over which to average; the scenario's number by default.
        customers : iterable of int, optional
            Ids to confine the result to.

        Returns
        -------
        DataFrame
            Indexed by ``customer_id``: ``expected_orders``, ``expected_value`` (€) and their standard errors.
        """
        t = self.scenario.truth
        _check_count("from_month", from_month, 0, self.months)
        setup = self.setup
        return expected_future(
            setup,
            self._some(customers),
            from_month=from_month,
            horizon=_check_count("horizon", horizon or t.value_horizon_months, 1, 1_200),
            order_horizon=horizon or t.order_horizon_months,
            replications=_check_count("replications", replications or t.replications, 2, 100_000),
        )

    def treatment_effect(
        self,
        changed: World,
        *,
        horizon: int | None = None,
        replications: int = 64,
        customers: Iterable[int] | None = None,
        processes: int = 1,
    ) -> pd.DataFrame:
        """Return what doing as in another world is expected to do to each customer, luck removed.

        Everybody who is a customer when the two policies part is followed from there under both of them, many times
        over, under the same luck. This is the direct effect: what a customer does differently, not those whom the
        customer brings (`crmlab.recovery.total_effect`).

        Parameters
        ----------
        changed : World
            This world under another policy, from `do`.
        horizon : int, optional
            Months over which to sum; by default all that are left.
        replications : int
            Repetitions over which to average, at least 2.
        customers : iterable of int, optional
            Ids to confine the result to.
        processes : int
            Processes that share the work; the result is the same for any number.

        Returns
        -------
        DataFrame
            Indexed by ``customer_id``: expected ``orders_without`` and ``orders_with`` the change, ``orders_effect``,
            its standard error ``orders_effect_se`` over the repetitions; and the same for ``value``, discounted profit
            in €. Those who had left by then have zeros.

        Raises
        ------
        ValueError
            If the worlds differ in more than their policy, or not at all.

        Examples
        --------
        >>> world = World(customers=200, months=12)
        >>> effects = world.treatment_effect(world.do(price=0.9, start=6), replications=8)
        >>> bool(effects["orders_effect"].mean() > 0)
        True
        """
        start = self.parts_at(changed)
        mine, theirs = self.setup, changed.setup
        return treatment_effects(
            mine,
            theirs,
            who_joins(mine, self._some(customers), until=start),
            from_month=start,
            horizon=_check_count("horizon", horizon or self.months - start, 1, 1_200),
            replications=_check_count("replications", replications, 2, 100_000),
            processes=_check_count("processes", processes, 1, 1024),
        )

    def waking(self, *, from_month: int, offer: float, horizon: int = 12, replications: int = 16) -> pd.DataFrame:
        """Return what an offer to come back, made to everybody at the start of a month, is expected to bring.

        Who is still a customer pays no attention to it: writing to them costs money and changes nothing.

        Parameters
        ----------
        from_month : int
            Month of the offer, from 0 to `months`.
        offer : float
            Strength of the offer, from 0 to 1, as the lever ``win_back_offer``; what it costs is not counted.
        horizon : int
            Months over which the profit of those who come back is summed, discounted.
        replications : int
            Repetitions over which to average.

        Returns
        -------
        DataFrame
            Indexed by ``customer_id``: ``left`` (whether the customer had left), ``chance`` of coming back,
            ``value_if_back`` in €, and ``gain``, their product.

        Examples
        --------
        >>> there = World(customers=200, months=12).waking(from_month=12, offer=0.1, replications=2)
        >>> bool((there.loc[~there["left"], "gain"] == 0).all())
        True
        """
        if not 0 <= offer <= 1:
            raise ValueError(f"offer={offer!r} is impossible; it must be between 0 and 1")
        return waking(
            self.setup,
            month=_check_count("from_month", from_month, 0, self.months),
            horizon=_check_count("horizon", horizon, 1, 1_200),
            offer=float(offer),
            replications=_check_count("replications", replications, 1, 100_000),
        )

    def parts_at(self, changed: World) -> int:
        """Return the first month in which another world's policy may differ from this one's.

        Parameters
        ----------
        changed : World
            This world under another policy, from `do`.

        Raises
        ------
        ValueError
            If the worlds differ in more than their policy, or not at all.
        """
        for name in ("customers", "months", "seed", "luck_seed"):
            if getattr(self, name) != getattr(changed, name):
                raise ValueError(f"the worlds have another {name}; change a world with its method do")
        if dict(self.scenario) != dict(changed.scenario):
            raise ValueError("the worlds have another scenario; change a world with its method do")
        start = first_difference(self.setup, changed.setup)
        if start == self.months:
            raise ValueError("both worlds have the same policy, so that there is no effect")
        return start

    @property
    def setup(self) -> Setup:
        """Everything the simulation depends on, for work on the world itself."""
        return Setup(self.scenario, self._policy, self.customers, self.months, self.seed, self.luck_seed)

    def _some(self, customers: Iterable[int] | None) -> npt.NDArray[np.int64] | None:
        if customers is None:
            return None
        ids = np.unique(np.asarray(list(customers), dtype=np.int64))
        last = self.customers + self.setup.prospects
        if not len(ids) or ids[0] < 1 or ids[-1] > last:
            raise ValueError(f"customers: ids must lie between 1 and {last}, and there must be at least one")
        return ids

    def _with(self, *, policy: Policy | None = None, luck_seed: int | None = None) -> World:
        return World(
            self.scenario,
            customers=self.customers,
            months=self.months,
            seed=self.seed,
            luck_seed=self.luck_seed if luck_seed is None else luck_seed,
            _policy=policy or self._policy,
        )


def _check_count(name: str, value: Any, smallest: int, largest: int) -> int:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not smallest <= value <= largest:
        raise ValueError(f"{name}={value!r} is impossible; it must be a whole number from {smallest} to {largest}")
    return int(value)
