"""Lifetime value in money: of each customer, of contracts, of all customers together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from crmlab.grading import top_share
from crmlab.lifetime.estimator import check_level
from crmlab.lifetime.gamma_gamma import GammaGamma
from crmlab.lifetime.repeat import RepeatModel, check_discount, check_horizon
from crmlab.lifetime.shifted_beta_geometric import ShiftedBetaGeometric
from crmlab.tables import TableError


def lifetime_value(
    orders: RepeatModel,
    spend: GammaGamma,
    summary: Any,
    *,
    margin: float,
    discount_rate: float,
    periods_per_year: float,
    years: float | None = None,
    retention_cost: float = 0.0,
) -> pd.DataFrame:
    """Return what each customer is expected to bring from now on, in today's money.

    What was earned before counts nothing, nor does what it cost to win the customer: both are past.

    Parameters
    ----------
    orders, spend : RepeatModel, GammaGamma
        Fitted models.
    summary : data frame
        The columns of both models, one row per customer.
    margin : float
        Part of the value of an order that is left after everything that the order costs, 0 to 1.
    discount_rate : float
        Per year: 0.1 makes 110 next year worth 100 today.
    periods_per_year : float
        Units of `T` in a year: 365.25 / 7 for weeks.
    years : float, optional
        How far to look ahead; without end when left out, which needs a positive rate.
    retention_cost : float
        Spent per customer and year, evenly, on everybody in `summary`: nobody sees who has left.

    Returns
    -------
    DataFrame
        One row per customer, indexed by ``customer_id`` where the table has one: ``discounted_orders``,
        ``value_per_order`` (currency), ``lifetime_value`` (currency; below 0 where the customer costs more than he is
        expected to bring).

    Raises
    ------
    TableError, ValueError
        If a column is missing, a number impossible, or the models expect infinite values.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4), 415–430.

    Examples
    --------
    >>> from crmlab.lifetime import BetaGeoNBD
    >>> table = {"x": [0, 3, 9], "t_x": [0, 20, 30], "T": [39, 39, 39], "mean_value": [0.0, 20, 30]}
    >>> orders = BetaGeoNBD(priors={name: (1, 0.5) for name in ("r", "a", "b")}).fit(table)
    >>> spend = GammaGamma(priors={"p": (6, 0.3), "q": (4, 0.3), "v": (15, 0.5)}).fit(table)
    >>> value = lifetime_value(orders, spend, table, margin=0.3, discount_rate=0.1, periods_per_year=52, years=3)
    >>> value["lifetime_value"].is_monotonic_increasing
    True
    """
    if not 0 < margin <= 1:
        raise ValueError(f"margin must lie between 0 and 1, not {margin!r}.")
    if not periods_per_year > 0:
        raise ValueError(f"periods_per_year must be positive, not {periods_per_year!r}.")
    check_money(retention_cost=retention_cost)
    check_discount(discount_rate, years)
    horizon = None if years is None else years * periods_per_year
    per_period = (1 + discount_rate) ** (1 / periods_per_year) - 1
    discounted = orders.discounted_orders(summary, discount_rate=per_period, horizon=horizon)
    value = spend.expected_value(summary)
    if not np.isfinite(value).all():
        raise ValueError("The gamma–gamma model expects infinite values (q is at most 1); give it priors.")
    spent = retention_cost * years_paid(discount_rate, years)
    return pd.DataFrame(
        {
            "discounted_orders": discounted,
            "value_per_order": value,
            "lifetime_value": margin * discounted * value - spent,
        }
    )


def contract_value(
    model: ShiftedBetaGeometric,
    summary: Any,
    *,
    margin: float,
    discount_rate: float,
    periods_per_year: float = 1.0,
    periods: int | None = None,
    retention_cost: float = 0.0,
) -> pd.Series:
    """Return what each contract is expected to bring from the next renewal on, in today's money.

    Parameters
    ----------
    model : ShiftedBetaGeometric
        A fitted model.
    summary : data frame
        Columns ``periods`` and ``lost``, as for the model.
    margin : float
        Currency that a renewed period brings, paid at its beginning; the next renewal is due now.
    discount_rate : float
        Per year.
    periods_per_year : float
        Renewals in a year.
    periods : int, optional
        Renewals that count; without end when left out.
    retention_cost : float
        Currency per renewed period, spent on who renews.

    Returns
    -------
    Series
        Currency, 0 for who has left; indexed by ``customer_id`` where the table has one.

    Examples
    --------
    >>> cohort = {"periods": [1, 2, 3, 3], "lost": [True, True, True, False]}
    >>> model = ShiftedBetaGeometric().fit(cohort, sample_weight=[369, 163, 86, 382])
    >>> now = {"periods": [0, 3], "lost": [False, False]}
    >>> contract_value(model, now, margin=100, discount_rate=0.1).round().tolist()
    [286.0, 517.0]
    """
    check_money(retention_cost=retention_cost)
    per_period = (1 + discount_rate) ** (1 / periods_per_year) - 1
    renewals = model.expected_renewals(summary, discount_rate=per_period, horizon=periods)
    return ((margin - retention_cost) * renewals).rename("lifetime_value")


def survival_value(
    survival: npt.ArrayLike, *, margin: float, discount_rate: float, retention_cost: float = 0.0
) -> float:
    """Return the value of a customer from any survival curve, the first period paid now.

    The curve may be the model's (`ShiftedBetaGeometric.survival`) or the data's own (`crmlab.churn.kaplan_meier`).

    Parameters
    ----------
    survival : array
        Chance of being there in period 0 (now), 1, 2, …
    margin, retention_cost : float
        Currency per period, while there.
    discount_rate : float
        Per period.

    Examples
    --------
    >>> survival_value([1, 0.5, 0.25], margin=100, discount_rate=0.0)
    175.0
    """
    share = np.asarray(survival, dtype=np.float64)
    if share.ndim != 1 or not len(share) or (share < 0).any() or (share > 1).any() or (np.diff(share) > 1e-12).any():
        raise ValueError("survival must be shares from 0 to 1 that never rise.")
    check_discount(discount_rate, len(share))
    return float((margin - retention_cost) * (share * (1 + discount_rate) ** -np.arange(len(share), dtype=float)).sum())


def customer_equity(values: pd.Series, *, level: float = 0.95) -> pd.Series:
    """Return the value of all customers together, and how far chance in who they are moves it.

    Parameters
    ----------
    values : Series
        Lifetime value of each customer.
    level : float
        Of the interval.

    Returns
    -------
    Series
        ``customers``, ``equity``, ``mean``, ``lower``, ``upper`` (of the equity of as many customers drawn anew from
        the same kind; what the models do not know comes on top).

    Examples
    --------
    >>> customer_equity(pd.Series([10.0, 30.0]))["equity"].item()
    40.0
    """
    amounts = values.to_numpy(dtype=float)
    if len(amounts) < 2 or not np.isfinite(amounts).all():
        raise TableError("values must hold at least two numbers, none missing.")
    z = norm.ppf(0.5 + check_level(level) / 2)
    total, spread = amounts.sum(), z * amounts.std(ddof=1) * np.sqrt(len(amounts))
    return pd.Series(
        {
            "customers": float(len(amounts)),
            "equity": total,
            "mean": total / len(amounts),
            "lower": total - spread,
            "upper": total + spread,
        },
        name="customer_equity",
    )


def return_on_customers(*, profit: float, opening_equity: float, closing_equity: float) -> float:
    """Return what a year earned on the customers as an asset: profit and change in value, over the opening value.

    Parameters
    ----------
    profit : float
        Profit of the year.
    opening_equity, closing_equity : float
        Value of all customers at the beginning and at the end.

    References
    ----------
    Peppers & Rogers (2005), Return on Customer.

    Examples
    --------
    >>> return_on_customers(profit=20.0, opening_equity=100.0, closing_equity=90.0)
    0.1
    """
    if not opening_equity > 0:
        raise ValueError(f"opening_equity must be positive, not {opening_equity!r}.")
    return (profit + closing_equity - opening_equity) / opening_equity


def value_share(
    values: pd.Series, *, top: float = 0.2, level: float = 0.95, draws: int = 500, seed: int = 0
) -> pd.Series:
    """Return the share of the value that the most valuable customers hold, with an interval: the 80/20 of a shop.

    Parameters
    ----------
    values : Series
        One value per customer, none negative.
    top : float
        Share of the customers, 0.2 for a fifth.
    level : float
        Of the interval.
    draws, seed : int
        Samples of the bootstrap, and the seed of its random numbers.

    Returns
    -------
    Series
        ``share``, ``lower``, ``upper``.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13: percentile intervals.

    Examples
    --------
    >>> value_share(pd.Series([6.0, 1.0, 1.0, 1.0, 1.0]))["share"].item()
    0.6
    """
    check_level(level)
    amounts = values.to_numpy(dtype=float)
    rng = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for k in range(draws):
        drawn[k] = top_share(pd.Series(amounts[rng.integers(0, len(amounts), len(amounts))]), share=top)
    low, high = np.quantile(drawn, [(1 - level) / 2, 1 - (1 - level) / 2])
    return pd.Series(
        {"share": top_share(values, share=top), "lower": float(low), "upper": float(high)}, name="value_share"
    )


def years_paid(discount_rate: float, years: float | None) -> float:
    """Return the present value of one unit of money a year, paid evenly over some years or for ever."""
    if years is not None:
        check_horizon(years)
    force = np.log1p(discount_rate)
    if years is None:
        return float(1 / force) if force > 0 else float("inf")
    return float(years if force == 0 else -np.expm1(-force * years) / force)


def check_money(**amounts: float) -> None:
    """Raise a `ValueError` where an amount is negative or not finite."""
    for name, amount in amounts.items():
        if not (np.isfinite(amount) and amount >= 0):
            raise ValueError(f"{name} must be an amount from 0, not {amount!r}.")
