"""Facts of satisfaction: how it arises, what customers say, and what it says about staying (10 to 15)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample
from crmlab.world import load_scenario

SURVEY_MONTH = 6
"""The survey is sent at its end."""

Flags = npt.NDArray[np.bool_]


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


def _survey(sample: Sample) -> pd.DataFrame:
    """Return the survey of the cosmetics cohort: what every living customer invited would tick, and who answered."""

    def make() -> pd.DataFrame:
        table, truth = sample.run().survey(SURVEY_MONTH)
        truth["answered"], truth["intention"] = table["responded"], table["intention"]
        out = truth[truth["still_customer"]].copy()
        out["death_time"] = sample.recorded().of_customer("death_time", out["customer_id"].to_numpy())
        return out

    return sample.once("survey", make)


def satisfied_share(sample: Sample) -> float:
    """Return the share of 4 and 5 among the overall ratings of living customers after six months."""
    return float((_survey(sample)["overall"] >= 4).mean())


def _odds_ratio(rating: npt.ArrayLike, yes: Flags) -> float:
    five, four = (yes[np.asarray(rating) == grade].mean() for grade in (5, 4))
    return float(five / (1 - five) * (1 - four) / four)


def intention_odds(sample: Sample) -> float:
    """Return the odds of definitely intending to buy again of those who answer 5, over those of who answers 4."""
    answers = _survey(sample)[_survey(sample)["answered"]]
    return _odds_ratio(answers["overall"], (answers["intention"] == 5).to_numpy(bool))


def _stayed(sample: Sample, months: int) -> Flags:
    return ~(_survey(sample)["death_time"].to_numpy() <= SURVEY_MONTH + 1 + months)


def retention_odds_quarter(sample: Sample) -> float:
    """Return the odds of staying three months of those who rate 5, over the odds of those who rate 4."""
    return _odds_ratio(_survey(sample)["overall"], _stayed(sample, 3))


def retention_odds_year(sample: Sample) -> float:
    """Return the odds of staying a year of those who rate 5, over the odds of those who rate 4."""
    return _odds_ratio(_survey(sample)["overall"], _stayed(sample, 12))


def lost_satisfied(sample: Sample) -> float:
    """Return the share of those who rate 4 and have left a year later."""
    return float(1 - _stayed(sample, 12)[_survey(sample)["overall"] == 4].mean())


def said_and_said(sample: Sample) -> float:
    """Return the correlation of overall rating and intention in the answers."""
    answers = _survey(sample)[_survey(sample)["answered"]]
    return float(np.corrcoef(answers["overall"], answers["intention"].astype(float))[0, 1])


def said_and_done(sample: Sample) -> float:
    """Return the correlation of the overall rating in the answers and buying in the next three months."""
    answers = _survey(sample)[_survey(sample)["answered"]]
    orders = sample.recorded().orders
    next_months = (orders["month"] > SURVEY_MONTH) & (orders["month"] <= SURVEY_MONTH + 3)
    bought = answers["customer_id"].isin(np.unique(orders["customer_id"][next_months]))
    return float(np.corrcoef(answers["overall"], bought)[0, 1])


_LOWER = "known to be far below the odds of the stated intention"
_JONES = "Jones & Sasser (1995)"

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
        f"{_JONES}: 0.82",
        True,
        satisfied_share,
    ),
    Fact(
        12,
        "",
        "cosmetics",
        "odds of “will definitely buy again”, 5 over 4",
        4.0,
        8.0,
        f"{_JONES}, Xerox: six times",
        True,
        intention_odds,
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
        f"{_JONES}: 0.15 to 0.40",
        True,
        lost_satisfied,
    ),
    Fact(
        15,
        "a",
        "cosmetics",
        "correlation of rating and intention",
        0.45,
        0.65,
        "about 0.5 in surveys",
        False,
        said_and_said,
    ),
    Fact(
        15,
        "b",
        "cosmetics",
        "correlation of rating and buying in the next three months",
        0.0,
        0.25,
        "known to be small",
        False,
        said_and_done,
    ),
]
