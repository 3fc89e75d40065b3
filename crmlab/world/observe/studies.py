"""Studies among customers of the first day: what they need, and what they choose in choice tasks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from crmlab.world.observe.records import Draws, Ids, Reals, Records, categories
from crmlab.world.population import TRAITS

Numbers = npt.NDArray[np.int64]


def respondents(records: Records) -> Ids:
    """Return who takes part: of the customers of the first day, each with the same chance."""
    setup = records.setup
    ids = records.ids[records.ids <= setup.customers]
    chance = records.scenario.studies.respondents / setup.customers
    return ids[Draws(ids, seed=setup.seed_people, mechanism="need").uniform(0) < chance]


def needs(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what customers say about their needs, and what these are."""
    setup, p = records.setup, records.scenario.studies
    ids = respondents(records)
    draws = Draws(ids, seed=setup.seed_people, mechanism="need")
    names = list(records.scenario.needs)
    importance, required, must, met, stated, says_must = ([] for _ in range(6))
    for k, need in enumerate(records.scenario.needs.values(), start=1):
        value = need["importance"] + need["loading"] * trait(records, ids, need["trait"])
        value = value + p.need_spread * draws.normal(10 * k)
        spread = np.hypot(need["loading"], p.need_spread)
        # The part of customers for whom it matters most: an importance above this is a must-have.
        threshold = need["importance"] + spread * float(ndtri(1 - need["must"]))
        level = setup.policy.value(need["lever"], setup.months - 1, ids).astype(np.float64)
        wanted = need["required"] + p.required_spread * draws.normal(10 * k + 1)
        if need["lever"] == "price":
            paid = level * (1 - setup.policy.value("promotion", setup.months - 1, ids))
            met.append(np.broadcast_to(paid <= wanted, (len(ids),)))
        else:
            met.append(np.broadcast_to(level >= wanted, (len(ids),)))
        importance.append(value)
        required.append(wanted)
        must.append(value > threshold)
        stated.append(value + must[-1] + need["stated"] + p.need_noise * draws.normal(10 * k + 2))
        says_must.append(value + need["stated"] + p.need_noise * draws.normal(10 * k + 3) > threshold - spread)
    truly = [value + flag for value, flag in zip(importance, must, strict=True)]
    forced = [value + p.need_noise / 2 * draws.normal(10 * k + 4) for k, value in enumerate(truly, start=1)]
    count = len(names)
    key = {
        "customer_id": np.repeat(ids, count),
        "need": categories(np.tile(np.arange(count), len(ids)), names),
    }
    table = pd.DataFrame(
        key
        | {
            "stated_must": _by_customer(says_must),
            "stated_rank": _by_customer(_ranks(stated)),
            "forced_rank": _by_customer(_ranks(forced)),
            "met": _by_customer(met),
        }
    )
    truth = pd.DataFrame(
        key
        | {
            "need_type": categories(_by_customer(must).astype(np.int64), ["nice", "must"]),
            "importance": _by_customer(importance),
            "required_level": _by_customer(required),
        }
    )
    return table, truth


def conjoint_tasks(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the choices between alternatives, and the part-worths behind them."""
    p, seed = records.scenario.studies, records.setup.seed_people
    ids = respondents(records)
    n, attributes = len(ids), _attributes(records, ids)
    draws = Draws(ids, seed=seed, mechanism="conjoint")
    clicks = draws.uniform(0) < p.random_clickers
    levels = {name: worths.shape[1] for name, worths in attributes.items()}
    shown = _balanced_design(ids, levels, p.tasks, p.alternatives, seed=seed)
    fixed = _balanced_design(np.zeros(1, np.int64), levels, p.holdouts, p.alternatives, seed=seed)
    tasks = p.tasks + p.holdouts
    columns: dict[str, list[Any]] = {name: [] for name in [*levels, "chosen"]}
    for task in range(tasks):
        luck = Draws(ids, seed=seed, mechanism="conjoint", month=task + 1)
        design = shown[task] if task < p.tasks else {k: np.repeat(v, n, 0) for k, v in fixed[task - p.tasks].items()}
        utility = np.full((n, p.alternatives + 1), float(p.none_utility))
        utility[:, :-1] = sum(
            (np.take_along_axis(worths, design[name], axis=1) for name, worths in attributes.items()),
            start=np.zeros((n, p.alternatives)),
        )
        chance = np.stack([luck.gumbel(a) for a in range(p.alternatives + 1)], axis=1)
        chosen = np.where(clicks[:, None], chance, utility + chance).argmax(axis=1)
        for name in levels:
            columns[name].append(np.column_stack([design[name], np.full(n, -1)]))
        columns["chosen"].append(np.arange(p.alternatives + 1) == chosen[:, None])
    stacked = {name: np.stack(parts, axis=1).reshape(-1) for name, parts in columns.items()}
    number = np.tile(np.repeat(np.arange(1, tasks + 1), p.alternatives + 1), n)
    table: dict[str, Any] = {
        "respondent": np.repeat(ids, tasks * (p.alternatives + 1)),
        "task": number,
        "alternative": np.tile(np.arange(1, p.alternatives + 2), n * tasks),
        "holdout": number > p.tasks,
    }
    for name, names in _level_names(records).items():
        table[name] = categories(stacked[name], names)
    prices = np.append(np.asarray(records.scenario.price_levels.prices, dtype=np.float64), np.nan)
    table |= {"price_shown": prices[stacked["price"]], "chosen": stacked["chosen"]}
    return pd.DataFrame(table), _part_worths(records, ids, attributes, clicks)


def maxdiff_tasks(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return best and worst items of each set, and the utilities behind them."""
    p, seed = records.scenario.studies, records.setup.seed_people
    ids, names = respondents(records), list(records.scenario.maxdiff)
    n, count = len(ids), len(names)
    draws = Draws(ids, seed=seed, mechanism="maxdiff")
    utility = np.stack(
        [
            item["utility"]
            + item["loading"] * trait(records, ids, item["trait"])
            + p.choice_spread * draws.normal(100 + k)
            for k, item in enumerate(records.scenario.maxdiff.values())
        ],
        axis=1,
    )
    parts: list[pd.DataFrame] = []
    number = 0
    for time in range(p.times_shown):
        # Each round deals all items into sets: every item equally often, none twice in a set.
        dealt = np.stack([draws.uniform(1000 * (time + 1) + k) for k in range(count)], axis=1).argsort(axis=1)
        for low in range(0, count, p.sets_of_items):
            items = dealt[:, low : low + p.sets_of_items]
            number += 1
            luck = Draws(ids, seed=seed, mechanism="maxdiff", month=number)
            worth = np.take_along_axis(utility, items, axis=1)
            width = items.shape[1]
            best = (worth + np.stack([luck.gumbel(k) for k in range(width)], axis=1)).argmax(axis=1)
            bad = -worth + np.stack([luck.gumbel(width + k) for k in range(width)], axis=1)
            bad[np.arange(n), best] = -np.inf
            choice = np.zeros((n, width), np.int64)
            choice[np.arange(n), best] = 1
            if width > 1:
                choice[np.arange(n), bad.argmax(axis=1)] = -1
            parts.append(
                pd.DataFrame(
                    {
                        "respondent": np.repeat(ids, width),
                        "set": np.full(n * width, number),
                        "item": categories(items.reshape(-1), names),
                        "choice": choice.reshape(-1),
                    }
                )
            )
    table = pd.concat(parts).sort_values(["respondent", "set"], kind="stable", ignore_index=True)
    truth = pd.DataFrame(
        {
            "respondent": np.repeat(ids, count),
            "item": categories(np.tile(np.arange(count), n), names),
            "utility": utility.reshape(-1),
        }
    )
    return table, truth


def trait(records: Records, ids: Ids, name: str) -> Reals:
    """Return a trait of some customers as a standard normal score."""
    return records.customers["z"][records.place(ids), TRAITS.index(name)]


def _attributes(records: Records, ids: Ids) -> dict[str, Reals]:
    """Return the part-worths of each respondent by attribute, arrays of shape (n, levels); price comes last."""
    p = records.scenario.studies
    draws = Draws(ids, seed=records.setup.seed_people, mechanism="conjoint")
    out = {}
    for k, (name, attribute) in enumerate(records.scenario.conjoint.items(), start=1):
        mean = np.asarray(attribute["part_worths"], dtype=np.float64)
        position = np.linspace(-0.5, 0.5, len(mean))
        moved = np.outer(attribute["loading"] * trait(records, ids, attribute["trait"]), position)
        own = np.stack([draws.normal(100 * k + level) for level in range(len(mean))], axis=1)
        out[name] = mean + moved + p.choice_spread * own
    elasticity = records.customers["price_elasticity"][records.place(ids)].astype(np.float64)
    relative = elasticity / records.scenario.traits.price_elasticity_mean
    out["price"] = np.outer(relative, np.asarray(records.scenario.price_levels.part_worths, dtype=np.float64))
    return out


def _balanced_design(
    ids: Ids, levels: dict[str, int], tasks: int, alternatives: int, *, seed: int
) -> list[dict[str, Numbers]]:
    """Return for each task and attribute the levels shown, shape (n, alternatives).

    Minimal overlap: levels differ between the alternatives of a task as far as they suffice. Balanced: a task takes the
    levels that the respondent has seen least, ties and places by chance.
    """
    n = len(ids)
    seen = {name: np.zeros((n, count), np.int64) for name, count in levels.items()}
    out = []
    for task in range(tasks):
        draws = Draws(ids, seed=seed, mechanism="conjoint", month=1000 + task)
        shown = {}
        for k, (name, count) in enumerate(levels.items()):
            chance = np.stack([draws.uniform(100 * k + level) for level in range(count)], axis=1)
            least = np.argsort(seen[name] + chance, axis=1)
            taken = np.tile(least, (1, -(-alternatives // count)))[:, :alternatives]
            places = np.stack([draws.uniform(100 * k + 50 + a) for a in range(alternatives)], axis=1).argsort(axis=1)
            shown[name] = np.take_along_axis(taken, places, axis=1)
            for a in range(alternatives):
                seen[name][np.arange(n), shown[name][:, a]] += 1
        out.append(shown)
    return out


def _level_names(records: Records) -> dict[str, list[str]]:
    return {name: list(attribute["levels"]) for name, attribute in records.scenario.conjoint.items()}


def _part_worths(
    records: Records, ids: Ids, attributes: dict[str, Reals], clicks: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    names = _level_names(records) | {"price": [f"{price:g}" for price in records.scenario.price_levels.prices]}
    labels = [(attribute, level) for attribute, levels in names.items() for level in levels] + [("none", "none")]
    n, none = len(ids), np.full((len(ids), 1), float(records.scenario.studies.none_utility))
    values = np.hstack([*(attributes[name] for name in names), none])
    first, second = (list(dict.fromkeys(part)) for part in zip(*labels, strict=True))
    return pd.DataFrame(
        {
            "respondent": np.repeat(ids, len(labels)),
            "attribute": categories(np.tile([first.index(a) for a, _ in labels], n), first),
            "level": categories(np.tile([second.index(b) for _, b in labels], n), second),
            "part_worth": values.reshape(-1),
            "random_clicker": np.repeat(clicks, len(labels)),
        }
    )


def _ranks(scores: list[Reals]) -> list[Numbers]:
    """Return the rank of each score among those of the same customer, 1 for the highest."""
    order = np.argsort(-np.stack(scores), axis=0, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, len(scores) + 1)[:, None] + np.zeros_like(order), axis=0)
    return list(ranks)


def _by_customer(rows: list[Any]) -> npt.NDArray[Any]:
    """Turn one array per need into one sequence, customer by customer."""
    return np.stack(rows, axis=1).reshape(-1)
