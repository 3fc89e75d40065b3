"""The latent oracle: the best prediction of somebody who knows every trait and state, but not the luck to come."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.streams import derive_seed
from crmlab.world import World
from crmlab.world.simulation import STRANGER, Block, lived_until

RARE = np.float32(2.0**-20)
"""Factor of the order rate under which nobody orders, while the rate can still be read off."""


def latent_oracle(world: World, *, as_of: int, horizon: int, replications: int = 16) -> pd.DataFrame:
    """Return what is known about each customer's future when everything but luck is known.

    Parameters
    ----------
    world : World
        Which one.
    as_of : int
        Months lived; the future begins with this month.
    horizon : int
        Months of the future.
    replications : int
        Repetitions of luck over which to average, at least 2.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id``, for everybody who had joined: ``silent``, the probability of no order in the horizon
        (1 for those who have left), and ``orders``, the expected number. Nobody is won back in it.

    Notes
    -----
    For the chance of silence, each customer is followed as if no order came: no order in the next month, none in the
    one after given none in the first, and so on, leaving included. So it needs few repetitions: what is left of luck is
    which mails are opened.
    """
    setup = world.setup
    blocks = lived_until(setup, None, as_of)
    silent = pd.concat([_silent(block, as_of, horizon, replications) for block in blocks]).sort_index()
    expected = world.expected(from_month=as_of, horizon=horizon, replications=replications)
    return pd.DataFrame({"silent": silent, "orders": expected["expected_orders"]})


def _silent(block: Block, as_of: int, horizon: int, replications: int) -> pd.Series:
    alive, n = block.state, len(block.state)
    total, seed = np.zeros(n), derive_seed(block.setup.seed_luck, 0)
    for repetition in range(replications):
        block.state = alive.take(np.arange(n))
        block.state.customer_id += repetition * STRANGER
        block.state.order_rate *= RARE
        waiting, gone = np.ones(n), np.zeros(n)
        for ahead in range(horizon):
            happened, _ = block.live(as_of + ahead, seed=seed, immortal=True)
            rate, hazard = happened.rate.astype(float) / RARE, happened.hazard.astype(float)
            passes = np.exp(-(rate + hazard))
            gone += waiting * (1 - passes) * hazard / np.maximum(rate + hazard, 1e-12)
            waiting *= passes
        total += gone + waiting
    out = np.ones(len(block.population))
    out[alive.row] = total / replications
    silent = pd.Series(out, index=pd.Index(block.population.customer_id, name="customer_id"))
    return silent[block.population.arrival < as_of]
