"""The expected future of each customer: luck removed.

A single run is one throw of the dice. Here the living are followed into the future under many seeds of luck; nobody
dies in these repetitions, instead each month counts with the chance of living until then, and counts the expected
orders and profit of that month, not those that happened. What is left of chance (which experiences a customer happens
to have) averages out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import derive_seed
from crmlab.world.behaviour import Month
from crmlab.world.effects import Effects
from crmlab.world.experience import experience_mean
from crmlab.world.population import Floats, Ids
from crmlab.world.record import fees, running_cost
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup
from crmlab.world.simulation import BLOCK, STRANGER, Block, lived_until

Sums = npt.NDArray[np.float64]


def expected_future(
    setup: Setup, customers: Ids | None, *, from_month: int, horizon: int, order_horizon: int, replications: int
) -> pd.DataFrame:
    """Return what each customer is expected to do from the start of a month on.

    Parameters
    ----------
    setup : Setup
        The simulation; after its last month the policy of that month goes on.
    customers : int64 array, optional
        Ids of whom to follow, in ascending sequence; all by default. Those who join later are left out.
    from_month : int
        First month that counts. The customers are as they were at its start, latent states included.
    horizon, order_horizon : int
        Months over which profit and orders are summed.
    replications : int
        Repetitions, at least 2.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id``: ``expected_orders``, ``expected_value`` (discounted profit, €) and the standard
        errors of both; 0 for customers who had left.
    """
    parts = [
        _expected_block(block, from_month, horizon, order_horizon, replications)
        for block in lived_until(setup, customers, from_month)
    ]
    return pd.concat(parts).sort_index()


def _expected_block(block: Block, from_month: int, horizon: int, order_horizon: int, replications: int) -> pd.DataFrame:
    alive, n = block.state, len(block.population)
    living = len(alive)
    totals = np.zeros((2, living))
    squares = np.zeros_like(totals)
    seed = derive_seed(block.setup.seed_luck, 0)
    together = max(1, BLOCK // max(1, living))  # few customers are followed many times at once
    for first in range(0, replications, together):
        number = np.arange(first, min(first + together, replications))
        block.state = alive.take(np.tile(np.arange(living), len(number)))
        # A repetition is a stranger with the traits and the past of the customer: the id decides the luck.
        block.state.customer_id += np.repeat(number, living) * STRANGER
        sums = _follow(block, from_month, horizon, order_horizon, seed).reshape(2, len(number), living)
        for repetition in range(len(number)):  # one after the other, so that the rounding never depends on `together`
            totals += sums[:, repetition]
            squares += sums[:, repetition] ** 2
    mean = totals / replications
    variance = np.maximum(squares / replications - mean * mean, 0.0) / (replications - 1)
    out = np.zeros((4, n))
    out[:, alive.row] = np.concatenate([mean, np.sqrt(variance)])
    columns = ["expected_orders", "expected_value", "expected_orders_se", "expected_value_se"]
    index = pd.Index(block.population.customer_id, name="customer_id")
    return pd.DataFrame(dict(zip(columns, out, strict=True)), index=index)[block.population.arrival < from_month]


def _follow(block: Block, from_month: int, horizon: int, order_horizon: int, seed: int) -> Sums:
    """Follow the living for one repetition: expected orders and discounted profit, shape (2, n)."""
    scenario, state = block.setup.scenario, block.state
    monthly_discount = (1 + scenario.firm.discount_rate) ** (-1 / 12)
    base_revenue = (block.traits.order_rate * block.traits.mean_value)[state.row]
    survival = np.ones(len(state))
    sums = np.zeros((2, len(survival)))
    for ahead in range(max(horizon, order_horizon)):
        happened, effects = block.live(from_month + ahead, seed=seed, immortal=True)
        hazard = np.maximum(happened.hazard.astype(np.float64), 1e-12)
        lives = -np.expm1(-hazard)  # chance of leaving in the month …
        lived = survival * lives / hazard  # … and expected part of it that is lived
        orders = lived * happened.rate
        survival *= 1 - lives
        if ahead < order_horizon:
            sums[0] += orders
        if ahead < horizon:
            profit = orders * _profit_per_order(block, happened, effects)
            profit -= lived * running_cost(scenario, happened, effects, base_revenue)
            profit += survival * fees(block, happened, effects)
            sums[1] += profit * monthly_discount ** (ahead + 0.5)  # in the middle of the month
    return sums


def _profit_per_order(block: Block, happened: Month, effects: Effects) -> npt.NDArray[np.float64]:
    """Return the expected profit of an order placed in the month."""
    scenario, state = block.setup.scenario, block.state
    value = block.traits.mean_value[state.row].astype(np.float64) * happened.value_factor
    paid = effects.price * (1 - effects.promotion)
    usual = experience_mean(scenario, state, effects, block.traits.weights, happened.price_felt)
    lost = _return_chance(scenario, usual, effects) * (0.5 + 0.5 * scenario.returns.whole)
    reward = (happened.member_at_start & (effects.programme > 0)) * effects.reward
    both = effects.late * effects.failure
    severity = effects.late + effects.failure - 2 * both + scenario.complaints.double_severity * both
    tickets = np.minimum(state.complaint_propensity, 1.0) * severity * effects.ticket_cost
    served = block.traits.serve_rate[state.row]
    goods = effects.goods * (1 - scenario.returns.resale * lost)
    return value * (paid * (1 - lost - reward - served) - goods) - effects.shipping - tickets


def _return_chance(scenario: Scenario, experience_mean: Floats, effects: Effects) -> npt.NDArray[np.float64]:
    """Return the expected chance that an order is sent back, over the luck of its experience."""
    r, e, d = scenario.returns, scenario.experience, scenario.delivery
    usual = np.exp(-r.experience * (experience_mean - e.base) + (r.experience * e.spread) ** 2 / 2)
    growth, mean, longest = r.experience * e.delay, d.delay_mean, d.delay_longest
    # Mean of exp(growth × delay) for an exponential delay cut off at the longest one.
    rest = np.exp(longest * (growth - 1 / mean))
    delayed = (1 - rest) / (1 - growth * mean) + rest if abs(growth * mean - 1) > 1e-9 else longest / mean + rest
    late = 1 + effects.late * (np.exp(r.experience * e.late) * delayed - 1)
    failed = 1 + effects.failure * (np.exp(r.experience * e.failure) - 1)
    return np.minimum(r.probability * usual * late * failed, 1.0)
