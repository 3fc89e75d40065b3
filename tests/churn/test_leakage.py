from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab import churn
from crmlab.tables import TableError
from tests.churn.planted import planted_deployment, planted_table


@pytest.mark.parametrize("seed", range(3))
def test_planted_leaks_are_found_by_their_kind_and_honest_columns_left_alone(seed: int) -> None:
    planted = planted_table(seed)
    found = churn.audit_leakage(planted.X, planted.y, **planted.options)
    assert set(found.index) == set(planted.X.columns)
    suspects = found[found["suspect"]]
    assert suspects["kind"].to_dict() == planted.leaks
    assert found["suspect"].tolist() == sorted(found["suspect"], reverse=True), "suspects come first"
    assert suspects["evidence"].str.len().between(30, 400).all()
    assert (found.loc[~found["suspect"], "evidence"] == "").all()


def test_a_column_that_is_empty_in_use_is_found_and_ordinary_chance_is_not() -> None:
    planted = planted_table(4)
    honest = planted.X.drop(columns=list(planted.leaks))
    found = churn.audit_leakage(honest, planted.y, deployment=planted_deployment(planted, 4)[list(honest)])
    assert found.index[found["suspect"]].tolist() == ["noise_0"]
    assert "in use it is empty" in found.loc["noise_0", "evidence"].lower()
    gone = churn.audit_leakage(honest, planted.y, deployment=planted_deployment(planted, 4)[["recency_days"]])
    assert gone.loc["frequency", "kind"] == "different in use"


def test_leave_one_out_averages_are_found() -> None:
    rng = np.random.default_rng(0)
    y = rng.random(4_000) < 0.2
    group = rng.integers(0, 80, 4_000)
    sums, sizes = np.bincount(group, y), np.bincount(group)
    X = pd.DataFrame({"rate": (sums[group] - y) / (sizes[group] - 1), "x": rng.normal(size=4_000)})
    found = churn.audit_leakage(X, y)
    assert found.loc["rate", "suspect"] and not found.loc["x", "suspect"]


def test_when_a_value_became_known_may_be_said() -> None:
    X = pd.DataFrame({"score": np.arange(100) % 7, "other": np.arange(100) % 5})
    y = np.arange(100) % 3 == 0
    known = pd.Series(pd.to_datetime(["2025-07-01"] * 10 + ["2025-05-01"] * 90))
    found = churn.audit_leakage(X, y, as_of="2025-06-30", available={"score": known, "other": "2025-06-30"})
    assert found.loc["score", "late"] == pytest.approx(0.1)
    assert found.loc["score", "kind"] == "known too late"
    assert found.loc["other", "late"] == 0 and not found.loc["other", "suspect"]


def test_rows_shared_by_folds_are_counted() -> None:
    planted = planted_table(5, customers=600)
    X = planted.X.drop(columns=["record"])
    folds = np.arange(600) % 5
    alone = churn.shared_rows(X, planted.y, folds)
    assert alone["also_elsewhere"].sum() == 0
    resampled = np.concatenate([np.arange(600), np.arange(100)])
    twice = churn.shared_rows(X.iloc[resampled], planted.y[resampled], np.concatenate([folds, (folds[:100] + 1) % 5]))
    assert twice["also_elsewhere"].sum() == 200
    assert (twice["expected_share"] < 0.01).all()


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (pd.DataFrame(), [], "no rows or no columns"),
        (pd.DataFrame({"a": [1, 2]}), [1], "1 labels for 2 rows|with one class"),
        (pd.DataFrame({"a": [1, 2]}), [1, 1], "with one class"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), [0, 1], "several columns named 'a'"),
    ],
)
def test_bad_tables_are_refused(X: pd.DataFrame, y: list, message: str) -> None:
    with pytest.raises(TableError, match=message):
        churn.audit_leakage(X, y)


def test_odd_columns_do_not_stop_the_audit() -> None:
    n = 200
    X = pd.DataFrame(
        {
            "empty": [np.nan] * n,
            "constant": [1] * n,
            "text": ["a", None] * (n // 2),
            "客户": pd.Categorical(["甲", "乙"] * (n // 2)),
            "nullable": pd.array([1, None] * (n // 2), dtype="Int64"),
            "endless": [np.inf, 1.0] * (n // 2),
            "zoned": pd.date_range("2025-01-01", periods=n, tz="Asia/Shanghai"),
            "mixed": [1, "x"] * (n // 2),
        }
    )
    found = churn.audit_leakage(X, np.arange(n) % 3 == 0, as_of="2026-01-01")
    assert len(found) == len(X.columns)
    assert not found.loc[["empty", "constant", "客户"], "suspect"].any()
