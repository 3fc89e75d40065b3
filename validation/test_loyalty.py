"""Intervals of 95% cover as often as they say: 2,000 small surveys each, binomial error at probability 0.001."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crmlab import loyalty
from crmlab.loyalty.relative import johnson, lmg_exact

SURVEYS = 2_000
# An honest 95% interval is outside these ends once in a thousand tests; fewer than 40 of them are made here.
LOW, HIGH = stats.binom.ppf([0.0005, 0.9995], SURVEYS, 0.95) / SURVEYS


def _coverage(truth: float, one: Callable[[np.random.Generator], tuple[float, float]], seed: int) -> float:
    rng = np.random.default_rng(seed)
    ends = np.array([one(rng) for _ in range(SURVEYS)])
    return float(np.mean((ends[:, 0] <= truth) & (truth <= ends[:, 1])))


@pytest.mark.slow
@pytest.mark.parametrize("people", [60, 200])
def test_net_promoter_score(people: int) -> None:
    chances = np.array([2, 1, 1, 2, 3, 6, 8, 15, 22, 22, 18]) / 100

    def one(rng: np.random.Generator) -> tuple[float, float]:
        answer = loyalty.nps(rng.choice(11, people, p=chances))
        return answer.low, answer.high

    assert LOW <= _coverage(100 * (chances[9:].sum() - chances[:7].sum()), one, seed=1) <= HIGH


@pytest.mark.slow
def test_difference_of_shares() -> None:
    def one(rng: np.random.Generator) -> tuple[float, float]:
        answer = loyalty.difference_of_shares((rng.binomial(120, 0.7), 120), (rng.binomial(80, 0.55), 80))
        return answer.low, answer.high

    assert LOW <= _coverage(0.15, one, seed=2) <= HIGH


@pytest.mark.slow
def test_alpha() -> None:
    def one(rng: np.random.Generator) -> tuple[float, float]:
        answer = loyalty.alpha_interval(rng.normal(size=(60, 1)) + rng.normal(size=(60, 5)))
        return answer.low, answer.high

    assert LOW <= _coverage(5 * 0.5 / (1 + 4 * 0.5), one, seed=3) <= HIGH


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["risk_ratio", "odds_ratio"])
def test_ratios_between_ratings(measure: str) -> None:
    truth = {"risk_ratio": 0.85 / 0.6, "odds_ratio": (0.85 / 0.15) / (0.6 / 0.4)}[measure]
    ratings = np.repeat([4, 5], [90, 60])

    def one(rng: np.random.Generator) -> tuple[float, float]:
        loyal = rng.random(150) < np.where(ratings == 5, 0.85, 0.6)
        row = loyalty.compare_ratings(ratings, loyal).loc[measure]
        return row["low"], row["high"]

    assert LOW <= _coverage(truth, one, seed=4) <= HIGH


@pytest.mark.slow
def test_invitation() -> None:
    def one(rng: np.random.Generator) -> tuple[float, float]:
        invited, keen = rng.random(400) < 0.5, rng.random(400)
        member = keen > np.where(invited, 0.4, 0.9)
        spent = 20 * keen + 2 * member + rng.normal(0, 5, 400)
        row = loyalty.invitation_effect(spent, invited, member).loc["membership"]
        return row["low"], row["high"]

    assert LOW <= _coverage(2.0, one, seed=5) <= HIGH


@pytest.mark.slow
@pytest.mark.parametrize("people", [100])
def test_shares_of_drivers(people: int) -> None:
    slopes = np.array([0.5, 0.3, 0.2, 0.1])
    covariance = np.full((4, 4), 0.36) + np.eye(4)
    spread = np.sqrt(1.36 * (slopes @ covariance @ slopes + 1))
    correlation, with_target = covariance / 1.36, covariance @ slopes / spread
    truth = {"lmg": lmg_exact(correlation, with_target), "johnson": johnson(correlation, with_target)}
    truth["standardised"] = np.linalg.solve(correlation, with_target)
    rng = np.random.default_rng(6)
    covered = {method: np.zeros(4) for method in truth}
    for survey in range(SURVEYS):
        X = pd.DataFrame(rng.normal(size=(people, 4)) + 0.6 * rng.normal(size=(people, 1)), columns=list("abcd"))
        y = X @ slopes + rng.normal(size=people)
        table = loyalty.drivers(X, y, methods=list(truth), interval=True, resamples=500, seed=survey)
        for method, values in truth.items():
            covered[method] += (table[f"{method}_low"] <= values) & (values <= table[f"{method}_high"])
    shares = pd.DataFrame(covered, index=list("abcd")) / SURVEYS
    assert ((shares >= LOW) & (shares <= HIGH)).all().all(), shares
