"""A world stopped at the start of a month, from where it can be continued quickly under one policy after another."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.acquisition import who_joins
from crmlab.world.catalogue import make_catalogue
from crmlab.world.run import observe
from crmlab.world.setup import Setup
from crmlab.world.simulation import Block, record

if TYPE_CHECKING:
    from crmlab.world.world import World


class Branch:
    """The people of a world as they are at the start of a month.

    Continuing from here gives the very months of ``world.do(start=month, …).simulate()``, without living through what
    comes before; for pictures that must answer while a lever is moved.

    Parameters
    ----------
    world : World
        The world as it is lived until then. Small: everything is kept in one block.
    month : int
        Month at whose start policies part, from 0 to before the last.

    Raises
    ------
    ValueError
        If `month` is not a month of the world.
    """

    def __init__(self, world: World, month: int) -> None:
        if not 0 <= month < world.months:
            raise ValueError(f"month={month!r} is not a month of this world, which has 0 to {world.months - 1}")
        setup = world.setup
        self._world, self._month = world, month
        self._block = Block(setup, who_joins(setup, None))
        self._catalogue = make_catalogue(setup.scenario, seed=setup.seed_people)
        for earlier in range(self._block.first_month, month):
            self._block.admit(earlier)
            happened, _ = self._block.live(earlier, seed=setup.seed_luck)
            self._block.bury(happened.died)

    def monthly(self, **levers: Any) -> pd.DataFrame:
        """Return profit, orders and satisfaction of the months from here on, under other levers.

        Parameters
        ----------
        **levers : float or array
            As of `World.do`; none for the world as it is.

        Returns
        -------
        DataFrame
            Indexed by ``month``: ``profit`` in € and ``orders``, sums over all customers; ``satisfaction``, their mean.
        """
        world = self._world.do(start=self._month, **levers) if levers else self._world
        block = self._continued(world.setup)
        customers, months, orders = record(block, from_month=self._month)
        observe(world.setup, self._catalogue, customers, months, orders)
        number = months["month"].astype(np.int64) - self._month
        sums: dict[str, npt.NDArray[Any]] = {
            name: np.bincount(number, months[name]) for name in ("profit", "orders", "satisfaction")
        }
        sums["satisfaction"] /= np.bincount(number)
        return pd.DataFrame(sums, index=pd.RangeIndex(self._month, self._world.months, name="month"))

    def _continued(self, setup: Setup) -> Block:
        """Return a block that is at the start of the month, with those who join later under this policy."""
        block = Block(setup, who_joins(setup, None))
        block.state = copy.deepcopy(self._block.state)
        # Who has joined by now is in both populations, at another place.
        block.state.row = np.searchsorted(block.population.customer_id, block.state.customer_id)
        return block
