"""A finished simulation: the firm's tables, and the truth apart from them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import derive_seed
from crmlab.world.acquisition import Population
from crmlab.world.catalogue import Catalogue, make_catalogue
from crmlab.world.dirt import DirtyShown, switches
from crmlab.world.observation import (
    customers_table,
    deliveries_table,
    observe_block,
    order_lines_table,
    products_table,
    transactions_table,
)
from crmlab.world.observe.records import Records
from crmlab.world.observe.shown import FirmTables, Shown
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns, record_block
from crmlab.world.truth import Truth, truth_of

if TYPE_CHECKING:
    from crmlab.world.world import World


@dataclass(frozen=True)
class Run(FirmTables):
    """What a firm has on file after the last day, and what really was.

    The tables below are there at once. Others are made when first asked for, such as ``run.surveys``: see `FirmTables`.

    Attributes
    ----------
    customers, transactions, order_lines, products, deliveries, policy : DataFrame
        The firm's tables; their columns stand in the vocabulary, `crmlab.tables`.
    truth : Truth
        Traits, states and expected futures; no firm ever has these.
    world : World
        What was simulated.
    shown : Shown
        Maker of the other tables.
    """

    customers: pd.DataFrame
    transactions: pd.DataFrame
    order_lines: pd.DataFrame
    products: pd.DataFrame
    deliveries: pd.DataFrame
    policy: pd.DataFrame
    truth: Truth
    world: World
    shown: Shown = field(repr=False, compare=False)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The firm's tables by name, those that are there at once."""
        return {name: getattr(self, name) for name in TABLES}

    def dirty(self, tier: str = "realistic", /, *, seed: int = 0, **rates: float) -> Run:
        """Return the same firm with its files as files are: twice registered, misspelt, incomplete, in two currencies.

        The truth stays what it is; ``truth.persons`` says who is whom, and ``dirt_log`` holds every cell before and
        after. Tables: `customers`, `transactions`, `contact_details`, `tickets` and `reviews`.

        Parameters
        ----------
        tier : str
            ``clean``, ``realistic`` or ``hard``; `crmlab.world.dirt.TIERS` has their rates.
        seed : int
            Seed of the dirt.
        **rates : float
            Rates that are other than those of the tier; `crmlab.world.dirt.Switches` names them.

        Returns
        -------
        Run

        Raises
        ------
        ValueError
            If the tier or a kind of dirt does not exist, or a rate is impossible.

        Examples
        --------
        >>> import crmlab as crm
        >>> shop = crm.World("cosmetics", customers=300, months=6).simulate()
        >>> doubles = shop.dirty("clean", duplicates=0.1).truth.persons
        >>> bool(doubles["person_id"].duplicated().any())
        True
        """
        shown = DirtyShown(self, switches(tier, rates), derive_seed(self.world.seed, seed))
        return replace(
            self,
            customers=shown.table("customers"),
            transactions=shown.table("transactions"),
            truth=self.truth.behind(shown),
            shown=shown,
        )

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(table):,}" for name, table in self.tables.items())
        return f"Run of {self.world!r}: {rows} rows"


TABLES = ("customers", "transactions", "order_lines", "products", "deliveries", "policy")
"""Tables of this version of the world."""


def simulate(world: World, setup: Setup, population: Population, *, block_size: int, processes: int) -> Run:
    """Simulate all blocks and put their tables together.

    Parameters
    ----------
    world : World
        Kept in the run.
    setup : Setup
        The simulation.
    population : Population
        Whom to simulate.
    block_size, processes : int
        How to divide the work; of no influence on the result.
    """
    catalogue = make_catalogue(setup.scenario, seed=setup.seed_people)
    blocks = list(_blocks(setup, catalogue, population, block_size=block_size, processes=processes))
    customers, observed, shown, latent = (_joined([block[k] for block in blocks]) for k in (0, 2, 3, 4))
    orders, lines, sequence = _in_time(observed, shown)
    months = [block[1] for block in blocks]
    records = Records(setup, catalogue, customers, months, orders, lines, latent, sequence)
    further = Shown(lambda: records)
    return Run(
        customers=customers_table(setup, customers, orders),
        transactions=transactions_table(setup, orders),
        order_lines=order_lines_table(setup, catalogue, orders, lines),
        products=products_table(setup, catalogue),
        deliveries=deliveries_table(setup, orders),
        policy=setup.policy.table(),
        truth=truth_of(world, customers, months, further),
        world=world,
        shown=further,
    )


LATENT = ("number", "experience", "verdict", "delay", "failed", "ticket", "ticket_cost")
"""What is felt about an order, or costs the firm, and shows in no table of orders."""


def _blocks(
    setup: Setup, catalogue: Catalogue, population: Population, *, block_size: int, processes: int
) -> Iterator[tuple[Columns, Columns, Columns, Columns, Columns]]:
    run = partial(_simulate_block, setup, catalogue)
    if processes == 1:
        yield from map(run, population.blocks(block_size))
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(run, population.blocks(block_size))


def _simulate_block(
    setup: Setup, catalogue: Catalogue, population: Population
) -> tuple[Columns, Columns, Columns, Columns, Columns]:
    customers, months, orders = record_block(setup, population)
    observed, lines = observe(setup, catalogue, customers, months, orders)
    return customers, months, observed, lines, {name: orders[name] for name in LATENT}


def observe(
    setup: Setup, catalogue: Catalogue, customers: Columns, months: Columns, orders: Columns
) -> tuple[Columns, Columns]:
    """Observe the orders of a block, as `observe_block` does, and put the ``profit`` of each month among the months."""
    observed, lines = observe_block(setup, catalogue, customers, orders)
    cells = len(customers["customer_id"]) * setup.months
    cell = orders["row"] * setup.months + orders["month"]
    earned = np.bincount(cell, weights=observed.pop("profit"), minlength=cells)
    months["profit"] = earned[months.pop("row") * setup.months + months["month"]] - months.pop("spent")
    return observed, lines


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _in_time(orders: Columns, lines: Columns) -> tuple[Columns, Columns, npt.NDArray[np.int64]]:
    """Sort orders by time, and lines with them; return also the sequence."""
    sequence = np.lexsort((orders["order_id"], orders["ts"]))
    count = orders["lines"]
    first = np.cumsum(count) - count
    count = count[sequence]
    # The lines of one order stay together: each place is the first line of the order plus the place within it.
    line_sequence = np.arange(len(lines["product"])) + np.repeat(first[sequence] - (np.cumsum(count) - count), count)
    return (
        {name: values[sequence] for name, values in orders.items()},
        {name: values[line_sequence] for name, values in lines.items()},
        sequence,
    )
