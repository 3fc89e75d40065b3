"""In every trap the naive analysis falls, and the right one does not, on several seeds."""

from __future__ import annotations

import pytest

from crmlab.world import World
from crmlab.world.traps import TRAPS

# How far the naive analysis is off at least, in the unit of the trap, and with which sign.
OFF = {
    "non_response": 0.06,
    "survivorship": 0.08,
    "halo": 0.25,
    "duplicates": -0.8,
    "complaint_iceberg": -0.08,
    "class_imbalance": 0.45,
    "email_confounding": 0.1,
    "programme_selection": 0.2,
    "simpson_by_channel": -0.02,
    "regression_to_the_mean": -0.1,
    "promo_illusion": 0.3,
    "heavy_users_fail_more": 0.5,
    "target_leakage": 0.03,
    "unobserved_churn": 0.2,
    "drift": 1_000.0,
    "risk_is_not_uplift": -0.3,
}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("name", TRAPS)
def test_the_naive_analysis_falls_and_the_right_one_does_not(name, seed) -> None:
    trap = TRAPS[name]
    found = trap.examine(trap.set(World("cosmetics", customers=6_000, months=24, seed=seed)))
    assert found.size / OFF[name] >= 1, found
    if name == "target_leakage":
        assert found.right < found.truth, "an honest column does not beat the truth"
    else:
        assert abs(found.right - found.truth) < abs(found.size) / 2, found


def test_all_traps_are_tried() -> None:
    assert set(OFF) == set(TRAPS)
