"""A ledger of points: earned, spent oldest first, expired, still owed – and what the debt is worth."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pandas as pd

from crmlab.loyalty.estimates import as_floats
from crmlab.tables import TableError, require_columns


def points_ledger(movements: pd.DataFrame, *, valid_months: int, as_of: str | pd.Timestamp) -> pd.DataFrame:
    """Return each customer's account of points on a day.

    Parameters
    ----------
    movements : DataFrame
        ``customer_id``, ``ts`` (moment), ``points`` (above 0 earned, below 0 spent). On one moment, earned comes first.
    valid_months : int
        Points expire so many months after they were earned; on that day they can no longer be spent.
    as_of : date
        Last day that counts, included.

    Returns
    -------
    DataFrame
        Index: customer_id. ``earned``, ``spent``, ``expired``, ``owed`` (points; earned = spent + expired + owed) and
        ``next_expiry`` (day on which the oldest points owed will expire; missing when nothing is owed).

    Raises
    ------
    TableError
        If a customer spends points that are not there.

    Examples
    --------
    >>> movements = pd.DataFrame(
    ...     {"customer_id": 1, "points": [100, 50, -80],
    ...      "ts": pd.to_datetime(["2024-01-05", "2024-06-01", "2024-07-01"])}
    ... )
    >>> account = points_ledger(movements, valid_months=12, as_of="2025-02-01").loc[1]
    >>> account[["earned", "spent", "expired", "owed"]].astype(int).to_dict()
    {'earned': 150, 'spent': 80, 'expired': 20, 'owed': 50}
    """
    require_columns(movements, ["customer_id", "ts", "points"], table="movements")
    if valid_months < 1:
        raise ValueError(f"valid_months must be at least 1, not {valid_months!r}.")
    end = pd.Timestamp(as_of).normalize() + pd.Timedelta(days=1)
    points = as_floats(movements["points"], name="'points'")
    if np.isnan(points).any() or movements["ts"].isna().any():
        raise TableError("The movements table has rows without points or without a moment.")
    kept = movements.assign(points=points)[movements["ts"] < end]
    kept = kept.sort_values(["customer_id", "ts", "points"], ascending=[True, True, False], kind="stable")
    rows = {}
    for customer, part in kept.groupby("customer_id", observed=True, sort=False):
        rows[customer] = _account(customer, part, valid_months, end)
    columns = ["earned", "spent", "expired", "owed", "next_expiry"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("customer_id")


def _account(
    customer: object, movements: pd.DataFrame, valid_months: int, end: pd.Timestamp
) -> tuple[float, float, float, float, Any]:
    lots: deque[list[Any]] = deque()
    expired = 0.0
    for ts, points in zip(movements["ts"], movements["points"], strict=True):
        while lots and lots[0][0] <= ts:
            expired += lots.popleft()[1]
        if points >= 0:
            lots.append([ts.normalize() + pd.DateOffset(months=valid_months), points])
            continue
        wanted = -points
        while wanted > 1e-9 and lots:
            used = min(wanted, lots[0][1])
            lots[0][1] -= used
            wanted -= used
            if lots[0][1] <= 1e-9:
                lots.popleft()
        if wanted > 1e-9:
            raise TableError(
                f"Customer {customer!r} spends {wanted:g} points on {ts:%Y-%m-%d} that are not there: expired, or "
                "never earned. Is the log complete, and valid_months right?"
            )
    last_day = end - pd.Timedelta(days=1)
    while lots and lots[0][0] <= last_day:
        expired += lots.popleft()[1]
    owed = float(sum(lot[1] for lot in lots))
    earned = float(movements["points"].clip(lower=0).sum())
    spent = float(-movements["points"].clip(upper=0).sum())
    return earned, spent, float(expired), owed, lots[0][0] if lots else pd.NaT


def points_liability(ledger: pd.DataFrame, *, point_value: float, spent_share: float | None = None) -> pd.Series:
    """Return what a firm owes for points that are out.

    Parameters
    ----------
    ledger : DataFrame
        From `points_ledger`.
    point_value : float
        Cost of one point when it is spent, €.
    spent_share : float, optional
        Share of the points owed that will be spent, 0 to 1. Left out, the share among points already settled; it is on
        the high side in a young programme, whose first points have not had the time to expire.

    Returns
    -------
    Series
        ``owed`` (points), ``spent_share``, ``liability`` (€), ``largest`` (€, if every point were spent).

    Examples
    --------
    >>> ledger = pd.DataFrame({"spent": [80.0], "expired": [20.0], "owed": [50.0]})
    >>> points_liability(ledger, point_value=0.01).round(2).to_dict()
    {'owed': 50.0, 'spent_share': 0.8, 'liability': 0.4, 'largest': 0.5}
    """
    require_columns(ledger, ["spent", "expired", "owed"], table="ledger")
    if point_value < 0:
        raise ValueError(f"point_value must be 0 or more, not {point_value!r}.")
    settled = float(ledger["spent"].sum() + ledger["expired"].sum())
    if spent_share is None:
        if settled == 0:
            raise TableError("No point was ever spent or expired: say which spent_share to expect.")
        spent_share = float(ledger["spent"].sum()) / settled
    if not 0 <= spent_share <= 1:
        raise ValueError(f"spent_share must be in [0, 1], not {spent_share!r}.")
    owed = float(ledger["owed"].sum())
    largest = owed * point_value
    return pd.Series({"owed": owed, "spent_share": spent_share, "liability": largest * spent_share, "largest": largest})
