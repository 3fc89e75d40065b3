"""How much of R² belongs to each driver, when drivers go together: Shapley's shares (LMG) and Johnson's weights.

All work on correlations, so that one matrix product over the respondents is enough, and on stacks of matrices, so that
hundreds of bootstrap samples are done at once.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from crmlab.loyalty.estimates import Floats

EXACT_DRIVERS = 15
"""Up to so many drivers, LMG is computed over all subsets; beyond, over random orders."""


def explained(correlation: Floats, with_target: Floats) -> Floats:
    """Return R² of the regression on all drivers.

    Parameters
    ----------
    correlation : array, shape (…, k, k)
        Correlations of the drivers.
    with_target : array, shape (…, k)
        Correlation of each driver with the target.

    Returns
    -------
    array, shape (…)

    Examples
    --------
    >>> float(explained(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.6, 0.3])).round(2))
    0.45
    """
    slopes = np.linalg.solve(correlation, with_target[..., None])[..., 0]
    return np.sum(slopes * with_target, axis=-1)


def lmg_exact(correlation: Floats, with_target: Floats) -> Floats:
    """Return each driver's share of R²: what it adds, averaged over all orders in which drivers can enter.

    Parameters
    ----------
    correlation : array, shape (…, k, k)
        Correlations of the drivers; positive definite.
    with_target : array, shape (…, k)
        Correlation of each driver with the target.

    Returns
    -------
    array, shape (…, k)
        Shares that add up to R²; never negative.

    References
    ----------
    Lindeman, Merenda & Gold (1980). Grömping (2007), The American Statistician 61.

    Examples
    --------
    >>> lmg_exact(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([0.6, 0.3])).round(3).tolist()
    [0.315, 0.045]
    """
    k = with_target.shape[-1]
    r_squared = np.zeros((*with_target.shape[:-1], 2**k))
    for members, codes in _subsets(k):
        part = correlation[..., members[:, :, None], members[:, None, :]]
        target = with_target[..., members]
        r_squared[..., codes] = explained(part, target)
    shares = np.empty_like(with_target, dtype=np.float64)
    codes = np.arange(2**k)
    size = np.array([code.bit_count() for code in range(2**k)])
    weight_of_size = np.array([1 / (k * comb(k - 1, s)) for s in range(k)])
    for driver in range(k):
        without = codes[(codes >> driver) & 1 == 0]
        gain = r_squared[..., without | (1 << driver)] - r_squared[..., without]
        shares[..., driver] = gain @ weight_of_size[size[without]]
    return shares


def lmg_sampled(
    correlation: Floats, with_target: Floats, *, orders: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return LMG shares from random orders of entry, each with its reverse, and their standard error.

    Along one order the gains of R² are the squares of one triangular solution, so that an order costs one Cholesky
    factorisation and its gains add up to R² exactly, however few orders there are.

    Parameters
    ----------
    correlation : array, shape (k, k)
        Correlations of the drivers.
    with_target : array, shape (k,)
        Correlation of each driver with the target.
    orders : int
        Orders to draw; half of them are reverses of the others.
    rng : Generator
        Source of the orders.

    Returns
    -------
    shares, errors : array, shape (k,)
        LMG and the standard error that comes from drawing orders (not from having few respondents).

    Examples
    --------
    >>> shares, errors = lmg_sampled(
    ...     np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([0.6, 0.3]), orders=10, rng=np.random.default_rng(1)
    ... )
    >>> shares.round(3).tolist()                            # an order and its reverse are all that two drivers have
    [0.315, 0.045]
    """
    k = len(with_target)
    pairs = max(orders // 2, 2)
    total, squares = np.zeros(k), np.zeros(k)
    done = 0
    while done < pairs:
        block = min(pairs - done, 500)
        forward = rng.permuted(np.tile(np.arange(k), (block, 1)), axis=1)
        gains = np.zeros((block, k))
        for order in (forward, forward[:, ::-1]):
            lower = np.linalg.cholesky(correlation[order[:, :, None], order[:, None, :]])
            step = np.linalg.solve(lower, with_target[order][..., None])[..., 0] ** 2
            np.put_along_axis(gains, order, np.take_along_axis(gains, order, axis=1) + step / 2, axis=1)
        total += gains.sum(axis=0)
        squares += (gains**2).sum(axis=0)
        done += block
    shares = total / pairs
    variance = np.maximum(squares / pairs - shares**2, 0) * pairs / (pairs - 1)
    return shares, np.sqrt(variance / pairs)


def johnson(correlation: Floats, with_target: Floats) -> Floats:
    """Return Johnson's relative weights: shares of R² through the nearest uncorrelated copies of the drivers.

    Nearly LMG at the cost of one eigenvalue problem.

    Parameters
    ----------
    correlation : array, shape (…, k, k)
        Correlations of the drivers.
    with_target : array, shape (…, k)
        Correlation of each driver with the target.

    Returns
    -------
    array, shape (…, k)
        Weights that add up to R².

    References
    ----------
    Johnson (2000), Multivariate Behavioral Research 35.

    Examples
    --------
    >>> johnson(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([0.6, 0.3])).round(3).tolist()
    [0.315, 0.045]
    """
    root, vector = np.linalg.eigh(correlation)
    scale = np.sqrt(np.maximum(root, 0.0))
    back = np.swapaxes(vector, -1, -2)
    loading = (vector * scale[..., None, :]) @ back
    slopes = np.linalg.solve(loading, with_target[..., None])
    return ((loading**2) @ slopes**2)[..., 0]


@cache
def _subsets(k: int) -> tuple[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], ...]:
    """Return, for each size, the subsets of k drivers and their codes, one bit a driver."""
    out = []
    for size in range(1, k + 1):
        members = np.array(list(combinations(range(k), size)), dtype=np.int64)
        out.append((members, np.sum(1 << members, axis=1)))
    return tuple(out)
