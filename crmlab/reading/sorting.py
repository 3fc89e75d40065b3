"""Every row of the log into one place: a sale, a return, or set aside for a stated reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# Reason → what was done with the rows, and what changes that. The order is the order of precedence: a row that has
# several reasons is counted under the first.
REASONS: dict[str, tuple[str, str]] = {
    "line does not fit the table": ("set aside", "--delimiter or --encoding, or mend the lines"),
    "header repeated": ("set aside", "not needed"),
    "copy of an earlier row": ("set aside", "leave out --drop-duplicates to keep them"),
    "no customer": ("set aside", "--customer COLUMN names another column"),
    "no date": ("set aside", "--date COLUMN names another column"),
    "date cannot be read": ("set aside", "--date, --day-first or --month-first"),
    "date is a placeholder": ("set aside", "mend the dates in the file"),
    "date in the future": ("set aside", "--today DATE says which day today is"),
    "after the day of the report": ("set aside", "--as-of DATE with a later day"),
    "no amount": ("set aside", "--amount, --quantity or --price names another column"),
    "amount cannot be read": ("set aside", "--amount or --decimal"),
    "another currency": ("set aside", "--currency SIGN chooses the one to keep"),
    "cancelled or never paid": ("set aside", "--keep-cancelled counts them as sales"),
    "cancellation": ("taken off the orders they match", "--ignore-returns leaves net equal to gross"),
    "return": ("taken off the orders they match", "--ignore-returns leaves net equal to gross"),
    "negative price": ("taken off the orders they match", "--ignore-returns leaves net equal to gross"),
    "worth nothing": ("set aside", "--keep-free counts them as orders"),
}

TAKEN_OFF = ("cancellation", "return", "negative price")
"""Reasons whose rows are not sales but take sales back."""


@dataclass
class Rows:
    """The rows of a log in columns of equal length n.

    Attributes
    ----------
    customer, order, product : ndarray of int
        Codes, −1 = missing; `order` and `product` may be missing throughout.
    ts : ndarray of datetime64[s]
    amount : ndarray of float
        Money of the row: as in the file, or quantity × unit price.
    units : ndarray of float
        Units of the row; 1 or −1 where the file has none.
    reason : ndarray of object
        Key of `REASONS`, or "" for a sale.
    """

    customer: np.ndarray
    order: np.ndarray
    product: np.ndarray
    ts: np.ndarray
    amount: np.ndarray
    units: np.ndarray
    reason: np.ndarray


def first_reason(rows: int, masks: dict[str, np.ndarray]) -> np.ndarray:
    """Return for each row the first reason, in the order of `REASONS`, whose mask is true; "" where none is."""
    reason = np.full(rows, "", dtype=object)
    for name in reversed(list(REASONS)):
        if name in masks:
            reason[masks[name]] = name
    return reason


def account(
    rows: Rows, masks: dict[str, np.ndarray], refunded: np.ndarray, unfit: int, used: str = "sale"
) -> pd.DataFrame:
    """Return the account table: where every row of the file went.

    Parameters
    ----------
    rows : Rows
        All rows that could be read.
    masks : dict of str to ndarray of bool
        All reasons that apply to each row, not only the first.
    refunded : ndarray of float, shape (n,)
        For rows that take sales back: money that found its sale. For sales: what a column of the file says was paid
        back.
    unfit : int
        Lines that did not fit the table.

    Returns
    -------
    DataFrame
        Columns ``reason``, ``rows`` (each row once, under its first reason), ``rows_with_this`` (rows that have the
        reason at all), ``money`` (sum of the readable amounts, signed), ``matched`` (money taken off sales),
        ``treatment``, ``change_with``. The column ``rows`` adds up to all rows of the file.
    """
    amount = np.nan_to_num(rows.amount)
    sales = rows.reason == ""
    table = [
        (used, int(sales.sum()), int(sales.sum()), float(amount[sales].sum()), float(refunded[sales].sum()), "used", "")
    ]
    for name, (treatment, change) in REASONS.items():
        if name == "line does not fit the table":
            if unfit:
                table.append((name, unfit, unfit, float("nan"), 0.0, treatment, change))
            continue
        here = rows.reason == name
        at_all = int(masks[name].sum()) if name in masks else 0
        if here.any():
            money = float(amount[here].sum())
            table.append((name, int(here.sum()), at_all, money, float(refunded[here].sum()), treatment, change))
    columns = ["reason", "rows", "rows_with_this", "money", "matched", "treatment", "change_with"]
    return pd.DataFrame(table, columns=columns)
