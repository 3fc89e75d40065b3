"""What a decision really did: to everybody in two runs, to each customer in expectation, and through others."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd

from crmlab.world import World

OUTCOMES = ("profit", "orders", "satisfaction")
"""What `effect` compares."""


class _HasTruth(Protocol):
    @property
    def truth(self) -> Any: ...


def effect(without: _HasTruth, changed: _HasTruth, *, start: int = 0, stop: int | None = None) -> pd.DataFrame:
    """Return the true effect of a decision: what became of the same people with it, and what without it.

    The runs share their people and their luck, so the difference of each customer is paired, and most of the noise
    cancels.

    Parameters
    ----------
    without, changed : Run
        Two simulations of one world, without the decision and with it.
    start, stop : int
        Months compared: from `start` to before `stop`, by default all.

    Returns
    -------
    DataFrame
        One row each for ``profit`` (€), ``orders`` and ``satisfaction``; per customer: ``without`` and ``with`` it,
        ``difference``, its ``standard_error``, the ``unpaired_standard_error`` that two unrelated groups of this size
        would have had, and ``total``, the difference over all customers. Profit and orders are sums over the months,
        for everybody who was a customer in either run. Satisfaction is the mean over the months in which a customer was
        there in both.

    Raises
    ------
    ValueError
        If the runs have no customer and month in common.

    Notes
    -----
    The standard error says how much the difference would vary over other people and other luck; the effect on these
    people with this luck is known exactly.
    """
    first, second = (_span(run.truth.months, start, stop) for run in (without, changed))
    both = first.merge(second, on=["customer_id", "month"], suffixes=("_without", "_with"))
    if both.empty:
        raise ValueError(f"the runs have no customer in common in the months from start={start} to stop={stop}")
    sums = [months.groupby("customer_id")[["profit", "orders"]].sum() for months in (first, second)]
    everybody = sums[0].index.union(sums[1].index)
    lower, upper = (table.reindex(everybody, fill_value=0.0) for table in sums)
    moods = both.groupby("customer_id")[["satisfaction_without", "satisfaction_with"]].mean()
    pairs = {
        "profit": (lower["profit"], upper["profit"]),
        "orders": (lower["orders"], upper["orders"]),
        "satisfaction": (moods["satisfaction_without"], moods["satisfaction_with"]),
    }
    return pd.DataFrame({name: _paired(*pair) for name, pair in pairs.items()}).T.rename_axis("outcome")


def individual_effects(
    without: World,
    changed: World,
    *,
    horizon: int | None = None,
    replications: int = 64,
    processes: int = 1,
) -> pd.DataFrame:
    """Return what a decision is expected to do to each customer, luck removed.

    Parameters
    ----------
    without, changed : World
        A world, and the same after `World.do`.
    horizon : int, optional
        Months over which to sum; by default all that are left from the decision on.
    replications : int
        Repetitions of everybody's luck, at least 2.
    processes : int
        Processes that share the work.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id``, as of `World.treatment_effect`: for ``orders`` and ``value`` (discounted profit, €)
        the expectation without and with the decision, the effect and its standard error. Everybody is there who was a
        customer at the decision. It is the direct effect; `total_effect` adds what comes through others.

    Examples
    --------
    >>> world = World(customers=200, months=12, seed=1)
    >>> effects = individual_effects(world, world.do(emails=6, start=6), replications=4)
    >>> list(effects.columns[:4])
    ['orders_without', 'orders_with', 'orders_effect', 'orders_effect_se']
    """
    return without.treatment_effect(changed, horizon=horizon, replications=replications, processes=processes)


def total_effect(without: World, changed: World, *, replications: int = 8, processes: int = 1) -> pd.DataFrame:
    """Return what a decision did to the firm's profit and orders, through whom, averaged over luck.

    A customer who is treated differently also brings other people, so effects on single customers do not add up to the
    effect on the firm. Here the whole world is simulated with and without the decision, under one luck after another.

    Parameters
    ----------
    without, changed : World
        A world, and the same after `World.do`.
    replications : int
        Pairs of runs, at least 2.
    processes : int
        Processes that share the work of each run.

    Returns
    -------
    DataFrame
        One row for the ``customers`` who were there at the decision, for ``newcomers`` who came of their own accord and
        those who were ``recommended`` afterwards, and for ``all``: the difference in ``profit`` (€, not discounted) and
        ``orders`` from the decision to the last month, and the standard errors of both over the repetitions.

    Raises
    ------
    ValueError
        If the worlds have the same policy or differ in more, or there are too few repetitions.
    """
    if replications < 2:
        raise ValueError(f"replications={replications!r} is too few: at least 2 are needed for a standard error")
    start = without.parts_at(changed)
    differences = []
    for number in range(replications):
        sums = [
            _by_origin(world.with_luck(number).simulate(processes=processes), start) for world in (without, changed)
        ]
        differences.append(sums[1] - sums[0])
    stacked = np.stack([table.to_numpy() for table in differences])
    mean, error = stacked.mean(axis=0), stacked.std(axis=0, ddof=1) / np.sqrt(replications)
    columns = {"profit": mean[:, 0], "profit_se": error[:, 0], "orders": mean[:, 1], "orders_se": error[:, 1]}
    return pd.DataFrame(columns, index=differences[0].index)


def _by_origin(run: Any, start: int) -> pd.DataFrame:
    """Sum profit and orders from a month on over those who were there, who came, and who were recommended."""
    firm, months = run.customers, run.truth.months
    joined = firm["signup_date"] < pd.Timestamp(run.world.scenario.start_date) + pd.DateOffset(months=start)
    origin = np.select([joined, firm["referrer_id"].notna()], ["customers", "recommended"], "newcomers")
    kind = pd.Series(origin, index=firm["customer_id"])
    later = months[months["month"] >= start]
    sums = later.groupby(later["customer_id"].map(kind))[["profit", "orders"]].sum()
    sums = sums.reindex(["customers", "newcomers", "recommended"], fill_value=0).astype(float)
    sums.loc["all"] = sums.sum()
    return sums.rename_axis("through")


def _span(months: pd.DataFrame, start: int, stop: int | None) -> pd.DataFrame:
    inside = months["month"] >= start
    if stop is not None:
        inside &= months["month"] < stop
    return months.loc[inside, ["customer_id", "month", *OUTCOMES]]


def _paired(without: pd.Series, changed: pd.Series) -> dict[str, float]:
    difference = changed - without
    n = len(difference)
    return {
        "without": without.mean(),
        "with": changed.mean(),
        "difference": difference.mean(),
        "standard_error": difference.std() / np.sqrt(n),
        "unpaired_standard_error": np.sqrt((without.var() + changed.var()) / n),
        "total": difference.sum(),
        "customers": float(n),
    }
