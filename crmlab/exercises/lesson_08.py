"""Lesson 08, lifetime value: its shop, exercises and predictions."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from crmlab import features, lifetime
from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Rule, Selection, Shop
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData
from crmlab.world import World
from crmlab.world.scenario import load_scenario

TITLE = "lifetime value"

AS_OF = "2025-12-31"
WEEKS = 365.25 / 7
YEARS = 5
DISCOUNT = 0.10

INVITED = 240
INVITATION_COST = 120.0
INVITATION_LIFT = 0.15

OTHER_SHOPS = 3
REPLICATIONS = 6

# The decision is tried on shops with other seeds, far from those that courses and students get.
_OTHER_SHOP = 4_000_000_000


def customer_table(run: Any) -> pd.DataFrame:
    """Return what the firm knows of each customer at the end of 2025: the repeat summary and the sales of the year.

    Parameters
    ----------
    run : Run
        The simulated tables.
    """
    orders = run.transactions
    summary = features.repeat_summary(orders, as_of=AS_OF).set_index("customer_id")
    windows = features.spend_windows(orders, as_of=AS_OF, days=365).set_index("customer_id")
    return summary.join(windows)


def fitted(customers: pd.DataFrame) -> tuple[lifetime.ParetoNBD, lifetime.GammaGamma]:
    """Return both models, fitted to a table like `customer_table`; doubts are for the lesson to say.

    Parameters
    ----------
    customers : DataFrame
        With the columns of a repeat summary.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lifetime.LifetimeWarning)
        return lifetime.ParetoNBD().fit(customers), lifetime.GammaGamma().fit(customers)


def five_years(customers: pd.DataFrame, margin: float, *, discount_rate: float = DISCOUNT) -> pd.DataFrame:
    """Return the lifetime value of each customer over five years.

    Parameters
    ----------
    customers : DataFrame
        With the columns of a repeat summary.
    margin : float
        Profit on each euro of sales.
    discount_rate : float
        Per year.
    """
    # A rule is tried on the same shops again and again; the value of a euro of sales is then a matter of multiplying.
    columns = ["x", "t_x", "T", "mean_value"]
    key = (int(pd.util.hash_pandas_object(customers[columns]).sum()), discount_rate)
    if key not in _KNOWN:
        if len(_KNOWN) >= 32:
            _KNOWN.pop(next(iter(_KNOWN)))
        orders, spend = fitted(customers)
        _KNOWN[key] = lifetime.lifetime_value(
            orders, spend, customers, margin=1.0, discount_rate=discount_rate, periods_per_year=WEEKS, years=YEARS
        )
    value = _KNOWN[key]
    return value.assign(lifetime_value=margin * value["lifetime_value"])


_KNOWN: dict[tuple[int, float], pd.DataFrame] = {}


@dataclass
class Data(LessonData):
    """The shop of lesson 08: two years of a cosmetics shop, and other shops to try decisions on."""

    customers: int = 3_000

    @cached_property
    def customers_table(self) -> pd.DataFrame:
        """One row per customer at the end of 2025."""
        return customer_table(self.run)

    @cached_property
    def models(self) -> tuple[lifetime.ParetoNBD, lifetime.GammaGamma]:
        """Pareto/NBD and gamma–gamma, fitted to this shop."""
        return fitted(self.customers_table)

    def fitted(self, customers: pd.DataFrame) -> tuple[lifetime.ParetoNBD, lifetime.GammaGamma]:
        """Return Pareto/NBD and gamma–gamma, fitted to a table like `customers_table`.

        Parameters
        ----------
        customers : DataFrame
            With the columns of a repeat summary.
        """
        return fitted(customers)

    @cached_property
    def profit_rate(self) -> float:
        """Profit on each euro of sales in 2025, of all who had bought before: what the firm's books say."""
        months = self.run.truth.months
        old = self.customers_table.index[self.customers_table["spend_before"] > 0]
        profit = months.loc[(months["month"] >= 12) & months["customer_id"].isin(old), "profit"].sum()
        return float(profit / self.customers_table.loc[old, "spend_recent"].sum())

    @cached_property
    def value(self) -> pd.DataFrame:
        """Lifetime value of each customer."""
        return five_years(self.customers_table, self.profit_rate)

    @cached_property
    def stay(self) -> float:
        """Share of the buyers of 2024 who bought again in 2025."""
        table = self.customers_table[self.customers_table["spend_before"] > 0]
        return float((table["spend_recent"] > 0).mean())

    @cached_property
    def joins(self) -> int:
        """Customers whose first order fell in 2025."""
        return int((self.customers_table["T"] * 7 < 365).sum())

    def first_month(self, *, coupling: float) -> pd.DataFrame:
        """Forecast the second year of everybody who came in the first month, from the first year.

        Parameters
        ----------
        coupling : float
            How strongly what customers live through moves them, 0 to 1.

        Returns
        -------
        DataFrame
            One row per customer: orders ``expected`` by Pareto/NBD, ``truth`` (luck removed), ``actual``, and the 90%
            interval ``lower`` to ``upper`` of the actual.
        """
        scenario = load_scenario(self.scenario)
        same = {f"channels.{channel}.{key}": 1.0 for channel in scenario.channels for key in ("churn", "order_rate")}
        changes = {"firm.history_months": 0, "firm.coupling": coupling, **same}
        world = World(scenario.with_values(changes), customers=self.customers, months=24, seed=self.seed)
        orders = world.simulate().transactions
        turn = pd.Timestamp(world.scenario.start_date) + pd.DateOffset(months=12)
        before = orders[(orders["ts"] < turn) & (orders["customer_id"] <= self.customers)]
        after = orders[orders["ts"] >= turn]
        summary = features.repeat_summary(before, as_of=turn - pd.Timedelta(days=1)).set_index("customer_id")
        model = fitted(summary)[0]
        truth = world.expected(from_month=12, horizon=12, replications=REPLICATIONS)["expected_orders"]
        days = after.groupby("customer_id")["ts"].agg(lambda times: times.dt.normalize().nunique())
        table = pd.DataFrame({"expected": model.expected_orders(summary, horizon=WEEKS)})
        table["truth"] = truth.reindex(table.index)
        table["actual"] = days.reindex(table.index, fill_value=0)
        return table.join(model.order_intervals(summary, horizon=WEEKS, level=0.9))

    @cached_property
    def other_shops(self) -> tuple[Shop, ...]:
        """Shops of the same kind with other people, and what an invitation of each customer is truly worth."""
        shops = []
        for number in range(OTHER_SHOPS):
            other = Data(seed=_OTHER_SHOP + OTHER_SHOPS * self.seed + number)
            customers = customer_table(other.run)
            value = other.world.expected(from_month=24, horizon=12 * YEARS, replications=REPLICATIONS)
            gain = INVITATION_LIFT * value["expected_value"].reindex(customers.index, fill_value=0.0)
            shops.append(Shop(customers, gain))
        return tuple(shops)


def _expected(data: Data, horizon: float) -> float:
    return float(data.models[0].expected_orders(data.customers_table, horizon=horizon).sum())


def _orders_of_2025(data: Data) -> float:
    orders = data.run.transactions
    return float((orders["ts"] >= "2025").sum())


def _equity(data: Data, *, margin: float | None = None, discount_rate: float = DISCOUNT) -> float:
    rate = data.profit_rate if margin is None else margin
    return float(five_years(data.customers_table, rate, discount_rate=discount_rate)["lifetime_value"].sum())


def managers_list(customers: pd.DataFrame) -> pd.Index:
    """Return the manager's choice: the 240 customers who spent most last year."""
    return customers["spend_recent"].nlargest(INVITED).index


def _by_value(data: Data) -> Rule:
    """Invite whose lifetime value exceeds what an invitation must find there to pay for itself."""
    rate = data.profit_rate

    def whom_to_invite(customers: pd.DataFrame) -> pd.Index:
        value = five_years(customers, rate)["lifetime_value"]
        return value[value > INVITATION_COST / INVITATION_LIFT].nlargest(INVITED).index

    return whom_to_invite


def _value_but_too_many(data: Data) -> Rule:
    rate = data.profit_rate
    return lambda customers: five_years(customers, rate)["lifetime_value"].nlargest(INVITED).index


def _surest(customers: pd.DataFrame) -> pd.Index:
    return fitted(customers)[0].p_alive(customers).nlargest(INVITED).index


def _spent_most_ever(customers: pd.DataFrame) -> pd.Index:
    return (customers["spend_recent"] + customers["spend_before"]).nlargest(INVITED).index


def _nobody(customers: pd.DataFrame) -> pd.Index:
    return customers.index[:0]


EXERCISES = (
    Exercise(
        id="8.1",
        question="How many orders does the model expect in 2026 from all customers together?",
        kind=Number(0, 1_000_000, "orders", within=30),
        solve=lambda data: _expected(data, WEEKS),
        praise=(
            "{answer} from the people who are on file today. What is missing to the orders of 2025 has to come from "
            "people whom nobody knows yet."
        ),
        mistakes=(
            Mistake(
                "one week",
                lambda data: _expected(data, 1),
                "{answer} is what one week brings. `horizon` is in the unit of `T`, and that is weeks.",
            ),
            Mistake(
                "a year of months",
                lambda data: _expected(data, 12),
                "{answer} is what 12 weeks bring. The unit of `T` is weeks, so a year is a little more than 52.",
            ),
            Mistake(
                "last year again",
                _orders_of_2025,
                "{answer} is what was ordered in 2025. Some of these customers have left since, and some of those "
                "orders were first orders. Ask the model.",
            ),
        ),
        hints=(
            "The model gives one number per customer; add them up.",
            "`model.expected_orders(customers, horizon=…)`, where a year has `365.25 / 7` weeks.",
            "`model.expected_orders(customers, horizon=365.25 / 7).sum()`",
        ),
    ),
    Exercise(
        id="8.2",
        question="What are all customers together worth over five years, in today's money?",
        kind=Number(0, 1e9, "€", within=3_000),
        solve=lambda data: float(data.value["lifetime_value"].sum()),
        praise="{answer}: the customer equity. It stands in no balance sheet, and it is what the firm lives on.",
        mistakes=(
            Mistake(
                "sales instead of profit",
                lambda data: _equity(data, margin=1.0),
                "{answer} is what they will pay, not what you will keep. Give `margin`, the profit on each euro.",
            ),
            Mistake(
                "without discounting",
                lambda data: _equity(data, discount_rate=0.0),
                "{answer} counts a euro in five years as a euro today. Give `discount_rate=0.10`.",
            ),
            Mistake(
                "last year five times",
                lambda data: float(YEARS * data.profit_rate * data.customers_table["spend_recent"].sum()),
                "{answer} takes last year five times. Customers leave, and nobody in this sum does.",
            ),
        ),
        hints=(
            "`value` has one row per customer; its last column is in today's money.",
            '`value["lifetime_value"]` added up.',
            '`value["lifetime_value"].sum()`',
        ),
    ),
    Exercise(
        id="8.3",
        question="How many customers a year does the shop end up with if joins and retention stay as they are?",
        kind=Number(0, 1e7, "customers", within=3),
        solve=lambda data: lifetime.steady_state(joins=data.joins, retention=data.stay),
        praise="{answer}, whatever it starts with. Only two things move that number: what comes in, and the hole.",
        mistakes=(
            Mistake(
                "the hole upside down",
                lambda data: data.joins / data.stay,
                "{answer} divides by the share that stays. In the end as many leave as join: what leaves is "
                "the share that does *not* stay.",
            ),
            Mistake(
                "today's number",
                lambda data: float((data.customers_table["spend_recent"] > 0).sum()),
                "{answer} bought in 2025: where the shop is, not where it is going.",
            ),
        ),
        hints=(
            "In the end as many leave in a year as join: customers × (1 − stay) = joins.",
            "`crm.lifetime.steady_state(joins=…, retention=…)`",
            "`crm.lifetime.steady_state(joins=joins, retention=stay)`",
        ),
    ),
    Selection(
        id="8.4",
        question="Whom do we invite, and how many?",
        most=INVITED,
        cost=INVITATION_COST,
        shops=lambda data: data.other_shops,
        usual=managers_list,
        solve=_by_value,
        enough=0.4,
        praise="You pay for the years that are likely to come, and stop where they no longer pay.",
        mistakes=(
            Mistake(
                "the manager's list",
                lambda data: managers_list,
                "This is the manager's list: 240 invitations, because 240 are allowed. For whom of them are five "
                "years worth what an invitation must find there?",
            ),
            Mistake(
                "too many invitations",
                _value_but_too_many,
                "The right order, but the list is full. An invitation costs 120 € and adds 15%: from which lifetime "
                "value on does it pay?",
            ),
            Mistake(
                "the surest",
                lambda data: _surest,
                "These are most certainly still customers. But who is alive and buys little is worth little: what "
                "counts is how often and for how much.",
            ),
            Mistake(
                "both years together",
                lambda data: _spent_most_ever,
                "Money of the past, and 240 because 240 are allowed. Some of these have left.",
            ),
            Mistake(
                "nobody",
                lambda data: _nobody,
                "Inviting nobody costs nothing and earns nothing. Some customers are worth it.",
            ),
        ),
        hints=(
            "Value first: fit both models inside your rule and take `lifetime_value`, as in the lesson.",
            "An invitation pays where 15% of the value exceeds 120 €: from 800 € on.",
            '`value[value["lifetime_value"] > 800].index`',
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="8.a",
        question="Of 100 people who have ever ordered, how many are still customers?",
        kind=Number(0, 100),
    ),
)
