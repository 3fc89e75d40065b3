"""Shifted beta-geometric: contracts that are renewed, or not, at the end of each period."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, hyp2f1, polygamma
from sklearn.utils.validation import check_is_fitted

from crmlab.lifetime.estimator import LifetimeModel
from crmlab.lifetime.repeat import check_discount
from crmlab.lifetime.rows import Floats, Rows, complain, read_rows
from crmlab.tables import TableError


class ShiftedBetaGeometric(LifetimeModel):
    """Shifted beta-geometric model of contracts.

    At the end of every period a customer cancels with a probability of his own, which does not change; over customers
    it is beta distributed (`alpha`, `beta`). The retention rate of a cohort rises all the same: those who cancel easily
    go first.

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
        ``alpha``, ``beta``.
    log_likelihood_ : float
        Of the data, without priors, at `params_`.
    covariance_ : DataFrame
        Of the parameters, from the curvature of the likelihood.
    customers_ : float
        Customers used, or the sum of their weights.

    Notes
    -----
    Columns read: ``periods`` seen, whole: renewals plus, for who left, the period that was the last; ``lost`` whether
    the contract ended at the end of the last; table ``contract_summary``. A customer in the first period has seen 0.

    References
    ----------
    Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21(1), 76–90.

    Examples
    --------
    A cohort of 1,000: 369 leave after the first period, 163 after the second, 86 after the third.

    >>> cohort = {"periods": [1, 2, 3, 3], "lost": [True, True, True, False]}
    >>> model = ShiftedBetaGeometric().fit(cohort, sample_weight=[369, 163, 86, 382])
    >>> model.retention([1, 2, 3, 7]).round(2).tolist()
    [0.63, 0.75, 0.81, 0.9]
    """

    _columns: ClassVar[tuple[str, ...]] = ("periods", "lost")
    _parameters: ClassVar[tuple[str, ...]] = ("alpha", "beta")
    _table: ClassVar[str] = "contract_summary"

    def _check(self, rows: Rows) -> None:
        T, lost = rows.columns["periods"], rows.columns["lost"]
        complain((T < 0) | (T != np.floor(T)), rows, "periods is not a whole number", "Count periods, not days.")
        complain((lost != 0) & (lost != 1), rows, "lost is neither true nor false", "1 is lost, 0 is still there.")
        complain(
            (lost == 1) & (T < 1),
            rows,
            "a lost customer has seen 0 periods",
            "Whoever left has seen at least one period.",
        )

    def _prepare(self, data: list[Floats], weights: Floats) -> None:
        T, lost = data
        if not weights @ (lost * T) > 0:
            raise TableError("Nobody has left yet (lost is false everywhere), so nothing says how long customers stay.")
        if not weights @ (T - lost) > 0:
            raise TableError("Everybody left after the first period, so nothing says how long customers stay.")

    def _evaluate(
        self, parameters: Floats, data: list[Floats], weights: Floats, *, derivatives: bool = True
    ) -> tuple[float, Floats, Floats]:
        alpha, beta = parameters
        T, lost = data
        stayed = T - lost
        value = weights @ (betaln(alpha + lost, beta + stayed) - betaln(alpha, beta))
        joint = alpha + beta

        def moment(of: Any) -> tuple[float, float, float]:
            return (
                float(weights @ (of(alpha + lost) - of(alpha))),
                float(weights @ (of(beta + stayed) - of(beta))),
                float(weights @ (of(joint + T) - of(joint))),
            )

        first, second, both = moment(digamma)
        slope = np.array([first - both, second - both])
        first, second, both = moment(lambda z: polygamma(1, z))
        return float(value), slope, np.array([[first - both, -both], [-both, second - both]])

    def survival(self, periods: Any) -> Floats:
        """Return the share of a cohort that is still there after some periods.

        Parameters
        ----------
        periods : array
            Whole numbers of periods, 0 = the start.
        """
        alpha, beta, t = self._at(periods)
        return np.exp(betaln(alpha, beta + t) - betaln(alpha, beta))

    def retention(self, periods: Any) -> Floats:
        """Return the share of those who began a period that renews at its end.

        Parameters
        ----------
        periods : array
            Number of the period, from 1.
        """
        alpha, beta, t = self._at(periods)
        return (beta + t - 1) / (alpha + beta + t - 1)

    def expected_renewals(self, summary: Any, *, discount_rate: float, horizon: int | None = None) -> pd.Series:
        """Return the renewals expected of each customer from now on, later ones counting for less.

        Parameters
        ----------
        summary : data frame
            As for `fit`; customers who have left get 0.
        discount_rate : float
            Per period. The next renewal, if it comes, is due now and counts in full.
        horizon : int, optional
            Renewals that count; without end when left out, which needs a positive rate.

        Returns
        -------
        Series
            Discounted expected renewals, indexed by ``customer_id`` where the table has one.

        References
        ----------
        Fader & Hardie (2010), Customer-base valuation in a contractual setting, Marketing Science 29(1).
        """
        check_is_fitted(self)
        rows = read_rows(summary, self._columns, name=self._table)
        self._check(rows)
        check_discount(discount_rate, horizon)
        alpha, beta = self.params_
        T, where = np.unique(rows.columns["periods"], return_inverse=True)
        if horizon is None:
            d = 1 / (1 + discount_rate)
            ahead = (beta + T) / (alpha + beta + T) * hyp2f1(1, beta + T + 1, alpha + beta + T + 1, d)
        else:
            after = np.arange(1, int(horizon) + 1)[:, None]
            stays = np.exp(betaln(alpha, beta + T + after) - betaln(alpha, beta + T))
            ahead = (stays * (1 + discount_rate) ** (1.0 - after)).sum(axis=0)
        there = np.where(rows.columns["lost"] == 1, 0.0, ahead[where])
        return pd.Series(there, index=rows.index, name="expected_renewals")

    def _at(self, periods: Any) -> tuple[float, float, Floats]:
        check_is_fitted(self)
        t = np.asarray(periods, dtype=np.float64)
        if (t < 0).any() or (t != np.floor(t)).any():
            raise ValueError(f"periods must be whole numbers from 0, not {periods!r}.")
        alpha, beta = self.params_
        return float(alpha), float(beta), t
