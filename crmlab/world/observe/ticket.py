"""Complaints: the tip of the iceberg that is filed, and the problems below it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.experience import NO_TICKET, QUICK, SATISFIED, UNSATISFIED
from crmlab.world.observation import Moments, month_start
from crmlab.world.observe.records import Draws, Reals, Records, categories

REASONS = ["late_delivery", "failure", "billing", "question"]
"""What agents code; nobody complains about the last two for cause, they come by a slip."""

OUTCOMES = ["unsatisfied", "satisfied", "quick"]
VOICES = ["silent", "front_line", "ticket"]


def tickets(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tickets opened by the last day, and every problem with an order."""
    o, p = records.orders, records.scenario.tickets
    end = month_start(records.setup, records.setup.months)
    late, failed = o["delay"] > 0, o["failed"]
    rows = np.flatnonzero(late | failed)
    late, failed, ticket = late[rows], failed[rows], o["ticket"][rows]
    ids, number = o["customer_id"][rows], o["number"][rows].astype(np.int64) * 16
    draws = Draws(ids, seed=records.setup.seed_luck, mechanism="ticket", month=o["month"][rows])
    opened = _opened(records, rows, late, draws, number)
    closed = opened + _seconds(_duration(records, ticket, draws.uniform(number + 1)))
    truly = np.where(late & failed, (draws.uniform(number + 2) < 0.5).astype(np.int64), np.where(late, 0, 1))
    slip = draws.uniform(number + 3) < p.coding_error
    other = np.floor(draws.uniform(number + 4) * len(REASONS)).astype(np.int64)
    settled = (ticket == SATISFIED) | (ticket == QUICK)
    paid = np.where(settled, draws.uniform(number + 5) * p.compensation * o["ticket_cost"][rows], 0.0)
    over = closed < end
    table = pd.DataFrame(
        {
            "ticket_id": o["order_id"][rows] * 10 + 1,
            "customer_id": ids,
            "order_id": pd.array(o["order_id"][rows], dtype="Int64"),
            "opened_ts": opened,
            "closed_ts": np.where(over, closed, np.datetime64("NaT", "s")),
            "reason": categories(np.where(slip, other, truly), REASONS),
            "outcome": categories(np.where(over, ticket - 1, -1), OUTCOMES),
            "compensation": np.where(over, np.round(paid, 2), 0.0),
        }
    )
    filed = (ticket != NO_TICKET) & (opened < end)
    table = table[filed].sort_values(["opened_ts", "ticket_id"], ignore_index=True)
    tells = draws.uniform(number + 6) < p.front_line
    truth = pd.DataFrame(
        {
            "order_id": o["order_id"][rows],
            "customer_id": ids,
            "late": late,
            "failed": failed,
            "severity": np.where(late & failed, records.scenario.complaints.double_severity, 1.0),
            "voice": categories(np.where(ticket != NO_TICKET, 2, tells.astype(np.int64)), VOICES),
            "outcome": categories(ticket.astype(np.int64) - 1, OUTCOMES),
        }
    )
    return table, truth


def _opened(
    records: Records,
    rows: npt.NDArray[np.integer],
    late: npt.NDArray[np.bool_],
    draws: Draws,
    number: npt.NDArray[np.int64],
) -> Moments:
    """Return when complaints are filed: of lateness from the day after the promised one, of failures on arrival."""
    o, u = records.orders, draws.uniform(number)
    after_promise = _seconds(1.0 + u * np.maximum(o["delay_days"][rows], 1))
    after_arrival = _seconds(0.4 + u * records.scenario.tickets.wait_days)
    return np.where(late, o["promised"][rows] + after_promise, o["delivered"][rows] + after_arrival)


def _duration(records: Records, ticket: npt.NDArray[np.int8], u: Reals) -> Reals:
    """Return how many days a complaint stays open; one settled later than at once takes longer than that."""
    p = records.scenario.tickets
    longest = np.select([ticket == QUICK, ticket == UNSATISFIED], [p.days_quick, p.days_unsatisfied], p.days_satisfied)
    shortest = np.where(ticket == QUICK, 0.0, p.days_quick)
    return shortest + u * np.maximum(longest - shortest, 0.0) + 0.01


def _seconds(days: Reals) -> npt.NDArray[np.timedelta64]:
    return np.floor(days * 86_400).astype("timedelta64[s]")
