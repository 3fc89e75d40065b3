from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from crmlab import churn
from crmlab.tables import TableError


def contracts() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [1, 2, 3, 4, 5, 5],
            "start": pd.to_datetime(["2025-01-01"] * 4 + ["2024-01-01", "2025-01-01"]),
            "end": pd.to_datetime(["2025-06-30", "2025-07-03", "2025-07-20", None, "2025-07-10", "2025-12-31"]),
        }
    )


def test_contracts_are_labelled_by_their_last_end_within_the_window() -> None:
    labels = churn.label_contracts(contracts(), as_of="2025-06-30", horizon=30, gap=7)
    # 1 was gone, 2 goes within the gap; 5 has a second contract that runs on.
    assert labels.to_dict() == {3: True, 4: False, 5: False}


def test_contracts_need_dates_and_somebody_who_is_there() -> None:
    with pytest.raises(TableError, match="must hold dates"):
        churn.label_contracts(contracts().astype({"end": str}), as_of="2025-06-30", horizon=28)
    with pytest.raises(TableError, match="No contract runs on 2020-01-01"):
        churn.label_contracts(contracts(), as_of="2020-01-01", horizon=28)
    with pytest.raises(ValueError, match="horizon must be at least 1 day"):
        churn.label_contracts(contracts(), as_of="2025-06-30", horizon=0)


@given(
    st.lists(st.integers(0, 400), min_size=2, max_size=40),
    st.integers(1, 120),
    st.integers(0, 30),
)
def test_no_fold_trains_on_labels_that_were_not_known(days: list[int], horizon: int, gap: int) -> None:
    as_of = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")
    try:
        origins = churn.RollingOrigins(as_of, horizon=horizon, gap=gap)
    except ValueError:
        assert max(days) - min(days) < horizon + gap
        return
    folds = list(origins.split(pd.DataFrame({"x": days})))
    assert len(folds) == origins.get_n_splits()
    for train, test in folds:
        assert len(train) and len(set(as_of[test])) == 1
        assert as_of[train].max() + pd.Timedelta(days=horizon + gap) <= as_of[test][0]
        assert not set(train) & set(test)


def rolling_table(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, churn.RollingOrigins]:
    rng = np.random.default_rng(seed)
    as_of = np.repeat(pd.date_range("2025-01-01", periods=5, freq="MS"), 200)
    X = pd.DataFrame({"recency": rng.exponential(40, 1_000)})
    y = rng.random(1_000) < 1 / (1 + np.exp(2 - X["recency"].to_numpy() / 40))
    return X, y, churn.RollingOrigins(as_of, horizon=28)


class Interrupted(LogisticRegression):
    """Stops as with Ctrl-C when asked to learn from so many rows."""

    limit = 600

    def fit(self, X: pd.DataFrame, y: np.ndarray, sample_weight: None = None) -> Interrupted:
        if len(X) > type(self).limit:
            raise KeyboardInterrupt
        super().fit(X, y)
        return self


def test_an_interrupted_rolling_evaluation_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y, origins = rolling_table()
    quiet = {"origins": origins, "progress": lambda text, share: None}
    whole = churn.rolling_evaluation(Interrupted(), X.iloc[:600], y[:600], **{**quiet, "origins": _first(origins, 600)})
    assert whole["trained_on"].tolist() == [200, 400]
    with pytest.raises(KeyboardInterrupt):
        churn.rolling_evaluation(Interrupted(), X, y, folder=tmp_path, **quiet)
    kept = sorted(path.name for path in tmp_path.glob("*/*.json"))
    assert kept == ["2025-02-01.json", "2025-03-01.json", "2025-04-01.json"]
    monkeypatch.setattr(Interrupted, "limit", 10_000)
    first = next(tmp_path.glob("*/2025-02-01.json"))
    marked = json.loads(first.read_text()) | {"brier": -1.0}
    first.write_text(json.dumps(marked))
    table = churn.rolling_evaluation(Interrupted(), X, y, folder=tmp_path, **quiet)
    assert table["trained_on"].tolist() == [200, 400, 600, 800]
    assert table["brier"].iloc[0] == -1.0, "what was done is not done again"
    other = churn.rolling_evaluation(Interrupted(C=0.5), X, y, folder=tmp_path, **quiet)
    assert other["brier"].iloc[0] > 0, "another model does not take these results for its own"


def _first(origins: churn.RollingOrigins, rows: int) -> churn.RollingOrigins:
    return churn.RollingOrigins(origins.as_of[:rows], horizon=28)


def test_rolling_results_equal_those_by_hand() -> None:
    X, y, origins = rolling_table(1)
    table = churn.rolling_evaluation(LogisticRegression(), X, y, origins=origins, progress=lambda text, share: None)
    fitted = LogisticRegression().fit(X.iloc[:200], y[:200])
    by_hand = churn.auc(y[200:400], fitted.predict_proba(X.iloc[200:400])[:, 1])
    assert table["auc"].iloc[0] == pytest.approx(by_hand.estimate)
    assert table["customers"].tolist() == [200] * 4


def test_training_rows_of_one_class_are_an_error() -> None:
    X, _, origins = rolling_table()
    y = np.arange(1_000) >= 400
    with pytest.raises(ValueError, match="all 200 training rows have label 0"):
        churn.rolling_evaluation(LogisticRegression(), X, y, origins=origins, progress=lambda text, share: None)
