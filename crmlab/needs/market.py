"""Market simulator: shares, revenue and profit of offers beside competitors', and the best offer under its costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.stats import norm

from crmlab.needs.choices import Floats
from crmlab.needs.conjoint import Conjoint
from crmlab.tables import TableError, require_columns

_STEP = 1e-3
"""Step of numerical derivatives, in standard errors of the mean taste."""


@dataclass(frozen=True)
class Costs:
    """What an offer costs.

    Attributes
    ----------
    base : float
        Cost of a unit sold, before what its levels add, in money.
    per_unit : mapping of attribute to mapping of level to float
        What a level adds to the cost of each unit sold.
    fixed : mapping of attribute to mapping of level to float
        What a level costs however much is sold.

    Examples
    --------
    >>> costs = Costs(base=5.0, per_unit={"delivery": {"fast": 2.0}}, fixed={"advice": {"by phone": 900.0}})
    >>> offers = pd.DataFrame({"delivery": ["fast", "slow"], "advice": ["none", "by phone"]})
    >>> costs.unit(offers).tolist(), costs.lump(offers).tolist()
    ([7.0, 5.0], [0.0, 900.0])
    """

    base: float = 0.0
    per_unit: Mapping[str, Mapping[object, float]] = field(default_factory=dict)
    fixed: Mapping[str, Mapping[object, float]] = field(default_factory=dict)

    def unit(self, offers: pd.DataFrame) -> Floats:
        """Return the cost of one unit of each offer; levels that are not named add nothing."""
        return self.base + _added(offers, self.per_unit)

    def lump(self, offers: pd.DataFrame) -> Floats:
        """Return the fixed cost of each offer."""
        return _added(offers, self.fixed)


def _added(offers: pd.DataFrame, table: Mapping[str, Mapping[object, float]]) -> Floats:
    require_columns(offers, list(table), table="offers")
    total = np.zeros(len(offers))
    for name, levels in table.items():
        total += np.array([float(levels.get(level, 0.0)) for level in offers[name]])
    return total


def market(
    study: Conjoint,
    offers: pd.DataFrame,
    *,
    size: float,
    costs: Costs | None = None,
    none: bool | None = None,
    confidence: float | None = 0.95,
) -> pd.DataFrame:
    """Return share, sales, revenue and profit of offers that are on the market at the same time.

    Parameters
    ----------
    study : Conjoint
        Fitted tastes.
    offers : DataFrame
        One row per offer, one column per attribute; its index names the offers.
    size : float
        Units that the market would buy if everybody bought one.
    costs : Costs, optional
        Costs of each offer; nothing by default, so that profit is revenue.
    none : bool, optional
        Whether people may buy nothing; by default if the tasks had that option.
    confidence : float, optional
        Coverage of the intervals; None leaves them out, which is many times quicker.

    Returns
    -------
    DataFrame
        Indexed as `offers`: ``share`` with ``share_low`` and ``share_high``, ``units``, ``revenue``, ``profit`` with
        ``profit_low`` and ``profit_high``. The intervals allow for the choice of respondents and the uncertainty of
        their tastes; not for awareness, availability, habit, or a market that answers otherwise than a questionnaire.

    Raises
    ------
    TableError
        If the study has no price, or an offer a level that was never shown.
    """
    if study.price is None:
        raise TableError("Revenue needs a price among the attributes of the study.")
    chances = study.person_chances(offers, none=none)
    share = chances.mean(axis=0)
    price = offers[study.price].to_numpy(float)
    spending = costs or Costs()
    margin = price - spending.unit(offers)
    profit = size * share * margin - spending.lump(offers)
    found = {"share": share, "units": size * share, "revenue": size * share * price, "profit": profit}
    if confidence is None:
        return pd.DataFrame(found, index=offers.index)
    width = norm.ppf(0.5 + confidence / 2) * share_errors(study, offers, chances, none=none)
    found |= {
        "share_low": np.maximum(share - width, 0.0),
        "share_high": np.minimum(share + width, 1.0),
        "profit_low": profit - size * width * np.abs(margin),
        "profit_high": profit + size * width * np.abs(margin),
    }
    order = ["share", "share_low", "share_high", "units", "revenue", "profit", "profit_low", "profit_high"]
    return pd.DataFrame(found, index=offers.index)[order]


def share_errors(study: Conjoint, offers: pd.DataFrame, chances: Floats, *, none: bool | None) -> Floats:
    """Return standard errors of shares: of the mean tastes, by the delta method, and of who was asked.

    The derivative of a share with respect to the mean taste is computed at everybody's own taste. For the individual
    model, shares vary with the sample of respondents only through these tastes, so the larger of the two errors is
    taken, which errs on the safe side; for the pooled model there is only the first.
    """
    mean = chances.mean(axis=0)
    sampling = chances.std(axis=0, ddof=1) / np.sqrt(len(chances)) if len(chances) > 1 else np.zeros(len(mean))
    moved = np.array(
        [study.person_chances(offers, none=none, shift=_STEP * row).mean(axis=0) for row in study.mean_directions()]
    )
    return np.maximum(sampling, np.sqrt((((moved - mean) / _STEP) ** 2).sum(axis=0)))


def best_mix(
    study: Conjoint,
    *,
    size: float,
    costs: Costs,
    competitors: pd.DataFrame | None = None,
    levels: Mapping[str, Sequence[object]] | None = None,
    none: bool | None = None,
) -> pd.DataFrame:
    """Try every combination of levels against the competitors' offers and return them by profit, best first.

    Parameters
    ----------
    study : Conjoint
        Fitted tastes.
    size : float
        Units that the market would buy if everybody bought one.
    costs : Costs
        Costs of our own offer.
    competitors : DataFrame, optional
        Offers that stay on the market.
    levels : mapping, optional
        Levels to try instead of those shown, for some attributes; prices between those shown are allowed.
    none : bool, optional
        Whether people may buy nothing; by default if the tasks had that option.

    Returns
    -------
    DataFrame
        One row per combination: the attributes, ``share``, ``units``, ``revenue``, ``profit``.

    Notes
    -----
    All combinations are tried, so the best is the best under the model: what it loses is the model's own error, which
    is largest just at the top (the winner's curse): its profit is more likely too high than too low.
    """
    if study.price is None:
        raise TableError("A best mix needs a price among the attributes of the study.")
    grid = study.coding_.full_factorial(levels)
    share = study.chances_alone(grid, competitors, none=none).mean(axis=0)
    price = grid[study.price].to_numpy(float)
    return (
        grid.assign(
            share=share,
            units=size * share,
            revenue=size * share * price,
            profit=size * share * (price - costs.unit(grid)) - costs.lump(grid),
        )
        .sort_values("profit", ascending=False, kind="stable")
        .reset_index(drop=True)
    )
