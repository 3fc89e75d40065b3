"""Latent classes of categorical answers: groups within which the answers are independent of each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

Floats = npt.NDArray[np.float64]


class LatentClasses(ClusterMixin, BaseEstimator):
    """Mixture of independent categorical columns, fitted by expectation and maximisation.

    Parameters
    ----------
    n_components : int, default 2
        Number of classes.
    n_init : int, default 10
        Starts; the one with the highest likelihood is kept.
    max_iter : int, default 500
        Steps of each start at most.
    tol : float, default 1e-7
        Gain of the mean log-likelihood below which a start ends.
    prior : float, default 0.5
        Observations of each answer added to every class, shared in proportion to how often it was given: keeps
        probabilities away from 0 and 1.
    random_state : int or RandomState, optional
        Seed of the starts.

    Attributes
    ----------
    weights_ : ndarray, shape (n_components,)
        Share of each class, largest first.
    probabilities_ : list of ndarray, shape (n_components, answers)
        Probability of each answer, for each column.
    categories_ : list of ndarray
        Answers of each column.
    log_likelihood_ : float
        Of the data it was fitted to.

    References
    ----------
    Lazarsfeld & Henry (1968), Latent Structure Analysis. Goodman (1974), Biometrika 61(2): 215–231.

    Examples
    --------
    >>> answers = np.array([["a", "x"], ["a", "x"], ["b", "y"], ["b", "y"], ["a", "x"]] * 20)
    >>> found = LatentClasses(n_components=2, random_state=0).fit(answers)
    >>> found.weights_.round(1).tolist()
    [0.6, 0.4]
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_init: int = 10,
        max_iter: int = 500,
        tol: float = 1e-7,
        prior: float = 0.5,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.prior = prior
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> LatentClasses:
        """Fit to a table of answers, one row per customer."""
        table = np.asarray(X, dtype=object)
        if table.ndim != 2 or len(table) < self.n_components:
            raise ValueError(f"X must have two dimensions and at least {self.n_components} rows, not {table.shape}.")
        self.categories_ = [np.unique(column.astype(str)) for column in table.T]
        self.n_features_in_ = table.shape[1]
        answers = self._answers(table)
        random = check_random_state(self.random_state)
        best: tuple[float, Floats, list[Floats]] | None = None
        for _ in range(self.n_init):
            found = self._one_start(answers, random)
            if best is None or found[0] > best[0]:
                best = found
        assert best is not None
        order = np.argsort(-best[1], kind="stable")
        self.log_likelihood_ = best[0]
        self.weights_ = best[1][order]
        self.probabilities_ = [probability[order] for probability in best[2]]
        self.labels_ = self._posterior(answers).argmax(axis=1)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class for each row; an answer never seen before says nothing."""
        check_is_fitted(self, "weights_")
        return self._posterior(self._answers(np.asarray(X, dtype=object)))

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """Return the most probable class of each row."""
        return self.predict_proba(X).argmax(axis=1)

    def bic(self, X: Any = None) -> float:
        """Return the Bayesian information criterion on the data that it was fitted to; smaller is better."""
        check_is_fitted(self, "weights_")
        answers = sum(len(known) - 1 for known in self.categories_)
        free = self.n_components - 1 + self.n_components * answers
        return float(-2 * self.log_likelihood_ + free * np.log(len(self.labels_)))

    def _answers(self, table: np.ndarray) -> list[Floats]:
        """Return one table of zeros and ones per column."""
        return [
            (column.astype(str)[:, None] == known[None, :]).astype(float)
            for column, known in zip(table.T, self.categories_, strict=True)
        ]

    def _one_start(self, answers: list[Floats], random: Any) -> tuple[float, Floats, list[Floats]]:
        rows = len(answers[0])
        member = random.dirichlet(np.ones(self.n_components), rows)
        usual = [column.mean(axis=0) for column in answers]
        before = -np.inf
        for _ in range(self.max_iter):
            sizes = member.sum(axis=0)
            weights = sizes / rows
            probability = [
                (member.T @ column + self.prior * mean) / (sizes[:, None] + self.prior)
                for column, mean in zip(answers, usual, strict=True)
            ]
            joint = np.log(np.maximum(weights, 1e-300)) + sum(
                column @ np.log(p).T for column, p in zip(answers, probability, strict=True)
            )
            each = logsumexp(joint, axis=1, keepdims=True)
            member = np.exp(joint - each)
            likelihood = float(each.sum())
            if likelihood - before < self.tol * rows:
                break
            before = likelihood
        return likelihood, weights, probability

    def _posterior(self, answers: list[Floats]) -> Floats:
        joint = np.log(np.maximum(self.weights_, 1e-300)) + sum(
            column @ np.log(p).T for column, p in zip(answers, self.probabilities_, strict=True)
        )
        return np.exp(joint - logsumexp(joint, axis=1, keepdims=True))
