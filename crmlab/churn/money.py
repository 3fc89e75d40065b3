"""What a prediction of leaving is worth: thresholds, lists and curves in money.

All of it rests on one account. Contacting a customer costs `cost`, whether or not it was going to leave. It brings
`benefit` where the customer was going to leave: the value kept, times the chance that the contact works. A benefit that
differs from customer to customer is given as one value each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betainc
from sklearn.metrics import roc_curve

from crmlab.churn.checks import Flags, Floats, as_amounts, as_labels, as_probabilities, as_scores, check_between


class BestThreshold(NamedTuple):
    """The most profitable threshold on past data.

    Attributes
    ----------
    threshold : float
        Contact whoever has at least this probability; infinite where contacting nobody is best.
    profit : float
        Profit on these data, in the unit of `benefit`; a little too hopeful, because the threshold was chosen on them.
    contacts : int
        Customers at or above the threshold.
    break_even : float
        Probability at which a contact pays for itself, mean cost ÷ mean benefit: the threshold to use if the
        probabilities are right.
    """

    threshold: float
    profit: float
    contacts: int
    break_even: float


def best_threshold(y_true: Any, probability: Any, *, benefit: Any, cost: Any) -> BestThreshold:
    """Return the threshold that would have earned most.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    probability : array_like of float, shape (n,)
        Predicted probability of leaving; any score will do.
    benefit : float or array_like of float, shape (n,)
        What a contact brings where the customer was going to leave: value kept × chance that it works, in money.
    cost : float or array_like of float, shape (n,)
        What a contact costs, in money.

    Returns
    -------
    BestThreshold

    Raises
    ------
    TableError
        If labels, scores or amounts are missing, or lengths differ.
    ValueError
        If the benefit is 0 for everybody.

    References
    ----------
    Elkan (2001), The foundations of cost-sensitive learning, IJCAI 17; Verbeke et al. (2012), European Journal of
    Operational Research 218: 211.

    Examples
    --------
    >>> best_threshold([1, 0, 1, 0, 0], [0.9, 0.6, 0.5, 0.2, 0.1], benefit=40, cost=10)
    BestThreshold(threshold=0.5, profit=50.0, contacts=3, break_even=0.25)
    """
    curve = profit_curve(y_true, probability, benefit=benefit, cost=cost)
    count = len(np.asarray(probability).ravel())
    gains, prices = as_amounts(benefit, count, name="benefit"), as_amounts(cost, count, name="cost")
    if not gains.any():
        raise ValueError("benefit is 0 for everybody: no contact can pay.")
    best = curve.iloc[int(np.argmax(curve["profit"].to_numpy()))]
    return BestThreshold(
        float(best["threshold"]), float(best["profit"]), int(best["contacts"]), float(prices.mean() / gains.mean())
    )


def profit_curve(y_true: Any, probability: Any, *, benefit: Any, cost: Any) -> pd.DataFrame:
    """Return profit at every threshold that makes a difference.

    Parameters
    ----------
    y_true, probability, benefit, cost
        As in `best_threshold`.

    Returns
    -------
    DataFrame
        From contacting nobody to contacting everybody: ``threshold``, ``contacts``, ``share`` of customers contacted,
        ``profit``. Customers of equal probability are contacted together.
    """
    left = as_labels(y_true, both=False)
    values = as_scores(probability, len(left), name="probability")
    gain = left * as_amounts(benefit, len(left), name="benefit") - as_amounts(cost, len(left), name="cost")
    order = np.argsort(-values, kind="stable")
    sorted_values = values[order]
    last = np.flatnonzero(np.append(sorted_values[1:] != sorted_values[:-1], True))  # last of each group of equals
    profit = np.cumsum(gain[order])[last]
    return pd.DataFrame(
        {
            "threshold": np.concatenate([[np.inf], sorted_values[last]]),
            "contacts": np.concatenate([[0], last + 1]),
            "share": np.concatenate([[0.0], (last + 1) / len(left)]),
            "profit": np.concatenate([[0.0], profit]),
        }
    )


def contact_list(
    probability: pd.Series, *, benefit: Any, cost: Any, budget: float | None = None, most: int | None = None
) -> pd.DataFrame:
    """Return whom to contact, by expected gain.

    A list by risk alone calls those who are as good as gone and worth little; this one calls where risk × benefit
    exceeds the cost.

    Parameters
    ----------
    probability : Series of float
        Calibrated probability of leaving, indexed by customer.
    benefit : float or array_like of float
        As in `best_threshold`; one for each customer where customers differ in value.
    cost : float or array_like of float
        Cost of a contact.
    budget : float, optional
        Money for contacts; customers are taken by gain per unit of cost while it lasts.
    most : int, optional
        Longest list.

    Returns
    -------
    DataFrame
        Indexed as `probability`, most gain first (per unit of cost where there is a budget): ``probability``,
        ``benefit``, ``cost``, ``expected_gain``.

    Examples
    --------
    >>> at_risk = pd.Series([0.9, 0.3, 0.1], index=["Ada", "Bo", "Cem"])
    >>> contact_list(at_risk, benefit=[5, 100, 20], cost=6).index.tolist()
    ['Bo']
    """
    chances = as_probabilities(probability, len(probability))
    gains, prices = (
        as_amounts(amount, len(chances), name=name) for name, amount in (("benefit", benefit), ("cost", cost))
    )
    table = pd.DataFrame(
        {"probability": chances, "benefit": gains, "cost": prices, "expected_gain": chances * gains - prices},
        index=probability.index,
    )
    table = table[table["expected_gain"] > 0]
    if budget is None:
        return table.sort_values("expected_gain", ascending=False, kind="stable").iloc[:most]
    if budget < 0:
        raise ValueError(f"budget must not be negative, but is {budget!r}.")
    yields = table["expected_gain"] / table["cost"].where(table["cost"] > 0, np.nan)
    table = table.loc[yields.fillna(np.inf).sort_values(ascending=False, kind="stable").index]
    return table[table["cost"].cumsum() <= budget].iloc[:most]


def list_value(y_true: Any, contacted: Any, *, benefit: Any, cost: Any) -> float:
    """Return what a list of contacts earned, in money.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who was going to leave.
    contacted : array_like of bool, shape (n,)
        Who was on the list.
    benefit, cost : float or array_like of float
        As in `best_threshold`.

    Examples
    --------
    >>> list_value([1, 0, 1], [True, True, False], benefit=40, cost=10)
    20.0
    """
    left = as_labels(y_true, both=False)
    named = as_labels(contacted, name="contacted", both=False)
    as_scores(named, len(left), name="contacted")
    gain = left * as_amounts(benefit, len(left), name="benefit") - as_amounts(cost, len(left), name="cost")
    return float(gain[named].sum())


class Empc(NamedTuple):
    """Expected maximum profit of a campaign.

    Attributes
    ----------
    profit : float
        Expected profit per customer of the base, in money.
    share : float
        Share of customers to contact, averaged in the same way.
    """

    profit: float
    share: float


def empc(
    y_true: Any,
    score: Any,
    *,
    alpha: float = 6.0,
    beta: float = 14.0,
    value: float = 200.0,
    incentive: float = 10.0,
    contact: float = 1.0,
) -> Empc:
    """Return the expected maximum profit measure for customer churn (EMPC).

    Nobody knows which share γ of the leavers accepts an offer; here it follows a beta distribution. For each γ the best
    threshold is chosen, and profit is averaged over γ. The defaults are those of the literature.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    score : array_like of float, shape (n,)
        Higher for those more likely to leave.
    alpha, beta : float, default 6 and 14
        Beta distribution of the share of leavers who accept (mean 30%).
    value : float, default 200
        Value of a customer who is kept, in money.
    incentive : float, default 10
        What the offer costs where it is accepted; stayers always accept.
    contact : float, default 1
        What contacting costs.

    Returns
    -------
    Empc

    Raises
    ------
    ValueError
        If a parameter is not positive or the offer costs more than the customer is worth.

    References
    ----------
    Verbraken, Verbeke & Baesens (2013), IEEE Transactions on Knowledge and Data Engineering 25: 961.
    """
    for name, number in (("alpha", alpha), ("beta", beta), ("value", value)):
        if not number > 0:
            raise ValueError(f"{name} must be positive, not {number!r}.")
    check_between("incentive", incentive, 0, value, open_ends=False)
    check_between("contact", contact, 0, value, open_ends=False)
    if incentive == value:
        raise ValueError("incentive must be below value: an offer worth the customer cannot pay.")
    left = as_labels(y_true)
    stayers, leavers = _roc_hull(left, as_scores(score, len(left)))
    rate = float(left.mean())
    offer, call = incentive / value, contact / value
    with np.errstate(divide="ignore"):
        slope = np.diff(stayers) / np.diff(leavers)
    switch = np.clip(((offer + call) * (1 - rate) / rate * slope + call) / (1 - offer), 0, 1)
    edges = np.concatenate([[0.0], switch, [1.0]])
    chance = np.diff(betainc(alpha, beta, edges))
    accepted = alpha / (alpha + beta) * np.diff(betainc(alpha + 1, beta, edges))
    kept = value * (1 - offer) * rate * leavers
    spent = value * (call * rate * leavers + (offer + call) * (1 - rate) * stayers)
    contacted = rate * leavers + (1 - rate) * stayers
    return Empc(float(kept @ accepted - spent @ chance), float(contacted @ chance))


def cost_curve(y_true: Any, score: Any, *, points: int = 101) -> pd.DataFrame:
    """Return the lowest normalised expected cost of a score, whatever the costs of the two mistakes are.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    score : array_like of float, shape (n,)
        Higher for those more likely to leave.
    points : int, default 101
        Points of the curve.

    Returns
    -------
    DataFrame
        ``probability_cost`` from 0 to 1 (weight of a missed leaver: rate × cost of a miss, over that and rate of
        stayers × cost of a false alarm), ``expected_cost`` of the score with its best threshold, and ``trivial`` of
        contacting nobody or everybody, whichever is better. All in units of the cost of being always wrong.

    References
    ----------
    Drummond & Holte (2006), Machine Learning 65: 95.
    """
    if points < 2:
        raise ValueError(f"points must be at least 2, not {points!r}.")
    left = as_labels(y_true)
    stayers, leavers = _roc_hull(left, as_scores(score, len(left)))
    weight = np.linspace(0, 1, points)
    costs = (1 - leavers)[:, None] * weight + stayers[:, None] * (1 - weight)
    return pd.DataFrame(
        {
            "probability_cost": weight,
            "expected_cost": costs.min(axis=0),
            "trivial": np.minimum(weight, 1 - weight),
        }
    )


def _roc_hull(left: Flags, score: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the convex hull of the ROC curve: shares of stayers and of leavers contacted, from (0, 0) to (1, 1)."""
    false_positive, true_positive, _ = roc_curve(left, score, drop_intermediate=True)
    hull: list[int] = []
    for point in range(len(false_positive)):
        while len(hull) >= 2:
            a, b = hull[-2], hull[-1]
            turn = (false_positive[b] - false_positive[a]) * (true_positive[point] - true_positive[a])
            turn -= (true_positive[b] - true_positive[a]) * (false_positive[point] - false_positive[a])
            if turn < 0:
                break
            hull.pop()
        hull.append(point)
    return false_positive[hull], true_positive[hull]
