"""Lesson 06, loyalty drivers: its shop, exercises and predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crmlab import loyalty
from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Setting
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData

TITLE = "loyalty drivers"

ITEMS = {
    "q1": "range",
    "q2": "quality",
    "q3": "value",
    "q4": "ordering",
    "q5": "delivery",
    "q6": "availability",
    "q7": "staff",
    "q8": "after-sales",
    "q9": "information",
}
"""What the nine questions of the survey are about."""

LEVERS = {
    "range": "assortment",
    "quality": "quality",
    "ordering": "site",
    "delivery": "logistics",
    "availability": "availability",
    "staff": "service",
    "after-sales": "after_sales",
}
"""What the firm can do about seven of them."""

HALF_YEAR = pd.Timedelta(days=182)
TURN = pd.Timestamp("2025-01-01")
CHANGE_MONTH = 12

# The decision is tried on a shop with another seed, far from those that courses and students get.
_OTHER_SHOP = 6_000_000_000


def answers_table(run: Any) -> pd.DataFrame:
    """Return all answers to the survey, with words for questions, what was intended, and what was done.

    Parameters
    ----------
    run : Run
        The simulated tables.

    Returns
    -------
    DataFrame
        One row per answer: ``wave``, ``customer_id``, the nine items, ``overall``, ``nps``, ``intends`` (will certainly
        buy again, 5 of 5) and ``came`` (ordered within half a year, 1 or 0; missing where the half year is not over).
    """
    surveys = run.surveys[run.surveys["responded"]].rename(columns=ITEMS)
    answers = surveys[["wave", "customer_id", *ITEMS.values(), "overall", "nps"]].astype(float)
    answers["intends"] = (surveys["intention"] == 5).astype(bool)
    orders = run.transactions[["customer_id", "ts"]]
    end = orders["ts"].max().normalize()
    came = pd.Series(np.nan, index=answers.index)
    for sent, part in surveys.groupby("sent_date"):
        day = pd.Timestamp(sent) + pd.Timedelta(days=1)
        if day + HALF_YEAR <= end:
            later = orders.loc[(orders["ts"] >= day) & (orders["ts"] < day + HALF_YEAR), "customer_id"]
            came[part.index] = part["customer_id"].isin(later).astype(float)
    return answers.assign(came=came).reset_index(drop=True)


def people_table(run: Any) -> pd.DataFrame:
    """Return who ordered in 2024: ``member`` by its end, ``before`` and ``after``, the sales of 2024 and of 2025.

    Parameters
    ----------
    run : Run
        The simulated tables.
    """
    orders = run.transactions
    old = orders["ts"] < TURN
    before = orders[old].groupby("customer_id")["net"].sum()
    after = orders[~old].groupby("customer_id")["net"].sum().reindex(before.index, fill_value=0.0)
    since = run.customers.set_index("customer_id")["member_since"].reindex(before.index)
    return pd.DataFrame({"member": since < TURN, "before": before, "after": after})


@dataclass
class Data(LessonData):
    """The shop of lesson 06: two years of a cosmetics shop and four waves of its survey."""

    _profits: dict[float, float] = field(default_factory=dict, repr=False)

    @cached_property
    def answers(self) -> pd.DataFrame:
        """All answers; see `answers_table`."""
        return answers_table(self.run)

    @cached_property
    def people(self) -> pd.DataFrame:
        """Who ordered in 2024; see `people_table`."""
        return people_table(self.run)

    @cached_property
    def programme_truth(self) -> pd.Series:
        """What the programme truly does in 2025, per member: orders, profit (€), and orders without it."""
        members = self.people.index[self.people["member"]]
        without = self.world.do(start=CHANGE_MONTH, programme=False)
        with_it, without_it = (
            world.expected(from_month=CHANGE_MONTH, horizon=12, replications=8).loc[members].mean()
            for world in (self.world, without)
        )
        return pd.Series(
            {
                "orders": with_it["expected_orders"] - without_it["expected_orders"],
                "profit": with_it["expected_value"] - without_it["expected_value"],
                "orders_without": without_it["expected_orders"],
            }
        )

    def profit_elsewhere(self, satisfaction: float) -> float:
        """Return the expected profit of the second year in another shop that changes how satisfied its staff are.

        Luck is removed, or it would decide.

        Parameters
        ----------
        satisfaction : float
            Employee satisfaction from the second year on, 0 to 100; 70 as it is.
        """
        satisfaction = round(satisfaction, 2)
        if satisfaction not in self._profits:
            world = Data(seed=_OTHER_SHOP + self.seed, customers=1_000).world
            changed = world if satisfaction == 70 else world.do(start=CHANGE_MONTH, employee_satisfaction=satisfaction)
            expected = changed.expected(from_month=CHANGE_MONTH, horizon=12, replications=3)
            self._profits[satisfaction] = float(expected["expected_value"].sum())
        return self._profits[satisfaction]


def _last_nps(data: Data) -> pd.Series:
    answers = data.answers
    return answers.loc[answers["wave"] == answers["wave"].max(), "nps"].dropna()


def _compare(data: Data, outcome: str, row: str) -> float:
    known = data.answers.dropna(subset=[outcome])
    return float(loyalty.compare_ratings(known["overall"], known[outcome])["value"].to_dict()[row])


def _change(data: Data) -> float:
    people = data.people
    return loyalty.difference_in_differences(people["before"], people["after"], people["member"]).value


def _change_of_members(data: Data) -> float:
    members = data.people[data.people["member"]]
    return float((members["after"] - members["before"]).mean())


EXERCISES = (
    Exercise(
        id="6.1",
        question="What is the net promoter score of the last wave?",
        kind=Number(-100, 100, "points", within=0.05),
        solve=lambda data: loyalty.nps(_last_nps(data)).value,
        praise="{answer}. Quote it with its interval: with a few hundred answers, a move of five points is noise.",
        mistakes=(
            Mistake(
                "promoters only",
                lambda data: 100 * float((_last_nps(data) >= 9).mean()),
                "{answer} is the percentage of promoters. The detractors, 0 to 6, are taken off.",
            ),
            Mistake(
                "eights are promoters",
                lambda data: 100 * float((_last_nps(data) >= 8).mean() - (_last_nps(data) <= 6).mean()),
                "{answer} counts the eights. Promoters give 9 or 10; 7 and 8 count for neither side.",
            ),
            Mistake(
                "all waves",
                lambda data: loyalty.nps(data.answers["nps"]).value,
                '{answer} is the score of all waves. Keep the last one: `answers["wave"] == answers["wave"].max()`.',
            ),
            Mistake(
                "the mean",
                lambda data: 10 * float(_last_nps(data).mean()),
                "{answer} is ten times the mean rating. The score throws most of the scale away: promoters less "
                "detractors.",
            ),
        ),
        hints=(
            "Keep the answers of the last wave, then ask `crm.loyalty` for the score.",
            'The last wave: `last = answers[answers["wave"] == answers["wave"].max()]`.',
            '`crm.loyalty.nps(last["nps"]).value`',
        ),
    ),
    Exercise(
        id="6.2",
        question="How many times as often do fives say they will certainly buy again, compared with fours?",
        kind=Number(0, 1_000, "times", within=0.02),
        solve=lambda data: _compare(data, "intends", "risk_ratio"),
        praise=(
            "{answer}. In odds it is more, in orders far less: the famous six needs the right ratio and the right "
            "question."
        ),
        mistakes=(
            Mistake(
                "odds",
                lambda data: _compare(data, "intends", "odds_ratio"),
                "{answer} is the ratio of the odds. “How many times as often” compares shares: the risk ratio.",
            ),
            Mistake(
                "what they did",
                lambda data: _compare(data, "came", "risk_ratio"),
                "{answer} compares what they did. The question is about what they said: `intends`.",
            ),
            Mistake(
                "the difference",
                lambda data: _compare(data, "intends", "difference"),
                "{answer} is a difference of shares. Divide instead of subtracting.",
            ),
            Mistake(
                "upside down",
                lambda data: 1 / _compare(data, "intends", "risk_ratio"),
                "{answer} is the wrong way round: fives over fours.",
            ),
        ),
        hints=(
            "The cell above does it for what people did. What they said is in `intends`.",
            '`crm.loyalty.compare_ratings(answers["overall"], answers["intends"])` gives three ratios. Which one '
            "compares shares?",
            'The row `"risk_ratio"`, column `"value"`.',
        ),
    ),
    Exercise(
        id="6.3",
        question="By how many € did the yearly sales of members change more than those of the others?",
        kind=Number(-10_000, 10_000, "€", within=0.5),
        solve=_change,
        praise=(
            "{answer}. Quite another answer than the plain comparison, from the same table. People joined while they "
            "were buying much, and luck does not come back; this way of asking is biased too."
        ),
        mistakes=(
            Mistake(
                "the plain comparison",
                lambda data: loyalty.naive_difference(data.people["after"], data.people["member"]).value,
                "{answer} compares levels of 2025. Members were better customers before, too: compare changes.",
            ),
            Mistake(
                "members only",
                _change_of_members,
                "{answer} is how members changed. The others changed as well: take their change off.",
            ),
            Mistake(
                "the wrong sign",
                lambda data: -_change(data),
                "{answer} has the sign reversed: after less before, members less the others.",
            ),
            Mistake(
                "the gap before",
                lambda data: loyalty.naive_difference(data.people["before"], data.people["member"]).value,
                "{answer} is the gap of 2024. The question is how much more one side *changed* than the other.",
            ),
        ),
        hints=(
            "For each customer, `after` less `before`. Then members less the others.",
            "There is a function for it, and its name says what it does.",
            '`crm.loyalty.difference_in_differences(people["before"], people["after"], people["member"]).value`',
        ),
    ),
    Setting(
        id="6.4",
        question="To which level should employee satisfaction be brought?",
        kind=Number(0, 100, "points", within=1),
        payoff=lambda data, level: data.profit_elsewhere(level),
        usual=70.0,
        grid=(66.0, 72.0, 74.0, 76.0, 78.0, 82.0),
        solve=lambda data: 75.0,
        enough=0.6,
        praise="Happier staff pay for themselves up to a point, and the last points are the dearest.",
        mistakes=(
            Mistake(
                "as it is",
                lambda data: 70.0,
                "That changes nothing. A curve through the levels of your table has its top elsewhere.",
            ),
            Mistake(
                "as happy as can be",
                lambda data: 100.0,
                "The customers would love it. Its cost grows with the square of the distance from 70: look at profit.",
            ),
            Mistake(
                "what the customers like best",
                lambda data: 85.0,
                "Customers are more satisfied at 85 than at 75, and the firm earns less. Look at profit.",
            ),
            Mistake(
                "saving on staff",
                lambda data: 60.0,
                "Unhappy staff cost nothing today. The customers notice, and leave.",
            ),
        ),
        hints=(
            "Look at the column of profit, not at the column of satisfaction.",
            "The best level of your shop is close to that of other shops: try levels between those of the table.",
            "A little above 70, well below 80.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="6.a",
        question="How many times as many of the fives as of the fours order again within half a year?",
        kind=Number(0, 100, "times"),
    ),
)
