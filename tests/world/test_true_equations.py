"""The truth about the equations: coefficients and four Cs give again what the simulation recorded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab.streams import normal
from crmlab.tables import vocabulary
from crmlab.world import World, load_scenario, scenario_names
from crmlab.world.coefficients import coefficients


def speaks_the_vocabulary(table: pd.DataFrame, name: str) -> None:
    described = vocabulary()[name]
    assert list(table.columns) == list(described.columns)
    assert not table.duplicated(list(described.key)).any()
    assert table.notna().all().all()


@pytest.mark.parametrize("name", scenario_names())
def test_coefficients_of_every_shop(name) -> None:
    scenario = load_scenario(name)
    table = coefficients(scenario)
    speaks_the_vocabulary(table, "truth_coefficients")
    assert set(table["equation"]) == set(range(1, 16))
    assert table["source"].str.match("published|calibrated|chosen").all()
    felt = table.set_index(["explains", "term"])["coefficient"]
    assert felt["ln order rate", "satisfaction"] == pytest.approx(scenario.firm.coupling * scenario.rate.satisfaction)
    assert felt["experience", "late"] == -scenario.experience.late


def test_nothing_feeds_back_without_coupling() -> None:
    table = coefficients(load_scenario("cosmetics").with_values({"firm.coupling": 0.0}))
    states = ["satisfaction", "commitment", "hurt", "social_bond", "structural_bond", "member", "switching_cost"]
    feedback = table[table["explains"].isin(["ln order rate", "ln hazard"]) & table["term"].isin(states)]
    assert len(feedback) == 10
    assert (feedback["coefficient"] == 0).all()


def test_hazard_is_the_sum_of_its_terms() -> None:
    """Held against the hazards that the simulation recorded, from the states of the month before."""
    world = World("marketplace", customers=400, months=10, seed=4)
    truth = world.simulate().truth
    table = truth.coefficients.query("explains == 'ln hazard'").set_index("term")["coefficient"]
    p = world.scenario.leaving
    now = truth.months.set_index(["customer_id", "month"])
    before = now.rename(index=lambda month: month + 1, level="month").reindex(now.index).dropna()
    now, traits = now.loc[before.index], truth.traits.set_index("customer_id")
    of = traits.loc[before.index.get_level_values("customer_id")]
    delight_term = next(term for term in table.index if "softplus" in term)
    delight = p.delight_width * np.logaddexp(0, (before["satisfaction"] - p.delight_start) / p.delight_width)
    kept = -(table["satisfaction"] * before["satisfaction"] + table[delight_term] * delight)
    logarithm = table["1"] + np.log(of["churn_frailty"].to_numpy())
    logarithm = (
        logarithm - kept + table["structural_bond × what satisfaction protects"] * before["structural_bond"] * kept
    )
    for term in ("commitment", "social_bond", "structural_bond", "hurt"):
        logarithm = logarithm + table[term] * before[term]
    logarithm = logarithm + table["switching_cost"] * of["switching_cost"].to_numpy()
    assert len(now) > 2_000
    np.testing.assert_allclose(np.log(now["hazard"]), logarithm, atol=2e-4)


@pytest.mark.parametrize("name", ["cosmetics", "car_service"])
def test_four_cs_give_the_experience_of_orders(name) -> None:
    world = World(name, customers=500, months=8, seed=4).do(quality=0.9, logistics=0.3, price=1.2, start=2)
    world = world.do(promotion=0.3, price=1.0, start=5).do(
        pd.DataFrame({"customer_id": np.arange(1, 100), "price": 0.8}), start=3
    )
    run = world.simulate()
    table = run.truth.four_cs
    speaks_the_vocabulary(table, "truth_four_cs")
    lived = run.truth.months.query("exposure > 0")
    assert table[["customer_id", "month"]].equals(lived[["customer_id", "month"]].reset_index(drop=True))
    o, e = run.shown.records.orders, world.scenario.experience
    place = run.shown.records.place(o["customer_id"])
    luck = normal(o["customer_id"], seed=world.setup.seed_luck, mechanism="quality", month=o["month"], draw=o["number"])
    index = pd.MultiIndex.from_arrays([o["customer_id"], o["month"].astype(np.int64)])
    offered = table.set_index(["customer_id", "month"])["four_c_experience"].reindex(index).to_numpy()
    wanted = e.base + e.fit * run.shown.records.customers["fit"][place] + e.spread * luck + offered
    wanted = wanted - np.where(o["delay"] > 0, e.late + e.delay * o["delay"], 0) - e.failure * o["failed"]
    np.testing.assert_allclose(o["experience"], wanted, atol=2e-4)
    # Better goods are a better solution; a price above what was usual feels dear, and less so month by month.
    firm = table[table["customer_id"] >= 100].groupby("month").mean()
    usual = name == "car_service"  # its branches differ, in the first months too
    assert firm.loc[3, "customer_solution"] > 0.1
    assert usual or firm.loc[0, "customer_solution"] == 0
    assert (np.diff(firm.loc[2:4, "price_felt"]) < 0).all()
    assert firm.loc[4, "price_felt"] > 0 > firm.loc[5, "price_felt"]
