"""What all models of lifetime and spend share: maximum likelihood with curvature, priors, covariance, intervals."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from crmlab.lifetime.newton import Maximum, maximise
from crmlab.lifetime.rows import BLOCK, Floats, Rows, count_rows, read_rows

EDGE = 12.0
"""The logarithm of a parameter, time counted in mean observation periods, stays between −12 and 12."""

FIRST_LOOK = 20_000
"""Distinct histories on which the search begins; more are used for the last steps only."""


class LifetimeWarning(UserWarning):
    """The data contradict a model, or do not say enough for it."""


class LifetimeModel(BaseEstimator):
    """A model with a few positive parameters, fitted by maximum likelihood or, with priors, to the posterior mode.

    Subclasses say which columns they read and give the log-likelihood with its first and second derivatives.
    """

    _columns: ClassVar[tuple[str, ...]]
    _parameters: ClassVar[tuple[str, ...]]
    _scaled: ClassVar[tuple[str, ...]] = ()  # parameters in the unit of the columns that are scaled
    _scaled_columns: ClassVar[tuple[str, ...]] = ()
    _table: ClassVar[str] = "repeat_summary"

    def __init__(
        self,
        *,
        priors: Mapping[str, tuple[float, float]] | None = None,
        max_iterations: int = 200,
        tolerance: float = 1e-9,
    ) -> None:
        self.priors = priors
        self.max_iterations = max_iterations
        self.tolerance = tolerance

    # ── for subclasses ────────────────────────────────────────────────────────────────────────────────────────────

    def _check(self, rows: Rows) -> None:
        raise NotImplementedError

    def _chosen(self, rows: Rows) -> Any:
        """Which rows the likelihood uses; all by default."""
        return slice(None)

    def _start(self, data: list[Floats], weights: Floats) -> Floats:
        return np.ones(len(self._parameters))

    def _evaluate(
        self, parameters: Floats, data: list[Floats], weights: Floats, *, derivatives: bool = True
    ) -> tuple[float, Floats, Floats]:
        """Log-likelihood of the rows, its gradient and Hessian."""
        raise NotImplementedError

    def _prepare(self, data: list[Floats], weights: Floats) -> None:
        """Look at the data before the search."""

    def _doubt(self, data: list[Floats], weights: Floats) -> None:
        """Warn where the data contradict the fitted model."""

    # ── fitting ───────────────────────────────────────────────────────────────────────────────────────────────────

    def fit(self, summary: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Estimate the parameters.

        Parameters
        ----------
        summary : data frame
            One row per customer, of any engine that `crmlab.features` reads; the columns stand in the description
            of the class. Further columns are ignored.
        y : ignored
            There for scikit-learn.
        sample_weight : array, optional
            How many customers each row stands for; 1 by default.

        Returns
        -------
        self

        Raises
        ------
        TableError
            If columns are missing or hold what cannot be, or the rows do not determine the model.
        ValueError
            If a prior or an option is impossible.

        Warns
        -----
        LifetimeWarning
            If a parameter runs to infinity or zero, or the data contradict the model.
        """
        priors = self._priors()
        rows = read_rows(summary, self._columns, name=self._table)
        self._check(rows)
        chosen = self._chosen(rows)
        weights = None if sample_weight is None else _weights(sample_weight, len(rows))[chosen]
        data, counts = count_rows([rows.columns[name][chosen] for name in self._columns], weights)
        self.customers_ = float(counts.sum())
        self._prepare(data, counts)
        scale = self._scale(data, counts)
        found = self._search(data, counts, scale, priors)
        units = np.array([scale if name in self._scaled else 1.0 for name in self._parameters])
        values = np.exp(found.point) * units
        self.params_ = pd.Series(values, index=list(self._parameters), name="estimate")
        self.log_likelihood_ = self._evaluate(values, data, counts, derivatives=False)[0]
        self.covariance_ = self._covariance(found, values)
        self.n_iter_ = found.iterations
        self.converged_ = found.converged
        self.feature_names_in_ = np.array(self._columns, dtype=object)
        self.n_features_in_ = len(self._columns)
        self._say_what_is_unsure(found)
        self._doubt(data, counts)
        return self

    def _scale(self, data: list[Floats], counts: Floats) -> float:
        """Mean of the column whose unit the parameters share: days or years, the search sees the same numbers."""
        if not self._scaled_columns:
            return 1.0
        values = data[self._columns.index(self._scaled_columns[-1])]
        mean = float(values @ counts / counts.sum())
        return mean if mean > 0 else 1.0

    def _search(self, data: list[Floats], counts: Floats, scale: float, priors: Floats) -> Maximum:
        scaled = [
            values / scale if name in self._scaled_columns else values
            for name, values in zip(self._columns, data, strict=True)
        ]
        units = np.array([np.log(scale) if name in self._scaled else 0.0 for name in self._parameters])
        centre, precision = priors[0] - units, priors[1]

        def climb(part: list[Floats], weight: Floats, start: Floats, tolerance: float) -> Maximum:
            total, everyone = weight.sum(), counts.sum()

            def mean(logs: Floats) -> tuple[float, Floats, Floats]:
                theta = np.exp(logs)
                with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
                    value, slope, curve = self._evaluate(theta, part, weight)
                slope = slope * theta
                curve = curve * np.outer(theta, theta) + np.diag(slope)
                off = np.where(precision > 0, logs - centre, 0.0)
                pull = precision / everyone
                return (
                    value / total - 0.5 * float(off @ (pull * off)),
                    slope / total - pull * off,
                    curve / total - np.diag(pull),
                )

            return maximise(mean, start, low=-EDGE, high=EDGE, tolerance=tolerance, max_iterations=self.max_iterations)

        start = np.clip(np.log(self._start(scaled, counts)), -EDGE, EDGE)
        start = np.where(precision > 0, 0.5 * (start + np.clip(centre, -EDGE, EDGE)), start)
        if len(counts) > 2 * FIRST_LOOK:
            some = np.random.default_rng(0).choice(len(counts), FIRST_LOOK, replace=False)
            some.sort()
            start = climb([values[some] for values in scaled], counts[some], start, 1e-5).point
        return climb(scaled, counts, start, self.tolerance)

    def _priors(self) -> Floats:
        """Return the centre and the precision of the logarithm of every parameter; precision 0 is no prior."""
        out = np.zeros((2, len(self._parameters)))
        if not isinstance(self.max_iterations, int | np.integer) or self.max_iterations < 1:
            raise ValueError(f"max_iterations must be a whole number of at least 1, not {self.max_iterations!r}.")
        if not self.tolerance > 0:
            raise ValueError(f"tolerance must be positive, not {self.tolerance!r}.")
        for name, prior in (self.priors or {}).items():
            if name not in self._parameters:
                raise ValueError(f"priors: {name!r} is no parameter; there are {', '.join(self._parameters)}.")
            try:
                median, spread = (float(value) for value in prior)
            except (TypeError, ValueError):
                median = spread = float("nan")
            if not (0 < median < np.inf and 0 < spread < np.inf):
                raise ValueError(f"priors[{name!r}] must be (median, spread), both positive, not {prior!r}.")
            out[:, self._parameters.index(name)] = np.log(median), spread**-2
        return out

    def _covariance(self, found: Maximum, values: Floats) -> pd.DataFrame:
        names = list(self._parameters)
        out = np.full((len(names), len(names)), np.nan)
        free = ~found.at_edge
        information = -found.hessian[np.ix_(free, free)] * self.customers_
        curvature, axes = np.linalg.eigh(information) if free.any() else (np.zeros(0), np.zeros((0, 0)))
        self._determined = bool(free.all() and (curvature > 1e-10 * np.abs(curvature).max(initial=0.0)).all())
        if free.any() and (curvature > 0).all():
            out[np.ix_(free, free)] = (axes / curvature) @ axes.T * np.outer(values[free], values[free])
        return pd.DataFrame(out, index=names, columns=names)

    def _say_what_is_unsure(self, found: Maximum) -> None:
        name = type(self).__name__
        if found.at_edge.any():
            high = [
                p for p, edge, at in zip(self._parameters, found.at_edge, found.point, strict=True) if edge and at > 0
            ]
            low = [
                p for p, edge, at in zip(self._parameters, found.at_edge, found.point, strict=True) if edge and at < 0
            ]
            said = [f"{', '.join(group)} {verb}" for group, verb in ((high, "to infinity"), (low, "to zero")) if group]
            self._warn(
                f"{name}: the data do not determine all parameters; the likelihood keeps rising with "
                f"{' and '.join(said)}. What the model predicts can still be used, single parameters cannot. "
                "More customers or a longer time help, or `priors`."
            )
        elif not self._determined or not found.converged:
            self._warn(
                f"{name}: the likelihood is flat around its maximum, so that single parameters mean little. "
                "More customers or a longer time help, or `priors`."
            )

    @staticmethod
    def _warn(message: str) -> None:
        warnings.warn(message, LifetimeWarning, stacklevel=4)

    # ── reading the result ────────────────────────────────────────────────────────────────────────────────────────

    def parameter_intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Return each parameter with its standard error and an interval.

        Parameters
        ----------
        level : float
            Chance with which an interval is to hold the parameter, between 0 and 1.

        Returns
        -------
        DataFrame
            One row per parameter: ``estimate``, ``standard_error``, ``lower``, ``upper``. The interval is
            symmetric for the logarithm of the parameter (Wald), and missing where the data do not determine it.
        """
        check_is_fitted(self)
        check_level(level)
        error = pd.Series(np.sqrt(np.diag(self.covariance_)), index=self.params_.index)
        factor = np.exp(norm.ppf(0.5 + level / 2) * error / self.params_)
        return pd.DataFrame(
            {
                "estimate": self.params_,
                "standard_error": error,
                "lower": self.params_ / factor,
                "upper": self.params_ * factor,
            }
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "params_")


def check_level(level: float) -> float:
    """Return `level` if it lies between 0 and 1, else raise a `ValueError`."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}.")
    return float(level)


def blocks(length: int, rows: int = BLOCK) -> list[slice]:
    """Return slices that cover `length` rows, each of at most `rows`."""
    return [slice(first, min(first + rows, length)) for first in range(0, length, rows)]


def log_sum(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return ln(e^first + e^second), and the share that the second has of the sum.

    Examples
    --------
    >>> log_sum(np.array([0.0]), np.array([-np.inf]))
    (array([0.]), array([0.]))
    """
    gap = first - second
    small = np.exp(-np.abs(gap))
    larger = np.maximum(first, second)
    return larger + np.log1p(small), np.where(gap > 0, small, 1.0) / (1 + small)


def _weights(values: Any, rows: int) -> Floats:
    weights = np.asarray(values, dtype=np.float64)
    if weights.shape != (rows,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.sum():
        raise ValueError(f"sample_weight must be {rows} numbers, none negative, not all zero.")
    return weights
