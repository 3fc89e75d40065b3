"""BG/NBD: orders come at a steady rate, and after each of them the customer may leave for good."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import ClassVar

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import digamma, gammaln, polygamma

from crmlab.lifetime.estimator import blocks, log_sum
from crmlab.lifetime.repeat import RepeatModel
from crmlab.lifetime.rows import Floats

NODES = 64


class BetaGeoNBD(RepeatModel):
    """Beta-geometric / negative binomial model of repeat orders.

    While alive, a customer orders at a rate λ; after every repeat order he leaves with probability p. Over customers, λ
    is gamma distributed (shape `r`, rate `alpha`), p is beta distributed (`a`, `b`), independent of λ.

    Parameters
    ----------
    priors : dict, optional
        Parameter → (median, spread): its logarithm is normal with the logarithm of the median as mean and the spread as
        standard deviation. The estimates are then the mode of the posterior of the logarithms.
    max_iterations : int
        Evaluations of the likelihood allowed.
    tolerance : float
        Largest slope of the mean log-likelihood, by the logarithm of a parameter, that ends the search.

    Attributes
    ----------
    params_ : Series
        ``r``, ``alpha`` (unit of T), ``a``, ``b``.
    log_likelihood_ : float
        Of the data, without priors, at `params_`.
    covariance_ : DataFrame
        Of the parameters, from the curvature of the likelihood; missing for a parameter that the data leave open.
    customers_ : float
        Customers used, or the sum of their weights.

    Notes
    -----
    Columns read: ``x`` repeat orders, ``t_x`` time from the first order to the last, ``T`` time from the first order to
    the end of observation; table ``repeat_summary``. Whoever has not ordered again is alive with certainty.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275–284.

    Examples
    --------
    >>> histories = {"x": [0, 0, 1, 4, 9, 2], "t_x": [0, 0, 6, 25, 30, 8], "T": [30, 32, 38, 36, 31, 35]}
    >>> model = BetaGeoNBD(priors={name: (1, 1) for name in ("r", "a", "b")}).fit(histories)
    >>> model.expected_orders(histories, horizon=26).round(1).tolist()[3:]
    [1.7, 5.3, 0.3]
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    _scaled: ClassVar[tuple[str, ...]] = ("alpha",)

    def _start(self, data: list[Floats], weights: Floats) -> Floats:
        # Time is scaled to a mean of 1: as many orders per unit as there are on average, and a fifth leaves after each.
        mean = weights @ data[0] / weights.sum()
        return np.array([0.7, 0.7 / max(1.5 * mean, 1e-6), 0.8, 2.5])

    def _evaluate(
        self, parameters: Floats, data: list[Floats], weights: Floats, *, derivatives: bool = True
    ) -> tuple[float, Floats, Floats]:
        r, alpha, a, b = parameters
        x, t_x, T = data
        value, slope, curve = _counts_part(parameters, x, weights, derivatives)
        for part in blocks(len(x)):
            n, w = x[part], weights[part]
            end, last, total = alpha + T[part], alpha + t_x[part], r + n
            log_end, log_last = np.log(end), np.log(last)
            again = n > 0
            tail = np.where(again, b + n - 1, 1.0)
            stays = -total * log_end
            leaves = np.where(again, np.log(a / tail) - total * log_last, -np.inf)
            together, left = log_sum(stays, leaves)
            value += float(w @ together)
            if not derivatives:
                continue
            p, q = w * (1 - left), w * left
            alive = np.stack([-log_end, -total / end, np.zeros_like(n), np.zeros_like(n)])
            gone = np.stack([-log_last, -total / last, np.full_like(n, 1 / a), -1 / tail])
            slope += alive @ p + gone @ q
            between = alive - gone
            curve += (between * (w * left * (1 - left))) @ between.T
            cross = -float(p @ (1 / end) + q @ (1 / last))
            curve[0, 1] += cross
            curve[1, 0] += cross
            curve[1, 1] += float(p @ (total / end**2) + q @ (total / last**2))
            curve[2, 2] -= float(q.sum()) / a**2
            curve[3, 3] += float(q @ (1 / tail**2))
        return value, slope, curve

    def _log_odds_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        r, alpha, a, b = self.params_.to_numpy()
        again = x > 0
        odds = np.log(a / np.where(again, b + x - 1, 1.0)) + (r + x) * np.log((alpha + T) / (alpha + t_x))
        return np.where(again, odds, -np.inf)

    def _mean_if_alive(self, x: Floats, T: Floats, horizon: float) -> Floats:
        # E[(1 − e^(−λpt)) / p]: over λ in closed form, over p by Gauss–Jacobi quadrature.
        r, alpha, a, b = self.params_.to_numpy()
        out = np.empty(len(x))
        for count in np.unique(x):
            of = np.flatnonzero(x == count)
            p, weights = beta_nodes(a, b + count, NODES)
            logs = np.log1p(np.outer(horizon / (alpha + T[of]), p))
            out[of] = -np.expm1(-(r + count) * logs) @ (weights / p)
        return out

    def _rates_if_alive(self, x: Floats, T: Floats, after: Floats) -> Floats:
        r, alpha, a, b = self.params_.to_numpy()
        out = np.empty((len(x), len(after)))
        for count in np.unique(x):
            of = np.flatnonzero(x == count)
            p, weights = beta_nodes(a, b + count, NODES)
            for part in blocks(len(of), 64):
                ratio = after / (alpha + T[of[part], None])
                still = np.exp(-(r + count + 1) * np.log1p(ratio[:, :, None] * p)) @ weights
                out[of[part]] = (r + count) / (alpha + T[of[part], None]) * still
        return out

    def _counts_if_alive(self, x: Floats, T: Floats, horizon: float) -> Iterator[Floats]:
        r, alpha, a, b = self.params_.to_numpy()
        miss = np.log((alpha + T) / (alpha + T + horizon))
        hit = horizon / (alpha + T + horizon)
        orders = np.exp((r + x) * miss)  # chance of k orders if nobody could leave
        fewer = np.zeros_like(x)  # … of fewer than k
        stays = np.ones_like(x)  # chance of staying after each of k orders
        k = 0
        while True:
            if k == 0:
                yield orders * stays
            else:
                leaves_now = stays * a / (a + b + x + k - 1)
                stays = stays * (b + x + k - 1) / (a + b + x + k - 1)
                yield orders * stays + leaves_now * np.maximum(1 - fewer, 0.0)
            fewer = fewer + orders
            orders = orders * hit * (r + x + k) / (k + 1)
            k += 1


def _counts_part(parameters: Floats, x: Floats, weights: Floats, derivatives: bool) -> tuple[float, Floats, Floats]:
    """Return the part of the log-likelihood that the number of orders alone decides; few customers order often."""
    r, alpha, a, b = parameters
    n, where = np.unique(x, return_inverse=True)
    w = np.bincount(where, weights=weights, minlength=len(n))
    whole, slope, curve = w.sum(), np.zeros(4), np.zeros((4, 4))
    value = w @ (gammaln(r + n) - gammaln(r) + gammaln(b + n) - gammaln(b) - gammaln(a + b + n) + gammaln(a + b))
    value += whole * r * np.log(alpha)
    if derivatives:
        both = w @ (digamma(a + b) - digamma(a + b + n))
        slope[:] = (
            w @ (digamma(r + n) - digamma(r)) + whole * np.log(alpha),
            whole * r / alpha,
            both,
            both + w @ (digamma(b + n) - digamma(b)),
        )
        curve[0, 0] = w @ (polygamma(1, r + n) - polygamma(1, r))
        curve[0, 1] = curve[1, 0] = whole / alpha
        curve[1, 1] = -whole * r / alpha**2
        curve[2:, 2:] = w @ (polygamma(1, a + b) - polygamma(1, a + b + n))
        curve[3, 3] += w @ (polygamma(1, b + n) - polygamma(1, b))
    return float(value), slope, curve


@lru_cache(maxsize=4_096)
def beta_nodes(a: float, b: float, count: int) -> tuple[Floats, Floats]:
    """Return nodes and weights such that Σ weights·f(nodes) is the mean of f over a beta distribution.

    Parameters
    ----------
    a, b : float
        Parameters of the beta distribution.
    count : int
        Number of nodes; polynomials of degree 2·count − 1 are exact.

    References
    ----------
    Golub & Welsch (1969), Calculation of Gauss quadrature rules, Mathematics of Computation 23.

    Examples
    --------
    >>> nodes, weights = beta_nodes(2.0, 6.0, 8)
    >>> round(float(weights @ nodes), 12)
    0.25
    """
    k = np.arange(count, dtype=np.float64)
    low, high = b - 1, a - 1  # Jacobi weights (1 − z)^low (1 + z)^high on [−1, 1]
    total = 2 * k + low + high
    diagonal = np.empty(count)
    diagonal[0] = (high - low) / (low + high + 2)
    diagonal[1:] = (high**2 - low**2) / (total[1:] * (total[1:] + 2))
    k, total = k[1:], total[1:]
    square = 4 * k * (k + low) * (k + high) / total**2
    # For k = 1 the factor (k + low + high) cancels against one of the denominator, which may be zero.
    square *= np.where(k == 1, 1 / (total + 1), (k + low + high) / np.where(k == 1, 1, (total + 1) * (total - 1)))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(square))
    return np.clip(0.5 * (nodes + 1), 1e-300, 1.0), vectors[0] ** 2
