"""Classes, scores and zones: one grade for each customer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmlab.grading.checks import ROUNDING, numbers_of
from crmlab.grading.engines import on_any_engine
from crmlab.tables import require_columns

ZONES = ("value", "potential", "migrating", "frozen")
"""The four value zones."""


@on_any_engine
def abc(values: pd.Series, *, cuts: Sequence[float] = (0.8, 0.95)) -> pd.Series:
    """Return the class A, B, C, … of each customer by cumulative share of the total.

    Customers are lined up from the largest value down and their values added up. Class A is everyone up to whom the
    sum is at most the first cut of the total, class B those up to the second, and so on. The customer with whom a cut
    is crossed belongs to the lower class, with one exception: the first in line is A, even one who alone brings more
    than 80%.

    Equal values stand in the order of their index labels, so the class does not depend on the order of the rows (with
    labels that repeat or cannot be compared, it does). Values of zero or less bring nothing: they count as 0 in the
    shares and belong to the last class, as everybody does when there is nothing to share.

    Parameters
    ----------
    values : Series
        One value per customer, such as revenue in €.
    cuts : sequence of float, default (0.8, 0.95)
        Increasing shares between 0 and 1; k cuts make k + 1 classes.

    Returns
    -------
    Series
        Ordered categorical (A, B, C, …, in this order) on the index of `values`.

    Raises
    ------
    TableError
        If `values` is empty or holds something that is not a finite number.
    ValueError
        If `cuts` are not increasing shares between 0 and 1.

    References
    ----------
    Juran (1951), Quality Control Handbook, "the vital few and the trivial many"; 80% and 95% are custom, not law.

    Examples
    --------
    >>> abc(pd.Series([10.0, 70.0, 5.0, 15.0], index=["a", "b", "c", "d"])).to_dict()
    {'a': 'B', 'b': 'A', 'c': 'C', 'd': 'B'}
    """
    cuts = list(cuts)
    if not 1 <= len(cuts) <= 25 or not all(0 < cut < 1 for cut in cuts) or sorted(set(cuts)) != cuts:
        raise ValueError(f"cuts must be 1 to 25 increasing shares between 0 and 1, such as (0.8, 0.95), not {cuts!r}.")
    amounts = np.maximum(numbers_of(values), 0.0)
    classes = np.full(len(amounts), len(cuts), dtype=np.int8)
    total = math.fsum(amounts)
    if total > 0:
        line = _largest_first(amounts, values.index)
        cumulated = np.cumsum(amounts[line]) / total
        classes[line] = np.searchsorted(np.asarray(cuts) + ROUNDING, cumulated, side="left")
        classes[line[0]] = 0
    names = [chr(ord("A") + i) for i in range(len(cuts) + 1)]
    return pd.Series(pd.Categorical.from_codes(classes, pd.Index(names), ordered=True), index=values.index, name="abc")


@on_any_engine
def rfm_scores(rfm: pd.DataFrame, *, bins: int = 5, value: str = "monetary") -> pd.DataFrame:
    """Return recency, frequency and monetary scores from 1 to `bins`; high is good.

    The score says how many customers are strictly worse: with five bins, 1 means that fewer than 20% are, 5 that at
    least 80% are. Equal values therefore always share a score, and the score does not depend on the order of the
    rows. The price is that bins need not be equally large: where half of the customers have a single order, all of
    these get frequency score 1, a second order is better than half of the customers and gets 3, and nobody has 2. In
    the same way nobody has the highest score when more than a bin's share of customers tie for best.

    Parameters
    ----------
    rfm : DataFrame
        One row per customer, with ``recency_days``, ``frequency`` and `value`.
    bins : int, default 5
        Number of scores, at least 2.
    value : str, default "monetary"
        Column of the monetary score; ``"monetary_net"`` ranks by what was kept after refunds.

    Returns
    -------
    DataFrame
        ``r_score``, ``f_score`` and ``m_score`` (points, 1 to `bins`) on the index of `rfm`.

    Raises
    ------
    TableError
        If a column is missing, the table is empty, or a value is not a finite number.
    ValueError
        If `bins` is not a whole number of at least 2.

    References
    ----------
    Hughes (1994), Strategic Database Marketing, scores by fifths; the rule for ties is ours.

    Examples
    --------
    >>> table = pd.DataFrame({"recency_days": [1, 9, 9, 30], "frequency": [7, 1, 1, 2], "monetary": [90, 5, 8, 20]})
    >>> rfm_scores(table)["f_score"].tolist()
    [4, 1, 1, 3]
    """
    if not isinstance(bins, int | np.integer) or isinstance(bins, bool) or bins < 2:
        raise ValueError(f"bins must be a whole number of at least 2, not {bins!r}.")
    require_columns(rfm, ["recency_days", "frequency", value], table="rfm")
    goodness = {
        "r_score": -numbers_of(rfm["recency_days"]),
        "f_score": numbers_of(rfm["frequency"]),
        "m_score": numbers_of(rfm[value]),
    }
    return pd.DataFrame({name: _scores(good, bins) for name, good in goodness.items()}, index=rfm.index)


@on_any_engine
def zones(
    customers: pd.DataFrame,
    *,
    current_value: str = "monetary_net",
    frozen_after: float,
    value_share: float = 0.8,
    falling: float = 0.5,
) -> pd.Series:
    """Return the value zone of each customer: value, potential, migrating or frozen.

    The four names are a common way to speak of customers; the rule behind them here is ours. In this order:

    - **frozen**: the last order is more than `frozen_after` days ago.
    - **migrating**: not frozen, but spending has fallen below `falling` times that of the window before.
    - **value**: neither, and among the largest customers who together hold at most `value_share` of the current value
      (class A of `abc` with that cut, over all customers).
    - **potential**: everybody else: active, not falling, not yet large. New customers are here until they have grown.

    Parameters
    ----------
    customers : DataFrame
        One row per customer, such as the ``rfm`` table merged with ``spend_windows``: ``recency_days``,
        ``spend_recent``, ``spend_before`` and the column `current_value`. The spending windows should span several
        usual pauses between orders: in shorter ones most of the rise and fall is chance.
    current_value : str, default "monetary_net"
        Column that says how much a customer is worth now, in €.
    frozen_after : float
        Days of silence after which a customer counts as frozen. It depends on how often people buy what is sold:
        `suggest_frozen_after` learns it from the log.
    value_share : float, default 0.8
        Share of the current value held by the customers of the value zone, between 0 and 1. A higher share makes it
        larger.
    falling : float, default 0.5
        Spending in the recent window below this multiple of the window before counts as moving away: 0.5 means that
        more than half of it is gone, 1 that any decrease counts, 0 that none does.

    Returns
    -------
    Series
        Ordered categorical in the order of `ZONES`, on the index of `customers`.

    Raises
    ------
    TableError
        If a column is missing, the table is empty, or a value is not a finite number.
    ValueError
        If an option is out of its range.

    Examples
    --------
    >>> table = pd.DataFrame({"recency_days": [5, 5, 5, 400], "monetary_net": [700.0, 90.0, 200.0, 10.0],
    ...                       "spend_recent": [300.0, 90.0, 20.0, 0.0], "spend_before": [400.0, 0.0, 180.0, 0.0]})
    >>> zones(table, frozen_after=180).tolist()
    ['value', 'potential', 'migrating', 'frozen']
    """
    if not frozen_after >= 0:
        raise ValueError(f"frozen_after must be a number of days, 0 or more, not {frozen_after!r}.")
    if not falling >= 0:
        raise ValueError(f"falling must be 0 or more, not {falling!r}.")
    if not 0 < value_share < 1:
        raise ValueError(f"value_share must be between 0 and 1, not {value_share!r}.")
    require_columns(customers, ["recency_days", current_value], table="rfm")
    require_columns(customers, ["spend_recent", "spend_before"], table="spend_windows")
    frozen = numbers_of(customers["recency_days"]) > frozen_after
    migrating = numbers_of(customers["spend_recent"]) < falling * numbers_of(customers["spend_before"])
    valuable = (abc(customers[current_value], cuts=[value_share]) == "A").to_numpy()
    zone = np.select([frozen, migrating, valuable], ["frozen", "migrating", "value"], default="potential")
    return pd.Series(pd.Categorical(zone, categories=list(ZONES), ordered=True), index=customers.index, name="zone")


def _largest_first(amounts: np.ndarray, index: pd.Index) -> np.ndarray:
    """Return positions from the largest amount down, equal amounts in the order of their labels."""
    labels = np.arange(len(amounts))
    if not index.is_monotonic_increasing:
        try:
            labels = np.asarray(index.argsort())
        except TypeError:  # labels that cannot be compared: the order of the rows decides
            pass
    return labels[np.argsort(-amounts[labels], kind="stable")]


def _scores(good: np.ndarray, bins: int) -> np.ndarray:
    worse = np.searchsorted(np.sort(good), good, side="left")
    return 1 + bins * worse // len(good)
