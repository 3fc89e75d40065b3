from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab import churn
from crmlab.tables import TableError


def test_kaplan_meier_by_hand() -> None:
    curve = churn.kaplan_meier([1, 2, 2, 3, 3, 4], [1, 1, 0, 1, 1, 0])
    assert curve.index.tolist() == [1, 2, 3]
    assert curve["at_risk"].tolist() == [6, 5, 3]
    assert curve["survival"].tolist() == pytest.approx([5 / 6, 5 / 6 * 4 / 5, 5 / 6 * 4 / 5 / 3])
    assert (curve["low"] <= curve["survival"]).all() and (curve["survival"] <= curve["high"]).all()


def test_the_interval_of_kaplan_meier_covers() -> None:
    """True S(1) = exp(−1) under censoring; fewer than 268 hits in 300 has a chance below 1e-4."""
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(300):
        life, seen = rng.exponential(1, 150), rng.uniform(0.5, 3, 150)
        row = churn.kaplan_meier(np.minimum(life, seen), life <= seen)
        row = row[row.index <= 1].iloc[-1]
        hits += row["low"] <= np.exp(-1) <= row["high"]
    assert hits >= 268


def test_competing_causes_add_up_to_all_who_left() -> None:
    rng = np.random.default_rng(2)
    times = np.stack([rng.exponential(each, 3_000) for each in (2.0, 3.0, 4.0)])
    first, cause = times.min(axis=0), np.array(["price", "quality", None])[times.argmin(axis=0)]
    curves = churn.cumulative_incidence(first, cause)
    survival = churn.kaplan_meier(first, pd.notna(cause))
    at = curves.index[len(curves) // 2]
    everybody = 1 - churn.survival_at(survival, at).iloc[0]
    assert curves.loc[at].sum() == pytest.approx(everybody, abs=1e-9)
    naive = 1 - churn.survival_at(churn.kaplan_meier(first, cause == "price"), at).iloc[0]
    assert naive > curves.loc[at, "price"] + 0.02, "one minus Kaplan–Meier of one cause counts too many"


def test_hazard_ratios_are_recovered() -> None:
    """True ratios 2 and 1: within 4 standard errors (a false alarm once in 8,000 runs)."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame({"no_care": rng.random(4_000) < 0.5, "height": rng.normal(size=4_000)})
    life = rng.exponential(1 / np.where(X["no_care"], 2.0, 1.0))
    found = churn.hazard_ratios(X, np.minimum(life, 1.5), life <= 1.5, confidence=0.99994)
    assert found.loc["no_care", "low"] < 2 < found.loc["no_care", "high"]
    assert found.loc["height", "low"] < 1 < found.loc["height", "high"]
    assert found.loc["no_care", "p_value"] < 1e-6


def test_person_periods_cut_at_the_longest() -> None:
    rows = churn.person_periods(pd.Series([3, 1], index=[7, 9]), [1, 1], most=2)
    assert rows.to_numpy().tolist() == [[7, 1, False], [7, 2, False], [9, 1, True]]


@pytest.mark.parametrize(
    ("duration", "left", "message"),
    [
        ([1, -1], [1, 0], "missing, infinite or negative"),
        ([1, np.nan], [1, 0], "missing, infinite or negative"),
        ([1, 2], [0, 0], "Nobody left"),
        ([1, 2, 3], [1, 0], "duration has 3 values, and left has 2"),
        ([], [], "is empty"),
    ],
)
def test_bad_durations_are_refused(duration: list, left: list, message: str) -> None:
    with pytest.raises(TableError, match=message):
        churn.kaplan_meier(duration, left)


def test_bad_columns_of_a_hazard_model_are_named() -> None:
    base = pd.DataFrame({"x": [1.0, 2, 3, 4]})
    for change, message in [
        ({"x": ["a", "b", "c", "d"]}, "encode categories first"),
        ({"x": [1, None, 3, 4]}, "1 missing values"),
        ({"x": [1, 1, 1, 1]}, "the same for everybody"),
    ]:
        with pytest.raises(TableError, match=message):
            churn.hazard_ratios(base.assign(**change), [1, 2, 3, 4], [1, 0, 1, 1])
    with pytest.raises(TableError, match="whole periods"):
        churn.person_periods(pd.Series([0.5]), [1])
