"""How deeply a customer sleeps, by fixed days or by each one's own rhythm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmlab.grading.checks import ROUNDING, numbers_of, require_gaps
from crmlab.grading.engines import in_pandas, on_any_engine
from crmlab.tables import TableError, require_columns

DEPTHS = ("awake", "dozing", "half asleep", "asleep")
"""From who orders as usual to who has stopped."""


def sleep_limits(
    gaps: pd.DataFrame, *, shares: Sequence[float] = (0.8, 0.95, 0.99), strength: float | None = None
) -> pd.DataFrame:
    """Learn from pauses that ended after how many days each customer dozes, is half asleep, is asleep.

    A customer's usual pause is the median of their own, drawn towards that of all customers: who has only one pause
    says little about themselves, and how little is learned from how much pauses differ within and between customers.
    Pauses divided by the usual pause of their customer are then comparable, and their quantiles say how unusual a
    silence is: with the default, 80%, 95% and 99% of pauses have ended by the three limits. Each customer has the same
    weight. Pauses that still run are not in the table, so the limits are on the short side.

    Parameters
    ----------
    gaps : DataFrame
        Table ``order_gaps``, or any with ``customer_id`` and ``gap_days``; of pandas, Polars or PyArrow.
    shares : sequence of three floats, default (0.8, 0.95, 0.99)
        Increasing shares of pauses that end before each limit.
    strength : float, optional
        Pauses of one's own that weigh as much as what is known of all customers; learned when left out.

    Returns
    -------
    DataFrame
        Of pandas whatever came in, indexed by ``customer_id``: ``usual_days``, ``dozing_after``,
        ``half_asleep_after``, ``asleep_after`` (days).
        ``attrs["others"]`` holds the same four for customers without a pause: those of the typical customer.

    Raises
    ------
    TableError
        If the table is empty or a plan, lacks a column, or holds a pause that is not positive.
    ValueError
        If `shares` are not three increasing shares or `strength` is negative.

    Examples
    --------
    >>> gaps = pd.DataFrame({"customer_id": [1] * 10 + [2] * 10, "gap_days": [10] * 9 + [20] + [30] * 9 + [60]})
    >>> sleep_limits(gaps)["dozing_after"].round().tolist()
    [10.0, 30.0]
    """
    if (
        len(shares) != 3
        or not 0 < shares[0] < shares[1] < shares[2] < 1
        or (strength is not None and not strength >= 0)
    ):
        raise ValueError(f"shares must be three increasing shares, strength 0 or more; not {shares!r}, {strength!r}.")
    gaps = in_pandas(gaps, name="order_gaps")
    require_gaps(gaps)
    if not len(gaps):
        raise TableError("The order_gaps table is empty: nobody ordered on two days, so no rhythm can be learned.")
    pauses = numbers_of(gaps["gap_days"])
    if wrong := int((pauses <= 0).sum()):
        raise TableError(f"{wrong:,} of {len(pauses):,} rows of the order_gaps table have no gap_days above 0.")
    if missing := int(gaps["customer_id"].isna().sum()):
        raise TableError(f"{missing:,} of {len(pauses):,} rows of the order_gaps table have no customer_id.")
    logs = pd.Series(np.log(pauses), index=gaps.index)
    grouped = logs.groupby(gaps["customer_id"])
    count, own = grouped.size(), grouped.median()
    everybody = float(own.median())
    if strength is None:
        strength = _strength(logs, gaps["customer_id"], count)
    usual = (count * own + strength * everybody) / (count + strength)
    ratio = np.exp((logs - gaps["customer_id"].map(usual)).to_numpy(dtype=float))
    weight = 1 / gaps["customer_id"].map(count).to_numpy(dtype=float)
    order = np.argsort(ratio, kind="stable")
    cumulated = np.cumsum(weight[order])
    places = np.searchsorted(cumulated, np.asarray(shares) * cumulated[-1] * (1 - ROUNDING))
    factors = ratio[order][places]
    names = ["dozing_after", "half_asleep_after", "asleep_after"]
    limits = pd.DataFrame({"usual_days": np.exp(usual)})
    for name, factor in zip(names, factors, strict=True):
        limits[name] = limits["usual_days"] * factor
    typical = float(np.exp(everybody))
    limits.attrs["others"] = {"usual_days": typical} | {
        name: typical * float(factor) for name, factor in zip(names, factors, strict=True)
    }
    limits.index.name = "customer_id"
    return limits


@on_any_engine
def sleep_depth(
    customers: pd.DataFrame,
    *,
    fixed: Sequence[float] | None = None,
    limits: pd.DataFrame | None = None,
) -> pd.Series:
    """Return how deeply each customer sleeps: awake, dozing, half asleep, asleep.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id`` and ``recency_days`` (days of silence), one row per customer; of pandas, Polars or PyArrow.
    fixed : sequence of three floats, optional
        Days of silence after which everybody dozes, is half asleep, is asleep.
    limits : DataFrame, optional
        From `sleep_limits`: each customer's own. Exactly one of the two is needed.

    Returns
    -------
    Series
        Ordered categorical in the order of `DEPTHS`. A silence as long as a limit is still on the waking side.

    Raises
    ------
    TableError
        If a column is missing or not finite, or a silence negative: an order after the day of looking.
    ValueError
        If not exactly one of `fixed` and `limits` is given, or `fixed` is not increasing.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2, 3], "recency_days": [10, 100, 400]})
    >>> sleep_depth(table, fixed=[60, 120, 365]).tolist()
    ['awake', 'dozing', 'asleep']
    """
    if (fixed is None) == (limits is None):
        raise ValueError(
            "Give either fixed (three numbers of days) or limits (from sleep_limits), not both or neither."
        )
    require_columns(customers, ["customer_id", "recency_days"], table="rfm")
    silent = numbers_of(customers["recency_days"])
    if future := int((silent < 0).sum()):
        raise TableError(f"{future:,} of {len(silent):,} customers have negative recency_days: orders of the future.")
    if fixed is not None:
        if len(fixed) != 3 or not 0 <= fixed[0] < fixed[1] < fixed[2]:
            raise ValueError(f"fixed must be three increasing numbers of days, not {fixed!r}.")
        bounds = np.tile(np.asarray(fixed, dtype=float), (len(silent), 1))
    else:
        assert limits is not None
        names = ["dozing_after", "half_asleep_after", "asleep_after"]
        others = limits.attrs.get("others", {})
        own = limits[names].reindex(customers["customer_id"])
        for name in names:
            own[name] = own[name].fillna(others.get(name, np.nan))
        bounds = own.to_numpy(dtype=float)
        if np.isnan(bounds).any():
            raise TableError("limits lacks customers and has no figures for others: make it with sleep_limits.")
    depth = (silent[:, None] > bounds).sum(axis=1)
    return pd.Series(
        pd.Categorical.from_codes(depth, pd.Index(DEPTHS), ordered=True), index=customers.index, name="sleep"
    )


def _strength(logs: pd.Series, customer: pd.Series, count: pd.Series) -> float:
    """Return the variance of pauses within customers over that between them, in logarithms.

    As many pauses of one's own then weigh as much as what is known of all others: the estimate of random effects.
    """
    means = logs.groupby(customer).mean()
    spare = int((count - 1).sum())
    if not spare or len(means) < 2:
        return 3.0  # nothing to learn from: a customer's few pauses count for half
    within = float(((logs - customer.map(means)) ** 2).sum()) / spare
    between = float(means.var(ddof=1)) - within * float((1 / count).mean())
    return within / between if between > 1e-9 else 1e6
