"""The loop of an exercise: three outcomes, named mistakes, hints, guesses, and help for cells that went wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab.exercises import Choice, Exercise, Lesson, LessonData, LessonError, Mistake, Number, Prediction, lesson
from crmlab.exercises.session import COURSE_SEED, available, seed_of

ADA = 1_798_710_657
SALES = pd.Series([90.0, 5.0, 3.0, 2.0])

TOP = Exercise(
    id="9.1",
    question="Which share of sales do the best two have?",
    kind=Number(0, 1, "share", within=0.005),
    solve=lambda data: float(data.sales.nlargest(2).sum() / data.sales.sum()),
    praise="{answer}: right.",
    mistakes=(
        Mistake(
            "the worst two", lambda data: float(data.sales.nsmallest(2).sum() / data.sales.sum()), "{answer} is theirs."
        ),
    ),
    hints=("Sort them.", "Take `nlargest(2)`."),
)
WORD = Exercise("9.2", "Which class?", Choice(("value", "potential")), lambda data: "value", "Yes.", hints=())
GUESS = Prediction("9.a", "How many stay?", Number(0, 100, "customers"))


class Data(LessonData):
    sales = SALES


@pytest.fixture
def course() -> Lesson:
    return Lesson("90", "Tiny", Data(seed=1), (TOP, WORD), (GUESS,))


def test_three_outcomes(course: Lesson) -> None:
    assert course.grade("9.1", ...).status == "not tried"
    assert course.grade("9.1", None).status == "not tried"
    assert course.grade("9.1").status == "not tried"
    assert course.grade("9.1", 0.95).status == "right"
    assert course.grade("9.1", 0.953).status == "right"
    assert "95.0%" in course.grade("9.1", 0.95).message
    assert course.grade("9.1", 0.6).status == "not yet"


def test_a_known_mistake_has_a_name(course: Lesson) -> None:
    outcome = course.grade("9.1", 0.05)
    assert (outcome.status, outcome.mistake, outcome.message) == ("not yet", "the worst two", "5.0% is theirs.")
    assert "the worst two" in repr(outcome) and "the worst two" in outcome._repr_html_()


def test_an_unknown_mistake_gets_a_direction_but_not_the_answer(course: Lesson) -> None:
    low, high = course.grade("9.1", 0.6).message, course.grade("9.1", 0.99).message
    assert "too little" in low and "too much" in high
    assert "95" not in low + high


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("0.95", "without quotes: `0.95`"),
        ("many", "the text 'many'"),
        (95, "25 % is written `0.25`"),
        (-1, "between 0 and 1; this is -1"),
        (float("nan"), "This is nan"),
        (float("inf"), "This is inf"),
        (True, "A single number"),
        (SALES, "a column of 4 values"),
        (SALES.to_frame(), "a table of 4 rows and 1 columns"),
        (pd.Series([0.95]), "Take the number out"),
        ([1, 2], "2 values in a list"),
        ({"a": 1}, "1 values in a dict"),
        (len, "forget the brackets"),
        (1 + 2j, "complex"),
    ],
)
def test_answers_of_the_wrong_form_are_told_which_form(course: Lesson, answer: Any, message: str) -> None:
    outcome = course.grade("9.1", answer)
    assert outcome.status == "not yet" and outcome.mistake == ""
    assert message in outcome.message


@pytest.mark.parametrize("answer", [np.float32(0.95), np.float64(0.95), SALES.nlargest(2).sum() / SALES.sum()])
def test_numbers_of_numpy_are_numbers(course: Lesson, answer: Any) -> None:
    assert course.grade("9.1", answer).status == "right"


def test_words(course: Lesson) -> None:
    assert course.grade("9.2", " Value ").status == "right"
    assert course.grade("9.2", "potential").status == "not yet"
    assert "Did you mean `potential`?" in course.grade("9.2", "potentials").message
    assert '`"value"`, `"potential"`' in course.grade("9.2", 3).message


@given(
    st.one_of(
        st.none(), st.text(), st.floats(), st.integers(), st.binary(), st.lists(st.integers()), st.complex_numbers()
    )
)
def test_no_answer_whatever_breaks_a_check(answer: Any) -> None:
    course = Lesson("90", "Tiny", Data(seed=1), (TOP, WORD), (GUESS,))
    for exercise in ("9.1", "9.2"):
        outcome = course.grade(exercise, answer)
        assert outcome.status in ("not tried", "not yet", "right")
        assert "<script" not in outcome._repr_html_()


def test_what_a_student_writes_is_not_markup(course: Lesson) -> None:
    outcome = course.grade("9.2", "<script>alert(1)</script>")
    assert "&lt;script&gt;" in outcome._repr_html_()


def test_fixtures_of_an_exercise_pass(course: Lesson) -> None:
    fixtures = list(TOP.fixtures(course.data))
    assert [each.label for each in fixtures] == ["right", "blank", "none", "the worst two"]
    for each in fixtures:
        outcome = course.grade("9.1", each.answer)
        assert (outcome.status, outcome.mistake) == (each.status, each.mistake)


def test_hints_go_on_and_end(
    course: Lesson, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("crmlab.exercises.session.show", lambda outcome: shown.append(outcome.message))
    for _ in range(3):
        course.hint("9.1")
    course.hint("9.2")
    assert shown[0] == "hint 1 of 2: Sort them."
    assert shown[1] == "hint 2 of 2: Take `nlargest(2)`. That was the last one."
    assert shown[2] == shown[1]
    assert shown[3].startswith("There is no hint")


def test_guesses(course: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(
        "crmlab.exercises.session.show", lambda outcome: shown.append(f"{outcome.status}: {outcome.message}")
    )
    course.predict("9.a", ...)
    course.compare("9.a", 40)
    course.predict("9.a", 400)
    course.predict("9.a", 60)
    course.compare("9.a", 40)
    course.compare("9.a", 60)
    assert shown[0].startswith("not tried")
    assert shown[1] == "note: It is 40 customers. You had not written down a guess."
    assert shown[2].startswith("not yet: The answer must lie between 0 and 100")
    assert shown[3] == "note: Written down: 60 customers. Now go and see."
    assert shown[4] == "note: You said 60 customers; it is 40 customers: 20 customers too much."
    assert shown[5] == "note: You said 60 customers, and it is 60 customers."


@pytest.mark.parametrize("typed", ["9,1", " 9.1 ", 9.1, "9. 1"])
def test_ids_typed_a_little_wrong_still_work(course: Lesson, typed: Any) -> None:
    assert course.grade(typed, 0.95).status == "right"


def test_ids_that_do_not_exist_list_those_that_do(course: Lesson) -> None:
    with pytest.raises(
        LessonError, match=r"no exercise '9.12'. Did you mean '9.[12]'\? It has: '9.1', '9.2'.*progress"
    ):
        course.check("9.12", 1)
    with pytest.raises(LessonError, match=r"no prediction 'z'. It has: '9.a'"):
        course.predict("z", 1)


def test_progress_says_what_is_open(course: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("crmlab.exercises.session.show", lambda outcome: shown.append(repr(outcome)))
    course.grade("9.2", "value")
    course.progress()
    assert "1 of 2 right" in shown[0]
    assert "9.1 – not tried: Which share" in shown[0] and "9.2 – right" in shown[0]


def test_what_was_right_once_stays_done(course: Lesson, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("crmlab.exercises.session.show", lambda outcome: shown.append(repr(outcome)))
    course.grade("9.2", "value")
    course.grade("9.2", ...)
    course.progress()
    assert "9.2 – right" in shown[0]


def test_checking_outside_a_notebook_prints(course: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    course.check("9.1", 0.95)
    assert capsys.readouterr().out == "● 9.1 · right: 95.0%: right.\n"


def test_a_student_has_a_shop_of_their_own_for_ever() -> None:
    # The numbers are part of the promise: a student's shop must not change with a new version.
    assert seed_of("ada@uni.edu") == seed_of("  ADA@uni.edu ") == ADA
    assert seed_of("bob@uni.edu") != ADA
    assert seed_of("ada@uni.edu") != COURSE_SEED
    for wrong in ("", "  ", 7):
        with pytest.raises(ValueError, match=r"student must be a text"):
            seed_of(wrong)  # type: ignore[arg-type]


def test_opening_lessons() -> None:
    with pytest.raises(LessonError, match=r"There is no lesson '77'. There are: "):
        lesson("77")
    for number in available():
        with pytest.raises(ValueError, match="exclude one another"):
            lesson(number, student="ada", seed=3)
        for wrong in (-1, 1.5, True, "7"):
            with pytest.raises(ValueError, match="whole number from 0"):
                lesson(number, seed=wrong)  # type: ignore[arg-type]
        assert lesson(int(number)).data.seed == COURSE_SEED
        assert lesson(number, student="ada@uni.edu").data.seed == ADA
        assert "ada@uni.edu's own shop" in repr(lesson(number, student="ada@uni.edu"))
