"""Long tails and whales: how sales spread over products, and profit over customers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from crmlab.grading.checks import numbers_of, parts_of_whole
from crmlab.grading.engines import on_any_engine
from crmlab.tables import TableError


class LongTail(NamedTuple):
    """How sales spread over products.

    Attributes
    ----------
    exponent : float
        Zipf exponent: the product of rank r sells like 1 / r**exponent. 0 = all alike; the larger, the shorter the
        tail.
    low, high : float
        Its 95% interval, from the curvature of the likelihood; the units sold are taken as independent.
    head_share : float
        Share of the units that the best-selling fifth of the products sells.
    products_for_80 : int
        Best sellers needed for 80% of the units.
    """

    exponent: float
    low: float
    high: float
    head_share: float
    products_for_80: int


def zipf_shares(products: int, exponent: float) -> np.ndarray:
    """Return the share of each product, by rank, under Zipf's law.

    Parameters
    ----------
    products : int
        Number of products, at least 1.
    exponent : float
        0 or more.

    Returns
    -------
    ndarray
        Shares that add up to 1, largest first.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> zipf_shares(3, 1.0).round(3).tolist()
    [0.545, 0.273, 0.182]
    """
    if products < 1 or not exponent >= 0:
        raise ValueError(f"products must be at least 1 and exponent 0 or more, not {products!r} and {exponent!r}.")
    weights = np.arange(1, products + 1, dtype=float) ** -exponent
    return weights / weights.sum()


@on_any_engine
def long_tail(units: pd.Series) -> LongTail:
    """Return the Zipf exponent of products' sales, by maximum likelihood over ranks, and what head and tail sell.

    Ranks come from the same sales, so products of equal popularity look unequal by luck: with few units per product
    the exponent is too high.

    Parameters
    ----------
    units : Series
        Units sold, one value per product, none negative; products that sold nothing count in the shares.

    Returns
    -------
    LongTail

    Raises
    ------
    TableError
        If `units` is empty, sums to nothing, or holds a negative or no finite number; or if fewer than two sold.

    References
    ----------
    Clauset, Shalizi & Newman (2009), Power-law distributions in empirical data, SIAM Review 51(4), on estimating by
    likelihood instead of a line through logarithms. Anderson (2006), The Long Tail.

    Examples
    --------
    >>> round(long_tail(pd.Series(10_000 * zipf_shares(200, 0.8))).exponent, 3)
    0.8
    """
    sold = parts_of_whole(units)[::-1]
    if (sold > 0).sum() < 2:
        raise TableError("Fewer than two products sold anything: there is no tail to measure.")
    logs = np.log(np.arange(1, len(sold) + 1))
    total, mean_log = sold.sum(), float((sold * logs).sum() / sold.sum())

    def cost(exponent: float) -> float:
        return exponent * mean_log + float(np.log(np.exp(-exponent * logs).sum()))

    exponent = float(minimize_scalar(cost, bounds=(0.0, 10.0), method="bounded", options={"xatol": 1e-9}).x)
    shares = np.exp(-exponent * logs)
    shares /= shares.sum()
    spread = float((shares * logs**2).sum() - (shares * logs).sum() ** 2)
    error = 1.96 / np.sqrt(total * spread)
    cumulated = np.cumsum(sold) / total
    head = int(np.ceil(0.2 * len(sold) - 1e-9))
    return LongTail(
        exponent=exponent,
        low=exponent - error,
        high=exponent + error,
        head_share=float(cumulated[head - 1]),
        products_for_80=int(np.searchsorted(cumulated, 0.8 - 1e-12) + 1),
    )


@on_any_engine
def whale_curve(profit: pd.Series) -> pd.DataFrame:
    """Return the whale curve: cumulative profit from the most profitable customer to the one who costs most.

    Where some customers cost money the curve rises above 100% and falls back: the height above 100% is what the firm
    pays for them.

    Parameters
    ----------
    profit : Series
        Profit of each customer in €, negative where the customer costs more than it brings; the sum must be positive.

    Returns
    -------
    DataFrame
        ``share_of_customers`` and ``share_of_profit`` from (0, 0) to (1, 1).

    Raises
    ------
    TableError
        If `profit` is empty, not finite, or sums to nothing or a loss.

    References
    ----------
    Kaplan & Narayanan (2001), Measuring and managing customer profitability, Journal of Cost Management 15(5).

    Examples
    --------
    >>> whale_curve(pd.Series([150.0, 30.0, -80.0]))["share_of_profit"].tolist()
    [0.0, 1.5, 1.8, 1.0]
    """
    amounts = np.sort(numbers_of(profit))[::-1]
    total = amounts.sum()
    if not total > 0:
        raise TableError(f"The customers bring {total:,.2f} in all: shares of a loss have no meaning.")
    share = np.concatenate([[0.0], np.cumsum(amounts) / total])
    return pd.DataFrame({"share_of_customers": np.linspace(0, 1, len(share)), "share_of_profit": share})
