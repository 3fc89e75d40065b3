"""One interface for three ways to find segments in a table of customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from crmlab.grading.checks import numbers_of
from crmlab.segmentation.checks import require_pandas
from crmlab.segmentation.latent import LatentClasses
from crmlab.tables import TableError, require_columns

METHODS = ("kmeans", "gaussian", "latent_class")
"""k-means; a mixture of normal distributions; latent classes of columns cut into thirds, or of categories."""


MANY = 50_000
"""Customers from which several threads help; in smaller tables they wait for busy cores more than they save."""


class Segmenter(ClusterMixin, BaseEstimator):
    """Find k segments in a table of customers and give each customer one, new customers too.

    Numbers are made comparable first: amounts and counts, which are skewed, by the logarithm of 1 + value where the
    column is never negative and its skewness exceeds 1; then all columns to mean 0 and standard deviation 1. The same
    figures serve new customers. Segments are numbered from the largest.

    Parameters
    ----------
    k : int, default 4
        Number of segments.
    method : {"kmeans", "gaussian", "latent_class"}, default "kmeans"
        k-means gives each customer to the nearest centre; the mixtures give probabilities. ``latent_class`` takes
        columns as categories, numbers by thirds.
    columns : sequence of str, optional
        Columns to use; all but ``customer_id`` when left out.
    covariance : {"full", "tied", "diag", "spherical"}, default "full"
        Shape of the normal distributions.
    n_init : int, default 10
        Starts; the best is kept.
    random_state : int, default 0
        Seed of the starts.

    Attributes
    ----------
    labels_ : ndarray of int
        Segment of each customer that it was fitted to.
    model_ : estimator
        scikit-learn's, or `LatentClasses`.
    columns_ : list of str
        Columns used.

    Examples
    --------
    >>> table = pd.DataFrame({"orders": [1, 2, 1, 30, 32, 31], "spend": [10.0, 12.0, 9.0, 800.0, 900.0, 850.0]})
    >>> Segmenter(k=2).fit(table).predict(table).tolist() in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    True
    """

    def __init__(
        self,
        k: int = 4,
        *,
        method: str = "kmeans",
        columns: Any = None,
        covariance: str = "full",
        n_init: int = 10,
        random_state: int = 0,
    ) -> None:
        self.k = k
        self.method = method
        self.columns = columns
        self.covariance = covariance
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Any = None) -> Segmenter:
        """Find the segments of a table, one row per customer.

        Raises
        ------
        TableError
            If it is no pandas table, is empty, lacks a column, has a missing value or a text where distances are
            needed, or fewer different customers than segments.
        ValueError
            If k or the method is impossible.
        """
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}.")
        require_pandas(X)
        if not len(X):
            raise TableError("The customers table is empty: there is nobody to put into a segment.")
        if not isinstance(self.k, int | np.integer) or isinstance(self.k, bool) or not 1 <= self.k <= len(X):
            raise ValueError(f"k must be a whole number from 1 to the {len(X):,} customers, not {self.k!r}.")
        self.columns_ = [str(name) for name in (self.columns or [c for c in X.columns if c != "customer_id"])]
        require_columns(X, self.columns_, table="customers")
        if not self.columns_:
            raise TableError("There is no column to find segments in; the table has customer_id only.")
        self._learn(X)
        data = self.prepare(X)
        self._check_enough(data)
        with threadpool_limits(limits=1 if len(data) < MANY else None):
            model, raw = self._model_of(data)
        self.model_ = model
        sizes = np.bincount(raw, minlength=self.k)
        self._order = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")
        self.labels_ = self._order[raw]
        return self

    def _check_enough(self, data: Any) -> None:
        """Raise where there are fewer different customers than segments: some of these would be empty."""
        different = len(pd.DataFrame(data).drop_duplicates())
        if different < self.k:
            raise TableError(
                f"k={self.k} segments need as many different customers; in {', '.join(self.columns_[:5])} there "
                f"{'is 1' if different == 1 else f'are {different:,}'} among {len(data):,}."
            )
        if self.method == "gaussian" and len(data) < 2:
            raise TableError("A Gaussian mixture needs at least 2 customers.")

    def _model_of(self, data: Any) -> tuple[Any, npt.NDArray[np.intp]]:
        """Fit the model; return it and the segment, in its own numbering, of each customer."""
        if self.method == "kmeans":
            model: Any = KMeans(self.k, n_init=self.n_init, random_state=self.random_state).fit(data)
            raw = model.labels_
        elif self.method == "gaussian":
            model = GaussianMixture(
                self.k,
                covariance_type=self.covariance,
                n_init=self.n_init,
                reg_covar=1e-4,
                random_state=self.random_state,
            ).fit(data)
            raw = model.predict(data)
        else:
            model = LatentClasses(self.k, n_init=self.n_init, random_state=self.random_state).fit(data)
            raw = model.labels_
        return model, raw

    def predict(self, X: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Return the segment of each customer of a table, known or new."""
        check_is_fitted(self, "model_")
        require_pandas(X)
        return self._order[self.model_.predict(self.prepare(X))]

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probability of each segment; k-means has none and gives 0 and 1."""
        check_is_fitted(self, "model_")
        require_pandas(X)
        data = self.prepare(X)
        if self.method == "kmeans":
            given = np.eye(self.k)[self.model_.predict(data)]
        else:
            given = self.model_.predict_proba(data)
        return given[:, np.argsort(self._order, kind="stable")]

    def prepare(self, X: pd.DataFrame) -> Any:
        """Return the columns as the method sees them."""
        require_columns(X, self.columns_, table="customers")
        if self.method == "latent_class":
            return np.column_stack([self._categories(X[name]) for name in self.columns_])
        return np.column_stack([self._scaled(X[name]) for name in self.columns_])

    def _learn(self, X: pd.DataFrame) -> None:
        self._figures: dict[str, Any] = {}
        for name in self.columns_:
            numeric = pd.api.types.is_numeric_dtype(X[name].dtype) and not pd.api.types.is_bool_dtype(X[name].dtype)
            if self.method == "latent_class":
                self._figures[name] = np.quantile(numbers_of(X[name]), [1 / 3, 2 / 3]) if numeric else None
                continue
            if not numeric:
                raise TableError(
                    f"'{name}' is not numeric ({X[name].dtype}): {self.method} measures distances. "
                    "Leave it out, or use method='latent_class'."
                )
            values = numbers_of(X[name])
            spread = values.std()
            skewed = values.min() >= 0 and spread > 0 and ((values - values.mean()) ** 3).mean() / spread**3 > 1
            values = np.log1p(values) if skewed else values
            self._figures[name] = (skewed, values.mean(), values.std() or 1.0)

    def _scaled(self, column: pd.Series) -> npt.NDArray[np.float64]:
        skewed, mean, spread = self._figures[str(column.name)]
        values = numbers_of(column)
        return ((np.log1p(np.maximum(values, 0)) if skewed else values) - mean) / spread

    def _categories(self, column: pd.Series) -> np.ndarray:
        cuts = self._figures[str(column.name)]
        if cuts is None:
            if missing := int(column.isna().sum()):
                raise TableError(f"'{column.name}' is missing for {missing:,} of {len(column):,} customers.")
            return column.astype(object).to_numpy(dtype=object)
        return np.take(np.array(["low", "middle", "high"], dtype=object), np.searchsorted(cuts, numbers_of(column)))
