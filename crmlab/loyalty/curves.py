"""From satisfaction to loyalty: how "very satisfied" differs from "satisfied", and where the curve bends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from sklearn.preprocessing import SplineTransformer
from statsmodels.stats.proportion import confint_proportions_2indep

from crmlab.loyalty.estimates import (
    Estimate,
    Floats,
    as_flags,
    as_floats,
    check_level,
    difference_of_shares,
    normal_quantile,
    share,
)
from crmlab.tables import TableError


def loyalty_by_rating(ratings: Any, loyal: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return the share of loyal customers at each rating.

    Parameters
    ----------
    ratings : array-like
        Ratings; rows with a missing rating do not count.
    loyal : array-like of bool
        Whether each customer was loyal: said so, or stayed. Say which; they differ.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: rating. ``share``, ``low``, ``high`` (Wilson), ``customers``.

    Examples
    --------
    >>> loyalty_by_rating([4, 4, 5, 5], [False, True, True, True])["share"].to_dict()
    {4.0: 0.5, 5.0: 1.0}
    """
    rating, outcome = _pairs(ratings, loyal)
    rows = {}
    for value in np.unique(rating):
        part = outcome[rating == value]
        rows[value] = share(int(part.sum()), len(part), level=level)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["share", "low", "high", "customers"])
    return table.rename_axis("rating")


def compare_ratings(ratings: Any, loyal: Any, *, high: float = 5, low: float = 4, level: float = 0.95) -> pd.DataFrame:
    """Return how much more loyal customers with one rating are than those with another, in three ways.

    "Six times" can mean the ratio of risks or of odds. Where most are loyal they are far apart: the ratio of risks
    cannot exceed 1 / share at the lower rating, which is ``largest_possible``.

    Parameters
    ----------
    ratings, loyal : array-like
        As for `loyalty_by_rating`.
    high, low : float, default 5 and 4
        Ratings to compare.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: ``risk_ratio`` and ``odds_ratio`` (score intervals), ``difference`` (Newcombe), ``largest_possible``.
        Columns: ``value``, ``low``, ``high``, ``observations``.

    Raises
    ------
    TableError
        If nobody gave one of the ratings.

    References
    ----------
    Miettinen & Nurminen (1985), Statistics in Medicine 4. Jones & Sasser (1995), Harvard Business Review, November.

    Examples
    --------
    >>> ratings, loyal = [4] * 100 + [5] * 100, [True] * 60 + [False] * 40 + [True] * 90 + [False] * 10
    >>> compare_ratings(ratings, loyal)["value"].round(2).to_dict()
    {'risk_ratio': 1.5, 'odds_ratio': 6.0, 'difference': 0.3, 'largest_possible': 1.67}
    """
    check_level(level)
    rating, outcome = _pairs(ratings, loyal)
    groups = [outcome[rating == value] for value in (high, low)]
    for group, value in zip(groups, (high, low), strict=True):
        if not len(group):
            raise TableError(f"Nobody gave the rating {value:g}; there are {', '.join(f'{v:g}' for v in set(rating))}.")
    (good, many), (base, others) = ((int(group.sum()), len(group)) for group in groups)
    rows: dict[str, Estimate] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.divide(good / many, base / others)
        odds = np.divide(good * (others - base), (many - good) * base)
    for name, value, compare in (("risk_ratio", ratio, "ratio"), ("odds_ratio", odds, "odds-ratio")):
        low_end, high_end = _score_interval(good, many, base, others, compare, level)
        rows[name] = Estimate(float(value), low_end, high_end, many + others)
    rows["difference"] = difference_of_shares((good, many), (base, others), level=level)
    at_low = share(base, others, level=level)
    most, least, widest = (1 / end if end > 0 else np.inf for end in (at_low.value, at_low.high, at_low.low))
    rows["largest_possible"] = Estimate(most, least, widest, others)
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(Estimate._fields))


def kinked_curve(satisfaction: Any, loyal: Any, *, level: float = 0.95, knots: int = 41) -> pd.Series:
    """Fit log odds of loyalty as two straight lines that meet at a kink, and say whether the kink is real.

    Parameters
    ----------
    satisfaction : array-like
        Ratings or a score with at least 5 values.
    loyal : array-like of bool
        Whether each was loyal.
    level : float, default 0.95
        Probability of the interval of the kink.
    knots : int, default 41
        Places tried, between the 10th and the 90th percentile.

    Returns
    -------
    Series
        ``kink`` (where the slope changes), ``kink_low`` and ``kink_high`` (all places that the likelihood does not
        reject), ``slope_below``, ``slope_above`` (log odds per point), ``change`` and its ``p_value`` against one
        straight line (a likelihood ratio with two parameters; the place is estimated, so that it is approximate).

    Raises
    ------
    TableError
        If there are fewer than 5 values of satisfaction, or all or none are loyal.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> felt = rng.normal(size=8_000)
    >>> loyal = rng.random(8_000) < 1 / (1 + np.exp(0.5 - 0.3 * felt - 1.5 * np.maximum(felt - 0.5, 0)))
    >>> fit = kinked_curve(felt, loyal)
    >>> bool(fit["kink_low"] < 0.5 < fit["kink_high"]), bool(fit["p_value"] < 0.001)
    (True, True)
    """
    check_level(level)
    score, outcome = _fit_pairs(satisfaction, loyal)
    places = np.linspace(np.quantile(score, 0.1), np.quantile(score, 0.9), knots)
    values = np.unique(score)
    if len(values) <= knots:
        # On a rating scale only the inner ratings can be kinks: between two, the data say nothing.
        places = values[1:-1]
    straight = _logit(sm.add_constant(score), outcome)
    fits = [_logit(_hinge(score, place), outcome) for place in places]
    likelihood = np.array([fit.llf for fit in fits])
    best = int(np.argmax(likelihood))
    kept = places[2 * (likelihood[best] - likelihood) <= stats.chi2.ppf(level, 1)]
    _, below, change = fits[best].params
    return pd.Series(
        {
            "kink": places[best],
            "kink_low": kept.min(),
            "kink_high": kept.max(),
            "slope_below": below,
            "slope_above": below + change,
            "change": change,
            "p_value": stats.chi2.sf(2 * (likelihood[best] - straight.llf), 2),
        }
    )


def spline_curve(satisfaction: Any, loyal: Any, *, at: Any = None, bends: int = 3, level: float = 0.95) -> pd.DataFrame:
    """Fit the share of loyal customers as a smooth curve of satisfaction, with a pointwise band.

    Parameters
    ----------
    satisfaction : array-like
        Ratings or a score with at least 5 values.
    loyal : array-like of bool
        Whether each was loyal.
    at : array-like, optional
        Where the curve is wanted; left out, 50 places from the 2nd to the 98th percentile.
    bends : int, default 3
        Inner knots, at quantiles.
    level : float, default 0.95
        Probability that the band covers, at any one place.

    Returns
    -------
    DataFrame
        ``satisfaction``, ``share``, ``low``, ``high``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> felt = rng.normal(size=2_000)
    >>> curve = spline_curve(felt, rng.random(2_000) < 1 / (1 + np.exp(-felt)), at=[0.0])
    >>> round(float(curve["share"][0]), 1)
    0.5
    """
    score, outcome = _fit_pairs(satisfaction, loyal)
    if bends < 0:
        raise ValueError(f"bends must be 0 or more, not {bends!r}.")
    ends = np.quantile(score, [0.02, 0.98])
    places = np.linspace(ends[0], ends[1], 50) if at is None else as_floats(at, name="at")
    knots = np.unique(np.quantile(score, np.linspace(0, 1, bends + 2)))[:, None]
    degree = 3 if len(knots) > 2 else 1
    spline = SplineTransformer(degree=degree, knots=knots, extrapolation="linear", include_bias=False)
    basis = sm.add_constant(spline.fit_transform(score[:, None]))
    fit = _logit(basis, outcome)
    rows = sm.add_constant(spline.transform(places[:, None]), has_constant="add")
    line = rows @ fit.params
    reach = normal_quantile(level) * np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.cov_params(), rows))
    shares = [1 / (1 + np.exp(-value)) for value in (line, line - reach, line + reach)]
    return pd.DataFrame(dict(zip(["satisfaction", "share", "low", "high"], [places, *shares], strict=True)))


def _pairs(ratings: Any, loyal: Any) -> tuple[Floats, Any]:
    rating = as_floats(ratings, name="ratings")
    if len(rating) != len(pd.Series(loyal)):
        raise TableError(f"There are {len(rating):,} ratings and {len(pd.Series(loyal)):,} outcomes: one each per row.")
    known = ~np.isnan(rating)
    return rating[known], as_flags(pd.Series(loyal).to_numpy()[known], name="loyal")


def _fit_pairs(satisfaction: Any, loyal: Any) -> tuple[Floats, Any]:
    score, outcome = _pairs(satisfaction, loyal)
    if len(np.unique(score)) < 5:
        raise TableError(f"A curve needs at least 5 values of satisfaction, not {len(np.unique(score))}.")
    if outcome.all() or not outcome.any():
        raise TableError("All customers are loyal, or none: there is no curve to fit.")
    return score, outcome


def _hinge(score: Floats, place: float) -> Floats:
    return np.column_stack([np.ones_like(score), score, np.maximum(score - place, 0)])


def _logit(design: Floats, outcome: Any) -> Any:
    return sm.GLM(outcome.astype(float), design, family=sm.families.Binomial()).fit()


def _score_interval(good: int, many: int, base: int, others: int, compare: str, level: float) -> tuple[float, float]:
    """Return the score interval; where a group has only successes or only failures, what can be said."""
    if base in (0, others) or good in (0, many):
        # Half an observation each way keeps both ends finite (Haldane; the log interval of Agresti).
        good_, many_, base_, others_ = good + 0.5, many + 1, base + 0.5, others + 1
        if compare == "ratio":
            centre, error = np.log(good_ / many_ * others_ / base_), 1 / good_ - 1 / many_ + 1 / base_ - 1 / others_
        else:
            centre = np.log(good_ / (many_ - good_) * (others_ - base_) / base_)
            error = 1 / good_ + 1 / (many_ - good_) + 1 / base_ + 1 / (others_ - base_)
        reach = normal_quantile(level) * np.sqrt(error)
        return float(np.exp(centre - reach)), float(np.exp(centre + reach))
    low, high = confint_proportions_2indep(
        good, many, base, others, compare=compare, method="score", alpha=1 - level, correction=True
    )
    return float(low), float(high)
