"""Why customers leave: what would have kept them, found by removing causes one by one and together.

A firm can ask the lost; here the same months are lived again with a cause removed, the people and their luck the same.
Causes work together (who waited for a late parcel is lost sooner if nobody answers the telephone), so that removing
them one after the other gives each another share in each sequence. The Shapley value is the mean over all sequences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world import World
from crmlab.world.branch import Branch
from crmlab.world.population import Ids
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns

Lived = list[tuple[Columns, Columns]]
"""Months and orders of each village, from `Branch.go_on`."""

FACTORS: dict[str, tuple[str, ...]] = {
    "quality": ("quality", "service"),
    "site": ("site",),
    "logistics": ("logistics", "availability"),
    "after_sales": ("after_sales",),
    "product_line": ("assortment",),
}
"""The five factors of online churn, and the levers with which a firm works on each."""

BEST = 1.0
"""The level of a lever at which its cause of leaving is removed as far as any firm can."""

_NOBODY = np.zeros(1, np.int64)  # no customer has this id: what is asked for it holds for the firm as a whole


def causes(
    world: World,
    *,
    start: int,
    factors: Mapping[str, Sequence[str]] = FACTORS,
    replications: int = 8,
) -> pd.DataFrame:
    """Return how many customers each cause costs: those who would have stayed, had the firm done its best about it.

    All combinations of causes are removed in turn from `start` on. Counted are those who are customers then, and the
    expected number of departures until the last month, given what each of them lives through.

    Parameters
    ----------
    world : World
        The firm as it is.
    start : int
        Month from which causes are removed.
    factors : mapping of str to sequence of str
        Levers by cause; up to eight causes.
    replications : int
        Repetitions with the same people and other luck, at least 2.

    Returns
    -------
    DataFrame
        One row per cause, from the largest, then ``not in the firm's hands`` and ``all``. ``kept``: customers who would
        have stayed, as the Shapley value; its ``standard_error`` over the repetitions; ``share`` of all departures with
        its ``share_error``; ``alone``: kept when only this cause is removed; ``last``: kept by removing it after all
        others. The rows add up in ``kept`` and ``share``.

    Raises
    ------
    ValueError
        If `start` is not a month of the world, a lever is unknown, or there are too few repetitions or too many causes.

    References
    ----------
    Shapley (1953), A value for n-person games, in Contributions to the Theory of Games II.

    Examples
    --------
    >>> shop = World("cosmetics", customers=300, months=4)
    >>> found = causes(shop, start=2, factors={"site": ["site"], "late": ["logistics"]}, replications=2)
    >>> float((found["share"].drop("all").sum() - found.loc["all", "share"]).round(9))
    0.0
    """
    names = list(factors)
    if not 1 <= len(names) <= 8:
        raise ValueError(f"factors: there are {len(names)}; between 1 and 8 are possible")
    if replications < 2:
        raise ValueError(f"replications={replications} is too few: at least 2 are needed to say how sure the result is")
    sets = [frozenset(chosen) for size in range(len(names) + 1) for chosen in combinations(names, size)]
    kept, lost = [], []
    for number in range(replications):
        branch = Branch(world if number == 0 else world.with_luck(number), start)
        there = np.sort(branch.customers())
        departures = {chosen: _departures(there, branch.go_on(**_levers(factors, chosen))) for chosen in sets}
        nothing = departures[frozenset()]
        kept.append({chosen: nothing - departures[chosen] for chosen in sets})
        lost.append(nothing)
    shapley = np.array([[_shapley(game, names, name) for name in names] for game in kept])
    everything = frozenset(names)
    whole = np.array([game[everything] for game in kept])
    table = pd.DataFrame(
        {
            "kept": shapley.mean(axis=0),
            "standard_error": shapley.std(axis=0, ddof=1) / np.sqrt(replications),
            "alone": [np.mean([game[frozenset([name])] for game in kept]) for name in names],
            "last": [
                np.mean([game[frozenset(names)] - game[frozenset(names) - {name}] for game in kept]) for name in names
            ],
        },
        index=pd.Index(names, name="cause"),
    ).sort_values("kept", ascending=False)
    all_lost = np.array(lost)
    of_repetitions = dict(zip(names, shapley.T, strict=True))
    of_repetitions |= {"not in the firm's hands": all_lost - whole, "all": all_lost}
    for label in ("not in the firm's hands", "all"):
        values = of_repetitions[label]
        table.loc[label, ["kept", "standard_error"]] = values.mean(), values.std(ddof=1) / np.sqrt(replications)
    table.insert(2, "share", table["kept"] / all_lost.mean())
    errors = [np.std(of_repetitions[label] / all_lost, ddof=1) / np.sqrt(replications) for label in table.index]
    table.insert(3, "share_error", errors)
    return table


def remedies(
    world: World,
    *,
    start: int,
    step: float = 0.1,
    factors: Mapping[str, Sequence[str]] = FACTORS,
    replications: int = 8,
) -> pd.DataFrame:
    """Return what a step against each cause costs and earns: the largest cause need not be the best to work on.

    Parameters
    ----------
    world : World
        The firm as it is.
    start : int
        Month from which the levers of a cause are raised.
    step : float
        By how much each of them is raised, at most up to 1.
    factors : mapping of str to sequence of str
        Levers by cause.
    replications : int
        Repetitions with the same people and other luck, at least 2.

    Returns
    -------
    DataFrame
        One row per cause, the most profitable per euro first: ``cost`` of the step until the last month (€), ``gain``
        before it (€), ``profit``, the difference, with its ``standard_error`` over the repetitions, ``per_euro``
        (``gain`` ÷ ``cost``) and ``kept``, customers of `start` who stay for it.

    Raises
    ------
    ValueError
        As `causes`, and if the step is not above 0.

    Examples
    --------
    >>> shop = World("cosmetics", customers=300, months=4)
    >>> bool((remedies(shop, start=2, replications=2)["cost"] > 0).all())
    True
    """
    if not 0 < step <= 1:
        raise ValueError(f"step={step} must be above 0 and at most 1")
    if replications < 2:
        raise ValueError(f"replications={replications} is too few: at least 2 are needed to say how sure the result is")
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in factors}
    for number in range(replications):
        shop = world if number == 0 else world.with_luck(number)
        branch = Branch(shop, start)
        there = np.sort(branch.customers())
        usual = branch.go_on()
        for name, levers in factors.items():
            raised: dict[str, Any] = {lever: min(1.0, float(shop.policy[lever].iloc[start]) + step) for lever in levers}
            lived = branch.go_on(**raised)
            rows[name].append(
                (
                    _profit(lived) - _profit(usual),
                    _cost(lived, shop.setup, shop.do(start=start, **raised).setup),
                    _departures(there, usual) - _departures(there, lived),
                )
            )
    table = pd.DataFrame(
        {
            name: {
                "cost": np.mean([cost for _, cost, _ in values]),
                "profit": np.mean([change for change, _, _ in values]),
                "standard_error": np.std([change for change, _, _ in values], ddof=1) / np.sqrt(replications),
                "kept": np.mean([stay for _, _, stay in values]),
            }
            for name, values in rows.items()
        }
    ).T.rename_axis("cause")
    table.insert(1, "gain", table["profit"] + table["cost"])
    table["per_euro"] = table["gain"] / table["cost"]
    return table.sort_values("per_euro", ascending=False)


def _levers(factors: Mapping[str, Sequence[str]], chosen: frozenset[str]) -> dict[str, float]:
    return {lever: BEST for name in chosen for lever in factors[name]}


def months_of_those_there(there: Ids, lived: Lived) -> tuple[npt.NDArray[Any], ...]:
    """Return month, hazard of leaving and exposure of every month lived by those who were customers at the start.

    Parameters
    ----------
    there : int64 array
        Their ids, ascending.
    lived : list
        From `crmlab.world.branch.Branch.go_on`.

    Returns
    -------
    month, hazard, exposure : arrays of one length
        Hazard per month; exposure, the part of the month as a customer. Their product is the expected departures.
    """
    parts = []
    for months, _ in lived:
        place = np.minimum(np.searchsorted(there, months["customer_id"]), len(there) - 1)
        mine = there[place] == months["customer_id"]
        parts.append([months[name][mine] for name in ("month", "hazard", "exposure")])
    month, hazard, exposure = (np.concatenate(column) for column in zip(*parts, strict=True))
    return month.astype(np.int64), hazard.astype(float), exposure.astype(float)


def _departures(there: Ids, lived: Lived) -> float:
    """Return the expected departures of those who are there: their hazard, added up over the time that they live."""
    _, hazard, exposure = months_of_those_there(there, lived)
    return float(hazard @ exposure)


def _profit(lived: Lived) -> float:
    return float(sum(months["profit"].sum() for months, _ in lived))


def _cost(lived: Lived, before: Setup, after: Setup) -> float:
    """Return what a change of levers costs, at the customers and orders that the firm has with it."""
    total = 0.0
    for months, orders in lived:
        active = _by_month(months["month"], months["exposure"], after.months)
        of = orders["month"]
        count, value, tickets = (
            _by_month(of, weights, after.months)
            for weights in (np.ones(len(of)), orders["value"], orders["ticket"] > 0)
        )
        for month in np.flatnonzero(active):
            now, then = (setup.effects(int(month), _NOBODY) for setup in (after, before))
            total += active[month] * float(now.monthly_cost[0] - then.monthly_cost[0])
            total += count[month] * float(now.shipping[0] - then.shipping[0])
            total += value[month] * float(now.goods[0] - then.goods[0])
            total += tickets[month] * float(now.ticket_cost[0] - then.ticket_cost[0])
    return total


def _by_month(month: npt.NDArray[np.integer], weights: npt.ArrayLike, count: int) -> npt.NDArray[np.float64]:
    return np.bincount(month, weights=np.asarray(weights, float), minlength=count).astype(np.float64)


def _shapley(game: Mapping[frozenset[str], float], names: Sequence[str], name: str) -> float:
    """Return the mean over all sequences of what `name` adds to those before it."""
    n, total = len(names), 0.0
    others = [other for other in names if other != name]
    for size in range(n):
        weight = factorial(size) * factorial(n - size - 1) / factorial(n)
        for chosen in combinations(others, size):
            before = frozenset(chosen)
            total += weight * (game[before | {name}] - game[before])
    return total
