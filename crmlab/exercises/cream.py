"""The day cream of lesson 02: its costs, its competitors, and what each offer would truly earn.

The world sells no cream. What is true here are the tastes that the world gives every customer, of whom the study asks
some; an offer's true profit lets all of them choose once, between the offer, two competitors and nothing, by the same
rule as in the choice tasks. Costs and competitors are fiction.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmlab.needs import Costs
from crmlab.world import World
from crmlab.world.scenario import load_scenario

ATTRIBUTES = ("effect", "ingredients", "pack", "advice", "price_shown")

DECISIONS = {
    "effect": "product",
    "ingredients": "product",
    "pack": "place",
    "advice": "promotion",
    "price_shown": "price",
}
"""Which of the four Ps each attribute is; pack stands for convenience, the only part of place that was asked."""

COSTS = Costs(
    base=5.0,
    per_unit={
        "effect": {"anti-ageing": 1.5, "sun protection": 0.8, "brightening": 1.2},
        "ingredients": {"natural": 0.8, "certified organic": 2.6},
        "pack": {"pump": 0.6, "refill": 0.4},
        "advice": {"personal consultant": 4.5},
    },
    fixed={"advice": {"skin test on the site": 400.0}},
)
"""In €; a consultant is paid by the jar, the skin test is built once."""

COMPETITORS = pd.DataFrame(
    {
        "effect": ["moisture", "anti-ageing"],
        "ingredients": ["natural", "usual"],
        "pack": ["jar", "pump"],
        "advice": ["none", "skin test on the site"],
        "price_shown": [12.0, 20.0],
    },
    index=pd.Index(["Lily", "Nova"], name="brand"),
)
"""What else is on the shelf."""

NOTE = {
    "effect": "anti-ageing",
    "ingredients": "certified organic",
    "pack": "pump",
    "advice": "personal consultant",
    "price_shown": 16.0,
}
"""The manager's note: the best of everything, at a friendly price."""


def everybody(seed: int, customers: int) -> pd.DataFrame:
    """Return the true part-worths of every customer of a shop, one column per attribute and level.

    Parameters
    ----------
    seed, customers : int
        Of the shop. Tastes do not depend on what happens later, so one month is enough.
    """
    scenario = load_scenario("cosmetics").with_values({"studies.respondents": customers})
    run = World(scenario, customers=customers, months=1, seed=seed).simulate()
    worths = run.truth.part_worths
    table = worths.pivot_table(
        index="respondent", columns=["attribute", "level"], values="part_worth", observed=True, sort=False
    )
    return table


def true_market(worths: pd.DataFrame, offers: pd.DataFrame) -> np.ndarray:
    """Return the true share of each offer when it alone meets the competitors.

    Parameters
    ----------
    worths : DataFrame
        Result of `everybody`.
    offers : DataFrame
        One row per offer.
    """
    return np.asarray(own_chances(worths, offers).mean(axis=0))


def own_chances(worths: pd.DataFrame, offers: pd.DataFrame) -> np.ndarray:
    """Return the true chance of each customer to choose each offer when it alone meets the competitors."""
    rest = np.exp(worths[("none", "none")].to_numpy()) + np.exp(_utility(worths, COMPETITORS)).sum(axis=1)
    weight = np.exp(_utility(worths, offers))
    return np.asarray(weight / (weight + rest[:, None]))


def true_profits(worths: pd.DataFrame, offers: pd.DataFrame) -> np.ndarray:
    """Return the true profit of each offer in €, when every customer chooses once."""
    margin = offers["price_shown"].to_numpy(float) - COSTS.unit(offers)
    return np.asarray(len(worths) * true_market(worths, offers) * margin - COSTS.lump(offers))


def _utility(worths: pd.DataFrame, offers: pd.DataFrame) -> np.ndarray:
    total = np.zeros((len(worths), len(offers)))
    for name in ATTRIBUTES:
        attribute = "price" if name == "price_shown" else name
        levels = [f"{level:g}" if name == "price_shown" else str(level) for level in offers[name]]
        own = worths[attribute]
        total += own.to_numpy()[:, own.columns.astype(str).get_indexer(levels)]
    return total


def mix_table(run: Any) -> pd.DataFrame:
    """Return every combination of levels that the study showed: the offers among which the best is looked for."""
    shown = run.conjoint_tasks
    levels = []
    for name in ATTRIBUTES:
        values = shown[name].dropna()
        levels.append(
            sorted(values.unique())
            if name == "price_shown"
            else [v for v in values.cat.categories if (values == v).any()]
        )
    return pd.MultiIndex.from_product(levels, names=ATTRIBUTES).to_frame(index=False)
