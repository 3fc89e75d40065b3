"""Satisfaction surveys: who answers, and what a tick on a scale has to do with what somebody feels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from crmlab.world.observation import month_start
from crmlab.world.observe.causes import order_losses
from crmlab.world.observe.records import Draws, Ids, Reals, Records, categories, optional, rating
from crmlab.world.scenario import Section
from crmlab.world.simulation import Columns

ITEMS = ("range", "quality", "value", "ordering", "delivery", "availability", "staff", "after_sales", "information")
"""What the nine items are about, q1 to q9."""

DIMENSIONS = ("product", "convenience", "communication")
"""Each of them shows in three items; ``product`` answers the customer's solution and cost."""

_EVENTS = {"quality": "quality", "value": "price", "delivery": "logistics", "staff": "service"}
"""Items in which something shows that went wrong lately."""

_FOUR_C_OF = {"product": (0, 1), "convenience": (2,), "communication": (3,)}
_AGE_CENTRE = 42.0  # years at which `missing_age` changes nothing


def surveys(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the surveys table of all waves, and the truth behind it."""
    every = records.scenario.survey.every_months
    waves = [
        survey_wave(records, month, wave)
        for wave, month in enumerate(range(every - 1, records.setup.months, every), start=1)
    ]
    if not waves:  # a simulation shorter than the first wave: the tables are there, and empty
        table, truth = survey_wave(records, records.setup.months - 1, 1)
        return table.iloc[:0], truth.iloc[:0]
    table, truth = (pd.concat(parts, ignore_index=True) for parts in zip(*waves, strict=True))
    return table, truth


def survey_wave(records: Records, month: int, wave: int, **changes: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one wave, sent on the last day of a month.

    Parameters
    ----------
    records : Records
        The simulation.
    month : int
        Month of the simulation.
    wave : int
        Number of the wave; chance depends on the month, not on it.
    **changes
        Numbers of the scenario's section ``survey`` that are other in this wave.

    Returns
    -------
    surveys, truth : DataFrame
        One row per customer invited.
    """
    p = Section({**records.scenario.survey, **changes})
    seed = records.setup.seed_luck
    ids = _invited(records, month, p)
    state = records.last_seen(month)
    state = {name: values[np.searchsorted(state["customer_id"], ids)] for name, values in state.items()}
    satisfaction = state["satisfaction"].astype(np.float64)
    distance = (satisfaction - p.satisfaction_mean) / p.satisfaction_spread
    draws, mood = (Draws(ids, seed=seed, mechanism=name, month=month) for name in ("survey", "likert"))
    overall = rating(satisfaction + p.overall_noise * mood.normal(0), p.overall_cuts)

    alive = records.alive(ids, month)
    opened = np.minimum(records.opened(ids, month), 6) / 6
    logit = p.response_base + p.response_strength * np.abs(distance) + p.response_direction * distance
    chance = np.where(alive, expit(logit + p.response_mail * opened), 0.0)
    responded = Draws(ids, seed=seed, mechanism="response", month=month).uniform(0) < chance

    dimensions = _dimensions(records, ids, month, distance, p)
    scores = _item_scores(records, ids, month, distance, dimensions, p, draws)
    items = rating(scores, p.item_cuts)
    straight = draws.uniform(20) < p.straight_lining
    items = np.where(straight, overall, items)
    skipped = _skipped(records, ids, month, p, draws)
    answers: dict[str, Any] = {
        f"q{number}": optional(row, responded & ~gap)
        for number, (row, gap) in enumerate(zip(items, skipped, strict=True), start=1)
    }
    table = pd.DataFrame(
        {
            "wave": np.full(len(ids), wave, np.int64),
            "customer_id": ids,
            "sent_date": np.full(len(ids), month_start(records.setup, month + 1) - np.timedelta64(86_400, "s")),
            "responded": responded,
            **answers,
            "overall": optional(overall, responded),
            "nps": optional(_recommends(records, ids, satisfaction, p, draws), responded),
            "intention": optional(_intends(satisfaction, state, p, draws), responded),
            "comment_topic": _comment(items, scores, responded & (draws.uniform(23) < p.comment)),
        }
    )
    truth = pd.DataFrame(
        {
            "wave": table["wave"],
            "customer_id": ids,
            "still_customer": alive,
            "response_probability": chance,
            "satisfaction": satisfaction,
            "overall": overall,
            **dict(zip(DIMENSIONS, dimensions, strict=True)),
            "straight_lining": straight,
        }
    )
    return table, truth


def _invited(records: Records, month: int, p: Section) -> Ids:
    """Return who has ordered in the twelve months up to the end of a month, as far as the tables go back."""
    orders = records.orders
    inside = (orders["month"] <= month) & (orders["month"] > month - 12)
    ids = np.unique(orders["customer_id"][inside])
    draws = Draws(ids, seed=records.setup.seed_luck, mechanism="survey", month=month)
    return ids[draws.uniform(30) < p.invited]


def _dimensions(records: Records, ids: Ids, month: int, distance: Reals, p: Section) -> list[Reals]:
    """Return what customers think of product, convenience and communication."""
    own = Draws(ids, seed=records.setup.seed_people, mechanism="survey")
    weights = records.customers["weights"][records.place(ids)].astype(np.float64)
    effects = records.setup.effects(month, ids)
    out = []
    for number, dimension in enumerate(DIMENSIONS):
        parts = _FOUR_C_OF[dimension]
        offered = sum((weights[:, c] * effects.four_c[c] for c in parts), start=np.zeros(len(ids)))
        weight = sum((weights[:, c] for c in parts), start=np.zeros(len(ids)))
        out.append(
            p.dimension_satisfaction * distance
            + p.dimension_own * own.normal(number)
            + p.dimension_policy * offered / weight
        )
    return out


def _item_scores(
    records: Records, ids: Ids, month: int, distance: Reals, dimensions: list[Reals], p: Section, draws: Draws
) -> Reals:
    """Return the scores behind the nine items, shape (9, n)."""
    agreeing = p.item_acquiescence * Draws(ids, seed=records.setup.seed_people, mechanism="survey").normal(10)
    events = _events(records, ids, month)
    scores = []
    for number, item in enumerate(ITEMS):
        score = p.item_dimension * dimensions[number // 3] + p.item_halo * distance + agreeing
        score = score + p.item_noise * draws.normal(number)
        scores.append(score - p.item_event * events.get(item, 0.0))
    return np.stack(scores)


def _events(records: Records, ids: Ids, month: int) -> dict[str, Reals]:
    """Return the mean loss per order of the last six months in what some items ask about."""
    orders = records.orders
    recent = np.flatnonzero((orders["month"] <= month) & (orders["month"] > month - 6))
    place = np.searchsorted(ids, orders["customer_id"][recent])
    there = (place < len(ids)) & (ids[np.minimum(place, max(len(ids) - 1, 0))] == orders["customer_id"][recent])
    recent, place = recent[there], place[there]
    losses = order_losses(records, recent)
    count = np.maximum(np.bincount(place, minlength=len(ids)), 1)
    return {
        item: np.bincount(place, weights=losses[cause], minlength=len(ids)) / count for item, cause in _EVENTS.items()
    }


def _skipped(records: Records, ids: Ids, month: int, p: Section, draws: Draws) -> npt.NDArray[np.bool_]:
    """Return which items are skipped: at random or, with `missing_age`, the more often the older somebody is."""
    age = records.scenario.start_date.year + month / 12 - birth_year(records, ids)
    chance = np.minimum(p.missing * np.exp(p.missing_age * (age - _AGE_CENTRE) / 10), 1.0)
    return np.stack([draws.uniform(40 + number) < chance for number in range(len(ITEMS))])


def birth_year(records: Records, ids: Ids) -> Reals:
    """Return the true year of birth, stated or not."""
    d = records.scenario.demographics
    place = records.place(ids)
    noise = Draws(ids, seed=records.setup.seed_people, mechanism="demographics").normal(0)
    score = np.sqrt(d.trait_share) * records.customers["z"][place, 4] + np.sqrt(1 - d.trait_share) * noise
    return np.round(d.birth_year_mean + d.birth_year_spread * score)


def _recommends(records: Records, ids: Ids, satisfaction: Reals, p: Section, draws: Draws) -> npt.NDArray[np.int64]:
    spoken = records.customers["z"][records.place(ids), 9]
    score = satisfaction + p.recommend_word_of_mouth * spoken + p.recommend_noise * draws.normal(21)
    return rating(score, p.recommend_cuts, lowest=0)


def _intends(satisfaction: Reals, state: Columns, p: Section, draws: Draws) -> npt.NDArray[np.int64]:
    u = draws.uniform(22)
    score = (
        p.intention_base
        + p.intention_satisfaction * satisfaction
        + p.intention_delight * np.maximum(satisfaction - p.intention_delight_start, 0.0)
        - p.intention_hurt * state["hurt"]
        + p.intention_noise * np.log(u / (1 - u))
    )
    return rating(score, p.intention_cuts)


def _comment(items: npt.NDArray[np.int64], scores: Reals, leaves: npt.NDArray[np.bool_]) -> Any:
    """Return what comments are about: the worst item of those who are not content, the best one of the others."""
    worst, best = scores.argmin(axis=0), scores.argmax(axis=0)
    topic = np.where(items.min(axis=0) <= 3, worst, best)
    return categories(np.where(leaves, topic, -1), list(ITEMS))
