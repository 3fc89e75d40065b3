"""How customers move between zones, classes or stages from one time to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from crmlab.tables import TableError


def transitions(
    before: pd.Series, after: pd.Series, *, states: Sequence[str] | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """Return where customers of each state are at the next time, with intervals.

    Parameters
    ----------
    before, after : Series
        State of each customer at two times, indexed by customer. Who is in only one of them is left out: new customers
        have no state before.
    states : sequence of str, optional
        All states, in order; the categories of `before`, or what is found, when left out.
    confidence : float, default 0.95
        Confidence of the Wilson intervals, between 0 and 1. They take customers as independent of each other.

    Returns
    -------
    DataFrame
        One row per pair, indexed by ``before`` and ``after``: ``customers`` (count), ``share`` of the state before,
        ``low`` and ``high``; NaN where nobody was in the state before.

    Raises
    ------
    TableError
        If no customer is in both, one is no column of pandas, an index repeats, or a state is unknown.
    ValueError
        If `confidence` is not between 0 and 1.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22: 209–212.

    Examples
    --------
    >>> moved = transitions(pd.Series(["value", "value"], index=[1, 2]), pd.Series(["value", "frozen"], index=[1, 2]))
    >>> moved["share"].loc["value"].to_dict()
    {'frozen': 0.5, 'value': 0.5}
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence!r}.")
    if not isinstance(before, pd.Series) or not isinstance(after, pd.Series):
        raise TableError(
            "before and after must be pandas columns, both indexed by customer: that is how they are matched."
        )
    if not (before.index.is_unique and after.index.is_unique):
        raise TableError("before and after need one row per customer; an index value repeats.")
    both = before.index.intersection(after.index)
    if not len(both):
        raise TableError("No customer is in both before and after: index both by customer.")
    if states is None:
        if isinstance(before.dtype, pd.CategoricalDtype):
            states = list(before.cat.categories)
        else:
            states = sorted(set(before.loc[both]) | set(after.loc[both]))
    codes = [pd.Index(states).get_indexer(pd.Index(series.loc[both])) for series in (before, after)]
    if min(code.min() for code in codes) < 0:
        raise TableError(f"A state is none of {list(states)!r}, or missing.")
    counts = np.zeros((len(states), len(states)))
    np.add.at(counts, (codes[0], codes[1]), 1)
    totals = np.broadcast_to(counts.sum(axis=1, keepdims=True), counts.shape)
    z = norm.ppf((1 + confidence) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = counts / totals
        middle = (share + z**2 / (2 * totals)) / (1 + z**2 / totals)
        half = z * np.sqrt(share * (1 - share) / totals + z**2 / (4 * totals**2)) / (1 + z**2 / totals)
    index = pd.MultiIndex.from_product([list(states), list(states)], names=["before", "after"])
    return pd.DataFrame(
        {
            "customers": counts.ravel().astype(int),
            "share": share.ravel(),
            "low": np.maximum(middle - half, 0).ravel(),
            "high": np.minimum(middle + half, 1).ravel(),
        },
        index=index,
    )


def zone_transitions(before: pd.Series, after: pd.Series, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return `transitions` between the four value zones.

    Parameters
    ----------
    before, after : Series
        Zones of `zones` at two times, indexed by customer.
    confidence : float, default 0.95
        As in `transitions`.

    Returns
    -------
    DataFrame
        Sixteen rows, as `transitions` gives them.

    Raises
    ------
    TableError, ValueError
        As `transitions`.

    Examples
    --------
    >>> moved = zone_transitions(pd.Series({1: "value", 2: "potential"}), pd.Series({1: "migrating", 2: "value"}))
    >>> int(moved.loc[("value", "migrating"), "customers"]), len(moved)
    (1, 16)
    """
    from crmlab.grading.classes import ZONES

    return transitions(before, after, states=ZONES, confidence=confidence)
