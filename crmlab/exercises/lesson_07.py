"""Lesson 07, complaints and recovery: its shop, exercises and predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from crmlab import loyalty
from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Setting
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData

TITLE = "complaints and recovery"

HALF_YEAR = pd.Timedelta(days=182)
CHANGE_MONTH = 12
SPEAK = "traits.complaint_propensity_mean"
ASKED = 0.6
"""Share of problems that reach the desk of the shop in which customers have always been asked."""

USUAL = 0.045
"""Share of problems that customers of these shops bring up by themselves, in the mean."""

HALVING = 0.35
"""€ an order: each time so much is spent on asking, half of those still silent speak. An assumption of the lesson."""

AFTER_SALES = (0.0, 0.5, 1.0)
"""Levels of the lever; the firm spends 6 € × (0.5 + level) on a complaint."""

_SPEAKING = (USUAL, 0.25, 0.6, 0.95)
_SMALL_SHOP, _OTHER_CUSTOMERS = 1_000, 2_500
_REPLICATIONS = 2

# The decision is tried on a shop with another seed, far from those that courses and students get.
_OTHER_SHOP = 7_000_000_000


def orders_table(run: Any) -> pd.DataFrame:
    """Return one row per order with what the firm knows of how it went.

    Parameters
    ----------
    run : Run
        The simulated tables.

    Returns
    -------
    DataFrame
        Index: order_id. ``customer_id``, ``ts``, ``late`` (arrived after the promised day), ``complained``, ``path``
        (``no problem``, ``silent``: late without a complaint, or how a complaint ended; missing while it is open) and
        ``came`` (the customer ordered again within half a year, 1 or 0; missing where that is not over).
    """
    orders = run.transactions[["order_id", "customer_id", "ts"]].sort_values(["customer_id", "ts"])
    following = orders.groupby("customer_id")["ts"].shift(-1)
    over = orders["ts"] + HALF_YEAR <= orders["ts"].max().normalize()
    orders["came"] = ((following - orders["ts"]) <= HALF_YEAR).astype(float).where(over)
    orders = orders.set_index("order_id").sort_values("ts", kind="stable")
    delay = run.deliveries.set_index("order_id")["delay_days"].reindex(orders.index)
    orders["late"] = (delay.astype(float) > 0).to_numpy()
    outcome = run.tickets.set_index("order_id")["outcome"].astype(object)
    orders["complained"] = orders.index.isin(outcome.index)
    path = pd.Series(np.where(orders["late"], "silent", "no problem"), index=orders.index, dtype=object)
    orders["path"] = path.where(~orders["complained"], outcome.reindex(orders.index))
    return orders[["customer_id", "ts", "late", "complained", "path", "came"]]


def felt_table(run: Any) -> pd.DataFrame:
    """Return how satisfied customers truly are some weeks after an order, by how the order went.

    Only the simulation can tell: everybody who was invited to a survey counts, answered or not.

    Parameters
    ----------
    run : Run
        The simulated tables and their truth.

    Returns
    -------
    DataFrame
        Index: path. ``satisfaction`` (mean, its scale is that of the truth), ``error`` (standard error), ``customers``.
    """
    orders, truth = orders_table(run), run.truth.surveys
    rows = []
    for wave, sent in run.surveys.groupby("wave")["sent_date"].first().items():
        day = pd.Timestamp(sent)
        recent = orders[(orders["ts"] >= day - pd.Timedelta(days=70)) & (orders["ts"] < day - pd.Timedelta(days=10))]
        last = recent.groupby("customer_id")["path"].last()
        there = truth[(truth["wave"] == wave) & truth["still_customer"]].set_index("customer_id")["satisfaction"]
        rows.append(pd.DataFrame({"path": last, "satisfaction": there.reindex(last.index)}))
    felt = pd.concat(rows).dropna().groupby("path")["satisfaction"].agg(["mean", "sem", "size"])
    return felt.set_axis(["satisfaction", "error", "customers"], axis=1)


def speaking(spent: Any) -> Any:
    """Return the share of problems that reach the desk when so much is spent on asking.

    Parameters
    ----------
    spent : float or array
        € an order.
    """
    return 1 - (1 - USUAL) * 0.5 ** (np.asarray(spent, dtype=float) / HALVING)


@dataclass
class Data(LessonData):
    """The shop of lesson 07: two years of a cosmetics shop, its tickets, reviews and parcels."""

    _profits: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """All orders; see `orders_table`."""
        return orders_table(self.run)

    @cached_property
    def asked_run(self) -> Any:
        """The same people in a shop where asking has always been the custom: six problems of ten reach the desk."""
        return self.world.changed({SPEAK: ASKED}).simulate()

    @cached_property
    def asked_orders(self) -> pd.DataFrame:
        """All orders of that shop; see `orders_table`."""
        return orders_table(self.asked_run)

    @cached_property
    def felt(self) -> pd.DataFrame:
        """What its customers truly feel by how their last order went; see `felt_table`."""
        return felt_table(self.asked_run)

    @cached_property
    def bad_reviews(self) -> pd.DataFrame:
        """Reviews of 3 stars or fewer."""
        return self.run.reviews[self.run.reviews["stars"] <= 3]

    @cached_property
    def desk(self) -> pd.DataFrame:
        """What speaking up and recovery bring in a year, in a small shop with other people of the same kind.

        Index: ``after_sales`` and ``speak``. ``profit`` (€, expected, luck of that year removed) and ``orders``.
        """
        return self._desk(AFTER_SALES, seed=self.seed, customers=_SMALL_SHOP)

    def profit_elsewhere(self, spent: float) -> float:
        """Return a year's expected profit of another shop that spends so much on asking, what it spends taken off.

        Parameters
        ----------
        spent : float
            € an order.
        """
        if "profit" not in self._profits:
            table = self._desk((0.5,), seed=_OTHER_SHOP + self.seed, customers=_OTHER_CUSTOMERS).loc[0.5]
            for name in ("profit", "orders"):
                self._profits[name] = PchipInterpolator(table.index.to_numpy(), table[name].to_numpy())
        share = speaking(spent)
        # Nobody asks so much that more than 19 of 20 speak; beyond, only the money goes.
        share = np.minimum(share, max(_SPEAKING))
        return float(self._profits["profit"](share) - spent * self._profits["orders"](share))

    def _desk(self, levels: tuple[float, ...], *, seed: int, customers: int) -> pd.DataFrame:
        shop = Data(seed=seed, customers=customers).world
        rows = {}
        for level in levels:
            for share in _SPEAKING:
                world = shop.changed({SPEAK: share}).do(start=CHANGE_MONTH, after_sales=level)
                year = world.expected(from_month=CHANGE_MONTH, horizon=12, replications=_REPLICATIONS)
                rows[level, share] = (year["expected_value"].sum(), year["expected_orders"].sum())
        index = pd.MultiIndex.from_tuples(rows, names=["after_sales", "speak"])
        return pd.DataFrame(list(rows.values()), index=index, columns=["profit", "orders"])


def _late_share(data: Data) -> float:
    return float(data.orders.loc[data.orders["late"], "complained"].mean())


def _on_time(data: Data) -> float:
    """Complaints about orders that arrived in time."""
    return float((data.orders["complained"] & ~data.orders["late"]).sum())


def _logistics(data: Data, column: str = "share") -> float:
    return float(loyalty.cause_shares(data.bad_reviews["causes"])[column].to_dict()["logistics"])


EXERCISES = (
    Exercise(
        id="7.1",
        question="Which share of the customers with a late parcel kept silent?",
        kind=Number(0, 1, "share", within=0.0005),
        solve=lambda data: 1 - _late_share(data),
        praise="{answer}, counted, not guessed: the deliveries know every late parcel, complaint or not.",
        mistakes=(
            Mistake(
                "those who spoke",
                _late_share,
                "{answer} did complain. The silent are the others.",
            ),
            Mistake(
                "of all orders",
                lambda data: 1 - float(data.orders["complained"].mean()),
                "{answer} of *all* orders brought no complaint, and most of these had no reason. Keep the late ones.",
            ),
            Mistake(
                "all complaints over late parcels",
                lambda data: 1 - float(data.orders["complained"].sum() / data.orders["late"].sum()),
                "{answer} sets complaints about everything against late parcels. Count complaints about late ones.",
            ),
        ),
        hints=(
            'Keep the late orders first: `orders[orders["late"]]`.',
            "The mean of a column of True and False is a share.",
            '`1 - orders.loc[orders["late"], "complained"].mean()`',
        ),
    ),
    Exercise(
        id="7.2",
        question="How many problems stand behind the complaints about parcels that came in time?",
        kind=Number(0, 1_000_000, "problems", within=1),
        solve=lambda data: _on_time(data) / _late_share(data),
        praise=(
            "{answer}: damaged, wrong or missing goods, and no table of the firm lists them. What you can see, late "
            "parcels, taught you about what you cannot."
        ),
        mistakes=(
            Mistake(
                "the tip",
                _on_time,
                "{answer} is the number of complaints: the tip. Each stands for several problems.",
            ),
            Mistake(
                "all complaints",
                lambda data: float(data.orders["complained"].sum()) / _late_share(data),
                "{answer} is all problems, late parcels among them. Take the complaints about parcels in time only.",
            ),
            Mistake(
                "times instead of divided by",
                lambda data: _on_time(data) * _late_share(data),
                "{answer} is less than the number of complaints. One complaint stands for 1 ÷ share problems: divide.",
            ),
            Mistake(
                "the complaint rate of all orders",
                lambda data: _on_time(data) / float(data.orders["complained"].mean()),
                "{answer} divides by complaints per order. The share wanted is that of people *with a problem*.",
            ),
        ),
        hints=(
            'Complaints about parcels in time: `orders["complained"] & ~orders["late"]`, summed.',
            "Each stands for 1 ÷ p problems, where p is the share who complain. Late parcels tell p.",
            '`(orders["complained"] & ~orders["late"]).sum() / orders.loc[orders["late"], "complained"].mean()`',
        ),
    ),
    Exercise(
        id="7.3",
        question="In which share of the bad reviews is logistics among the causes?",
        kind=Number(0, 1, "share", within=0.0005),
        solve=_logistics,
        praise="{answer}. A review may have several causes, so these shares add up to more than 1.",
        mistakes=(
            Mistake(
                "one cause a review",
                lambda data: float((data.bad_reviews["coded_cause"] == "logistics").mean()),
                "{answer} counts the one cause that an agent noted. `causes` has all that the text names.",
            ),
            Mistake(
                "of the causes",
                lambda data: _logistics(data, "mentions"),
                "{answer} is the share of all causes named. The question is about reviews: the column `share`.",
            ),
            Mistake(
                "reviews without a cause",
                lambda data: float(data.bad_reviews["causes"].fillna("").str.contains("logistics").mean()),
                "{answer} counts reviews that name no cause at all as if they had none. Leave them out.",
            ),
        ),
        hints=(
            "`crm.loyalty.cause_shares` counts every cause in a review.",
            "It takes the column `causes` and gives a table, one row a cause.",
            '`crm.loyalty.cause_shares(bad["causes"]).loc["logistics", "share"]`',
        ),
    ),
    Setting(
        id="7.4",
        question="How many € an order should be spent on asking customers how it went?",
        kind=Number(0, 20, "€", within=0.02),
        payoff=lambda data, spent: data.profit_elsewhere(spent),
        usual=0.0,
        grid=(0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.1, 1.3),
        solve=lambda data: 0.6,
        enough=0.75,
        praise="Complaints multiply, and so does profit. The last silent customers are too dear to be made to speak.",
        mistakes=(
            Mistake(
                "as it is",
                lambda data: 0.0,
                "The desk stays quiet, and those it could have helped leave without a word.",
            ),
            Mistake(
                "a card in the parcel",
                lambda data: 0.05,
                "It costs next to nothing and reaches next to nobody. Look how steep your curve still is there.",
            ),
            Mistake(
                "until nobody is silent",
                lambda data: 3.0,
                "Every problem would be heard, and each of the last ones costs more than its customer brings.",
            ),
            Mistake(
                "as much as a complaint costs",
                lambda data: 6.0,
                "A complaint costs so much once; asking is paid for every order, and most orders have no problem.",
            ),
        ),
        hints=(
            "Move the first control of the explorer above and watch the number in the title.",
            "The best of your shop is close to that of other shops. Where does the curve bend down?",
            "More than 30 cents, less than a euro.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="7.a",
        question="Of 100 late parcels, how many led to a complaint?",
        kind=Number(0, 100, "of 100"),
    ),
)
