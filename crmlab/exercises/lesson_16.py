"""Lesson 16, your own data: a file as shops export it, and exercises about whatever file was read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crmlab import features, grading
from crmlab.exercises.answers import Number
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData

TITLE = "your own data"

# How much of an export is not as one would wish; chosen, and larger than in most shops, so that every kind is seen.
NO_BUYER = 0.04
CANCELLED = 0.03
TWICE = 0.02
FREE = 0.01


def export(orders: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return orders as a shop system would export them: text, local dates and amounts, and the usual dirt.

    Parameters
    ----------
    orders : DataFrame
        The transactions table.
    seed : int
        Seed of the dirt.
    """
    chance = np.random.default_rng([16, seed]).random((4, len(orders)))
    amount = orders["net"].where(chance[3] >= FREE, 0.0).map("{:,.2f}".format)
    table = pd.DataFrame(
        {
            "Order no.": "A" + orders["order_id"].astype(str),
            "Order date": orders["ts"].dt.strftime("%d.%m.%Y %H:%M"),
            "Buyer": ("K" + orders["customer_id"].astype(str)).where(chance[0] >= NO_BUYER),
            "Total": "€ " + amount.str.translate(str.maketrans(",.", ".,")),
            "Status": pd.Series(np.where(chance[1] < CANCELLED, "cancelled", "paid"), index=orders.index),
        }
    )
    twice = table[chance[2] < TWICE]
    return pd.concat([table, twice]).sort_index(kind="stable").reset_index(drop=True)


@dataclass
class Data(LessonData):
    """The lesson's file, and whatever file the student reads instead."""

    customers: int = 1_000
    log: Any = None

    @cached_property
    def export(self) -> pd.DataFrame:
        """The file of the course's shop, as its system exports it."""
        return export(self.run.transactions, self.seed)

    @property
    def read(self) -> Any:
        """The log at hand: the one that the student put into `log`, else the lesson's."""
        if self.log is None:
            from crmlab.reading import read_transactions

            self.log = read_transactions(self.export)
        return self.log

    @property
    def graded(self) -> pd.DataFrame:
        """Customers of the log at hand, with their zone by the log's own rhythm."""
        orders = self.read.transactions
        windows = features.spend_windows(orders, as_of=orders["ts"].max(), days=365)
        table = features.rfm(orders).merge(windows, on="customer_id")
        frozen_after = grading.suggest_frozen_after(features.order_gaps(orders))
        return table.assign(zone=grading.zones(table, frozen_after=frozen_after))


def _sales_of(data: Data, zone: str) -> float:
    table = data.graded
    return float(table.loc[table["zone"] == zone, "monetary_net"].sum())


EXERCISES = (
    Exercise(
        id="16.1",
        question="How many rows name no customer?",
        kind=Number(0, 1e9, "rows"),
        solve=lambda data: data.read.counts["rows_without_customer"],
        praise="{answer}. They are sales, but nobody's: they count for the revenue of the shop and for no customer.",
        mistakes=(
            Mistake(
                "all rows that were set aside",
                lambda data: data.read.counts["rows_read"] - data.read.counts["rows_used"],
                "{answer} were not used, for any reason. How many of them because there was no customer?",
            ),
            Mistake(
                "the rows that are there twice",
                lambda data: data.read.counts["duplicate_rows"],
                "{answer} repeat an earlier row. That is another line of the account.",
            ),
            Mistake(
                "the cancelled rows",
                lambda data: data.read.counts["cancelled_rows"],
                "{answer} were cancelled. That is another line of the account.",
            ),
        ),
        hints=(
            "The account has one line for every reason.",
            "The same counts stand in `log.counts`.",
            '`log.counts["rows_without_customer"]`',
        ),
    ),
    Exercise(
        id="16.2",
        question="How much have the customers who are frozen now brought in all, less refunds?",
        kind=Number(0, 1e12, within=0.5),
        solve=lambda data: _sales_of(data, "frozen"),
        praise=(
            "{answer} came from people who have not been heard of for a long time. That money is not waiting anywhere."
        ),
        mistakes=(
            Mistake(
                "people instead of money",
                lambda data: float((data.graded["zone"] == "frozen").sum()),
                "{answer} is how many they are. The question is what they brought.",
            ),
            Mistake(
                "another zone",
                lambda data: _sales_of(data, "migrating"),
                "{answer} came from the migrating: they still buy, but less than half as much.",
            ),
            Mistake(
                "everybody",
                lambda data: float(data.graded["monetary_net"].sum()),
                "{answer} is what all customers brought. Keep those whose zone is frozen.",
            ),
        ),
        hints=(
            "Two steps: keep the customers of one zone, then add up what they brought.",
            'The frozen: `customers[customers["zone"] == "frozen"]`.',
            '`customers.loc[customers["zone"] == "frozen", "monetary_net"].sum()`',
        ),
    ),
    Exercise(
        id="16.3",
        question="Which share of sales, less refunds, do the best fifth of customers bring?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: grading.top_share(data.graded["monetary_net"]),
        praise=(
            "{answer} in this file. You know from lesson 03 what that says, and what it does not say, about next year."
        ),
        mistakes=(
            Mistake(
                "the best tenth",
                lambda data: grading.top_share(data.graded["monetary_net"], share=0.1),
                "{answer} belongs to the best tenth. A fifth is what `top_share` takes when nothing is said.",
            ),
            Mistake(
                "everybody else",
                lambda data: 1 - grading.top_share(data.graded["monetary_net"]),
                "{answer} is what the others bring.",
            ),
        ),
        hints=(
            "What a customer brought, less refunds, is `monetary_net`.",
            '`crm.grading.top_share(customers["monetary_net"])`',
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="16.a",
        question="Which percentage of the rows of this file can be used as they are?",
        kind=Number(0, 100, "%"),
    ),
)
