"""The register: complete, legal, and its page in step with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crmlab.course.register import Entry, RegisterError, as_markdown, as_table, check, read_register
from crmlab.course.trials import as_json, kept_numbers, trials
from crmlab.recovery import FACTORS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return read_register()


def test_it_is_complete(entries: list[Entry]) -> None:
    ids = [entry.id for entry in entries]
    assert ids == [f"C{n:03d}" for n in range(1, 342)] + [f"Q{n:03d}" for n in range(1, 201)]
    assert list(as_table().index) == ids


def test_what_lessons_00_and_03_owe_is_treated(entries: list[Entry]) -> None:
    owed = {f"C{n:03d}" for n in [*range(1, 31), *range(64, 72), 32, 33, 75, 76, 82, 242, 243, 339, 340, 341]}
    owed |= {"Q021", "Q022", "Q059", "Q043"}
    assert {entry.id for entry in entries if entry.id in owed and entry.status == "planned"} == set()


def changed(entries: list[Entry], which: str, values: dict[str, str]) -> list[Entry]:
    return [replace(entry, **values) if entry.id == which else entry for entry in entries]


@pytest.mark.parametrize(
    ("id", "values", "message"),
    [
        ("C064", {"status": "confirmed"}, "C064: the status 'confirmed' is not one of taught"),
        ("Q021", {"status": "taught"}, "Q021: the status 'taught' is not one of confirmed"),
        ("C064", {"zh_hans": ""}, "the name is missing"),
        ("C064", {"lessons": "3"}, "lessons are two-digit numbers"),
        ("C064", {"summary": "No full stop"}, "ends with a full stop"),
        ("C064", {"seen_in": ""}, "where is it met"),
        ("Q021", {"verdict": ""}, "has a verdict"),
        ("C064", {"id": "C065"}, "occur twice: C065"),
        ("Q200", {"id": "Q201"}, "missing: Q200"),
    ],
)
def test_every_gap_is_named(entries: list[Entry], id: str, values: dict[str, str], message: str) -> None:
    with pytest.raises(RegisterError, match=message):
        check(changed(entries, id, values))


def test_order_matters(entries: list[Entry]) -> None:
    with pytest.raises(RegisterError, match="not in order"):
        check([entries[1], entries[0], *entries[2:]])


def test_a_verdict_without_its_number(entries: list[Entry]) -> None:
    with pytest.raises(RegisterError, match="Q021: its verdict asks for a number that no trial computes"):
        as_markdown(changed(entries, "Q021", {"verdict": "It is {nonsense:.0%}."}), kept_numbers())


@pytest.mark.slow  # half a minute: all trials of all lessons
@pytest.mark.locked
def test_the_kept_numbers_are_those_of_the_trials() -> None:
    assert as_json(kept_numbers()) == as_json(trials()), "mend it with: crmlab course register"


@pytest.mark.locked
def test_the_page_is_in_step(entries: list[Entry]) -> None:
    page = (ROOT / "docs" / "register.md").read_text(encoding="utf-8")
    assert page == as_markdown(entries, kept_numbers()), "mend it with: crmlab course register"


def test_what_the_verdicts_say_in_words_is_so() -> None:
    numbers = kept_numbers()
    assert numbers["profit_share_low"] > numbers["sales_share"]
    assert numbers["care_blind"] < 0 < numbers["care_manager"] < numbers["care_rule"] < numbers["care_best"]
    assert numbers["service_first_year"] < numbers["service_first_year_error"]
    assert numbers["service_five_years"] > 0


def test_what_the_verdicts_of_churn_prediction_say_in_words_is_so() -> None:
    numbers = kept_numbers()
    assert numbers["churn_lowest_error"] < numbers["churn_best_error"]
    assert numbers["churn_profit_at_lowest_error"] < numbers["churn_best_profit"]
    assert 0.7 < numbers["churn_auc_month"] < numbers["churn_auc_year"] < numbers["churn_auc_month"] + 0.05
    assert numbers["churn_earned_silence"] < numbers["churn_earned_risk"] < numbers["churn_earned_stake"]
    assert numbers["churn_earned_stake"] < numbers["churn_earned_best"]


def test_what_the_verdicts_of_churn_drivers_say_in_words_is_so() -> None:
    numbers = kept_numbers()
    assert numbers["cause_care"] < 0.4 < 2 / 3
    assert numbers["cause_firm"] < 0.4 and numbers["exit_no_answer"] > 0.7
    causes = {name: numbers[f"cause_{name}"] for name in FACTORS}
    assert max(causes, key=causes.__getitem__) == "quality"
    assert causes["site"] < causes["after_sales"]
    assert sum(causes.values()) == pytest.approx(numbers["cause_firm"], abs=1e-4)
    assert max(numbers["remedy_quality"], numbers["remedy_logistics"]) < 1 < numbers["remedy_product_line"]
    assert numbers["remedy_site"] > 1 and numbers["remedy_after_sales"] > 10
    assert numbers["virtue_returns"] < -2 * numbers["virtue_returns_error"]
    assert numbers["virtue_joins"] < 3 * numbers["virtue_joins_error"]
    assert numbers["moved_greetings_lost"] > 3 * numbers["moved_greetings_lost_error"]
    assert -numbers["moved_wide_lost"] < numbers["moved_wide_orders"]
