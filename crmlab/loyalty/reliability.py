"""Do several items measure one thing? Cronbach's α, McDonald's ω, item–total correlations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from crmlab.loyalty.estimates import Estimate, Floats, as_items, check_level
from crmlab.tables import TableError


def cronbach_alpha(items: Any) -> float:
    """Return Cronbach's α of a scale: the reliability of the sum if all items measure the same thing equally well.

    It says that items go together, not that they measure what they should: halo alone makes a high α.

    Parameters
    ----------
    items : DataFrame or array-like, shape (n, k)
        One column per item, all with the same direction (see `convert_scale` for reversing); respondents who left an
        answer out are not counted.

    Returns
    -------
    float
        At most 1; below 0 when items contradict each other, usually because one should be reversed.

    Raises
    ------
    TableError
        If there are fewer than 2 items or 3 complete respondents, or an item is constant.

    References
    ----------
    Cronbach (1951), Psychometrika 16.

    Examples
    --------
    >>> round(cronbach_alpha(pd.DataFrame({"a": [1, 2, 4, 5], "b": [1, 3, 4, 4], "c": [2, 2, 5, 5]})), 3)
    0.957
    """
    return _alpha(np.cov(as_items(items).to_numpy(), rowvar=False))


def alpha_interval(items: Any, *, level: float = 0.95) -> Estimate:
    """Return Cronbach's α with the interval of Feldt, which is exact for normal items that measure equally well.

    Parameters
    ----------
    items : DataFrame
        As for `cronbach_alpha`.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate

    References
    ----------
    Feldt (1965), Psychometrika 30.

    Examples
    --------
    >>> print(alpha_interval(pd.DataFrame({"a": [1, 2, 4, 5], "b": [1, 3, 4, 4], "c": [2, 2, 5, 5]})))
    0.957 [0.713, 0.997], n = 4
    """
    check_level(level)
    complete = as_items(items)
    alpha = _alpha(np.cov(complete.to_numpy(), rowvar=False))
    people, k = complete.shape
    upper, lower = stats.f.ppf([0.5 + level / 2, 0.5 - level / 2], people - 1, (people - 1) * (k - 1))
    return Estimate(alpha, 1 - (1 - alpha) * float(upper), 1 - (1 - alpha) * float(lower), people)


def mcdonald_omega(items: Any) -> float:
    """Return McDonald's ω: the reliability of the sum when items measure one thing, some better than others.

    Parameters
    ----------
    items : DataFrame or array-like, shape (n, k)
        At least 3 items; otherwise as for `cronbach_alpha`.

    Returns
    -------
    float
        0 to 1. The single factor is fitted by least squares on the correlations (minimum residuals).

    Raises
    ------
    TableError
        As `cronbach_alpha`.

    References
    ----------
    McDonald (1999), Test Theory.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> thing = rng.normal(size=(20_000, 1))
    >>> items = thing * [0.8, 0.6, 0.4] + rng.normal(size=(20_000, 3)) * [0.6, 0.8, 0.84**0.5]
    >>> round(mcdonald_omega(items), 1)                     # 1.8² / (1.8² + 0.36 + 0.64 + 0.84) = 0.64
    0.6
    """
    complete = as_items(items, least_items=3)
    spread = complete.to_numpy().std(axis=0, ddof=1)
    loading = one_factor(np.corrcoef(complete.to_numpy(), rowvar=False)) * spread
    common = loading.sum() ** 2
    return float(common / (common + np.sum(spread**2 - loading**2)))


def item_total(items: Any) -> pd.DataFrame:
    """Return, for each item, how it goes with the rest of its scale.

    Parameters
    ----------
    items : DataFrame
        As for `cronbach_alpha`, at least 3 items.

    Returns
    -------
    DataFrame
        Index: item. ``mean`` and ``spread`` (points), ``item_total`` (correlation with the sum of the other items;
        below 0.3 an item measures something else, below 0 it should be reversed), ``alpha_without``.

    Examples
    --------
    >>> items = pd.DataFrame({"a": [1, 2, 4, 5], "b": [1, 3, 4, 4], "c": [2, 2, 5, 5]})
    >>> item_total(items).round(2).loc["b"].to_dict()
    {'mean': 3.0, 'spread': 1.41, 'item_total': 0.87, 'alpha_without': 0.97}
    """
    complete = as_items(items, least_items=3)
    total = complete.sum(axis=1)
    rows = []
    for name in complete:
        rest = complete.drop(columns=name)
        others = total - complete[name]
        if others.nunique() == 1:
            raise TableError(f"The items other than {name!r} add up to the same sum for everybody.")
        rows.append(
            {
                "item": name,
                "mean": complete[name].mean(),
                "spread": complete[name].std(),
                "item_total": float(np.corrcoef(complete[name], others)[0, 1]),
                "alpha_without": _alpha(np.cov(rest.to_numpy(), rowvar=False)),
            }
        )
    return pd.DataFrame(rows).set_index("item")


def one_factor(correlation: Floats, *, steps: int = 500) -> Floats:
    """Return the loadings of one common factor by iterated principal axes; the sum of the loadings is positive.

    Parameters
    ----------
    correlation : array, shape (k, k)
        Correlation matrix.
    steps : int, default 500
        Iterations at most.

    Returns
    -------
    array, shape (k,)

    Examples
    --------
    >>> true = np.array([0.8, 0.6, 0.4])
    >>> matrix = np.outer(true, true) + np.diag(1 - true**2)
    >>> one_factor(matrix).round(3).tolist()
    [0.8, 0.6, 0.4]
    """
    communality = np.max(np.abs(correlation - np.eye(len(correlation))), axis=1)
    loading = np.sqrt(communality)
    for _ in range(steps):
        reduced = correlation - np.diag(1 - communality)
        root, vector = np.linalg.eigh(reduced)
        loading = vector[:, -1] * np.sqrt(max(root[-1], 0.0))
        new = np.minimum(loading**2, 0.9999)
        if np.max(np.abs(new - communality)) < 1e-10:
            break
        communality = new
    return loading if loading.sum() >= 0 else -loading


def _alpha(covariance: Floats) -> float:
    k = len(covariance)
    total = covariance.sum()
    if total <= 0:
        raise TableError("The items add up to the same sum for everybody: they contradict each other, reverse some.")
    return float(k / (k - 1) * (1 - np.trace(covariance) / total))
