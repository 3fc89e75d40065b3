"""The state of living customers, from joining on.

All customers of a block live in one buffer with room for everybody who ever joins. Who leaves is replaced by the last
row, so that nothing is moved but the few that leave. The place of a customer in it is therefore of no meaning.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from crmlab.world.population import Floats, Ids, Traits
from crmlab.world.scenario import Scenario

TRAITS = (
    "order_rate",
    "churn_frailty",
    "price_elasticity",
    "deal_proneness",
    "fit",
    "complaint_propensity",
    "email_affinity",
    "switching_cost",
    "word_of_mouth",
    "enrolment",
)
CHANGING = (
    "satisfaction",
    "commitment",
    "expectation",
    "salience",
    "retention",
    "fatigue",
    "borrowed",
    "hurt",
    "social_bond",
    "structural_bond",
    "reference_price",
    "orders",
    "last_order",
    "since",
)
FLAGS = ("member", "subscribed", "contacted")


class State:
    """Living customers at the start of a month: views of shape (n,) into buffers.

    `customer_id` and `row` (the place in the block's population) say who it is. Traits come first, then what changes:
    `retention` is what a month leaves of salience, `orders` counts them, `last_order` and `since` are the months of the
    last order and of joining. `contacted` says whether the firm has tried to win the customer back since the last
    order.

    The last rows are the newcomers of the month: first those who join, then those who come back. `span` is the part of
    the month for which each of them is there; `returning` of them come back, with the discounts `offers`.
    """

    customer_id: Ids
    row: npt.NDArray[np.int64]
    order_rate: Floats
    churn_frailty: Floats
    price_elasticity: Floats
    deal_proneness: Floats
    fit: Floats
    complaint_propensity: Floats
    email_affinity: Floats
    switching_cost: Floats
    word_of_mouth: Floats
    enrolment: Floats
    satisfaction: Floats
    commitment: Floats
    expectation: Floats
    salience: Floats
    retention: Floats
    fatigue: Floats
    borrowed: Floats
    hurt: Floats
    social_bond: Floats
    structural_bond: Floats
    reference_price: Floats
    orders: Floats
    last_order: Floats
    since: Floats
    member: npt.NDArray[np.bool_]
    subscribed: npt.NDArray[np.bool_]
    contacted: npt.NDArray[np.bool_]

    def __init__(self, capacity: int = 0) -> None:
        self._ids = np.empty((2, capacity), np.int64)
        self._floats = np.empty((len(TRAITS) + len(CHANGING), capacity), np.float32)
        self._flags = np.empty((len(FLAGS), capacity), np.bool_)
        self.span = np.zeros(0)
        self.offers = np.zeros(0, np.float32)
        self._resize(0)

    def __len__(self) -> int:
        return self._n

    @property
    def returning(self) -> int:
        """How many of the last rows come back this month."""
        return len(self.offers)

    def take(self, rows: npt.NDArray[np.intp]) -> Self:
        """Return some of the customers; nobody among them is a newcomer."""
        out = type(self)(len(rows))
        for mine, theirs in zip(self._buffers, out._buffers, strict=True):
            theirs[:] = mine[:, rows]
        out._resize(len(rows))
        return out

    def add(self, other: State) -> None:
        """Put other customers behind these, making room where needed."""
        n = self._n + len(other)
        if n > self._ids.shape[1]:
            room = max(n, 2 * self._n)
            self._ids, self._floats, self._flags = (
                np.concatenate([buffer, np.empty((len(buffer), room - buffer.shape[1]), buffer.dtype)], axis=1)
                for buffer in self._buffers
            )
        for mine, theirs in zip(self._buffers, other._buffers, strict=True):
            mine[:, self._n : n] = theirs[:, : len(other)]
        self._resize(n)

    def remove(self, rows: npt.NDArray[np.intp]) -> None:
        """Take customers out; the last ones come into their places."""
        n = self._n - len(rows)
        holes = rows[rows < n]
        stays = np.ones(len(rows), bool)
        stays[rows[rows >= n] - n] = False
        fillers = n + np.flatnonzero(stays)
        for buffer in self._buffers:
            buffer[:, holes] = buffer[:, fillers]
        self._resize(n)

    @property
    def _buffers(self) -> tuple[npt.NDArray[Any], ...]:
        return self._ids, self._floats, self._flags

    def _resize(self, n: int) -> None:
        self._n = n
        self.customer_id, self.row = self._ids[:, :n]
        for name, values in zip(TRAITS + CHANGING, self._floats[:, :n], strict=True):
            setattr(self, name, values)
        for name, flags in zip(FLAGS, self._flags[:, :n], strict=True):
            setattr(self, name, flags)


def starting_state(scenario: Scenario, traits: Traits, join_month: npt.NDArray[np.int64]) -> State:
    """Return customers as they are when they join.

    Parameters
    ----------
    scenario : Scenario
        Starting values.
    traits : Traits
        Who they are.
    join_month : int64 array, shape (n,)
        When.
    """
    n = len(traits.customer_id)
    state = State(n)
    state._resize(n)
    values: dict[str, Any] = {name: getattr(traits, name) for name in TRAITS if name != "enrolment"}
    values |= dict.fromkeys(CHANGING + FLAGS, 0)
    values |= {
        "customer_id": traits.customer_id,
        "row": np.arange(n),
        "enrolment": np.exp(scenario.programme.order_rate * traits.z[0]),
        "satisfaction": scenario.satisfaction.start_fit * traits.fit,
        "expectation": traits.expectation,
        "salience": scenario.memory.start,
        "retention": retention(scenario)[0],
        "reference_price": 1,
        "last_order": join_month,
        "since": join_month,
        "subscribed": traits.consents,
    }
    for name, value in values.items():
        getattr(state, name)[:] = value
    return state


def retention(scenario: Scenario) -> Floats:
    """(3) Return what a month leaves of salience after 0, 1, 2, … orders: forgetting slows down with repetition."""
    m = scenario.memory
    repetition = np.arange(int(m.repetition_cap) + 1)
    return np.exp(-1 / (m.stability * (1 + m.repetition * repetition))).astype(np.float32)
