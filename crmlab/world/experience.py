"""From an order placed to a verdict on it: (6) value, (7) experience, (8) satisfaction, (9) complaint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from crmlab.streams import uniform
from crmlab.world.effects import Effects
from crmlab.world.population import Floats
from crmlab.world.scenario import Scenario
from crmlab.world.state import State

NO_TICKET, UNSATISFIED, SATISFIED, QUICK = range(4)
"""How a problem with an order was reported and settled."""

Draw = Callable[[str], Floats]


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of one month: arrays of shape (m,), in the sequence of customers and, for one customer, of time.

    `number` counts a customer's orders of the month from 0, `time` is in months from the start of the month, `value` is
    at list prices, `experience` how it was, `verdict` how it was judged against what was expected, `failed` whether the
    service went wrong, `ticket` one of NO_TICKET, UNSATISFIED, SATISFIED, QUICK.
    """

    place: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    time: npt.NDArray[np.float64]
    value: Floats
    experience: Floats
    verdict: Floats
    delay: Floats
    failed: npt.NDArray[np.bool_]
    ticket: npt.NDArray[np.int8]


def expected_experience(scenario: Scenario, state: State, effects: Effects, weights: Floats) -> tuple[Floats, Floats]:
    """Return the factor of the size of orders, and their expected experience when nothing goes wrong (7)."""
    e, p = scenario.experience, scenario.price
    paid = effects.price * (1 - effects.promotion)
    distance = np.log(paid / state.reference_price)
    cost = p.reference_sensitivity * distance * np.where(distance > 0, np.float32(p.loss_factor), np.float32(1))
    state.reference_price = state.reference_price * np.exp(p.reference_speed * distance)
    value_factor = np.exp(-(1 - p.rate_share) * state.price_elasticity * np.log(paid))
    mean = e.base + e.fit * state.fit - e.price * cost
    for number, change in enumerate(effects.four_c):
        if change.any():
            mean = mean + weights[number].take(state.row) * change
    return value_factor, mean


def experience_orders(
    scenario: Scenario,
    state: State,
    effects: Effects,
    orders_placed: npt.NDArray[np.int32],
    lived: npt.NDArray[np.float64],
    value_factor: Floats,
    experience_mean: Floats,
    *,
    month: int,
    seed: int,
) -> Orders:
    """(6) Value, (7) experience, (8) satisfaction and (9) complaint, order by order."""
    buyers = np.flatnonzero(orders_placed)
    count = orders_placed[buyers].astype(np.int64)
    place = np.repeat(buyers, count)
    first = np.cumsum(count) - count
    number = np.arange(len(place)) - np.repeat(first, count)
    ids = state.customer_id[place]

    def draw(mechanism: str) -> Floats:
        return uniform(ids, seed=seed, mechanism=mechanism, month=month, draw=number)

    time = _order_times(draw("order_time"), state, place, number, lived)
    shape = scenario.traits.order_value_shape
    # The cube root of a gamma variable is nearly normal (Wilson & Hilferty 1931): within 0.1% at this shape.
    cube_root = 1 - 1 / (9 * shape) + ndtri(draw("basket")) / (3 * shape**0.5)
    value = state.mean_value[place] * np.maximum(cube_root, np.float32(0.05)) ** 3 * _at(value_factor, place)

    e, d = scenario.experience, scenario.delivery
    chance, u = _at(effects.late, place), draw("delay")
    late = u < chance
    delay = np.where(
        late, np.minimum(-d.delay_mean * np.log(u / np.maximum(chance, u)), np.float32(d.delay_longest)), np.float32(0)
    )
    failed = (
        draw("failure") < effects.failure if len(effects.failure) == 1 else draw("failure") < effects.failure[place]
    )
    experience = (
        experience_mean[place]
        + e.spread * ndtri(draw("quality"))
        - late * (e.late + e.delay * delay)
        - e.failure * failed
    )

    problem = late | failed
    severity = np.where(late & failed, np.float32(scenario.complaints.double_severity), problem.astype(np.float32))
    ticket = _tickets(state, effects, place, severity, problem, draw)
    verdict = np.empty_like(experience)
    for position in range(int(count.max(initial=0))):
        rows = first[count > position] + position
        verdict[rows] = _feel(scenario, state, place[rows], experience[rows], severity[rows], ticket[rows])
    return Orders(place, number, time, value, experience, verdict, delay, failed, ticket)


def _order_times(
    u: Floats, state: State, place: npt.NDArray[np.int64], number: npt.NDArray[np.int64], lived: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return ascending times of orders, uniform over the part lived; joiners order at the moment of joining."""
    share = np.where(state.joining[place] & (number == 0), 0.0, u.astype(np.float64))
    # Adding the place sorts within each customer at one go, and is exact: the draws have 23 bits, a float64 has 53.
    share = np.sort(share + place) - place
    return (1 - state.span[place]) + share * lived[place]


def _tickets(
    state: State,
    effects: Effects,
    place: npt.NDArray[np.int64],
    severity: Floats,
    problem: npt.NDArray[np.bool_],
    draw: Draw,
) -> npt.NDArray[np.int8]:
    """(9) Few problems become complaints; how a complaint ends depends on after-sales effort."""
    ticket = np.zeros(len(place), np.int8)
    if not problem.any():
        return ticket
    complains = problem & (draw("complaint") < state.complaint_propensity[place] * severity)
    u = draw("resolution")
    settled, quick = _at(effects.settled, place), _at(effects.quick, place)
    outcome = np.where(u < settled * quick, QUICK, np.where(u < settled, SATISFIED, UNSATISFIED))
    ticket[complains] = outcome[complains]
    return ticket


def _feel(
    scenario: Scenario,
    state: State,
    who: npt.NDArray[np.int64],
    experience: Floats,
    severity: Floats,
    ticket: npt.NDArray[np.int8],
) -> Floats:
    """(8) Satisfaction follows experience and its distance from expectation; (9) a settled complaint restores it.

    Returns the verdict on each order.
    """
    p, c = scenario.satisfaction, scenario.complaints
    before, expected = state.satisfaction[who], state.expectation[who]
    distance = experience - expected
    pleasant = p.gain_limit * np.tanh(np.maximum(distance, np.float32(0)) / p.gain_limit)
    steepness = p.loss_limit / p.loss_slope
    unpleasant = p.loss_limit * np.tanh(np.minimum(distance, np.float32(0)) / steepness)
    verdict = p.level * experience + p.comparison * (pleasant + unpleasant)
    after = before + (1 - p.inertia) * (verdict - before)
    state.expectation[who] = expected + p.learning * distance
    if ticket.any():
        restored = np.where(after < before, after + c.restored * (before - after), after)
        delighted = np.maximum(after, before + c.delight_quick)
        after = np.where(ticket == SATISFIED, restored, np.where(ticket == QUICK, delighted, after))
    state.satisfaction[who] = after
    if severity.any():
        hurt = np.array([c.hurt_silent, c.hurt_unsatisfied, c.hurt_satisfied, c.hurt_quick], np.float32)
        state.hurt[who] += severity * hurt[ticket]
    return verdict


def _at(values: Floats, place: npt.NDArray[np.int64]) -> Floats:
    """Return the value of each place, where one value may stand for all."""
    return values if len(values) == 1 else values[place]
