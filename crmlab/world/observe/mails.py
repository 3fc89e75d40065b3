"""Mails one by one: versions, openings, clicks, replies, orders that followed.

Versions of subject and content are drawn at random for each mail, as in a proper test. Whether a mail is opened was
decided in the simulation, with a chance of its own for each customer and month; the version of the subject is drawn
given that, by Bayes' rule, so that the chance of opening is the customer's own times the factor of the version, and
version and customer have nothing to do with each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.observation import Moments, month_start
from crmlab.world.observe.records import Draws, Ids, Reals, Records, categories, choose
from crmlab.world.simulation import Columns

SUBJECTS = ["A", "B"]
CONTENTS = ["product", "offer", "story"]

_HOUR = 3_600
_FIRST_HOUR, _SPREAD = 9, 3  # sent between nine and twelve


def emails(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per mail sent, and the chance with which it was opened."""
    p, seed = records.scenario.mailing, records.setup.seed_luck
    one = _one_by_one(records)
    ids, month, k = one["customer_id"], one["month"].astype(np.int64), one["number"]
    draws = Draws(ids, seed=seed, mechanism="email", month=month)
    number = k * 16
    opened, chance = one["opened"], one["chance"].astype(np.float64)
    subject = _subject(opened, chance, p.subject_lift, draws.uniform(number))
    content = choose(draws.uniform(number + 1), [np.ones(len(ids))] * len(CONTENTS))
    personal = draws.uniform(number + 2) < p.personalised
    factor = np.asarray(p.content_factors)[content] * np.where(personal, p.personal_factor, 1.0)
    click = Draws(ids, seed=seed, mechanism="click", month=month).uniform(k)
    clicked = opened & (click < np.minimum(records.scenario.email.click * factor, 1.0))
    sent = _moments(records, one, draws.uniform(number + 3))
    table = pd.DataFrame(
        {
            "send_id": (month * 16 + k + 1) * 10**10 + ids,
            "customer_id": ids,
            "campaign_id": pd.array(month * 16 + k + 1, dtype="Int64"),
            "sent_ts": sent,
            "subject_variant": categories(subject, SUBJECTS),
            "content_variant": categories(content, CONTENTS),
            "personalised": personal,
            "opened": opened,
            "clicked": clicked,
            "replied": opened & (draws.uniform(number + 4) < p.reply),
            "ordered": _ordered(records, ids, sent, opened, p.attribution_days),
            "unsubscribed": one["unsubscribed"],
            # What is opened has arrived; the share of all mails that bounce is as given.
            "bounced": ~opened & (draws.uniform(number + 5) < p.bounce / np.maximum(1 - chance, p.bounce)),
        }
    )
    truth = pd.DataFrame({"send_id": table["send_id"], "customer_id": ids, "open_chance": chance, "opened": opened})
    sequence = np.lexsort((ids, sent))
    return table.take(sequence).reset_index(drop=True), truth.take(sequence).reset_index(drop=True)


def _one_by_one(records: Records) -> Columns:
    """Return the mails of each customer and month one by one; ``number`` counts them from 0."""
    mails = records.mails
    sent = mails["sent"].astype(np.int64) if mails else np.zeros(0, np.int64)
    if not len(sent):
        empty = np.zeros(0)
        return {
            **{name: empty.astype(np.int64) for name in ("customer_id", "month", "number", "sent")},
            **{name: empty.astype(bool) for name in ("opened", "unsubscribed")},
            "chance": empty,
        }
    rows = np.repeat(np.arange(len(sent)), sent)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(sent) - sent, sent)
    return {
        "customer_id": mails["customer_id"][rows],
        "month": mails["month"][rows],
        "number": number,
        "sent": sent[rows],
        "opened": (mails["opened"][rows].astype(np.int64) >> number & 1).astype(bool),
        "chance": mails["chance"][rows],
        "unsubscribed": mails["unsubscribed"][rows] == number,
    }


def _subject(opened: npt.NDArray[np.bool_], chance: Reals, lift: float, u: Reals) -> npt.NDArray[np.int64]:
    """Draw the version of the subject: A is opened ``1 + lift`` times as often as on average, B ``1 − lift`` times."""
    lift = np.minimum(lift, np.divide(1, chance, out=np.full(len(chance), 2.0), where=chance > 0) - 1)  # ≤ certainty
    unopened = np.where(chance < 1, (1 - chance * (1 + lift)) / np.maximum(1 - chance, 1e-9), 1.0) / 2
    return (u >= np.where(opened, (1 + lift) / 2, unopened)).astype(np.int64)


def _moments(records: Records, one: Columns, u: Reals) -> Moments:
    """Return when mails are sent: in the morning, spread over the month; on one day to all who get as many."""
    start = month_start(records.setup, one["month"])
    days = (month_start(records.setup, one["month"] + 1) - start) / np.timedelta64(86_400, "s")
    usual = np.ceil(records.setup.policy.months["emails"])[one["month"]] if len(start) else np.zeros(0)
    day = np.floor(days * (one["number"] + 0.5) / np.maximum(np.maximum(usual, one["sent"]), 1))
    seconds = day * 86_400 + (_FIRST_HOUR + _SPREAD * u) * _HOUR
    return start + np.floor(seconds).astype("timedelta64[s]")


def _ordered(
    records: Records, ids: Ids, sent: Moments, opened: npt.NDArray[np.bool_], days: int
) -> npt.NDArray[np.bool_]:
    """Return after which mails an order is counted as theirs: the last one opened within some days before it."""
    o = records.orders
    if not len(ids) or not len(o["ts"]):
        return np.zeros(len(ids), bool)
    read = np.flatnonzero(opened)
    read = read[np.lexsort((sent[read], ids[read]))]
    scale = np.int64(1) << 36  # seconds since 1970 are fewer
    keys = ids[read] * scale + sent[read].astype(np.int64)
    orders = o["customer_id"] * scale + o["ts"].astype(np.int64)
    last = np.searchsorted(keys, orders, side="right") - 1
    near = (last >= 0) & (orders - keys[np.maximum(last, 0)] <= days * 86_400) if len(keys) else np.zeros(0, bool)
    out = np.zeros(len(ids), bool)
    if len(keys):
        out[read[last[near]]] = True
    return out
