"""(2) Mails: how many each subscriber gets, which are opened, who leaves the list."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform, uniform_pair
from crmlab.world.effects import Effects
from crmlab.world.population import Floats
from crmlab.world.scenario import Scenario
from crmlab.world.state import State

Counts = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Mails:
    """Mails of one month, by place in the state.

    `sent` counts the mails of a subscriber, shape (1,) or (n,). Bit k of `opened_which` says whether the mail of number
    k (from 0) was opened, `opened` counts them, `chance` is that of each. `unsubscribed` are the places of those who
    left the list, upon the mails of number `upon`, after which they got no more. `irritation` is None where nobody is
    irritated.
    """

    sent: Counts
    opened: Counts
    opened_which: npt.NDArray[np.int16]
    unsubscribed: npt.NDArray[np.intp]
    upon: npt.NDArray[np.int8]
    chance: Floats
    irritation: Floats | None


def receive_mails(scenario: Scenario, state: State, effects: Effects, *, month: int, seed: int) -> Mails:
    """Send the mails of a month: some are opened, they tire, and too many make people leave the list."""
    p, ids, n = scenario.email, state.customer_id, len(state)
    sent = mails_sent(scenario, state, effects, month=month, seed=seed)
    opened, which = np.zeros(n, np.int8), np.zeros(n, np.int16)
    most = int(sent.max(initial=0))
    chance = np.zeros(0, np.float32)
    if most:
        logit = np.float32(-p.open_salience) * state.salience
        logit += np.float32(0.5 * p.open_salience - p.open_intercept)
        logit -= state.email_affinity
        logit += np.float32(p.open_fatigue) * state.fatigue
        chance = np.exp(logit, out=logit)
        chance += 1
        np.reciprocal(chance, out=chance)
        chance *= state.subscribed
        for number in range(0, most, 2):
            pair = uniform_pair(ids, seed=seed, mechanism="open", month=month, draw=number // 2)
            for k, u in enumerate(pair[: most - number], start=number):
                hit = u < chance
                if sent.min() <= k:
                    hit &= sent > k
                opened += hit
                which |= hit * np.int16(1 << k)
    mails = sent * state.subscribed
    state.fatigue *= np.float32(p.fatigue_decay)
    state.fatigue += np.float32(p.fatigue_gain) * mails
    irritation = None
    if state.fatigue.max(initial=0) > p.tolerance:
        irritation = np.maximum(state.fatigue - np.float32(p.tolerance), np.float32(0))
    leaver, upon = np.zeros(0, np.intp), np.zeros(0, np.int8)
    if most:
        leaver, upon = _unsubscribe(scenario, state, mails, irritation, month=month, seed=seed)
        which[leaver] &= (np.int16(2) << upon) - np.int16(1)
        bits = which[leaver].astype("<u2").view(np.uint8).reshape(-1, 2)
        opened[leaver] = np.unpackbits(bits, axis=1).sum(axis=1)
    return Mails(sent, opened, which, leaver, upon, chance, irritation)


def mails_sent(scenario: Scenario, state: State, effects: Effects, *, month: int, seed: int) -> Counts:
    """Return how many mails each subscriber gets in a month: whole ones, in the long run as many as the lever says.

    With `email.targeting` above 0 the firm mails good customers more: the number is multiplied by the customer's orders
    per month so far, relative to the mean of all.

    Returns
    -------
    int8 array, shape (1,) or (n,)
    """
    p = scenario.email
    wanted = effects.emails
    if p.targeting > 0:
        pace = (state.orders + 1) / (
            (np.float32(month) - state.since + 2) * np.float32(scenario.traits.order_rate_mean)
        )
        wanted = np.clip(wanted * (1 + p.targeting * (pace - 1)), np.float32(0), np.float32(p.most))
    whole = np.floor(wanted)
    rest = wanted - whole
    if rest.any():
        whole = whole + (uniform(state.customer_id, seed=seed, mechanism="send", month=month) < rest)
    return whole.astype(np.int8)


def _unsubscribe(
    scenario: Scenario, state: State, mails: npt.NDArray[np.int8], irritation: Floats | None, *, month: int, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int8]]:
    """Return who leaves the list, and upon which mail: each has the same chance, so the number is geometric."""
    p = scenario.email
    u = uniform(state.customer_id, seed=seed, mechanism="unsubscribe", month=month)
    if irritation is None:
        chance = np.full(1, p.unsubscribe, np.float32)
    else:
        chance = np.minimum(p.unsubscribe * np.exp(p.unsubscribe_irritation * irritation), np.float32(0.999))
    rows = np.flatnonzero(u < 1.001 * chance * mails)  # the sum of the chances bounds that of one of them
    stays = np.log1p(-(chance.astype(np.float64) if len(chance) == 1 else chance[rows].astype(np.float64)))
    upon = np.floor(np.log1p(-u[rows].astype(np.float64)) / np.where(stays < 0, stays, -1e-300))
    leaves = upon < mails[rows]
    state.subscribed[rows[leaves]] = False
    return rows[leaves], upon[leaves].astype(np.int8)
