"""Kinds of answer: what an exercise accepts, what to say about anything else, and when two answers are the same."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from crmlab.phrases import say
from crmlab.tables import nearest


class Kind(Protocol):
    """A kind of answer."""

    def problem(self, answer: Any) -> str:
        """Say what is wrong with the form of `answer`; empty when nothing is."""
        ...

    def same(self, answer: Any, other: Any) -> bool:
        """Tell whether two answers of good form are the same answer."""
        ...

    def show(self, answer: Any) -> str:
        """Return `answer` as one would write it in a sentence."""
        ...

    def towards(self, answer: Any, right: Any) -> str:
        """Say, without giving it away, where the right answer lies."""
        ...


def _described(answer: Any) -> str:
    """Name what `answer` is, for somebody who did not expect it to be that."""
    if isinstance(answer, pd.DataFrame):
        return say("a table of {rows:,} rows and {columns} columns", rows=len(answer), columns=answer.shape[1])
    if isinstance(answer, pd.Series):
        return say("a column of {rows:,} values", rows=len(answer))
    if isinstance(answer, str):
        return say("the text {answer!r}", answer=answer)
    if isinstance(answer, list | tuple | set | dict | np.ndarray | pd.Index):
        return say("{count:,} values in a {kind}", count=len(answer), kind=type(answer).__name__)
    if callable(answer):
        return say("a function: did you forget the brackets that call it?")
    return say("{answer!r}, of type {kind}", answer=answer, kind=type(answer).__name__)


@dataclass(frozen=True, slots=True)
class Number:
    """A number, in a unit, within limits.

    Parameters
    ----------
    low, high : float
        Smallest and largest answer that makes sense.
    unit : str
        Unit written behind the number: ``"€"``, ``"customers"``; ``"share"`` shows as a percentage.
    whole : bool
        Whether only a whole number makes sense, as of people.
    within : float
        How far two numbers may be apart and still be the same; 0.5 for counts.
    """

    low: float
    high: float
    unit: str = ""
    within: float = 0.5
    whole: bool = False

    def problem(self, answer: Any) -> str:
        """Say what is wrong with the form of `answer`; empty when nothing is."""
        if isinstance(answer, str) and (number := _number_in(answer)) is not None:
            return say(
                "This is the text {answer!r}. Write the number without quotes: `{number}`.",
                answer=answer,
                number=number,
            )
        if isinstance(answer, bool | np.bool_) or not isinstance(answer, numbers.Real):
            if isinstance(answer, pd.Series | np.ndarray | list | tuple) and len(answer) == 1:
                return say(
                    "This is a {kind} with one number in it. Take the number out first.", kind=type(answer).__name__
                )
            return say("A single number is wanted here; this is {it}.", it=_described(answer))
        value = float(answer)
        if not np.isfinite(value):
            return say("This is {value}: somewhere a division by zero or a missing value got in.", value=value)
        if self.whole and value != round(value):
            return say("A whole number is wanted here; this is {value:g}.", value=value)
        if self.unit == "share" and 1 < value <= 100:
            return say("A share from 0 to 1 is wanted: 25 % is written `0.25`. This is {value:g}.", value=value)
        if not self.low <= value <= self.high:
            return say(
                "The answer must lie between {low:,g} and {high:,g}; this is {value:,g}.",
                low=self.low,
                high=self.high,
                value=value,
            )
        return ""

    def same(self, answer: Any, other: Any) -> bool:
        """Tell whether two numbers are within the tolerance of one another."""
        return abs(float(answer) - float(other)) <= self.within

    def show(self, answer: Any) -> str:
        """Return the number with its unit."""
        if self.unit == "share":
            return f"{float(answer):.1%}"
        digits = 0 if float(answer) == int(answer) or abs(float(answer)) >= 1000 else 2
        return f"{float(answer):,.{digits}f}" + (f" {say(self.unit)}" if self.unit else "")

    def apart(self, answer: Any, other: Any) -> str:
        """Return how far two numbers are apart; two percentages, in percentage points."""
        gap = abs(float(answer) - float(other))
        if self.unit in ("share", "%"):
            points = 100 * gap if self.unit == "share" else gap
            return say("{points:,.1f} percentage points", points=points)
        return self.show(gap)

    def towards(self, answer: Any, right: Any) -> str:
        """Say whether the answer is too small or too large."""
        if float(answer) < float(right):
            return say("{answer} is too little.", answer=self.show(answer))
        return say("{answer} is too much.", answer=self.show(answer))


def _number_in(text: str) -> float | None:
    """Return the number that `text` spells, if it does."""
    try:
        return float(text.strip().rstrip("%€ ").replace(",", ""))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One word out of a few.

    Parameters
    ----------
    options : tuple of str
        What may be answered; compared without regard to case and spaces at the ends.
    """

    options: tuple[str, ...]

    def problem(self, answer: Any) -> str:
        """Say what is wrong with the form of `answer`; empty when nothing is."""
        listed = ", ".join(f'`"{option}"`' for option in self.options)
        if not isinstance(answer, str):
            return say(
                "One of these words is wanted, in quotes: {listed}. This is {it}.", listed=listed, it=_described(answer)
            )
        if answer.strip().casefold() not in {option.casefold() for option in self.options}:
            near = nearest(answer, self.options)
            question = say(" Did you mean `{near}`?", near=near) if near else ""
            return (
                say("One of these words is wanted: {listed}. This is {answer!r}.", listed=listed, answer=answer)
                + question
            )
        return ""

    def same(self, answer: Any, other: Any) -> bool:
        """Tell whether both name the same option."""
        return bool(answer.strip().casefold() == other.strip().casefold())

    def show(self, answer: Any) -> str:
        """Return the word."""
        return str(answer)

    def towards(self, answer: Any, right: Any) -> str:
        """Say that it is not this one."""
        return say("It is not {answer!r}.", answer=answer)
