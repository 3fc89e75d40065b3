"""Multinomial (conditional) logit: what makes one alternative be chosen over the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from crmlab.needs.choices import (
    ChoiceSets,
    Columns,
    Floats,
    Ints,
    TableError,
    check_design,
    choice_sets,
    learn_columns,
    to_long,
)

_ITERATIONS = 100


@dataclass(frozen=True)
class Maximum:
    """The top of a log-likelihood.

    Attributes
    ----------
    coefficients : float array, shape (features,)
        Where it is.
    covariance : float array, shape (features, features)
        Inverse of the information there.
    log_likelihood, log_likelihood_null : float
        Its height, and that of equal chances for all alternatives of a case.
    scores : float array, shape (cases, features)
        Gradient of each case.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    log_likelihood_null: float
    scores: Floats


def maximise(sets: ChoiceSets) -> Maximum:
    """Fit by Newton's method; the log-likelihood is concave, so the maximum is the only one.

    Raises
    ------
    TableError
        If some combination of features predicts every choice, so that there is no finite maximum.
    """
    scale = np.maximum(np.abs(sets.values).max(axis=0), 1e-300)
    x = sets.values / scale
    b = np.zeros(x.shape[1])
    null = -np.log(sets.sizes).sum()
    level, p = _level(x, b, sets)
    for _ in range(_ITERATIONS):
        gradient, information, _ = _derivatives(x, p, sets)
        if _flat(information):
            break
        step = np.linalg.solve(information, gradient)
        share = 1.0
        while True:
            higher, p_new = _level(x, b + share * step, sets)
            if higher >= level or share < 1e-8:
                break
            share /= 2
        b, level, p = b + share * step, higher, p_new
        if gradient @ step < 1e-9:  # the step just taken doubles the digits that were right
            break
    gradient, information, scores = _derivatives(x, p, sets)
    # A hint is enough to look: a utility beyond all measure, or a direction in which nothing holds the estimate.
    if _flat(information) or np.abs(x @ b).max() > 12:
        _check_separation(x, sets)
    covariance = np.linalg.inv(information)
    return Maximum(b / scale, covariance / np.outer(scale, scale), level, float(null), scores * scale)


def probabilities(values: Floats, coefficients: Floats, starts: Ints) -> Floats:
    """Return the probability of each alternative to be chosen in its case."""
    sizes = np.diff(np.append(starts, len(values)))
    utility = values @ coefficients
    utility = utility - np.repeat(np.maximum.reduceat(utility, starts), sizes)
    weight = np.exp(utility)
    return np.asarray(weight / np.repeat(np.add.reduceat(weight, starts), sizes))


def _level(x: Floats, b: Floats, sets: ChoiceSets) -> tuple[float, Floats]:
    p = probabilities(x, b, sets.starts)
    with np.errstate(divide="ignore"):
        return float(np.log(p[sets.chosen]).sum()), p


def _derivatives(x: Floats, p: Floats, sets: ChoiceSets) -> tuple[Floats, Floats, Floats]:
    weighted = x * p[:, None]
    means = np.add.reduceat(weighted, sets.starts)
    scores = x[sets.chosen] - means
    return scores.sum(axis=0), weighted.T @ x - means.T @ means, scores


def _flat(information: Floats) -> bool:
    values = np.linalg.eigvalsh(information)
    return bool(values[0] <= 1e-11 * max(values[-1], 1.0))


def _check_separation(x: Floats, sets: ChoiceSets) -> None:
    """Raise if a direction exists along which no chosen alternative is ever worse (Albert & Anderson 1984)."""
    sizes = sets.sizes
    better = np.repeat(x[sets.chosen], sizes, axis=0) - x
    better = np.delete(better, sets.chosen, axis=0)
    better = np.unique(better, axis=0)
    found = linprog(-better.sum(axis=0), A_ub=-better, b_ub=np.zeros(len(better)), bounds=(-1, 1), method="highs")
    if found.status != 0 or -found.fun <= 1e-7:
        return
    named = [name for name, part in zip(sets.features, found.x, strict=True) if abs(part) > 1e-7]
    listed = ", ".join(f"'{name}'" for name in named)
    together = "is" if len(named) == 1 else "together are"
    raise TableError(
        f"{listed} {together} never worse for what was chosen than for what was left (perfect separation): the "
        "estimates would run off to infinity. Ask more people, leave a feature out, or merge rare levels."
    )


class MultinomialLogit(BaseEstimator):
    """Conditional logit of choices among alternatives, by maximum likelihood.

    The chance of an alternative is ``exp(u) / Σ exp(u)`` over its case, where u is the sum of coefficient × feature.

    Parameters
    ----------
    constants : bool or sequence of str, default False
        Constants of the alternatives: none (right for alternatives without a meaning of their own, such as the
        columns of a conjoint task), one for each label but the first in alphabetical order, or those of the labels
        named.

    Attributes
    ----------
    coef_ : Series
        Coefficients by feature.
    standard_errors_ : Series
        Their standard errors, from the inverse information; they take the cases as independent.
    covariance_ : DataFrame
        Their covariance.
    log_likelihood_ : float
        At the maximum.
    log_likelihood_null_ : float
        With equal chances for all alternatives of a case.
    cases_ : int
        Number of choices.

    References
    ----------
    McFadden (1974), Conditional logit analysis of qualitative choice behavior, in Zarembka (ed.), Frontiers in
    Econometrics, 105–142.

    Examples
    --------
    >>> long = pd.DataFrame({
    ...     "person": [1, 1, 2, 2, 3, 3], "brand": ["a", "b"] * 3,
    ...     "price": [3.0, 4.0, 4.0, 3.0, 5.0, 3.0], "chosen": [1, 0, 1, 0, 0, 1],
    ... })
    >>> model = MultinomialLogit().fit(long, case=["person"], alternative="brand", chosen="chosen", features=["price"])
    >>> bool(model.coef_["price"] < 0)
    True
    """

    def __init__(self, *, constants: bool | Sequence[str] = False) -> None:
        self.constants = constants

    def fit(
        self,
        table: pd.DataFrame,
        *,
        features: Sequence[str],
        case: Sequence[str] | str = (),
        alternative: str = "alternative",
        chosen: str = "chosen",
        choice: str | None = None,
    ) -> MultinomialLogit:
        """Fit to a long table, one row per alternative, or to a wide one, one row per choice.

        Parameters
        ----------
        table : DataFrame
            The choices.
        features : sequence of str
            What describes an alternative. Numbers enter as they are; other columns get one coefficient for each
            level but the first, named ``feature=level``. In a wide table: what stands before the label, ``price`` for
            ``price.a`` and ``price.b``.
        case : sequence of str
            Columns that together name one choice. Needed for a long table.
        alternative, chosen : str
            Columns of a long table: the label, and whether it was chosen. A row that lacks all features stands for
            'none of them' and gets the coefficient ``none``.
        choice : str, optional
            Column of a wide table with the label chosen; says that the table is wide.

        Raises
        ------
        TableError
            If the table is not of this form, or something cannot be estimated; the message says what.

        Warns
        -----
        DesignWarning
            If alternatives of a case are the same in every feature.
        """
        case = [case] if isinstance(case, str) else list(case)
        if choice is not None:
            table = to_long(table, features=features, choice=choice, case=case)
            case, alternative, chosen = case or ["case"], "alternative", "chosen"
        if not case:
            raise TableError("case: name the columns that together say which rows belong to one choice.")
        missing = [name for name in (alternative, *features) if name not in table.columns]
        if missing:
            from crmlab.tables import require_columns

            require_columns(table, missing, table="choice tasks")
        columns = learn_columns(table, features=features, alternative=alternative, constants=self.constants)
        if not columns.names:
            raise TableError("There is nothing to estimate: no features and no constants.")
        sets = choice_sets(table, columns, case=case, alternative=alternative, chosen=chosen)
        check_design(sets)
        top = maximise(sets)
        names = list(columns.names)
        self.coef_ = pd.Series(top.coefficients, index=names, name="coefficient")
        self.covariance_ = pd.DataFrame(top.covariance, index=names, columns=names)
        self.standard_errors_ = pd.Series(np.sqrt(np.diag(top.covariance)), index=names, name="standard_error")
        self.log_likelihood_ = top.log_likelihood
        self.log_likelihood_null_ = top.log_likelihood_null
        self.cases_ = len(sets.starts)
        self.columns_: Columns = columns
        self.case_, self.alternative_ = tuple(case), alternative
        return self

    def summary(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Return coefficient, standard error, z and interval of each feature.

        Parameters
        ----------
        confidence : float
            Coverage of the interval.
        """
        check_is_fitted(self, "coef_")
        width = norm.ppf(0.5 + confidence / 2) * self.standard_errors_
        return pd.DataFrame(
            {
                "coefficient": self.coef_,
                "standard_error": self.standard_errors_,
                "z": self.coef_ / self.standard_errors_,
                "low": self.coef_ - width,
                "high": self.coef_ + width,
            }
        ).rename_axis("feature")

    def predict_proba(self, table: pd.DataFrame) -> pd.Series:
        """Return the chance of each row of a long table to be chosen in its case.

        Parameters
        ----------
        table : DataFrame
            As for `fit`, without the choices. Without the columns of the case, all rows are one case.
        """
        check_is_fitted(self, "coef_")
        table, case = self._cased(table)
        sets = choice_sets(table, self.columns_, case=case, alternative=self.alternative_, chosen=None)
        chance = np.empty(len(table))
        chance[sets.order] = probabilities(sets.values, self.coef_.to_numpy(), sets.starts)
        return pd.Series(chance, index=table.index, name="share")

    def predict_shares(self, table: pd.DataFrame) -> pd.Series:
        """Return the share of choices that each alternative gets, as a mean over the cases.

        Parameters
        ----------
        table : DataFrame
            Offers: one row per alternative, or per case and alternative. Without labels the rows are numbered.

        Returns
        -------
        Series
            Shares by label; they sum to 1 where every alternative is in every case.
        """
        labelled = table
        if self.alternative_ not in table.columns:
            labelled = table.assign(**{self.alternative_: np.arange(1, len(table) + 1)})
        chance = self.predict_proba(labelled)
        cased, case = self._cased(labelled)
        cases = cased.groupby(case, observed=True).ngroups
        return (chance.groupby(labelled[self.alternative_], sort=False, observed=True).sum() / cases).rename("share")

    def _cased(self, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        if all(name in table.columns for name in self.case_):
            return table, list(self.case_)
        return table.assign(_one=0), ["_one"]

    def __sklearn_tags__(self) -> Any:
        """Say that a target is part of the table."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags
