"""What a decision does to each customer, luck removed: both futures of everybody, under the same luck, many times.

A pair of runs shows two realisations. Here each customer is followed from the moment of the decision under many seeds
of luck, and each month counts with the expected orders and profit of that month and the chance of living until then, as
in `crmlab.world.expectation`. Both futures of a repetition share their luck, so that most of it cancels in their
difference.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from crmlab.streams import derive_seed
from crmlab.world.acquisition import Population
from crmlab.world.expectation import _follow
from crmlab.world.setup import Setup
from crmlab.world.simulation import BLOCK, STRANGER, Block

QUANTITIES = ("orders", "value")


def first_difference(without: Setup, changed: Setup) -> int:
    """Return the first month in which two policies may differ.

    Parameters
    ----------
    without, changed : Setup
        One world under two policies.

    Returns
    -------
    int
        `Setup.months` where they never do.

    Examples
    --------
    >>> from crmlab.world import World
    >>> world = World(customers=10, months=9)
    >>> first_difference(world.setup, world.do(price=0.9, start=4).setup)
    4
    """
    one, other = without.policy, changed.policy
    months = [
        int(np.flatnonzero(one.months[lever] != other.months[lever])[0])
        for lever in one.months
        if (one.months[lever] != other.months[lever]).any()
    ]
    for lever in {*one.exceptions, *other.exceptions}:
        kept, new = one.exceptions.get(lever, ()), other.exceptions.get(lever, ())
        common = 0
        while common < min(len(kept), len(new)) and kept[common] is new[common]:
            common += 1
        months += [entry.start for entry in (*kept[common:], *new[common:])]
    return min(months, default=without.months)


def treatment_effects(
    without: Setup,
    changed: Setup,
    population: Population,
    *,
    from_month: int,
    horizon: int,
    replications: int,
    processes: int = 1,
) -> pd.DataFrame:
    """Return what the change of policy is expected to do to each customer.

    Parameters
    ----------
    without, changed : Setup
        One world under two policies that do not differ before `from_month`.
    population : Population
        Whom to follow; those who join later are left out.
    from_month : int
        Month of the decision. The customers are as they were at its start, latent states included.
    horizon : int
        Months over which to sum.
    replications : int
        Repetitions, at least 2.
    processes : int
        Processes that share the blocks; of no influence on the result.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id``, see `World.treatment_effect`.
    """
    work = partial(_effects_of_block, without, changed, from_month, horizon, replications)
    # A block is followed some repetitions at a time; smaller blocks divide the work more evenly and cost nothing.
    blocks = list(population.before(from_month).blocks(BLOCK // 4))
    if processes == 1 or len(blocks) < 2:
        parts = [work(block) for block in blocks]
    else:
        with ProcessPoolExecutor(min(processes, len(blocks))) as pool:
            parts = list(pool.map(work, blocks))
    columns = [f"{quantity}_{what}" for quantity in QUANTITIES for what in ("without", "with", "effect", "effect_se")]
    values = np.concatenate([part for part, _ in parts], axis=1) if parts else np.zeros((len(columns), 0))
    ids = np.concatenate([ids for _, ids in parts]) if parts else np.zeros(0, np.int64)
    return pd.DataFrame(dict(zip(columns, values, strict=True)), index=pd.Index(ids, name="customer_id"))


def _effects_of_block(
    without: Setup, changed: Setup, from_month: int, horizon: int, replications: int, population: Population
) -> tuple[np.ndarray, np.ndarray]:
    """Return one row per column of the result, and the ids."""
    block, other = Block(without, population), Block(changed, population)
    for month in range(block.first_month, from_month):
        happened, _, _ = block.month(month)
        block.bury(month, happened)
    alive = block.state
    living = len(alive)
    sums = np.zeros((2, len(QUANTITIES), living))  # by arm
    squares = np.zeros((len(QUANTITIES), living))  # of the differences
    seed = derive_seed(without.seed_luck, 0)
    together = max(1, BLOCK // max(1, living))
    for first in range(0, replications, together):
        number = np.arange(first, min(first + together, replications))
        futures = []
        for arm in (block, other):
            arm.state = alive.take(np.tile(np.arange(living), len(number)))
            arm.state.customer_id += np.repeat(number, living) * STRANGER
            futures.append(_follow(arm, from_month, horizon, horizon, seed).reshape(2, len(number), living))
        for repetition in range(len(number)):
            one, two = (future[:, repetition] for future in futures)
            sums += (one, two)
            squares += (two - one) ** 2
    mean = sums / replications
    effect = mean[1] - mean[0]
    error = np.sqrt(np.maximum(squares / replications - effect**2, 0.0) / (replications - 1))
    out = np.zeros((len(QUANTITIES), 4, len(population)))
    out[:, :, alive.row] = np.stack([mean[0], mean[1], effect, error], axis=1)
    return out.reshape(4 * len(QUANTITIES), -1), population.customer_id
