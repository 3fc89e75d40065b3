"""What it is worth to wake those who have left, luck removed: who would come back, and what they would then bring."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from crmlab.streams import derive_seed
from crmlab.world.expectation import _follow
from crmlab.world.setup import Setup
from crmlab.world.simulation import BLOCK, STRANGER, Block, lived_until
from crmlab.world.win_back import chance_logit, restart


def waking(setup: Setup, *, month: int, horizon: int, offer: float, replications: int) -> pd.DataFrame:
    """Return what an offer at the start of a month is expected to do to everybody who has joined by then.

    Those who are there pay no attention to it. Of those who have left, each comes back with the chance of equation
    (15) and is then followed as in `crmlab.world.expectation`; the discount itself is the caller's to count.

    Parameters
    ----------
    setup : Setup
        The simulation.
    month : int
        Month of the offer.
    horizon : int
        Months over which profit is summed, discounted.
    offer : float
        Strength of the offer, as the lever ``win_back_offer``.
    replications : int
        Repetitions over which to average.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id``: ``left`` (bool), ``chance`` of coming back, ``value_if_back`` (€) and ``gain``,
        their product; 0 for who is there.
    """
    return pd.concat(
        [_of_block(block, month, horizon, offer, replications) for block in lived_until(setup, None, month)]
    ).sort_index()


def _of_block(block: Block, month: int, horizon: int, offer: float, replications: int) -> pd.DataFrame:
    lost, lapse = block.lost, month - block.lost_since
    count, n = len(lost), len(block.population)
    offers = np.full(count, offer, np.float32)
    chance = expit(chance_logit(block, lost, lapse, offers).astype(np.float64))
    total = np.zeros(count)
    seed = derive_seed(block.setup.seed_luck, 0)
    together = max(1, BLOCK // max(1, count))
    for first in range(0, replications, together):
        number = np.arange(first, min(first + together, replications))
        back = lost.take(np.tile(np.arange(count), len(number)))
        restart(block, back, np.tile(offers, len(number)), np.tile(lapse, len(number)), month)
        back.customer_id += np.repeat(number, count) * STRANGER
        block.state = back
        total += _follow(block, month, horizon, horizon, seed)[1].reshape(len(number), count).sum(axis=0)
    out = np.zeros((3, n))
    out[:, lost.row] = np.stack([np.ones(count), chance, total / replications])
    table = pd.DataFrame(
        {"left": out[0] > 0, "chance": out[1], "value_if_back": out[2], "gain": out[1] * out[2]},
        index=pd.Index(block.population.customer_id, name="customer_id"),
    )
    return table[block.population.arrival < month]
