"""What is owed for loyalty points that customers have earned and not yet used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmlab.features import DateLike, as_day
from crmlab.lifetime.rows import Floats
from crmlab.lifetime.value import check_money
from crmlab.tables import TableError, require_columns


def points_liability(
    ledger: pd.DataFrame, *, as_of: DateLike, value_per_point: float, expires_after: int | None = None
) -> pd.DataFrame:
    """Return, for the points earned in each month, how many are open, will be used, and what that will cost.

    The oldest points of a customer are used first. The chance that an open point is used in the next month of its life
    is taken from all months of earning that have lived through that month of life; beyond the oldest of them, nothing
    more is used. So a young programme is owed less here than in the end: the upper limit is ``open_points``.

    Parameters
    ----------
    ledger : DataFrame
        Table ``points_ledger``: ``customer_id``, ``ts``, ``points`` (positive: earned; negative: used).
    as_of : date or str
        Day of the balance, its entries included.
    value_per_point : float
        What a used point costs, in currency.
    expires_after : int, optional
        Whole months of life after which an unused point is void.

    Returns
    -------
    DataFrame
        Indexed by ``month`` of earning: ``earned``, ``used``, ``expired``, ``open_points``, ``expected_use`` (of the
        open ones) and ``liability`` (currency).

    Raises
    ------
    TableError
        If a column is missing or a customer has used more than he had earned.
    ValueError
        If a number or the date is impossible.

    Examples
    --------
    >>> days = pd.to_datetime(["2025-01-05", "2025-01-09", "2025-02-20"])
    >>> ledger = pd.DataFrame({"customer_id": [1, 2, 1], "ts": days, "points": [100, 100, -60]})
    >>> points_liability(ledger, as_of="2025-02-28", value_per_point=0.01)[["open_points", "expected_use"]]
             open_points  expected_use
    month
    2025-01        140.0           0.0
    2025-02          0.0           0.0
    """
    require_columns(ledger, ["customer_id", "ts", "points"], table="points_ledger")
    check_money(value_per_point=value_per_point)
    if expires_after is not None and (not isinstance(expires_after, int | np.integer) or expires_after < 1):
        raise ValueError(f"expires_after must be a whole number of months of at least 1, not {expires_after!r}.")
    end = as_day(as_of)
    rows = ledger[pd.to_datetime(ledger["ts"]).dt.normalize() <= end].sort_values("ts", kind="stable")
    if not (rows["points"] > 0).any():
        raise TableError("Nobody has earned points up to as_of.")
    now = _month(pd.Series([end]))[0]
    pieces = _oldest_first(rows)
    used, earned, first = _triangle(pieces, now)
    age = now - (first + np.arange(len(earned)))  # months of life that are complete, of each month of earning
    left = earned[:, None] - np.cumsum(used, axis=1)
    start = np.concatenate([earned[:, None], left[:, :-1]], axis=1)
    life = used.shape[1]
    seen = np.arange(life)[None, :] < age[:, None]  # the month of `as_of` is not over
    at_risk = np.where(seen, start, 0).sum(axis=0)
    rate = np.divide(np.where(seen, used, 0).sum(axis=0), at_risk, out=np.zeros(life), where=at_risk > 0)
    if expires_after is not None:
        rate[expires_after:] = 0
    stays = np.append(np.cumprod((1 - rate)[::-1])[::-1], 1.0)  # chance of never being used from that month of life on
    total_used = used.sum(axis=1)
    remains = earned - total_used
    void = np.zeros(len(earned), dtype=bool) if expires_after is None else age >= expires_after
    open_points = np.where(void, 0.0, remains)
    expected = open_points * (1 - stays[np.clip(age, 0, life)])
    return pd.DataFrame(
        {
            "earned": earned,
            "used": total_used,
            "expired": np.where(void, remains, 0.0),
            "open_points": open_points,
            "expected_use": expected,
            "liability": expected * value_per_point,
        },
        index=pd.period_range(pd.Period(ordinal=first, freq="M"), periods=len(earned), freq="M", name="month"),
    )


def _month(times: pd.Series) -> Any:
    stamps = pd.to_datetime(times)
    return ((stamps.dt.year - 1970) * 12 + stamps.dt.month - 1).to_numpy()


def _oldest_first(rows: pd.DataFrame) -> pd.DataFrame:
    """Cut all points into pieces earned by one entry and used by one entry, or not yet used."""
    code = pd.factorize(rows["customer_id"])[0]
    points = rows["points"].to_numpy(dtype=np.float64)
    if not np.isfinite(points).all():
        raise TableError("The column 'points' has missing or infinite values.")
    month = _month(rows["ts"])
    inward = points > 0
    total = np.bincount(code, np.where(inward, points, 0.0))
    spent = np.bincount(code, np.where(inward, 0.0, -points), minlength=len(total))
    short = spent > total * (1 + 1e-12)
    if short.any():
        raise TableError(f"{short.sum():,} customers have used more points than they had earned.")
    # All points stand on one line, customer after customer; earning and using cut it at different places.
    offset = np.cumsum(total) - total

    def edges(of: Any) -> tuple[Floats, Floats, Any]:
        some = np.flatnonzero(of)
        some = some[np.argsort(code[some], kind="stable")]
        amount = np.abs(points[some])
        running = np.cumsum(amount)
        before = np.bincount(code[some], amount, minlength=len(total))
        begin = running - amount - (np.cumsum(before) - before)[code[some]] + offset[code[some]]
        return begin, begin + amount, month[some]

    earn_from, earn_to, earned_in = edges(inward)
    use_from, use_to, used_in = edges(points < 0)
    cuts = np.unique(np.concatenate([earn_from, earn_to, use_from, use_to]))
    middle, size = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    source = np.searchsorted(earn_from, middle, side="right") - 1
    sink = np.searchsorted(use_from, middle, side="right") - 1
    used = (sink >= 0) & (middle < use_to[sink]) if len(use_from) else np.zeros(len(middle), dtype=bool)
    when = np.where(used, used_in[sink] if len(used_in) else 0, -1)
    return pd.DataFrame({"earned_in": earned_in[source], "used_in": when, "points": size})


def _triangle(pieces: pd.DataFrame, now: int) -> tuple[Floats, Floats, int]:
    """Points used by month of earning and month of life; points earned by month; the first month."""
    first = int(pieces["earned_in"].min())
    count = now - first + 1
    row = pieces["earned_in"].to_numpy() - first
    earned = np.bincount(row, pieces["points"], minlength=count)
    gone = (pieces["used_in"] >= 0).to_numpy()
    # Points used before they were earned (a return, an advance) count as used at once.
    life = np.maximum(pieces["used_in"].to_numpy()[gone] - first - row[gone], 0)
    used = np.bincount(row[gone] * count + life, pieces["points"].to_numpy()[gone], minlength=count * count)
    return used.reshape(count, count).astype(np.float64), earned.astype(np.float64), first
