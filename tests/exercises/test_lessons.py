"""The exercises of every lesson on ten shops: right answers right, blanks blank, mistakes called by their name."""

from __future__ import annotations

import pytest

from crmlab.exercises import Lesson, lesson
from crmlab.exercises.session import available

SEEDS = (7, 2, 1_814_422_219)
"""The course's own, a small one, and one as students get them."""

MORE_SEEDS = (0, 1, 3, 11, 42, 2_024, 123_456)
"""Seven more for the long checks: each opens a shop of its own for every lesson."""


@pytest.fixture(scope="module", params=[*SEEDS, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MORE_SEEDS)])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module", params=available())
def opened(request: pytest.FixtureRequest, seed: int) -> Lesson:
    return lesson(request.param, seed=seed)


def test_right_answers_blanks_and_mistakes_get_the_outcome_they_deserve(opened: Lesson) -> None:
    for exercise in opened.exercises:
        for fixture in exercise.fixtures(opened.data):
            outcome = opened.grade(exercise.id, fixture.answer)
            assert (outcome.status, outcome.mistake) == (fixture.status, fixture.mistake), (fixture.label, outcome)
            assert outcome.message and "{" not in outcome.message


@pytest.mark.parametrize("number", available())
def test_every_exercise_has_words_hints_and_an_id_of_its_lesson(number: str) -> None:
    there = lesson(number)
    ids = [entry.id for entry in (*there.exercises, *there.predictions)]
    assert len(set(ids)) == len(ids)
    assert all(each.startswith(f"{int(number)}.") for each in ids)
    assert 2 <= len(there.exercises) <= 5
    for exercise in there.exercises:
        assert exercise.question.endswith((".", "?"))
        assert len(exercise.hints) >= 2


def test_at_least_one_exercise_of_a_lesson_asks_for_a_decision() -> None:
    from crmlab.exercises.decision import Selection, Setting
    from crmlab.exercises.offer import Offer

    for number in available():
        assert any(isinstance(exercise, Selection | Setting | Offer) for exercise in lesson(number).exercises)


@pytest.mark.parametrize("number", available())
def test_every_mistake_can_be_told_apart_in_the_courses_own_shop(number: str) -> None:
    opened = lesson(number, seed=SEEDS[0])
    for exercise in opened.exercises:
        labels = {fixture.mistake for fixture in exercise.fixtures(opened.data)}
        assert {mistake.name for mistake in exercise.mistakes} <= labels, exercise.id
