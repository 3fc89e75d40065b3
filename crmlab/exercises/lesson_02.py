"""Lesson 02, from four Cs to four Ps: its shop, exercises and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crmlab import needs
from crmlab.exercises import cream
from crmlab.exercises.answers import Choice, Number
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.offer import Offer
from crmlab.exercises.session import LessonData

TITLE = "from four Cs to four Ps"

CUSTOMERS = 2_000
MUSTS = 3
"""So many needs of each person count as must-haves by forced choice."""

ENOUGH = 0.85
"""Share of the best profit that a right offer earns. The model's own best loses 0 to 9% in ten shops (mean 3%)."""

# The decision is tried on shops with other seeds, far from those that courses and students get.
_OTHER_SHOP = 2_000_000_000
OTHER_SHOPS = 2


@dataclass
class Data(LessonData):
    """The shop of lesson 02: a year of a cosmetics shop that plans a day cream."""

    customers: int = CUSTOMERS
    months: int = 12

    decisions = cream.DECISIONS
    costs = cream.COSTS
    competitors = cream.COMPETITORS
    note = cream.NOTE

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """The choice tasks without those held out."""
        shown = self.run.conjoint_tasks
        return shown[~shown["holdout"]].drop(columns="holdout")

    @cached_property
    def study(self) -> needs.Conjoint:
        """Tastes of the respondents, as the lesson fits them."""
        return needs.Conjoint(draws=48).fit(self.tasks)

    @cached_property
    def mixes(self) -> pd.DataFrame:
        """Every offer of the levels shown."""
        return cream.mix_table(self.run)

    @cached_property
    def true_profits(self) -> np.ndarray:
        """What each of them would truly earn from the customers of this shop."""
        return cream.true_profits(cream.everybody(self.seed, self.customers), self.mixes)

    @cached_property
    def profits_elsewhere(self) -> np.ndarray:
        """The same with people whom the student has not seen, as a mean over shops."""
        shops = [
            cream.true_profits(cream.everybody(_OTHER_SHOP + OTHER_SHOPS * self.seed + k, self.customers), self.mixes)
            for k in range(OTHER_SHOPS)
        ]
        return np.asarray(np.mean(shops, axis=0))

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """All mixes by expected profit under the study."""
        return needs.best_mix(self.study, size=self.customers, costs=self.costs, competitors=self.competitors)

    def true_profit(self, offer: Any) -> float:
        """Return what one offer would truly earn from the customers of this shop, in €.

        Parameters
        ----------
        offer : mapping or Series
            A level for each attribute.
        """
        row = pd.DataFrame([{name: offer[name] for name in cream.ATTRIBUTES}])
        return float(cream.true_profits(self._everybody, row)[0])

    @cached_property
    def _everybody(self) -> pd.DataFrame:
        return cream.everybody(self.seed, self.customers)


def _open_share(data: Data, must: pd.Series) -> float:
    return float(needs.need_gate(data.run.needs.assign(must=must))["open"].mean())


def _first(data: Data) -> str:
    asked = data.run.needs
    return str(asked.loc[asked["forced_rank"] == 1, "need"].value_counts().idxmax())


def _pump(data: Data) -> float:
    table = data.study.willingness_to_pay(against={"pack": "jar"})
    return float(table["willingness"][("pack", "pump")])


def _worth_difference(data: Data) -> float:
    worth = data.study.part_worths()["part_worth"]
    return float(worth[("pack", "pump")] - worth[("pack", "jar")])


def _largest_share(data: Data) -> dict[str, Any]:
    row = data.ranked.sort_values("share", ascending=False).iloc[0]
    return {name: row[name] for name in cream.ATTRIBUTES}


def _best(data: Data) -> dict[str, Any]:
    return {name: data.ranked.iloc[0][name] for name in cream.ATTRIBUTES}


def _cheapest() -> dict[str, Any]:
    return {"effect": "moisture", "ingredients": "usual", "pack": "jar", "advice": "none", "price_shown": 12.0}


EXERCISES = (
    Exercise(
        id="2.1",
        question="If each customer could have only one need met, which one is named most often?",
        kind=Choice(
            (
                "good_products",
                "fair_price",
                "wide_choice",
                "in_stock",
                "fast_delivery",
                "easy_ordering",
                "good_advice",
                "easy_returns",
                "personal_attention",
            )
        ),
        solve=_first,
        praise="Yes, {answer}. Asked freely, more people call price a must-have; forced to choose, they give it up.",
        mistakes=(
            Mistake(
                "what people say",
                lambda data: "fair_price",
                "{answer} is called a must-have most often. That costs nothing to say. Who would take it if they could "
                "have only one need met (`forced_rank` 1)?",
            ),
            Mistake(
                "the last instead of the first",
                lambda data: "personal_attention",
                "{answer} has the largest ranks, and rank 1 is the most important.",
            ),
        ),
        hints=(
            "Keep the rows in which `forced_rank` is 1; there is one for each customer.",
            '`asked[asked["forced_rank"] == 1]["need"].value_counts()`, with `asked = run.needs`',
        ),
    ),
    Exercise(
        id="2.2",
        question="For which share of the customers is the need gate open, if the first three by force are musts?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: _open_share(data, data.run.needs["forced_rank"] <= MUSTS),
        praise="{answer} have their first three needs met. For the others, nothing else that we improve counts yet.",
        mistakes=(
            Mistake(
                "everything they call a must",
                lambda data: _open_share(data, data.run.needs["stated_must"]),
                "{answer} is the gate of everything that people call a must-have. They call most things so. Use "
                "`forced_rank <= 3`.",
            ),
            Mistake(
                "needs instead of customers",
                lambda data: float(data.run.needs.loc[data.run.needs["forced_rank"] <= MUSTS, "met"].mean()),
                "{answer} of these needs are met. A customer needs all three at once: `need_gate` looks at each one.",
            ),
            Mistake(
                "all needs",
                lambda data: float(data.run.needs.groupby("customer_id")["met"].all().mean()),
                "{answer} have every need met. Nice-to-haves need not be.",
            ),
            Mistake(
                "the shut gates",
                lambda data: 1 - _open_share(data, data.run.needs["forced_rank"] <= MUSTS),
                "{answer} is the share of shut gates.",
            ),
        ),
        hints=(
            "Say which needs are must-haves in a column `must`, then ask `need_gate`.",
            '`asked = run.needs.assign(must=run.needs["forced_rank"] <= 3)`',
            '`crm.needs.need_gate(asked)["open"].mean()`',
        ),
    ),
    Exercise(
        id="2.3",
        question="How much more would customers pay for a pump than for a jar, in €?",
        kind=Number(-50, 50, "€", within=0.02),
        solve=_pump,
        praise="{answer}. The pump costs 0.60 € more to make, so it pays for itself.",
        mistakes=(
            Mistake(
                "part-worths instead of money",
                _worth_difference,
                "{answer} is the difference of part-worths, in logits. Divide by what one euro is worth, or ask "
                "`willingness_to_pay`.",
            ),
            Mistake(
                "the other way round",
                lambda data: -_pump(data),
                "{answer} is what the jar is worth against the pump. The sign tells who is better.",
            ),
            Mistake(
                "the wrong pack",
                lambda data: float(
                    data.study.willingness_to_pay(against={"pack": "refill"})["willingness"][("pack", "pump")]
                ),
                "{answer} compares the pump with the refill. Say `against=dict(pack='jar')`.",
            ),
        ),
        hints=(
            "A level is worth the price rise that would make up for it.",
            '`study.willingness_to_pay(against={"pack": "jar"})` has all of them.',
            '`….loc[("pack", "pump"), "willingness"]`',
        ),
    ),
    Offer(
        id="2.4",
        question="Which cream do we make, at which price?",
        mixes=lambda data: data.mixes,
        payoff=lambda data: data.profits_elsewhere,
        usual=lambda data: data.note,
        solve=_best,
        enough=ENOUGH,
        praise="You give people what they would pay for, and leave out what costs more than that.",
        mistakes=(
            Mistake(
                "the best of everything",
                lambda data: dict(data.note),
                "This is the manager's note: every level that people like best, whatever it costs. Which of them would "
                "customers not pay for?",
            ),
            Mistake(
                "the largest share",
                _largest_share,
                "Nothing would sell more jars, and each jar sold loses money. Share is not profit.",
            ),
            Mistake(
                "the cheapest",
                lambda data: _cheapest(),
                "Nothing is cheaper to make, and little is less wanted. Which level is worth more than it costs?",
            ),
            Mistake(
                "the best of everything, dear",
                lambda data: {**data.note, "price_shown": 24.0},
                "A high price pays for the consultant, but most customers go elsewhere. What is advice worth to them? "
                "What does it cost?",
            ),
        ),
        hints=(
            "For each attribute compare what people would pay for a level with what it costs.",
            "The skin test costs the same however many jars are sold; the consultant costs 4.50 € a jar.",
            "`best_mix` tries all combinations: its first row is a good answer, `ranked.iloc[0]`.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="2.a",
        question="Of 100 customers, to how many does seller A sell a drill bit?",
        kind=Number(0, 100),
    ),
)
