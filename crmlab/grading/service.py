"""Who is served first, and where scarce hours do most good."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmlab.grading.checks import numbers_of


def priority_waits(
    rates: Sequence[float], *, service_minutes: float, variation: float = 1.0, priority: bool = True
) -> pd.Series:
    """Return how long customers of each class wait for one agent who serves the best class first.

    Calls come at random, one is answered at a time and never broken off. What the first class gains the last one pays:
    the mean over all calls, weighted by their numbers, is the same with and without priorities.

    Parameters
    ----------
    rates : sequence of float
        Calls per hour of each class, best class first.
    service_minutes : float
        Mean length of a call, in minutes, the same in all classes.
    variation : float, default 1.0
        Coefficient of variation of the length of a call: 1 for exponential lengths, 0 for equal ones.
    priority : bool, default True
        False: first come, first served.

    Returns
    -------
    Series
        Mean wait in minutes before service begins, one per class, on 0, 1, …; infinite for a class that the agent
        never gets round to.

    Raises
    ------
    ValueError
        If a rate or a length is not positive.

    References
    ----------
    Cobham (1954), Priority assignment in waiting line problems, Operations Research 2(1): 70–76.

    Examples
    --------
    >>> priority_waits([2.0, 6.0], service_minutes=6.0).round(2).tolist()
    [6.0, 30.0]
    """
    calls = np.asarray(rates, dtype=float) / 60
    if not len(calls) or not (calls > 0).all() or not service_minutes > 0 or not variation >= 0:
        raise ValueError("rates and service_minutes must be positive, variation 0 or more.")
    load = np.cumsum(calls) * service_minutes
    busy = load[-1]
    # Remaining time of the call that is being answered when a new one comes in (Pollaczek and Khinchin).
    residual = min(busy, 1.0) * service_minutes * (1 + variation**2) / 2
    if not priority:
        waits = np.full(len(calls), residual / (1 - busy) if busy < 1 else np.inf)
    else:
        before = np.concatenate([[0.0], load[:-1]])
        free = (1 - before) * (1 - load)
        waits = np.where(load < 1, residual / np.where(load < 1, free, 1.0), np.inf)
    return pd.Series(waits, name="wait_minutes")


def allocate_hours(gains: pd.Series, *, hours: float, half_after: float = 2.0) -> pd.Series:
    """Return how many hours each customer should get when the first hour does more than the tenth.

    The gain of h hours is ``gains × (1 − 0.5 ** (h / half_after))``. The best division gives hours until one more
    minute is worth the same wherever any are given; who cannot reach that gets none.

    Parameters
    ----------
    gains : Series
        What unlimited care would gain with each customer, in €; 0 or less gets nothing.
    hours : float
        Hours to be given away, 0 or more.
    half_after : float, default 2.0
        Hours after which half of the gain is reached.

    Returns
    -------
    Series
        Hours of each customer, on the index of `gains`; they add up to `hours` unless nobody gains.

    Raises
    ------
    TableError
        If `gains` is empty or not finite.
    ValueError
        If `hours` is negative or `half_after` not positive.

    Examples
    --------
    >>> allocate_hours(pd.Series([800.0, 400.0, 50.0]), hours=6.0, half_after=2.0).round(2).tolist()
    [4.0, 2.0, 0.0]
    """
    amounts = numbers_of(gains)
    if not hours >= 0 or not half_after > 0:
        raise ValueError(f"hours must be 0 or more and half_after positive, not {hours!r} and {half_after!r}.")
    given = np.zeros(len(amounts))
    worthy = np.flatnonzero(amounts > 0)
    if len(worthy) and hours > 0:
        order = worthy[np.argsort(-amounts[worthy], kind="stable")]
        logs = np.log2(amounts[order])
        counts = np.arange(1, len(order) + 1)
        # With the k best served, the level at which their marginal gains meet; the largest k whose last one gets any.
        level = (np.cumsum(logs) - hours / half_after) / counts
        served = int(np.flatnonzero(logs > level)[-1]) + 1
        given[order[:served]] = half_after * (logs[:served] - level[served - 1])
    return pd.Series(given, index=gains.index, name="hours")
