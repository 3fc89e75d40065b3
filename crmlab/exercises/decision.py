"""Exercises that ask for a decision: a rule that is tried on a shop that its author has not seen, and paid in money."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmlab.exercises.answers import Number
from crmlab.exercises.exercise import Fixture, Mistake, not_tried
from crmlab.exercises.outcome import Outcome
from crmlab.phrases import say
from crmlab.tables import nearest

Rule = Callable[[pd.DataFrame], Any]

_SAME_PICKS = 0.95
"""Share of customers that two lists must have in common to count as one and the same idea."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop on which a rule is tried.

    Attributes
    ----------
    customers : DataFrame
        What the firm knows, one row per customer, indexed by ``customer_id``.
    gain : Series
        What choosing a customer is truly expected to bring, before its cost, in €; same index.
    """

    customers: pd.DataFrame
    gain: pd.Series


@dataclass(frozen=True, slots=True)
class Earnings:
    """What a choice earns, beside what it could have.

    Attributes
    ----------
    chosen, usual, best : float
        Earnings of the choice, of the usual rule and of the best possible choice, in €.
    count, best_count : float
        How many were chosen, and how many the best choice has.
    """

    chosen: float
    usual: float
    best: float
    count: float
    best_count: float

    @property
    def recovered(self) -> float:
        """Share of what the usual rule leaves lying that the choice picks up."""
        return (self.chosen - self.usual) / (self.best - self.usual)


@dataclass(frozen=True, slots=True)
class Selection:
    """An exercise whose answer is a function: customers table → customers to choose.

    Attributes
    ----------
    id, question : str
        As of any exercise.
    most : int
        How many may be chosen at most.
    cost : float
        Cost of choosing one customer, in €.
    shops : callable
        Data of the lesson → shops that the student has not seen; several, so that luck does not decide.
    usual : callable
        The rule to beat.
    solve : callable
        Data of the lesson → a good rule.
    enough : float
        Share of what the usual rule leaves lying that a right answer picks up.
    praise : str
        What to say when it is right, after the account.
    mistakes : tuple of Mistake
        Known ways to go wrong; each gives a rule. The most similar one is named.
    hints : tuple of str
        From a nudge to nearly everything.
    """

    id: str
    question: str
    most: int
    cost: float
    shops: Callable[[Any], tuple[Shop, ...]]
    usual: Rule
    solve: Callable[[Any], Rule]
    enough: float
    praise: str
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[str, ...] = ()

    def judge(self, data: Any, answer: Any) -> Outcome:
        """Return the outcome of the rule `answer`."""
        if blank := not_tried(self.id, answer):
            return blank
        if not callable(answer):
            text = say(
                "This asks for a function, because it is tried on a shop that you have not seen: hand over its name."
            )
            return Outcome(self.id, "not yet", text)
        shops = self.shops(data)
        picks = []
        for shop in shops:
            chosen, problem = self._picks(answer, shop)
            if chosen is None:
                return not_tried(self.id, problem) or Outcome(self.id, "not yet", problem)
            picks.append(chosen)
        earned = self.earnings(shops, picks)
        account = say(
            "In {shops} shops that you have not seen, your {count:,.0f} customers earn {chosen:,.0f} € on average. The "
            "usual rule earns {usual:,.0f} €; the best choice would have {best_count:,.0f} customers and earn "
            "{best:,.0f} €.",
            shops=len(shops),
            count=earned.count,
            chosen=earned.chosen,
            usual=earned.usual,
            best_count=earned.best_count,
            best=earned.best,
        )
        if earned.recovered >= self.enough:
            return Outcome(self.id, "right", f"{account} {say(self.praise)}")
        likeness = {}
        for mistake in self.mistakes:
            wrong, _ = self._picks(mistake.answer(data), shops[0])
            likeness[mistake] = 0.0 if wrong is None else _in_common(picks[0], wrong)
        nearest_one = max(likeness, key=lambda mistake: likeness[mistake], default=None)
        if nearest_one is not None and likeness[nearest_one] >= _SAME_PICKS:
            return Outcome(self.id, "not yet", f"{account} {say(nearest_one.explanation)}", nearest_one.name)
        return Outcome(self.id, "not yet", account + " " + say('Stuck? `lesson.hint("{id}")`', id=self.id))

    def fixtures(self, data: Any) -> Iterator[Fixture]:
        """Yield the right answer, blanks and every named mistake."""
        yield Fixture("right", self.solve(data), "right")
        yield Fixture("blank", ..., "not tried")
        yield Fixture("blank inside", lambda customers: ..., "not tried")
        for mistake in self.mistakes:
            yield Fixture(mistake.name, mistake.answer(data), "not yet", mistake.name)

    def earnings(self, shops: Sequence[Shop], picks: Sequence[np.ndarray]) -> Earnings:
        """Return what a choice of customers earns, as a mean over shops.

        Parameters
        ----------
        shops : sequence of Shop
            The shops.
        picks : sequence of arrays
            Ids of the customers chosen in each of them.
        """
        accounts = []
        for shop, chosen in zip(shops, picks, strict=True):
            net = shop.gain - self.cost
            best = net[net > 0].nlargest(self.most)
            usual = net.loc[list(self.usual(shop.customers))]
            accounts.append((net.loc[chosen].sum(), usual.sum(), best.sum(), len(chosen), len(best)))
        return Earnings(*(float(each) for each in np.mean(accounts, axis=0)))

    def _picks(self, rule: Rule, shop: Shop) -> tuple[np.ndarray | None, Any]:
        """Apply a rule; return the ids that it chooses, or None and what is wrong (``...`` when it is still blank)."""
        try:
            chosen = rule(shop.customers.copy())
        except Exception as error:  # whatever a student's function raises is theirs to read, not ours to hide
            return None, _explained(error, shop.customers)
        if chosen is Ellipsis or chosen is None:
            return None, chosen if chosen is Ellipsis else say("Your function returns nothing: does it say `return`?")
        ids, problem = _ids(chosen, shop.customers)
        if ids is None:
            return None, problem
        if len(ids) > self.most:
            return None, say(
                "At most {most:,} customers may be chosen; these are {count:,}.", most=self.most, count=len(ids)
            )
        return ids, ""


def _ids(chosen: Any, customers: pd.DataFrame) -> tuple[np.ndarray | None, str]:
    """Turn what a rule returned into ids: an index, a list, or a column of True and False."""
    if isinstance(chosen, pd.Series) and chosen.dtype == bool:
        chosen = chosen.index[chosen]
    elif isinstance(chosen, pd.DataFrame):
        return None, say("Your function returns a table. Return the customers in it: `.index` has their ids.")
    elif (
        isinstance(chosen, pd.Series)
        and not chosen.isin(customers.index).all()
        and chosen.index.isin(customers.index).all()
    ):
        return None, say(
            "Your function returns a column of values. Return the customers in it: `.index` has their ids."
        )
    try:
        ids = pd.Index(list(chosen))
    except TypeError:
        return None, say("Your function must return the ids of customers; it returns {it!r}.", it=chosen)
    if ids.has_duplicates:
        return None, say("The customer {id} is chosen more than once.", id=ids[ids.duplicated()][0])
    strangers = ids[~ids.isin(customers.index)]
    if len(strangers):
        return None, say(
            "{count:,} of your ids are not in this shop, such as {id}. Take them from the table that your "
            "function is given.",
            count=len(strangers),
            id=strangers[0],
        )
    return ids.to_numpy(), ""


def _are_ids(values: Any, customers: pd.DataFrame) -> bool:
    return bool(pd.Index(values).isin(customers.index).all())


def _explained(error: Exception, customers: pd.DataFrame) -> str:
    """Say what a student's function stopped with, and which columns there are when it looked for another."""
    text = say("Your function stopped with {kind}: {text}.", kind=type(error).__name__, text=str(error) or "–")
    if isinstance(error, KeyError) and error.args:
        near = nearest(str(error.args[0]), customers.columns)
        guess = say(" Did you mean `{near}`?", near=near) if near else ""
        return text + guess + say(" The table has: {columns}.", columns=", ".join(map(str, customers.columns)))
    return text


def _in_common(picks: np.ndarray, others: np.ndarray) -> float:
    """Return the share of customers that two lists have in common; two empty lists are the same list."""
    longer = max(len(picks), len(others))
    return len(np.intersect1d(picks, others)) / longer if longer else 1.0


@dataclass(frozen=True, slots=True)
class Setting:
    """An exercise whose answer is one number that the firm sets; it is tried on a shop that its author has not seen.

    Attributes
    ----------
    id, question : str
        As of any exercise.
    kind : Number
        What may be answered.
    payoff : callable
        Data of the lesson, setting → profit in €, in a shop that the student has not seen.
    usual : float
        The setting as it is.
    grid : tuple of float
        Settings among which the best is looked for.
    solve : callable
        Data of the lesson → a good setting.
    enough : float
        Share of the best possible gain over the usual setting that a right answer reaches.
    praise : str
        What to say when it is right, after the account.
    mistakes : tuple of Mistake
        Known ways to go wrong; each gives a setting.
    hints : tuple of str
        From a nudge to nearly everything.
    """

    id: str
    question: str
    kind: Number
    payoff: Callable[[Any, float], float]
    usual: float
    grid: tuple[float, ...]
    solve: Callable[[Any], float]
    enough: float
    praise: str
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[str, ...] = ()

    def judge(self, data: Any, answer: Any) -> Outcome:
        """Return the outcome of the setting `answer`."""
        if blank := not_tried(self.id, answer):
            return blank
        if problem := self.kind.problem(answer):
            return Outcome(self.id, "not yet", problem)
        usual = self.payoff(data, self.usual)
        gain = self.payoff(data, float(answer)) - usual
        gains = {setting: self.payoff(data, setting) - usual for setting in self.grid}
        best = max(gains, key=lambda setting: gains[setting])
        if gain >= self.enough * gains[best]:
            account = say(
                "In a shop that you have not seen, {answer} changes the expected profit by {gain:+,.0f} €; the best, "
                "{best:g}, by {most:+,.0f} €.",
                answer=self.kind.show(answer),
                gain=gain,
                best=best,
                most=gains[best],
            )
            return Outcome(self.id, "right", f"{account} {say(self.praise)}")
        # The best setting stays unsaid until it is found, or nobody would look for it.
        account = say(
            "In a shop that you have not seen, {answer} changes the expected profit by {gain:+,.0f} €; the best "
            "setting by {most:+,.0f} €.",
            answer=self.kind.show(answer),
            gain=gain,
            most=gains[best],
        )
        for mistake in self.mistakes:
            if self.kind.same(answer, mistake.answer(data)):
                return Outcome(self.id, "not yet", f"{account} {say(mistake.explanation)}", mistake.name)
        return Outcome(self.id, "not yet", account + " " + say('Stuck? `lesson.hint("{id}")`', id=self.id))

    def fixtures(self, data: Any) -> Iterator[Fixture]:
        """Yield the right answer, a blank and every named mistake that costs money in this shop.

        In one shop or another a wrong way leads to a good setting by chance, and earns what a right one does.
        """
        yield Fixture("right", self.solve(data), "right")
        yield Fixture("blank", ..., "not tried")
        for mistake in self.mistakes:
            answer = mistake.answer(data)
            if self.judge(data, answer).status != "right":
                yield Fixture(mistake.name, answer, "not yet", mistake.name)
