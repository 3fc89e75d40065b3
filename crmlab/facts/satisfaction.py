"""Facts of satisfaction: how it arises, and what it says about staying (10, 11, 13, 14)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample
from crmlab.streams import normal
from crmlab.world import load_scenario

# Satisfaction (with noise of 0.25) from which a customer ticks 2, 3, 4, 5.
OVERALL_CUTS = (-1.42, -0.97, -0.52, 0.50)
SURVEY_MONTH = 6


def asymmetry(sample: Sample) -> float:
    """Return the slope of the verdict below expectation over the slope above it, experience held constant."""
    orders = sample.recorded().orders
    q, verdict = orders["experience"].astype(float), orders["verdict"].astype(float)
    p = load_scenario("cosmetics").satisfaction
    # The verdict is level × experience + comparison × v(distance); v is monotone, so distance is recovered from it.
    v = (verdict - p.level * q) / p.comparison
    above = p.gain_limit * np.arctanh(np.clip(v / p.gain_limit, 0, 1 - 1e-6))
    below = p.loss_limit / p.loss_slope * np.arctanh(np.clip(v / p.loss_limit, -1 + 1e-6, 0))
    design = np.column_stack([np.ones_like(q), q, below, above])
    slopes = np.linalg.lstsq(design, verdict, rcond=None)[0]
    return float(slopes[2] / slopes[3])


def overall(sample: Sample) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return ids and overall ratings, 1 to 5, of those alive at the end of the month of the survey.

    Parameters
    ----------
    sample : Sample
        Whose cosmetics cohort.
    """
    recorded = sample.recorded()
    months = recorded.months
    death = recorded.of_customer("death_time", months["customer_id"])
    rows = (months["month"] == SURVEY_MONTH) & ~(death <= SURVEY_MONTH + 1)
    ids = months["customer_id"][rows]
    noise = normal(ids, seed=sample.seed, mechanism="likert", month=SURVEY_MONTH)
    return ids, 1 + np.searchsorted(OVERALL_CUTS, months["satisfaction"][rows] + 0.25 * noise)


def satisfied_share(sample: Sample) -> float:
    """Return the share of 4 and 5 among the overall ratings of living customers after six months."""
    return float((overall(sample)[1] >= 4).mean())


def _lost(sample: Sample, months: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    ids, rating = overall(sample)
    death = sample.recorded().of_customer("death_time", ids)
    return rating, death <= SURVEY_MONTH + 1 + months


def lost_satisfied(sample: Sample) -> float:
    """Return the share of those who rate 4 and have left a year later."""
    rating, lost = _lost(sample, 12)
    return float(lost[rating == 4].mean())


def _odds_ratio(sample: Sample, months: int) -> float:
    rating, lost = _lost(sample, months)
    staying = [1 - lost[rating == grade].mean() for grade in (5, 4)]
    five, four = (share / (1 - share) for share in staying)
    return float(five / four)


def retention_odds_quarter(sample: Sample) -> float:
    """Return the odds of staying three months of those who rate 5, over the odds of those who rate 4."""
    return _odds_ratio(sample, 3)


def retention_odds_year(sample: Sample) -> float:
    """Return the odds of staying a year of those who rate 5, over the odds of those who rate 4."""
    return _odds_ratio(sample, 12)


_LOWER = "known to be far below the odds of the stated intention"

FACTS = [
    Fact(
        10,
        "",
        "cosmetics",
        "slope of the verdict below expectation over the slope above it",
        1.7,
        3.0,
        "Anderson & Sullivan (1993): sign only",
        True,
        asymmetry,
    ),
    Fact(
        11,
        "",
        "cosmetics",
        "share of customers who rate 4 or 5",
        0.78,
        0.86,
        "Jones & Sasser (1995): 0.82",
        True,
        satisfied_share,
    ),
    Fact(
        13, "a", "cosmetics", "odds of staying three months, 5 over 4", 2.0, 4.0, _LOWER, False, retention_odds_quarter
    ),
    Fact(13, "b", "cosmetics", "odds of staying a year, 5 over 4", 2.0, 4.0, _LOWER, False, retention_odds_year),
    Fact(
        14,
        "",
        "cosmetics",
        "share of those who rate 4 that is lost within a year",
        0.15,
        0.40,
        "Jones & Sasser (1995): 0.15 to 0.40",
        True,
        lost_satisfied,
    ),
]
