"""Lesson 00, start here: its shop, exercises and prediction."""

from __future__ import annotations

from dataclasses import dataclass, field

from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Setting
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData

TITLE = "start here"

CHANGE_MONTH = 12

# Decisions are tried on a shop with another seed, far from those that courses and students get.
_OTHER_SHOP = 3_000_000_000


@dataclass
class Data(LessonData):
    """The shop of lesson 00, small enough to be run again at every move of a lever."""

    customers: int = 2_000
    _profits: dict[float, float] = field(default_factory=dict, repr=False)

    def profit_elsewhere(self, price: float) -> float:
        """Return the expected profit of the second year in another shop that changes its price index after the first.

        Luck is removed, or it would decide: it moves the profit of such a shop by more than the price does.

        Parameters
        ----------
        price : float
            Price index of the second year; 1 is the list price.
        """
        price = round(price, 4)
        if price not in self._profits:
            world = Data(seed=_OTHER_SHOP + self.seed).world
            changed = world.do(price=price, start=CHANGE_MONTH) if price != 1 else world
            expected = changed.expected(from_month=CHANGE_MONTH, horizon=12, replications=3)
            self._profits[price] = float(expected["expected_value"].sum())
        return self._profits[price]


EXERCISES = (
    Exercise(
        id="0.1",
        question="What is an order worth on average, as charged, in €?",
        kind=Number(0, 10_000, "€", within=0.05),
        solve=lambda data: float(data.run.transactions["net"].mean()),
        praise=(
            "{answer} an order. You have read a table, computed a number and had it checked; the rest is more of that."
        ),
        mistakes=(
            Mistake(
                "the middle order",
                lambda data: float(data.run.transactions["net"].median()),
                "{answer} is the median, the order in the middle. A few large orders lift the mean above it.",
            ),
            Mistake(
                "per customer",
                lambda data: float(data.run.transactions.groupby("customer_id")["net"].sum().mean()),
                "{answer} is what a customer spent, over all orders. One line of the table is one order already.",
            ),
            Mistake(
                "cost instead of price",
                lambda data: float(data.run.transactions["cost"].mean()),
                "{answer} is what the goods of an order cost the firm. What the customer was charged is in `net`.",
            ),
        ),
        hints=(
            "The column `net` says what was charged for each order.",
            'A column of a table: `run.transactions["net"]`. A column can compute its own mean.',
            '`run.transactions["net"].mean()`',
        ),
    ),
    Setting(
        id="0.2",
        question="Which price index earns most in the second year?",
        kind=Number(0.5, 1.5, within=0.05),
        payoff=lambda data, price: data.profit_elsewhere(price),
        usual=1.0,
        grid=(0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.05, 1.1),
        solve=lambda data: 0.85,
        # Over ten shops 0.85 reaches 97 % of what the best price of the grid wins, 0.95 at most 64 %.
        enough=0.93,
        praise="Lower than most people dare, and not as low as the orders would like.",
        mistakes=(
            Mistake(
                "as it is",
                lambda data: 1.0,
                "That changes nothing. The cockpit has shown that there is something to win.",
            ),
            Mistake(
                "half a step",
                lambda data: 0.95,
                "The right way, and too timid. It earns more than the price of today, but not the most: does profit "
                "not rise further?",
            ),
            Mistake(
                "too far",
                lambda data: 0.7,
                "Orders go on rising, but each of them earns less and less: profit is past its top.",
            ),
            Mistake(
                "dearer",
                lambda data: 1.2,
                "A higher price earns more on each order and loses more orders than that is worth: these "
                "customers compare.",
            ),
            Mistake(
                "as many orders as possible",
                lambda data: 0.55,
                "The orders are splendid, and every one of them is sold for little more than the goods cost. "
                "Look at profit.",
            ),
        ),
        hints=(
            "Look at the first curve of the cockpit, not at the second.",
            "Move the price down step by step and read the sentence below the picture: where does profit stop rising?",
            "Below 0.9 and above 0.8: there the curve is flat, and the middle is safe.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="0.a",
        question="By how many per cent do orders rise when prices fall by a tenth?",
        kind=Number(-100, 500, "%"),
    ),
)
