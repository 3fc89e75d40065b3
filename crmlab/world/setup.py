"""Everything a simulation depends on, in one object that processes can share."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from crmlab.world.effects import Effects, advertising_factor, advertising_stock, drifted, effects_of
from crmlab.world.policy import Policy
from crmlab.world.population import Floats, Ids, branch_of
from crmlab.world.scenario import Scenario
from crmlab.world.staff import staff_deviation


@dataclass
class Setup:
    """Everything a simulation depends on.

    Attributes
    ----------
    scenario : Scenario
        Kind of business.
    policy : Policy
        What the firm does.
    customers : int
        Customers on the first day; they have the ids 1 to `customers`, prospects the ids after these.
    months : int
        Months from the first day.
    seed_people, seed_luck : int
        Seeds of who the customers are and of what happens to them.
    """

    scenario: Scenario
    policy: Policy
    customers: int
    months: int
    seed_people: int
    seed_luck: int
    _effects: dict[int, Effects] = field(default_factory=dict, repr=False, compare=False)
    _stock: dict[int, Floats] = field(default_factory=dict, repr=False, compare=False)

    def effects(self, month: int, customers: Ids) -> Effects:
        """Return what the levers do in a month; the same object for all blocks where customers are treated alike."""
        if self.policy.exceptions or self.scenario.branches.count:
            return self._new_effects(month, customers)
        if month not in self._effects:
            before = self._effects.get(month - 1)
            same = before is not None and self._does_as_before(month, before, customers)
            self._effects[month] = before if before is not None and same else self._new_effects(month, customers)
        return self._effects[month]

    def _does_as_before(self, month: int, before: Effects, customers: Ids) -> bool:
        """Return whether neither a lever nor the market has moved since the month before: then its effects hold on."""
        drifting = ("late", "order_rate", "price_elasticity")
        return (
            self.policy.of_firm(month) == self.policy.of_firm(month - 1)
            and all(drifted(self.scenario, k, month) == drifted(self.scenario, k, month - 1) for k in drifting)
            and bool((self.advertising(month, customers) == before.advertising).all())
        )

    def _new_effects(self, month: int, customers: Ids) -> Effects:
        advertising = self.advertising(month, customers)
        staff = None
        if self.scenario.branches.count:
            branch = branch_of(self.scenario, customers, seed=self.seed_people)
            staff = staff_deviation(self.scenario, month, seed=self.seed_people)[branch]
        return effects_of(self.scenario, self.policy, month, customers, advertising, staff)

    def advertising(self, month: int, customers: Ids) -> Floats:
        """Return the factor of the order rate from present and past advertising, shape (1,) or (n,)."""
        if self.policy.has_exceptions("advertising"):
            stock = advertising_stock(self.scenario, self.policy, month, customers)
        else:
            if month not in self._stock:
                before = self._stock.get(month - 1)
                self._stock[month] = advertising_stock(self.scenario, self.policy, month, customers, before)
            stock = self._stock[month]
        return advertising_factor(self.scenario, stock)

    @property
    def prospects(self) -> int:
        """How many people may still become customers on the first day."""
        return prospect_count(self.scenario, self.customers)


def prospect_count(scenario: Scenario, customers: int) -> int:
    """Return how many people had not yet joined when `customers` had: they are the pool from which newcomers come.

    A firm without history is a cohort: nobody joins later.
    """
    waiting = np.exp(-scenario.acquisition.hazard * scenario.firm.history_months)
    return round(customers * waiting / (1 - waiting)) if waiting < 1 else 0
