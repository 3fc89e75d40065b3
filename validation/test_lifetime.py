"""Lifetime models against known answers: 2,000 data sets, the truth of the world, and any data at all.

Error rates: each statement on recovery is a two-sided check at 0.001; seeds are fixed, so a run repeats itself.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from crmlab import features, lifetime
from crmlab.facts.sample import pareto_nbd_world
from crmlab.lifetime.checks import ALARM
from crmlab.world import World
from crmlab.world.scenario import load_scenario
from tests.lifetime.test_models import MODELS, TRUTH, check_fit_or_reason, histories

SETS = 400  # of each of five models
# The bias of maximum likelihood falls with the number of customers, its Monte-Carlo error with its root: with few
# customers and many sets it shows. BG/BB counts equal rows once, so that more customers cost it nothing.
CUSTOMERS = {"bg_bb": 20_000}
USUALLY = 2_500
Z = 3.29  # two-sided 0.001


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_recovered(name) -> None:
    """The mean error of a parameter is within Monte-Carlo error; 95% intervals hold 95%, within binomial error."""
    rng = np.random.default_rng(20)
    customers = CUSTOMERS.get(name, USUALLY)
    truth = pd.Series(TRUTH[name])
    observed = {
        "bg_bb": rng.integers(6, 11, customers),
        "shifted_beta_geometric": rng.integers(1, 11, customers),
        "gamma_gamma": rng.geometric(0.2, customers),
    }.get(name, rng.integers(300, 520, customers) / 7)
    errors, inside, alarms = [], [], 0
    for _ in range(SETS):
        data = lifetime.draw_histories(name, TRUTH[name], observed, seed=rng)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = MODELS[name]().fit(data)
        alarms += any(issubclass(each.category, lifetime.LifetimeWarning) for each in caught)
        bounds = model.parameter_intervals(0.95)
        errors.append(np.log(model.params_ / truth))
        inside.append((bounds["lower"] <= truth) & (truth <= bounds["upper"]))
    error, held = pd.DataFrame(errors), pd.DataFrame(inside).sum()
    score = error.mean() / (error.std() / np.sqrt(SETS))
    print(
        f"\n{name}: mean error in standard errors {score.round(2).to_dict()}, held {(held / SETS).round(3).to_dict()}"
    )
    assert (score.abs() < Z).all(), score
    # These data agree with the model: a doubt is chance, and chance may raise one in a thousand sets (checks.ALARM).
    assert binomtest(alarms, SETS, ALARM, alternative="greater").pvalue > 0.001, alarms
    for parameter, count in held.items():
        assert binomtest(int(count), SETS, 0.95).pvalue > 0.001, (parameter, count / SETS)


def forecast(world: World, months: int, horizon: int) -> tuple[pd.DataFrame, lifetime.ParetoNBD, pd.DataFrame]:
    """Fit to the first months of the first month's customers; return forecasts beside truth and what happened."""
    run = world.simulate()
    cut = pd.Timestamp(world.scenario.start_date) + pd.DateOffset(months=months)
    before, after = (run.transactions[side] for side in (run.transactions["ts"] < cut, run.transactions["ts"] >= cut))
    summary = features.repeat_summary(before, as_of=cut - pd.Timedelta(days=1), unit="M").set_index("customer_id")
    summary = summary[summary.index <= world.customers]
    truth = world.expected(from_month=months, horizon=horizon, replications=16)["expected_orders"]
    model = lifetime.ParetoNBD().fit(summary)
    days = after.groupby("customer_id")["ts"].apply(lambda times: times.dt.normalize().nunique())
    table = pd.DataFrame(
        {
            "expected": model.expected_orders(summary, horizon=horizon),
            "truth": truth.reindex(summary.index),
            "actual": days.reindex(summary.index, fill_value=0),
        }
    )
    return table, model, summary


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_forecasts_are_calibrated_where_rates_do_not_change(seed) -> None:
    """No coupling: expected orders agree with the truth by tenths, and intervals hold as often as they say."""
    table, model, summary = forecast(pareto_nbd_world(seed, 20_000, 18), 9, 9)
    tenths = lifetime.holdout_table(table["expected"], table["truth"])
    z = (tenths["expected"] - tenths["actual"]) / tenths["standard_error"]
    print(
        f"\nseed {seed}: total {table['expected'].sum() / table['truth'].sum() - 1:+.3f}, "
        f"tenths z {z.round(1).tolist()}"
    )
    assert abs(table["expected"].sum() / table["truth"].sum() - 1) < 0.06
    assert (z.abs() < 4.5).all()
    for level in (0.8, 0.95):
        bounds = model.order_intervals(summary, horizon=9, level=level)
        chances = model.order_probabilities(summary, horizon=9, most=int(bounds["upper"].max()))
        cumulated = chances.cumsum(axis=1).to_numpy()
        row = np.arange(len(summary))
        said = cumulated[row, bounds["upper"]] - np.where(
            bounds["lower"] > 0, cumulated[row, np.maximum(bounds["lower"] - 1, 0)], 0
        )
        held = table["actual"].between(bounds["lower"], bounds["upper"]).mean()
        # 0.01 for the uncertainty of the parameters, which the intervals leave out.
        assert abs(held - said.mean()) < 0.01 + Z * np.sqrt(said.mean() * (1 - said.mean()) / len(summary))
        assert held >= level - 0.01


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_forecasts_fail_where_customers_live_and_learn(seed) -> None:
    """Full coupling: experience keeps the satisfied, and the model, which knows no experience, expects too little."""
    scenario = load_scenario("cosmetics").with_values({"firm.history_months": 0})
    table, _, _ = forecast(World(scenario, customers=8_000, months=24, seed=seed), 12, 12)
    error = table["expected"].sum() / table["truth"].sum() - 1
    print(f"\nseed {seed}: total {error:+.3f}")
    assert -0.2 < error < -0.06


@settings(max_examples=1_000, deadline=None)
@given(histories(), st.sampled_from(["bg_nbd", "pareto_nbd"]))
def test_any_of_a_thousand_data_sets(data, name) -> None:
    check_fit_or_reason(data, MODELS[name])
