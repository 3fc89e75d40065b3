"""What really was: traits, monthly states, and the expected future. No firm has these tables."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab.world.population import segment_of
from crmlab.world.simulation import Columns

if TYPE_CHECKING:
    from crmlab.world.world import World


class Truth:
    """The truth layer of a run.

    The tables are made when first asked for: `customers` needs some seconds, because it follows everybody into the future many
    times over.

    Attributes
    ----------
    traits : DataFrame
        One row per customer: what was drawn once.
    months : DataFrame
        One row per customer and month while the customer existed: rates, states, orders and profit.
    customers : DataFrame
        One row per customer: when it left, and what it was expected to bring after the last month.
    """

    def __init__(self, world: World, customers: Columns, months: list[Columns]) -> None:
        self._world = world
        self._customers = customers
        self._months = months

    @cached_property
    def traits(self) -> pd.DataFrame:
        """One row per customer: what was drawn once."""
        c = self._customers
        segments = list(self._world.scenario.segments)
        names = (
            "order_rate churn_frailty spend_rate price_elasticity deal_proneness fit expectation complaint_propensity "
            "email_affinity word_of_mouth switching_cost"
        ).split()
        segment = pd.Categorical.from_codes(segment_of(self._world.scenario, c["z"].T), categories=pd.Index(segments))
        columns = {name: c[name].astype(np.float64) for name in names}
        return pd.DataFrame({"customer_id": c["customer_id"], "segment": segment, **columns})

    @cached_property
    def months(self) -> pd.DataFrame:
        """One row per customer and month while the customer existed."""
        out: Columns = {}
        # Blocks follow one another by customer, so sorting each of them sorts all.
        sequences = [np.lexsort((block["month"], block["customer_id"])) for block in self._months]
        for name, values in self._months[0].items():
            kind = np.int64 if values.dtype.kind == "i" else np.float64
            parts = [block[name][rows] for block, rows in zip(self._months, sequences, strict=True)]
            out[name] = np.concatenate(parts).astype(kind, copy=False)
        return pd.DataFrame(out, copy=False)

    @cached_property
    def customers(self) -> pd.DataFrame:
        """One row per customer: when it left, and what it was expected to bring after the last month."""
        future = self._future
        ids = self._customers["customer_id"]
        return pd.DataFrame(
            {
                "customer_id": ids,
                "person_id": ids,
                "death_time": self._customers["death_time"],
                "expected_orders": future["expected_orders"].to_numpy(),
                "expected_value": future["expected_value"].to_numpy(),
            }
        )

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
            from_month=from_month, horizon=horizon, replications=replications, customers=self._customers["customer_id"]
        )

    @cached_property
    def _future(self) -> pd.DataFrame:
        return self.expected(from_month=self._world.months)
