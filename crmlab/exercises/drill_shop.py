"""The shop of the drill-bit story: customers with a hidden job, a shelf of bits, and two ways to sell.

Seller A recommends what is the best value for money. Seller B asks first and then offers what fits. The rule of the
shop is that of the need gate: nobody buys a bit that fails a must-have (hard enough, the right width, within the
budget). What asking costs is patience: after each question some customers are gone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

MATERIALS = {"wood": 1, "brick": 2, "concrete": 3}
"""Hardness that a bit needs."""

QUESTIONS = (
    "What is the wall made of?",
    "How wide should the hole be?",
    "What may it cost?",
    "How often will you drill?",
    "Which brand do you like?",
    "Which colour should it have?",
)
"""In the order in which seller B asks; the last two help nobody."""

WIDTHS = (4, 6, 8, 10)
_MATERIAL_SHARES = (0.45, 0.35, 0.20)
_WIDTH_SHARES = (0.2, 0.4, 0.25, 0.15)
_PROFESSIONAL = 4.0
"""What a professional bit costs more than a standard one, in €."""


@dataclass(frozen=True)
class Outcome:
    """What came of one way to sell.

    Attributes
    ----------
    offered : DataFrame
        Per customer ``hardness``, ``width``, ``professional`` and ``price`` of the bit offered.
    bought : Series of bool
        Who bought.
    left : Series of bool
        Who lost patience before an offer was made.
    satisfaction : Series
        Of buyers, 0 to 1: no harder than needed, and professional only for those who drill often.
    """

    offered: pd.DataFrame
    bought: pd.Series
    left: pd.Series
    satisfaction: pd.Series


def drill_customers(count: int, *, seed: int = 0) -> pd.DataFrame:
    """Return customers who ask for a drill bit, with the job that they do not mention.

    Parameters
    ----------
    count : int
        Number of customers.
    seed : int
        Seed.

    Returns
    -------
    DataFrame
        ``material``, ``hardness`` (least that works), ``width`` (mm), ``budget`` (€), ``often`` (drills often),
        ``patience`` (uniform; who has little leaves early).
    """
    rng = np.random.default_rng([20, seed])
    material = rng.choice(len(MATERIALS), count, p=_MATERIAL_SHARES)
    hardness = material + 1
    width = rng.choice(WIDTHS, count, p=_WIDTH_SHARES)
    often = rng.random(count) < 0.35
    plain = price_of(hardness, width, np.zeros(count, bool))
    budget = plain - 1 + rng.gamma(1.5, 3.0, count) + np.where(often, 3.0, 0.0)
    return pd.DataFrame(
        {
            "material": np.array(list(MATERIALS))[material],
            "hardness": hardness,
            "width": width,
            "budget": np.round(budget),
            "often": often,
            "patience": rng.random(count),
        },
        index=pd.RangeIndex(1, count + 1, name="customer"),
    )


def price_of(hardness: np.ndarray, width: np.ndarray, professional: np.ndarray) -> np.ndarray:
    """Return the price of a bit in €."""
    return np.asarray(2.0 + 1.0 * hardness + 0.5 * width + _PROFESSIONAL * professional)


def sell(customers: pd.DataFrame, *, questions: int, impatience: float = 0.05) -> Outcome:
    """Ask so many questions, then offer the best value for money among the bits that fit the answers.

    What was not asked is taken to be as usual: a brick wall (it serves wood as well), 6 mm, the professional bit, which
    has the best test result. With no question this is seller A.

    Parameters
    ----------
    customers : DataFrame
        Result of `drill_customers`.
    questions : int
        0 to 6.
    impatience : float
        Share of the customers still there who leave at each question.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    if not 0 <= questions <= len(QUESTIONS) or not 0 <= impatience < 1:
        raise ValueError(f"questions must be 0 to {len(QUESTIONS)} and impatience 0 to 1.")
    count = len(customers)
    hardness = customers["hardness"].to_numpy() if questions >= 1 else np.full(count, 2)
    width = customers["width"].to_numpy() if questions >= 2 else np.full(count, 6)
    budget, often = customers["budget"].to_numpy(), customers["often"].to_numpy()
    professional = np.ones(count, bool)
    if questions >= 3:
        professional = price_of(hardness, width, professional) <= budget
    if questions >= 4:
        professional &= often
    price = price_of(hardness, width, professional)
    left = customers["patience"].to_numpy() < 1 - (1 - impatience) ** questions
    fits = (hardness >= customers["hardness"]) & (width == customers["width"]) & (price <= budget)
    bought = fits.to_numpy() & ~left
    nice = ((hardness == customers["hardness"]).to_numpy() * 1.0 + (professional == often)) / 2
    index = customers.index
    offered = pd.DataFrame(
        {"hardness": hardness, "width": width, "professional": professional, "price": price}, index=index
    )
    return Outcome(
        offered,
        pd.Series(bought, index=index),
        pd.Series(left, index=index),
        pd.Series(np.where(bought, nice, np.nan), index=index),
    )


def sales_by_questions(customers: pd.DataFrame, *, impatience: float = 0.05) -> pd.DataFrame:
    """Return the share sold to and the mean satisfaction of buyers, for 0 to 6 questions."""
    rows = []
    for questions in range(len(QUESTIONS) + 1):
        found = sell(customers, questions=questions, impatience=impatience)
        rows.append((found.bought.mean(), found.left.mean(), found.satisfaction.mean()))
    return pd.DataFrame(rows, columns=["sold", "left", "satisfaction"]).rename_axis("questions")
