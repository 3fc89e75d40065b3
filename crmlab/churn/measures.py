"""How good a prediction of leaving is: error and miss rate, ranking, calibration, each with its uncertainty."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import logit
from scipy.stats import norm, rankdata

from crmlab.churn.checks import Flags, Floats, as_labels, as_probabilities, as_scores, check_between


class ErrorAndMiss(NamedTuple):
    """Error rate and miss rate of a list of names.

    Attributes
    ----------
    error_rate : float
        Of those predicted to leave, the share who stayed: 1 − precision. NaN where nobody was predicted to leave.
    miss_rate : float
        Of those who left, the share who were not predicted: 1 − recall. NaN where nobody left.
    """

    error_rate: float
    miss_rate: float


class Estimate(NamedTuple):
    """An estimate with its interval."""

    estimate: float
    low: float
    high: float


def error_and_miss(y_true: Any, y_pred: Any) -> ErrorAndMiss:
    """Return the error rate and the miss rate of a prediction.

    A model that names one sure case has an error rate of 0 and misses nearly everybody; one that names everybody
    misses nobody. Neither rate alone says whether a model can be used.

    Some texts define the miss rate by a formula that is recall (found leavers ÷ all leavers) and then read it as "the
    lower the better". Formula and reading contradict each other; here it is what its name says, the share *not* found.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    y_pred : array_like of bool, shape (n,)
        Who was predicted to leave.

    Returns
    -------
    ErrorAndMiss

    Raises
    ------
    TableError
        If labels are missing or no labels, or the two differ in length.

    Examples
    --------
    >>> error_and_miss([1, 1, 1, 1, 0, 0], [1, 0, 0, 0, 0, 0])
    ErrorAndMiss(error_rate=0.0, miss_rate=0.75)
    """
    left = as_labels(y_true, both=False)
    named = as_labels(y_pred, name="y_pred", both=False)
    as_scores(named, len(left), name="y_pred")
    found = int((left & named).sum())
    error = 1 - found / named.sum() if named.any() else float("nan")
    miss = 1 - found / left.sum() if left.any() else float("nan")
    return ErrorAndMiss(float(error), float(miss))


def auc(y_true: Any, score: Any, *, confidence: float = 0.95) -> Estimate:
    """Return the area under the ROC curve with its interval.

    It is the chance that of two customers, one who left and one who stayed, the leaver has the higher score. The
    interval is symmetric on the logit scale, from DeLong's variance; it never leaves [0, 1].

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    score : array_like of float, shape (n,)
        Higher for those more likely to leave.
    confidence : float, default 0.95
        Confidence of the interval.

    Returns
    -------
    Estimate

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44: 837; computed by ranks as in Sun & Xu (2014), IEEE Signal
    Processing Letters 21: 1389.

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).estimate
    0.75
    """
    check_between("confidence", confidence, 0, 1)
    left = as_labels(y_true)
    values = as_scores(score, len(left))
    area, variance = _auc_and_variance(left, values)
    if variance == 0 or area in (0.0, 1.0):
        return Estimate(area, area, area)
    step = norm.ppf((1 + confidence) / 2) * variance**0.5 / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-(logit(area) + np.array([-step, step]))))
    return Estimate(area, float(low), float(high))


def _auc_and_variance(left: Flags, values: Floats) -> tuple[float, float]:
    m, n = int(left.sum()), int((~left).sum())
    ranks = rankdata(values)
    above = (ranks[left] - rankdata(values[left])) / n  # for each leaver, the share of stayers below
    below = 1 - (ranks[~left] - rankdata(values[~left])) / m  # for each stayer, the share of leavers above
    area = float(above.mean())
    variance = (above.var(ddof=1) / m if m > 1 else 0.0) + (below.var(ddof=1) / n if n > 1 else 0.0)
    return area, float(variance)


def lift(y_true: Any, score: Any, *, share: float = 0.1) -> float:
    """Return how much denser leavers are among the highest scores than among all.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    score : array_like of float, shape (n,)
        Higher for those more likely to leave.
    share : float, default 0.1
        Share of customers taken from the top, in (0, 1]; their number is rounded to the nearest, at least 1. Where the
        cut falls among equal scores, these count with the rate of leaving that they have together.

    Returns
    -------
    float

    Examples
    --------
    >>> lift([1, 1, 0, 0, 0, 0, 0, 0, 0, 0], range(10, 0, -1), share=0.2)
    5.0
    """
    check_between("share", share, 0, 1 + 1e-12)
    left = as_labels(y_true)
    values = as_scores(score, len(left))
    size = max(1, round(share * len(left)))
    cut = np.partition(values, len(values) - size)[len(values) - size]
    sure, tied = values > cut, values == cut
    found = left[sure].sum() + (size - sure.sum()) * left[tied].mean()
    return float(found / size / left.mean())


def calibration(y_true: Any, probability: Any, *, bins: int = 10, confidence: float = 0.95) -> pd.DataFrame:
    """Compare predicted with observed rates of leaving, group by group.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    probability : array_like of float, shape (n,)
        Predicted probability of leaving.
    bins : int, default 10
        Groups of equal size, from the lowest predictions to the highest; equal predictions stay together, so there may
        be fewer.
    confidence : float, default 0.95
        Confidence of Wilson's interval of the observed rate.

    Returns
    -------
    DataFrame
        One row per group: ``customers``, ``predicted`` and ``observed`` (mean rates), ``low``, ``high``.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22: 209.

    Examples
    --------
    >>> calibration([0, 0, 0, 1], [0.2, 0.2, 0.2, 0.6], bins=2)[["customers", "predicted", "observed"]]
       customers  predicted  observed
    0          3        0.2       0.0
    1          1        0.6       1.0
    """
    check_between("confidence", confidence, 0, 1)
    left = as_labels(y_true, both=False)
    predicted = as_probabilities(probability, len(left))
    group, count = _groups(predicted, bins)
    observed = np.bincount(group, left) / count
    low, high = wilson(observed * count, count, confidence)
    return pd.DataFrame(
        {
            "customers": count.astype(int),
            "predicted": np.bincount(group, predicted) / count,
            "observed": observed,
            "low": low,
            "high": high,
        }
    )


def wilson(successes: Any, trials: Any, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Return Wilson's interval of a share; it stays in [0, 1] and is right for few cases too."""
    k, n = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    z = norm.ppf((1 + confidence) / 2)
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def calibration_slope(y_true: Any, probability: Any, *, confidence: float = 0.95) -> Estimate:
    """Return the slope of the true log odds on the predicted ones: 1 is right, below 1 is overconfident.

    Predictions of exactly 0 or 1 are moved to one part in a million, because their log odds are infinite.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    probability : array_like of float, shape (n,)
        Predicted probability of leaving; not all equal.
    confidence : float, default 0.95
        Confidence of Wald's interval.

    References
    ----------
    Cox (1958), Biometrika 45: 562.
    """
    from statsmodels.api import Logit, add_constant

    check_between("confidence", confidence, 0, 1)
    left = as_labels(y_true)
    predicted = as_probabilities(probability, len(left))
    if np.ptp(predicted) == 0:
        raise ValueError("probability is the same for everybody: there is no slope.")
    odds = logit(np.clip(predicted, 1e-6, 1 - 1e-6))
    fit = Logit(left.astype(float), add_constant(odds)).fit(disp=False)
    low, high = fit.conf_int(1 - confidence)[1]
    return Estimate(float(fit.params[1]), float(low), float(high))


class BrierParts(NamedTuple):
    """The Brier score and its parts: ``brier = reliability − resolution + uncertainty + within``.

    Attributes
    ----------
    brier : float
        Mean squared difference of prediction and outcome (0 or 1).
    reliability : float
        Squared distance of predicted from observed rates, group by group: 0 when calibrated.
    resolution : float
        How far the observed rates of the groups lie from the rate of all: what the model can tell apart.
    uncertainty : float
        Rate of leaving × rate of staying: what a model that knows only the rate would score.
    within : float
        What the grouping hides (variance of predictions within groups less twice their covariance with the outcome).
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def brier(y_true: Any, probability: Any, *, bins: int = 10) -> BrierParts:
    """Return the Brier score and its parts.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    probability : array_like of float, shape (n,)
        Predicted probability of leaving.
    bins : int, default 10
        Groups, as in `calibration`.

    References
    ----------
    Murphy (1973), Journal of Applied Meteorology 12: 595; Stephenson, Coelho & Jolliffe (2008), Weather and Forecasting
    23: 752, for the part within groups.

    Examples
    --------
    >>> brier([0, 0, 0, 1], [0.2, 0.2, 0.2, 0.6]).brier.__round__(3)
    0.07
    """
    left = as_labels(y_true, both=False).astype(float)
    predicted = as_probabilities(probability, len(left))
    group, count = _groups(predicted, bins)
    weight = count / len(left)
    mean_predicted, observed = np.bincount(group, predicted) / count, np.bincount(group, left) / count
    base = left.mean()
    score = float(np.mean((predicted - left) ** 2))
    reliability = float(weight @ (mean_predicted - observed) ** 2)
    resolution = float(weight @ (observed - base) ** 2)
    uncertainty = float(base * (1 - base))
    return BrierParts(score, reliability, resolution, uncertainty, score - reliability + resolution - uncertainty)


def _groups(values: Floats, bins: int) -> tuple[np.ndarray, Floats]:
    """Return the group of each value and the size of each group; equal values share a group."""
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins!r}.")
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
    codes = np.searchsorted(edges, values, side="left")
    used, group = np.unique(codes, return_inverse=True)
    return group, np.bincount(group, minlength=len(used)).astype(float)
