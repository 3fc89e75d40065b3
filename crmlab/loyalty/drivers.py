"""What drives satisfaction: one table, one row per driver, one column per method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold
from statsmodels.miscmodels.ordinal_model import OrderedModel

from crmlab.loyalty.estimates import Floats, as_floats, as_items, as_weights, check_level, normal_quantile
from crmlab.loyalty.relative import EXACT_DRIVERS, johnson, lmg_exact, lmg_sampled
from crmlab.tables import TableError

METHODS = ("correlation", "standardised", "lmg", "johnson", "ordinal", "permutation")
"""Columns that `drivers` can give, in their order."""

_RESAMPLED = ("correlation", "standardised", "lmg", "johnson")
_LARGEST_CONDITION = 1e10


def drivers(
    X: Any,
    y: Any,
    *,
    methods: Sequence[str] = METHODS,
    weights: Any = None,
    interval: bool = False,
    level: float = 0.95,
    resamples: int = 1_000,
    orders: int = 20_000,
    estimator: Any = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the importance of each driver by several methods, side by side.

    Parameters
    ----------
    X : DataFrame, shape (n, k)
        One column of ratings per driver. Respondents who left out a driver or the outcome do not count.
    y : array-like, shape (n,)
        The outcome, such as overall satisfaction.
    methods : sequence of str, optional
        Some of `METHODS`; left out, all.
    weights : array-like, shape (n,), optional
        Weight of each respondent (see `response_weights`). ``ordinal`` takes them by drawing respondents in
        proportion to their weights.
    interval : bool, default False
        Whether to add ``<method>_low`` and ``<method>_high``: bootstrap percentiles over respondents, widened
        for small samples; for ``ordinal`` the normal interval of its likelihood; for ``permutation`` none.
    level : float, default 0.95
        Probability that an interval covers.
    resamples : int, default 1000
        Bootstrap samples.
    orders : int, default 20000
        Orders of entry drawn for LMG with more than 15 drivers; up to 15 it is exact.
    estimator : scikit-learn regressor, optional
        Model whose permutation importance is wanted; left out, linear regression.
    seed : int, default 0
        Seed of what is drawn.

    Returns
    -------
    DataFrame
        Index: driver. ``correlation`` with the outcome. ``standardised``: slope in standard deviations. ``lmg`` and
        ``johnson``: parts of R², adding up to it. ``ordinal``: change of the log odds of a better rating per standard
        deviation; an outcome with more than 11 values is cut into five groups of equal size. ``permutation``: drop of
        R² on respondents not used for fitting when the driver's answers are shuffled; below 0 it is noise. With more
        than 15 drivers ``lmg_error`` is the standard error from drawing orders. ``respondents``: how many count.

    Raises
    ------
    TableError
        If answers are text or constant, drivers are collinear (it says which), or there are fewer respondents than
        drivers + 2.
    ValueError
        If an option is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> X = pd.DataFrame(rng.normal(size=(500, 3)), columns=["staff", "price", "delivery"])
    >>> y = 2 * X["delivery"] + X["staff"] + rng.normal(size=500)
    >>> table = drivers(X, y, methods=["lmg", "johnson"])
    >>> table["lmg"].idxmax(), bool(abs(table["lmg"].sum() - table["johnson"].sum()) < 1e-12)
    ('delivery', True)
    """
    unknown = [method for method in methods if method not in METHODS]
    if unknown or not methods:
        raise ValueError(f"methods must be some of {', '.join(METHODS)}, not {list(methods)!r}.")
    check_level(level)
    if resamples < 100 or orders < 10:
        raise ValueError(f"resamples must be at least 100 and orders at least 10, not {resamples!r} and {orders!r}.")
    names, values, weight = _prepare(X, y, weights)
    people = len(values)
    rng = np.random.default_rng(seed)
    correlation, with_target = _correlations(values, weight)
    _check_collinear(names, correlation)
    table = pd.DataFrame(index=pd.Index(names, name="driver"))
    drawn = _resampled_correlations(values, weight, resamples, rng) if interval else None
    for method in METHODS:
        if method not in methods:
            continue
        if method == "lmg" and len(names) > EXACT_DRIVERS:
            table["lmg"], table["lmg_error"] = lmg_sampled(correlation, with_target, orders=orders, rng=rng)
        elif method in _RESAMPLED:
            table[method] = _shares(method, correlation, with_target, rng)
        elif method == "ordinal":
            slope, error = _ordinal(values, weight, rng)
            table["ordinal"] = slope
            if interval:
                reach = normal_quantile(level) * error
                table["ordinal_low"], table["ordinal_high"] = slope - reach, slope + reach
        else:
            table["permutation"] = _permutation(values, weight, estimator, seed)
        if drawn is not None and method in _RESAMPLED:
            again = _shares_in_samples(method, *drawn, rng)
            ends = _ends(level, people, len(names))
            table[f"{method}_low"], table[f"{method}_high"] = np.quantile(again, ends, axis=0)
    table["respondents"] = len(values)
    return table


def rank_stability(
    X: Any, y: Any, *, method: str = "lmg", weights: Any = None, resamples: int = 400, seed: int = 0
) -> pd.DataFrame:
    """Return how often each driver takes each rank when the respondents are drawn anew.

    Parameters
    ----------
    X, y, weights
        As for `drivers`.
    method : str, default "lmg"
        One of correlation, standardised (ranked by size), lmg, johnson.
    resamples : int, default 400
        Bootstrap samples.
    seed : int, default 0
        Seed of what is drawn.

    Returns
    -------
    DataFrame
        Index: driver, in the order of importance. Columns: rank 1 to k; each row and column adds up to 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> X = pd.DataFrame(rng.normal(size=(300, 3)), columns=["staff", "price", "delivery"])
    >>> y = 2 * X["delivery"] + X["staff"] + X["price"] + rng.normal(size=300)
    >>> rank_stability(X, y)[1].round(1).to_dict()
    {'delivery': 1.0, 'staff': 0.0, 'price': 0.0}
    """
    if method not in _RESAMPLED:
        raise ValueError(f"method must be one of {', '.join(_RESAMPLED)}, not {method!r}.")
    names, values, weight = _prepare(X, y, weights)
    rng = np.random.default_rng(seed)
    correlation, with_target = _correlations(values, weight)
    _check_collinear(names, correlation)
    point = np.abs(_shares(method, correlation, with_target, rng))
    samples = _resampled_correlations(values, weight, resamples, rng)
    drawn = np.abs(_shares_in_samples(method, *samples, rng))
    rank = np.argsort(np.argsort(-drawn, axis=1), axis=1)
    k = len(names)
    shares = np.array([[np.mean(rank[:, driver] == place) for place in range(k)] for driver in range(k)])
    table = pd.DataFrame(shares, index=pd.Index(names, name="driver"), columns=range(1, k + 1))
    return table.iloc[np.argsort(-point, kind="stable")]


def _prepare(X: Any, y: Any, weights: Any) -> tuple[list[Any], Floats, Floats | None]:
    frame = pd.DataFrame(X)
    target = as_floats(y, name="y")
    if len(target) != len(frame):
        raise TableError(f"X has {len(frame):,} rows and y {len(target):,}: one each per respondent.")
    if isinstance(y, pd.Series) and not y.index.equals(frame.index):
        raise TableError("X and y have different indexes: take both from the same table, so that rows belong together.")
    names = list(frame.columns)
    place = pd.RangeIndex(len(frame))
    together = frame.set_axis(place).assign(**{"\0y": target})
    complete = as_items(together.rename(columns={"\0y": "outcome y"}), least_rows=len(names) + 2)
    weight = None if weights is None else as_weights(weights, len(frame))[complete.index]
    return names, complete.to_numpy(), weight


def _correlations(values: Floats, weight: Floats | None) -> tuple[Floats, Floats]:
    """Return correlations of the drivers and with the target, which is the last column."""
    share = np.full(len(values), 1 / len(values)) if weight is None else weight / weight.sum()
    centred = values - share @ values
    covariance = (centred * share[:, None]).T @ centred
    spread = np.sqrt(np.diag(covariance))
    whole: Floats = np.divide(covariance, np.outer(spread, spread), dtype=np.float64)
    return whole[:-1, :-1], whole[:-1, -1]


def _check_collinear(names: list[Any], correlation: Floats) -> None:
    root, vector = np.linalg.eigh(correlation)
    if root[0] * _LARGEST_CONDITION < root[-1]:
        involved = [repr(str(name)) for name, part in zip(names, vector[:, 0], strict=True) if abs(part) > 0.05]
        raise TableError(
            f"The drivers {', '.join(involved)} are collinear: one follows from the others, so that nobody can tell "
            "what each does. Leave one out or average them."
        )


def _shares(method: str, correlation: Floats, with_target: Floats, rng: np.random.Generator) -> Floats:
    if method == "correlation":
        return with_target
    if method == "standardised":
        return np.linalg.solve(correlation, with_target[..., None])[..., 0].astype(np.float64)
    if method == "johnson":
        return johnson(correlation, with_target)
    if with_target.shape[-1] <= EXACT_DRIVERS:
        return lmg_exact(correlation, with_target)
    return lmg_sampled(correlation, with_target, orders=400, rng=rng)[0]


def _ends(level: float, people: int, k: int) -> tuple[float, float]:
    """Return which quantiles to take: a little further out than 2.5% and 97.5%, since a sample varies too little.

    Hesterberg (2015), The American Statistician 69, with the degrees of freedom of the regression. Measured coverage:
    validation/test_loyalty.py.
    """
    free = max(people - k - 1, 1)
    far = float(stats.norm.cdf(np.sqrt(people / free) * stats.t.ppf(0.5 - level / 2, free)))
    return far, 1 - far


def _shares_in_samples(method: str, matrices: Floats, targets: Floats, rng: np.random.Generator) -> Floats:
    """Return the shares in each sample of the respondents, shape (resamples, k)."""
    if method == "lmg" and targets.shape[1] > 10:
        # A stack of all subsets of many drivers is large: sample by sample, over orders, which add up exactly as well.
        return np.array([lmg_sampled(m, t, orders=400, rng=rng)[0] for m, t in zip(matrices, targets, strict=True)])
    return _shares(method, matrices, targets, rng)


def _resampled_correlations(
    values: Floats, weight: Floats | None, resamples: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the correlations in each sample; a sample is how often each respondent is drawn."""
    people, columns = values.shape
    base = np.ones(people) if weight is None else weight
    centred = (values - values.mean(axis=0)) / values.std(axis=0)
    first, second = np.triu_indices(columns)
    products = centred[:, first] * centred[:, second]
    matrices: list[Floats] = []
    tries = 0
    while sum(map(len, matrices)) < resamples:
        tries += 1
        if tries > 50:
            raise TableError(
                "Too few respondents for intervals: when they are drawn anew, answers hardly vary. Ask more people."
            )
        missing = resamples - sum(map(len, matrices))
        block = min(missing, max(1, 4_000_000 // people))
        drawn = rng.multinomial(people, np.full(people, 1 / people), size=block) * base
        total = drawn.sum(axis=1)
        kept = total > 0
        drawn, total = drawn[kept], total[kept, None]
        mean = drawn @ centred / total
        second_moment = drawn @ products / total
        covariance = np.empty((len(drawn), columns, columns))
        covariance[:, first, second] = covariance[:, second, first] = second_moment - mean[:, first] * mean[:, second]
        variance = np.einsum("bii->bi", covariance)
        # A sample in which a column does not vary, or drivers coincide, says nothing and is drawn again.
        covariance = covariance[(variance > 1e-9).all(axis=1)]
        spread = np.sqrt(np.einsum("bii->bi", covariance))
        correlation = covariance / (spread[:, :, None] * spread[:, None, :])
        if len(correlation):
            matrices.append(correlation[np.linalg.eigvalsh(correlation[:, :-1, :-1])[:, 0] > 1 / _LARGEST_CONDITION])
    whole = np.concatenate(matrices)
    return whole[:, :-1, :-1], whole[:, :-1, -1]


def _drawn_by_weight(values: Floats, weight: Floats | None, rng: np.random.Generator) -> Floats:
    if weight is None:
        return values
    return values[rng.choice(len(values), size=len(values), p=weight / weight.sum())]


def _ordinal(values: Floats, weight: Floats | None, rng: np.random.Generator) -> tuple[Floats, Floats]:
    used = _drawn_by_weight(values, weight, rng)
    X, y = used[:, :-1], used[:, -1]
    if len(np.unique(y)) > 11:
        y = np.searchsorted(np.quantile(y, [0.2, 0.4, 0.6, 0.8]), y, side="left").astype(np.float64)
    spread = X.std(axis=0)
    if (spread == 0).any() or len(np.unique(y)) < 2:
        return np.full(X.shape[1], np.nan), np.full(X.shape[1], np.nan)
    codes: npt.NDArray[np.int64] = np.unique(y, return_inverse=True)[1]
    fit = OrderedModel(codes, (X - X.mean(axis=0)) / spread, distr="logit").fit(method="bfgs", disp=False, maxiter=200)
    k = X.shape[1]
    if not fit.mle_retvals["converged"] or np.abs(fit.params[:k]).max() > 15:
        raise TableError(
            "The ordinal model has no finite answer: some rating separates the outcome completely. Ask more people, or "
            "leave 'ordinal' out of methods."
        )
    return np.asarray(fit.params[:k]), np.asarray(fit.bse[:k])


def _permutation(values: Floats, weight: Floats | None, estimator: Any, seed: int) -> Floats:
    folds = KFold(n_splits=min(5, len(values)), shuffle=True, random_state=seed)
    drops, sizes = [], []
    model = LinearRegression() if estimator is None else estimator
    for train, test in folds.split(values):
        if len(test) < 2 or np.ptp(values[test, -1]) == 0:
            continue
        share = None if weight is None else weight[train]
        fitted = model.fit(values[train, :-1], values[train, -1], sample_weight=share)
        held = None if weight is None else weight[test]
        result = permutation_importance(
            fitted, values[test, :-1], values[test, -1], n_repeats=10, random_state=seed, sample_weight=held
        )
        drops.append(result.importances_mean)
        sizes.append(len(test))
    if not drops:
        return np.full(values.shape[1] - 1, np.nan)
    return np.average(drops, axis=0, weights=sizes)
