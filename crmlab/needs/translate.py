"""From 4C to 4P: what part-worths say about each decision, with its expected effect and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from crmlab.needs.choices import Floats
from crmlab.needs.conjoint import Conjoint
from crmlab.needs.market import Costs
from crmlab.needs.scorecard import P_OF_C
from crmlab.tables import TableError

_STEP = 1e-3
"""Step of numerical derivatives, in standard errors of the mean taste."""

C_OF_P = {p: c for c, p in P_OF_C.items()}
"""Which concern of the customer each decision of the firm answers."""


def translate(
    study: Conjoint,
    current: Mapping[str, Any],
    *,
    decisions: Mapping[str, str],
    size: float,
    costs: Costs,
    competitors: pd.DataFrame | None = None,
    none: bool | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return what each single change of the offer would do, decision by decision, the best change of each first.

    Parameters
    ----------
    study : Conjoint
        Fitted tastes.
    current : mapping of attribute to level
        The offer as it is.
    decisions : mapping of attribute to {"product", "price", "place", "promotion"}
        Which of the four Ps each attribute belongs to.
    size : float
        Units that the market would buy if everybody bought one.
    costs : Costs
        Costs of the offer.
    competitors : DataFrame, optional
        Offers that stay on the market.
    none : bool, optional
        Whether people may buy nothing; by default if the tasks had that option.
    confidence : float
        Coverage of the intervals of the changes; they are paired, so narrower than those of the levels.

    Returns
    -------
    DataFrame
        One row per change: ``c``, ``p``, ``attribute``, ``from``, ``to``, ``share_change`` with ``share_low`` and
        ``share_high``, ``profit_change`` with ``profit_low`` and ``profit_high``, and ``advice``: ``do`` (profit
        rises, the interval is above zero), ``leave`` (it falls, below zero), ``test`` (neither is sure).

    Raises
    ------
    TableError
        If the offer lacks an attribute, or an attribute has no decision.
    """
    if study.price is None:
        raise TableError("Profit needs a price among the attributes of the study.")
    for name in study.attributes_:
        if name not in current:
            raise TableError(f"current: the offer lacks {name!r}.")
        if decisions.get(name) not in C_OF_P:
            raise TableError(f"decisions: {name!r} needs one of {', '.join(C_OF_P)}; it has {decisions.get(name)!r}.")
    changes = [
        (name, level) for name, levels in study.attributes_.items() for level in levels if level != current[name]
    ]
    offers = pd.DataFrame([dict(current), *({**current, name: level} for name, level in changes)])
    margin = offers[study.price].to_numpy(float) - costs.unit(offers)
    lump = costs.lump(offers)
    chance = study.chances_alone(offers, competitors, none=none)
    moved = np.array(
        [
            study.chances_alone(offers, competitors, none=none, shift=_STEP * row).mean(axis=0)
            for row in study.mean_directions()
        ]
    )
    slopes = (moved - chance.mean(axis=0)) / _STEP
    share, error = _change(chance, slopes, np.ones(len(offers)))
    profit, profit_error = _change(size * chance, size * slopes, margin)
    profit = profit - (lump - lump[0])
    width = norm.ppf(0.5 + confidence / 2)
    rows = []
    for place, (name, level) in enumerate(changes, start=1):
        low, high = profit[place] - width * profit_error[place], profit[place] + width * profit_error[place]
        p = decisions[name]
        rows.append(
            {
                "c": C_OF_P[p],
                "p": p,
                "attribute": name,
                "from": current[name],
                "to": level,
                "share_change": share[place],
                "share_low": share[place] - width * error[place],
                "share_high": share[place] + width * error[place],
                "profit_change": profit[place],
                "profit_low": low,
                "profit_high": high,
                "advice": "do" if low > 0 else "leave" if high < 0 else "test",
            }
        )
    table = pd.DataFrame(rows)
    table["p"] = pd.Categorical(table["p"], list(C_OF_P), ordered=True)
    return table.sort_values(["p", "profit_change"], ascending=[True, False], kind="stable", ignore_index=True)


def _change(chance: Floats, slopes: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return weighted changes against the first offer, and their standard errors."""
    value = chance * weight
    change = value - value[:, [0]]
    people = len(change)
    sampling = change.std(axis=0, ddof=1) / np.sqrt(people) if people > 1 else np.zeros(change.shape[1])
    moved = slopes * weight
    taste = np.sqrt(((moved - moved[:, [0]]) ** 2).sum(axis=0))
    return change.mean(axis=0), np.maximum(sampling, taste)
