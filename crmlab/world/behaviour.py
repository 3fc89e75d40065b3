"""What customers do in one month: mail, memory, orders, experience, satisfaction, bonds, leaving.

The numbers in brackets are the mechanisms of the model as CONTRIBUTING lists them. All state is float32 arrays over the living
customers; no line loops over customers. Every random number comes by the inverse distribution function from one uniform, so
that effects are monotone: a higher order rate never takes an order away.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from crmlab.streams import poisson_quantile, uniform
from crmlab.world.effects import Effects
from crmlab.world.population import Ids, Traits
from crmlab.world.scenario import Scenario, Section

Floats = npt.NDArray[np.float32]
NO_TICKET, UNSATISFIED, SATISFIED, QUICK = range(4)


@dataclass(slots=True)
class State:
    """Living customers at the start of a month, one array of shape (n,) each.

    Traits come first, then what changes. `span` is the part of the month for which the customer exists (1 but for joiners, who
    place their first order on joining), `row` the place of the customer in the block.
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


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders of one month: arrays of shape (m,), in the sequence of customers and, for one customer, of time.

    `number` counts a customer's orders of the month from 0, `time` is in months from the start of the month, `value` is at list
    prices, `experience` how it was, `verdict` how it was judged against what was expected, `ticket` one of NO_TICKET, UNSATISFIED, SATISFIED, QUICK.
    """

    place: npt.NDArray[np.int64]
    number: npt.NDArray[np.int64]
    time: npt.NDArray[np.float64]
    value: Floats
    experience: Floats
    verdict: Floats
    delay: Floats
    ticket: npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a month, by place in the state at its start; `lived` is the part of it each customer was there."""

    rate: Floats
    hazard: Floats
    lived: npt.NDArray[np.float64]
    died: npt.NDArray[np.bool_]
    enrolled: npt.NDArray[np.bool_]
    member_at_start: npt.NDArray[np.bool_]
    subscribed_at_start: npt.NDArray[np.bool_]
    value_factor: Floats
    experience_mean: Floats
    orders: Orders


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


def live_one_month(
    scenario: Scenario,
    state: State,
    effects: Effects,
    *,
    weights: Floats,
    coverage: Floats,
    month: int,
    seed: int,
    immortal: bool = False,
) -> Month:
    """Let customers live through one month; `state` is brought to its end in place.

    Parameters
    ----------
    scenario : Scenario
        Strength of all effects.
    state : State
        Living customers; changed in place (those who die stay in it, marked in the result).
    effects : Effects
        What the levers do.
    weights : float32 array, shape (4, customers of the block)
        Weights of the four Cs, by `State.row`.
    coverage : float32 array, shape (1,) or (n,)
        Factor of the order rate from the part of needs that the assortment covers.
    month : int
        Month of the simulation.
    seed : int
        Seed of the luck.
    immortal : bool
        Nobody dies: for expectations, in which the chance of survival is a weight.

    Returns
    -------
    Month
    """
    ids, zeta = state.customer_id, scenario.firm.coupling

    def draw(mechanism: str) -> Floats:
        return uniform(ids, seed=seed, mechanism=mechanism, month=month)

    member, subscribed = state.member, state.subscribed
    opened, irritation = _mail(scenario.email, state, effects, draw)  # (2)
    _forget(scenario.memory, state)  # (3)
    rate = _order_rate(scenario, state, effects, opened, coverage)  # (4)
    hazard = _hazard(scenario.leaving, state, effects, zeta)  # (5)
    lived, died = _survive(hazard, state.span, draw("death"), immortal)
    orders_placed = poisson_quantile(draw("purchase"), rate * lived.astype(np.float32))
    orders_placed += state.joining
    value_factor, experience_mean = _expected_experience(scenario, state, effects, weights)
    state.satisfaction *= np.float32(scenario.satisfaction.persistence)
    state.hurt *= np.float32(scenario.complaints.hurt_decay)
    orders = _experience_orders(  # (6) to (9)
        scenario, state, effects, orders_placed, lived, value_factor, experience_mean, month=month, seed=seed
    )
    _bond(scenario, state, effects, orders_placed, opened, irritation)  # (11)
    enrolled = _enrol(scenario.programme, state, effects, orders_placed, draw("enrol"))  # (12)
    if died.any():
        enrolled &= ~died
    state.member = state.member | enrolled
    state.orders += orders_placed
    state.span = np.ones(len(ids))
    state.joining = np.zeros(len(ids), bool)
    return Month(rate, hazard, lived, died, enrolled, member, subscribed, value_factor, experience_mean, orders)


def _mail(p: Section, state: State, effects: Effects, draw: object) -> tuple[npt.NDArray[np.int32], Floats]:
    """(2) Mails are opened, tire, and some make people leave the list."""
    mails = np.where(state.subscribed, effects.emails, np.float32(0))
    logit = p.open_intercept + p.open_salience * (state.salience - 0.5) + state.email_affinity - p.open_fatigue * state.fatigue
    opened = poisson_quantile(draw("open"), mails / (1 + np.exp(-logit)))  # type: ignore[operator]
    state.fatigue = p.fatigue_decay * state.fatigue + p.fatigue_gain * mails
    irritation = np.maximum(state.fatigue - np.float32(p.tolerance), np.float32(0))
    leaves_list = draw("unsubscribe") < mails * p.unsubscribe * np.exp(p.unsubscribe_irritation * irritation)  # type: ignore[operator]
    state.subscribed = state.subscribed & ~leaves_list
    return opened, irritation


def _forget(p: Section, state: State) -> None:
    """(3) Salience fades, and more slowly the more often somebody has ordered."""
    repetition = np.minimum(state.orders, np.int32(p.repetition_cap)).astype(np.float32)
    state.salience *= np.exp(-1 / (p.stability * (1 + p.repetition * repetition)))


def _order_rate(
    scenario: Scenario, state: State, effects: Effects, opened: npt.NDArray[np.int32], coverage: Floats
) -> Floats:
    """(4) Orders per month of a living customer; a promotion lifts them now and borrows from later."""
    r, p, zeta = scenario.rate, scenario.promotion, scenario.firm.coupling
    lift = 1 + p.lift * effects.promotion * state.price_elasticity * state.deal_proneness
    warmth = (
        r.satisfaction * state.satisfaction
        + r.commitment * state.commitment
        + r.salience * (state.salience - 0.5)
        + r.membership * (state.member * effects.programme)
        + r.opened_mail * (1 - np.exp(-opened.astype(np.float32)))
    )
    exponent = zeta * warmth - state.borrowed - scenario.price.rate_share * state.price_elasticity * np.log(effects.price)
    state.borrowed = p.borrowed_decay * state.borrowed + p.borrowed * (lift - 1)
    return state.order_rate * effects.advertising * coverage * lift * np.exp(exponent)


def _hazard(p: Section, state: State, effects: Effects, zeta: float) -> Floats:
    """(5) Hazard of leaving for good; above a point satisfaction holds much more strongly (zone of affection)."""
    scaled = (state.satisfaction - p.delight_start) / p.delight_width
    # softplus without overflow, written out: numpy's logaddexp is ten times slower
    zone = p.delight_width * (np.maximum(scaled, np.float32(0)) + np.log1p(np.exp(-np.abs(scaled))))
    protection = (
        p.satisfaction * state.satisfaction
        + p.delight * zone
        + p.commitment * state.commitment
        + state.switching_cost
        + p.membership * (state.member * effects.programme)
        + p.social_bond * state.social_bond
        - p.hurt * state.hurt
    )
    return state.churn_frailty * p.hazard * np.exp(-zeta * protection)


def _survive(
    hazard: Floats, span: npt.NDArray[np.float64], u: Floats, immortal: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """(5) Return the part of the month lived and who died; exact for a hazard constant within the month."""
    if immortal:
        return span, np.zeros(len(span), bool)
    clock = -np.log(u)
    died = clock < hazard * span
    lived = span.copy()
    lived[died] = clock[died] / hazard[died]
    return lived, died


def _expected_experience(
    scenario: Scenario, state: State, effects: Effects, weights: Floats
) -> tuple[Floats, Floats]:
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


def _experience_orders(
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
    delay = np.where(late, np.minimum(-d.delay_mean * np.log(u / np.maximum(chance, u)), np.float32(d.delay_longest)), np.float32(0))
    failed = draw("failure") < effects.failure if len(effects.failure) == 1 else draw("failure") < effects.failure[place]
    experience = experience_mean[place] + e.spread * ndtri(draw("quality")) - late * (e.late + e.delay * delay) - e.failure * failed

    problem = late | failed
    severity = np.where(late & failed, np.float32(scenario.complaints.double_severity), problem.astype(np.float32))
    ticket = _tickets(state, effects, place, severity, problem, draw)
    verdict = np.empty_like(experience)
    for position in range(int(count.max(initial=0))):
        rows = first[count > position] + position
        verdict[rows] = _feel(scenario, state, place[rows], experience[rows], severity[rows], ticket[rows])
    return Orders(place, number, time, value, experience, verdict, delay, ticket)


def _order_times(
    u: Floats, state: State, place: npt.NDArray[np.int64], number: npt.NDArray[np.int64], lived: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Times of orders, uniform over the part lived and in ascending sequence; joiners order at the moment of joining."""
    share = np.where(state.joining[place] & (number == 0), 0.0, u.astype(np.float64))
    # Adding the place sorts within each customer at one go, and is exact: the draws have 23 bits, a float64 has 53.
    share = np.sort(share + place) - place
    return (1 - state.span[place]) + share * lived[place]


def _tickets(
    state: State, effects: Effects, place: npt.NDArray[np.int64], severity: Floats, problem: npt.NDArray[np.bool_], draw: object
) -> npt.NDArray[np.int8]:
    """(9) Few problems become complaints; how a complaint ends depends on after-sales effort."""
    ticket = np.zeros(len(place), np.int8)
    if not problem.any():
        return ticket
    complains = problem & (draw("complaint") < state.complaint_propensity[place] * severity)  # type: ignore[operator]
    u = draw("resolution")  # type: ignore[operator]
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
    """(8) Satisfaction follows experience and its distance from expectation; (9) a settled complaint restores some of it.

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


def _bond(
    scenario: Scenario,
    state: State,
    effects: Effects,
    orders_placed: npt.NDArray[np.int32],
    opened: npt.NDArray[np.int32],
    irritation: Floats,
) -> None:
    """(11) Commitment and social bond grow slowly; orders, mails, advertising and contacts bring the firm back to mind."""
    b, m = scenario.bonds, scenario.memory
    warmth = state.satisfaction + b.social * state.social_bond + effects.contact
    state.commitment = b.persistence * state.commitment + b.gain * warmth - b.irritation * irritation
    state.social_bond = b.social_persistence * (
        state.social_bond + b.social_gain * effects.personal_care * (1 - state.social_bond)
    )
    reminders = (
        orders_placed.astype(np.float32)
        + m.by_open * opened.astype(np.float32)
        + m.by_advertising * effects.advertising
        + m.by_follow_up * effects.follow_ups
    )
    state.salience += (1 - state.salience) * (1 - np.exp(-reminders))


def _enrol(
    p: Section, state: State, effects: Effects, orders_placed: npt.NDArray[np.int32], u: Floats
) -> npt.NDArray[np.bool_]:
    """(12) Who orders much and feels committed enrols sooner: selection, not an effect of the programme."""
    chance = p.enrolment * effects.programme * state.enrolment * np.exp(p.commitment * state.commitment + p.bought * (orders_placed > 0))
    return (u < chance) & ~state.member


def _at(values: Floats, place: npt.NDArray[np.int64]) -> Floats:
    """Return the value of each place, where one value may stand for all."""
    return values if len(values) == 1 else values[place]
