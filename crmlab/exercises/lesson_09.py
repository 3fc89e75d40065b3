"""Lesson 09, churn drivers: its shop, exercises and predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from crmlab import churn, recovery
from crmlab.exercises.answers import Choice, Number
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.offer import Offer
from crmlab.exercises.session import LessonData

TITLE = "churn drivers"

SILENCE = pd.Timedelta(days=180)
"""Who has ordered nothing for so long is given up; half a year, as the exit survey has it."""

DAYS_PER_MONTH = 365.25 / 12
START = 12
"""Month from which causes are fixed in the small shop: the start of 2025."""

STEP = 0.1
"""How far a remedy raises each of its levers."""

SMALL_SHOP, REPLICATIONS = 1_000, 3
_OTHER_CUSTOMERS = 600
# The decision is tried on a shop with another seed, far from those that courses and students get.
_OTHER_SHOP = 9_000_000_000

FACTORS = recovery.FACTORS
FACTOR_OF = {
    "quality": "quality",
    "service": "quality",
    "site": "site",
    "logistics": "logistics",
    "after_sales": "after_sales",
    "assortment": "product_line",
}
"""Answers of the exit survey, and the factor of online churn to which each belongs; ``price`` and ``other`` to none."""

NO_FACTOR = "none of them"
TIES = ("after_sales", "quality")
"""The two causes of exercise 9.4."""


def orders_table(run: Any) -> pd.DataFrame:
    """Return one row per order whose half-year is over: how it went, and whether the customer came back.

    Parameters
    ----------
    run : Run
        The simulated tables.

    Returns
    -------
    DataFrame
        Index: order_id. ``customer_id``, ``number`` (1 for the first order since the tables begin), ``late`` (arrived
        after the promised day) and ``lost`` (nothing was ordered in the half-year after it).
    """
    orders = run.transactions[["order_id", "customer_id", "ts"]].sort_values(["customer_id", "ts"])
    following = orders.groupby("customer_id")["ts"].shift(-1)
    orders["number"] = orders.groupby("customer_id").cumcount() + 1
    orders["lost"] = following.isna() | (following - orders["ts"] > SILENCE)
    orders = orders[orders["ts"] + SILENCE < end_of(run)].set_index("order_id")
    delay = run.deliveries.set_index("order_id")["delay_days"].reindex(orders.index)
    orders["late"] = (delay.astype(float) > 0).to_numpy()
    return orders[["customer_id", "number", "late", "lost"]]


def lives_table(run: Any) -> pd.DataFrame:
    """Return one row per customer who joined in the first year: how long it was before the firm gave up on them.

    Parameters
    ----------
    run : Run
        The simulated tables.

    Returns
    -------
    DataFrame
        Index: customer_id. ``months`` from the first order to the day on which half a year of silence was full, or to
        the last day of the tables; ``lost``; and ``reason``, the factor that the customer gave in the exit survey,
        ``no answer`` for the lost who gave none, missing for the others.
    """
    orders, end = run.transactions[["customer_id", "ts"]].sort_values(["customer_id", "ts"]), end_of(run)
    first = orders.groupby("customer_id")["ts"].min()
    joined = run.customers["signup_date"] >= first.min().normalize()
    joined &= run.customers["signup_date"] < first.min().normalize() + pd.DateOffset(years=1)
    first = first.reindex(run.customers.loc[joined, "customer_id"]).dropna()
    following = orders.groupby("customer_id")["ts"].shift(-1).fillna(end)
    silent = orders[following - orders["ts"] > SILENCE].groupby("customer_id")["ts"].min() + SILENCE
    given_up = silent.reindex(first.index)
    said = run.exit_survey.drop_duplicates("customer_id").set_index("customer_id")["stated_reason"].astype(object)
    reason = said.map(lambda each: FACTOR_OF.get(each, NO_FACTOR)).reindex(first.index).fillna("no answer")
    return pd.DataFrame(
        {
            "months": (given_up.fillna(end) - first).dt.total_seconds() / 86_400 / DAYS_PER_MONTH,
            "lost": given_up.notna(),
            "reason": reason.where(given_up.notna(), None),
        }
    )


def end_of(run: Any) -> pd.Timestamp:
    """Return the first moment after the last month of a run."""
    return pd.Timestamp(run.world.scenario.start_date) + pd.DateOffset(months=run.world.months)


@dataclass
class Data(LessonData):
    """The shop of lesson 09: two years of a cosmetics shop on the web, and a small one whose months are lived again."""

    @cached_property
    def orders(self) -> pd.DataFrame:
        """All orders; see `orders_table`."""
        return orders_table(self.run)

    @cached_property
    def lives(self) -> pd.DataFrame:
        """Who joined in the first year; see `lives_table`."""
        return lives_table(self.run)

    @cached_property
    def stated(self) -> pd.Series:
        """Share of the answers of the exit survey by factor; ``price`` and ``other`` together as `NO_FACTOR`."""
        said = self.run.exit_survey["stated_reason"].astype(str)
        return said.map(FACTOR_OF).fillna(NO_FACTOR).value_counts(normalize=True)

    @cached_property
    def small(self) -> Any:
        """A small shop of the same kind, whose second year can be lived again in a moment."""
        return Data(seed=self.seed, customers=SMALL_SHOP).world

    @cached_property
    def causes(self) -> pd.DataFrame:
        """What each cause costs the small shop in customers; see `crmlab.recovery.causes`."""
        return recovery.causes(self.small, start=START, replications=REPLICATIONS)

    @cached_property
    def hands(self) -> float:
        """Share of the departures that are not in the firm's hands."""
        return float(self.causes["share"].to_dict()["not in the firm's hands"])

    @cached_property
    def compared(self) -> pd.DataFrame:
        """Share of the answers that name each factor, ``stated``, beside that of the departures it caused, ``true``."""
        true = self.causes["share"].drop(["not in the firm's hands", "all"])
        true.loc[NO_FACTOR] = self.hands
        return pd.DataFrame({"stated": self.stated.reindex(true.index).fillna(0.0), "true": true})

    @cached_property
    def remedies(self) -> pd.DataFrame:
        """What a step against each cause brings it; see `crmlab.recovery.remedies`."""
        return recovery.remedies(self.small, start=START, step=STEP, replications=REPLICATIONS)

    @cached_property
    def together(self) -> pd.Series:
        """Customers kept by removing the two causes of `TIES`, each alone and both; index: a, b, ``both``."""
        two = {name: FACTORS[name] for name in TIES}
        pair = recovery.causes(self.small, start=START, factors=two, replications=REPLICATIONS)
        alone = pair["alone"].to_dict()
        kept = {name: float(alone[name]) for name in TIES}
        return pd.Series({**kept, "both": float(pair.loc[list(TIES), "kept"].sum())}).round(1)

    @cached_property
    def profits(self) -> np.ndarray:
        """What each of `plans` changes in a year's expected profit of a shop not seen, in €, luck removed."""
        shop = Data(seed=_OTHER_SHOP + self.seed, customers=_OTHER_CUSTOMERS).world
        values = []
        for plan in plans().to_dict("records"):
            levers = steps(shop, [str(name) for name, chosen in plan.items() if chosen])
            changed = shop.do(start=START, **levers) if levers else shop
            values.append(changed.expected(from_month=START, horizon=12, replications=2)["expected_value"].sum())
        return np.array(values) - values[0]


def plans() -> pd.DataFrame:
    """Return every choice of remedies, one row each; the first does nothing."""
    return pd.DataFrame(list(product((False, True), repeat=len(FACTORS))), columns=list(FACTORS))


def steps(world: Any, names: Iterable[str], step: float = STEP) -> dict[str, float]:
    """Return the levers of some factors, each raised by a step and at most to 1.

    Parameters
    ----------
    world : World
        For the levels as they are.
    names : iterable of str
        Factors.
    step : float
        By how much.
    """
    return {lever: min(1.0, float(world.policy[lever].iloc[START]) + step) for name in names for lever in FACTORS[name]}


def _plan(*names: str) -> Mapping[str, bool]:
    return {name: name in names for name in FACTORS}


def _still_there(data: Data, months: float) -> float:
    curve = churn.kaplan_meier(data.lives["months"], data.lives["lost"])
    return float(churn.survival_at(curve, months).iloc[0])


def _among_the_lost(data: Data) -> float:
    lost = data.lives[data.lives["lost"]]
    return float((lost["months"] > 12).mean())


def _late_rates(data: Data) -> dict[bool, float]:
    """Share lost after a late parcel and after one in time."""
    lost = data.orders.groupby("late")["lost"].mean()
    return {bool(late): float(share) for late, share in lost.items()}


def _gap(data: Data) -> float:
    rate = _late_rates(data)
    return rate[True] - rate[False]


def _gap_of_people(data: Data) -> float:
    """Difference between customers who ever had a late parcel and those who never had one, in the share lost."""
    people = data.orders.groupby("customer_id").agg(late=("late", "any"), lost=("lost", "last"))
    rate = people.groupby("late")["lost"].mean().to_dict()
    return float(rate[True] - rate[False])


def _largest(data: Data, count: int) -> list[str]:
    return [str(name) for name in data.compared["true"].drop(NO_FACTOR).nlargest(count).index]


def _shapley(data: Data, name: str = "after_sales") -> float:
    """Shapley value of one of two causes: its mean over the two sequences in which they can be removed."""
    a, b = (float(data.together[each]) for each in (name, next(each for each in TIES if each != name)))
    return (a + float(data.together["both"]) - b) / 2


_REASONS = ("quality", "price", "site", "logistics", "service", "after_sales", "assortment", "other")

EXERCISES = (
    Exercise(
        id="9.1",
        question="Which share of those who joined in 2024 had not been given up after a year?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: _still_there(data, 12),
        praise="{answer}, those who joined late in the year counted for as long as they have been seen.",
        mistakes=(
            Mistake(
                "those who left",
                lambda data: 1 - _still_there(data, 12),
                "{answer} had been given up. The others are asked for.",
            ),
            Mistake(
                "at the end of the tables",
                lambda data: float(1 - data.lives["lost"].mean()),
                "{answer} had not been given up when the tables end, some after two years, some after one. Read the "
                "curve at 12 months.",
            ),
            Mistake(
                "the lost alone",
                _among_the_lost,
                "{answer} looks only at those who were lost. Who is still there was there after a year, too: leave "
                "nobody out.",
            ),
            Mistake(
                "half a year",
                lambda data: _still_there(data, 6.5),
                "{answer} is where the curve stands after half a year.",
            ),
        ),
        hints=(
            "The curve knows: `curve` has the duration in months as index.",
            "`crm.churn.survival_at(curve, 12)` gives a column with one number.",
            "`crm.churn.survival_at(curve, 12).iloc[0]`",
        ),
    ),
    Exercise(
        id="9.2",
        question="By how much is the share lost higher after a late parcel than after one in time?",
        kind=Number(-1, 1, "share", within=0.001),
        solve=_gap,
        praise="{answer}: parcel beside parcel, not customer beside customer.",
        mistakes=(
            Mistake(
                "people instead of parcels",
                _gap_of_people,
                "{answer} compares people who ever had a late parcel with those who never had one. Who orders often "
                "has more of both, late parcels and reasons to stay. Compare parcels.",
            ),
            Mistake(
                "the wrong way round",
                lambda data: -_gap(data),
                "{answer}: you took the late ones from those in time. Turn it round.",
            ),
            Mistake(
                "the share itself",
                lambda data: _late_rates(data)[True],
                "{answer} is the share lost after a late parcel. Part of it would have been lost anyway: take off the "
                "share after a parcel in time.",
            ),
            Mistake(
                "a ratio",
                lambda data: _gap(data) / _late_rates(data)[False],
                "{answer} is how much higher in relation to the lower share. The difference of the two shares is "
                "wanted.",
            ),
        ),
        hints=(
            'Group parcels, not people: `parcels.groupby("late")`.',
            'The mean of `lost` in each group is a share: `parcels.groupby("late")["lost"].mean()`.',
            "The share of the late less that of the others: `rate[True] - rate[False]`.",
        ),
    ),
    Exercise(
        id="9.3",
        question="Which stated reason can have driven nobody away in these two years?",
        kind=Choice(_REASONS),
        solve=lambda data: "price",
        praise="`{answer}` has been the same for everybody for two years. It is simply the easiest thing to say.",
        mistakes=(
            Mistake(
                "rarely named",
                lambda data: "site",
                "`{answer}` is named rarely, and does drive some away: look at the table of causes. Ask which of the "
                "reasons has not moved.",
            ),
            Mistake(
                "no fault of ours",
                lambda data: "other",
                "`{answer}` stands for those who would have left in any case, and they are the majority. Which reason "
                "has stood still for two years?",
            ),
            Mistake(
                "most named",
                lambda data: "logistics",
                "`{answer}` is named too often, and late parcels did drive some away.",
            ),
        ),
        hints=(
            "`run.policy` lists what the firm did, month by month.",
            "Which column of `run.policy` has been at its neutral value, 1, all the time?",
            "People name it because it is easy to name.",
        ),
    ),
    Exercise(
        id="9.4",
        question="What is the Shapley value of after-sales, in customers, between the two causes?",
        kind=Number(0, 10_000, "customers", within=0.06),
        solve=_shapley,
        praise="{answer}: the mean of being fixed first and being fixed last.",
        mistakes=(
            Mistake(
                "alone",
                lambda data: float(data.together["after_sales"]),
                "{answer} is what after-sales keeps when it is fixed first. Fixed after quality it keeps another "
                "number. Take the mean of both.",
            ),
            Mistake(
                "last",
                lambda data: float(data.together["both"] - data.together["quality"]),
                "{answer} is what after-sales keeps when it is fixed last. Take the mean with what it keeps when "
                "first.",
            ),
            Mistake(
                "half of both",
                lambda data: float(data.together["both"] / 2),
                "{answer} divides the whole into equal halves. The two causes are not equally strong.",
            ),
            Mistake(
                "the other cause",
                lambda data: _shapley(data, "quality"),
                "{answer} is the Shapley value of quality.",
            ),
        ),
        hints=(
            "There are two sequences: after-sales first, or quality first.",
            "First, it keeps `pair.after_sales`; after quality it keeps `pair.both - pair.quality`.",
            "`(pair.after_sales + pair.both - pair.quality) / 2`",
        ),
    ),
    Offer(
        id="9.5",
        question="Against which causes does the firm take a step next year?",
        mixes=lambda data: plans(),
        payoff=lambda data: data.profits,
        usual=lambda data: _plan("logistics"),
        solve=lambda data: _plan("after_sales", "product_line", "site"),
        enough=0.8,
        praise="You asked of each remedy what a euro brings, not how many customers its cause costs.",
        noun="plan",
        mistakes=(
            Mistake(
                "the survey's first",
                lambda data: _plan("logistics"),
                "Parcels are what people talk about, and the dearest thing to mend: every order pays for it.",
            ),
            Mistake(
                "the largest causes",
                lambda data: _plan(*_largest(data, 2)),
                "These two causes cost most customers, and their remedies cost more than the customers are worth. "
                "Look at the column `per_euro`.",
            ),
            Mistake(
                "the largest cause",
                lambda data: _plan(*_largest(data, 1)),
                "This cause costs most customers, and its remedy costs more than they are worth. Look at the column "
                "`per_euro`.",
            ),
            Mistake(
                "everything",
                lambda data: _plan(*FACTORS),
                "Some of these steps earn money and the others burn it. Keep the first.",
            ),
            Mistake(
                "nothing",
                lambda data: _plan(),
                "Nothing is spent, and nothing earned. Some steps bring more than they cost.",
            ),
            Mistake(
                "the best ratio alone",
                lambda data: _plan("after_sales"),
                "Each euro brings most here, and there are few euros to spend. Others pay as well.",
            ),
        ),
        hints=(
            "A step pays when `per_euro` is above 1.",
            "The largest cause need not have the best remedy: look at the last table, not at the survey.",
            "Three of the five pay: after-sales, the product line and, barely, the site.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="9.a",
        question="Of 100 customers who leave, how many would have stayed, had the firm done its best everywhere?",
        kind=Number(0, 100, "of 100"),
    ),
)
