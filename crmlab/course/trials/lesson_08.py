"""Trials of lesson 08: points of retention and of satisfaction, returning customers, the bucket, the wallet."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import lifetime, recovery
from crmlab.exercises import lesson_08
from crmlab.world import World

SHOPS = 3
"""Small shops for the trials that simulate."""


def trials() -> dict[str, float]:
    """Run the trials."""
    return {**_retention(), **_satisfaction_and_returning(), **_bucket(), **_known_value()}


def _retention() -> dict[str, float]:
    """Q002 and Q003: value gained with five points more retention, by arithmetic."""
    rates = np.arange(0.40, 0.951, 0.01)
    gains = {
        share: np.array(
            [lifetime.retention_gain(retention=r, discount_rate=0.1, acquisition_share=share) for r in rates]
        )
        for share in (0.0, 0.4)
    }
    inside = (gains[0.0] >= 0.2) & (gains[0.0] <= 0.85)
    inside_net = (gains[0.4] >= 0.2) & (gains[0.4] <= 0.85)
    return {
        "five_points_at_60": float(gains[0.0][np.isclose(rates, 0.6)][0]),
        "five_points_at_90": float(gains[0.0][np.isclose(rates, 0.9)][0]),
        "five_points_net_at_90": float(gains[0.4][np.isclose(rates, 0.9)][0]),
        "five_points_most_net": float(gains[0.4].max()),
        "twenty_from": float(rates[inside][0]),
        "twenty_from_net": float(rates[inside_net][0]),
    }


def _satisfaction_and_returning() -> dict[str, float]:
    """Q002, Q003 and Q024: more service for everybody; profit of old and new customers; effects of two levers."""
    profit, satisfaction, ratio = [], [], []
    for seed in range(SHOPS):
        world = World("cosmetics", customers=800, months=24, seed=seed)
        run = world.simulate()
        better = recovery.effect(run, world.do(service=0.7, start=12).simulate(), start=12)
        number = {column: better[column].astype(float) for column in ("without", "difference")}
        profit.append(number["difference"]["profit"] / number["without"]["profit"])
        satisfaction.append(number["difference"]["satisfaction"])
        months = run.truth.months[run.truth.months["month"] >= 12].groupby("customer_id")["profit"].sum()
        first = run.transactions.groupby("customer_id")["ts"].min().reindex(months.index)
        new, old = months[first >= "2025"], months[first < "2025"]
        bought = run.transactions.loc[run.transactions["ts"] >= "2025", "customer_id"].unique()
        ratio.append(old[old.index.isin(bought)].mean() / new.mean())
    return {
        "better_service_profit": float(np.mean(profit)),
        "better_service_satisfaction": float(np.mean(satisfaction)),
        "old_to_new_profit": float(np.mean(ratio)),
    }


def _bucket() -> dict[str, float]:
    """Q023: two firms with the same sales; one loses and wins 100 customers a week, one half as many."""
    customers, margin = 10_000.0, 1.5
    terms = {"margin": margin, "acquisition_cost": 40.0}
    leaking = lifetime.leaky_bucket(customers, joins=100, retention=0.99, periods=52, **terms)["profit"].sum()
    dear = lifetime.leaky_bucket(customers, joins=50, retention=0.995, retention_cost=0.4, periods=52, **terms)[
        "profit"
    ].sum()
    cheap = lifetime.leaky_bucket(customers, joins=50, retention=0.995, retention_cost=0.1, periods=52, **terms)[
        "profit"
    ].sum()
    return {
        "bucket_leaking": float(leaking),
        "bucket_cheap_care": float(cheap),
        "bucket_dear_care": float(dear),
        "bucket_break_even": lifetime.affordable_retention_cost(acquisition_cost=40.0, points=0.005),
    }


def _known_value() -> dict[str, float]:
    """Q141: how well two years of orders tell the true value of five years, and what the claim's word hides."""
    correlation, total = [], []
    for seed in range(SHOPS):
        data = lesson_08.Data(seed=seed, customers=1_200)
        value = data.value["lifetime_value"]
        truth = data.world.expected(from_month=24, horizon=60, replications=4)["expected_value"].loc[value.index]
        scored = recovery.score(value, truth)
        correlation.append(scored["rank_correlation"])
        total.append(scored["total_error"])
    share = _wallet()
    return {
        "value_rank": float(np.mean(correlation)),
        "value_total_error": float(np.mean(total)),
        **share,
    }


def _wallet() -> dict[str, float]:
    """Q151: two firms with the same market share, one by many buyers, one by large shares of wallet."""
    rng = np.random.default_rng(0)
    wallet = rng.gamma(2.0, 100.0, 20_000)
    shares = {}
    for name, buys, part in (("broad", 0.5, 0.2), ("deep", 0.125, 0.8)):
        here = np.where(rng.random(len(wallet)) < buys, part * wallet, 0.0)
        table = pd.DataFrame({"spent_here": here, "spent_category": wallet})
        shares[name] = float(lifetime.share_of_wallet(table)["market_share"])
    return {"market_share_broad": shares["broad"], "market_share_deep": shares["deep"]}
