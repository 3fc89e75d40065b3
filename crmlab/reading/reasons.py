"""Which reasons apply to which rows: dates, currencies, cancellations."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd

from crmlab.reading.collect import Coded
from crmlab.reading.dates import EARLIEST
from crmlab.reading.values import Numbers
from crmlab.reading.words import cancellation_prefixes, has_prefix, option, status_meaning
from crmlab.tables import TableError


def _day(value: str | datetime.date, argument: str) -> pd.Timestamp:
    try:
        day = pd.Timestamp(value)
    except (ValueError, TypeError):
        day = None
    if day is None or pd.isna(day):
        raise TableError(f"{argument} must be a date such as 2011-12-09, not {value!r}.")
    return day.normalize()


def date_masks(
    values: np.ndarray, blank: np.ndarray, *, as_of: str | datetime.date | None, today: str | datetime.date | None
) -> dict[str, np.ndarray]:
    """Return the reasons that concern the date of a row. Both days are included."""
    day = np.timedelta64(1, "D")
    tomorrow = _day(today or datetime.date.today(), "today").to_numpy() + day
    masks = {
        "no date": blank,
        "date cannot be read": np.isnat(values) & ~blank,
        "date is a placeholder": values < np.datetime64(EARLIEST),
        "date in the future": values >= tomorrow,
    }
    if as_of is not None:
        masks["after the day of the report"] = values >= _day(as_of, "as_of").to_numpy() + day
    return masks


def currency_masks(
    found: list[Numbers], wanted: str | None, notes: list[str], n: int
) -> tuple[dict[str, np.ndarray], str]:
    """Return rows in another currency than the one kept, and the sign of the one kept."""
    sign = np.full(n, "", dtype=object)
    for numbers in reversed(found):
        sign = np.where(numbers.currency != "", numbers.currency, sign)
    counts = pd.Series(sign[sign != ""]).value_counts()
    if counts.empty:
        return {}, wanted or ""
    keep = wanted if wanted is not None else str(counts.index[0])
    if keep not in counts.index:
        raise TableError(f"currency must be one of {', '.join(map(str, counts.index))}, not {keep!r}.")
    other = (sign != "") & (sign != keep)
    if other.any():
        listed = ", ".join(f"{name} ({int(count):,} rows)" for name, count in counts.items())
        other_sign = option("currency=…", "--currency")
        notes.append(f"Amounts carry several currencies: {listed}; only {keep} is used, {other_sign} chooses another.")
    return {"another currency": other}, keep


def cancellation_masks(
    orders: Coded, statuses: Coded, money: np.ndarray, units: np.ndarray, keep_cancelled: bool, notes: list[str]
) -> dict[str, np.ndarray]:
    """Return the rows that take sales back, and those that never were sales; says in `notes` what was assumed.

    Parameters
    ----------
    orders, statuses : Coded
        Order numbers and status texts; without labels where the file has no such column.
    money, units : ndarray of float, shape (n,)
        Money and units of each row, signed.
    keep_cancelled : bool
        Whether a status is to be disregarded.
    notes : list of str
        Gets a sentence for each assumption.
    """
    masks: dict[str, np.ndarray] = {}
    negative = money < 0
    if len(orders.labels):
        known = orders.codes >= 0
        size = len(orders.labels)
        minus = np.bincount(orders.codes[known], weights=negative[known], minlength=size)
        plus = np.bincount(orders.codes[known], weights=(money > 0)[known], minlength=size)
        prefixes = cancellation_prefixes(orders.labels, minus, plus)
        if prefixes:
            masks["cancellation"] = np.append(has_prefix(orders.labels, prefixes), False)[orders.codes] & ~(money > 0)
            listed = ", ".join(prefixes)
            marked = has_prefix(orders.labels, prefixes)
            down, rows = int(minus[marked].sum()), int((minus + plus)[marked].sum())
            notes.append(
                f"Order numbers that begin with {listed} are cancellations: {down:,} of {rows:,} of their rows with an "
                f"amount are negative."
            )
    masks["return"] = negative & (units < 0)
    masks["negative price"] = negative & (units >= 0)
    if len(statuses.labels) and not keep_cancelled:
        meaning = status_meaning(statuses.labels)
        masks["cancelled or never paid"] = np.append(meaning == "not_sold", False)[statuses.codes]
        kept = ", ".join(sorted(map(str, statuses.labels[meaning == "sold"])))[:200]
        notes.append(f"Status values counted as sales: {kept or 'none'}.")
    return masks
