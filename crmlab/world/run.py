"""A finished simulation: the firm's tables, and the truth apart from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import derive_seed
from crmlab.world.acquisition import Population, with_referrers
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
from crmlab.world.population import Ids
from crmlab.world.record import Recorded, record_block
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns, Recommendations, by_generation, live_through
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


def simulate(world: World, setup: Setup, wanted: Ids | None, *, block_size: int, processes: int) -> Run:
    """Simulate all blocks and put their tables together.

    Parameters
    ----------
    world : World
        Kept in the run.
    setup : Setup
        The simulation.
    wanted : int64 array, optional
        Ids of whom to simulate, in ascending sequence; all by default.
    block_size, processes : int
        How to divide the work; of no influence on the result.
    """
    catalogue = make_catalogue(setup.scenario, seed=setup.seed_people)
    ids = None if wanted is None else with_referrers(setup, wanted)
    work = partial(_simulate_block, setup, catalogue, wanted)
    generations = by_generation(setup, ids, work, block_size=block_size, processes=processes)
    blocks = [block for _, results in generations for block in results]
    if not any(len(customers["customer_id"]) for customers, *_ in blocks):
        raise ValueError("none of these customers joins before the end of the simulation")
    customers, months, observed, shown, latent = (_joined([block[k] for block in blocks]) for k in range(5))
    orders, lines, sequence = _in_time(observed, shown)
    again = partial(_mails, setup, wanted, block_size=block_size, processes=processes)
    records = Records(setup, catalogue, customers, months, orders, lines, latent, sequence, again)
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


def _mails(setup: Setup, wanted: Ids | None, *, block_size: int, processes: int) -> Columns:
    """Live through the simulation once more and return the mails, customer by customer and month by month."""
    ids = None if wanted is None else with_referrers(setup, wanted)
    work = partial(_mails_of_block, setup, wanted)
    generations = by_generation(setup, ids, work, block_size=block_size, processes=processes)
    parts = [part for _, results in generations for part in results if part]
    return _joined(parts) if parts else {}


def _mails_of_block(
    setup: Setup, wanted: Ids | None, population: Population
) -> tuple[tuple[Recommendations, ...], Columns]:
    recorded, others = _recorded(setup, wanted, population, mails=True)
    mails = recorded.mails
    if mails:
        sequence = np.lexsort((mails["month"], mails["customer_id"]))
        mails = {name: values[sequence] for name, values in mails.items()}
    return others + recorded.recommendations, mails


LATENT = ("number", "experience", "verdict", "delay", "failed", "ticket", "ticket_cost")
"""What is felt about an order, or costs the firm, and shows in no table of orders."""


def _simulate_block(
    setup: Setup, catalogue: Catalogue, wanted: Ids | None, population: Population
) -> tuple[tuple[Recommendations, ...], tuple[Columns, Columns, Columns, Columns, Columns]]:
    recorded, others = _recorded(setup, wanted, population)
    observed, lines = observe(setup, catalogue, recorded)
    latent = {name: recorded.orders[name] for name in LATENT}
    return others + recorded.recommendations, (recorded.customers, recorded.months, observed, lines, latent)


def _recorded(
    setup: Setup, wanted: Ids | None, population: Population, *, mails: bool = False
) -> tuple[Recorded, tuple[Recommendations, ...]]:
    """Record those of a block who are wanted; of the others only what they recommend."""
    others: tuple[Recommendations, ...] = ()
    if wanted is not None:
        inside = np.isin(population.customer_id, wanted)
        others, _ = live_through(setup, population.some(~inside), until=setup.months)
        population = population.some(inside)
    return record_block(setup, population, mails=mails), others


def observe(setup: Setup, catalogue: Catalogue, recorded: Recorded) -> tuple[Columns, Columns]:
    """Observe the orders of a block, as `observe_block` does, and put the ``profit`` of each month among the months."""
    observed, lines = observe_block(setup, catalogue, recorded.customers, recorded.orders)
    orders, months = recorded.orders, recorded.months
    cells = len(recorded.customers["customer_id"]) * setup.months
    cell = orders["row"].astype(np.int64) * setup.months + orders["month"]
    earned = np.bincount(cell, weights=observed.pop("profit"), minlength=cells)
    cell = months["row"].astype(np.int64) * setup.months + months["month"]
    months["profit"] = earned[cell] - months.pop("spent")
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
