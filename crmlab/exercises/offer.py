"""Exercises that ask for an offer or a plan: a level for each attribute, paid in shops that its author has not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmlab.exercises.exercise import Fixture, Mistake, not_tried
from crmlab.exercises.outcome import Outcome
from crmlab.phrases import say
from crmlab.tables import nearest

Levels = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """An exercise whose answer is an offer, as a dictionary or a row of a table.

    Attributes
    ----------
    id, question : str
        As of any exercise.
    mixes : callable
        Data of the lesson → every offer that may be made, one row each.
    payoff : callable
        Data of the lesson → profit of each of them in €, as a mean over shops that the student has not seen.
    usual : callable
        Data of the lesson → the offer to beat.
    solve : callable
        Data of the lesson → a good offer.
    enough : float
        Share of the best possible profit that a right answer earns.
    praise : str
        What to say when it is right, after the account.
    noun : str
        What such an answer is called in this exercise.
    mistakes : tuple of Mistake
        Known ways to go wrong; each gives an offer.
    hints : tuple of str
        From a nudge to nearly everything.
    """

    id: str
    question: str
    mixes: Callable[[Any], pd.DataFrame]
    payoff: Callable[[Any], np.ndarray]
    usual: Callable[[Any], Mapping[str, Any]]
    solve: Callable[[Any], Mapping[str, Any]]
    enough: float
    praise: str
    noun: str = "offer"
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[str, ...] = ()

    def judge(self, data: Any, answer: Any) -> Outcome:
        """Return the outcome of the offer `answer`."""
        if blank := not_tried(self.id, answer):
            return blank
        mixes = self.mixes(data)
        place, problem = _find(answer, mixes)
        if place is None:
            return not_tried(self.id, problem) or Outcome(self.id, "not yet", problem)
        earned = self.payoff(data)
        usual, _ = _find(self.usual(data), mixes)
        account = say(
            "With people whom you have not seen, your {noun} earns {own:,.0f} €, the manager's {usual:,.0f} €, and the "
            "best of all {count:,} would earn {most:,.0f} €.",
            noun=say(self.noun),
            own=earned[place],
            usual=earned[usual] if usual is not None else float("nan"),
            count=len(mixes),
            most=earned.max(),
        )
        if earned[place] >= self.enough * earned.max():
            return Outcome(self.id, "right", f"{account} {say(self.praise)}")
        for mistake in self.mistakes:
            if _find(mistake.answer(data), mixes)[0] == place:
                return Outcome(self.id, "not yet", f"{account} {say(mistake.explanation)}", mistake.name)
        return Outcome(self.id, "not yet", account + " " + say('Stuck? `lesson.hint("{id}")`', id=self.id))

    def fixtures(self, data: Any) -> Iterator[Fixture]:
        """Yield the right answer, blanks and every named mistake."""
        yield Fixture("right", self.solve(data), "right")
        yield Fixture("blank", ..., "not tried")
        yield Fixture("blank inside", {**self.solve(data), next(iter(self.mixes(data))): ...}, "not tried")
        for mistake in self.mistakes:
            yield Fixture(mistake.name, mistake.answer(data), "not yet", mistake.name)


def _find(answer: Any, mixes: pd.DataFrame) -> tuple[int | None, Any]:
    """Return the row of an offer among the mixes, or None and what is wrong (``...`` when part is blank)."""
    if isinstance(answer, pd.DataFrame) and len(answer) == 1:
        answer = answer.iloc[0]
    if isinstance(answer, pd.Series):
        answer = answer.to_dict()
    if not isinstance(answer, Mapping):
        listed = ", ".join(map(str, mixes.columns))
        return None, say("A level for each of {names} is wanted: a dictionary, or a row of a table.", names=listed)
    fits = np.ones(len(mixes), bool)
    for name in mixes.columns:
        if name not in answer:
            return None, say("Your answer does not say which {name}.", name=name)
        level = answer[name]
        if level is Ellipsis:
            return None, Ellipsis
        same = (mixes[name] == level).to_numpy()
        if not same.any():
            known = list(dict.fromkeys(mixes[name]))
            near = nearest(str(level), known)
            guess = say(" Did you mean `{near}`?", near=near) if near else ""
            text = say("{name} has no level {level!r}.", name=name, level=level)
            return None, text + guess + say(" There are: {known}.", known=", ".join(map(str, known)))
        fits &= same
    return int(np.flatnonzero(fits)[0]), ""
