"""(15) Winning back: the firm makes an offer to who has long been silent; some of those who had left come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crmlab.streams import uniform
from crmlab.world.population import Floats
from crmlab.world.state import State

if TYPE_CHECKING:
    from crmlab.world.simulation import Block


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom the firm contacted in a month, as places in the block's population.

    `offer` is the discount offered. `lapse` is in months since leaving, missing for those who had not left;
    `returned_at` the moment at which the customer came back, missing for those who did not.
    """

    row: npt.NDArray[np.int64]
    offer: Floats
    lapse: npt.NDArray[np.float64]
    returned_at: npt.NDArray[np.float64]


def win_back(block: Block, month: int) -> Contacts:
    """Contact who has been silent for long, once; those who come back are put behind the joiners of the month.

    The firm does not know who has left, so it contacts the silent among the living too; they pay no attention.

    Parameters
    ----------
    block : Block
        Changed in place.
    month : int
        Month of the simulation.
    """
    setup = block.setup
    (living, idle_offer), (rows, offer) = (_silent(block, state, month) for state in (block.state, block.lost))
    block.state.contacted[living] = True
    block.lost.contacted[rows] = True
    lapse = month - block.lost_since[rows]
    logit = chance_logit(block, block.lost.take(rows), lapse, offer)
    u, moment = (
        uniform(block.lost.customer_id[rows], seed=setup.seed_luck, mechanism="win_back", month=month, draw=k).astype(
            np.float64
        )
        for k in (0, 1)
    )
    comes = u < 1 / (1 + np.exp(-logit))
    back = block.lost.take(rows[comes])
    restart(block, back, offer[comes], lapse[comes], month)
    returned_at = np.where(comes, month + moment, np.nan)
    contacts = Contacts(
        row=np.concatenate([block.lost.row[rows], block.state.row[living]]),
        offer=np.concatenate([offer, idle_offer]),
        lapse=np.concatenate([lapse, np.full(len(living), np.nan)]),
        returned_at=np.concatenate([returned_at, np.full(len(living), np.nan)]),
    )
    block.state.add(back)
    block.state.span = np.concatenate([block.state.span, 1 - moment[comes]])
    block.state.offers = offer[comes]
    stays = np.ones(len(block.lost), bool)
    stays[rows[comes]] = False
    block.lost, block.lost_since = block.lost.take(np.flatnonzero(stays)), block.lost_since[stays]
    return contacts


def _silent(block: Block, state: State, month: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return who has been silent for long, was not contacted about it and gets an offer above 0, and which."""
    offer = block.setup.policy.value("win_back_offer", month, state.customer_id)
    silent = (month - state.last_order >= block.setup.scenario.win_back.silence_months) & ~state.contacted
    rows = np.flatnonzero(silent & (offer > 0))
    return rows, np.broadcast_to(offer, len(state))[rows]


def chance_logit(block: Block, lost: State, lapse: npt.NDArray[np.float64], offer: Floats) -> npt.NDArray[np.float64]:
    """Return the logit of the chance that each of those who have left comes back upon an offer.

    Parameters
    ----------
    block : Block
        Whose people they are.
    lost : State
        Those who have left, as they were then.
    lapse : float64 array
        Months since each of them left.
    offer : float32 array
        Discount offered to each.
    """
    p = block.setup.scenario.win_back
    return np.asarray(
        p.intercept
        + p.lapse * np.log1p(lapse)
        + p.offer * offer
        + p.satisfaction * lost.satisfaction
        + p.order_rate * block.traits.z[0][lost.row]
    )


def restart(block: Block, back: State, offer: Floats, lapse: npt.NDArray[np.float64], month: int) -> None:
    """Let customers begin again: what they felt has faded, and who was bought back cheaply leaves again sooner.

    Parameters
    ----------
    block : Block
        Whose people they are.
    back : State
        Those who come back, as they were when they left; changed in place.
    offer, lapse : array
        Discount and months since leaving of each.
    month : int
        Month of the simulation.
    """
    scenario = block.setup.scenario
    p = scenario.win_back
    back.churn_frailty *= 1 + np.float32(p.frailty) * offer
    back.satisfaction *= np.float32(p.satisfaction_kept)
    back.hurt *= np.float32(scenario.complaints.hurt_decay) ** np.ceil(lapse).astype(np.float32)
    back.salience[:] = scenario.memory.start
    back.fatigue[:] = 0
    back.borrowed[:] = 0
    back.since[:] = month
