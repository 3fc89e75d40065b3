"""Complaints and silence: how many are dissatisfied, when few of them say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crmlab.loyalty.estimates import (
    Estimate,
    as_flags,
    as_floats,
    as_weights,
    check_level,
    difference_of_shares,
    normal_quantile,
    share,
)
from crmlab.tables import TableError


def iceberg(complaints: int, *, asked: int, complained: int, level: float = 0.95) -> Estimate:
    """Return how many were dissatisfied, from complaints and a survey of the dissatisfied.

    One complaint stands for 1 / p dissatisfied customers, where p is the share who complain. p comes from asking people
    who were dissatisfied whether they complained.

    Parameters
    ----------
    complaints : int
        Customers with a complaint in a period.
    asked : int
        Dissatisfied people in the survey (same period, same kind of problem).
    complained : int
        How many of these had complained.
    level : float, default 0.95
        Probability that the interval covers; it allows for chance in the survey and in the number of complaints.

    Returns
    -------
    Estimate
        Dissatisfied customers; the upper end is infinite when nobody in the survey had complained.

    References
    ----------
    TARP (1979, 1986), Consumer Complaint Handling in America, for the picture.

    Examples
    --------
    >>> print(iceberg(90, asked=200, complained=10))
    1.8e+03 [970, 3.4e+03], n = 200
    """
    if complaints < 0:
        raise TableError(f"complaints must be 0 or more, not {complaints!r}.")
    p = share(complained, asked, level=level)
    value = complaints / p.value if p.value > 0 else np.inf
    # On the log scale the two errors add up: Wilson's ends for p, a Poisson count for the complaints.
    spread = normal_quantile(level) / np.sqrt(complaints) if complaints else 0.0
    lower = np.exp(-np.hypot(np.log(p.high / max(p.value, 1e-12)) if p.value > 0 else 0.0, spread))
    low = complaints / p.high if p.value == 0 else value * lower
    high = np.inf if p.value == 0 else value * np.exp(np.hypot(np.log(p.value / p.low), spread))
    return Estimate(float(value), float(low), float(high), asked)


def silent_share(dissatisfied: Any, complained: Any, *, weights: Any = None, level: float = 0.95) -> Estimate:
    """Return the share of dissatisfied customers who did not complain.

    Parameters
    ----------
    dissatisfied, complained : array-like of bool, shape (n,)
        Of each customer asked.
    weights : array-like, shape (n,), optional
        Weight of each (see `response_weights`); the interval then counts the equivalent number of equal answers.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate
        Share 0 to 1; ``observations`` is how many were dissatisfied.

    Examples
    --------
    >>> print(silent_share([True] * 20 + [False] * 5, [True] + [False] * 24))
    0.95 [0.764, 0.991], n = 20
    """
    unhappy, spoke = as_flags(dissatisfied, name="dissatisfied"), as_flags(complained, name="complained")
    if len(unhappy) != len(spoke):
        raise TableError("dissatisfied and complained must have one value each per customer.")
    if not unhappy.any():
        raise TableError("Nobody was dissatisfied: there is no silence to measure.")
    weight = np.ones(len(unhappy)) if weights is None else as_weights(weights, len(unhappy))
    used, silent = weight[unhappy], ~spoke[unhappy]
    value = float(np.average(silent, weights=used))
    effective = used.sum() ** 2 / np.sum(used**2)
    ends = share(value * effective, max(effective, 1), level=level)
    return Estimate(value, ends.low, ends.high, int(unhappy.sum()))


def capture_recapture(first: Iterable[Any], second: Iterable[Any], *, level: float = 0.95) -> Estimate:
    """Return how many there are in all, from two lists that each caught some of them.

    With tickets and a survey as the lists: the fewer of the dissatisfied in the survey also wrote a ticket, the more
    there must be whom neither caught. It is right if being on one list says nothing about being on the other. People
    who speak up speak up everywhere, so that the lists overlap too much and the estimate is too low: read it as a bound
    from below.

    Parameters
    ----------
    first, second : iterable
        Customers on each list; one who stands there twice counts once.
    level : float, default 0.95
        Probability that the interval covers, if the lists are independent.

    Returns
    -------
    Estimate
        Number of people (Chapman) with a log-normal interval never below those seen; ``observations``: seen at all.

    Raises
    ------
    TableError
        If a list is empty.

    References
    ----------
    Chapman (1951); Chao (1987), Biometrics 43.

    Examples
    --------
    >>> print(capture_recapture(range(0, 60), range(40, 140)))
    292 [226, 409], n = 140
    """
    check_level(level)
    a, b = set(first), set(second)
    if not a or not b:
        raise TableError("Each list needs at least one customer.")
    both, seen = len(a & b), len(a | b)
    value = (len(a) + 1) * (len(b) + 1) / (both + 1) - 1
    variance = (len(a) + 1) * (len(b) + 1) * (len(a) - both) * (len(b) - both) / ((both + 1) ** 2 * (both + 2))
    unseen = value - seen
    if unseen <= 0:
        return Estimate(value, float(seen), float(seen), seen)
    factor = np.exp(normal_quantile(level) * np.sqrt(np.log1p(variance / unseen**2)))
    return Estimate(float(value), float(seen + unseen / factor), float(seen + unseen * factor), seen)


def recovery_effect(path: Any, loyal: Any, *, reference: str = "silent", level: float = 0.95) -> pd.DataFrame:
    """Return how loyal customers are after each way in which a problem went.

    The groups chose themselves: whom the firm satisfied may have had a smaller problem, and who complains is more
    attached to begin with. Compare like with like, or let chance decide who is invited to complain.

    Parameters
    ----------
    path : array-like of str
        What happened to each customer, such as ``"no problem"``, ``"silent"``, ``"unsatisfied"``, ``"satisfied"``.
    loyal : array-like of bool
        Whether each was loyal afterwards.
    reference : str, default "silent"
        The group that the others are compared with.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: path, in order of loyalty. ``share``, ``low``, ``high`` (Wilson), ``gain``, ``gain_low``, ``gain_high``
        (difference from the reference, Newcombe), ``customers``.

    Examples
    --------
    >>> path = ["silent"] * 50 + ["quick"] * 50
    >>> loyal = [True] * 20 + [False] * 30 + [True] * 40 + [False] * 10
    >>> recovery_effect(path, loyal)[["share", "gain"]].round(2).loc["quick"].to_dict()
    {'share': 0.8, 'gain': 0.4}
    """
    groups = pd.Series(path).astype("object").to_numpy()
    outcome = as_flags(loyal, name="loyal")
    if len(groups) != len(outcome):
        raise TableError("path and loyal must have one value each per customer.")
    known = ~pd.isna(groups)
    groups, outcome = groups[known], outcome[known]
    counts = {name: (int(outcome[groups == name].sum()), int((groups == name).sum())) for name in sorted(set(groups))}
    if reference not in counts:
        raise TableError(f"No customer has the path {reference!r}; there are {', '.join(map(repr, counts))}.")
    rows = {}
    for name, (good, many) in counts.items():
        own = share(good, many, level=level)
        gain = difference_of_shares((good, many), counts[reference], level=level)
        gap = (0.0, np.nan, np.nan) if name == reference else (gain.value, gain.low, gain.high)
        rows[name] = (own.value, own.low, own.high, *gap, many)
    columns = ["share", "low", "high", "gain", "gain_low", "gain_high", "customers"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("path")
    return table.sort_values("share", kind="stable")


def complaint_rank(rates: Any, satisfaction: Any) -> float:
    """Return how complaint rates rank branches against their dissatisfaction: 1 if complaints tell the truth.

    Parameters
    ----------
    rates, satisfaction : array-like, shape (branches,)
        Complaints per order, and mean satisfaction.

    Returns
    -------
    float
        −1 to 1; below 0 complaints point at the wrong branches.

    Examples
    --------
    >>> complaint_rank([0.01, 0.02, 0.03], [3.0, 4.0, 5.0])
    -1.0
    """
    rate, felt = as_floats(rates, name="rates"), as_floats(satisfaction, name="satisfaction")
    if len(rate) != len(felt) or len(rate) < 3:
        raise TableError("rates and satisfaction need one value each for at least 3 branches.")
    return float(pd.Series(rate).corr(-pd.Series(felt), method="spearman"))
