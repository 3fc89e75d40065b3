"""What customers do in one month: recommend, read mail, forget, order, leave, bond.

The numbers in brackets are the mechanisms of ``MODEL.md`` beside this file. All state is float32 arrays over the living
customers; no line loops over customers. Every random number comes by the inverse distribution function from one
uniform, so that effects are monotone: a higher order rate never takes an order away.

Much of a month concerns few: most have no order, no mail opened, no complaint. Chances are therefore compared first
with a bound that is easy to compute, and worked out for those alone whose draw is below it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmlab.streams import poisson_quantile, uniform
from crmlab.world.effects import Effects
from crmlab.world.experience import Orders, experience_orders, value_factor
from crmlab.world.mail import Mails, receive_mails
from crmlab.world.population import Floats, Ids
from crmlab.world.scenario import Scenario, Section
from crmlab.world.state import State, retention

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Month:
    """What happened in a month, by place in the state.

    `died` are the places of those who left, in ascending sequence, `left_after` the part of the month for which each of
    them was there, `left_at` the moment in the month at which they left. `enrolled` are places too.
    `member_at_start` and `subscribed_at_start` are flags of all.
    """

    rate: Floats
    hazard: Floats
    died: Places
    left_after: npt.NDArray[np.float64]
    left_at: npt.NDArray[np.float64]
    enrolled: Places
    member_at_start: npt.NDArray[np.bool_]
    subscribed_at_start: npt.NDArray[np.bool_]
    value_factor: Floats
    price_felt: Floats
    mails: Mails
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
        Living customers; changed in place (those who die stay in it, named in the result).
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
    ids, n, zeta = state.customer_id, len(state), np.float32(scenario.firm.coupling)

    def draw(mechanism: str, number: int = 0) -> Floats:
        return uniform(ids, seed=seed, mechanism=mechanism, month=month, draw=number)

    member, subscribed = state.member.copy(), state.subscribed.copy()
    mails = receive_mails(scenario, state, effects, month=month, seed=seed)  # (2)
    state.salience *= state.retention  # (3)
    rate = _order_rate(scenario, state, effects, mails.opened, coverage, month, zeta)  # (4)
    hazard = _hazard(scenario, state, effects, month, zeta)  # (5)
    there = np.ones(n, np.float32)
    there[n - len(state.span) :] = state.span
    died, left_after = (np.zeros(0, np.intp), np.zeros(0)) if immortal else _leave(hazard, state.span, draw("death"))
    there[died] = left_after
    left_at = left_after.copy()
    late = died - (n - len(state.span))
    left_at[late >= 0] += 1 - state.span[late[late >= 0]]
    placed = poisson_quantile(draw("purchase"), rate * there)
    placed[n - len(state.span) :] += 1  # who joins or comes back places an order at that moment
    factor, price_felt = value_factor(scenario, state, effects), _feel_price(scenario.price, state, effects)
    state.satisfaction *= np.float32(scenario.satisfaction.persistence)
    state.hurt *= np.float32(scenario.complaints.hurt_decay)
    buyers = np.flatnonzero(placed)
    orders = experience_orders(  # (7) to (9)
        scenario, state, effects, buyers, placed[buyers], weights, price_felt, month=month, seed=seed
    )
    _bond(scenario, state, effects, mails, buyers, placed[buyers], draw)  # (11)
    enrolled = _enrol(scenario.programme, state, effects, placed, draw, died)  # (12)
    _count_orders(scenario, state, buyers, placed[buyers], month)
    return Month(
        rate,
        hazard,
        died,
        left_after,
        left_at,
        enrolled,
        member,
        subscribed,
        factor,
        price_felt,
        mails,
        orders,
    )


def recommend(scenario: Scenario, state: State, *, month: int, seed: int) -> Ids:
    """(13) Return who recommends the firm in a month, as it begins: satisfied customers do, before others join."""
    p = scenario.referral
    chance = np.exp(p.satisfaction * (state.satisfaction - np.float32(p.satisfied)))
    chance *= state.word_of_mouth
    chance *= np.float32(p.recommending)
    np.minimum(chance, np.float32(p.most), out=chance)
    return state.customer_id[uniform(state.customer_id, seed=seed, mechanism="refer", month=month) < chance]


def _order_rate(
    scenario: Scenario,
    state: State,
    effects: Effects,
    opened: npt.NDArray[np.int8],
    coverage: Floats,
    month: int,
    zeta: np.float32,
) -> Floats:
    """(4) Orders per month of a living customer; a promotion lifts them now and borrows from later."""
    r, p = scenario.rate, scenario.promotion
    exponent = state.salience - np.float32(0.5)
    exponent *= zeta * np.float32(r.salience)
    exponent += zeta * np.float32(r.satisfaction) * state.satisfaction
    exponent += zeta * np.float32(r.commitment) * state.commitment
    exponent += zeta * np.float32(r.membership) * effects.programme * state.member
    readers = np.flatnonzero(opened)
    reading = (zeta * r.opened_mail * (1 - np.exp(-np.arange(128.0)))).astype(np.float32)
    exponent[readers] += reading[opened[readers]]
    elasticity = state.price_elasticity * np.float32(effects.elasticity)
    if (effects.price != 1).any():
        exponent -= scenario.price.rate_share * elasticity * np.log(effects.price)
    exponent -= state.borrowed
    rate = np.exp(exponent, out=exponent)
    rate *= state.order_rate
    rate *= effects.advertising * coverage * np.float32(effects.ordering)
    state.borrowed *= np.float32(p.borrowed_decay)
    if effects.promotion.any():
        rise = p.lift * effects.promotion * elasticity * state.deal_proneness
        rate *= 1 + rise
        state.borrowed += p.borrowed * rise
    if scenario.rhythm.refractory > 0:
        silent = np.float32(month - 0.5) - state.last_order
        rate *= scenario.rhythm.readiness * -np.expm1(-((silent / np.float32(scenario.rhythm.refractory)) ** 2))
    return rate


def _hazard(scenario: Scenario, state: State, effects: Effects, month: int, zeta: np.float32) -> Floats:
    """(5) Hazard of leaving for good; above a point satisfaction holds much more strongly (zone of affection)."""
    p, c = scenario.leaving, scenario.contract
    scaled = (state.satisfaction - np.float32(p.delight_start)) / np.float32(p.delight_width)
    # softplus without overflow; the logarithm of 1 + x is good enough here, and log1p is ten times slower
    protection = np.exp(-np.abs(scaled))
    protection += 1
    np.log(protection, out=protection)
    protection += np.maximum(scaled, np.float32(0))
    protection *= np.float32(p.delight * p.delight_width)
    protection += np.float32(p.satisfaction) * state.satisfaction
    if scenario.bonds.structural_adoption > 0:
        protection *= 1 - np.float32(p.structural_shield) * state.structural_bond
        protection += np.float32(p.structural_bond) * state.structural_bond
    protection += np.float32(p.commitment) * state.commitment
    protection += state.switching_cost
    protection += np.float32(p.membership) * effects.programme * state.member
    protection += np.float32(p.social_bond) * state.social_bond
    protection -= np.float32(p.hurt) * state.hurt
    protection *= -zeta
    hazard = np.exp(protection, out=protection)
    hazard *= state.churn_frailty
    hazard *= np.float32(p.hazard)
    if c.term_months > 0:
        tenure = np.float32(month) - state.since
        renewal = (tenure > 0) & (tenure % np.float32(c.term_months) == 0)
        hazard *= np.where(renewal, np.float32(c.at_renewal), np.float32(c.within_term))
    return hazard


def _leave(
    hazard: Floats, span: npt.NDArray[np.float64], u: Floats
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """(5) Return who leaves and after which part of the month; exact for a hazard constant within the month."""
    rows = np.flatnonzero(u > 1 - hazard)  # all who may leave, since 1 − h ≤ exp(−h), and a few more
    clock = -np.log(u[rows].astype(np.float64))
    force = hazard[rows].astype(np.float64)
    there = np.ones(len(rows))
    new = rows - (len(hazard) - len(span))
    there[new >= 0] = span[new[new >= 0]]
    leaves = clock < force * there
    return rows[leaves], clock[leaves] / force[leaves]


def _feel_price(p: Section, state: State, effects: Effects) -> Floats:
    """(1) Return the perceived cost: a price above the reference, which follows it, counts more than one below."""
    paid = effects.price * (1 - effects.promotion)
    if (paid == 1).all() and (state.reference_price == 1).all():
        return np.zeros(1, np.float32)
    distance = np.log(paid / state.reference_price)
    state.reference_price *= np.exp(np.float32(p.reference_speed) * distance)
    return p.reference_sensitivity * distance * np.where(distance > 0, np.float32(p.loss_factor), np.float32(1))


def _bond(
    scenario: Scenario,
    state: State,
    effects: Effects,
    mails: Mails,
    buyers: Places,
    count: npt.NDArray[np.int32],
    draw: Callable[[str], Floats],
) -> None:
    """(11) Commitment and bonds grow slowly; orders, mails, advertising and contacts recall the firm."""
    b, m = scenario.bonds, scenario.memory
    warmth = np.float32(b.social) * state.social_bond
    warmth += state.satisfaction
    warmth += effects.contact
    warmth *= np.float32(b.gain)
    state.commitment *= np.float32(b.persistence)
    state.commitment += warmth
    if mails.irritation is not None:
        state.commitment -= np.float32(b.irritation) * mails.irritation
    growth = np.subtract(np.float32(1), state.social_bond, out=warmth)
    growth *= np.float32(b.social_gain) * effects.personal_care
    state.social_bond += growth
    state.social_bond *= np.float32(b.social_persistence)
    if b.structural_adoption > 0:
        state.structural_bond[draw("structural") < np.float32(b.structural_adoption)] = 1
    faded = np.subtract(np.float32(1), state.salience, out=growth)
    faded *= np.exp(-m.by_advertising * effects.advertising - m.by_follow_up * effects.follow_ups)
    faded[buyers] *= np.exp(-count.astype(np.float32))
    readers = np.flatnonzero(mails.opened)
    faded[readers] *= np.exp(-m.by_open * np.arange(128.0)).astype(np.float32)[mails.opened[readers]]
    np.subtract(np.float32(1), faded, out=state.salience)


def _enrol(
    p: Section,
    state: State,
    effects: Effects,
    placed: npt.NDArray[np.int32],
    draw: Callable[[str], Floats],
    died: Places,
) -> Places:
    """(12) Who orders much and feels committed enrols sooner: selection, not an effect of the programme."""
    if not effects.programme.any():
        return np.zeros(0, np.intp)
    u = draw("enrol")
    warmest = float(np.abs(state.commitment).max(initial=0))
    bound = p.enrolment * np.exp(abs(p.commitment) * warmest + abs(p.bought))
    rows = np.flatnonzero(u < np.float32(1.001 * bound) * state.enrolment)
    programme = effects.programme if len(effects.programme) == 1 else effects.programme[rows]
    chance = (
        p.enrolment
        * programme
        * state.enrolment[rows]
        * np.exp(p.commitment * state.commitment[rows] + p.bought * (placed[rows] > 0))
    )
    gone = np.zeros(len(state), np.bool_)
    gone[died] = True
    rows = rows[(u[rows] < chance) & ~state.member[rows] & ~gone[rows]]
    state.member[rows] = True
    return rows


def _count_orders(scenario: Scenario, state: State, buyers: Places, count: npt.NDArray[np.int32], month: int) -> None:
    state.orders[buyers] += count
    state.last_order[buyers] = month
    state.contacted[buyers] = False
    table = retention(scenario)
    state.retention[buyers] = table[np.minimum(state.orders[buyers], len(table) - 1).astype(np.intp)]
