"""The economics of keeping customers: the leaky bucket, what a point of retention is worth, what it may cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.lifetime.value import check_money


def leaky_bucket(
    customers: float,
    *,
    joins: float,
    retention: float,
    periods: int,
    margin: float = 0.0,
    acquisition_cost: float = 0.0,
    retention_cost: float = 0.0,
) -> pd.DataFrame:
    """Return a firm that loses a share of its customers in each period and wins new ones.

    Parameters
    ----------
    customers : float
        At the beginning.
    joins : float
        Won per period; they come in its course and can leave from the next on.
    retention : float
        Share of the customers who stay from the beginning of a period to its end.
    periods : int
        Periods to follow.
    margin, retention_cost : float
        Currency per customer at the beginning of a period.
    acquisition_cost : float
        Currency per customer won.

    Returns
    -------
    DataFrame
        One row per ``period`` from 1: ``customers`` at its beginning, ``lost``, ``joined``, ``customers_end``,
        ``profit``. What is there at the end is what was there, less the lost, plus the joined.

    Examples
    --------
    >>> leaky_bucket(1000, joins=100, retention=0.9, periods=2)["customers_end"].tolist()
    [1000.0, 1000.0]
    """
    _check_retention(retention)
    check_money(customers=customers, joins=joins, acquisition_cost=acquisition_cost, retention_cost=retention_cost)
    if not isinstance(periods, int | np.integer) or periods < 1:
        raise ValueError(f"periods must be a whole number of at least 1, not {periods!r}.")
    t = np.arange(periods + 1, dtype=np.float64)
    kept = retention**t
    # N(t) = N(0)·rᵗ + joins·(1 + r + … + r^(t−1))
    arrived = t if retention == 1 else (1 - kept) / (1 - retention)
    stock = customers * kept + joins * arrived
    start, end = stock[:-1], stock[1:]
    return pd.DataFrame(
        {
            "customers": start,
            "lost": start * (1 - retention),
            "joined": np.full(periods, float(joins)),
            "customers_end": end,
            "profit": (margin - retention_cost) * start - acquisition_cost * joins,
        },
        index=pd.RangeIndex(1, periods + 1, name="period"),
    )


def steady_state(*, joins: float, retention: float) -> float:
    """Return how many customers a firm ends up with: joins × mean lifetime.

    Parameters
    ----------
    joins : float
        Customers won per period.
    retention : float
        Share that stays per period, below 1.

    References
    ----------
    Little (1961), A proof for the queuing formula L = λW, Operations Research 9(3).

    Examples
    --------
    >>> round(steady_state(joins=100, retention=0.9), 9)
    1000.0
    """
    _check_retention(retention, below_one=True)
    check_money(joins=joins)
    return joins / (1 - retention)


def retention_value(
    *,
    margin: float,
    retention: float,
    discount_rate: float,
    acquisition_cost: float = 0.0,
    retention_cost: float = 0.0,
    first_now: bool = True,
) -> float:
    """Return the value of a new customer who stays with the same probability in every period, for ever.

    Parameters
    ----------
    margin, retention_cost : float
        Currency per period while a customer.
    retention : float
        Chance of staying from one period to the next.
    discount_rate : float
        Per period.
    acquisition_cost : float
        What winning the customer cost, subtracted; 0 gives the value gross of it.
    first_now : bool
        Whether the first margin comes now, with certainty, or after one period and only if the customer stays.

    Returns
    -------
    float
        (margin − retention cost) · (1 + i) / (1 + i − r) − acquisition cost, or with r instead of the first (1 + i).

    References
    ----------
    Gupta & Lehmann (2003), Customers as assets, Journal of Interactive Marketing 17(1), 9–24.

    Examples
    --------
    >>> round(retention_value(margin=100, retention=0.8, discount_rate=0.1), 2)
    366.67
    """
    _check_retention(retention)
    check_money(acquisition_cost=acquisition_cost, retention_cost=retention_cost)
    if not discount_rate >= 0 or discount_rate + 1 - retention <= 0:
        raise ValueError("discount_rate must not be negative, and positive where nobody ever leaves.")
    multiple = ((1 + discount_rate) if first_now else retention) / (1 + discount_rate - retention)
    return (margin - retention_cost) * multiple - acquisition_cost


def retention_elasticity(
    *, retention: float, discount_rate: float, acquisition_share: float = 0.0, first_now: bool = True
) -> float:
    """Return by how many per cent the value of a customer rises when retention rises by one per cent.

    Parameters
    ----------
    retention : float
        Chance of staying from one period to the next.
    discount_rate : float
        Per period.
    acquisition_share : float
        Cost of winning a customer, as a part of the value before it: 0 gives the elasticity gross, more the elasticity
        net of it, which is larger by 1 / (1 − share), because the same gain meets a smaller value.
    first_now : bool
        As for `retention_value`.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7–18.

    Examples
    --------
    >>> round(retention_elasticity(retention=0.8, discount_rate=0.1), 2)
    2.67
    >>> round(retention_elasticity(retention=0.8, discount_rate=0.1, acquisition_share=0.4), 2)
    4.44
    """
    _check_retention(retention)
    if not 0 <= acquisition_share < 1:
        raise ValueError(f"acquisition_share must be at least 0 and below 1, not {acquisition_share!r}.")
    if not discount_rate >= 0 or discount_rate + 1 - retention <= 0:
        raise ValueError("discount_rate must not be negative, and positive where nobody ever leaves.")
    gross = (retention if first_now else 1 + discount_rate) / (1 + discount_rate - retention)
    return gross / (1 - acquisition_share)


def retention_gain(
    *,
    retention: float,
    discount_rate: float,
    points: float = 0.05,
    acquisition_share: float = 0.0,
    first_now: bool = True,
) -> float:
    """Return by which part the value of a customer rises when retention rises by some points.

    Parameters
    ----------
    retention : float
        Chance of staying from one period to the next, before.
    discount_rate : float
        Per period.
    points : float
        Added to it: 0.05 is five points.
    acquisition_share : float
        Cost of winning a customer as a part of the value before it and before the change.
    first_now : bool
        As for `retention_value`.

    Examples
    --------
    >>> round(retention_gain(retention=0.8, discount_rate=0.1), 2)
    0.2
    """
    if not 0 <= acquisition_share < 1:
        raise ValueError(f"acquisition_share must be at least 0 and below 1, not {acquisition_share!r}.")
    before, after = (
        retention_value(margin=1.0, retention=r, discount_rate=discount_rate, first_now=first_now)
        for r in (retention, round(retention + points, 12))
    )
    return (after - before) / (before * (1 - acquisition_share))


def affordable_retention_cost(*, acquisition_cost: float, points: float) -> float:
    """Return what may be spent per customer and period to keep that many more, before winning new ones is cheaper.

    A firm that holds its number of customers replaces whom it loses. One that keeps `points` more of them saves the
    cost of winning as many.

    Parameters
    ----------
    acquisition_cost : float
        Currency per customer won.
    points : float
        By how much retention rises: 0.05 is five points.

    Examples
    --------
    >>> affordable_retention_cost(acquisition_cost=60.0, points=0.05)
    3.0
    """
    check_money(acquisition_cost=acquisition_cost, points=points)
    return acquisition_cost * points


def _check_retention(retention: float, *, below_one: bool = False) -> None:
    if not 0 <= retention <= 1 or (below_one and retention == 1):
        raise ValueError(f"retention must lie between 0 and 1{', below 1' if below_one else ''}, not {retention!r}.")
