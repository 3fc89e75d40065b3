"""Churn prediction against the observable oracle: five worlds of 50,000 customers, three months ahead.

The *label*: no order in the three months after the cut-off, the end of the 18th month. *Asked*: whoever ordered in the
year before it and, where there are contracts, has one that runs. The model learns from the firm's own past, the
same question asked at the ends of months 9, 12 and 15, whose windows were over by the cut-off; the oracle from 100,000
customers of other seeds. What is compared are differences on the same customers, at least 20,000 of them.

Error rates: the standard error of the difference of two areas under the curve on these customers is below 0.002, that
of the ratio of two profits about 0.01, and the bounds lie at least nine of these from what was measured: a right
program fails in fewer than one of 10,000 runs. Calibration slopes were 0.98 to 1.03 with a standard error of about
0.013, far from their bounds as well, but 1.07 with 0.02 for subscription, where little can be foretold: with other
seeds it would exceed 1.1 in perhaps one of ten runs. Seeds are fixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from crmlab import World, churn
from crmlab.oracles import ObservableOracle, observable_history, observed_future
from crmlab.oracles.history import day_of_month

CUSTOMERS, AS_OF, HORIZON = 50_000, 18, 3
EARLIER = (9, 12, 15)
OTHERS = 100_000
KEPT = 0.3
"""A call keeps three in ten of those who would fall silent; it is worth one more order."""

MARGIN = {"cosmetics": 0.55, "online_shop": 0.30, "car_service": 0.45, "marketplace": 0.22, "subscription": 0.80}
"""Of an order, from the scenarios."""


@pytest.mark.parametrize("scenario", MARGIN)
@threadpool_limits.wrap(limits=1)
def test_the_model_comes_near_the_observable_oracle(scenario: str) -> None:
    world = World(scenario, customers=CUSTOMERS, months=AS_OF + HORIZON, seed=11)
    run = world.simulate()
    past = [_customers(run, month) for month in EARLIER]
    X, y = pd.concat([X for X, _ in past], ignore_index=True), pd.concat([y for _, y in past], ignore_index=True)
    asked, silent = _customers(run, AS_OF)
    boosting = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=300, min_samples_leaf=100, early_stopping=True, random_state=0
    )
    model = churn.customer_pipeline(X, boosting).fit(X, y)
    risk = pd.Series(model.predict_proba(asked)[:, 1], index=asked.index)
    oracle = ObservableOracle(customers=OTHERS).fit(world, as_of=AS_OF, horizon=HORIZON)
    ceiling = oracle.predict(run)["silent"].loc[asked.index]

    area, best = churn.auc(silent, risk).estimate, churn.auc(silent, ceiling).estimate
    slope, low, high = churn.calibration_slope(silent, risk)
    print(f"{scenario}: {len(asked):,} asked, {silent.mean():.1%} silent")
    grown = oracle.full_["auc"] - oracle.half_["auc"]
    print(f"  AUC {area:.4f}, oracle {best:.4f}; the oracle gained {grown:.4f} by twice as many others")
    of_oracle = churn.calibration_slope(silent, ceiling).estimate
    print(f"  calibration slope {slope:.3f} ({low:.3f} to {high:.3f}), oracle's {of_oracle:.3f}")
    assert area > best - 0.03
    assert 0.9 < slope < 1.1

    benefit = KEPT * MARGIN[scenario] * _order_value(run).loc[asked.index]
    for share in (0.25, 0.5):
        cost = share * float(benefit[silent].mean())
        earned = {
            name: _earned(silent, chance, benefit, cost) for name, chance in (("model", risk), ("oracle", ceiling))
        }
        riskiest = risk >= risk.quantile(0.9)
        top = churn.list_value(silent, riskiest, benefit=benefit, cost=cost)
        print(
            f"  a call costs {cost:.2f} €: list by profit {earned['model'] / earned['oracle']:.3f} of the oracle's "
            f"{earned['oracle']:,.0f} €, top tenth by risk {top / earned['oracle']:.3f}"
        )
        assert earned["model"] > 0.9 * earned["oracle"]
        assert top < 0.9 * earned["oracle"]


def _customers(run: Any, month: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return who is asked about at the end of a month, with all that the firm's tables say, and who fell silent."""
    day = pd.Timestamp(day_of_month(run, month))
    history = observable_history(run, as_of=month)
    asked = history["age_of_order_0"] <= (day - (day - pd.DateOffset(months=12))).days
    if "contract_runs" in history:
        asked &= history["contract_runs"] == 1
    ids = history.index[asked]
    return history.loc[ids].astype(float), observed_future(run, as_of=month, horizon=HORIZON).loc[ids] == 0


def _order_value(run: Any) -> pd.Series:
    """Return the mean value of an order of each customer before the cut-off, in €."""
    before = run.transactions[run.transactions["ts"] < pd.Timestamp(day_of_month(run, AS_OF))]
    return before.groupby("customer_id")["net"].mean()


def _earned(silent: pd.Series, chance: pd.Series, benefit: pd.Series, cost: float) -> float:
    """Return what calling those earns for whom a call is expected to pay."""
    called = silent.index.isin(churn.contact_list(chance, benefit=benefit, cost=cost).index)
    return churn.list_value(silent, called, benefit=benefit, cost=cost)


def test_every_scenario_is_tried() -> None:
    from crmlab.world.scenario import scenario_names

    assert set(MARGIN) == set(scenario_names())
    assert np.isclose(sum(MARGIN.values()), 2.32)
