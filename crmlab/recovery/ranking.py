"""How good a ranking of customers is, against the truth: concordance, gain curves and the Qini coefficient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import kendalltau, rankdata

from crmlab.recovery.scores import _check_series, _correlation

Numbers = npt.NDArray[np.float64]


def ranking(estimate: pd.Series, truth: pd.Series, *, shares: Sequence[float] = (0.1, 0.2)) -> pd.Series:
    """Return how well an estimate puts customers into the sequence of the truth.

    Parameters
    ----------
    estimate, truth : Series
        Indexed by customer; those who are in both are compared. Only the sequence of the estimate counts.
    shares : sequence of float
        Parts of all customers to choose, for ``top_…``.

    Returns
    -------
    Series
        ``customers`` compared; ``rank_correlation`` (Spearman); ``concordance``, the probability that of two customers
        who differ in truth the estimate puts the right one first (ties count half; for a truth of 0 and 1 this is the
        area under the ROC curve); for each share ``top_10%`` and so on: the truth of the customers ranked highest, as a
        share of that of the best choice of as many.

    Raises
    ------
    ValueError
        If the series do not fit one another or a share is impossible.

    Examples
    --------
    >>> truth = pd.Series([4.0, 3.0, 2.0, 1.0])
    >>> ranking(pd.Series([9.0, 9.0, 5.0, 0.0]), truth, shares=[0.25]).round(3).to_dict()
    {'customers': 4.0, 'rank_correlation': 0.949, 'concordance': 0.917, 'top_25%': 0.875}
    """
    e, t = _common(estimate, truth)
    n = len(e)
    found = {
        "customers": float(n),
        "rank_correlation": _correlation(rankdata(e), rankdata(t)),
        "concordance": _concordance(e, t),
    }
    for share in shares:
        if not 0 < share <= 1:
            raise ValueError(f"shares: {share!r} is impossible; a share is above 0 and at most 1")
        mine, best = (np.interp(share, *_curve(score, t, n)) for score in (e, t))
        found[f"top_{share:.0%}"] = float(mine / best) if best else float("nan")
    return pd.Series(found, name="ranking")


def gain_curve(score: pd.Series, effect: pd.Series) -> pd.DataFrame:
    """Return the true gain from treating ever more customers, those with the highest score first.

    Parameters
    ----------
    score : Series
        Indexed by customer; who has most is treated first.
    effect : Series
        True effect of treating each customer, such as ``value_effect`` of `individual_effects`.

    Returns
    -------
    DataFrame
        ``share`` of customers treated, from 0 to 1, and the gain per customer of the base: ``gain`` by score,
        ``random`` for the average of any sequence, ``best`` for the sequence of the true effects. Customers with the
        same score come in an average sequence.
    """
    s, t = _common(score, effect)
    n = len(s)
    share = np.linspace(0, 1, n + 1)
    mine, best = (np.interp(share, *_curve(values, t, n)) for values in (s, t))
    return pd.DataFrame({"share": share, "gain": mine, "random": share * t.mean(), "best": best})


def qini(score: pd.Series, effect: pd.Series) -> float:
    """Return the Qini coefficient of a score for the true effects of a treatment.

    Parameters
    ----------
    score : Series
        Indexed by customer; who has most is treated first.
    effect : Series
        True effect of treating each customer.

    Returns
    -------
    float
        Area between the gain curve of the score and the straight line of a random sequence, divided by the same area of
        the best sequence: 1 for the best, about 0 for a random one, negative for one that harms; missing where all
        effects are equal.

    Notes
    -----
    The name stands for several things in the literature: Radcliffe (2007) and others take counts of one outcome, areas
    that are not divided or divided by that of a curve without negative effects. Here the curve is that of the true
    effects in their own unit, negative ones included, from nobody to everybody, and the best one is the curve of the
    truth itself. An experiment can only estimate it.

    References
    ----------
    Radcliffe (2007), Using control groups to target on predicted lift, Direct Marketing Analytics Journal.

    Examples
    --------
    >>> effect = pd.Series([3.0, 1.0, -2.0])
    >>> qini(pd.Series([9.0, 5.0, 1.0]), effect), qini(pd.Series([1.0, 5.0, 9.0]), effect)
    (1.0, -1.0)
    """
    s, t = _common(score, effect)
    n = len(s)
    mine, best = (_area(*_curve(values, t, n)) - t.mean() / 2 for values in (s, t))
    return float(mine / best) if best > 1e-12 * max(1.0, float(np.abs(t).max())) else float("nan")


def _common(estimate: pd.Series, truth: pd.Series) -> tuple[Numbers, Numbers]:
    _check_series(estimate=estimate, truth=truth)
    common = estimate.index.intersection(truth.index)
    if not len(common):
        raise ValueError("estimate and truth have no customer in common: set the index of both to customer_id")
    return estimate.loc[common].to_numpy(float), truth.loc[common].to_numpy(float)


def _curve(score: Numbers, truth: Numbers, n: int) -> tuple[Numbers, Numbers]:
    """Return shares chosen and their truth per customer of all, at the ends of groups with the same score."""
    _, group, size = np.unique(-score, return_inverse=True, return_counts=True)
    total = np.bincount(group, truth)
    return np.append(0.0, np.cumsum(size)) / n, np.append(0.0, np.cumsum(total)) / n


def _area(share: Numbers, height: Numbers) -> float:
    return float((np.diff(share) * (height[1:] + height[:-1]) / 2).sum())


def _concordance(e: Numbers, t: Numbers) -> float:
    """Return (1 + Somers' D) / 2, from Kendall's tau-b, which is computed in n log n."""
    tau = kendalltau(e, t, variant="b").statistic
    pairs = len(e) * (len(e) - 1) / 2
    differ_e, differ_t = (pairs - sum(c * (c - 1) / 2 for c in np.unique(v, return_counts=True)[1]) for v in (e, t))
    if not differ_t:
        return float("nan")
    return 0.5 if not differ_e else float(0.5 + tau * np.sqrt(differ_e / differ_t) / 2)
