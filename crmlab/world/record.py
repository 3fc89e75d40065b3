"""What is written down of a simulation: customers, months, orders, mails and win-back contacts of a block."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform
from crmlab.world.acquisition import Population, acquisition_cost
from crmlab.world.behaviour import Month
from crmlab.world.effects import Effects
from crmlab.world.experience import order_times, order_values
from crmlab.world.mail import mails_sent
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup
from crmlab.world.simulation import Block, Columns
from crmlab.world.state import State
from crmlab.world.win_back import Contacts


@dataclass(frozen=True, slots=True)
class Recorded:
    """A block as recorded: dicts of arrays, all from month 0 on.

    Attributes
    ----------
    customers
        One value per customer, in ascending sequence of ids.
    months
        One value per customer and month of life, in the sequence of customers and months; ``row`` is the place in
        `customers`.
    orders
        One value per order, month by month; ``row`` likewise.
    mails
        One value per subscriber and month in which the firm mailed, month by month: ``sent`` counts the mails, bit k of
        ``opened`` and ``clicked`` says what became of that of number k, ``unsubscribed`` is the number of the mail upon
        which the customer left the list, −1 for none. The lost get mails too, which nobody opens. ``chance`` is
        that of opening each of them. Empty unless asked
        for.
    contacts
        One value per contact to win somebody back, as of `crmlab.world.win_back.Contacts`, with ``month``.
    """

    customers: Columns
    months: Columns
    orders: Columns
    mails: Columns
    contacts: Columns


class _Columns(defaultdict[str, list[npt.NDArray[Any]]]):
    """Columns that grow by parts."""

    def __init__(self) -> None:
        super().__init__(list)

    def append(self, **columns: npt.NDArray[Any]) -> None:
        for name, values in columns.items():
            self[name].append(values)

    def whole(self) -> Columns:
        return {name: np.concatenate(parts) for name, parts in self.items()}


def record_block(setup: Setup, population: Population, *, mails: bool = False) -> Recorded:
    """Simulate people of whom it is known when they join, and record them.

    Parameters
    ----------
    setup : Setup
        The simulation.
    population : Population
        Whom to simulate.
    mails : bool
        Whether mails are recorded one by one.
    """
    block = Block(setup, population)
    recorder = Recorder(block, mails=mails)
    for month in range(block.first_month, setup.months):
        happened, effects, contacts = block.month(month)
        recorder.write(month, happened, effects, contacts)
        block.bury(month, happened)
    return recorder.recorded()


class Recorder:
    """Writes down what happens in a block, month by month.

    Parameters
    ----------
    block : Block
        Of whom.
    mails : bool
        Whether mails are recorded one by one.
    """

    def __init__(self, block: Block, *, mails: bool = False) -> None:
        self._block, self._with_mails = block, mails
        self._death, self._member_since = (np.full(len(block.population), np.nan) for _ in range(2))
        self._months, self._orders, self._mails, self._contacts = (_Columns() for _ in range(4))

    def write(self, month: int, happened: Month, effects: Effects, contacts: Contacts | None) -> None:
        """Write down a month that has happened and has not been ended yet."""
        block, setup = self._block, self._block.setup
        state, traits = block.state, block.traits
        self._death[state.row[len(state) - state.returning :]] = np.nan
        self._death[state.row[happened.died]] = month + happened.left_at
        self._member_since[state.row[happened.enrolled]] = month + _enrolment_moment(block, happened, month)
        if month < 0:
            return
        exposure = _exposure(state, happened)
        base_revenue = traits.order_rate[state.row] * traits.mean_value[state.row]
        spent = exposure * running_cost(setup.scenario, happened, effects, base_revenue)
        joiners = slice(len(state) - len(state.span), len(state) - state.returning)
        spent[joiners] += acquisition_cost(setup, month, state.customer_id[joiners], traits.channel[state.row[joiners]])
        spent -= fees(block, happened, effects)
        if contacts is not None:
            spent[np.isin(state.row, contacts.row)] += setup.scenario.win_back.contact_cost
            _append_gone(self._months, block, contacts, month)
        _append_month(self._months, state, happened, month, exposure, spent)
        _append_orders(self._orders, block, happened, effects, month)
        if contacts is not None:
            _append_contacts(self._contacts, contacts, month)
        if self._with_mails:
            _append_mails(self._mails, block, happened, effects, month)

    def recorded(self) -> Recorded:
        """Return what was written down, of those who joined."""
        block = self._block
        joined = np.isfinite(block.population.arrival)
        people = block.population.some(joined)
        row = np.cumsum(joined) - 1  # places among those who joined
        months, orders, mails, contacts = (
            _of_people(part.whole(), row, people) for part in (self._months, self._orders, self._mails, self._contacts)
        )
        return Recorded(
            customers=_customers(block, joined, self._death, self._member_since),
            months=_by_customer(months, len(people), block.setup.months),
            orders=orders,
            mails=mails,
            contacts=contacts,
        )


def running_cost(
    scenario: Scenario, happened: Month, effects: Effects, base_revenue: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Return the cost of the levers for each customer in a full month of life, in euro."""
    out = np.asarray(effects.advertising_cost * base_revenue.astype(np.float64), np.float64)
    out += effects.monthly_cost
    out += scenario.accounts.serve_fixed
    out += effects.email_cost * (happened.mails.sent * happened.subscribed_at_start)
    return out


def fees(block: Block, happened: Month, effects: Effects) -> npt.NDArray[np.float64]:
    """Return what the fees of a month bring after their cost, in euro: billed to who is there at its end."""
    scenario = block.setup.scenario
    if scenario.contract.fee == 0:
        return np.zeros(1)
    fee = block.traits.fee[block.state.row].astype(np.float64)
    fee *= effects.price - effects.goods
    fee[happened.died] = 0
    return fee


def _enrolment_moment(block: Block, happened: Month, month: int) -> npt.NDArray[np.float64]:
    ids = block.state.customer_id[happened.enrolled]
    moment = uniform(ids, seed=block.setup.seed_luck, mechanism="enrol", month=month, draw=1)
    start = np.zeros(len(block.state))
    start[len(start) - len(block.state.span) :] = 1 - block.state.span
    start = start[happened.enrolled]
    return start + (1 - start) * moment


def _exposure(state: State, happened: Month) -> npt.NDArray[np.float64]:
    out = np.ones(len(state))
    out[len(state) - len(state.span) :] = state.span
    out[happened.died] = happened.left_after
    return out


def _append_month(
    months: _Columns,
    state: State,
    happened: Month,
    month: int,
    exposure: npt.NDArray[np.float64],
    spent: npt.NDArray[np.float64],
) -> None:
    n = len(state)
    months.append(
        row=state.row.astype(np.int32),
        month=np.full(n, month, np.int16),
        order_rate=happened.rate,
        hazard=happened.hazard,
        exposure=exposure.astype(np.float32),
        orders=np.bincount(happened.orders.place, minlength=n).astype(np.int16),
        spent=spent,
        opened=happened.mails.opened.astype(np.int16),
        subscribed=happened.subscribed_at_start,
        **{name: getattr(state, name).copy() for name in MONTHLY_STATES},
    )


def _append_gone(months: _Columns, block: Block, contacts: Contacts, month: int) -> None:
    """Append a month that was not lived for those who had left, were contacted in vain, and cost something."""
    gone = block.lost.take(np.flatnonzero(np.isin(block.lost.row, contacts.row)))
    n = len(gone)
    months.append(
        row=gone.row.astype(np.int32),
        month=np.full(n, month, np.int16),
        **{name: np.zeros(n, np.float32) for name in ("order_rate", "hazard", "exposure")},
        orders=np.zeros(n, np.int16),
        opened=np.zeros(n, np.int16),
        subscribed=gone.subscribed.copy(),
        spent=np.full(n, block.setup.scenario.win_back.contact_cost, np.float64),
        **{name: getattr(gone, name).copy() for name in MONTHLY_STATES},
    )


MONTHLY_STATES = (
    "satisfaction",
    "commitment",
    "salience",
    "expectation",
    "hurt",
    "social_bond",
    "structural_bond",
    "fatigue",
    "member",
)
"""States recorded at the end of each month."""


def _append_orders(orders: _Columns, block: Block, happened: Month, effects: Effects, month: int) -> None:
    o, state, setup = happened.orders, block.state, block.setup
    m, place, row = len(o.place), o.place, block.state.row[o.place]

    def at(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.broadcast_to(values, (m,)).copy() if len(values) == 1 else values[place]

    factor = happened.value_factor if len(happened.value_factor) == 1 else happened.value_factor[place]
    promotion = at(effects.promotion)
    came_back = (place >= len(state) - state.returning) & (o.number == 0)
    promotion[came_back] = state.offers[place[came_back] - (len(state) - state.returning)]
    orders.append(
        row=row.astype(np.int32),
        month=np.full(m, month, np.int16),
        number=o.number.astype(np.int16),
        time=order_times(state, o, happened.died, happened.left_after, month=month, seed=setup.seed_luck),
        value=order_values(
            setup.scenario,
            state.customer_id[place],
            o,
            block.traits.mean_value[row],
            factor,
            month=month,
            seed=setup.seed_luck,
        ),
        experience=o.experience,
        verdict=o.verdict,
        delay=o.delay,
        failed=o.failed,
        ticket=o.ticket,
        member=happened.member_at_start[place] & (at(effects.programme) > 0),
        price=at(effects.price),
        promotion=promotion,
        goods=at(effects.goods),
        shipping=at(effects.shipping),
        reward=at(effects.reward),
        ticket_cost=at(effects.ticket_cost),
        assortment=at(effects.assortment),
        serve_rate=block.traits.serve_rate[row],
    )


def _append_contacts(contacted: _Columns, contacts: Contacts, month: int) -> None:
    contacted.append(
        month=np.full(len(contacts.row), month, np.int16),
        **{f.name: getattr(contacts, f.name) for f in fields(contacts)},
    )


def _append_mails(letters: _Columns, block: Block, happened: Month, effects: Effects, month: int) -> None:
    state, mails, setup = block.state, happened.mails, block.setup
    n = len(state)
    upon = np.full(n, -1, np.int8)
    upon[mails.unsubscribed] = mails.upon
    sent = np.broadcast_to(mails.sent, n).astype(np.int8)
    sent = np.where(upon >= 0, upon + np.int8(1), sent)
    got = np.flatnonzero(happened.subscribed_at_start & (sent > 0))
    clicked = np.zeros(n, np.int16)
    readers = np.flatnonzero(mails.opened)
    for k in range(int(sent.max(initial=0))):
        opens = readers[(mails.opened_which[readers] >> k) & 1 == 1]
        u = uniform(state.customer_id[opens], seed=setup.seed_luck, mechanism="click", month=month, draw=k)
        clicked[opens] |= (u < setup.scenario.email.click) * np.int16(1 << k)
    lost = block.lost
    lost_sent = np.broadcast_to(
        mails_sent(setup.scenario, lost, setup.effects(month, lost.customer_id), month=month, seed=setup.seed_luck),
        len(lost),
    )
    left = np.flatnonzero(lost.subscribed & (lost_sent > 0))
    letters.append(
        row=np.concatenate([state.row[got], lost.row[left]]).astype(np.int32),
        month=np.full(len(got) + len(left), month, np.int16),
        sent=np.concatenate([sent[got], lost_sent[left]]),
        opened=np.concatenate([mails.opened_which[got], np.zeros(len(left), np.int16)]),
        clicked=np.concatenate([clicked[got], np.zeros(len(left), np.int16)]),
        chance=np.concatenate([mails.chance[got], np.zeros(len(left), np.float32)]),
        unsubscribed=np.concatenate([upon[got], np.full(len(left), -1, np.int8)]),
    )


def _customers(
    block: Block,
    joined: npt.NDArray[np.bool_],
    death: npt.NDArray[np.float64],
    member_since: npt.NDArray[np.float64],
) -> Columns:
    traits, population = block.traits, block.population
    subscribed = np.zeros(len(population), bool)
    for state in (block.state, block.lost):
        subscribed[state.row] = state.subscribed
    out: Columns = {
        "arrival": population.arrival,
        "referrer": population.referrer,
        "death_time": death,
        "member_since": member_since,
        **{f.name: getattr(traits, f.name) for f in fields(traits)},
        "customer_id": population.customer_id,
        "subscribed": subscribed,
        "z": traits.z.T,
        "weights": traits.weights.T,
    }
    return out if joined.all() else {name: values[joined] for name, values in out.items()}


def _of_people(columns: Columns, row: npt.NDArray[np.int64], people: Population) -> Columns:
    """Return records in which ``row`` is the place among `people`, with their ids."""
    if columns:
        columns["row"] = row[columns["row"]].astype(np.int32)
        columns["customer_id"] = people.customer_id[columns["row"]]
    return columns


def _by_customer(months: Columns, n: int, count: int) -> Columns:
    """Sort months by customer and month, without comparing: each pair has its own place in a grid."""
    cell = months["row"].astype(np.int64) * count + months["month"]
    there = np.zeros(n * count, bool)
    there[cell] = True
    place = np.cumsum(there)
    place -= 1
    place = place[cell]
    out: Columns = {}
    for name, values in months.items():
        out[name] = np.empty_like(values)
        out[name][place] = values
    return out
