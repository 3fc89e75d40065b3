"""Value in money, retention economics, points and wallets: identities, hand calculations, directions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import lifetime
from crmlab.lifetime import BetaGeoNBD, GammaGamma, LifetimeWarning, ParetoNBD, ShiftedBetaGeometric, draw_histories
from crmlab.tables import TableError


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(3)
    T = rng.integers(150, 300, 4_000) / 7
    table = draw_histories("pareto_nbd", {"r": 0.8, "alpha": 6.0, "s": 0.8, "beta": 12.0}, T, seed=rng)
    spend = draw_histories("gamma_gamma", {"p": 6.0, "q": 4.0, "v": 15.0}, table["x"], seed=rng)
    table["mean_value"] = spend["mean_value"]
    return table, ParetoNBD().fit(table), GammaGamma().fit(table)


def test_value_without_discount_is_margin_times_orders_times_spend(shop) -> None:
    table, orders, spend = shop
    terms = {"margin": 0.4, "discount_rate": 0.0, "periods_per_year": 52.0, "years": 1.0}
    value = lifetime.lifetime_value(orders, spend, table, **terms)
    expected = 0.4 * orders.expected_orders(table, horizon=52.0) * spend.expected_value(table)
    assert value["lifetime_value"].to_numpy() == pytest.approx(expected, rel=1e-8)
    dear = lifetime.lifetime_value(orders, spend, table, **terms, retention_cost=10.0)
    assert (value["lifetime_value"] - dear["lifetime_value"]).to_numpy() == pytest.approx(10.0)


def test_value_without_end_is_the_limit(shop) -> None:
    table, orders, spend = shop
    terms = {"margin": 0.4, "discount_rate": 0.1, "periods_per_year": 52.0, "retention_cost": 1.0}
    for_ever = lifetime.lifetime_value(orders, spend, table.head(200), **terms)
    long = lifetime.lifetime_value(orders, spend, table.head(200), **terms, years=250)
    assert for_ever["lifetime_value"].to_numpy() == pytest.approx(long["lifetime_value"], rel=1e-6)
    soon = lifetime.lifetime_value(orders, spend, table.head(200), **terms | {"discount_rate": 0.3})
    assert (soon["discounted_orders"] < for_ever["discounted_orders"]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"margin": 0}, "margin"),
        ({"margin": 1.2}, "margin"),
        ({"periods_per_year": 0}, "periods_per_year"),
        ({"retention_cost": -1}, "retention_cost"),
        ({"years": -1}, "horizon"),
        ({"discount_rate": -0.1}, "discount_rate"),
        ({"discount_rate": 0, "years": None}, "without end"),
    ],
)
def test_impossible_terms(shop, change, message) -> None:
    table, orders, spend = shop
    terms = {"margin": 0.4, "discount_rate": 0.1, "periods_per_year": 52.0, "years": 1.0}
    with pytest.raises(ValueError, match=message):
        lifetime.lifetime_value(orders, spend, table, **terms | change)


def test_contract_value_is_the_sum_of_renewals() -> None:
    lost = [131, 126, 90, 60, 42, 34, 26]  # the high-end cohort of Fader & Hardie (2007)
    cohort = {"periods": [*range(1, 8), 7], "lost": [1.0] * 7 + [0.0]}
    model = ShiftedBetaGeometric().fit(cohort, sample_weight=[*lost, 491])
    renewals = np.arange(1, 2_000)
    for seen in (0, 4):
        chances = model.survival(seen + renewals) / model.survival(seen)
        expected = 80 * (chances * 1.1 ** (1.0 - renewals)).sum()
        found = lifetime.contract_value(
            model, {"periods": [seen], "lost": [0]}, margin=100, retention_cost=20, discount_rate=0.1
        )
        assert found.item() == pytest.approx(expected, rel=1e-9)
    assert (np.diff(model.retention(np.arange(1, 9))) > 0).all()
    assert lifetime.contract_value(model, {"periods": [3], "lost": [1]}, margin=1, discount_rate=0.1).item() == 0


def test_survival_value_of_a_constant_retention() -> None:
    survival = 0.8 ** np.arange(400)
    closed = lifetime.retention_value(margin=50, retention_cost=5, retention=0.8, discount_rate=0.1)
    assert lifetime.survival_value(survival, margin=50, retention_cost=5, discount_rate=0.1) == pytest.approx(closed)
    with pytest.raises(ValueError, match="never rise"):
        lifetime.survival_value([1, 0.5, 0.6], margin=1, discount_rate=0.1)


@given(st.floats(0, 1e6), st.floats(0, 1e5), st.floats(0, 1), st.integers(1, 60))
def test_leaky_bucket_loses_and_gains_to_the_last_customer(customers, joins, retention, periods) -> None:
    table = lifetime.leaky_bucket(customers, joins=joins, retention=retention, periods=periods)
    assert (table["customers"] - table["lost"] + table["joined"]).to_numpy() == pytest.approx(
        table["customers_end"].to_numpy(), rel=1e-9, abs=1e-6
    )
    assert table["customers"].to_numpy()[1:] == pytest.approx(table["customers_end"].to_numpy()[:-1])


def test_leaky_bucket_ends_in_its_steady_state() -> None:
    table = lifetime.leaky_bucket(50, joins=100, retention=0.8, periods=200)
    assert table["customers_end"].iloc[-1] == pytest.approx(lifetime.steady_state(joins=100, retention=0.8))
    level = lifetime.leaky_bucket(
        1000, joins=100, retention=0.9, periods=1, margin=10, acquisition_cost=20, retention_cost=1
    )
    assert level["profit"].item() == pytest.approx(1000 * 9 - 100 * 20)


@given(st.floats(0.05, 0.94), st.floats(0.01, 0.5), st.floats(0, 0.8), st.booleans())
def test_elasticity_is_the_slope_of_the_value(retention, rate, share, first_now) -> None:
    gross = lifetime.retention_value(margin=1, retention=retention, discount_rate=rate, first_now=first_now)
    cost = share * gross

    def value(r: float) -> float:
        return lifetime.retention_value(
            margin=1, retention=r, discount_rate=rate, acquisition_cost=cost, first_now=first_now
        )

    step = 1e-6 * retention
    slope = (value(retention + step) - value(retention - step)) / (2 * step) * retention / value(retention)
    found = lifetime.retention_elasticity(
        retention=retention, discount_rate=rate, acquisition_share=share, first_now=first_now
    )
    assert found == pytest.approx(slope, rel=1e-4)
    gain = lifetime.retention_gain(
        retention=retention, discount_rate=rate, points=0.05, acquisition_share=share, first_now=first_now
    )
    assert gain == pytest.approx(value(retention + 0.05) / value(retention) - 1, rel=1e-9)


def test_keeping_pays_up_to_the_cost_of_winning() -> None:
    """At equal numbers of customers, spending the affordable amount leaves profit as it was."""
    before = lifetime.leaky_bucket(1000, joins=200, retention=0.8, periods=1, margin=9, acquisition_cost=60)
    spend = lifetime.affordable_retention_cost(acquisition_cost=60, points=0.05)
    after = lifetime.leaky_bucket(
        1000, joins=150, retention=0.85, periods=1, margin=9, acquisition_cost=60, retention_cost=spend
    )
    assert after["customers_end"].item() == before["customers_end"].item()
    assert after["profit"].item() == pytest.approx(before["profit"].item())


def test_equity_and_return() -> None:
    values = pd.Series(np.random.default_rng(0).gamma(1, 100, 2_000))
    equity = lifetime.customer_equity(values)
    assert equity["equity"] == pytest.approx(values.sum())
    assert equity["upper"] - equity["equity"] == pytest.approx(1.96 * values.std() * np.sqrt(2_000), rel=1e-3)
    with pytest.raises(ValueError, match="opening_equity"):
        lifetime.return_on_customers(profit=1, opening_equity=0, closing_equity=1)


def test_value_share_covers_the_share_of_the_population() -> None:
    """Of 60 samples of 800, at least 48 intervals at 95% hold the true share (binomial: 47 or fewer, 1 in 5,000)."""
    rng = np.random.default_rng(1)
    crowd = np.sort(rng.gamma(0.8, 1, 400_000))
    true = crowd[-80_000:].sum() / crowd.sum()
    inside = 0
    for k in range(60):
        share = lifetime.value_share(pd.Series(rng.gamma(0.8, 1, 800)), draws=120, seed=k)
        inside += share["lower"] <= true <= share["upper"]
    assert inside >= 48


def ledger(rows: list[tuple[int, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["customer_id", "ts", "points"])
    return frame.assign(ts=pd.to_datetime(frame["ts"]))


def test_points_are_used_oldest_first() -> None:
    rows = [(1, "2025-01-10", 100), (1, "2025-02-10", 50), (2, "2025-01-20", 30), (1, "2025-03-01", -120)]
    table = lifetime.points_liability(ledger(rows), as_of="2025-03-31", value_per_point=0.01)
    assert table["earned"].tolist() == [130, 50, 0]
    assert table["used"].tolist() == [100, 20, 0]
    assert table["open_points"].tolist() == [30, 30, 0]


def test_points_expected_use_by_hand() -> None:
    """Half of January's points were used in their first month of life, a quarter of the rest in the second."""
    rows = [(k, "2025-01-10", 80) for k in range(10)]
    rows += [(k, "2025-01-20", -80) for k in range(5)]
    rows += [(5, "2025-02-20", -80), (6, "2025-02-20", -20)]
    rows += [(20, "2025-02-25", 100)]
    table = lifetime.points_liability(ledger(rows), as_of="2025-03-31", value_per_point=0.5)
    # First month of life: 400 of 800 in January, none of 100 in February: 400/900. Second: 100 of 400.
    assert table["open_points"].tolist() == [300, 100, 0]
    assert table["expected_use"].tolist()[:2] == pytest.approx([0, 100 * 0.25])
    assert table["liability"].sum() == pytest.approx(12.5)
    void = lifetime.points_liability(ledger(rows), as_of="2025-03-31", value_per_point=0.5, expires_after=2)
    assert void["expired"].tolist() == [300, 0, 0]


def test_points_simulated_ledger_is_forecast() -> None:
    """Points used with 10% a month: the liability of the old months agrees with what is used later, within 10%."""
    rng, fortnight = np.random.default_rng(4), np.timedelta64(14, "D")
    n = 4_000
    earned = rng.integers(0, 24, n)
    delay = rng.geometric(0.1, n) - 1
    start = np.datetime64("2023-01") + earned.astype("timedelta64[M]")
    issue = pd.DataFrame({"customer_id": np.arange(n), "ts": start.astype("datetime64[D]"), "points": 100})
    use = issue.assign(ts=(start + delay.astype("timedelta64[M]")).astype("datetime64[D]") + fortnight, points=-100)
    full = pd.concat([issue, use])
    table = lifetime.points_liability(full, as_of="2024-12-31", value_per_point=1.0)
    end = np.datetime64("2025-01-01")
    later = use[(use["ts"] >= end) & (use["ts"] < end + np.timedelta64(365, "D"))]
    assert table["open_points"].sum() == 100 * (use["ts"] >= end).sum()
    assert table["expected_use"].sum() == pytest.approx(100 * len(later), rel=0.1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, "2025-01-01", 10), (1, "2025-01-02", -20)], "more points than they had earned"),
        ([(1, "2026-01-01", 10)], "Nobody has earned"),
        ([(1, "2025-01-01", np.nan), (1, "2025-01-01", 5)], "missing or infinite"),
    ],
)
def test_impossible_ledgers(rows, message) -> None:
    with pytest.raises(TableError, match=message):
        lifetime.points_liability(ledger(rows), as_of="2025-12-31", value_per_point=0.01)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 100)), min_size=1, max_size=30))
def test_market_share_is_the_product(rows) -> None:
    frame = pd.DataFrame(rows, columns=["spent_here", "elsewhere"])
    frame["spent_category"] = frame["spent_here"] + frame["elsewhere"]
    if not (frame["spent_here"] > 0).any():
        with pytest.raises(TableError, match="Nobody buys here"):
            lifetime.share_of_wallet(frame)
        return
    found = lifetime.share_of_wallet(frame)
    product = found["penetration"] * found["share_of_wallet"] * found["usage"]
    assert product == pytest.approx(found["market_share"], rel=1e-9)


def test_the_wrong_family_is_told_from_the_right_one(shop) -> None:
    """These customers leave at any time, not only after an order: BG/NBD says that it does not fit."""
    table, orders, _ = shop
    with pytest.warns(LifetimeWarning, match="contradict the model"):
        other = BetaGeoNBD().fit(table)
    assert other.log_likelihood_ < orders.log_likelihood_
