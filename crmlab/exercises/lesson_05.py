"""Lesson 05, journeys: its shop, exercises and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from crmlab import features, journeys
from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Selection, Shop
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.session import LessonData

TITLE = "journeys"

AS_OF = "2025-12-31"
HALF_YEAR_EARLIER = "2025-06-30"
HALF_YEAR = 184

FIXED = (60, 120, 180)
"""Days of silence after which the firm's calendar lets everybody doze, be half asleep, be asleep."""

LONG_TERM_DAYS = 180
"""Days from the first to the last order that make a long-term customer: half a year, since the file covers two."""

PARCELS = 2_500
PARCEL_COST = 5.0
PARCEL = 0.15
"""The wake-up parcel: how many at most, € each, and its strength as a win-back offer of the world."""

MOST_FOLLOW_UPS = 8

# The good rule picks up 0.61 to 0.68 of what the calendar leaves lying, any rule that forgets money or each one's own
# rhythm 0.36 at most, and the calendar from 90 days on with money 0.44 to 0.54 (mean of three shops, for ten seeds).
OTHER_SHOPS = 3
_OTHER_CUSTOMERS = 3_500
_ENOUGH = 0.42
_REPLICATIONS = 16

# The decision is tried on a shop with another seed, far from those that courses and students get.
_OTHER_SHOP = 5_000_000_000


def customer_table(transactions: pd.DataFrame, *, as_of: str | pd.Timestamp = AS_OF) -> pd.DataFrame:
    """Return where each customer is on the way at the end of a day, by stage and by sleep.

    Parameters
    ----------
    transactions : DataFrame
        The orders.
    as_of : date or str
        The day.

    Returns
    -------
    DataFrame
        Index: customer_id. ``recency_days``, ``frequency`` and ``monetary`` as in `features.rfm`; ``tenure_days``
        (first to last order); ``usual_days`` and ``asleep_after`` from `journeys.sleep_limits`; ``stage``; ``sleep`` by
        each one's own rhythm and ``sleep_fixed`` by `FIXED` days.
    """
    table = features.rfm(transactions, as_of=as_of)
    limits = journeys.sleep_limits(features.order_gaps(transactions, as_of=as_of))
    table["tenure_days"] = (table["last_order"].dt.normalize() - table["first_order"].dt.normalize()).dt.days
    own = limits[["usual_days", "asleep_after"]].reindex(table["customer_id"])
    for name in own:
        table[name] = own[name].fillna(limits.attrs["others"][name]).to_numpy()
    table["stage"] = journeys.stages(
        table[["tenure_days"]].assign(orders=table["frequency"]), long_term_days=LONG_TERM_DAYS
    )
    table["sleep"] = journeys.sleep_depth(table, limits=limits)
    table["sleep_fixed"] = journeys.sleep_depth(table, fixed=FIXED)
    columns = ["recency_days", "frequency", "monetary", "tenure_days", "usual_days", "asleep_after"]
    return table.set_index("customer_id")[[*columns, "stage", "sleep", "sleep_fixed"]]


def people_table(run: Any) -> pd.DataFrame:
    """Return everybody the firm knows of, customers and others, with what the eight stages ask for.

    Parameters
    ----------
    run : Run
        The simulated tables.

    Returns
    -------
    DataFrame
        Index: person (customer_id or prospect_id). ``orders``, ``tenure_days``, ``referrals`` (customers brought) and
        ``readiness`` (how well somebody who has asked fits the portrait; 0 for who has not asked).
    """
    there = customer_table(run.transactions)
    brought = run.customers["referrer_id"].value_counts().reindex(there.index)
    buyers = pd.DataFrame(
        {
            "orders": there["frequency"],
            "tenure_days": there["tenure_days"],
            "referrals": brought.fillna(0).astype(int),
            "readiness": 0.0,
        }
    )
    others = run.prospects.set_index("prospect_id")
    asked = others["portrait_match"].where(others["inquiries"] > 0, 0.0)
    waiting = pd.DataFrame({"orders": 0, "tenure_days": 0, "referrals": 0, "readiness": asked}, index=others.index)
    return pd.concat([buyers, waiting]).rename_axis("person")


def chance_of_order(run: Any, follow_ups: int) -> pd.Series:
    """Return each prospect's true chance of a first order within a quarter, had they been followed up so often.

    Parameters
    ----------
    run : Run
        The simulated tables and their truth.
    follow_ups : int
        Follow-ups for everybody.
    """
    truth, numbers = run.truth.prospects, run.world.scenario.prospects

    def reminded(count: Any) -> Any:
        count = np.asarray(count, dtype=float)
        return numbers.recall * -np.expm1(-count / numbers.recall_scale) - truth["annoyance"] * count

    received = np.minimum(run.prospects["follow_ups_received"], 12)
    return pd.Series(expit(logit(truth["chance"]) - reminded(received) + reminded(follow_ups)), run.prospects.index)


@dataclass
class Data(LessonData):
    """The shop of lesson 05: two years of a cosmetics shop, its prospects, and other shops to try decisions on."""

    @cached_property
    def customers_table(self) -> pd.DataFrame:
        """One row per customer at the end of 2025; see `customer_table`."""
        return customer_table(self.run.transactions)

    @cached_property
    def earlier(self) -> pd.DataFrame:
        """The same half a year earlier, with ``came``: whether the customer ordered in the half year since."""
        table = customer_table(self.run.transactions, as_of=HALF_YEAR_EARLIER)
        ahead = features.label_windows(self.run.transactions, as_of=HALF_YEAR_EARLIER, horizon=HALF_YEAR).labels
        return table.assign(came=ahead.set_index("customer_id")["stayed"].reindex(table.index).astype(bool))

    @cached_property
    def people(self) -> pd.DataFrame:
        """Customers and prospects; see `people_table`."""
        return people_table(self.run)

    @cached_property
    def stage(self) -> pd.Series:
        """Stage of everybody, prospects included."""
        return journeys.stages(self.people, long_term_days=LONG_TERM_DAYS)

    @cached_property
    def kinds(self) -> pd.DataFrame:
        """Kind of each prospect and what they lack, by the firm's scores."""
        return journeys.non_customers(self.run.prospects)

    @cached_property
    def follow_ups(self) -> pd.DataFrame:
        """What became of the prospects in the quarter after: ``inquiries``, ``follow_ups`` and ``ordered``."""
        table = self.run.prospects
        luck = np.random.default_rng([self.seed, 5]).random(len(table))
        return pd.DataFrame(
            {
                "inquiries": table["inquiries"],
                "follow_ups": table["follow_ups_received"],
                "ordered": luck < self.run.truth.prospects["chance"].to_numpy(),
            }
        )

    @cached_property
    def cadence(self) -> pd.Series:
        """Orders that the same prospects would give, expected, by the number of follow-ups for each who ever asked."""
        asked = self.run.prospects["inquiries"] > 0
        return pd.Series(
            {count: float(chance_of_order(self.run, count)[asked].sum()) for count in range(MOST_FOLLOW_UPS + 1)},
            name="orders",
        ).rename_axis("follow-ups")

    @cached_property
    def waking(self) -> pd.DataFrame:
        """What a parcel to each customer is truly expected to bring in a year; see `World.waking`."""
        return self.world.waking(from_month=self.months, offer=PARCEL, replications=_REPLICATIONS)

    @cached_property
    def noticed(self) -> dict[str, float]:
        """Days from the true day of leaving until quick customers are asleep by the calendar and by their own rhythm.

        Means over those with a usual pause of two weeks at most who left in the simulated time and whom both had
        noticed by the end.
        """
        table, truth = self.customers_table, self.run.truth.customers.set_index("customer_id")
        left = truth["death_time"].reindex(table.index)
        quick = table[(left < self.months) & (table["usual_days"] <= 14)]
        gone = (self.months - left[quick.index]) * 365.25 / 12
        limits = pd.DataFrame({"calendar": float(FIXED[-1]), "own rhythm": quick["asleep_after"]})
        # Silence began with the last order, some days before the customer left.
        after = limits.sub(quick["recency_days"] - gone, axis=0)
        both = (limits.max(axis=1) < quick["recency_days"]).to_numpy()
        return {str(name): float(days) for name, days in after[both].mean().items()}

    @cached_property
    def other_shops(self) -> tuple[Shop, ...]:
        """Shops of the same kind with other people, and what a parcel to each of them is truly worth."""
        shops = []
        for number in range(OTHER_SHOPS):
            other = Data(seed=_OTHER_SHOP + OTHER_SHOPS * self.seed + number, customers=_OTHER_CUSTOMERS)
            table = other.customers_table
            shops.append(Shop(table, other.waking["gain"].reindex(table.index, fill_value=0.0)))
        return tuple(shops)


def _passed(data: Data, before: str, after: str) -> float:
    reached = journeys.funnel(data.stage)["reached"].to_dict()
    return float(reached[after] / reached[before])


def _people(data: Data, stage: str) -> float:
    return float((data.stage == stage).sum())


def _asleep(data: Data) -> tuple[pd.Series, pd.Series]:
    """Return who is asleep by the calendar, and by their own rhythm."""
    table = data.customers_table
    return table["sleep_fixed"] == "asleep", table["sleep"] == "asleep"


def _lacking(data: Data) -> pd.Series:
    """Return of everybody on the list whether the ability to pay is among what they lack."""
    return data.kinds["lacks"].str.contains("ability_to_pay")


def the_calendar(customers: pd.DataFrame) -> pd.Index:
    """Return the manager's choice: everybody silent for more than half a year."""
    return customers.index[customers["sleep_fixed"] == "asleep"]


def _good_rule(customers: pd.DataFrame) -> pd.Index:
    """Who is silent beyond their own rhythm, and used to spend enough to pay for a parcel."""
    return customers.index[(customers["sleep"] >= "dozing") & (customers["monetary"] > 150)]


def _own_rhythm(customers: pd.DataFrame) -> pd.Index:
    return customers.index[customers["sleep"] == "asleep"]


def _calendar_and_money(customers: pd.DataFrame) -> pd.Index:
    return customers.index[(customers["sleep_fixed"] == "asleep") & (customers["monetary"] > 200)]


def _longest(customers: pd.DataFrame) -> pd.Index:
    return customers["recency_days"].nlargest(500).index


def _best_customers(customers: pd.DataFrame) -> pd.Index:
    return customers["monetary"].nlargest(500).index


def _beyond_rhythm(customers: pd.DataFrame) -> pd.Index:
    return customers.index[customers["sleep"] >= "dozing"]


def _nobody(customers: pd.DataFrame) -> pd.Index:
    return customers.index[:0]


WAKING = Selection(
    id="5.4",
    question="To whom do we send a parcel?",
    most=PARCELS,
    cost=PARCEL_COST,
    shops=lambda data: data.other_shops,
    usual=the_calendar,
    solve=lambda data: _good_rule,
    enough=_ENOUGH,
    praise="You write early, by each one's own rhythm, and only where coming back would pay for the parcel.",
    mistakes=(
        Mistake(
            "the calendar",
            lambda data: the_calendar,
            "This is the manager's rule. It wakes slow customers who never slept, comes late for the quick ones, "
            "and sends a 5 € parcel to many who would not spend that much.",
        ),
        Mistake(
            "rhythm without money",
            lambda data: _own_rhythm,
            "Asleep by their own rhythm: four of five have really left. But most of them were small customers; "
            "what would they bring if they came back?",
        ),
        Mistake(
            "early without money",
            lambda data: _beyond_rhythm,
            "You come early, while a return is likely. Most of the list were small customers, and a parcel costs "
            "the same for all. Which column tells?",
        ),
        Mistake(
            "money by the calendar",
            lambda data: _calendar_and_money,
            "Large customers, and silent for half a year. A quick one who has been gone for three months is not on "
            "your list, and each month makes a return less likely.",
        ),
        Mistake(
            "the longest silence",
            lambda data: _longest,
            "Those silent longest have left for sure, and longest ago: hardly one of them comes back.",
        ),
        Mistake(
            "the best customers",
            lambda data: _best_customers,
            "Your best customers, asleep or not. Who is awake needs no waking: the parcel changes nothing.",
        ),
        Mistake(
            "nobody",
            lambda data: _nobody,
            "No parcel, no cost, nobody back. Some customers are worth one.",
        ),
    ),
    hints=(
        "Two things must come together: a silence that is long *for this customer*, and money.",
        '`customers["sleep"] >= "dozing"` is everybody beyond their own rhythm. Early is better than sure.',
        'About one in eight comes back. `customers["monetary"]` tells who was worth it: try more than 150 €.',
        '`customers.index[(customers["sleep"] >= "dozing") & (customers["monetary"] > 150)]`',
    ),
)
"""The decision of the lesson."""

EXERCISES = (
    Exercise(
        id="5.1",
        question="Of those who came as far as a first deal, which share came to a repeat order?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: _passed(data, "first deal", "repeat"),
        praise="{answer}. The rest bought once. Having bought does not make somebody a core customer.",
        mistakes=(
            Mistake(
                "in the stage instead of up to it",
                lambda data: _people(data, "repeat") / (_people(data, "first deal") + _people(data, "repeat")),
                "{answer} leaves out those who have gone on to later stages. They came to a repeat order as well: "
                "`reached`.",
            ),
            Mistake(
                "stage over stage",
                lambda data: min(1.0, _people(data, "first deal") / max(_people(data, "repeat"), 1.0)),
                "{answer} divides the people *in* one stage by those *in* another. Use those who came at least so far.",
            ),
            Mistake(
                "of everybody",
                lambda data: _passed(data, "imagined", "repeat"),
                "{answer} is the share of everybody on the list, people who have never bought included.",
            ),
            Mistake(
                "one stage too early",
                lambda data: _passed(data, "expected", "first deal"),
                "{answer} is the step before: from an expected customer to a first deal.",
            ),
        ),
        hints=(
            "A funnel counts who came *at least* so far: the column `reached`.",
            'Divide `reached` of "repeat" by `reached` of "first deal".',
            '`funnel.loc["repeat", "reached"] / funnel.loc["first deal", "reached"]`',
        ),
    ),
    Exercise(
        id="5.2",
        question="How many customers are asleep by the calendar, but not by their own rhythm?",
        kind=Number(0, 100_000, "customers", whole=True),
        solve=lambda data: float((_asleep(data)[0] & ~_asleep(data)[1]).sum()),
        praise="{answer}, slow ones, whom half a year of silence says little about.",
        mistakes=(
            Mistake(
                "the other way round",
                lambda data: float((~_asleep(data)[0] & _asleep(data)[1]).sum()),
                "{answer} are asleep by their own rhythm and not by the calendar: the quick ones. Turn it round.",
            ),
            Mistake(
                "everybody asleep by the calendar",
                lambda data: float(_asleep(data)[0].sum()),
                "{answer} are asleep by the calendar. For how many of them does their own rhythm say otherwise?",
            ),
            Mistake(
                "any disagreement",
                lambda data: float((_asleep(data)[0] ^ _asleep(data)[1]).sum()),
                "{answer} counts both kinds of disagreement. Only one is asked for.",
            ),
            Mistake(
                "difference of the totals",
                lambda data: abs(float(_asleep(data)[0].sum() - _asleep(data)[1].sum())),
                "{answer} is the difference of two totals: those who differ one way hide those who differ the other.",
            ),
            Mistake(
                "awake by their own rhythm",
                lambda data: float((_asleep(data)[0] & (data.customers_table["sleep"] == "awake")).sum()),
                "{answer} are even awake. Those who doze or are half asleep are not asleep either.",
            ),
        ),
        hints=(
            "Two conditions on the same customer: `sleep_fixed` is asleep, `sleep` is not.",
            "`!=` means is not; join the conditions with `&`, each in brackets.",
            '`((customers["sleep_fixed"] == "asleep") & (customers["sleep"] != "asleep")).sum()`',
        ),
    ),
    Exercise(
        id="5.3",
        question="Of those who refuse, which share lacks the ability to pay, among other things or alone?",
        kind=Number(0, 1, "share", within=0.002),
        solve=lambda data: float(_lacking(data)[data.kinds["kind"] == "refusing"].mean()),
        praise="{answer}. For them a smaller bottle may do what no call can.",
        mistakes=(
            Mistake(
                "of the whole list",
                lambda data: float(_lacking(data).mean()),
                "{answer} is the share of everybody on the list. Keep those whose kind is refusing.",
            ),
            Mistake(
                "lacking nothing else",
                lambda data: float((data.kinds["lacks"] == "ability_to_pay")[data.kinds["kind"] == "refusing"].mean()),
                "{answer} lack the ability to pay and nothing else. Those who lack something else as well count too.",
            ),
            Mistake(
                "those who refuse, of those who cannot pay",
                lambda data: float((data.kinds["kind"] == "refusing")[_lacking(data)].mean()),
                "{answer} is the share that refuses among those who cannot pay: the question the other way round.",
            ),
            Mistake(
                "those who can pay",
                lambda data: float(1 - _lacking(data)[data.kinds["kind"] == "refusing"].mean()),
                "{answer} of them can pay. The others are asked for.",
            ),
        ),
        hints=(
            'Keep the refusing first: `refusing = kinds[kinds["kind"] == "refusing"]`.',
            'The column `lacks` names all that is missing: `.str.contains("ability_to_pay")`.',
            '`refusing["lacks"].str.contains("ability_to_pay").mean()`',
        ),
    ),
    WAKING,
)

PREDICTIONS = (
    Prediction(
        id="5.a",
        question="Of 100 customers silent for more than 180 days in mid-2025, how many ordered in the half year after?",
        kind=Number(0, 100, "of 100"),
    ),
)
