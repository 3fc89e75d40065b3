"""Small simulated studies of known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import needs

ATTRIBUTES = {
    "effect": ["moisture", "anti-ageing", "sun"],
    "pack": ["jar", "pump"],
    "price_shown": [12.0, 16.0, 20.0],
}
MEAN = {"effect": [-0.5, 0.6, -0.1], "pack": [-0.3, 0.3]}
PRICE = -0.2


def conjoint_study(people=150, tasks=10, spread=0.6, seed=0, none=True):
    """Return the tasks of a study and the true tastes: respondents × (effect levels, pack levels, price)."""
    rng = np.random.default_rng(seed)
    design = needs.conjoint_design(ATTRIBUTES, tasks=tasks, alternatives=3, versions=5, none=none, seed=seed).tasks
    shown = pd.concat(
        [design[design["version"] == i % 5 + 1].assign(respondent=f"r{i:03}") for i in range(people)], ignore_index=True
    ).drop(columns="version")
    truth = {name: np.array(mean) + spread * rng.normal(size=(people, len(mean))) for name, mean in MEAN.items()}
    truth["price_shown"] = PRICE * np.exp(0.5 * spread * rng.normal(size=(people, 1)) - spread**2 / 8)
    person = shown["respondent"].str[1:].astype(int).to_numpy()
    empty = shown["effect"].isna().to_numpy()
    utility = truth["price_shown"][person, 0] * (shown["price_shown"].fillna(0.0).to_numpy() - 16.0)
    for name in MEAN:
        place = pd.Index(ATTRIBUTES[name]).get_indexer(pd.Index(shown[name]))
        utility = utility + truth[name][person, np.maximum(place, 0)]
    utility = np.where(empty, 0.0, utility) + rng.gumbel(size=len(shown))
    best = pd.Series(utility).groupby([shown["respondent"], shown["task"]]).transform("max")
    return shown.assign(chosen=utility == best), truth


def maxdiff_study(people=120, seed=0, spread=0.7):
    """Return best–worst tasks and the true utilities, respondents × items."""
    rng = np.random.default_rng(seed)
    items = [f"item {letter}" for letter in "ABCDEFGH"]
    design = needs.maxdiff_design(items, per_set=4, times=3, versions=5, seed=seed).sets
    truth = np.linspace(-1.2, 1.2, len(items)) + spread * rng.normal(size=(people, len(items)))
    parts = []
    for i in range(people):
        shown = design[design["version"] == i % 5 + 1].assign(respondent=i)
        code = pd.Index(items).get_indexer(pd.Index(shown["item"])).reshape(-1, 4)
        value = truth[i, code]
        best = (value + rng.gumbel(size=value.shape)).argmax(axis=1)
        low = -value + rng.gumbel(size=value.shape)
        low[np.arange(len(low)), best] = -np.inf
        choice = np.zeros(value.shape, int)
        choice[np.arange(len(low)), best] = 1
        choice[np.arange(len(low)), low.argmax(axis=1)] = -1
        parts.append(shown.assign(choice=choice.ravel()))
    return pd.concat(parts, ignore_index=True)[["respondent", "set", "item", "choice"]], pd.DataFrame(
        truth, columns=items
    )
