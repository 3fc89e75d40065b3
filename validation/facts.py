"""Facts that the cosmetics world is checked against, with target, tolerance and source.

Customers form a cohort that joins in month 0. A fact marked calibrated is one to which numbers of the scenario were
set: it shows that the world does what it was made to do, and is no evidence for the fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import ndtr

from crmlab.streams import normal
from crmlab.world import World, load_scenario
from crmlab.world.record import record_block
from crmlab.world.simulation import Columns, who_joins

CUSTOMERS = 60_000
# Satisfaction (with noise 0.25) from which a customer ticks 2, 3, 4, 5; the same for the stars of an order's verdict.
OVERALL_CUTS = (-1.42, -0.97, -0.52, 0.50)
STAR_CUTS = (-1.6, -1.33, -0.82, 0.02)


@dataclass(frozen=True)
class Fact:
    """One fact: number in the specification, what it says, allowed range, whether calibrated, how to compute it."""

    number: str
    meaning: str
    low: float
    high: float
    source: str
    calibrated: bool
    compute: Callable[[int], float]


def cohort(seed: int, months: int = 24, customers: int = CUSTOMERS, **values: Any) -> World:
    """Return the cosmetics world with a cohort that joins in month 0."""
    changes = {"firm.history_months": 0, **{key.replace("__", "."): value for key, value in values.items()}}
    return World(load_scenario("cosmetics").with_values(changes), customers=customers, months=months, seed=seed)


def record(world: World) -> tuple[Columns, Columns, Columns]:
    """Return customers, months and orders as recorded, latent values included."""
    population = who_joins(world.setup)
    parts = [record_block(world.setup, block) for block in population.blocks(16_384)]
    tables = [[part.customers for part in parts], [part.months for part in parts], [part.orders for part in parts]]
    joined = tuple({name: np.concatenate([t[name] for t in table]) for name in table[0]} for table in tables)
    return joined  # type: ignore[return-value]


@cache
def _recorded(seed: int) -> tuple[Columns, Columns, Columns]:
    return record(cohort(seed, months=24))


def _yearly(seed: int, first: int = 1) -> tuple[Columns, np.ndarray, np.ndarray]:
    """Return, per customer, revenue and number of orders of a year."""
    customers, _, orders = _recorded(seed)
    n = customers["customer_id"].max() + 1
    inside = (orders["month"] >= first) & (orders["month"] < first + 12)
    ids = orders["customer_id"][inside]
    return customers, np.bincount(ids, orders["value"][inside], n), np.bincount(ids, minlength=n)


def zero_repeaters(seed: int) -> float:
    """ζ = 0 with the CDNOW parameters: share without a repeat order in 39 weeks."""
    world = cohort(
        seed,
        months=10,
        firm__coupling=0.0,
        traits__order_rate_shape=0.553,
        traits__order_rate_mean=0.227,
        traits__churn_frailty_shape=0.606,
        leaving__hazard=0.2256,
        **{f"channels__{c}__{k}": 1.0 for c in _CHANNELS for k in ("churn", "order_rate")},
    )
    customers, _, orders = record(world)
    age = orders["month"] + orders["time"] - customers["arrival"][orders["customer_id"] - 1]
    repeats = (age > 0) & (age <= 39 / (365.25 / 12 / 7))
    return 1 - len(np.unique(orders["customer_id"][repeats])) / world.customers


def top_fifth_revenue(seed: int) -> float:
    """Share of a year's revenue from the best fifth of its buyers."""
    return _top_share(_yearly(seed)[1])


def profit_less_revenue_share(seed: int) -> float:
    """Share of profit from the fifth of buyers with most profit, less that of revenue."""
    run = cohort(seed, months=13).simulate()
    inside = run.transactions["ts"] >= "2024-02-01"
    revenue = run.transactions[inside].groupby("customer_id")["net"].sum()
    months = run.truth.months
    profit = months[months["month"] >= 1].groupby("customer_id")["profit"].sum().reindex(revenue.index)
    top = profit.nlargest(len(profit) // 5).sum() / profit.sum()
    return float(top - _top_share(revenue.to_numpy()))


def frequency_value_correlation(seed: int) -> float:
    """Correlation of a customer's number of orders and mean order value in a year."""
    _, value, count = _yearly(seed)
    bought = count > 0
    return float(np.corrcoef(count[bought], value[bought] / count[bought])[0, 1])


def asymmetry(seed: int) -> float:
    """Slope of the verdict below expectation over the slope above it, experience held constant."""
    _, _, orders = _recorded(seed)
    q, verdict = orders["experience"].astype(float), orders["verdict"].astype(float)
    p = load_scenario("cosmetics").satisfaction
    # The verdict is level × experience + comparison × v(distance); v is monotone, so distance is recovered from it.
    v = (verdict - p.level * q) / p.comparison
    above = p.gain_limit * np.arctanh(np.clip(v / p.gain_limit, 0, 1 - 1e-6))
    below = p.loss_limit / p.loss_slope * np.arctanh(np.clip(v / p.loss_limit, -1 + 1e-6, 0))
    design = np.column_stack([np.ones_like(q), q, below, above])
    slopes = np.linalg.lstsq(design, verdict, rcond=None)[0]
    return float(slopes[2] / slopes[3])


def _overall(seed: int, month: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ids and overall ratings, 1 to 5, of those alive at the end of a month."""
    customers, months, _ = _recorded(seed)
    death = customers["death_time"][months["customer_id"] - 1]
    rows = (months["month"] == month) & ~(death <= month + 1)
    ids = months["customer_id"][rows]
    mood = months["satisfaction"][rows] + 0.25 * normal(ids, seed=seed, mechanism="likert", month=month)
    return ids, 1 + np.searchsorted(OVERALL_CUTS, mood)


def satisfied_share(seed: int) -> float:
    """Share of 4 and 5 among the overall ratings of living customers after six months."""
    return float((_overall(seed, 6)[1] >= 4).mean())


def lost_satisfied(seed: int) -> float:
    """Share of those who rate 4 after six months and have left a year later."""
    ids, rating = _overall(seed, 6)
    death = _recorded(seed)[0]["death_time"][ids - 1]
    return float((death[rating == 4] <= 19).mean())


def retention_odds_ratio(seed: int) -> float:
    """Odds of staying for a year, of those who rate 5 against those who rate 4."""
    ids, rating = _overall(seed, 6)
    stays = ~(_recorded(seed)[0]["death_time"][ids - 1] <= 19)
    odds = [stays[rating == r].mean() / (1 - stays[rating == r].mean()) for r in (5, 4)]
    return float(odds[0] / odds[1])


def tickets_per_problem(seed: int) -> float:
    """Share of problems with an order that become a complaint."""
    _, _, orders = _recorded(seed)
    e = load_scenario(
        "cosmetics"
    ).failure.probability  # failures that do not delay are not recorded: add their expected number
    late = (orders["delay"] > 0).sum()
    problems = late + e * (len(orders["delay"]) - late)
    return float((orders["ticket"] > 0).sum() / problems)


def late_share(seed: int) -> float:
    """Share of late deliveries."""
    return float((_recorded(seed)[2]["delay"] > 0).mean())


def _stars(seed: int, late: bool) -> float:
    _, _, orders = _recorded(seed)
    verdict = orders["verdict"][(orders["delay"] > 0) == late].astype(float)
    return float(5 - sum(ndtr((cut - verdict) / 0.6) for cut in STAR_CUTS).mean())


def stars_on_time(seed: int) -> float:
    """Mean stars of orders delivered on time."""
    return _stars(seed, late=False)


def stars_late(seed: int) -> float:
    """Mean stars of orders delivered late."""
    return _stars(seed, late=True)


def _units(world: World, low: int, high: int) -> float:
    """Return the orders' list value in a span of months: quantity at constant prices."""
    _, _, orders = record(world)
    inside = (orders["month"] >= low) & (orders["month"] < high)
    return float(orders["value"][inside].sum(dtype=np.float64))


def price_elasticity(seed: int) -> float:
    """Elasticity of quantity to a price 5% lower or higher for a year."""
    base = cohort(seed, months=13)
    up, down = (_units(base.do(price=p, start=1), 1, 13) for p in (1.05, 0.95))
    return float(np.log(up / down) / np.log(1.05 / 0.95))


def promotion_elasticity(seed: int) -> float:
    """Elasticity of quantity to the price of one month 5% lower by promotion, in that month."""
    base = cohort(seed, months=7)
    usual, lifted = (_units(world, 6, 7) for world in (base, base.do(promotion=0.05, start=6, stop=7)))
    return (lifted / usual - 1) / -0.05


def promotion_dip(seed: int) -> float:
    """Part of the bump of a 20% promotion that is missing in the six months after it."""
    base = cohort(seed, months=13)
    promoted = base.do(promotion=0.2, start=6, stop=7)
    bump = _units(promoted, 6, 7) - _units(base, 6, 7)
    return (_units(base, 7, 13) - _units(promoted, 7, 13)) / bump


def _advertising(seed: int, stop: int, low: int, high: int) -> float:
    base = cohort(seed, months=13)
    more = base.do(advertising=1.1, start=1, stop=stop)
    return float(np.log(_units(more, low, high) / _units(base, low, high)) / np.log(1.1))


def advertising_short(seed: int) -> float:
    """Elasticity of the same month's orders to advertising."""
    return _advertising(seed, 2, 1, 2)


def advertising_long(seed: int) -> float:
    """Elasticity of orders to advertising that stays, once its stock has built up."""
    return _advertising(seed, 13, 7, 13)


def programme_naive_over_true(seed: int) -> float:
    """Naive gap in a year's orders between members and others, over what membership adds to the members' orders."""
    base = cohort(seed, months=24)
    customers, months, orders = _recorded(seed)
    _, _, without = record(base.do(programme=0, start=12))
    living = months["customer_id"][months["month"] == 12]
    member = customers["member_since"][living - 1] < 12
    mean = [
        _orders_of(table, living[chosen]) for table, chosen in ((orders, member), (orders, ~member), (without, member))
    ]
    return (mean[0] / mean[1] - 1) / (mean[0] / mean[2] - 1)


def _orders_of(orders: Columns, ids: np.ndarray) -> float:
    inside = orders["customer_id"][orders["month"] >= 12]
    return float(np.isin(inside, ids).sum() / len(ids))


def _top_share(values: np.ndarray) -> float:
    bought = np.sort(values[values > 0])[::-1]
    return float(bought[: len(bought) // 5].sum() / bought.sum())


_CHANNELS = tuple(load_scenario("cosmetics").channels)

FACTS = [
    Fact(
        "5",
        "ζ = 0, CDNOW parameters: no repeat in 39 weeks",
        0.57,
        0.63,
        "Fader & Hardie, CDNOW",
        False,
        zero_repeaters,
    ),
    Fact(
        "7",
        "best fifth of a year's buyers: share of revenue",
        0.61,
        0.75,
        "McCarthy & Winer 2019",
        True,
        top_fifth_revenue,
    ),
    Fact("8", "profit more concentrated than revenue", 0.0, 1.0, "common finding", False, profit_less_revenue_share),
    Fact(
        "9",
        "correlation of frequency and order value",
        -0.06,
        0.06,
        "gamma-gamma model",
        False,
        frequency_value_correlation,
    ),
    Fact("10", "disappointment over delight", 1.7, 3.0, "Anderson & Sullivan 1993, sign", True, asymmetry),
    Fact("11", "customers who rate 4 or 5", 0.78, 0.86, "Jones & Sasser 1995", True, satisfied_share),
    Fact(
        "13",
        "odds of staying, 5 over 4",
        2.0,
        4.0,
        "known to be far below the stated intention",
        False,
        retention_odds_ratio,
    ),
    Fact("14", "satisfied (4) customers lost in a year", 0.15, 0.40, "Jones & Sasser 1995", True, lost_satisfied),
    Fact("16", "complaints per problem", 0.01, 0.05, "TARP 1986", True, tickets_per_problem),
    Fact("20a", "late deliveries", 0.077, 0.085, "Olist data", True, late_share),
    Fact("20b", "stars on time", 4.18, 4.38, "Olist data", True, stars_on_time),
    Fact("20c", "stars late", 2.45, 2.65, "Olist data", True, stars_late),
    Fact("22", "price elasticity", -2.87, -2.37, "Bijmolt et al. 2005", True, price_elasticity),
    Fact("23a", "promotion elasticity at 5%", -4.03, -3.23, "Bijmolt et al. 2005", True, promotion_elasticity),
    Fact("23b", "dip after a promotion of 20%", 0.20, 0.45, "Van Heerde et al. 2004", True, promotion_dip),
    Fact("24a", "advertising elasticity, short run", 0.09, 0.15, "Sethuraman et al. 2011", True, advertising_short),
    Fact("24b", "advertising elasticity, long run", 0.19, 0.29, "Sethuraman et al. 2011", True, advertising_long),
    Fact(
        "29",
        "programme: naive gap over true effect",
        4.0,
        10.0,
        "Leenheer et al. 2007",
        True,
        programme_naive_over_true,
    ),
]


def main() -> None:
    """Print all facts on three seeds."""
    for fact in FACTS:
        values = [fact.compute(seed) for seed in (1, 2, 3)]
        inside = all(fact.low <= value <= fact.high for value in values)
        shown = " ".join(f"{value:8.3f}" for value in values)
        print(
            f"{'ok ' if inside else 'OUT'} {fact.number:>4} {shown}  [{fact.low}, {fact.high}]  {fact.meaning}",
            flush=True,
        )


if __name__ == "__main__":
    main()
