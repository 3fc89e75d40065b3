"""What really was: traits, monthly states, and the expected future. No firm has these tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab.tables import vocabulary
from crmlab.world.coefficients import coefficients
from crmlab.world.four_cs import four_cs
from crmlab.world.observe.shown import Shown, TrueTables
from crmlab.world.population import segment_of
from crmlab.world.scenario import Scenario
from crmlab.world.simulation import Columns

if TYPE_CHECKING:
    from crmlab.world.world import World


class Truth(TrueTables):
    """The truth layer of a run.

    The tables are made or read when first asked for: the expected future takes some seconds, because everybody is
    followed into the future many times over.

    Parameters
    ----------
    world : World
        What was simulated.
    tables : mapping of str to function
        Functions without argument that return `traits`, `months` and `customers`.
    shown : Shown
        Maker of the truth behind surveys, reviews and so on: see `TrueTables`.
    """

    def __init__(self, world: World, tables: Mapping[str, Callable[[], pd.DataFrame]], shown: Shown) -> None:
        self._world = world
        self.shown = shown
        self._tables = dict(tables)

    def behind(self, shown: Shown) -> Truth:
        """Return the same truth behind tables that are shown in another way."""
        return Truth(self._world, {name: partial(getattr, self, name) for name in self._tables}, shown)

    @cached_property
    def traits(self) -> pd.DataFrame:
        """One row per customer: what was drawn once."""
        return self._tables["traits"]()

    @cached_property
    def months(self) -> pd.DataFrame:
        """One row per customer and month while the customer existed: rates, states, orders and profit."""
        return self._tables["months"]()

    @cached_property
    def customers(self) -> pd.DataFrame:
        """One row per customer: when it left, and what it was expected to bring after the last month."""
        return self._tables["customers"]()

    @cached_property
    def four_cs(self) -> pd.DataFrame:
        """One row per customer and month: solution, cost, convenience and communication as the customer met them."""
        return four_cs(self.shown.records)

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """One row per equation and term of the world: the true coefficient, signed, with its source."""
        return coefficients(self._world.scenario)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The three tables by name."""
        return {name: getattr(self, name) for name in self._tables}

    @property
    def expected_orders(self) -> pd.Series:
        """Orders expected in the year after the last month, by customer_id."""
        return self.customers.set_index("customer_id")["expected_orders"]

    @property
    def expected_value(self) -> pd.Series:
        """Discounted profit expected in the five years after the last month, in euro, by customer_id."""
        return self.customers.set_index("customer_id")["expected_value"]

    def expected(self, *, from_month: int, horizon: int | None = None, replications: int | None = None) -> pd.DataFrame:
        """Return what each customer was expected to do from the start of a month on, luck removed.

        Parameters
        ----------
        from_month : int
            First month that counts; everybody who had joined before it is in the result.
        horizon : int, optional
            Months over which orders and discounted profit are summed; the scenario's own two horizons by default.
        replications : int, optional
            Repetitions over which to average; the scenario's number by default.

        Returns
        -------
        DataFrame
            Indexed by ``customer_id``: ``expected_orders``, ``expected_value`` (€), and the standard errors
            ``expected_orders_se``, ``expected_value_se`` left by the finite number of repetitions.
        """
        return self._world.expected(
            from_month=from_month, horizon=horizon, replications=replications, customers=self.traits["customer_id"]
        )


def truth_of(world: World, customers: Columns, months: Columns, shown: Shown) -> Truth:
    """Return the truth of a simulation as recorded.

    Parameters
    ----------
    world : World
        What was simulated.
    customers : dict of arrays
        One value per customer.
    months : dict of arrays
        One value per customer and month, in that sequence.
    shown : Shown
        Maker of the further tables.
    """
    return Truth(
        world,
        {
            "traits": partial(_traits, world.scenario, customers),
            "months": partial(_months, months),
            "customers": partial(_customers, world, customers),
        },
        shown,
    )


def _traits(scenario: Scenario, customers: Columns) -> pd.DataFrame:
    segment = pd.Categorical.from_codes(
        segment_of(scenario, customers["z"].T), categories=pd.Index(list(scenario.segments))
    )
    names = [name for name in vocabulary()["truth_traits"].columns if name not in ("customer_id", "segment")]
    columns = {name: customers[name].astype(np.float64) for name in names}
    return pd.DataFrame({"customer_id": customers["customer_id"], "segment": segment, **columns})


def _months(months: Columns) -> pd.DataFrame:
    out: Columns = {}
    for name in vocabulary()["truth_months"].columns:
        kind = np.int64 if months[name].dtype.kind == "i" else np.float64
        out[name] = months[name].astype(kind, copy=False)
    return pd.DataFrame(out, copy=False)


def _customers(world: World, customers: Columns) -> pd.DataFrame:
    ids = customers["customer_id"]
    future = world.expected(from_month=world.months, customers=ids)
    return pd.DataFrame(
        {
            "customer_id": ids,
            "person_id": ids,
            "death_time": customers["death_time"],
            "expected_orders": future["expected_orders"].to_numpy(),
            "expected_value": future["expected_value"].to_numpy(),
        }
    )
