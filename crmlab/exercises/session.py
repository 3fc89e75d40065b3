"""What a notebook talks to: ``lesson = crm.lesson("03")`` and its ``check``, ``hint``, ``predict`` and ``compare``."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import sys
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crmlab.exercises.exercise import MISSING, Checkable, Prediction
from crmlab.exercises.outcome import Outcome
from crmlab.phrases import say
from crmlab.tables import nearest

COURSE_SEED = 7
"""Seed of the shop that the course's own text tells of."""


class LessonError(ValueError):
    """A lesson, exercise or prediction that does not exist; the message lists those that do."""


def seed_of(student: str) -> int:
    """Return the seed of a student's own world.

    It is the same on every machine and in every lesson, and needs no network.

    Parameters
    ----------
    student : str
        Anything that names the student; capitals and spaces at the ends do not matter.

    Raises
    ------
    ValueError
        If `student` is not a text or is empty.

    Examples
    --------
    >>> seed_of("ada@uni.edu") == seed_of(" Ada@Uni.edu")
    True
    """
    if not isinstance(student, str) or not student.strip():
        raise ValueError(f"student must be a text that names you, such as 'ada@uni.edu'; it is {student!r}.")
    digest = hashlib.sha256(b"crmlab student: " + student.strip().casefold().encode()).digest()
    # 31 bits, kept away from the small seeds that courses and tests use.
    return 10_000 + int.from_bytes(digest[:8], "big") % (2**31 - 10_000)


@dataclass
class LessonData:
    """The shop that a lesson works on; lessons extend it with what their exercises need.

    Attributes
    ----------
    seed : int
        Seed of the world.
    scenario : str
        Scenario of the world.
    customers : int
        Number of customers.
    months : int
        Months simulated.
    """

    seed: int
    scenario: str = "cosmetics"
    customers: int = 5_000
    months: int = 24

    @cached_property
    def world(self) -> Any:
        """The world, before anything is done to it."""
        from crmlab.world import World

        return World(self.scenario, customers=self.customers, months=self.months, seed=self.seed)

    @cached_property
    def run(self) -> Any:
        """The simulated tables of that world, with the truth beside them."""
        return self.world.simulate()


@dataclass
class Lesson:
    """One lesson with its shop, exercises and predictions.

    Made by `lesson`; see there.
    """

    number: str
    title: str
    data: LessonData
    exercises: tuple[Checkable, ...]
    predictions: tuple[Prediction, ...]
    student: str | None = None
    _status: dict[str, str] = field(default_factory=dict)
    _hints_given: dict[str, int] = field(default_factory=dict)
    _guesses: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> Any:
        """The lesson's world."""
        return self.data.world

    @property
    def run(self) -> Any:
        """The lesson's simulated tables: ``run.transactions``, ``run.customers``, … and ``run.truth``."""
        return self.data.run

    def grade(self, exercise: str, answer: Any = MISSING) -> Outcome:
        """Return the outcome of an answer without showing it.

        Parameters
        ----------
        exercise : str
            Id, such as ``"3.1"``.
        answer : object
            The answer; ``...`` or None when there is none yet.

        Raises
        ------
        LessonError
            If the lesson has no such exercise.
        """
        outcome = self._exercise(exercise).judge(self.data, answer)
        # What was right once stays done, whatever is tried afterwards.
        if self._status.get(outcome.subject) != "right":
            self._status[outcome.subject] = outcome.status
        return outcome

    def check(self, exercise: str, answer: Any = MISSING) -> None:
        """Check an answer and show the outcome: not tried, not yet, or right.

        Parameters
        ----------
        exercise : str
            Id, such as ``"3.1"``.
        answer : object
            Your answer.
        """
        show(self.grade(exercise, answer))

    def hint(self, exercise: str) -> None:
        """Show one more hint for an exercise at each call.

        Parameters
        ----------
        exercise : str
            Id, such as ``"3.1"``.
        """
        found = self._exercise(exercise)
        given = self._hints_given.get(found.id, 0)
        self._hints_given[found.id] = given + 1
        if not found.hints:
            show(Outcome(found.id, "note", say("There is no hint for this one: the paragraph above has all it takes.")))
            return
        place = min(given, len(found.hints) - 1)
        last = say(" That was the last one.") if given >= len(found.hints) - 1 else ""
        heading = say("hint {number} of {count}: ", number=place + 1, count=len(found.hints))
        show(Outcome(found.id, "note", heading + say(found.hints[place]) + last))

    def predict(self, prediction: str, guess: Any = MISSING) -> None:
        """Write down a guess, to be compared later.

        Parameters
        ----------
        prediction : str
            Id, such as ``"3.a"``.
        guess : float
            Your guess.
        """
        found = self._prediction(prediction)
        outcome = found.record(guess)
        if outcome.status == "note":
            self._guesses[found.id] = guess
        show(outcome)

    def compare(self, prediction: str, actual: float) -> None:
        """Show the guess beside what came out.

        Parameters
        ----------
        prediction : str
            Id, such as ``"3.a"``.
        actual : float
            What came out.
        """
        found = self._prediction(prediction)
        show(found.compare(self._guesses.get(found.id), actual))

    def progress(self) -> None:
        """Show which exercises are right, which are not yet and which are still to be tried."""
        lines = [
            f"{exercise.id} – {say(self._status.get(exercise.id, 'not tried'))}: {say(exercise.question)}"
            for exercise in self.exercises
        ]
        done = sum(self._status.get(exercise.id) == "right" for exercise in self.exercises)
        heading = say("{done} of {count} right", done=done, count=len(self.exercises))
        again = say("An exercise whose cell is lost can be checked from any cell: `lesson.check(id, answer)`.")
        show(Outcome(heading, "note", "\n".join([*lines, again])))

    def __repr__(self) -> str:
        whose = say("{student}'s own shop", student=self.student) if self.student else say("the course's shop")
        return say(
            "Lesson {number}, {title}: {whose}, {customers:,} customers, {months} months (seed {seed})",
            number=self.number,
            title=say(self.title),
            whose=whose,
            customers=self.data.customers,
            months=self.data.months,
            seed=self.data.seed,
        )

    def _exercise(self, wanted: Any) -> Checkable:
        return _find(wanted, self.exercises, what=say("exercise"), lesson=self.number)

    def _prediction(self, wanted: Any) -> Prediction:
        return _find(wanted, self.predictions, what=say("prediction"), lesson=self.number)


def _find(wanted: Any, among: tuple[Any, ...], *, what: str, lesson: str) -> Any:
    """Return the entry with the id `wanted`, forgiving 3.1 for "3.1", commas and spaces."""
    plain = str(wanted).strip().replace(",", ".").replace(" ", "").casefold()
    for entry in among:
        if entry.id.casefold() == plain:
            return entry
    ids = [entry.id for entry in among]
    near = nearest(plain, ids)
    guess = say(" Did you mean {near!r}?", near=near) if near else ""
    listed = ", ".join(repr(each) for each in ids) or say("none")
    raise LessonError(
        say("Lesson {lesson} has no {what} {wanted!r}.", lesson=lesson, what=what, wanted=wanted)
        + guess
        + say(" It has: {listed}. `lesson.progress()` shows the exercises.", listed=listed)
    )


def available() -> list[str]:
    """Return the numbers of the lessons that exist, in order."""
    import crmlab.exercises as package

    prefix = "lesson_"
    return sorted(
        m.name.removeprefix(prefix) for m in pkgutil.iter_modules(package.__path__) if m.name.startswith(prefix)
    )


def lesson(number: str | int, *, student: str | None = None, seed: int | None = None) -> Lesson:
    """Prepare a lesson: its shop, its exercises, and figures that carry a description.

    Parameters
    ----------
    number : str or int
        Number of the lesson: ``"03"``, ``"3"`` or 3.
    student : str, optional
        Anything that names you: gives you a shop of your own, the same one in all lessons and on all machines.
    seed : int, optional
        Seed of the shop, for those who want to choose it; not together with `student`.

    Returns
    -------
    Lesson

    Raises
    ------
    LessonError
        If there is no such lesson.
    ValueError
        If both `student` and `seed` are given, or `seed` is not a whole number from 0.
    """
    wanted = str(number).strip().zfill(2)
    if wanted not in available():
        raise LessonError(f"There is no lesson {number!r}. There are: {', '.join(available())}.")
    if student is not None and seed is not None:
        raise ValueError("student and seed exclude one another: each of them decides which shop you get.")
    if seed is None:
        seed = COURSE_SEED if student is None else seed_of(student)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be a whole number from 0; it is {seed!r}.")
    module = importlib.import_module(f"crmlab.exercises.lesson_{wanted}")
    if _in_notebook():
        from crmlab.plots import register_alt_text_display

        register_alt_text_display()
    return Lesson(wanted, module.TITLE, module.Data(seed), module.EXERCISES, module.PREDICTIONS, student)


def show(outcome: Outcome) -> None:
    """Show an outcome in a notebook, or print it anywhere else."""
    if _in_notebook():
        from IPython.display import display

        display(outcome)
    else:
        print(outcome)


def _in_notebook() -> bool:
    """Tell whether Jupyter or IPython runs this; without importing IPython where nobody has."""
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    return get_ipython() is not None
