from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from crmlab import churn
from crmlab.tables import TableError

TELCO = Path(__file__).resolve().parents[3] / "shared" / "data" / "telco_churn.csv"


@pytest.mark.skipif(not TELCO.exists(), reason="the Telco table is not on this machine")
def test_telco_by_the_recipe() -> None:
    table = pd.read_csv(TELCO)
    found = churn.evaluate(table, label="Churn", positive="Yes", ignore=["customerID"])
    assert found.notes[0] == "TotalCharges: 11 of 7,043 values are blank; kept as missing"
    assert len(found.y) == 7_043 and found.y.mean() == pytest.approx(0.26537, abs=1e-5)
    assert found.auc.estimate == pytest.approx(0.845, abs=0.01)
    assert found.brier.estimate <= 0.137
    assert found.lift == pytest.approx(2.86, abs=0.1)
    slope = found.calibration_slope
    assert slope.low < 1 < slope.high


@pytest.mark.skipif(not TELCO.exists(), reason="the Telco table is not on this machine")
def test_telco_survival_empc_and_audit() -> None:
    metrics = pytest.importorskip("empulse.metrics", reason="empulse is not installed")
    table = pd.read_csv(TELCO)
    left = (table["Churn"] == "Yes").to_numpy()
    curve = churn.kaplan_meier(table["tenure"], left)
    assert churn.survival_at(curve, [12, 24]).round(4).tolist() == [0.8432, 0.7887]
    assert churn.survival_at(curve, [24]).iloc[0] == pytest.approx(0.78874, abs=1e-5)
    score = table["MonthlyCharges"] / (1 + table["tenure"])
    assert churn.empc(left, score).profit == pytest.approx(metrics.empc_score(left.astype(int), score), rel=1e-9)
    audit = churn.audit_leakage(table.drop(columns="Churn"), left)
    assert audit.index[audit["suspect"]].tolist() == ["customerID"]


def messy(n: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    spend = rng.exponential(50, n)
    return pd.DataFrame(
        {
            "id": [f"c{k}" for k in range(n)],
            "spend": [f"{each:.2f}" if k % 40 else " " for k, each in enumerate(spend)],
            "plan": rng.choice(["basic", "plus", None], n),
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, n), unit="D"),
            "ratio": np.where(np.arange(n) % 50 == 0, np.inf, rng.normal(size=n)),
            "empty": np.full(n, np.nan),
            "optin": rng.random(n) < 0.5,
            "churned": rng.random(n) < 1 / (1 + np.exp(spend / 50 - 0.5)),
        }
    )


def test_what_is_changed_is_said() -> None:
    read = churn.read_customers(messy(), label="churned", ignore=["id"])
    assert read.notes == [
        "spend: 10 of 400 values are blank; kept as missing",
        "since: dates, read as days since the first one",
        "ratio: 8 of 400 values are infinite; kept as missing",
        "not used: id",
    ]
    assert read.X["spend"].isna().sum() == 10 and read.X["plan"].dtype == object


@pytest.mark.parametrize("model", [None, DecisionTreeClassifier(max_depth=3)])
def test_missing_empty_and_unseen_values_do_not_stop_a_model(model: object) -> None:
    table = messy()
    table.loc[399, "plan"] = "a plan of its own"
    found = churn.evaluate(table, label="churned", ignore=["id"], model=model, calibrate="sigmoid", folds=3)
    assert found.probability.between(0, 1).all() and len(found.folds) == 3
    assert found.auc.estimate > 0.55


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"label": "left"}, "lacks the column 'left'"),
        ({}, {"label": "churned", "positive": "Yes"}, "No customer has churned == 'Yes'"),
        ({"churned": None}, {"label": "churned"}, "400 customers have no churned"),
        ({"churned": 1}, {"label": "churned"}, "with one class"),
        ({"churned": "maybe"}, {"label": "churned"}, "must hold 0 and 1"),
    ],
)
def test_bad_labels_are_refused(change: dict, options: dict, message: str) -> None:
    with pytest.raises(TableError, match=message):
        churn.read_customers(messy().assign(**change), **options)
    with pytest.raises(TableError, match="no rows"):
        churn.read_customers(messy().head(0), label="churned")
