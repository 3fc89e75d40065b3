"""What customers do in one month: mail, memory, orders, leaving, bonds.

The numbers in brackets are the mechanisms of ``MODEL.md`` beside this file. All state is float32 arrays over the living
customers; no line loops over customers. Every random number comes by the inverse distribution function from one
uniform, so that effects are monotone: a higher order rate never takes an order away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmlab.streams import poisson_quantile, uniform
from crmlab.world.effects import Effects
from crmlab.world.experience import Orders, expected_experience, experience_orders
from crmlab.world.population import Floats
from crmlab.world.scenario import Scenario, Section
from crmlab.world.state import State

Draw = Callable[[str], Floats]


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a month, by place in the state; `lived` is the part of it for which each customer was there."""

    rate: Floats
    hazard: Floats
    lived: npt.NDArray[np.float64]
    died: npt.NDArray[np.bool_]
    enrolled: npt.NDArray[np.bool_]
    member_at_start: npt.NDArray[np.bool_]
    subscribed_at_start: npt.NDArray[np.bool_]
    opened: npt.NDArray[np.int32]
    value_factor: Floats
    experience_mean: Floats
    orders: Orders


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
    value_factor, experience_mean = expected_experience(scenario, state, effects, weights)
    state.satisfaction *= np.float32(scenario.satisfaction.persistence)
    state.hurt *= np.float32(scenario.complaints.hurt_decay)
    orders = experience_orders(  # (6) to (9)
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
    return Month(rate, hazard, lived, died, enrolled, member, subscribed, opened, value_factor, experience_mean, orders)


def _mail(p: Section, state: State, effects: Effects, draw: Draw) -> tuple[npt.NDArray[np.int32], Floats]:
    """(2) Mails are opened, tire, and some make people leave the list."""
    mails = np.where(state.subscribed, effects.emails, np.float32(0))
    logit = (
        p.open_intercept
        + p.open_salience * (state.salience - 0.5)
        + state.email_affinity
        - p.open_fatigue * state.fatigue
    )
    opened = poisson_quantile(draw("open"), mails / (1 + np.exp(-logit)))
    state.fatigue = p.fatigue_decay * state.fatigue + p.fatigue_gain * mails
    irritation = np.maximum(state.fatigue - np.float32(p.tolerance), np.float32(0))
    leaves_list = draw("unsubscribe") < mails * p.unsubscribe * np.exp(p.unsubscribe_irritation * irritation)
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
    exponent = (
        zeta * warmth - state.borrowed - scenario.price.rate_share * state.price_elasticity * np.log(effects.price)
    )
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


def _bond(
    scenario: Scenario,
    state: State,
    effects: Effects,
    orders_placed: npt.NDArray[np.int32],
    opened: npt.NDArray[np.int32],
    irritation: Floats,
) -> None:
    """(11) Commitment and social bond grow slowly; orders, mails, advertising and contacts recall the firm."""
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
    chance = (
        p.enrolment
        * effects.programme
        * state.enrolment
        * np.exp(p.commitment * state.commitment + p.bought * (orders_placed > 0))
    )
    return (u < chance) & ~state.member
