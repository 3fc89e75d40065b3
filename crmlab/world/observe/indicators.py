"""Hundreds of indicators of behaviour, as a firm's systems count them: few say something, many nothing, some leak.

They describe the customers as they were on a day some months before the last one. The target is what each customer
spends after that day. A leaking indicator was written after it, and knows the target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from crmlab.streams import uniform
from crmlab.world.observation import month_start
from crmlab.world.observe.records import Draws, Ids, Reals, Records, categories
from crmlab.world.population import TRAITS

ROLES = ["measured", "informative", "redundant", "noise", "leaking"]

_SYSTEMS = ["web shop", "mail", "app", "call centre", "store", "panel"]
_HABITS = [
    "pages per visit",
    "visits per month",
    "minutes on the site",
    "searches per visit",
    "lists saved",
    "carts left",
    "videos seen",
    "questions asked",
    "coupons looked at",
    "friends invited",
    "ratings read",
    "shares of visits in the evening",
    "shares of visits by phone",
    "filters used",
    "prices compared",
]


@dataclass(frozen=True)
class _Indicator:
    role: str
    description: str
    values: Reals
    trait: int = -1
    late: bool = False  # written after the day on which the customers are described, and dated so


def indicators(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the indicators of who had ordered in the year before the day concerned, and what each of them is."""
    p, setup = records.scenario.indicators, records.setup
    cut = setup.months - p.horizon_months
    if cut < 1:
        raise ValueError(
            f"months={setup.months} is too few for indicators: the last {p.horizon_months} months are the target"
        )
    o = records.orders
    ids = np.unique(o["customer_id"][(o["month"] < cut) & (o["month"] >= cut - 12)])
    facts = _Facts(records, ids, cut)
    made = [*_measured(facts), *_informative(records, ids), *_leaking(facts)]
    made += _redundant(records, ids, made, p.redundant)
    made += _noise(records, ids, max(p.count - len(made), 0))
    # A shuffle that depends on the firm alone, so that neither place nor number of a column gives its role away.
    order = np.argsort(uniform(np.arange(len(made)), seed=setup.seed_people, mechanism="indicator", month=-1))
    names = [f"indicator_{k:03d}" for k in range(1, len(made) + 1)]
    columns = {name: made[place].values for name, place in zip(names, order, strict=True)}
    table = pd.DataFrame({"customer_id": ids, **columns, "value_next": facts.later["net"]})
    traits = [made[place].trait for place in order]
    day, last = month_start(setup, cut), month_start(setup, setup.months)
    truth = pd.DataFrame(
        {
            "indicator": names,
            "description": pd.Series([made[place].description for place in order], dtype="str"),
            "updated": np.where([made[place].late for place in order], last, day) - np.timedelta64(86_400, "s"),
            "role": categories(np.array([ROLES.index(made[place].role) for place in order]), ROLES),
            "trait": categories(np.array(traits), list(TRAITS)),
        }
    )
    return table, truth


class _Facts:
    """Sums over the orders of some customers, before and after a month."""

    def __init__(self, records: Records, ids: Ids, cut: int) -> None:
        o = records.orders
        place = np.searchsorted(ids, o["customer_id"])
        there = (place < len(ids)) & (ids[np.minimum(place, len(ids) - 1)] == o["customer_id"])
        self.records, self.ids, self.cut, self._n = records, ids, cut, len(ids)
        self._place = place
        self.before = self._sums(there & (o["month"] < cut) & (o["month"] >= cut - 12))
        self.later = self._sums(there & (o["month"] >= cut))
        self.days_silent = [self._silence(there & (o["month"] < end), end) for end in (cut, records.setup.months)]

    def _sums(self, rows: np.ndarray) -> dict[str, Reals]:
        o, place = self.records.orders, self._place[rows]
        day = (o["ts"][rows].astype("datetime64[D]").astype(np.int64) + 3) % 7  # 0 = Monday
        hour = o["ts"][rows].astype("datetime64[h]").astype(np.int64) % 24
        parts = {
            "orders": np.ones(len(place)),
            "net": o["net"][rows],
            "discount": o["discount"][rows],
            "items": o["items"][rows],
            "lines": o["lines"][rows],
            "refunded": np.where(
                o["return_date"][rows] < month_start(self.records.setup, self.cut), o["refunded"][rows], 0.0
            ),
            "late": o["delay_days"][rows],
            "weekend": day >= 5,
            "evening": hour >= 18,
        }
        return {
            name: np.bincount(place, weights=values, minlength=self._n).astype(np.float64)
            for name, values in parts.items()
        }

    def _silence(self, rows: np.ndarray, end: int) -> Reals:
        o = self.records.orders
        last = np.zeros(self._n, dtype=np.int64)
        np.maximum.at(last, self._place[rows], o["ts"][rows].astype(np.int64))
        return np.floor((month_start(self.records.setup, end).astype(np.int64) - last) / 86_400).astype(np.float64)


def _measured(facts: _Facts) -> list[_Indicator]:
    """Return what the firm's own tables give."""
    b = facts.before
    orders = np.maximum(b["orders"], 1)
    table = {
        "orders in twelve months": b["orders"],
        "revenue in twelve months, €": np.round(b["net"], 2),
        "mean order value, €": np.round(b["net"] / orders, 2),
        "days since the last order": facts.days_silent[0],
        "units per order": np.round(b["items"] / orders, 3),
        "products per order": np.round(b["lines"] / orders, 3),
        "share of revenue refunded": np.round(b["refunded"] / np.maximum(b["net"], 0.01), 4),
        "days of delay per order": np.round(b["late"] / orders, 3),
        "share of orders at weekends": np.round(b["weekend"] / orders, 3),
        "share of orders in the evening": np.round(b["evening"] / orders, 3),
        "discount per order, €": np.round(b["discount"] / orders, 2),
        "days since joining": np.floor(
            (facts.cut - facts.records.customers["arrival"][facts.records.place(facts.ids)]) * 30.4
        ),
    }
    return [_Indicator("measured", text, values) for text, values in table.items()]


def _informative(records: Records, ids: Ids) -> list[_Indicator]:
    """Return habits in which traits show, through noise."""
    p = records.scenario.indicators
    z = records.customers["z"][records.place(ids)]
    out = []
    for k in range(p.informative):
        trait = k % len(TRAITS)
        draws = Draws(ids, seed=records.setup.seed_people, mechanism="indicator", month=k)
        share = p.reliability
        score = np.sqrt(share) * z[:, trait] * (-1 if k % 3 == 2 else 1) + np.sqrt(1 - share) * draws.normal(0)
        out.append(_Indicator("informative", _describe(k), _shape(k, score), trait))
    return out


def _redundant(records: Records, ids: Ids, made: list[_Indicator], count: int) -> list[_Indicator]:
    """Return the same things counted once more, by another system: no news."""
    sources = [one for one in made if one.role in ("measured", "informative")]
    out = []
    for k in range(count):
        source = sources[k % len(sources)]
        draws = Draws(ids, seed=records.setup.seed_people, mechanism="indicator", month=10_000 + k)
        values = source.values * np.exp(0.15 * draws.normal(0))
        text = f"{source.description}, counted by the {_SYSTEMS[k % len(_SYSTEMS)]}"
        out.append(_Indicator("redundant", text, np.round(values, 3), source.trait))
    return out


def _noise(records: Records, ids: Ids, count: int) -> list[_Indicator]:
    out = []
    for k in range(count):
        draws = Draws(ids, seed=records.setup.seed_people, mechanism="indicator", month=20_000 + k)
        out.append(_Indicator("noise", _describe(k + 7), _shape(k, draws.normal(0))))
    return out


def _leaking(facts: _Facts) -> list[_Indicator]:
    """Return what was written after the day concerned: half of it says so by its date, half only by its meaning."""
    records, later = facts.records, facts.later
    draws = Draws(facts.ids, seed=records.setup.seed_luck, mechanism="indicator", month=30_000)
    alive = records.alive(facts.ids, records.setup.months - 1)
    silent = later["orders"] == 0
    tier = np.digitize(later["net"] * np.exp(0.2 * draws.normal(0)), [1, 60, 180])
    table: list[tuple[str, Reals, bool]] = [
        ("loyalty tier at the last update, 0 to 3", tier.astype(np.float64), True),
        ("days since the last order, at the last update", facts.days_silent[1], True),
        ("orders this half-year", later["orders"], True),
        ("points earned, not yet booked", np.floor(later["net"] * (0.9 + 0.2 * draws.uniform(1))), True),
        ("mails of the win-back campaign received", silent * (1.0 + np.floor(2 * draws.uniform(2))), False),
        ("visits to the page on closing an account", np.where(alive, 0.0, 1.0) * (draws.uniform(3) < 0.8), False),
        ("parcels on their way or delivered", later["orders"] * (draws.uniform(4) < 0.95), False),
        ("credit limit set by accounts, €", np.round(100 + 0.8 * later["net"] + 30 * draws.normal(5), -1), False),
    ]
    wanted = records.scenario.indicators.leaking
    return [_Indicator("leaking", text, values, late=late) for text, values, late in table[:wanted]]


def _describe(k: int) -> str:
    habit, system = _HABITS[k % len(_HABITS)], _SYSTEMS[(k // len(_HABITS)) % len(_SYSTEMS)]
    again = k // (len(_HABITS) * len(_SYSTEMS))
    return f"{habit}, {system}" + (f", week {again + 1}" if again else "")


def _shape(k: int, score: Reals) -> Reals:
    """Return what a system would count for a standard normal score: a count, a share or a measure."""
    shapes: list[Callable[[Reals], Reals]] = [
        lambda s: np.floor(np.exp(1.2 + 0.7 * s)),
        lambda s: np.round(expit(s), 4),
        lambda s: np.round(10 + 3 * s, 2),
    ]
    return shapes[k % len(shapes)](score)
