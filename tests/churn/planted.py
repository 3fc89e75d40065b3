"""Customer tables with honest columns and planted leaks, for the tests of the leakage audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

AS_OF = pd.Timestamp("2025-06-30")


@dataclass
class Planted:
    """A labelled table, what the audit is told beside it, and the kind of leak of each planted column."""

    X: pd.DataFrame
    y: np.ndarray
    leaks: dict[str, str]
    options: dict[str, Any] = field(default_factory=dict)


def planted_table(seed: int, *, customers: int = 3_000, rate: float = 0.1) -> Planted:
    """Return a table with 24 honest columns and six leaks, one of each kind that a column can have.

    The honest columns carry signal: recency is strong, tenure, counts, amounts, regions and dates are weaker, some are
    noise, some have missing values whose absence means something.
    """
    rng = np.random.default_rng(seed)
    n = customers
    z = rng.normal(size=n)  # how loosely a customer is tied to the firm
    shift = np.log(rate / (1 - rate))
    y = rng.random(n) < 1 / (1 + np.exp(-(shift - 0.4 + 1.2 * z)))
    silent = rng.random(n) < 0.3 + 0.1 * np.tanh(z)
    X: dict[str, Any] = {
        "recency_days": np.round(30 * np.exp(0.6 * z + 0.5 * rng.normal(size=n))),
        "frequency": rng.poisson(np.exp(1.5 - 0.4 * z)),
        "monetary": np.round(np.exp(4 - 0.4 * z + 0.8 * rng.normal(size=n)), 2),
        "tenure_months": rng.integers(1, 72, n),
        "share_discounted": np.round(rng.beta(2, 5, n), 3),
        "returns": rng.poisson(0.3 * np.exp(0.3 * z)),
        "region": rng.choice(["north", "south", "east", "west"], n),
        "city": rng.choice([f"city {k}" for k in range(60)], n, p=np.arange(60, 0, -1) / 1830),
        "channel": np.where(rng.random(n) < 1 / (1 + np.exp(-z)), "price_comparison", "organic"),
        "newsletter": rng.random(n) < 0.4 - 0.1 * np.tanh(z),
        "first_order": AS_OF - pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
        "last_visit": AS_OF - pd.to_timedelta(np.round(20 * np.exp(0.4 * z)), unit="D"),
        "satisfaction": np.where(silent, np.nan, np.clip(np.round(3.5 - 0.5 * z), 1, 5)),
        "birth_year": np.where(rng.random(n) < 0.2, np.nan, rng.integers(1940, 2006, n)),
        "open_rate": np.round(rng.binomial(24, 0.2, n) / 24, 4),
        "region_rate_last_year": rng.choice([0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.14], n),
        **{f"noise_{k}": rng.normal(size=n) for k in range(5)},
        **{f"count_{k}": rng.poisson(2 + k, n) for k in range(3)},
    }
    honest = pd.DataFrame(X)
    village = rng.integers(0, n // 12, n)
    sums, sizes = np.bincount(village, y), np.bincount(village)
    leaks = {
        "status_code": ("copy of the label", np.where(rng.random(n) < 0.005, ~y, y).astype(int)),
        "days_since_letter": ("too strong", 40 * y + 14 * rng.normal(size=n)),
        "cancel_page": ("gives itself away", (y & (rng.random(n) < 0.35)) | (rng.random(n) < 0.001)),
        "last_contact": (
            "known too late",
            AS_OF + pd.to_timedelta(np.where(rng.random(n) < 0.05, 1, -1) * rng.integers(1, 60, n), unit="D"),
        ),
        "village_rate": ("averages of the label", (sums[village] + 2 * y.mean()) / (sizes[village] + 2)),
        "record": ("names the row", np.arange(n) + 7_000_000),
    }
    for name, (_, values) in leaks.items():
        honest[name] = values
    columns = rng.permutation(honest.columns)
    return Planted(honest[columns], y, {name: kind for name, (kind, _) in leaks.items()}, {"as_of": AS_OF})


def planted_deployment(planted: Planted, seed: int) -> pd.DataFrame:
    """Return how the honest columns look in use, a year later, and one that is empty there."""
    rng = np.random.default_rng(10_000 + seed)
    later = planted.X.iloc[rng.integers(0, len(planted.X), 2_000)].reset_index(drop=True)
    later["noise_0"] = np.nan
    return later
