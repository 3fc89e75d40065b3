"""Surveys whose answer is known, and published tables to check against."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from crmlab import loyalty

# R's data set `swiss` (Switzerland 1888; Mosteller & Tukey 1977): Fertility, Agriculture, Examination, Education,
# Catholic, Infant.Mortality.
SWISS = """
80.2 17.0 15 12 9.96 22.2
83.1 45.1 6 9 84.84 22.2
92.5 39.7 5 5 93.40 20.2
85.8 36.5 12 7 33.77 20.3
76.9 43.5 17 15 5.16 20.6
76.1 35.3 9 7 90.57 26.6
83.8 70.2 16 7 92.85 23.6
92.4 67.8 14 8 97.16 24.9
82.4 53.3 12 7 97.67 21.0
82.9 45.2 16 13 91.38 24.4
87.1 64.5 14 6 98.61 24.5
64.1 62.0 21 12 8.52 16.5
66.9 67.5 14 7 2.27 19.1
68.9 60.7 19 12 4.43 22.7
61.7 69.3 22 5 2.82 18.7
68.3 72.6 18 2 24.20 21.2
71.7 34.0 17 8 3.30 20.0
55.7 19.4 26 28 12.11 20.2
54.3 15.2 31 20 2.15 10.8
65.1 73.0 19 9 2.84 20.0
65.5 59.8 22 10 5.23 18.0
65.0 55.1 14 3 4.52 22.4
56.6 50.9 22 12 15.14 16.7
57.4 54.1 20 6 4.20 15.3
72.5 71.2 12 1 2.40 21.0
74.2 58.1 14 8 5.23 23.8
72.0 63.5 6 3 2.56 18.0
60.5 60.8 16 10 7.72 16.3
58.3 26.8 25 19 18.46 20.9
65.4 49.5 15 8 6.10 22.5
75.5 85.9 3 2 99.71 15.1
69.3 84.9 7 6 99.68 19.8
77.3 89.7 5 2 100.00 18.3
70.5 78.2 12 6 98.96 19.4
79.4 64.9 7 3 98.22 20.2
65.0 75.9 9 9 99.06 17.8
92.2 84.6 3 3 99.46 16.3
79.3 63.1 13 13 96.83 18.1
70.4 38.4 26 12 5.62 20.3
65.7 7.7 29 11 13.79 20.5
72.7 16.7 22 13 11.22 18.9
64.4 17.6 35 32 16.92 23.0
77.6 37.6 15 7 4.97 20.0
67.6 18.7 25 7 8.65 19.5
35.0 1.2 37 53 42.34 18.0
44.7 46.6 16 29 50.43 18.2
42.8 27.7 22 29 58.33 19.3
"""


def swiss() -> pd.DataFrame:
    columns = ["fertility", "agriculture", "examination", "education", "catholic", "infant_mortality"]
    return pd.DataFrame([line.split() for line in SWISS.split("\n") if line], columns=columns).astype(float)


NAMES = ["delivery", "staff", "range", "price", "ordering", "advice", "packaging", "site"]
# What a standard deviation of each quality does to satisfaction, by age, and how much one feeling colours its rating.
EFFECT = {
    "young": np.array([0.60, 0.10, 0.05, 0.10, 0.52, 0.02, 0.02, 0.10]),
    "old": np.array([0.55, 0.62, 0.15, 0.10, 0.20, 0.20, 0.02, 0.05]),
}
HALO = np.array([0.2, 0.7, 0.9, 0.5, 0.2, 0.9, 1.0, 0.3])


class Survey(NamedTuple):
    """What a firm has after a survey, and the truth."""

    items: pd.DataFrame
    overall: pd.Series
    responded: np.ndarray
    known: pd.DataFrame
    agent: np.ndarray
    truth: pd.Series


def coloured_survey(seed: int, *, people: int = 8_000, halo: float = 0.7) -> Survey:
    """One feeling, left by the agent, colours all; the young seldom answer; one in twenty ticks blindly."""
    rng = np.random.default_rng(seed)
    young = rng.random(people) < 0.65
    orders = rng.poisson(np.where(young, 2.0, 4.0))
    feeling = rng.normal(size=people)
    quality = rng.normal(size=(people, len(NAMES)))
    effect = np.where(young[:, None], EFFECT["young"], EFFECT["old"])
    rated = quality + halo * HALO * feeling[:, None] + 0.5 * rng.normal(size=quality.shape)
    felt = (quality * effect).sum(axis=1) + 0.8 * halo * feeling + 0.4 * rng.normal(size=people)
    responded = rng.random(people) < expit(-0.2 - 2.2 * young + 0.1 * orders + 0.3 * np.abs(felt))
    items = pd.DataFrame({name: five_points(rated[:, place]) for place, name in enumerate(NAMES)})
    blind = np.flatnonzero(rng.random(people) < 0.05)
    items.loc[blind] = np.repeat(rng.integers(3, 6, len(blind))[:, None], len(NAMES), axis=1).astype(float)
    known = pd.DataFrame({"age": np.where(young, "young", "old"), "orders": orders})
    # What a regression on the qualities themselves would find in everybody, answered or not.
    share = 0.65 * EFFECT["young"] + 0.35 * EFFECT["old"]
    agent = feeling + 0.5 * rng.normal(size=people)
    return Survey(items, pd.Series(five_points(felt)), responded, known, agent, pd.Series(share**2, index=NAMES))


def five_points(values: np.ndarray) -> np.ndarray:
    """Cut into ratings from 1 to 5: 5, 10, 25, 35 and 25 percent."""
    return 1.0 + (values[:, None] > np.quantile(values, [0.05, 0.15, 0.4, 0.75])).sum(axis=1)


def naive_importance(survey: Survey) -> pd.Series:
    """Correlate whatever came back."""
    came = survey.responded
    return loyalty.drivers(survey.items[came], survey.overall[came], methods=["correlation"])["correlation"]


def recommended_importance(survey: Survey, *, marker: bool = True) -> pd.Series:
    """Leave blind answers out, weight for silence, take out the feeling measured apart, and share R²."""
    came = survey.responded
    weight = loyalty.response_weights(survey.known, came)
    items, overall = survey.items[came], survey.overall[came]
    kept = ~loyalty.straight_liners(items)
    factor: Any = survey.agent[came][kept] if marker else None
    clean = loyalty.remove_halo(items[kept], factor=factor)
    return loyalty.drivers(clean, overall[kept], methods=["lmg"], weights=weight[kept])["lmg"]


def top_three(importance: pd.Series) -> list[str]:
    return importance.sort_values(ascending=False).index[:3].tolist()
