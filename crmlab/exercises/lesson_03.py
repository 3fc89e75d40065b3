"""Lesson 03, customer value: its shop, exercises and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from crmlab import features, grading
from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Rule, Selection, Shop
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData

TITLE = "customer value"

AS_OF = "2025-12-31"
QUIET_DAYS = 90
FROZEN_AFTER = 180

CALLS = 200
CALL_COST = 60.0
CALL_LIFT = 0.15

# In one shop the good rule picks up 0.44 of what the manager's list leaves lying (standard deviation over 25 shops:
# 0.11), the full list of active customers 0.14 (0.07). The mean of three shops keeps them apart at 0.25.
OTHER_SHOPS = 3
REPLICATIONS = 16

# The decision is tried on a shop with another seed, far from those that courses and students get.
_OTHER_SHOP = 3_000_000_000


def customer_table(run: Any) -> pd.DataFrame:
    """Return what the firm knows of each customer at the end of 2025: rfm and its scores, sales of both years, zone.

    Parameters
    ----------
    run : Run
        The simulated tables.
    """
    orders = run.transactions
    windows = features.spend_windows(orders, as_of=AS_OF, days=365)
    table = features.rfm(orders, as_of=AS_OF).merge(windows, on="customer_id").set_index("customer_id")
    table = table.join(grading.rfm_scores(table))
    return table.assign(zone=grading.zones(table, frozen_after=FROZEN_AFTER))


@dataclass
class Data(LessonData):
    """The shop of lesson 03: two years of a cosmetics shop, and another shop to try decisions on."""

    @cached_property
    def customers_table(self) -> pd.DataFrame:
        """One row per customer at the end of 2025."""
        return customer_table(self.run)

    @cached_property
    def profit_rate(self) -> float:
        """Profit on each euro that the best 500 customers of 2025 spent: what the firm's books say."""
        best = self.customers_table["spend_recent"].nlargest(500)
        months = self.run.truth.months
        profit = months.loc[(months["month"] >= 12) & months["customer_id"].isin(best.index), "profit"].sum()
        return float(profit / best.sum())

    @cached_property
    def other_shops(self) -> tuple[Shop, ...]:
        """Shops of the same kind with other people, and what a call to each of them is truly worth."""
        shops = []
        for number in range(OTHER_SHOPS):
            other = Data(seed=_OTHER_SHOP + OTHER_SHOPS * self.seed + number)
            customers = customer_table(other.run)
            value = other.world.expected(from_month=24, horizon=12, replications=REPLICATIONS)["expected_value"]
            shops.append(Shop(customers, CALL_LIFT * value.reindex(customers.index, fill_value=0.0)))
        return tuple(shops)


def _top_tenth(values: pd.Series) -> float:
    return float(grading.top_share(values, share=0.1))


def _bought(data: Data) -> pd.DataFrame:
    table = data.customers_table
    return table[table["spend_recent"] > 0]


def _orders_in_2025(data: Data) -> pd.Series:
    orders = data.run.transactions
    orders = orders[orders["ts"] >= "2025"]
    return orders.groupby("customer_id")["order_id"].nunique().reindex(_bought(data).index).astype(float)


def _valuable_then_moving(data: Data, zone: str) -> float:
    then = grading.abc(data.customers_table["spend_before"])
    return float(((then == "A") & (data.customers_table["zone"] == zone)).sum())


def _best_hundred(data: Data) -> pd.DataFrame:
    return data.customers_table.nlargest(100, "spend_before")


def _fall(data: Data) -> float:
    best = _best_hundred(data)
    return float(1 - best["spend_recent"].sum() / best["spend_before"].sum())


def _fall_of_survivors(data: Data) -> float:
    best = _best_hundred(data)
    still = best[best["spend_recent"] > 0]
    return float(1 - still["spend_recent"].sum() / still["spend_before"].sum())


def _fall_of_other_people(data: Data) -> float:
    table = data.customers_table
    return float(1 - table["spend_recent"].nlargest(100).sum() / table["spend_before"].nlargest(100).sum())


def managers_list(customers: pd.DataFrame) -> pd.Index:
    """Return the manager's choice: the 200 customers who spent most last year."""
    return customers["spend_recent"].nlargest(CALLS).index


def _good_rule(data: Data) -> Rule:
    """Expect 83 % of last year's sales from those who are still active, and call where that pays for the call."""
    break_even = CALL_COST / (CALL_LIFT * data.profit_rate)

    def whom_to_call(customers: pd.DataFrame) -> pd.Index:
        active = customers[customers["recency_days"] <= QUIET_DAYS]
        expected = 0.83 * active["spend_recent"]
        return expected[expected > break_even].nlargest(CALLS).index

    return whom_to_call


def _most_frequent(customers: pd.DataFrame) -> pd.Index:
    return customers["frequency"].nlargest(CALLS).index


def _both_years(customers: pd.DataFrame) -> pd.Index:
    return (customers["spend_recent"] + customers["spend_before"]).nlargest(CALLS).index


def _quiet_ones(customers: pd.DataFrame) -> pd.Index:
    quiet = customers[customers["recency_days"] > QUIET_DAYS]
    return (quiet["spend_recent"] + quiet["spend_before"]).nlargest(CALLS).index


def _value_zone(customers: pd.DataFrame) -> pd.Index:
    return customers.loc[customers["zone"] == "value", "spend_recent"].nlargest(CALLS).index


def _nobody(customers: pd.DataFrame) -> pd.Index:
    return customers.index[:0]


EXERCISES = (
    Exercise(
        id="3.1",
        question="Which share of the sales of 2025 came from the best tenth of the customers who bought?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: _top_tenth(_bought(data)["spend_recent"]),
        praise=(
            "{answer} of the sales from a tenth of the people. Neither a scandal nor a law: it is how purchases fall."
        ),
        mistakes=(
            Mistake(
                "everybody who ever bought",
                lambda data: _top_tenth(data.customers_table["spend_recent"]),
                "{answer} is the share among all who bought in either year. A tenth of so many people is a larger "
                "group. Keep those with sales above zero in 2025.",
            ),
            Mistake(
                "orders instead of euros",
                lambda data: _top_tenth(_orders_in_2025(data)),
                "{answer} is their share of the orders. The question is about money.",
            ),
            Mistake(
                "the best fifth",
                lambda data: float(grading.top_share(_bought(data)["spend_recent"], share=0.2)),
                "{answer} belongs to the best fifth. `top_share` takes a fifth unless you say `share=0.1`.",
            ),
            Mistake(
                "both years together",
                lambda data: _top_tenth(data.customers_table["monetary"]),
                "{answer} is right for two years together. The sales of 2025 alone are in `spend_recent`.",
            ),
        ),
        hints=(
            "Two steps: keep the customers who bought in 2025, then ask for the share of the best tenth of them.",
            'Those who bought: `bought = customers[customers["spend_recent"] > 0]`.',
            '`crm.grading.top_share(bought["spend_recent"], share=0.1)`',
        ),
    ),
    Exercise(
        id="3.2",
        question="How many class A customers of 2024 are in the migrating zone now?",
        kind=Number(0, 100_000, "customers", whole=True),
        solve=lambda data: _valuable_then_moving(data, "migrating"),
        praise=(
            "{answer} who carried the shop a year ago spend less than half of it now. Leaving, or an ordinary year "
            "after a lucky one? The file does not say."
        ),
        mistakes=(
            Mistake(
                "everybody who is migrating",
                lambda data: float((data.customers_table["zone"] == "migrating").sum()),
                "{answer} are migrating in all. How many of them were in class A by the sales of 2024?",
            ),
            Mistake(
                "class A of this year",
                lambda data: float(
                    (
                        (grading.abc(data.customers_table["spend_recent"]) == "A")
                        & (data.customers_table["zone"] == "migrating")
                    ).sum()
                ),
                "{answer} are in class A of 2025. Grade by `spend_before`, the sales of 2024.",
            ),
            Mistake(
                "the frozen ones",
                lambda data: _valuable_then_moving(data, "frozen"),
                "{answer} of them are frozen: silent for half a year. Migrating customers still buy, but less "
                "than half as much.",
            ),
            Mistake(
                "everybody in class A",
                lambda data: float((grading.abc(data.customers_table["spend_before"]) == "A").sum()),
                "{answer} were in class A. Count only those whose `zone` is migrating today.",
            ),
        ),
        hints=(
            "Two conditions must hold for the same customer: a class a year ago, and a zone today.",
            'The class of a year ago: `then = crm.grading.abc(customers["spend_before"])`.',
            'Join the conditions with `&`, each in brackets, and count: `((then == "A") & (customers["zone"] == '
            "…)).sum()`.",
        ),
    ),
    Exercise(
        id="3.3",
        question="By which share did the sales of the best 100 customers of 2024 fall in 2025?",
        kind=Number(-1, 1, "share", within=0.002),
        solve=_fall,
        praise=(
            "They fell by {answer}. Some of these people have left, and the luck of some others did not come back. The "
            "reveal tells the two apart; the firm cannot."
        ),
        mistakes=(
            Mistake(
                "other people",
                _fall_of_other_people,
                "{answer} compares the best 100 of 2024 with the best 100 of 2025: other people, lucky in "
                "another year. "
                "Follow the same 100 into 2025.",
            ),
            Mistake(
                "what is left",
                lambda data: 1 - _fall(data),
                "{answer} is what is left. The fall is the rest of it.",
            ),
            Mistake(
                "survivors only",
                _fall_of_survivors,
                "{answer} is the fall among those who still bought. Those who bought nothing belong to the 100 "
                "as well.",
            ),
            Mistake(
                "everybody",
                lambda data: float(
                    1 - data.customers_table["spend_recent"].sum() / data.customers_table["spend_before"].sum()
                ),
                "{answer} is the fall of the whole shop (below zero it is a rise). Take the 100 with the largest "
                "`spend_before` first.",
            ),
            Mistake("the wrong way round", lambda data: -_fall(data), "{answer}: a fall is asked for, so turn it."),
        ),
        hints=(
            "Choose 100 people by 2024. Then look at what these same people spent in both years.",
            'The 100: `best = customers.nlargest(100, "spend_before")`.',
            '`1 - best["spend_recent"].sum() / best["spend_before"].sum()`',
        ),
    ),
    Selection(
        id="3.4",
        question="Whom do we call in 2026, and how many?",
        most=CALLS,
        cost=CALL_COST,
        shops=lambda data: data.other_shops,
        usual=managers_list,
        solve=_good_rule,
        enough=0.25,
        praise="You pay for what is likely to come, not for all that has been.",
        mistakes=(
            Mistake(
                "the manager's list",
                lambda data: managers_list,
                "This is the manager's list: the best of last year. It pays for luck, for people who have gone "
                "quiet, and for "
                "calls that cost more than they bring. Which column tells who is still there?",
            ),
            Mistake(
                "the value zone",
                lambda data: _value_zone,
                "These are the largest of the value zone: nobody who has fallen by half is on it, but people who have "
                "gone quiet are, and calls that cost more than they bring. When did they order last, and from which "
                "expected sales on does a call pay?",
            ),
            Mistake(
                "frequency without money",
                lambda data: _most_frequent,
                "These customers order most often. Many small orders are not much money, and a call costs the "
                "same for all.",
            ),
            Mistake(
                "both years together",
                lambda data: _both_years,
                "Two years hold less luck than one, but also people who left long ago. When did they order last?",
            ),
            Mistake(
                "the sleepers",
                lambda data: _quiet_ones,
                "These are large customers who have gone quiet. The table above shows what silence is worth the "
                "year after: "
                "little. The call adds a share of what they would have spent anyway.",
            ),
            Mistake(
                "too many calls",
                lambda data: (
                    lambda customers: (
                        customers["spend_recent"]
                        .where(customers["recency_days"] <= QUIET_DAYS, 0)
                        .nlargest(CALLS)
                        .index
                    )
                ),
                "Good: nobody on it has gone quiet. But the list is full, and its last calls cost more than they "
                "bring. From "
                "which expected sales on does a call pay for itself?",
            ),
            Mistake(
                "nobody",
                lambda data: _nobody,
                "Calling nobody costs nothing and earns nothing. Some customers are worth a call.",
            ),
        ),
        hints=(
            "Expect something from each customer, then call only where a call pays for itself. Last year's sales "
            "are a start.",
            'Silence weighs more than money: leave out whom `customers["recency_days"]` shows as quiet for more '
            "than 90 days.",
            'Active customers keep a good four fifths of their sales: `expected = 0.83 * active["spend_recent"]`.',
            "Call those whose expected sales exceed the break-even: `expected[expected > break_even].index`.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="3.a",
        question="Of the 500 customers who spent most in 2024, how many are among the top 500 of 2025?",
        kind=Number(0, 500, "customers", whole=True),
    ),
)
