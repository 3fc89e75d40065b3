"""The simulations from which the facts of one seed are computed; what several facts need is simulated once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world import Run, World, load_scenario
from crmlab.world.record import record_block
from crmlab.world.simulation import Columns, who_joins

T = TypeVar("T")
BLOCK = 16_384

CDNOW = {
    "traits.order_rate_shape": 0.553,
    "traits.order_rate_mean": 0.227,
    "traits.churn_frailty_shape": 0.606,
    "leaving.hazard": 0.2256,
}
"""Pareto/NBD as estimated on the CDNOW data by Fader, Hardie & Lee (2005), in months: mean rate r/α and hazard s/β."""


class Recorded(NamedTuple):
    """A simulation with everything latent: one value per customer, per customer and month, and per order."""

    customers: Columns
    months: Columns
    orders: Columns

    def of_customer(self, name: str, ids: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return a column of the customers for each of some ids."""
        return self.customers[name][np.searchsorted(self.customers["customer_id"], ids)]


class Sample:
    """The worlds of one seed.

    Parameters
    ----------
    seed : int
        Seed of all of them.
    customers : int
        Customers of each, unless a fact says otherwise.
    """

    def __init__(self, seed: int, customers: int) -> None:
        self.seed, self.customers = seed, customers
        self._kept: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, made once for this sample.

        Parameters
        ----------
        key : hashable
            Name of the thing.
        make : function
            Without argument.
        """
        if key not in self._kept:
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept

    def cohort(self, scenario: str = "cosmetics", *, months: int = 24, share: float = 1.0, **values: Any) -> World:
        """Return a world whose customers all join in month 0.

        Parameters
        ----------
        scenario : str
            Name.
        months : int
            Months to simulate.
        share : float
            Part of the sample's customers that is enough for the purpose.
        **values : number
            Other values of the scenario, such as ``leaving__hazard=0.05``.
        """
        changes = {"firm.history_months": 0, **{key.replace("__", "."): value for key, value in values.items()}}
        customers = max(1, round(share * self.customers))
        return World(load_scenario(scenario).with_values(changes), customers=customers, months=months, seed=self.seed)

    def recorded(self, scenario: str = "cosmetics", *, months: int = 24) -> Recorded:
        """Return the cohort of a scenario as recorded; made once."""
        return self.once(("recorded", scenario, months), lambda: record_world(self.cohort(scenario, months=months)))

    def run(self, scenario: str = "cosmetics", *, months: int = 24) -> Run:
        """Return the run of the cohort of a scenario, with the firm's tables; made once."""
        return self.once(("run", scenario, months), lambda: self.cohort(scenario, months=months).simulate())

    def year(self, scenario: str) -> pd.DataFrame:
        """Return what each customer of a cohort brought in the months 1 to 12; made once, the simulation is not kept.

        Parameters
        ----------
        scenario : str
            Name; of those other than cosmetics a fifth of the customers is enough.

        Returns
        -------
        DataFrame
            Indexed by ``customer_id``: ``orders``, ``sales`` (€), ``revenue`` (€: sales and fees), ``profit`` (€).
        """

        def make() -> pd.DataFrame:
            if scenario == "cosmetics":
                return _first_year(self.run())
            return _first_year(self.cohort(scenario, months=13, share=0.2).simulate())

        return self.once(("year", scenario), make)


def _first_year(run: Run) -> pd.DataFrame:
    orders, first = run.transactions, np.datetime64(run.world.scenario.start_date, "M")
    inside = orders[(orders["ts"] >= first + 1) & (orders["ts"] < first + 13)].groupby("customer_id")["net"]
    months = run.truth.months[run.truth.months["month"].between(1, 12)]
    out = (
        pd.DataFrame({"orders": inside.size(), "sales": inside.sum()}).reindex(run.customers["customer_id"]).fillna(0.0)
    )
    out["profit"] = months.groupby("customer_id")["profit"].sum()
    # A fee is billed to whoever lives to the end of the month.
    contracts = run.subscriptions.set_index("customer_id")
    left = contracts["end"].to_numpy("datetime64[M]").astype(np.int64) - first.astype(np.int64)
    billed = np.clip(np.where(contracts["end"].isna(), 13, left) - 1, 0, 12)
    fees = pd.Series(billed * contracts["fee"].to_numpy(), contracts.index)
    out["revenue"] = out["sales"].add(fees, fill_value=0.0)
    return out.fillna(0.0)


def record_world(world: World) -> Recorded:
    """Simulate a world and return it with everything latent.

    Parameters
    ----------
    world : World
        Which one.

    Returns
    -------
    Recorded
    """
    parts = [record_block(world.setup, block) for block in who_joins(world.setup).blocks(BLOCK)]
    tables = [[part.customers for part in parts], [part.months for part in parts], [part.orders for part in parts]]
    return Recorded(*({name: np.concatenate([t[name] for t in table]) for name in table[0]} for table in tables))


def pareto_nbd_world(seed: int, customers: int, months: int) -> World:
    """Return a world in which a customer's order rate and hazard never change: Pareto/NBD with the CDNOW parameters.

    Parameters
    ----------
    seed, customers, months : int
        As of `World`.

    Returns
    -------
    World
    """
    scenario = load_scenario("cosmetics")
    same = {f"channels.{channel}.{key}": 1.0 for channel in scenario.channels for key in ("churn", "order_rate")}
    changes = {"firm.history_months": 0, "firm.coupling": 0.0, **CDNOW, **same}
    return World(scenario.with_values(changes), customers=customers, months=months, seed=seed)
