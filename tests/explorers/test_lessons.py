"""The explorers of the lessons: drawn at the ends of every control, moved, described, the same when drawn again."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab import World, explorers
from crmlab.exercises import Lesson, lesson, lesson_06
from crmlab.explorers import (
    Explorer,
    churn_drivers,
    churn_prediction,
    complaints_and_recovery,
    customer_value,
    four_cs_to_four_ps,
    journeys,
    lifetime_value,
    loyalty_drivers,
    segmentation,
    start_here,
    your_own_data,
)
from crmlab.explorers.binding import image, widget
from crmlab.plots import alt_text
from crmlab.tables import TableError


def _customer_value(opened: Lesson) -> list[Explorer]:
    orders, customers = opened.run.transactions, opened.data.customers_table  # type: ignore[attr-defined]
    return [
        customer_value.concentration(orders, on_file=len(opened.run.customers)),
        customer_value.luck(orders),
        customer_value.classes(customers),
    ]


def _journeys(opened: Lesson) -> list[Explorer]:
    return [
        journeys.stage_flow(opened.run.transactions),
        journeys.sleep_thresholds(opened.data.earlier),  # type: ignore[attr-defined]
        journeys.follow_up_cadence(),
    ]


def _segmentation(opened: Lesson) -> list[Explorer]:
    data: Any = opened.data
    leaks = list(data.audit.index[data.audit["leaks"]])
    return [
        segmentation.clusters(data.table, data.scores),
        segmentation.indicator_lab(data.table, data.again, leaks=leaks, first=list(data.order_book)),
    ]


def _loyalty_drivers(opened: Lesson) -> list[Explorer]:
    answers = opened.data.answers  # type: ignore[attr-defined]
    items = list(lesson_06.ITEMS.values())
    return [loyalty_drivers.curve(answers), loyalty_drivers.driver_map(answers, items), loyalty_drivers.bonds()]


def _complaints_and_recovery(opened: Lesson) -> list[Explorer]:
    data: Any = opened.data
    return [
        complaints_and_recovery.iceberg(int(data.orders["complained"].sum()), problems=len(data.run.truth.problems)),
        complaints_and_recovery.recovery_budget(data.desk),
    ]


def _lifetime_value(opened: Lesson) -> list[Explorer]:
    stay, joins = opened.data.stay, opened.data.joins  # type: ignore[attr-defined]
    return [
        lifetime_value.leaky_bucket(customers=1_800, joins=joins, retention=stay, margin=95.0, acquisition_cost=20),
        lifetime_value.retention(stay=stay),
    ]


def _start_here(opened: Lesson) -> list[Explorer]:
    return [start_here.cockpit(World("cosmetics", customers=300, months=24, seed=3))]


def _four_cs_to_four_ps(opened: Lesson) -> list[Explorer]:
    data: Any = opened.data
    shelf = {"competitors": data.competitors, "costs": data.costs, "size": data.customers}
    return [
        four_cs_to_four_ps.shop_game(),
        four_cs_to_four_ps.mix(data.study, decisions=data.decisions, **shelf),
    ]


def _your_own_data(opened: Lesson) -> list[Explorer]:
    return [your_own_data.decisions(opened.data.practice_file())]  # type: ignore[attr-defined]


def _churn_drivers(opened: Lesson) -> list[Explorer]:
    return [churn_drivers.cause_switchboard(World("cosmetics", customers=300, months=16, seed=3))]


def _churn_prediction(opened: Lesson) -> list[Explorer]:
    data = opened.data
    customers, silent = data.test  # type: ignore[attr-defined]
    profit = data.profit_rate * customers["order_value"]  # type: ignore[attr-defined]
    return [
        churn_prediction.threshold(
            silent,
            days=customers["days_since_last"],
            risk=data.risk,  # type: ignore[attr-defined]
            order_profit=profit,
        ),
        churn_prediction.leak_or_not(data.export, silent),  # type: ignore[attr-defined]
    ]


MODULES: dict[str, tuple[ModuleType, str, Callable[[Lesson], list[Explorer]]]] = {
    "start_here": (start_here, "00", _start_here),
    "four_cs_to_four_ps": (four_cs_to_four_ps, "02", _four_cs_to_four_ps),
    "customer_value": (customer_value, "03", _customer_value),
    "segmentation": (segmentation, "04", _segmentation),
    "journeys": (journeys, "05", _journeys),
    "loyalty_drivers": (loyalty_drivers, "06", _loyalty_drivers),
    "complaints_and_recovery": (complaints_and_recovery, "07", _complaints_and_recovery),
    "lifetime_value": (lifetime_value, "08", _lifetime_value),
    "churn_drivers": (churn_drivers, "09", _churn_drivers),
    "churn_prediction": (churn_prediction, "10", _churn_prediction),
    "your_own_data": (your_own_data, "16", _your_own_data),
}


def _all() -> list[Explorer]:
    return [explorer for _, number, make in MODULES.values() for explorer in make(lesson(number, seed=5))]


@pytest.fixture(scope="module")
def there() -> dict[str, Explorer]:
    return {explorer.name: explorer for explorer in _all()}


NAMES = (
    "cockpit",
    "shop_game",
    "mix",
    "concentration",
    "luck",
    "classes",
    "clusters",
    "indicator_lab",
    "stage_flow",
    "sleep_thresholds",
    "follow_up_cadence",
    "curve",
    "driver_map",
    "bonds",
    "iceberg",
    "recovery_budget",
    "leaky_bucket",
    "retention",
    "cause_switchboard",
    "threshold",
    "leak_or_not",
    "decisions",
)


def test_no_explorer_is_forgotten(there: dict[str, Explorer]) -> None:
    assert tuple(there) == NAMES
    assert {name for name in explorers.__all__ if inspect.ismodule(getattr(explorers, name))} == set(MODULES)
    for module, _, _ in MODULES.values():
        makers = [
            name
            for name, function in inspect.getmembers(module, inspect.isfunction)
            if function.__module__ == module.__name__ and function.__annotations__.get("return") == "Explorer"
        ]
        assert set(makers) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_draws_at_the_ends_of_every_control(there: dict[str, Explorer], name: str) -> None:
    explorer = there[name]
    told = {alt_text(explorer.figure())}
    for control in explorer.controls:
        for value in control.ends():
            words = alt_text(explorer.figure(**{control.name: value}))
            assert len(words) > 60 and not re.search(r"\bnan\b", words)
            told.add(words)
    assert len(told) > len(explorer.controls)


@pytest.mark.parametrize("name", NAMES)
def test_equal_values_give_equal_pictures(there: dict[str, Explorer], name: str) -> None:
    explorer = there[name]
    assert image(explorer, explorer.defaults()) == image(explorer, explorer.defaults())


@pytest.mark.parametrize("name", NAMES)
def test_every_control_moves_the_picture(there: dict[str, Explorer], name: str) -> None:
    explorer = there[name]
    box = widget(explorer)
    *inputs, picture, sentence = box.children
    assert len(inputs) == len(explorer.controls)
    for control, moved in zip(explorer.controls, inputs, strict=True):
        before = (picture.value, sentence.value)
        moved.value = next(value for value in control.ends() if value != moved.value)
        assert picture.value != before[0] and sentence.value != before[1], control.name
        assert moved.description


def test_tables_that_lack_a_column_are_named() -> None:
    wrong: Any = pd.DataFrame({"customer_id": [1], "when": pd.to_datetime(["2025-01-01"])})
    with pytest.raises(TableError, match="ts"):
        customer_value.luck(wrong)
    with pytest.raises(TableError, match="spend_recent"):
        customer_value.classes(wrong)


def test_the_best_of_a_year_are_those_of_the_lesson(there: dict[str, Explorer]) -> None:
    """The explorer and the cell that checks the guess must count the same people."""
    table = lesson("03", seed=5).data.customers_table  # type: ignore[attr-defined]
    best = [set(table.nlargest(500, year).index) for year in ("spend_before", "spend_recent")]
    assert f"Still among the top 500: {len(best[0] & best[1]):,};" in alt_text(there["luck"].figure())


def test_both_lines_of_sleep_count_as_the_lesson_does(there: dict[str, Explorer]) -> None:
    table = lesson("05", seed=5).data.earlier  # type: ignore[attr-defined]
    words = alt_text(there["sleep_thresholds"].figure(days=180, times=5.0))
    for asleep in (table["sleep_fixed"] == "asleep", table["recency_days"].clip(lower=1) > 5 * table["usual_days"]):
        assert f"{asleep.sum():,} customers, of whom {table.loc[asleep, 'came'].mean():.1%}" in words


def test_who_flows_where_is_what_the_transitions_say(there: dict[str, Explorer]) -> None:
    data: Any = lesson("05", seed=5).data
    moves = journeys.grading.transitions(data.earlier["stage"], data.customers_table["stage"])
    of = moves.loc["first deal", "customers"]
    further = of.drop("first deal").sum() / of.sum()
    words = alt_text(there["stage_flow"].figure(months=6, sleep=False))
    assert f"Of {of.sum():,} first deals, {further:.0%} went on" in words
    assert "fell asleep" in alt_text(there["stage_flow"].figure(months=6, sleep=True))


def test_the_cockpit_shows_the_true_effect() -> None:
    from crmlab import recovery

    world = World("cosmetics", customers=300, months=24, seed=3)
    words = alt_text(start_here.cockpit(world).figure(price=0.9))
    effect = recovery.effect(world.simulate(), world.do(price=0.9, start=12).simulate(), start=12)
    orders = effect.loc["orders"]
    change = orders["with"] / orders["without"] - 1
    assert f"({change:+.1%})" in words.split("orders")[-1]
    assert np.isfinite(change)


def test_the_areas_of_the_iceberg_are_what_it_says(there: dict[str, Explorer]) -> None:
    """What is drawn above the water is to the whole as the complaints are to the problems."""
    outline = complaints_and_recovery._outline(4_000.0, 500.0)
    x, y = outline.T
    whole = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    assert whole == pytest.approx(4_000, rel=0.01)
    depth = np.linspace(0, y.max(), 2_000)
    half = len(outline) // 2
    width = np.interp(depth, y[:half][::-1], x[:half][::-1]) - np.interp(depth, y[half:], x[half:])
    assert np.sum((width[1:] + width[:-1]) / 2) * (depth[1] - depth[0]) == pytest.approx(500, rel=0.02)


def test_the_budget_of_a_desk_that_changes_nothing_changes_nothing(there: dict[str, Explorer]) -> None:
    assert "profit changes by +0 €" in alt_text(there["recovery_budget"].figure())


def test_the_switchboard_shows_what_two_worlds_tell() -> None:
    world = World("cosmetics", customers=300, months=16, seed=3)
    switchboard = churn_drivers.cause_switchboard(world)
    words = alt_text(switchboard.figure(logistics=True, far="as well as any firm can"))
    runs = [each.simulate() for each in (world, world.do(logistics=1, availability=1, start=12))]
    months = [run.truth.months for run in runs]
    there = set(months[0].query("month == 11")["customer_id"]) & set(months[0].query("month == 12")["customer_id"])
    lost = [m[(m["month"] >= 12) & m["customer_id"].isin(there)].eval("hazard * exposure").sum() for m in months]
    earned = [m.loc[m["month"] >= 12, "profit"].sum() for m in months]
    assert f", {lost[0] - lost[1]:.1f} of the {lost[0]:.1f} customers" in words
    assert f"profit changes by {earned[1] - earned[0]:+,.0f} €" in words
    off = alt_text(switchboard.figure(logistics=False))
    assert "0.0 of the" in off and "by +0 €" in off
