"""Silence: when it is unusual, and whom to call first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.grading.checks import ROUNDING, check_share, numbers_of, require_gaps
from crmlab.tables import TableError, require_columns


def suggest_frozen_after(gaps: pd.DataFrame, *, share: float = 0.95) -> int:
    """Return the days of silence that only few of the customers who came back ever needed.

    It is the weighted quantile of all pauses between orders. Every customer has the same weight, shared among their
    pauses: otherwise the few who buy all the time would set the threshold for everybody. Pauses still running are not
    in the table, so the figure is on the short side, the more so the shorter the log; it never exceeds the log's
    length.

    Parameters
    ----------
    gaps : DataFrame
        Table ``order_gaps``.
    share : float, default 0.95
        Share of the pauses that are at most as long, in (0, 1].

    Returns
    -------
    int
        Days.

    Raises
    ------
    TableError
        If a column is missing, or nobody ordered on two days.
    ValueError
        If `share` is not in (0, 1].

    Examples
    --------
    >>> gaps = pd.DataFrame({"customer_id": [1, 1, 1, 1, 2], "gap_days": [7, 7, 7, 7, 90]})
    >>> suggest_frozen_after(gaps, share=0.5), suggest_frozen_after(gaps)
    (7, 90)
    """
    check_share("share", share)
    require_gaps(gaps)
    if not len(gaps):
        raise TableError("The order_gaps table is empty: nobody ordered on two days. Choose frozen_after yourself.")
    days = numbers_of(gaps["gap_days"])
    weight = 1 / gaps.groupby("customer_id")["gap_days"].transform("size").to_numpy()
    order = np.argsort(days, kind="stable")
    cumulated = np.cumsum(weight[order])
    position = np.searchsorted(cumulated, share * cumulated[-1] * (1 - ROUNDING))
    return int(days[order][position])


def next_best_call(
    rfm: pd.DataFrame, gaps: pd.DataFrame, *, frozen_after: float, count: int = 20, min_gaps: int = 3
) -> pd.DataFrame:
    """Return the customers to call first: regular ones who have never been silent for so long, largest value first.

    Who is on the list has paused at least `min_gaps` times before, is silent for longer than the longest of these
    pauses, and not yet for more than `frozen_after` days (who is, needs winning back, not a call). Value at stake is
    what the customer brought per year, less refunds; in the first year, what they brought so far.

    Limits. Had nothing changed, the next pause of a customer with k pauses would exceed all of them with probability
    1/(k + 1), so part of the list would have come back by itself. Somebody with two orders has no rhythm and is not
    on it. Seasons, holidays and one-off large orders are not allowed for. And silence says who may be leaving, not
    whom a call would keep: only an experiment can.

    Parameters
    ----------
    rfm : DataFrame
        Table ``rfm``.
    gaps : DataFrame
        Table ``order_gaps`` of the same transactions and the same day.
    frozen_after : float
        Days of silence after which a call comes too late; see `suggest_frozen_after`.
    count : int, default 20
        Rows at most; fewer when fewer qualify, possibly none.
    min_gaps : int, default 3
        Earlier pauses needed to speak of a rhythm, at least 1; 3 pauses are orders on 4 days.

    Returns
    -------
    DataFrame
        Table ``calls``, most at stake first (ties: longer silence, then customer_id): ``customer_id``, ``call_reason``,
        ``value_at_stake`` (€ per year), ``last_order``, ``usual_gap_days`` (median pause), ``longest_gap_days``,
        ``recency_days``.

    Raises
    ------
    TableError
        If a column is missing or a customer of `gaps` is not in `rfm`.
    ValueError
        If an option is out of its range.

    Examples
    --------
    >>> from crmlab import features
    >>> days = pd.to_datetime(["2025-01-01", "2025-01-11", "2025-01-21", "2025-02-02", "2025-03-31"])
    >>> orders = pd.DataFrame({"customer_id": [1, 1, 1, 1, 2], "order_id": range(5), "ts": days, "net": 50.0})
    >>> calls = next_best_call(features.rfm(orders), features.order_gaps(orders), frozen_after=90)
    >>> print(calls["call_reason"][0])
    4 order days, usually 10 days apart, at most 12; silent for 58.
    """
    if not frozen_after >= 0:
        raise ValueError(f"frozen_after must be a number of days, 0 or more, not {frozen_after!r}.")
    if count < 1 or min_gaps < 1:
        raise ValueError(f"count and min_gaps must be at least 1, not {count!r} and {min_gaps!r}.")
    require_columns(rfm, ["customer_id", "first_order", "last_order", "recency_days", "monetary_net"], table="rfm")
    require_gaps(gaps)
    if not gaps["customer_id"].isin(rfm["customer_id"]).all():
        raise TableError(
            "The order_gaps table has customers that the rfm table lacks: make both from the same transactions."
        )
    by_customer = gaps.groupby("customer_id", observed=True)["gap_days"]
    rhythm = by_customer.agg(pauses="size", usual_gap_days="median", longest_gap_days="max").reset_index()
    calls = rfm.merge(rhythm[rhythm["pauses"] >= min_gaps], on="customer_id")
    silent = calls["recency_days"]
    calls = calls[(silent > calls["longest_gap_days"]) & (silent <= frozen_after)]
    known_days = (calls["last_order"] - calls["first_order"]).dt.days + calls["recency_days"]
    calls = calls.assign(value_at_stake=calls["monetary_net"] * 365 / known_days.clip(lower=365))
    calls = calls.sort_values("customer_id").sort_values(
        ["value_at_stake", "recency_days"], ascending=[False, False], kind="stable"
    )
    calls = calls.head(count).reset_index(drop=True)
    rhythms = zip(
        calls["pauses"], calls["usual_gap_days"], calls["longest_gap_days"], calls["recency_days"], strict=True
    )
    calls["call_reason"] = [
        f"{pauses + 1} order days, usually {_days(usual)} apart, at most {longest:,}; silent for {silence:,}."
        for pauses, usual, longest, silence in rhythms
    ]
    return calls[
        [
            "customer_id",
            "call_reason",
            "value_at_stake",
            "last_order",
            "usual_gap_days",
            "longest_gap_days",
            "recency_days",
        ]
    ]


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:,.0f} days"
