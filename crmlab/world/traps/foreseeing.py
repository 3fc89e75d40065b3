"""Traps of prediction: columns that know the future, churn that nobody sees, yesterday's market, risk for effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from crmlab.world.traps.choosing import _expected, _on_file, _orders
from crmlab.world.traps.trap import Finding, Trap

if TYPE_CHECKING:
    from crmlab.world.run import Run
    from crmlab.world.world import World


def _auc(score: np.ndarray, label: np.ndarray) -> float:
    """Return the chance that somebody with the label has the higher score than somebody without."""
    rank, positive = rankdata(score), label.sum()
    return float((rank[label].sum() - positive * (positive + 1) / 2) / (positive * (len(label) - positive)))


def _target_leakage(world: World) -> Finding:
    """Area under the curve for ordering in the target months: the best column, any or clean, and the true rate."""
    run = world.simulate()
    table, truth = run.indicators, run.truth.indicators
    label = (table["value_next"] > 0).to_numpy()
    power = pd.Series(
        [abs(_auc(table[name].to_numpy(), label) - 0.5) + 0.5 for name in truth["indicator"]], index=truth.index
    )
    clean = truth["role"] != "leaking"
    horizon = world.scenario.indicators.horizon_months
    known = world.expected(from_month=world.months - horizon, horizon=horizon, customers=table["customer_id"])
    oracle = _auc(known["expected_orders"].reindex(table["customer_id"]).to_numpy(), label)
    return Finding(float(power.max()), float(power[clean].max()), oracle)


def _unobserved_churn(world: World) -> Finding:
    """Share of the customers of the last year who have left."""
    run = world.simulate()
    end = pd.Timestamp(world.scenario.start_date) + pd.DateOffset(months=world.months)
    ts = run.transactions.groupby("customer_id")["ts"].agg(["min", "max", "count"])
    ts = ts[ts["max"] >= end - pd.DateOffset(months=12)]
    silent = (end - ts["max"]).dt.days
    gap = (ts["max"] - ts["min"]).dt.days / (ts["count"] - 1).clip(lower=1)
    gap = gap.where(ts["count"] > 1, gap[ts["count"] > 1].median()).clip(lower=14)
    left = run.truth.customers.set_index("customer_id")["death_time"].reindex(ts.index).notna()
    # Silent for three times the own usual gap: by chance that happens to one living customer in twenty.
    return Finding(float((silent >= 60).mean()), float((silent > 3 * gap).mean()), float(left.mean()))


def _drift(world: World) -> Finding:
    """Orders in the last three months."""
    run = world.simulate()
    end, start = world.months, world.scenario.drift.start_month
    monthly = np.array([_orders(run, m, m + 1).sum() for m in range(end)], dtype=float)
    return Finding(
        float(3 * monthly[max(start - 6, 0) : start].mean()),
        float(3 * monthly[end - 6 : end - 3].mean()),
        float(_expected(run, end - 3, end).sum()),
    )


def _risk_is_not_uplift(world: World) -> Finding:
    """Gain in profit per customer from two follow-ups a quarter instead of one, for the fifth that is chosen.

    The mean over four lucks of the same people, since a customer's own gain is mostly luck.
    """
    gains = [_follow_up_gains(lived) for lived in (world, *(world.with_luck(k) for k in range(3)))]
    return Finding(*(float(value) for value in np.mean(gains, axis=0)))


def _follow_up_gains(world: World) -> tuple[float, float, float]:
    half = world.months // 2
    plain = world.simulate()
    treated = world.do(follow_ups=2.0, start=half).simulate()
    ids = _on_file(plain, half)

    def profit(run: Run) -> pd.Series:
        months = run.truth.months
        return months[months["month"] >= half].groupby("customer_id")["profit"].sum().reindex(ids, fill_value=0.0)

    gain = profit(treated) - profit(plain)
    day = pd.Timestamp(world.scenario.start_date) + pd.DateOffset(months=half)
    before = plain.transactions[plain.transactions["ts"] < day]
    last = before.groupby("customer_id")["ts"].max().reindex(ids).dropna()
    silent = (day - last).dt.days
    # Recent and frequent customers are those whom a test of follow-ups would show to respond.
    responsive = before["customer_id"].value_counts().reindex(last.index) / (30 + silent)
    fifths = np.array_split(responsive.sort_values(ascending=False).index, 5)
    risky = silent[silent < 365].nlargest(len(fifths[0])).index
    return gain[risky].mean(), gain[fifths[0]].mean(), max(gain[part].mean() for part in fifths)


TRAPS = (
    Trap(
        "target_leakage",
        ("indicators", "indicator_list.updated"),
        "area under the curve of the best column for 'orders in the months to come'; truth: that of the true rate",
        "the best of all columns",
        "the best of those that were written before the day concerned",
        "No honest column beats the truth about who will order: one that does was written afterwards.",
        "indicators.leaking, 0 to 8",
        _target_leakage,
        off={"indicators.leaking": 0},
    ),
    Trap(
        "unobserved_churn",
        ("transactions.ts",),
        "share of the last year's customers who have left",
        "silent for two months = left",
        "silent for three times the customer's own usual gap = left",
        "Without a contract nobody gives notice: silence is a pause or the end, and one limit for all mixes them up.",
        "firms with contracts see it: contract.term_months",
        _unobserved_churn,
    ),
    Trap(
        "drift",
        ("transactions.ts",),
        "orders in the last three months",
        "the mean of the half-year before the market drifted",
        "the mean of the last months before these",
        "A model of yesterday's market foresees yesterday.",
        "the section drift of the scenario; factors of 1 are no drift",
        _drift,
        on={"drift.start_month": 10, "drift.order_rate": 0.6, "drift.price_elasticity": 1.3, "drift.late": 2.0},
        off={"drift.order_rate": 1.0, "drift.price_elasticity": 1.0, "drift.late": 1.0},
    ),
    Trap(
        "risk_is_not_uplift",
        ("transactions.ts",),
        "€ gained per customer chosen, by a second follow-up a quarter; truth: the best fifth by recency and frequency",
        "call those most likely to leave",
        "call those whom calls were seen to move",
        "Those most at risk are mostly lost already: what counts is what a call changes.",
        "in the nature of the world; strength by bonds.contact",
        _risk_is_not_uplift,
    ),
)
