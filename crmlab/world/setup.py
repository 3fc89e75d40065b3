"""Everything a simulation depends on, in one object that processes can share."""

from __future__ import annotations

from dataclasses import dataclass, field

from crmlab.world.effects import Effects, advertising_factor, effects_of
from crmlab.world.policy import Policy
from crmlab.world.population import Ids
from crmlab.world.scenario import Scenario


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

    def effects(self, month: int, customers: Ids) -> Effects:
        """Return what the levers do in a month; the same object for all blocks where customers are treated alike."""
        if self.policy.exceptions:
            return self._new_effects(month, customers)
        if month not in self._effects:
            self._effects[month] = self._new_effects(month, customers)
        return self._effects[month]

    def _new_effects(self, month: int, customers: Ids) -> Effects:
        advertising = advertising_factor(self.scenario, self.policy, month, customers)
        return effects_of(self.scenario, self.policy, month, customers, advertising)
