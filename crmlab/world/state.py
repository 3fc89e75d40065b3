"""The state of living customers, from joining on."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from crmlab.world.population import Floats, Ids, Traits
from crmlab.world.scenario import Scenario


@dataclass(slots=True)
class State:
    """Living customers at the start of a month, one array of shape (n,) each.

    Traits come first, then what changes. `span` is the part of the month for which the customer exists (1 but for
    joiners, who place their first order on joining), `row` the place of the customer in the block.
    """

    customer_id: Ids
    row: npt.NDArray[np.int64]
    order_rate: Floats
    churn_frailty: Floats
    mean_value: Floats
    price_elasticity: Floats
    deal_proneness: Floats
    fit: Floats
    complaint_propensity: Floats
    email_affinity: Floats
    switching_cost: Floats
    enrolment: Floats
    span: npt.NDArray[np.float64]
    joining: npt.NDArray[np.bool_]
    satisfaction: Floats
    commitment: Floats
    expectation: Floats
    salience: Floats
    fatigue: Floats
    borrowed: Floats
    hurt: Floats
    social_bond: Floats
    reference_price: Floats
    orders: npt.NDArray[np.int32]
    member: npt.NDArray[np.bool_]
    subscribed: npt.NDArray[np.bool_]

    def take(self, rows: npt.NDArray[np.intp]) -> State:
        """Return some of the customers."""
        return State(*(getattr(self, f.name).take(rows) for f in fields(self)))

    def join(self, other: State) -> State:
        """Return these customers and `other`."""
        return State(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))


def starting_state(scenario: Scenario, traits: Traits, span: npt.NDArray[np.float64]) -> State:
    """Return customers as they are when they join.

    Parameters
    ----------
    scenario : Scenario
        Starting values.
    traits : Traits
        Who they are.
    span : float64 array, shape (n,)
        Part of the month of joining that is left.
    """
    n = len(traits.customer_id)

    def full(value: float) -> Floats:
        return np.full(n, value, np.float32)

    return State(
        customer_id=traits.customer_id,
        row=np.arange(n),
        order_rate=traits.order_rate,
        churn_frailty=traits.churn_frailty,
        mean_value=(scenario.traits.order_value_shape / traits.spend_rate).astype(np.float32),
        price_elasticity=traits.price_elasticity,
        deal_proneness=traits.deal_proneness,
        fit=traits.fit,
        complaint_propensity=traits.complaint_propensity,
        email_affinity=traits.email_affinity,
        switching_cost=traits.switching_cost,
        enrolment=np.exp(scenario.programme.order_rate * traits.z[0]).astype(np.float32),
        span=span,
        joining=np.ones(n, bool),
        satisfaction=scenario.satisfaction.start_fit * traits.fit,
        commitment=full(0),
        expectation=traits.expectation,
        salience=full(scenario.memory.start),
        fatigue=full(0),
        borrowed=full(0),
        hurt=full(0),
        social_bond=full(0),
        reference_price=full(1),
        orders=np.zeros(n, np.int32),
        member=np.zeros(n, bool),
        subscribed=traits.consents,
    )
