"""How much money each row of a log stands for: its own amount, quantity × price, or its part of an order's total."""

from __future__ import annotations

import numpy as np
import pandas as pd

# A total that is repeated on every line of an order is believed when at least this many orders of several lines show
# it.
_ORDERS_NEEDED = 20
_AGREEMENT = 0.95


def money_of_rows(
    amount: np.ndarray | None, quantity: np.ndarray | None, unit_price: np.ndarray | None, order: np.ndarray
) -> tuple[np.ndarray, str]:
    """Return the money of each row and a sentence on where it comes from.

    Many exports put the total of an order on each of its lines, or on the first only. Adding those up would count an
    order of three lines three times, so a total that does not vary within orders is not taken for the amount of a line.

    Parameters
    ----------
    amount, quantity, unit_price : ndarray of float, shape (n,), or None
        As in the file; NaN where blank or unreadable.
    order : ndarray of int, shape (n,)
        Order codes, −1 = missing.

    Returns
    -------
    money : ndarray of float, shape (n,)
    sentence : str

    Examples
    --------
    >>> money, sentence = money_of_rows(None, np.array([2.0, 1.0]), np.array([5.0, 3.0]), np.array([0, 0]))
    >>> money.tolist(), sentence
    ([10.0, 3.0], 'quantity × unit price')
    """
    product = quantity * unit_price if quantity is not None and unit_price is not None else None
    if amount is None:
        assert product is not None, "find_columns makes sure of this"
        return product, "quantity × unit price"
    if product is not None and np.isnan(product).sum() < np.isnan(amount).sum():
        return product, "quantity × unit price, since the amount column is blank on rows that have these"
    if not _is_order_total(amount, order):
        return amount, "the amount of each row"
    if product is not None:
        return product, "quantity × unit price, since the amount column repeats the total of the order on its lines"
    totals = pd.Series(amount).groupby(order).transform("max").to_numpy()
    lines = np.bincount(order[order >= 0], minlength=1)
    shared = np.where(order >= 0, totals / lines[np.maximum(order, 0)], amount)
    return shared, "the total of each order, shared equally among its lines, since every line repeats it"


def _is_order_total(amount: np.ndarray, order: np.ndarray) -> bool:
    """Tell whether the amounts of the lines of one order are all the same, or blank but for one."""
    known = order >= 0
    if not known.any():
        return False
    grouped = pd.Series(amount[known]).groupby(order[known]).agg(["size", "count", "min", "max"])
    several = grouped[(grouped["size"] > 1) & (grouped["count"] > 0)]
    if len(several) < _ORDERS_NEEDED or several["max"].nunique() < 2:
        return False
    return bool((several["min"] == several["max"]).mean() >= _AGREEMENT)
