"""Gamma–gamma: what a customer spends per order, when some spend more than others."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln, polygamma
from sklearn.utils.validation import check_is_fitted

from crmlab.lifetime.estimator import LifetimeModel, blocks
from crmlab.lifetime.rows import Floats, Rows, complain, read_rows
from crmlab.tables import TableError


class GammaGamma(LifetimeModel):
    """Gamma–gamma model of the value of an order.

    The values of a customer's orders are gamma distributed with shape `p` and a rate of the customer's own; over
    customers the rate is gamma distributed (shape `q`, rate `v`). What a customer spends has nothing to do with how
    often: a correlation of both is a reason to doubt, and warned of.

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
        ``p``, ``q``, ``v`` (currency).
    log_likelihood_ : float
        Of the data, without priors, at `params_`.
    covariance_ : DataFrame
        Of the parameters, from the curvature of the likelihood; missing for a parameter that the data leave open.
    customers_ : float
        Customers used: those with a repeat order of positive value.

    Notes
    -----
    Columns read: ``x`` repeat orders, ``mean_value`` mean value of these; table ``repeat_summary``. Customers without a
    repeat order say nothing and are left out. The expected value of an order exists for q > 1 only.

    References
    ----------
    Fader & Hardie (2013), The gamma-gamma model of monetary value, note 025.

    Examples
    --------
    >>> table = {"x": [1, 3, 8, 2, 0, 5], "mean_value": [20.0, 35, 31, 80, 0, 12]}
    >>> model = GammaGamma(priors={"p": (5, 1), "q": (4, 1)}).fit(table)
    >>> model.expected_value(table).round().tolist()
    [25.0, 35.0, 31.0, 72.0, 36.0, 14.0]
    """

    _columns: ClassVar[tuple[str, ...]] = ("x", "mean_value")
    _parameters: ClassVar[tuple[str, ...]] = ("p", "q", "v")
    _scaled: ClassVar[tuple[str, ...]] = ("v",)
    _scaled_columns: ClassVar[tuple[str, ...]] = ("mean_value",)

    def _check(self, rows: Rows) -> None:
        x, value = rows.columns["x"], rows.columns["mean_value"]
        complain(
            (x < 0) | (x != np.floor(x)), rows, "x is not a whole number of repeat orders", "The first does not count."
        )
        complain(value < 0, rows, "mean_value is negative", "Take values before returns, or leave these customers out.")

    def _chosen(self, rows: Rows) -> Any:
        chosen = (rows.columns["x"] > 0) & (rows.columns["mean_value"] > 0)
        if not chosen.any():
            raise TableError("Nobody has a repeat order of positive value, so nothing says what customers spend.")
        return slice(None) if chosen.all() else chosen

    def _start(self, data: list[Floats], weights: Floats) -> Floats:
        return np.array([3.0, 3.0, 1.0])

    def _evaluate(
        self, parameters: Floats, data: list[Floats], weights: Floats, *, derivatives: bool = True
    ) -> tuple[float, Floats, Floats]:
        p, q, v = parameters
        x, mean = data
        n, where = np.unique(x, return_inverse=True)
        w = np.bincount(where, weights=weights, minlength=len(n))
        whole, slope, curve = w.sum(), np.zeros(3), np.zeros((3, 3))
        value = w @ (gammaln(p * n + q) - gammaln(p * n) - gammaln(q) + p * n * np.log(n)) + whole * q * np.log(v)
        if derivatives:
            joint, single = digamma(p * n + q), digamma(p * n)
            slope[:] = (
                w @ (n * (joint - single + np.log(n))),
                w @ (joint - digamma(q)) + whole * np.log(v),
                whole * q / v,
            )
            joint, single = polygamma(1, p * n + q), polygamma(1, p * n)
            curve[0, 0] = w @ (n**2 * (joint - single))
            curve[0, 1] = w @ (n * joint)
            curve[1, 1] = w @ (joint - polygamma(1, q))
            curve[1, 2] = whole / v
            curve[2, 2] = -whole * q / v**2
        for part in blocks(len(x)):
            k, m, one = x[part], mean[part], weights[part]
            total = k * m + v
            logs, shape = np.log(total), p * k + q
            # (p·k − 1)·ln m − (p·k + q)·ln total without the difference of two large numbers
            value += float(one @ (p * k * np.log(m / total) - np.log(m) - q * logs))
            if not derivatives:
                continue
            w_over = one / total
            slope += (one @ (k * np.log(m / total)), -(one @ logs), -(w_over @ shape))
            curve[0, 2] -= w_over @ k
            curve[1, 2] -= w_over.sum()
            curve[2, 2] += w_over @ (shape / total)
        curve = np.triu(curve) + np.triu(curve, 1).T
        return float(value), slope, curve

    def _doubt(self, data: list[Floats], weights: Floats) -> None:
        from crmlab.lifetime.checks import doubts_about_spend  # it is about this module's table

        few = not self.priors
        for doubt in doubts_about_spend(data[0], data[1], weights, few_matter=few):
            self._warn(doubt)
        if self.params_["q"] <= 1:
            self._warn(
                f"GammaGamma: q = {self.params_['q']:.2f} is at most 1, so that the mean value over all customers is "
                "infinite. A few enormous orders decide; look at them."
            )

    def expected_value(self, summary: Any) -> pd.Series:
        """Return the value expected of a further order of each customer.

        Parameters
        ----------
        summary : data frame
            As for `fit`; customers without a repeat order get the mean of all customers.

        Returns
        -------
        Series
            Currency per order, indexed by ``customer_id`` where the table has one: between the customer's own mean and
            the mean of all, the nearer to his own the more orders he has placed.
        """
        check_is_fitted(self)
        rows = read_rows(summary, self._columns, name=self._table)
        self._check(rows)
        p, q, v = self.params_
        mean = rows.columns["mean_value"]
        x = np.where(mean > 0, rows.columns["x"], 0.0)
        spread = p * x + q - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = np.where(spread > 0, p * (v + x * mean) / spread, np.inf)
        return pd.Series(expected, index=rows.index, name="expected_value")

    def mean_value(self) -> float:
        """Return the value expected of an order of a customer of whom nothing is known; infinite for q ≤ 1."""
        check_is_fitted(self)
        p, q, v = self.params_
        return float(p * v / (q - 1)) if q > 1 else float("inf")
