"""People who are no customers: near ones, those who refuse, and those the firm has never reached."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, ndtr

from crmlab.streams import poisson_quantile
from crmlab.world.observe.records import Draws, Reals, Records, categories
from crmlab.world.population import TRAITS, draw_traits
from crmlab.world.scenario import Section
from crmlab.world.setup import prospect_count
from crmlab.world.simulation import who_joins

KINDS = ["quasi", "refusing", "unexplored"]
STAGES = ["unaware", "aware", "interested", "negotiating"]
MOST_FOLLOW_UPS = 12

# How much of a score the traits explain (weights of the traits and of chance; squares add up to 1).
_SCORES = {
    "portrait_match": ({"fit": 0.8}, 0.6),
    "need_strength": ({"order_rate": 0.6}, 0.8),
    "ability_to_pay": ({"order_value": 0.7, "price_elasticity": -0.3}, 0.648),
    "access": ({"email_affinity": 0.3}, 0.954),
}


def prospects(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the people on the firm's list who have not become customers by the last day, and what they really are."""
    setup, p = records.setup, records.scenario.prospects
    pool = setup.customers + 1 + np.arange(prospect_count(records.scenario, setup.customers))
    ids = np.setdiff1d(pool, who_joins(setup, pool).customer_id)
    ids = ids[Draws(ids, seed=setup.seed_people, mechanism="prospect").uniform(0) < p.known]
    draws = Draws(ids, seed=setup.seed_people, mechanism="prospect")
    z = dict(zip(TRAITS, draw_traits(records.scenario, ids, seed=setup.seed_people).z, strict=True))
    true = {}
    for k, (name, (loads, rest)) in enumerate(_SCORES.items(), start=1):
        score = sum((weight * z[trait] for trait, weight in loads.items()), start=rest * draws.normal(k))
        true[name] = ndtr(score)
    short = np.stack(
        [true["portrait_match"] < p.match, true["need_strength"] < p.need, true["ability_to_pay"] < p.ability]
    )
    kind = np.select([true["access"] < p.access, short.any(axis=0)], [2, 1], 0)

    interest = p.inquiries * np.select([kind == 2, kind == 1], [0.0, 0.4], 1.0) * 2 * true["need_strength"]
    inquiries = _count(draws.uniform(10), interest)
    # The firm calls those who ask: who got many follow-ups was keen before.
    followed = _count(draws.uniform(11), p.follow_ups * inquiries + 0.2 * (kind != 2))
    stage = np.select(
        [kind == 2, (inquiries >= 2) & (followed >= 2), inquiries >= 1],
        [0, 3, 2],
        1,
    )
    seen = {
        name: np.clip(score + p.noise * draws.normal(20 + k), 0.0, 1.0) for k, (name, score) in enumerate(true.items())
    }
    table = pd.DataFrame(
        {
            "prospect_id": ids,
            **seen,
            "inquiries": inquiries,
            "follow_ups_received": followed,
            "stage": categories(stage, STAGES),
        }
    )
    annoyance = p.annoyance * np.exp(0.5 * draws.normal(30) - 0.125)
    refuses = short.any(axis=0)
    cadence = np.stack([_chance(p, true, annoyance, refuses, float(f)) for f in range(MOST_FOLLOW_UPS + 1)])
    truth = pd.DataFrame(
        {
            "prospect_id": ids,
            "kind": categories(kind, KINDS),
            "lacks_match": short[0],
            "lacks_need": short[1],
            "lacks_ability": short[2],
            "annoyance": annoyance,
            "chance": cadence[np.minimum(followed, MOST_FOLLOW_UPS), np.arange(len(ids))],
            "best_follow_ups": cadence.argmax(axis=0),
            "best_chance": cadence.max(axis=0),
        }
    )
    return table, truth


def _chance(p: Section, true: dict[str, Reals], annoyance: Reals, refuses: Any, follow_ups: float) -> Reals:
    """Return the chance of a first order within a quarter: reminders help less and less, annoyance adds up."""
    logit = p.base + 2 * (true["need_strength"] - 0.5) - p.refusal * refuses
    logit = logit + p.recall * (1 - np.exp(-follow_ups / p.recall_scale)) - annoyance * follow_ups
    return expit(logit)


def _count(u: Reals, mean: Reals) -> npt.NDArray[np.int64]:
    return poisson_quantile(u.astype(np.float32), np.asarray(mean, dtype=np.float32)).astype(np.int64)
