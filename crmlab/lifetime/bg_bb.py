"""BG/BB: at each of a few occasions a customer buys or does not, until he leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from scipy.special import betaln, digamma, gammaln, logsumexp, polygamma

from crmlab.lifetime.repeat import RepeatModel, check_histories
from crmlab.lifetime.rows import Floats, Rows, complain

LONGEST = 5_000
"""Periods that a sum without end is carried to."""


class BetaGeoBetaBinomial(RepeatModel):
    """Beta-geometric / beta-binomial model of repeat orders at discrete occasions.

    While alive, a customer buys at each occasion with a probability of his own (beta distributed over customers:
    `alpha`, `beta`); before each occasion he leaves with a probability (`gamma`, `delta`), independent of it. For
    donations once a year, a season, an annual event.

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
        ``alpha``, ``beta``, ``gamma``, ``delta``.
    log_likelihood_ : float
        Of the data, without priors, at `params_`.
    covariance_ : DataFrame
        Of the parameters, from the curvature of the likelihood; missing for a parameter that the data leave open.
    customers_ : float
        Customers used, or the sum of their weights.

    Notes
    -----
    Columns read: ``x`` occasions with an order, ``t_x`` number of the last of them, ``T`` occasions so far, all whole;
    horizons are whole numbers of occasions.

    References
    ----------
    Fader, Hardie & Shang (2010), Customer-base analysis in a discrete-time noncontractual setting, Marketing Science
    29(6), 1086–1108.

    Examples
    --------
    >>> histories = {"x": [0, 6, 2, 3, 1], "t_x": [0, 6, 2, 6, 4], "T": [6, 6, 6, 6, 6]}
    >>> priors = {name: (1, 0.7) for name in ("alpha", "beta", "gamma")} | {"delta": (3, 0.7)}
    >>> BetaGeoBetaBinomial(priors=priors).fit(histories).p_alive(histories).round(2).tolist()
    [0.19, 1.0, 0.1, 1.0, 0.75]
    """

    _parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta", "gamma", "delta")
    _scaled: ClassVar[tuple[str, ...]] = ()
    _scaled_columns: ClassVar[tuple[str, ...]] = ()

    def _check(self, rows: Rows) -> None:
        check_histories(rows)
        x, t_x, T = rows.columns["x"], rows.columns["t_x"], rows.columns["T"]
        complain(
            (t_x != np.floor(t_x)) | (T != np.floor(T)), rows, "t_x or T is not a whole number", "Count occasions."
        )
        complain((x > t_x), rows, "x is larger than t_x", "There is one order at an occasion.")

    def _start(self, data: list[Floats], weights: Floats) -> Floats:
        return np.array([1.0, 1.0, 0.7, 2.5])

    def _evaluate(
        self, parameters: Floats, data: list[Floats], weights: Floats, *, derivatives: bool = True
    ) -> tuple[float, Floats, Floats]:
        alpha, beta, gamma, delta = parameters
        x, t_x, T = (values[:, None] for values in data)
        # Column 0: alive at T. Column i + 1: left before occasion t_x + i + 1.
        i = np.arange(int((T - t_x).max()))[None, :]
        possible = np.concatenate([np.ones_like(x, dtype=bool), i < T - t_x], axis=1)
        missed = np.concatenate([T - x, np.minimum(t_x - x + i, T)], axis=1)
        lived = np.concatenate([T, np.minimum(t_x + i, T)], axis=1)
        left = np.concatenate([np.zeros_like(x), np.ones((len(x), i.shape[1]))], axis=1)
        logs = betaln(alpha + x, beta + missed) - betaln(alpha, beta)
        logs = logs + betaln(gamma + left, delta + lived) - betaln(gamma, delta)
        logs[~possible] = -np.inf
        each = logsumexp(logs, axis=1)
        if not derivatives:
            return float(weights @ each), np.zeros(4), np.zeros((4, 4))
        share = np.exp(logs - each[:, None])
        ones = np.ones_like(missed)

        def differences(of: object) -> list[Floats]:
            return [
                of(a + b) - of(a)  # type: ignore[operator]
                for a, b in (
                    (alpha, x * ones),
                    (beta, missed),
                    (alpha + beta, x + missed),
                    (gamma, left),
                    (delta, lived),
                    (gamma + delta, left + lived),
                )
            ]

        first = differences(digamma)
        slopes = np.stack([first[0] - first[2], first[1] - first[2], first[3] - first[5], first[4] - first[5]])
        means = np.einsum("kij,ij->ki", slopes, share)
        w = share * weights[:, None]
        curve = np.einsum("kij,lij,ij->kl", slopes, slopes, w) - (means * weights) @ means.T
        a, b, ab, g, d, gd = (float((w * amount).sum()) for amount in differences(lambda z: polygamma(1, z)))
        curve += [[a - ab, -ab, 0, 0], [-ab, b - ab, 0, 0], [0, 0, g - gd, -gd], [0, 0, -gd, d - gd]]
        return float(weights @ each), means @ weights, curve

    def _log_odds_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        alpha, beta, gamma, delta = self.params_.to_numpy()
        alive = betaln(alpha + x, beta + T - x) + betaln(gamma, delta + T)
        i = np.arange(max(int((T - t_x).max()), 1))[None, :]
        possible = i < (T - t_x)[:, None]
        at = np.minimum(t_x[:, None] + i, T[:, None])
        gone = betaln(alpha + x[:, None], beta + at - x[:, None]) + betaln(gamma + 1, delta + at)
        gone[~possible] = -np.inf
        with np.errstate(divide="ignore"):
            return np.where(possible.any(axis=1), logsumexp(gone, axis=1), -np.inf) - alive

    def _survival(self, T: Floats, occasions: Floats) -> Floats:
        """Chance of being alive at T + occasions for who is alive at T; rows T, columns occasions."""
        _, _, gamma, delta = self.params_.to_numpy()
        start = delta + T[:, None]
        return np.exp(
            gammaln(start + occasions) - gammaln(start) - gammaln(gamma + start + occasions) + gammaln(gamma + start)
        )

    def _mean_if_alive(self, x: Floats, T: Floats, horizon: float) -> Floats:
        alpha, beta, _, _ = self.params_.to_numpy()
        ahead = np.arange(1, self._whole(horizon) + 1, dtype=np.float64)
        return (alpha + x) / (alpha + beta + T) * self._survival(T, ahead).sum(axis=1)

    def _rates_if_alive(self, x: Floats, T: Floats, after: Floats) -> Floats:
        alpha, beta, _, _ = self.params_.to_numpy()
        return ((alpha + x) / (alpha + beta + T))[:, None] * self._survival(T, np.ceil(after))

    def _discounted_if_alive(self, x: Floats, T: Floats, discount_rate: float, horizon: float | None) -> Floats:
        alpha, beta, _, _ = self.params_.to_numpy()
        end = min(LONGEST, int(np.ceil(30 / np.log1p(discount_rate)))) if horizon is None else self._whole(horizon)
        ahead = np.arange(1, end + 1, dtype=np.float64)
        worth = (1 + discount_rate) ** -ahead
        return (alpha + x) / (alpha + beta + T) * (self._survival(T, ahead) @ worth)

    def _counts_if_alive(self, x: Floats, T: Floats, horizon: float) -> Iterator[Floats]:
        alpha, beta, _, _ = self.params_.to_numpy()
        end = self._whole(horizon)
        lived = np.arange(end + 1, dtype=np.float64)[None, :]
        alive = self._survival(T, lived[0])
        chance = alive.copy()  # of living through exactly so many occasions ahead, the last: at least
        chance[:, :-1] -= alive[:, 1:]
        a, b = (alpha + x)[:, None], (beta + T - x)[:, None]
        for k in range(end + 1):
            missed = np.maximum(lived - k, 0)
            logs = gammaln(lived + 1) - gammaln(k + 1) - gammaln(missed + 1) + betaln(a + k, b + missed) - betaln(a, b)
            yield (chance * np.where(lived >= k, np.exp(logs), 0.0)).sum(axis=1)

    @staticmethod
    def _whole(horizon: float) -> int:
        if horizon != int(horizon):
            raise ValueError(f"horizon must be a whole number of occasions, not {horizon!r}.")
        return int(horizon)
