"""A finished simulation: the firm's tables, and the truth apart from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import derive_seed
from crmlab.world.acquisition import by_village, generation_ends, with_referrers
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
from crmlab.world.record import Recorded, Recorder
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns, Village
from crmlab.world.truth import Truth, truth_of

if TYPE_CHECKING:
    from crmlab.world.world import World


_T = TypeVar("_T")


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
    work = partial(_simulate_village, setup, catalogue, wanted, block_size)
    blocks = [block for village in _of_villages(setup, wanted, work, processes) for block in village]
    people = [part for block in blocks for part in _by_generation(setup, block)]
    if not people:
        raise ValueError("none of these customers joins before the end of the simulation")
    people.sort(key=lambda part: int(part[0]["customer_id"][0]))
    customers, months = (_joined([part[k] for part in people]) for k in range(2))
    observed, shown, latent = (_joined([block[k] for block in blocks]) for k in range(2, 5))
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


def _of_villages(setup: Setup, wanted: Ids | None, work: Callable[[Ids], list[_T]], processes: int) -> list[list[_T]]:
    """Do work on the people of each village."""
    villages = by_village(setup, None if wanted is None else with_referrers(setup, wanted))
    if processes == 1 or len(villages) == 1:
        return [work(ids) for ids in villages]
    with ProcessPoolExecutor(min(processes, len(villages))) as pool:
        return list(pool.map(work, villages))


def _by_generation(setup: Setup, block: Observed) -> Iterator[tuple[Columns, Columns]]:
    """Divide customers and months where a generation ends: the ids of one block lie together within each."""
    customers, months, *_ = block
    ends = generation_ends(setup)
    of_customers, of_months = (
        np.concatenate([[0], np.searchsorted(part["customer_id"], ends, side="right")]) for part in (customers, months)
    )
    for k in range(len(ends)):
        here, there = (slice(at[k], at[k + 1]) for at in (of_customers, of_months))
        if here.start < here.stop:
            yield (
                {name: values[here] for name, values in customers.items()},
                {name: values[there] for name, values in months.items()},
            )


def _mails(setup: Setup, wanted: Ids | None, *, block_size: int, processes: int) -> Columns:
    """Live through the simulation once more and return the mails, customer by customer and month by month."""
    work = partial(_mails_of_village, setup, wanted, block_size)
    parts = [part for village in _of_villages(setup, wanted, work, processes) for part in village if part]
    if not parts:
        return {}
    mails = _joined(parts)
    sequence = np.lexsort((mails["month"], mails["customer_id"]))
    return {name: values[sequence] for name, values in mails.items()}


def _mails_of_village(setup: Setup, wanted: Ids | None, block_size: int, ids: Ids) -> list[Columns]:
    return [recorded.mails for recorded in _record_village(setup, wanted, block_size, ids, mails=True)]


LATENT = (
    "number",
    "experience",
    "verdict",
    "delay",
    "failed",
    "ticket",
    "ticket_cost",
    "shipping",
    "reward",
    "member",
    "serve_rate",
)
"""What is felt about an order, or costs the firm, and shows in no table of orders."""


Observed = tuple[Columns, Columns, Columns, Columns, Columns]
"""A block's customers, months, orders, order lines, and what is felt about the orders."""


def _simulate_village(
    setup: Setup, catalogue: Catalogue, wanted: Ids | None, block_size: int, ids: Ids
) -> list[Observed]:
    out = []
    for recorded in _record_village(setup, wanted, block_size, ids):
        observed, lines = observe(setup, catalogue, recorded)
        latent = {name: recorded.orders[name] for name in LATENT}
        out.append((recorded.customers, recorded.months, observed, lines, latent))
    return out


def _record_village(
    setup: Setup, wanted: Ids | None, block_size: int, ids: Ids, *, mails: bool = False
) -> list[Recorded]:
    """Simulate a village and record those who are wanted."""
    village = Village(setup, ids, kept=wanted, block_size=block_size)
    recorders = [Recorder(block, mails=mails) for block in village.blocks[: village.kept]]
    for month in range(village.first_month, setup.months):
        for number, (_, happened, effects, contacts) in enumerate(village.month(month)):
            if number < len(recorders):
                recorders[number].write(month, happened, effects, contacts)
    return [recorder.recorded() for recorder in recorders]


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
