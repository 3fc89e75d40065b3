"""Conjoint on 2,000 small simulated studies: intervals cover, own part-worths beat pooled ones, pooling attenuates.

The studies are fitted in batches, each study a population of its own, so that all of it takes a minute or two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, t

from crmlab import needs
from crmlab.exercises import lesson_02
from crmlab.needs.choices import ChoiceSets
from crmlab.needs.logit import maximise
from crmlab.needs.population import Panel, fit_population

STUDIES, PEOPLE, TASKS, HOLDOUT, ALTERNATIVES = 2_000, 60, 8, 2, 3
BATCH = 200
MEAN = np.array([0.8, -0.5, -0.7])
SPREAD = np.array([[0.5, 0.15, 0.0], [0.15, 0.4, 0.0], [0.0, 0.0, 0.3]])


def simulated(
    batch: int, spread: np.ndarray = SPREAD, studies: int = BATCH
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, choices and true tastes of a batch of studies: two attributes of two levels and a price."""
    rng = np.random.default_rng(1_000 + batch)
    people = studies * PEOPLE
    x = rng.choice([-1.0, 1.0], size=(people, TASKS + HOLDOUT, ALTERNATIVES, 3))
    x[..., 2] = rng.permuted(np.broadcast_to([-1.0, 0.0, 1.0], x.shape[:3]), axis=2)
    root = np.linalg.cholesky(spread + 1e-12 * np.eye(3))
    taste = MEAN + rng.standard_normal((people, 3)) @ root.T
    utility = np.einsum("ptak,pk->pta", x, taste) + rng.gumbel(size=x.shape[:3])
    return x, utility.argmax(axis=2), taste


def pooled(x: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the multinomial logit of one study."""
    cases = chosen.size
    flat = x.reshape(-1, 3)
    starts = np.arange(cases) * ALTERNATIVES
    sets = ChoiceSets(
        flat, starts, starts + chosen.ravel(), ("a", "b", "price"), np.arange(len(flat)), np.empty(0, object)
    )
    return maximise(sets).coefficients


def log_score(x: np.ndarray, chosen: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return everybody's mean log-probability of held-out choices, with their draws of taste."""
    utility = np.einsum("ptak,pdk->pdta", x, draws, optimize=True)
    weight = np.exp(utility - utility.max(axis=3, keepdims=True))
    chance = (weight / weight.sum(axis=3, keepdims=True)).mean(axis=1)
    return np.log(np.take_along_axis(chance, chosen[..., None], axis=2)[..., 0]).mean(axis=1)


@pytest.fixture(scope="module")
def studies() -> pd.DataFrame:
    """One row per study: whether each interval covers, the pooled and the individual log score, the pooled means."""
    rows = []
    real = np.ones((BATCH * PEOPLE, TASKS, ALTERNATIVES), bool)
    group = np.repeat(np.arange(BATCH), PEOPLE)
    for batch in range(STUDIES // BATCH):
        x, chosen, _ = simulated(batch)
        asked, held = slice(0, TASKS), slice(TASKS, None)
        fitted = fit_population(Panel(x[:, asked], real, chosen[:, asked]), group=group, draws=48, rounds=8, seed=batch)
        error = np.sqrt(np.einsum("gkk->gk", fitted.mean_covariance))
        covers = np.abs(fitted.mean - MEAN) < t.ppf(0.975, PEOPLE - 1) * error
        own = log_score(x[:, held], chosen[:, held], fitted.person_draws).reshape(BATCH, PEOPLE).mean(axis=1)
        for study in range(BATCH):
            who = slice(study * PEOPLE, (study + 1) * PEOPLE)
            same = pooled(x[who, asked], chosen[who, asked])
            everybody = np.broadcast_to(same, (PEOPLE, 1, 3))
            rows.append(
                {
                    **{f"covers_{k}": covers[study, k] for k in range(3)},
                    **{f"mean_{k}": fitted.mean[study, k] for k in range(3)},
                    **{f"pooled_{k}": same[k] for k in range(3)},
                    "own": own[study],
                    "same": log_score(x[who, held], chosen[who, held], everybody).mean(),
                }
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("k", range(3))
def test_intervals_of_mean_part_worths_cover_95_percent(studies: pd.DataFrame, k: int) -> None:
    """Two-sided binomial error of 0.001 for each of three part-worths."""
    hits = int(studies[f"covers_{k}"].sum())
    low, high = binom.ppf([0.0005, 0.9995], STUDIES, 0.95)
    print(f"part-worth {k}: {hits / STUDIES:.4f} cover, {low / STUDIES:.4f} to {high / STUDIES:.4f} allowed")
    assert low <= hits <= high


def test_own_part_worths_foretell_better_than_pooled_ones(studies: pd.DataFrame) -> None:
    gain = studies["own"] - studies["same"]
    print(f"log score of held-out choices: {studies['own'].mean():.4f} own, {studies['same'].mean():.4f} pooled")
    # 10 standard errors over the studies.
    assert gain.mean() > 10 * gain.std() / np.sqrt(STUDIES)
    assert (gain > 0).mean() > 0.9


@pytest.mark.parametrize("k", range(3))
def test_pooling_attenuates_and_the_individual_model_does_not(studies: pd.DataFrame, k: int) -> None:
    """A pooled logit takes differences between people for chance, so that its scale, 1/chance, comes out too small.

    The individual model may be off by 3%: its prior on the spread weighs something beside 60 people.
    """
    ratio = studies[[f"pooled_{k}", f"mean_{k}"]].mean() / MEAN[k]
    print(f"part-worth {k}: pooled {ratio.iloc[0]:.3f} of the truth, individual {ratio.iloc[1]:.3f}")
    assert 0.6 < ratio.iloc[0] < 0.9
    assert abs(ratio.iloc[1] - 1) < 0.03


def test_attenuation_comes_from_heterogeneity_alone() -> None:
    ratios = []
    for size in (0.0, 0.5, 1.0):
        x, chosen, _ = simulated(99, spread=SPREAD * size**2, studies=100)
        ratios.append(float((pooled(x, chosen) / MEAN).mean()))
    print("pooled over truth, spread 0, half and whole:", np.round(ratios, 3))
    assert abs(ratios[0] - 1) < 0.02  # 180,000 choices: standard error below 0.005
    assert ratios[0] > ratios[1] + 0.02 > ratios[2] + 0.04


def test_the_mix_by_the_study_earns_nearly_what_the_best_would() -> None:
    """Lesson 02 in ten shops: all 432 mixes are tried on everybody's true taste; the study's loses less than 10%."""
    lost = []
    for seed in range(10):
        data = lesson_02.Data(seed=seed)
        study = needs.Conjoint(draws=48).fit(data.tasks)
        ranked = needs.best_mix(study, size=data.customers, costs=data.costs, competitors=data.competitors)
        lost.append(1 - data.true_profit(ranked.iloc[0]) / data.true_profits.max())
    print("share of the best attainable profit that is lost:", np.round(lost, 3))
    assert sum(share < 0.1 for share in lost) >= 9
