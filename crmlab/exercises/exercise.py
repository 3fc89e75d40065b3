"""An exercise: a question whose right answer is computed from the data at hand, and the known ways to get it wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from crmlab.exercises.answers import Kind, Number
from crmlab.exercises.outcome import Outcome, Status
from crmlab.phrases import say


class Missing:
    """Stands for an answer that was not passed at all."""

    def __repr__(self) -> str:
        return "no answer"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Fixture:
    """An answer and what the check must say to it; the tests run all of them on several seeds.

    Attributes
    ----------
    label : str
        ``"right"``, ``"blank"`` or the name of the mistake.
    answer : object
        The answer.
    status : str
        Expected outcome.
    mistake : str
        Expected name of the mistake.
    """

    label: str
    answer: Any
    status: Status
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A known way to go wrong.

    Attributes
    ----------
    name : str
        What the mistake is called, in a few words.
    answer : callable
        Data of the lesson → the answer that somebody gives who makes it.
    explanation : str
        What to say; ``{answer}`` is the answer given.
    """

    name: str
    answer: Callable[[Any], Any]
    explanation: str


class Checkable(Protocol):
    """What a lesson needs to know of an exercise."""

    id: str
    question: str
    hints: tuple[str, ...]

    def judge(self, data: Any, answer: Any) -> Outcome:
        """Return the outcome of `answer` on the lesson's `data`."""
        ...

    def fixtures(self, data: Any) -> Iterator[Fixture]:
        """Yield the right answer, a blank and every named mistake, for `data`."""
        ...


def not_tried(exercise: str, answer: Any) -> Outcome | None:
    """Return the outcome of a blank, or None when there is an answer.

    Parameters
    ----------
    exercise : str
        Id of the exercise.
    answer : object
        ``...`` and None are blanks.
    """
    if isinstance(answer, Missing):
        text = say('The check needs your answer as well: `lesson.check("{id}", answer)`.', id=exercise)
    elif answer is None:
        text = say("The answer is `None`. A function that prints but does not `return`, or a blank, gives that.")
    elif answer is Ellipsis:
        text = say('Put your answer where `...` stands and run the cell. Stuck? `lesson.hint("{id}")`', id=exercise)
    else:
        return None
    return Outcome(exercise, "not tried", text)


@dataclass(frozen=True, slots=True)
class Exercise:
    """A question with one right answer.

    Attributes
    ----------
    id : str
        Lesson and number: ``"3.1"``.
    question : str
        The question in one line, for the list of what is still open.
    kind : Kind
        What kind of answer is wanted.
    solve : callable
        Data of the lesson → right answer.
    praise : str
        What to say when it is right; ``{answer}`` is the answer.
    mistakes : tuple of Mistake
        Known ways to go wrong; the first that fits is named.
    hints : tuple of str
        From a nudge to nearly everything.
    """

    id: str
    question: str
    kind: Kind
    solve: Callable[[Any], Any]
    praise: str
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[str, ...] = field(default=())

    def judge(self, data: Any, answer: Any) -> Outcome:
        """Return the outcome of `answer` on the lesson's `data`."""
        if blank := not_tried(self.id, answer):
            return blank
        if problem := self.kind.problem(answer):
            return Outcome(self.id, "not yet", problem)
        right = self.solve(data)
        if self.kind.same(answer, right):
            return Outcome(self.id, "right", say(self.praise, answer=self.kind.show(answer)))
        for mistake in self.mistakes:
            if self.kind.same(answer, mistake.answer(data)):
                explanation = say(mistake.explanation, answer=self.kind.show(answer))
                return Outcome(self.id, "not yet", explanation, mistake.name)
        nudge = say('Stuck? `lesson.hint("{id}")`', id=self.id)
        return Outcome(self.id, "not yet", f"{self.kind.towards(answer, right)} {nudge}")

    def fixtures(self, data: Any) -> Iterator[Fixture]:
        """Yield the right answer, blanks and every named mistake that can be told apart in this shop.

        In one shop or another two ways to go wrong give the same number by chance, or a wrong way the right one.
        """
        right = self.solve(data)
        yield Fixture("right", right, "right")
        yield Fixture("blank", ..., "not tried")
        yield Fixture("none", None, "not tried")
        seen = [right]
        for mistake in self.mistakes:
            answer = mistake.answer(data)
            if not any(self.kind.same(answer, other) for other in seen if not self.kind.problem(answer)):
                yield Fixture(mistake.name, answer, "not yet", mistake.name)
            seen.append(answer)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A guess to be made before an explorer is moved, and compared afterwards.

    Attributes
    ----------
    id : str
        Lesson and letter: ``"3.a"``.
    question : str
        What is guessed, in one line.
    kind : Number
        Limits and unit of the guess.
    """

    id: str
    question: str
    kind: Number

    def record(self, guess: Any) -> Outcome:
        """Return what to say to a guess; its status is ``"note"`` when the guess counts."""
        if guess is None or guess is Ellipsis or isinstance(guess, Missing):
            return Outcome(
                self.id,
                "not tried",
                say("Put your guess where `...` stands. A guess that can be wrong is worth ten that cannot."),
            )
        if problem := self.kind.problem(guess):
            return Outcome(self.id, "not yet", problem)
        return Outcome(self.id, "note", say("Written down: {guess}. Now go and see.", guess=self.kind.show(guess)))

    def compare(self, guess: Any, actual: float) -> Outcome:
        """Return guess and result side by side."""
        is_ = self.kind.show(actual)
        if guess is None:
            return Outcome(self.id, "note", say("It is {actual}. You had not written down a guess.", actual=is_))
        if self.kind.same(guess, actual):
            return Outcome(
                self.id, "note", say("You said {guess}, and it is {actual}.", guess=self.kind.show(guess), actual=is_)
            )
        side = say("too little") if guess < actual else say("too much")
        gap = self.kind.apart(actual, guess)
        text = say(
            "You said {guess}; it is {actual}: {gap} {side}.",
            guess=self.kind.show(guess),
            actual=is_,
            gap=gap,
            side=side,
        )
        return Outcome(self.id, "note", text)
