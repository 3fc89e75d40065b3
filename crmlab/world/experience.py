"""From an order placed to a verdict on it: (7) experience, (8) satisfaction, (9) complaint; and (6) what it was worth.

Value and time of an order act on nothing later. They are drawn only where somebody records them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from crmlab.streams import uniform
from crmlab.world.effects import Effects
from crmlab.world.population import Floats, Ids
from crmlab.world.scenario import Scenario
from crmlab.world.state import State

NO_TICKET, UNSATISFIED, SATISFIED, QUICK = range(4)
"""How a problem with an order was reported and settled."""


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of one month: arrays of shape (m,); first the first ones of all buyers, then the second ones, and so on.

    `place` is that of the buyer in the state, `number` counts a customer's orders of the month from 0. `experience` is
    how it was, `verdict` how it was judged against what was expected; `delay` in days, 0 when on time; `failed` whether
    something else went wrong; `ticket` one of NO_TICKET, UNSATISFIED, SATISFIED, QUICK.
    """

    place: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    experience: Floats
    verdict: Floats
    delay: Floats
    failed: npt.NDArray[np.bool_]
    ticket: npt.NDArray[np.int8]


def value_factor(scenario: Scenario, state: State, effects: Effects) -> Floats:
    """Return the factor of the size of orders (6), shape (1,) or (n,): who pays less buys more."""
    paid = effects.price * (1 - effects.promotion)
    if (paid == 1).all():
        return np.ones(1, np.float32)
    return np.exp(-(1 - scenario.price.rate_share) * effects.elasticity * state.price_elasticity * np.log(paid))


def experience_mean(
    scenario: Scenario,
    state: State,
    effects: Effects,
    weights: Floats,
    price_felt: Floats,
    place: npt.NDArray[np.int64] | slice = slice(None),
) -> Floats:
    """Return the expected experience of an order when nothing goes wrong (7), for some places in the state."""
    e = scenario.experience
    mean = np.float32(e.fit) * state.fit[place]
    mean += np.float32(e.base)
    if price_felt.any():
        mean -= np.float32(e.price) * _at(price_felt, place)
    for number, change in enumerate(effects.four_c):
        if change.any():
            mean += weights[number][state.row[place]] * _at(change, place)
    return mean


def experience_orders(
    scenario: Scenario,
    state: State,
    effects: Effects,
    buyers: npt.NDArray[np.intp],
    count: npt.NDArray[np.int32],
    weights: Floats,
    price_felt: Floats,
    *,
    month: int,
    seed: int,
) -> Orders:
    """(7) Experience, (8) satisfaction and (9) complaint, order by order."""
    places, again = [buyers], 1
    while (several := buyers[count > again]).size:
        places.append(several)
        again += 1
    place = np.concatenate(places)
    number = np.repeat(np.arange(len(places)), [len(part) for part in places])
    ids = state.customer_id[place]
    first = len(buyers)  # all first orders come first, so that their draws have the same number

    def draw(mechanism: str) -> Floats:
        return _draw(ids, number, first, seed=seed, mechanism=mechanism, month=month)

    e, d = scenario.experience, scenario.delivery
    chance, u = _at(effects.late, place), draw("delay")
    late = np.flatnonzero(u < chance)
    delay = np.zeros(len(place), np.float32)
    at_most = chance if len(chance) == 1 else chance[late]
    delay[late] = np.minimum(-d.delay_mean * np.log(u[late] / at_most), np.float32(d.delay_longest))
    failed = draw("failure") < _at(effects.failure, place)
    experience = ndtri(draw("quality"))
    experience *= np.float32(e.spread)
    experience += experience_mean(scenario, state, effects, weights, price_felt, place)
    experience[late] -= e.late + e.delay * delay[late]
    experience -= np.float32(e.failure) * failed

    severity = failed.astype(np.float32)
    severity[late] = np.where(failed[late], np.float32(scenario.complaints.double_severity), np.float32(1))
    ticket = _tickets(state, effects, place, number, severity, month=month, seed=seed)
    verdict = np.empty_like(experience)
    begin = 0
    for part in places:
        rows = slice(begin, begin + len(part))
        verdict[rows] = _feel(scenario, state, part, experience[rows], severity[rows], ticket[rows])
        begin += len(part)
    return Orders(place, number, experience, verdict, delay, failed, ticket)


def order_values(
    scenario: Scenario, ids: Ids, orders: Orders, mean_value: Floats, factor: Floats, *, month: int, seed: int
) -> Floats:
    """(6) Return the value of each order at list prices.

    Parameters
    ----------
    scenario : Scenario
        Shape of the distribution.
    ids : int64 array, shape (m,)
        Customer of each order.
    orders : Orders
        The orders.
    mean_value : float32 array, shape (m,)
        Mean value of an order of this customer.
    factor : float32 array, shape (1,) or (m,)
        From `value_factor`.
    month, seed : int
        Month and seed of the luck.
    """
    shape = scenario.traits.order_value_shape
    u = _draw(ids, orders.number, _firsts(orders), seed=seed, mechanism="basket", month=month)
    # The cube root of a gamma variable is nearly normal (Wilson & Hilferty 1931): within 0.1% at this shape.
    cube_root = ndtri(u)
    cube_root *= np.float32(1 / (3 * shape**0.5))
    cube_root += np.float32(1 - 1 / (9 * shape))
    np.maximum(cube_root, np.float32(0.05), out=cube_root)
    return mean_value * (cube_root * cube_root * cube_root) * factor


def order_times(
    state: State,
    orders: Orders,
    died: npt.NDArray[np.intp],
    left_after: npt.NDArray[np.float64],
    *,
    month: int,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return the moments of orders, in months from the start of the month: uniform over the part lived.

    The orders of one customer come in the sequence of their numbers; who joins or comes back orders at that moment.
    """
    place, number, n = orders.place, orders.number, len(state)
    u = _draw(state.customer_id[place], number, _firsts(orders), seed=seed, mechanism="order_time", month=month)
    share = u.astype(np.float64)
    starts, length = np.zeros(n), np.ones(n)
    starts[n - len(state.span) :] = 1 - state.span
    length[n - len(state.span) :] = state.span
    length[died] = left_after
    share[(place >= n - len(state.span)) & (number == 0)] = 0.0
    again = np.zeros(n, np.bool_)
    again[place[_firsts(orders) :]] = True
    several = np.flatnonzero(again[place])
    # Adding the place sorts within each customer at one go, and is exact: the draws have 23 bits, a float64 has 53.
    by_customer = several[np.lexsort((number[several], place[several]))]
    share[by_customer] = np.sort(share[by_customer] + place[by_customer]) - place[by_customer]
    return starts[place] + share * length[place]


def _firsts(orders: Orders) -> int:
    return int(np.searchsorted(orders.number, 1))


def _draw(ids: Ids, number: npt.NDArray[np.int64], first: int, *, seed: int, mechanism: str, month: int) -> Floats:
    """Draw one number for each order; draws that have their number in common cost half as much."""
    out = np.empty(len(ids), np.float32)
    out[:first] = uniform(ids[:first], seed=seed, mechanism=mechanism, month=month)
    out[first:] = uniform(ids[first:], seed=seed, mechanism=mechanism, month=month, draw=number[first:])
    return out


def _tickets(
    state: State,
    effects: Effects,
    place: npt.NDArray[np.int64],
    number: npt.NDArray[np.int64],
    severity: Floats,
    *,
    month: int,
    seed: int,
) -> npt.NDArray[np.int8]:
    """(9) Few problems become complaints; how a complaint ends depends on after-sales effort."""
    ticket = np.zeros(len(place), np.int8)
    rows = np.flatnonzero(severity)

    def draw(mechanism: str) -> Floats:
        ids = state.customer_id[place[rows]]
        return uniform(ids, seed=seed, mechanism=mechanism, month=month, draw=number[rows])

    rows = rows[draw("complaint") < state.complaint_propensity[place[rows]] * severity[rows]]
    u = draw("resolution")
    settled, quick = _at(effects.settled, place[rows]), _at(effects.quick, place[rows])
    ticket[rows] = np.where(u < settled * quick, QUICK, np.where(u < settled, SATISFIED, UNSATISFIED))
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
    # One curve on either side: limit × tanh(distance / width), where the width of a loss makes it steeper at once.
    loss = distance < 0
    limit = np.where(loss, np.float32(p.loss_limit), np.float32(p.gain_limit))
    width = np.where(loss, np.float32(p.loss_limit / p.loss_slope), np.float32(p.gain_limit))
    verdict = np.tanh(distance / width)
    verdict *= limit
    verdict *= np.float32(p.comparison)
    verdict += np.float32(p.level) * experience
    after = before + np.float32(1 - p.inertia) * (verdict - before)
    state.expectation[who] = expected + np.float32(p.learning) * distance
    settled = np.flatnonzero(ticket >= SATISFIED)
    if len(settled):
        now, then = after[settled], before[settled]
        restored = np.where(now < then, now + c.restored * (then - now), now)
        after[settled] = np.where(ticket[settled] == SATISFIED, restored, np.maximum(now, then + c.delight_quick))
    state.satisfaction[who] = after
    problems = np.flatnonzero(severity)
    hurt = np.array([c.hurt_silent, c.hurt_unsatisfied, c.hurt_satisfied, c.hurt_quick], np.float32)
    state.hurt[who[problems]] += severity[problems] * hurt[ticket[problems]]
    return verdict


def _at(values: Floats, place: npt.NDArray[np.int64] | slice) -> Floats:
    """Return the value of each place, where one value may stand for all."""
    return values if len(values) == 1 else values[place]
