"""Lesson 04, segmentation: its shop, exercises and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crmlab import segmentation
from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Selection, Shop
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData
from crmlab.streams import uniform
from crmlab.world.world import World

TITLE = "segmentation"

AS_OF = "2025-06-30"
"""Day that the indicators describe; they are half a year old when the offers are made."""

OFFERS = {"club price": {"price": 0.9}, "consultant": {"personal_care": 0.8}}
"""What a customer may be offered, from January 2026 on; the usual levels are 1 and 0.3."""

OFFER_MONTH = 24
REPLICATIONS = 16
GROUPS = 4

RESPONDENTS = 2_000
"""Of the 3,000 customers of the first day; about 600 of those described by indicators are among them."""

# Last autumn's code: 20% off all orders of the quarter, and the chance of getting it by channel.
CODE = 0.20
CODE_MONTHS = (21, 24)
CODE_CHANCE = {"organic": 0.10, "search": 0.25, "social": 0.65, "price_comparison": 0.85, "partner": 0.05}

# In one shop the rule picks up 0.53 to 0.67 of what an offer to everybody leaves lying.
OTHER_SHOPS = 2
ENOUGH = 0.45

# The decision is tried on shops with other seeds, far from those that courses and students get.
_OTHER_SHOP = 4_000_000_000


@dataclass
class Data(LessonData):
    """The shop of lesson 04: two years of a cosmetics shop that counts 300 things about each customer."""

    customers: int = 3_000

    @cached_property
    def world(self) -> Any:
        """The world, before anything is done to it; its study of needs reached two thirds of the customers."""
        shop = World(self.scenario, customers=self.customers, months=self.months, seed=self.seed)
        return shop.changed({"studies.respondents": round(self.customers * RESPONDENTS / 3_000)})

    @cached_property
    def next_year(self) -> Any:
        """The same shop with 2026 still to come: offers begin in month 24."""
        return self.world.with_people(seed=self.seed, customers=self.customers, months=36)

    @cached_property
    def table(self) -> pd.DataFrame:
        """The 300 indicators, one row per customer, indexed by ``customer_id``."""
        return self.run.indicators.set_index("customer_id").drop(columns="value_next")

    @cached_property
    def again(self) -> pd.Series:
        """Whether each of them bought in the half-year that followed."""
        later = self.run.indicators.set_index("customer_id")["value_next"]
        return (later > 0).rename("again")

    @cached_property
    def book(self) -> pd.DataFrame:
        """What the order book says of them: ``orders``, ``revenue`` (€), ``days_silent``; ``region``, ``channel``."""
        known = self.run.customers.set_index("customer_id").reindex(self.table.index)
        own = self.table[list(self.order_book)].set_axis(list(self.order_book.values()), axis=1)
        return own[["orders", "revenue", "days_silent"]].join(known[["region", "channel"]])

    @cached_property
    def order_book(self) -> dict[str, str]:
        """Indicators that come from the firm's own order book, and what they are called in `book`."""
        truth = self.run.truth.indicators
        measured = truth[truth["role"] == "measured"].set_index("description")["indicator"]
        short = {
            "orders in twelve months": "orders",
            "revenue in twelve months, €": "revenue",
            "days since the last order": "days_silent",
        }
        return {str(name): short.get(text, text) for text, name in measured.items()}

    @cached_property
    def audit(self) -> pd.DataFrame:
        """What the screening for leaks says of each indicator."""
        updated = self.run.indicator_list.set_index("indicator")["updated"]
        return segmentation.screen_leaks(
            self.table, self.again, as_of=AS_OF, updated=updated, trusted=list(self.order_book)
        )

    @cached_property
    def price_first(self) -> pd.Series:
        """How early those asked put a fair price when they could keep only some needs: minus its rank."""
        needs = self.run.needs
        asked = needs[needs["need"] == "fair_price"].set_index("customer_id")["forced_rank"]
        return -asked.astype(float).rename("price")

    @cached_property
    def scores(self) -> pd.DataFrame:
        """``again`` and ``price`` of everybody, in standard deviations."""
        return self.scores_from(self.audit.index[~self.audit["leaks"]])

    def scores_from(self, clean: Any) -> pd.DataFrame:
        """Return both scores from a choice of indicators.

        Parameters
        ----------
        clean : sequence of str
            Indicators to use.
        """
        kept = self.table[[name for name in self.table.columns if name in set(clean)]]
        return pd.concat(
            [segmentation.typing_score(kept, self.again), segmentation.typing_score(kept, self.price_first)], axis=1
        )

    @cached_property
    def groups(self) -> pd.Series:
        """The four groups that the lesson finds in the scores."""
        labels = segmentation.Segmenter(k=GROUPS).fit(self.scores).labels_
        return pd.Series(labels, index=self.scores.index, name="group")

    @cached_property
    def effects(self) -> pd.DataFrame:
        """What each offer is truly expected to add to the profit of 2026, in € per customer."""
        return pd.DataFrame({name: self.effect(levers) for name, levers in OFFERS.items()})

    def effect(self, levers: dict[str, float]) -> pd.Series:
        """Return what some levers add to each customer's profit in 2026, in €, luck removed.

        Parameters
        ----------
        levers : dict of str to float
            Given to everybody, from January on.
        """
        changed = self.next_year.do(start=OFFER_MONTH, **levers)
        found = self.next_year.treatment_effect(changed, horizon=12, replications=REPLICATIONS)
        return found["value_effect"].reindex(self.table.index, fill_value=0.0)

    @cached_property
    def autumn(self) -> pd.DataFrame:
        """The test of last autumn: whether each customer ``got`` a code for 20% off, and ``came`` in the quarter."""
        start, stop = CODE_MONTHS
        orders, people = self.run.transactions, self.run.customers.set_index("customer_id")
        recent = orders[(orders["ts"] >= "2024-10-01") & (orders["ts"] < "2025-10-01")]
        ids = np.unique(recent["customer_id"])
        channel = people["channel"].reindex(ids).astype("str")
        chance = channel.map(CODE_CHANCE).fillna(0.10).to_numpy(float)
        got = uniform(ids, seed=self.seed, mechanism="indicator", month=40_000) < chance
        plan = pd.DataFrame({"customer_id": ids[got], "price": 1 - CODE})
        tested = self.world.do(plan, start=start, stop=stop).simulate().transactions
        came = np.isin(ids, tested.loc[tested["ts"] >= "2025-10-01", "customer_id"])
        index = pd.Index(ids, name="customer_id")
        return pd.DataFrame({"channel": channel.to_numpy(), "got": got, "came": came}, index=index)

    @cached_property
    def other_shops(self) -> tuple[Shop, ...]:
        """Shops of the same kind with other people, and what the club price is truly worth with each of them."""
        shops = []
        for number in range(OTHER_SHOPS):
            other = Data(seed=_OTHER_SHOP + OTHER_SHOPS * self.seed + number, customers=self.customers)
            truth = other.run.truth.indicators
            clean = truth.loc[truth["role"] != "leaking", "indicator"]
            shops.append(Shop(other.book.join(other.scores_from(clean)), other.effect(OFFERS["club price"])))
        return tuple(shops)


def _choices(data: Data) -> pd.DataFrame:
    """Return what each offer adds to each customer's profit, no offer among them."""
    return data.effects.assign(nothing=0.0)


def _means(data: Data) -> pd.DataFrame:
    return _choices(data).groupby(data.groups).mean()


def _by_group(data: Data) -> float:
    return float(_choices(data).groupby(data.groups).sum().max(axis=1).sum())


def _one_for_all(data: Data) -> float:
    return float(_choices(data).sum().max())


def _within(data: Data, weights: str) -> float:
    """Return by how much the share who came differs within channels, channels weighed by some count."""
    table = data.autumn
    rates = table.groupby(["channel", "got"])["came"].mean().unstack()
    who = {"all": table["channel"], "with": table.loc[table["got"], "channel"]}.get(weights)
    weight = pd.Series(1.0, rates.index) if who is None else who.value_counts().reindex(rates.index, fill_value=0)
    difference = (rates[True] - rates[False]).dropna()
    return float((difference * weight[difference.index]).sum() / weight[difference.index].sum())


def _overall(data: Data) -> float:
    share = data.autumn.groupby("got")["came"].mean()
    return float(share[True] - share[False])


def everybody(customers: pd.DataFrame) -> pd.Index:
    """Return the plan of one offer for all."""
    return customers.index


def _price_watchers(customers: pd.DataFrame) -> pd.Index:
    return customers.index[customers["price"] > -0.25]


EXERCISES = (
    Exercise(
        id="4.1",
        question="By how much does the best offer for each group beat the best single offer for everybody, in €?",
        kind=Number(-1_000_000, 10_000_000, "€", within=5),
        solve=lambda data: _by_group(data) - _one_for_all(data),
        praise="{answer} more in a year, from the same two offers: this is what dividing by response is worth.",
        mistakes=(
            Mistake(
                "the plan alone",
                lambda data: _by_group(data),
                "{answer} is what the plan by groups brings. How much of it would the best single offer bring?",
            ),
            Mistake(
                "one offer for all",
                lambda data: _one_for_all(data),
                "{answer} is what the best single offer brings. The question is how much the groups add.",
            ),
            Mistake(
                "heads forgotten",
                lambda data: float(_means(data).max(axis=1).sum() - _choices(data).mean().max()),
                "{answer} adds up euros per head. Groups have hundreds of heads: take sums instead of means.",
            ),
            Mistake(
                "every customer alone",
                lambda data: float(_choices(data).max(axis=1).sum() - _one_for_all(data)),
                "{answer} gives each customer the best offer of all. No firm knows it; choose one for each group.",
            ),
            Mistake(
                "the club price only",
                lambda data: float(
                    data.effects["club price"].groupby(data.groups).sum().clip(lower=0).sum() - _one_for_all(data)
                ),
                "{answer} gives the club price where it pays, and never the consultant.",
            ),
        ),
        hints=(
            "`effects` has a row for each customer and a column for each offer; `groups` says who belongs where.",
            "What each offer brings in each group: `total = effects.groupby(groups).sum()`.",
            "The best of each row: `total.max(axis=1).sum()`. The best single offer: `effects.sum().max()`.",
        ),
    ),
    Exercise(
        id="4.2",
        question="By how much did the code raise the share of customers who came, channel by channel?",
        kind=Number(-1, 1, "share", within=0.001),
        solve=lambda data: _within(data, "all"),
        praise=(
            "{answer}, channels weighed by their customers. All in one pot, the code answers for the channels that it "
            "was sent to: Simpson's paradox. (Two thousand people give this to two or three points.)"
        ),
        mistakes=(
            Mistake(
                "all in one pot",
                _overall,
                "{answer} compares everybody with the code to everybody without. The codes went to other channels "
                "than the rest, and channels differ in how many come anyway. Compare within each.",
            ),
            Mistake(
                "every channel alike",
                lambda data: _within(data, "alike"),
                "{answer} is the plain mean over channels, in which a hundred people count as much as five hundred. "
                "Weigh each channel by its customers.",
            ),
            Mistake(
                "those with the code",
                lambda data: _within(data, "with"),
                "{answer} weighs channels by those who got the code. Weigh by all customers.",
            ),
            Mistake(
                "the wrong way round",
                lambda data: -_within(data, "all"),
                "{answer} is without minus with. Turn it.",
            ),
        ),
        hints=(
            "Which share came, with and without the code, in each channel?",
            '`rates = autumn.groupby(["channel", "got"])["came"].mean().unstack()`; the difference of its columns.',
            'Weights: `weight = autumn["channel"].value_counts(normalize=True)`.',
            "`((rates[True] - rates[False]) * weight).sum()`",
        ),
    ),
    Selection(
        id="4.3",
        question="Who gets the club price?",
        most=100_000,
        cost=0.0,
        shops=lambda data: data.other_shops,
        usual=everybody,
        solve=lambda data: _price_watchers,
        enough=ENOUGH,
        praise="Whoever does not watch prices would have paid the full one.",
        mistakes=(
            Mistake(
                "one offer for all",
                lambda data: everybody,
                "This is one offer for all. Some of them would have bought as much at the full price.",
            ),
            Mistake(
                "the best customers",
                lambda data: _best_customers,
                "These are the largest customers. A lower price costs most with them, unless they watch prices.",
            ),
            Mistake(
                "those who come anyway",
                lambda data: _faithful,
                "These are the customers most likely to come again. Many come at any price. Which score is about the "
                "price?",
            ),
            Mistake(
                "the sleepers",
                lambda data: _sleepers,
                "These have gone quiet. Where hardly anybody buys, a lower price changes little.",
            ),
            Mistake(
                "the wrong way round",
                lambda data: _price_blind,
                "These are the customers to whom the price matters least: they take the discount and buy as before.",
            ),
            Mistake(
                "only the keenest",
                lambda data: _keenest,
                "The right people, and too few of them. Below the keenest there are many for whom it still pays.",
            ),
            Mistake(
                "nobody",
                lambda data: _nobody,
                "Nobody gets it, and nothing is earned. For some it pays.",
            ),
        ),
        hints=(
            "A lower price pays with those who buy more because of it. Which column tells how much they care?",
            '`customers["price"]` is the score: above 0, a fair price comes earlier than on average.',
            "Somewhat below the average it still pays: try `> -0.25`.",
        ),
    ),
)


def _best_customers(customers: pd.DataFrame) -> pd.Index:
    return customers["revenue"].nlargest(len(customers) // 2).index


def _faithful(customers: pd.DataFrame) -> pd.Index:
    return customers.index[customers["again"] > 0]


def _sleepers(customers: pd.DataFrame) -> pd.Index:
    return customers.index[customers["days_silent"] > 90]


def _price_blind(customers: pd.DataFrame) -> pd.Index:
    return customers.index[customers["price"] < 0]


def _keenest(customers: pd.DataFrame) -> pd.Index:
    return customers.index[customers["price"] > 1.25]


def _nobody(customers: pd.DataFrame) -> pd.Index:
    return customers.index[:0]


PREDICTIONS = (
    Prediction(
        id="4.a",
        question="Of 100 customers, how many are with the same people again when the groups are found anew?",
        kind=Number(0, 100, "customers", within=5),
    ),
)
