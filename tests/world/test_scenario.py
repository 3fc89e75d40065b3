"""A scenario says where each number comes from, and an impossible one is an error that helps."""

from __future__ import annotations

import datetime
import math
import pickle
import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab.world import ScenarioError, World, load_scenario, scenario_names
from crmlab.world.population import copula_factor
from crmlab.world.scenario import schema

TEXTS = {
    name: resources.files("crmlab.world").joinpath("scenarios", f"{name}.toml").read_text("utf-8")
    for name in scenario_names()
}
NUMBERS = [
    (name, path, value, entry, source)
    for name in TEXTS
    for path, value, entry, source in load_scenario(name).numbers()
    if entry.kind in ("number", "numbers", "count")
]


def test_cosmetics_is_there() -> None:
    assert "cosmetics" in scenario_names()
    assert load_scenario("cosmetics").start_date == datetime.date(2024, 1, 1)


@pytest.mark.parametrize("shop", TEXTS)
def test_each_number_has_unit_and_source(shop) -> None:
    for _, path, _, entry, source in (row for row in NUMBERS if row[0] == shop):
        assert re.match(r"(published|calibrated|chosen)\b", source), f"{path}: published, calibrated or chosen"
        if source.startswith(("published", "calibrated")):
            assert ":" in source, f"{path} says which figure"
        section, key = path.rsplit(".", 1)
        block = TEXTS[shop].split(f"[{section}]")[1].split("\n[")[0]
        line = next(line for line in block.splitlines() if re.match(rf'"?{re.escape(key)}"?\s*=', line))
        assert line.split("#")[1].split("|")[0].strip() == entry.unit, path


def test_the_schema_explains_every_key() -> None:
    def entries(section):
        for value in section.values():
            yield from entries(value) if isinstance(value, dict) else [value]

    for entry in entries(schema()):
        assert entry.meaning.endswith(".")
        assert entry.smallest <= entry.largest


@pytest.mark.parametrize("shop", TEXTS)
def test_describe_tells_everything(shop) -> None:
    text = load_scenario(shop).describe()
    for _, path, value, entry, source in (row for row in NUMBERS if row[0] == shop):
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        assert f"{path.rsplit('.', 1)[1]} = {shown}" in text
        assert entry.meaning in text
        assert source in text


def test_describe_names_levers_that_do_nothing() -> None:
    assert load_scenario("cosmetics").idle_levers() == {}
    assert "Levers that do nothing" not in load_scenario("cosmetics").describe()
    shop = load_scenario("online_shop")
    assert shop.idle_levers() == {"reward": "the loyalty programme does not run (lever programme = 0)"}
    assert "Levers that do nothing unless others are changed: reward, since the loyalty programme" in shop.describe()
    silent = shop.with_values({"traits.email_consent": 0.0, "promotion.lift": 0.0})
    assert set(silent.idle_levers()) == {"reward", "emails"}


CHANGES = [
    ({"firm.margn": 0.5}, r"Unknown key 'margn' in \[firm\]; allowed are .* Did you mean 'margin'\?"),
    ({"firms.margin": 0.5}, r"Unknown key 'firms'.*Did you mean 'firm'\?"),
    ({"firm.margin": 1.2}, r"firm.margin = 1.2 is impossible; it must lie between 0.01 and 0.99 share"),
    ({"firm.margin": "half"}, r"firm.margin = 'half' is a str; it must be a number"),
    ({"firm.margin": True}, r"firm.margin = True is a bool; it must be a number"),
    ({"firm.margin": float("nan")}, r"firm.margin = nan is impossible"),
    ({"firm.history_months": 3.5}, r"firm.history_months = 3.5 is a float; it must be a count"),
    ({"firm.start_date": "2024-01-01"}, r"firm.start_date = '2024-01-01' is a str; it must be a date"),
    ({"firm.start_date": datetime.date(2024, 1, 2)}, r"firm.start_date = 2024-01-02 .* first day of a month"),
    ({"demographics.regions": []}, r"demographics.regions = \[\]; it must be a list of at least one text"),
    ({"channels.organic.share": 0.3}, r"The shares in \[channels\] add up to 1.03; they must add up to 1"),
    ({"four_c.cost": 0.3}, r"The shares in \[four_c\] add up to 1.05"),
    (
        {"marketing_mix.magic": dict.fromkeys(("solution", "cost", "convenience", "communication"), 0.0)},
        r"\[marketing_mix.magic\]: there is no such lever",
    ),
    ({"channels.radio.share": 0.0}, r"Key channels.radio.cost is missing"),
    ({"survey.item_cuts": [0.0, 0.0, 1.0, 2.0]}, r"survey.item_cuts = .* each cut must be above the one before it"),
    ({"survey.item_cuts": [0.0, 99.0]}, r"survey.item_cuts = 99.0 is impossible; it must lie between -20.0 and 20.0"),
    ({"survey.item_cuts": [0.0, "1"]}, r"survey.item_cuts = .* must be a list of at least one number"),
]


@pytest.mark.parametrize(("changes", "message"), CHANGES)
def test_impossible_values_are_errors(changes, message) -> None:
    with pytest.raises(ScenarioError, match=message):
        load_scenario("cosmetics").with_values(changes)


@given(data=st.data())
def test_any_number_outside_its_range_is_an_error(data) -> None:
    _, path, _, entry, _ = data.draw(st.sampled_from([n for n in NUMBERS if n[3].kind != "numbers"]))
    beyond = data.draw(
        st.one_of(
            st.floats(entry.largest * 1.001 + 1e-6, 1e12),
            st.floats(-1e12, entry.smallest - 1e-6 - abs(entry.smallest) * 1e-3),
        )
    )
    away = math.ceil if beyond > entry.largest else math.floor
    value = away(beyond) if entry.kind == "count" else beyond
    with pytest.raises(ScenarioError, match=re.escape(path)):
        load_scenario("cosmetics").with_values({path: value})


def test_correlations_must_be_possible() -> None:
    cosmetics = load_scenario("cosmetics")
    with pytest.raises(ScenarioError, match="two different traits joined by '~'"):
        copula_factor(cosmetics.with_values({"correlations": {"fit~height": 0.1}}))
    contradiction = {"order_rate~fit": 0.9, "fit~expectation": 0.9, "order_rate~expectation": -0.9}
    with pytest.raises(ScenarioError, match="contradict one another"):
        World(cosmetics.with_values({"correlations": contradiction}), customers=10)


def test_a_scenario_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "my_shop.toml"
    mine.write_text(TEXTS["cosmetics"].replace("order_value_mean = 45.0", "order_value_mean = 90.0"), "utf-8")
    dear, usual = (World(scenario, customers=300, months=3, seed=1).simulate() for scenario in (mine, "cosmetics"))
    assert dear.world.scenario.name == "my_shop"
    ratio = dear.transactions["net"].mean() / usual.transactions["net"].mean()
    assert 1.8 < ratio < 2.2, "the same orders at twice the value, but for whole products"
    assert dear.transactions["order_id"].equals(usual.transactions["order_id"])


def test_files_that_are_not_scenarios(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="There is no scenario file"):
        load_scenario(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[firm\n", "utf-8")
    with pytest.raises(ScenarioError, match="'broken' is not valid TOML"):
        load_scenario(broken)
    with pytest.raises(ScenarioError, match=r"scenario='cosmetic' is unknown.*Did you mean 'cosmetics'"):
        load_scenario("cosmetic")
    missing = tmp_path / "missing.toml"
    missing.write_text(TEXTS["cosmetics"].replace("[leaving]", "[memory2]"), "utf-8")
    with pytest.raises(ScenarioError, match="Unknown key 'memory2'"):
        load_scenario(missing)


def test_scenarios_travel_between_processes() -> None:
    scenario = load_scenario("cosmetics")
    again = pickle.loads(pickle.dumps(scenario))
    assert list(again.numbers()) == list(scenario.numbers())
    with pytest.raises(AttributeError, match="no key 'nothing'"):
        _ = scenario.nothing
