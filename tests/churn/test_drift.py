from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab import churn
from crmlab.tables import TableError


def test_stability_by_hand() -> None:
    then, now = pd.Series(["a"] * 50 + ["b"] * 50), pd.Series(["a"] * 80 + ["b"] * 20)
    shares = np.array([[50.5, 50.5], [80.5, 20.5]]) / 101
    expected = ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()
    assert churn.stability(then, now).psi == pytest.approx(expected)
    assert churn.stability(then, now).p_value < 1e-4


def test_drift_report_tells_change_from_chance_and_from_missing_columns() -> None:
    """Calm columns: p below 0.01 in 1% of cases; the seed is fixed."""
    rng = np.random.default_rng(0)
    then = pd.DataFrame({"spend": rng.exponential(40, 4_000), "visits": rng.poisson(3, 4_000), "old": 1})
    now = pd.DataFrame({"spend": rng.exponential(90, 4_000), "visits": rng.poisson(3, 4_000), "new": 1})
    report = churn.drift_report(then, now)
    assert report["reading"].to_dict() == {"old": "missing", "new": "missing", "spend": "changed", "visits": "chance"}


def test_missing_values_and_new_categories_count_as_change() -> None:
    then = pd.Series(np.arange(1_000.0))
    now = then.mask(then % 2 == 0)
    assert churn.stability(then, now).psi > 0.25
    assert churn.stability(pd.Series(["a"] * 500), pd.Series(["b"] * 500)).psi > 1
    with pytest.raises(TableError, match="at least one row"):
        churn.stability(then, now.head(0))


def test_performance_over_time_measures_each_period() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(2, 5, 900)
    truth = rng.random(900) < p
    truth[600:] = False
    table = churn.performance_over_time(truth, p, np.repeat(["2025-01", "2025-02", "2025-03"], 300))
    assert table.loc["2025-01", "auc"] == pytest.approx(churn.auc(truth[:300], p[:300]).estimate)
    assert np.isnan(table.loc["2025-03", "auc"]) and table.loc["2025-03", "rate"] == 0


def test_the_card_says_what_a_reader_needs() -> None:
    rng = np.random.default_rng(2)
    p = rng.beta(2, 5, 2_000)
    truth = rng.random(2_000) < p
    card = churn.model_card(
        "quiet customers",
        truth,
        p,
        data="Orders of a cosmetics shop, 2024 to 2025.",
        window="Cut-off 30 June 2025, no order within the 90 days after it.",
        threshold=0.4,
        groups=pd.DataFrame({"region": rng.choice(["north", "south"], 2_000), "age": ["old"] * 1_990 + ["young"] * 10}),
        limits=("Customers who joined in the last month are not in the data.",),
    )
    text = str(card)
    for part in ("# Model card: quiet customers", "Cut-off 30 June", "Miss rate at 0.40", "## For whom", "last month"):
        assert part in text
    assert f"{churn.error_and_miss(truth, p >= 0.4).miss_rate:.1%}" in text
    assert np.isnan(card.groups.loc[("age", "young"), "rate"]), "a group of ten would show chance"
    assert card.groups.loc[("region", "north"), "customers"] == (card.groups.loc["region"]["customers"]).iloc[0]
