"""Lesson 10, churn prediction: its shop, exercises and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crmlab import churn, features
from crmlab.exercises.answers import Choice, Number
from crmlab.exercises.decision import Rule, Selection, Shop
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData

TITLE = "churn prediction"

LEARN, TEST, TODAY = "2024-12-31", "2025-06-30", "2025-12-31"
"""Cut-offs: to learn from, to be tested on, and the day of the decision; each month of the world ends on one."""

HORIZON = 180
"""Days after a cut-off in which an order counts."""

ACTIVE_DAYS = 180
"""Whoever has ordered within so many days is asked about."""

SILENT_DAYS = 90
WINDOWS = (30, 90, 180, 365)

CALLS = 300
CALL_COST = 3.0
WOKEN = 0.3
ORDERS_OF_A_WOKEN = 2
"""A call wakes three in ten of those who would fall silent and can still be reached; who is woken orders twice."""

# In one shop the good rule picks up 0.28 of what the list by risk leaves lying (standard deviation over ten shops:
# 0.06),
# a list by the value of an order alone 0.04. The mean of three shops keeps them apart at 0.15.
OTHER_SHOPS = 3
_OTHER_SHOP = 3_100_000_000


def customers_at(orders: pd.DataFrame, as_of: str) -> pd.DataFrame:
    """Return what the orders say on a day of the customers who have ordered in the half-year before.

    Parameters
    ----------
    orders : DataFrame
        Transactions; later ones are not looked at.
    as_of : str
        The day.
    """
    table = features.activity(orders, as_of=as_of, windows=WINDOWS).set_index("customer_id")
    table["order_value"] = table["spend_365d"] / table["orders_365d"]
    return table[table["days_since_last"] < ACTIVE_DAYS]


def fell_silent(orders: pd.DataFrame, as_of: str, customers: pd.DataFrame) -> pd.Series:
    """Return who of `customers` ordered nothing in the half-year after a day."""
    labels = features.label_windows(orders, as_of=as_of, horizon=HORIZON).labels.set_index("customer_id")
    return ~labels.loc[customers.index, "stayed"]


def chance_of_silence(run: Any, customers: pd.Index, *, month: int) -> pd.DataFrame:
    """Return the true chance of ordering nothing for a half-year, and who is gone already.

    It takes the true order rate μ and hazard of leaving h at the start of a month as they are then: of a customer still
    there, ``(h + μ exp(−(h + μ) T)) / (h + μ)``; of one who has left, 1.

    Parameters
    ----------
    run : Run
        The simulated tables with their truth.
    customers : Index
        Customers.
    month : int
        Month from whose start on nothing is ordered, at least 1.
    """
    states = run.truth.months
    now = states[states["month"] == month - 1].set_index("customer_id")[["order_rate", "hazard"]].reindex(customers)
    death = run.truth.customers.set_index("customer_id")["death_time"].reindex(customers)
    rate, hazard = now["order_rate"].astype(float), now["hazard"].astype(float)
    total, months = rate + hazard, HORIZON * 12 / 365.25
    gone = now["order_rate"].isna() | (death <= month)
    chance = (hazard + rate * np.exp(-total * months)) / total
    return pd.DataFrame({"chance": chance.where(~gone, 1.0), "gone": gone})


@dataclass
class Data(LessonData):
    """The shop of lesson 10: two years of orders, customers at three cut-offs, and other shops for the decision."""

    @cached_property
    def learn(self) -> tuple[pd.DataFrame, pd.Series]:
        """Customers at the end of 2024, and who of them fell silent."""
        return self._labelled(LEARN)

    @cached_property
    def test(self) -> tuple[pd.DataFrame, pd.Series]:
        """Customers at the end of June 2025, and who of them fell silent."""
        return self._labelled(TEST)

    @cached_property
    def risk(self) -> pd.Series:
        """The model's probability of falling silent, for the customers at the end of June 2025."""
        X, y = self.learn
        fitted = churn.customer_pipeline(X).fit(X, y)
        return pd.Series(fitted.predict_proba(self.test[0])[:, 1], self.test[0].index, name="risk")

    @cached_property
    def profit_rate(self) -> float:
        """Profit on each euro that the best 500 customers of 2025 spent: what the firm's books say."""
        return profit_rate(self.run)

    @cached_property
    def export(self) -> pd.DataFrame:
        """What the firm's computer gives when it is asked for its customers today, for those of the test cut-off."""
        customers = self.run.customers.set_index("customer_id").loc[self.test[0].index]
        return pd.DataFrame(
            {
                "channel": customers["channel"],
                "region": customers["region"],
                "tier": customers["segment_crm"],
                "win_back_mails": win_back_mails(self.run.transactions, self.test[0].index),
            }
        )

    @cached_property
    def other_shops(self) -> tuple[Shop, ...]:
        """Shops with other people, and what a call to each of them is truly worth."""
        return tuple(_shop(Data(seed=_OTHER_SHOP + OTHER_SHOPS * self.seed + k)) for k in range(OTHER_SHOPS))

    def _labelled(self, as_of: str) -> tuple[pd.DataFrame, pd.Series]:
        orders = self.run.transactions
        customers = customers_at(orders, as_of)
        return customers, fell_silent(orders, as_of, customers)


def profit_rate(run: Any) -> float:
    """Return the profit on each euro that the best 500 customers of the last year spent."""
    recent = run.transactions[run.transactions["ts"] >= "2025"]
    best = recent.groupby("customer_id")["net"].sum().nlargest(500)
    months = run.truth.months
    profit = months.loc[(months["month"] >= 12) & months["customer_id"].isin(best.index), "profit"].sum()
    return float(profit / best.sum())


def win_back_mails(orders: pd.DataFrame, customers: pd.Index) -> pd.Series:
    """Return how many "we miss you" mails each customer got by today: one at each month's end after 90 silent days."""
    ends = pd.date_range("2025-07-31", TODAY, freq="ME")
    count = pd.Series(0, index=customers, name="win_back_mails")
    for end in ends:
        last = orders.loc[orders["ts"] < end + pd.Timedelta(days=1)].groupby("customer_id")["ts"].max()
        count += ((end - last.reindex(customers)).dt.days > SILENT_DAYS).astype(int)
    return count


def _shop(data: Data) -> Shop:
    """Return a shop at the end of 2025, with the risk that a model of its own gives, and the true gain of a call."""
    orders = data.run.transactions
    X, y = data.test
    customers = customers_at(orders, TODAY)
    customers["risk"] = churn.customer_pipeline(X).fit(X, y).predict_proba(customers)[:, 1]
    customers["order_profit"] = data.profit_rate * customers["order_value"]
    true = chance_of_silence(data.run, customers.index, month=24)
    value = data.world.scenario.traits.order_value_shape / data.run.truth.traits.set_index("customer_id")["spend_rate"]
    brought = ORDERS_OF_A_WOKEN * data.profit_rate * value.reindex(customers.index)
    gain = (WOKEN * true["chance"] * brought).where(~true["gone"], 0.0)
    return Shop(customers, gain.astype(float))


def _rule(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return who fell silent, and whom the rule "silent for more than 90 days" named."""
    X, y = data.test
    return y.to_numpy(), (X["days_since_last"] > SILENT_DAYS).to_numpy()


def _riskiest(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return who fell silent, and who is among the 300 with the highest risk."""
    y = data.test[1]
    return y.to_numpy(), y.index.isin(data.risk.nlargest(CALLS).index)


def _late_columns(data: Data) -> pd.Series:
    """Return how well each column of the export ranks alone, those that are filled today only."""
    audit = churn.audit_leakage(data.export, data.test[1])
    return audit.loc[["tier", "win_back_mails"], "power"]


def by_risk(customers: pd.DataFrame) -> pd.Index:
    """Return the manager's choice: the 300 customers most at risk."""
    return customers["risk"].nlargest(CALLS).index


def by_stake(customers: pd.DataFrame) -> pd.Index:
    """Return whom a call is expected to pay for: risk times what is at stake above its cost."""
    expected = WOKEN * customers["risk"] * ORDERS_OF_A_WOKEN * customers["order_profit"]
    return expected[expected > CALL_COST].nlargest(CALLS).index


def _by_value(customers: pd.DataFrame) -> pd.Index:
    return customers["order_profit"].nlargest(CALLS).index


def _by_last_year(customers: pd.DataFrame) -> pd.Index:
    return customers["spend_365d"].nlargest(CALLS).index


def by_silence(customers: pd.DataFrame) -> pd.Index:
    """Return the 300 customers who have been silent for longest."""
    return customers["days_since_last"].nlargest(CALLS).index


def _nobody(customers: pd.DataFrame) -> pd.Index:
    return customers.index[:0]


def _rule_of(rule: Rule) -> Any:
    return lambda data: rule


EXERCISES = (
    Exercise(
        id="10.1",
        question="What is the error rate of the rule “silent for more than 90 days”?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: churn.error_and_miss(*_rule(data)).error_rate,
        praise="{answer} of those whom the rule gives up on order again within the half-year.",
        mistakes=(
            Mistake(
                "the right ones",
                lambda data: 1 - churn.error_and_miss(*_rule(data)).error_rate,
                "{answer} is the share of the named who did fall silent. The error rate is the rest of them.",
            ),
            Mistake(
                "the miss rate",
                lambda data: churn.error_and_miss(*_rule(data)).miss_rate,
                "{answer} is the miss rate: of those who fell silent, the share whom the rule did not name. The "
                "error rate "
                "looks at the named.",
            ),
            Mistake(
                "of all customers",
                lambda data: float(np.mean(_rule(data)[0] != _rule(data)[1])),
                "{answer} counts both kinds of mistake among all customers. The error rate looks only at those whom "
                "the "
                "rule named.",
            ),
            Mistake(
                "of those who stayed",
                lambda data: float(np.mean(_rule(data)[1][~_rule(data)[0]])),
                "{answer} is the share of the stayers whom the rule named. Turn it round: of the named, who stayed?",
            ),
        ),
        hints=(
            "Two columns of yes and no: who was named, and who fell silent.",
            'Named: `named = summer["days_since_last"] > 90`.',
            "`crm.churn.error_and_miss(silent_summer, named).error_rate`",
        ),
    ),
    Exercise(
        id="10.2",
        question="What is the miss rate of the 300 customers with the highest risk?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: churn.error_and_miss(*_riskiest(data)).miss_rate,
        praise="{answer} of those who fell silent were not on the list. A short list always misses many.",
        mistakes=(
            Mistake(
                "the formula of the textbook",
                lambda data: 1 - churn.error_and_miss(*_riskiest(data)).miss_rate,
                "{answer} is the share that was found. That is the formula some textbooks print under the name of miss "
                "rate, and then they say that lower is better. Count those who were missed.",
            ),
            Mistake(
                "the error rate",
                lambda data: churn.error_and_miss(*_riskiest(data)).error_rate,
                "{answer} is the error rate of the list: of the named, who stayed. Look at those who fell silent.",
            ),
            Mistake(
                "of all customers",
                lambda data: float(np.mean(_riskiest(data)[0] & ~_riskiest(data)[1])),
                "{answer} divides the missed by all customers. Divide them by those who fell silent.",
            ),
        ),
        hints=(
            "Who is on the list? Then: of those who fell silent, who is not?",
            "On the list: `listed = summer.index.isin(risk.nlargest(300).index)`.",
            "`crm.churn.error_and_miss(silent_summer, listed).miss_rate`",
        ),
    ),
    Exercise(
        id="10.3",
        question="Which column of the export ranks best, and will be worth nothing on the day of the decision?",
        kind=Choice(("channel", "region", "tier", "win_back_mails", "days_since_last")),
        solve=lambda data: str(_late_columns(data).idxmax()),
        praise=(
            "`{answer}` is filled because a customer falls silent. On the day of the decision nobody has been sent "
            "one yet "
            "for the silence to come."
        ),
        mistakes=(
            Mistake(
                "the weaker leak",
                lambda data: str(_late_columns(data).idxmin()),
                "`{answer}` leaks too, since the firm sets it again every night. But another column ranks better "
                "still.",
            ),
            Mistake(
                "strong and honest",
                lambda data: "days_since_last",
                "`{answer}` is strong and honest: on the cut-off day it is known. It is not even in the export.",
            ),
        ),
        hints=(
            "Ask of each column: when is it filled, and would it look like this on 30 June?",
            'Look at the column `power` of the audit: `audit["power"]`.',
            "Mails that say “we miss you” are sent to whom, and when?",
        ),
    ),
    Selection(
        id="10.4",
        question="Whom do we call, and how many?",
        most=CALLS,
        cost=CALL_COST,
        shops=lambda data: data.other_shops,
        usual=by_risk,
        solve=_rule_of(by_stake),
        enough=0.15,
        praise="You weigh the risk with what is at stake, and stop where a call no longer pays.",
        mistakes=(
            Mistake(
                "risk alone",
                _rule_of(by_risk),
                "This is the list by risk. Many on it are gone for good, and what the others order is worth little. "
                "What "
                "is at stake with each customer?",
            ),
            Mistake(
                "silence alone",
                _rule_of(by_silence),
                "These are the longest silent. For a rare buyer a long silence is nothing unusual; the model knows "
                "that.",
            ),
            Mistake(
                "value alone",
                _rule_of(_by_value),
                "These customers place the largest orders. Most of them will order again without a call, and every "
                "call "
                "costs the same.",
            ),
            Mistake(
                "last year's sales",
                _rule_of(_by_last_year),
                "These customers spent most last year: they are the least likely to fall silent.",
            ),
            Mistake(
                "nobody",
                _rule_of(_nobody),
                "Calling nobody costs nothing and earns nothing. Some calls pay.",
            ),
        ),
        hints=(
            "What does a call bring on average? A chance, times a chance, times money.",
            "Three in ten of those who would fall silent are woken and order twice: `0.3 * risk * 2 * order_profit`.",
            'In the function: `expected = 0.3 * customers["risk"] * 2 * customers["order_profit"]`.',
            "Call where it exceeds the cost: `expected[expected > 3].nlargest(300).index`.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="10.a",
        question="Of 100 customers silent for more than 90 days, how many order again within half a year?",
        kind=Number(0, 100, "customers"),
    ),
)
