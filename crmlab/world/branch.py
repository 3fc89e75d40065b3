"""A world stopped at the start of a month, from where it can be continued quickly under one policy after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.acquisition import by_village
from crmlab.world.catalogue import make_catalogue
from crmlab.world.population import Ids
from crmlab.world.record import Recorder
from crmlab.world.run import observe
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns, Village

if TYPE_CHECKING:
    from crmlab.world.world import World

_ALL = 2**31  # everybody of a village in one block


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
        self._world, self._month = world, month
        setup = world.setup
        self._catalogue = make_catalogue(world.scenario, seed=world.seed)
        self._villages = [Village(setup, ids, block_size=_ALL) for ids in by_village(setup)]
        for village in self._villages:
            village.live_until(month)

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
        parts = [months for months, _ in self.go_on(**levers)]
        months = {
            name: np.concatenate([part[name] for part in parts])
            for name in ("month", "profit", "orders", "satisfaction")
        }
        number = months["month"].astype(np.int64) - self._month
        sums: dict[str, npt.NDArray[Any]] = {
            name: np.bincount(number, months[name]) for name in ("profit", "orders", "satisfaction")
        }
        sums["satisfaction"] /= np.bincount(number)
        return pd.DataFrame(sums, index=pd.RangeIndex(self._month, self._world.months, name="month"))

    def customers(self) -> Ids:
        """Return the ids of those who are customers at the start of the month, in no particular sequence."""
        return np.concatenate([block.state.customer_id for village in self._villages for block in village.blocks])

    def go_on(self, **levers: Any) -> list[tuple[Columns, Columns]]:
        """Continue under other levers; return months and orders of the customers of each village.

        Parameters
        ----------
        **levers : float or array
            As of `World.do`; none for the world as it is.

        Returns
        -------
        list of pairs of dicts of arrays
            Months as of `crmlab.world.record.Recorded`, with ``profit``, and orders likewise.
        """
        world = self._world.do(start=self._month, **levers) if levers else self._world
        return [self._continued(village.fork(world.setup), world.setup) for village in self._villages]

    def _continued(self, village: Village, setup: Setup) -> tuple[Columns, Columns]:
        (block,) = village.blocks
        recorder = Recorder(block)
        for month in range(self._month, setup.months):
            for _, happened, effects, contacts in village.month(month):
                recorder.write(month, happened, effects, contacts)
        recorded = recorder.recorded()
        observe(setup, self._catalogue, recorded)
        return recorded.months, recorded.orders
