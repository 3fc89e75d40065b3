"""Which earlier sale a return or cancellation takes back."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

# How far back an exact match (same units, same price) is looked for before the latest sale is taken.
_LOOK_BACK = 200


def match_returns(
    sale_key: np.ndarray,
    sale_time: np.ndarray,
    sale_units: np.ndarray,
    sale_value: np.ndarray,
    return_key: np.ndarray,
    return_time: np.ndarray,
    return_units: np.ndarray,
    return_value: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Match returns to the sales they take back.

    A return matches sales of its own key (customer and product) that are not later than itself: the latest one of
    exactly the same units and unit price, else the latest ones that still have units left, until all its units are
    placed. No sale is taken back twice, and never for more than was paid.

    Parameters
    ----------
    sale_key, return_key : ndarray of int, shapes (s,) and (r,)
        What a return must share with its sale.
    sale_time, return_time : ndarray of datetime64
        When.
    sale_units, return_units : ndarray of float
        Units, positive.
    sale_value, return_value : ndarray of float
        Money, positive, in the currency of the log.

    Returns
    -------
    refunded : ndarray of float, shape (s,)
        Money taken back from each sale, at most its value.
    refund_time : ndarray of datetime64, shape (s,)
        Time of the last return of each sale; NaT where none.
    matched : ndarray of float, shape (r,)
        Money of each return that found a sale.

    Examples
    --------
    >>> day = np.array(["2011-01-01", "2011-01-05"], dtype="datetime64[s]")
    >>> refunded, _, matched = match_returns(
    ...     np.array([1, 1]), day, np.array([10.0, 4.0]), np.array([20.0, 8.0]),
    ...     np.array([1]), day[1:], np.array([10.0]), np.array([20.0]))
    >>> refunded.tolist(), matched.tolist()
    ([20.0, 0.0], [20.0])
    """
    refunded = np.zeros(len(sale_key))
    refund_time = np.full(len(sale_key), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    matched = np.zeros(len(return_key))
    concerned = np.flatnonzero(np.isin(sale_key, return_key))
    concerned = concerned[np.lexsort((concerned, sale_time[concerned]))]
    order = np.lexsort((np.arange(len(return_key)), return_time))
    # One pass over time: sales are put on a stack per key, returns take from it.
    stacks: dict[int, list[int]] = defaultdict(list)
    left_units = sale_units.astype(float).copy()
    left_value = sale_value.astype(float).copy()
    unit_value = np.divide(sale_value, sale_units, out=np.zeros(len(sale_key)), where=sale_units > 0)
    following = 0
    for r in order:
        while following < len(concerned) and sale_time[concerned[following]] <= return_time[r]:
            stacks[int(sale_key[concerned[following]])].append(int(concerned[following]))
            following += 1
        stack = stacks[int(return_key[r])]
        units, price = float(return_units[r]), float(return_value[r]) / max(float(return_units[r]), 1e-12)
        exact = next(
            (
                s
                for s in reversed(stack[-_LOOK_BACK:])
                if abs(left_units[s] - units) < 1e-9 and abs(unit_value[s] - price) < 1e-6
            ),
            None,
        )
        candidates = [exact] if exact is not None else []
        while units > 1e-9 and (candidates or stack):
            s = candidates.pop() if candidates else stack[-1]
            taken = min(units, left_units[s])
            value = min(taken * price, left_value[s])
            units -= taken
            left_units[s] -= taken
            left_value[s] -= value
            refunded[s] += value
            matched[r] += value
            refund_time[s] = return_time[r]
            if left_units[s] <= 1e-9:
                stack.remove(s)
    return refunded, refund_time, matched
