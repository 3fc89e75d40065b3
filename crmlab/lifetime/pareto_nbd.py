"""Pareto/NBD: orders come at a steady rate until the customer leaves, unseen, at any time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import digamma, gammaln, polygamma

from crmlab.lifetime.estimator import blocks, log_sum
from crmlab.lifetime.newton import Maximum
from crmlab.lifetime.repeat import RepeatModel
from crmlab.lifetime.rows import Floats

NEGLIGIBLE = 38.0
"""What is smaller than e^−38 of the integrand's start is left out of the integral."""

AGREEMENT = 1e-11
"""Relative difference of the log-likelihood between n and 2n nodes that counts as none."""

MOST_NODES = 128


class ParetoNBD(RepeatModel):
    """Pareto / negative binomial model of repeat orders.

    While alive, a customer orders at a rate λ; he leaves at a rate μ, whether or not he orders. Over customers, λ is
    gamma distributed (shape `r`, rate `alpha`) and so is μ (`s`, `beta`), independent of λ.

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
        ``r``, ``alpha`` (unit of T), ``s``, ``beta`` (unit of T).
    log_likelihood_ : float
        Of the data, without priors, at `params_`.
    covariance_ : DataFrame
        Of the parameters, from the curvature of the likelihood; missing for a parameter that the data leave open.
    customers_ : float
        Customers used, or the sum of their weights.
    nodes_ : int
        Nodes of the quadrature: as many as are needed for a log-likelihood that twice as many change by less than
        1e-11 of it.

    Notes
    -----
    Columns read: ``x`` repeat orders, ``t_x`` time from the first order to the last, ``T`` time from the first order to
    the end of observation; table ``repeat_summary``.

    The likelihood of having left is the integral of (α + τ)^−(r+x) (β + τ)^−(s+1) over the time τ of leaving between
    t_x and T, usually written with hypergeometric functions, which overflow for hundreds of orders. Here it is computed
    as that integral, in the logarithm of time, where the integrand is smooth and the same nodes give all derivatives.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), Counting your customers, Management Science 33(1), 1–24.
    Fader & Hardie (2005), A note on deriving the Pareto/NBD model and related expressions.

    Examples
    --------
    >>> histories = {"x": [0, 0, 1, 4, 9, 2], "t_x": [0, 0, 6, 25, 30, 8], "T": [30, 32, 38, 36, 31, 35]}
    >>> model = ParetoNBD(priors={name: (1, 1) for name in ("r", "s")} | {"beta": (20, 1)}).fit(histories)
    >>> model.p_alive(histories).round(2).tolist()[3:]
    [0.64, 0.98, 0.13]
    """

    _parameters: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    _scaled: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    def _start(self, data: list[Floats], weights: Floats) -> Floats:
        mean = weights @ data[0] / weights.sum()
        return np.array([0.7, 0.7 / max(2.0 * mean, 1e-6), 0.6, 0.5])

    def _search(self, data: list[Floats], counts: Floats, scale: float, priors: Floats) -> Maximum:
        self.nodes_ = 12
        while True:
            found = super()._search(data, counts, scale, priors)
            units = np.array([scale if name in self._scaled else 1.0 for name in self._parameters])
            at = np.exp(found.point) * units
            value = self._evaluate(at, data, counts, derivatives=False)[0]
            self.nodes_ *= 2
            finer = self._evaluate(at, data, counts, derivatives=False)[0]
            if abs(finer - value) <= AGREEMENT * abs(finer) or self.nodes_ >= MOST_NODES:
                self.nodes_ //= 2 if abs(finer - value) <= AGREEMENT * abs(finer) else 1
                return found

    def _evaluate(
        self, parameters: Floats, data: list[Floats], weights: Floats, *, derivatives: bool = True
    ) -> tuple[float, Floats, Floats]:
        r, alpha, s, beta = parameters
        x, t_x, T = data
        value, slope, curve = _counts_part(parameters, x, weights, derivatives)
        for part in blocks(len(x), 9_000 // self.nodes_):
            n, w, end = x[part], weights[part], T[part]
            total, log_a, log_b = r + n, np.log(alpha + end), np.log(beta + end)
            stays = -total * log_a - s * log_b
            inside, moments = _integral(parameters, n, t_x[part], end, self.nodes_, derivatives)
            leaves = inside + np.log(s)
            together, left = log_sum(stays, leaves)
            value += float(w @ together)
            if not derivatives:
                continue
            means, second, crossed = moments
            p, q = w * (1 - left), w * left
            alive = np.stack([-log_a, -total / (alpha + end), -log_b, -s / (beta + end)])
            gone = means.copy()
            gone[2] += 1 / s
            slope += alive @ p + gone @ q
            between = alive - gone
            curve += (between * (w * left * (1 - left))) @ between.T
            curve += second(q) - (means * q) @ means.T
            ia, ib = 1 / (alpha + end), 1 / (beta + end)
            in_a, in_b, in_aa, in_bb = (q @ values for values in crossed)
            for i, j, amount in (
                (0, 1, -(p @ ia) - in_a),
                (2, 3, -(p @ ib) - in_b),
            ):
                curve[i, j] += amount
                curve[j, i] += amount
            curve[1, 1] += p @ (total * ia**2) + in_aa
            curve[3, 3] += s * (p @ ib**2) + in_bb
            curve[2, 2] -= q.sum() / s**2
        return value, slope, curve

    def _log_odds_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        parameters = self.params_.to_numpy()
        r, alpha, s, beta = parameters
        out = np.empty(len(x))
        for part in blocks(len(x), 4_096):
            inside = _integral(parameters, x[part], t_x[part], T[part], self.nodes_, False)[0]
            stays = -(r + x[part]) * np.log(alpha + T[part]) - s * np.log(beta + T[part])
            out[part] = inside + np.log(s) - stays
        return out

    def _mean_if_alive(self, x: Floats, T: Floats, horizon: float) -> Floats:
        r, alpha, s, beta = self.params_.to_numpy()
        return (r + x) / (alpha + T) * (beta + T) * _power_integral(np.log1p(horizon / (beta + T)), s - 1)

    def _rates_if_alive(self, x: Floats, T: Floats, after: Floats) -> Floats:
        r, alpha, s, beta = self.params_.to_numpy()
        return ((r + x) / (alpha + T))[:, None] * np.exp(-s * np.log1p(after / (beta + T[:, None])))

    def _counts_if_alive(self, x: Floats, T: Floats, horizon: float) -> Iterator[Floats]:
        # Over the time w of leaving: nodes in u = ln(1 + w / (β + T)), where its density is s·e^(−su).
        r, alpha, s, beta = self.params_.to_numpy()
        nodes, node_weights = leggauss(48)
        longest = np.log1p(horizon / (beta + T))
        u = 0.5 * longest[:, None] * (nodes + 1)
        chance = 0.5 * longest[:, None] * node_weights * s * np.exp(-s * u)
        lived = np.concatenate([(beta + T)[:, None] * np.expm1(u), np.full((len(x), 1), float(horizon))], axis=1)
        chance = np.concatenate([chance, np.exp(-s * longest)[:, None]], axis=1)
        shape, rate = (r + x)[:, None], (alpha + T)[:, None]
        orders = np.exp(-shape * np.log1p(lived / rate))
        hit = lived / (rate + lived)
        k = 0
        while True:
            yield (chance * orders).sum(axis=1)
            orders = orders * hit * (shape + k) / (k + 1)
            k += 1


def _power_integral(u: Floats, power: float) -> Floats:
    """Return ∫₀ᵘ e^(−power·v) dv, also for a power of zero."""
    return u * np.where(
        np.abs(power * u) < 1e-12, 1.0, -np.expm1(-power * u) / np.where(power * u == 0, 1.0, power * u)
    )


def _counts_part(parameters: Floats, x: Floats, weights: Floats, derivatives: bool) -> tuple[float, Floats, Floats]:
    """Return the part of the log-likelihood that the number of orders alone decides."""
    r, alpha, s, beta = parameters
    n, where = np.unique(x, return_inverse=True)
    w = np.bincount(where, weights=weights, minlength=len(n))
    whole, slope, curve = w.sum(), np.zeros(4), np.zeros((4, 4))
    value = w @ (gammaln(r + n) - gammaln(r)) + whole * (r * np.log(alpha) + s * np.log(beta))
    if derivatives:
        slope[:] = (
            w @ (digamma(r + n) - digamma(r)) + whole * np.log(alpha),
            whole * r / alpha,
            whole * np.log(beta),
            whole * s / beta,
        )
        curve[0, 0] = w @ (polygamma(1, r + n) - polygamma(1, r))
        curve[0, 1] = curve[1, 0] = whole / alpha
        curve[1, 1] = -whole * r / alpha**2
        curve[2, 3] = curve[3, 2] = whole / beta
        curve[3, 3] = -whole * s / beta**2
    return float(value), slope, curve


@cache
def _legendre(count: int) -> tuple[Floats, Floats]:
    nodes, weights = leggauss(count)
    return 0.5 * (nodes + 1), 0.5 * weights


def _integral(
    parameters: Floats, x: Floats, t_x: Floats, T: Floats, nodes: int, derivatives: bool
) -> tuple[Floats, Any]:
    """Return ln ∫ (α+τ)^−(r+x) (β+τ)^−(s+1) dτ from t_x to T, and moments of the integrand for its derivatives.

    With m = min(α, β) and u = ln((m+τ) / (m+t_x)) the integrand is e^(−ku) (1 + c·e^(−u))^−p, c ≥ 0, k = r+s+x:
    analytic within π of the real axis, and log-concave, so that the end beyond which it is negligible is found safely.
    """
    r, alpha, s, beta = parameters
    total = r + x
    low, gap = min(alpha, beta), abs(alpha - beta)
    power = np.full_like(x, s + 1) if alpha <= beta else total
    steep, start = total + s, low + t_x
    c = gap / start
    span = np.log1p((T - t_x) / start)
    span = _cut(span, steep, power, c)
    at, weight = _legendre(nodes)
    u = span[:, None] * at
    smaller = start[:, None] * np.exp(u)
    larger = smaller + gap
    log_low, log_high = np.log(start)[:, None] + u, np.log(larger)
    log_a, log_b = (log_low, log_high) if alpha <= beta else (log_high, log_low)
    logs = log_low - total[:, None] * log_a - (s + 1) * log_b
    top = logs[:, :1].copy()
    mass = np.exp(logs - top) * weight
    whole = mass.sum(axis=1)
    with np.errstate(divide="ignore"):
        value = top[:, 0] + np.log(whole) + np.log(span)
    if not derivatives:
        return value, None
    mass /= whole[:, None]
    inverse_a, inverse_b = (1 / smaller, 1 / larger) if alpha <= beta else (1 / larger, 1 / smaller)
    directions = np.stack([-log_a, -total[:, None] * inverse_a, -log_b, -(s + 1) * inverse_b])
    means = np.einsum("kij,ij->ki", directions, mass)
    mean_a, mean_b = (mass * inverse_a).sum(axis=1), (mass * inverse_b).sum(axis=1)
    square_a = total * (mass * inverse_a**2).sum(axis=1)
    square_b = (s + 1) * (mass * inverse_b**2).sum(axis=1)

    def second(weights: Floats) -> Floats:
        flat = directions.reshape(4, -1)
        return (flat * (mass * weights[:, None]).ravel()) @ flat.T

    return value, (means, second, (mean_a, mean_b, square_a, square_b))


def _cut(span: Floats, steep: Floats, power: Floats, c: Floats) -> Floats:
    """Return the part of each span of u beyond which the integrand has fallen below e^−NEGLIGIBLE of its start."""

    def fallen(u: Floats, of: Any) -> Floats:
        return steep[of] * u + power[of] * (np.log1p(c[of] * np.exp(-u)) - np.log1p(c[of]))

    far = np.flatnonzero(fallen(span, slice(None)) > NEGLIGIBLE)
    if len(far):
        u = span[far]
        for _ in range(60):  # from the right on a convex function: monotone and quadratic
            decay = c[far] * np.exp(-u)
            step = (fallen(u, far) - NEGLIGIBLE) / (steep[far] - power[far] * decay / (1 + decay))
            u = u - step
            if np.abs(step).max() < 0.01:
                break
        span = span.copy()
        span[far] = u
    return span
