"""A world stopped at the start of a month, from where it can be continued quickly under one policy after another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.acquisition import Population
from crmlab.world.catalogue import make_catalogue
from crmlab.world.record import record
from crmlab.world.run import observe
from crmlab.world.setup import Setup
from crmlab.world.simulation import Block, Columns, Recommendations, by_generation

if TYPE_CHECKING:
    from crmlab.world.world import World

_ALL = 2**31  # everybody of a generation in one block


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
        self._catalogue = make_catalogue(world.scenario, seed=world.seed)
        setup, lived = world.setup, partial(_live_until, world.setup, month)
        generations = by_generation(setup, None, lived, block_size=_ALL)
        self._blocks = [block for _, blocks in generations for block in blocks]

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
        setup, remaining = world.setup, iter(self._blocks)

        def go_on(population: Population) -> tuple[tuple[Recommendations, ...], Columns]:
            block, past = next(remaining)
            recorded = record(block.fork(setup, population), from_month=self._month)
            observe(setup, self._catalogue, recorded)
            return past + recorded.recommendations, recorded.months

        parts = [months for _, blocks in by_generation(setup, None, go_on, block_size=_ALL) for months in blocks]
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


def _live_until(
    setup: Setup, month: int, population: Population
) -> tuple[tuple[Recommendations, ...], tuple[Block, tuple[Recommendations, ...]]]:
    """Live through the months before one."""
    block, out = Block(setup, population), []
    for earlier in range(block.first_month, month):
        happened, _, _ = block.month(earlier)
        if len(happened.refers):
            out.append(Recommendations(earlier, block.state.customer_id[happened.refers]))
        block.bury(earlier, happened)
    return tuple(out), (block, tuple(out))
