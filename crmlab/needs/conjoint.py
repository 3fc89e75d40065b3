"""Conjoint analysis: what each level of each attribute is worth to whom, from choices among whole offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm, t
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from crmlab.needs.choices import NONE, ChoiceSets, Columns, Floats, Ints, check_design, choice_sets
from crmlab.needs.coding import Coding
from crmlab.needs.design import require_attributes
from crmlab.needs.logit import maximise
from crmlab.needs.population import Panel, Population, fit_population
from crmlab.tables import TableError, require_columns

_BLOCK = 8_000_000
"""Weights held at a time."""


class Conjoint(BaseEstimator):
    """Part-worths from choice tasks: a mean of the population and an estimate for each respondent.

    Parameters
    ----------
    price : str, optional
        Attribute that is a price, by default that of the ``conjoint_tasks`` table: enters as a straight line, per unit
        of money, and makes willingness to pay possible.
    linear : sequence of str
        Other attributes that enter as a straight line.
    pooled : bool, default False
        Whether all respondents are taken to have one taste (multinomial logit). It is quick, and wrong where people
        differ: pooled part-worths are closer to zero than the mean of the individual ones (attenuation), and products
        compete for everybody alike. Its standard errors allow for repeated answers of a respondent.
    draws : int, default 96
        Draws per respondent; more are slower and more exact.
    seed : int, default 0
        Seed of these draws.

    Attributes
    ----------
    coef_ : Series
        Mean taste by column: levels against the mean of their attribute (the last one left out), price per unit.
    covariance_ : DataFrame
        Sampling covariance of `coef_`.
    standard_errors_ : Series
        Square roots of its diagonal.
    spread_ : DataFrame
        Covariance of tastes between people; zero when pooled.
    individual_ : DataFrame
        Taste of each respondent, posterior mean.
    log_likelihood_ : float
        Marginal log-likelihood of all choices.
    attributes_ : dict
        Levels of each attribute.

    Notes
    -----
    The population is taken to be normal; `crmlab.needs.population` says how it is fitted and why that way.

    References
    ----------
    Louviere & Woodworth (1983), Journal of Marketing Research 20, 350–367; Train (2009), chapters 6 and 11.
    """

    def __init__(
        self,
        *,
        price: str | None = "price_shown",
        linear: Sequence[str] = (),
        pooled: bool = False,
        draws: int = 96,
        seed: int = 0,
    ) -> None:
        self.price = price
        self.linear = linear
        self.pooled = pooled
        self.draws = draws
        self.seed = seed

    def fit(self, tasks: pd.DataFrame, *, attributes: Sequence[str] | None = None) -> Conjoint:
        """Fit to a table of choice tasks.

        Parameters
        ----------
        tasks : DataFrame
            Table ``conjoint_tasks``: ``respondent``, ``task``, ``alternative``, one column per attribute, ``chosen``.
            An alternative whose attributes are all missing is 'none of them'.
        attributes : sequence of str, optional
            The attributes; by default every column that has no other meaning.

        Raises
        ------
        TableError
            If the table is not of this form or an effect cannot be estimated; the message says which.
        """
        require_columns(tasks, ["respondent", "task", "alternative", "chosen"], table="conjoint_tasks")
        names = require_attributes(tasks, attributes)
        if self.price is not None and self.price not in names:
            raise TableError(
                f"There is no attribute {self.price!r}; there are {', '.join(names)}. Name the price or say price=None."
            )
        linear = [*([self.price] if self.price else []), *self.linear]
        self.coding_ = Coding.learn(tasks, attributes=names, linear=linear)
        sets, respondent = self._sets(tasks, choices=True)
        check_design(sets)
        columns = list(self.coding_.names)
        self.respondents_ = pd.Index(pd.unique(respondent), name="respondent")
        person = self.respondents_.get_indexer(pd.Index(respondent))
        if self.pooled:
            self._fit_pooled(sets, person)
        else:
            if len(self.respondents_) <= len(columns):
                raise TableError(
                    f"{len(self.respondents_)} respondents are too few to learn how {len(columns)} tastes vary between "
                    "people: ask more, or say pooled=True."
                )
            self._fit_people(sets, person)
        self.attributes_ = dict(self.coding_.levels)
        self.covariance_ = pd.DataFrame(self._covariance, index=columns, columns=columns)
        self.coef_ = pd.Series(self._mean, index=columns, name="part_worth")
        self.standard_errors_ = pd.Series(np.sqrt(np.diag(self._covariance)), index=columns, name="standard_error")
        self.spread_ = pd.DataFrame(self._spread, index=columns, columns=columns)
        self.individual_ = pd.DataFrame(self._person_mean, index=self.respondents_, columns=columns)
        return self

    def _fit_pooled(self, sets: ChoiceSets, person: Ints) -> None:
        top = maximise(sets)
        people = len(self.respondents_)
        scores = np.zeros((people, len(sets.features)))
        np.add.at(scores, person, top.scores)
        # Sandwich: the answers of one respondent are not independent.
        middle = scores.T @ scores * people / (people - 1) if people > 1 else np.linalg.inv(top.covariance)
        self._mean, self._covariance = top.coefficients, top.covariance @ middle @ top.covariance
        self._spread = np.zeros_like(top.covariance)
        self._person_mean = np.tile(top.coefficients, (people, 1))
        self._person_draws = self._person_mean[:, None]
        self.log_likelihood_ = top.log_likelihood

    def _fit_people(self, sets: ChoiceSets, person: Ints) -> None:
        fitted: Population = fit_population(panel_of(sets, person), draws=self.draws, seed=self.seed)
        self._mean, self._covariance = fitted.mean[0], fitted.mean_covariance[0]
        self._spread = fitted.spread[0]
        self._person_mean, self._person_draws = fitted.person_mean, fitted.person_draws
        self.log_likelihood_ = float(fitted.log_likelihood[0])

    def _sets(self, tasks: pd.DataFrame, *, choices: bool) -> tuple[ChoiceSets, np.ndarray]:
        coded = pd.DataFrame(self.coding_.encode(tasks), columns=self.coding_.names)
        keys = tasks[["respondent", "task", "alternative", *(["chosen"] if choices else [])]].reset_index(drop=True)
        columns = Columns(dict.fromkeys(self.coding_.names, ()), (), False)
        sets = choice_sets(
            pd.concat([keys, coded], axis=1),
            columns,
            case=["respondent", "task"],
            alternative="alternative",
            chosen="chosen" if choices else None,
        )
        return sets, tasks["respondent"].to_numpy(object)[sets.order[sets.starts]]

    def part_worths(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Return the mean part-worth of every level with its interval, and how much people differ.

        Parameters
        ----------
        confidence : float
            Coverage of the interval.

        Returns
        -------
        DataFrame
            Indexed by ``attribute`` and ``level``: ``part_worth`` (logits; zero is the mean of the attribute),
            ``standard_error``, ``low``, ``high``, ``spread`` (standard deviation between people).
        """
        check_is_fitted(self, "coef_")
        index, matrix = self.coding_.level_matrix()
        value = matrix @ self._mean
        error = np.sqrt(np.einsum("lk,km,lm->l", matrix, self._covariance, matrix))
        spread = np.sqrt(np.maximum(np.einsum("lk,km,lm->l", matrix, self._spread, matrix), 0.0))
        width = t.ppf(0.5 + confidence / 2, len(self.respondents_) - 1) * error
        return pd.DataFrame(
            {
                "part_worth": value,
                "standard_error": error,
                "low": value - width,
                "high": value + width,
                "spread": spread,
            },
            index=index,
        )

    def importance(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Return the importance of each attribute: its share in the range of part-worths, as a mean over people.

        Parameters
        ----------
        confidence : float
            Coverage of the interval, which speaks of other respondents from the same population.

        Returns
        -------
        DataFrame
            Indexed by attribute: ``importance`` (share), ``low``, ``high``.

        Notes
        -----
        It depends on the levels that were shown: a wider range of prices makes price more important.
        """
        check_is_fitted(self, "coef_")
        index, matrix = self.coding_.level_matrix()
        worth = self._person_mean @ matrix.T
        names = list(self.coding_.levels)
        attribute = index.get_level_values("attribute")
        span = np.column_stack([np.ptp(worth[:, attribute == name], axis=1) for name in names])
        share = span / span.sum(axis=1, keepdims=True)
        error = share.std(axis=0, ddof=1) / np.sqrt(len(share)) if len(share) > 1 else np.full(len(names), np.nan)
        width = norm.ppf(0.5 + confidence / 2) * error
        mean = share.mean(axis=0)
        return pd.DataFrame(
            {"importance": mean, "low": mean - width, "high": mean + width}, index=pd.Index(names, name="attribute")
        )

    def willingness_to_pay(
        self,
        *,
        against: dict[str, object] | None = None,
        method: Literal["delta", "krinsky_robb"] = "krinsky_robb",
        confidence: float = 0.95,
        draws: int = 10_000,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Return what a level is worth in money against another one: the price that would make up for it.

        Parameters
        ----------
        against : dict, optional
            Level of each attribute to compare with; the first by default.
        method : {"krinsky_robb", "delta"}
            Intervals by draws from the distribution of the estimates, which allows for the skew of a ratio, or by the
            delta method.
        confidence : float
            Coverage.
        draws, seed : int
            Draws for "krinsky_robb" and their seed.

        Returns
        -------
        DataFrame
            Indexed by ``attribute`` and ``level``: ``willingness`` (unit of the price), ``low``, ``high``.

        Raises
        ------
        TableError
            If there is no price, or its effect is not clearly negative, so that the ratio has no meaning.

        References
        ----------
        Krinsky & Robb (1986), Review of Economics and Statistics 68, 715–719; Hole (2007), Health Economics 16, 827.
        """
        check_is_fitted(self, "coef_")
        if self.price is None:
            raise TableError("There is no price among the attributes, so there is no willingness to pay.")
        place = self.coding_.names.index(self.price)
        slope, slope_error = self._mean[place], float(np.sqrt(self._covariance[place, place]))
        if slope + norm.ppf(0.995) * slope_error >= 0:
            raise TableError(
                f"The effect of '{self.price}' is {slope:.3g} ± {slope_error:.2g}: not clearly negative, so dividing "
                "by it gives no willingness to pay. Show a wider range of prices, or ask more people."
            )
        index, matrix = self.coding_.level_matrix()
        rows, labels = [], []
        for name, levels in self.coding_.levels.items():
            if name == self.price:
                continue
            base = (against or {}).get(name, levels[0])
            if base not in levels:
                raise TableError(f"against: {name!r} has no level {base!r}; it has {', '.join(map(repr, levels))}.")
            zero = matrix[index.get_loc((name, base))]
            for level in levels:
                if level != base:
                    rows.append(matrix[index.get_loc((name, level))] - zero)
                    labels.append((name, level))
        difference = np.array(rows)
        value = difference @ self._mean / -slope
        tail = (1 - confidence) / 2
        if method == "delta":
            gradient = difference / -slope
            gradient[:, place] += value / -slope
            error = np.sqrt(np.einsum("lk,km,lm->l", gradient, self._covariance, gradient))
            low, high = value + norm.ppf(tail) * error, value - norm.ppf(tail) * error
        elif method == "krinsky_robb":
            drawn = np.random.default_rng(seed).multivariate_normal(self._mean, self._covariance, draws)
            ratio = drawn @ difference.T / -drawn[:, [place]]
            low, high = np.quantile(ratio, [tail, 1 - tail], axis=0)
        else:
            raise ValueError(f"method must be 'delta' or 'krinsky_robb', not {method!r}.")
        names = pd.MultiIndex.from_tuples(labels, names=["attribute", "level"])
        return pd.DataFrame({"willingness": value, "low": low, "high": high}, index=names)

    def predict_proba(self, tasks: pd.DataFrame) -> pd.Series:
        """Return the chance of each alternative to be chosen, for each respondent by their own tastes.

        Parameters
        ----------
        tasks : DataFrame
            As for `fit`, without ``chosen``; a respondent who was not in the study gets the average of all.
        """
        check_is_fitted(self, "coef_")
        sets, respondent = self._sets(tasks.assign(chosen=False), choices=False)
        known = self.respondents_.get_indexer(pd.Index(respondent))
        chance = np.empty(len(tasks))
        sizes = sets.sizes
        for size in np.unique(sizes):
            cases = np.flatnonzero(sizes == size)
            rows = sets.starts[cases][:, None] + np.arange(size)
            values = sets.values[rows]
            result = np.empty((len(cases), size))
            own = known[cases] >= 0
            result[own] = _mean_chance(values[own], self._person_draws[known[cases][own]])
            everybody = self._person_draws.reshape(-1, values.shape[-1])
            for case in np.flatnonzero(~own):
                result[case] = _mean_chance(values[[case]], everybody[None])[0]
            chance[sets.order[rows]] = result
        return pd.Series(chance, index=tasks.index, name="share")

    def hit_rate(self, holdout: pd.DataFrame) -> pd.Series:
        """Return how well choices that were not used for the fit are foretold.

        Parameters
        ----------
        holdout : DataFrame
            Tasks as for `fit`, with ``chosen``.

        Returns
        -------
        Series
            ``hit_rate`` (share of tasks whose most likely alternative was chosen) with ``low`` and ``high``, ``chance``
            (what guessing gives), ``log_score`` (mean log-probability of what was chosen; higher is better), ``tasks``.
        """
        chance = self.predict_proba(holdout)
        case = [holdout["respondent"], holdout["task"]]
        picked = holdout["chosen"].astype(bool)
        best = chance.groupby(case).transform("max")
        hits = (chance[picked] >= best[picked] - 1e-12).to_numpy(float)
        sizes = holdout.groupby(["respondent", "task"]).size()
        clusters = pd.Series(hits).groupby(holdout.loc[picked, "respondent"].to_numpy()).mean()
        error = clusters.std() / np.sqrt(len(clusters))
        return pd.Series(
            {
                "hit_rate": hits.mean(),
                "low": hits.mean() - norm.ppf(0.975) * error,
                "high": hits.mean() + norm.ppf(0.975) * error,
                "chance": float((1 / sizes).mean()),
                "log_score": float(np.log(chance[picked]).mean()),
                "tasks": float(len(hits)),
            }
        )

    def person_chances(self, offers: pd.DataFrame, *, none: bool | None = None, shift: Floats | None = None) -> Floats:
        """Return the chance of each offer with each respondent: array of respondents × offers (none not shown).

        Parameters
        ----------
        offers : DataFrame
            One row per offer on the market at the same time, one column per attribute.
        none : bool, optional
            Whether people may buy nothing; by default if the tasks had that option.
        shift : float array, optional
            Moves everybody's taste by so much, to see how the result answers to an error of the mean.
        """
        check_is_fitted(self, "coef_")
        weight = self.offer_weights(offers, shift=shift)
        total = weight.sum(axis=2, keepdims=True)
        if self.may_leave(none):
            total = total + self.none_weights(shift=shift)[..., None]
        return np.asarray((weight / total).mean(axis=1))

    def chances_alone(
        self, offers: pd.DataFrame, competitors: pd.DataFrame | None, *, none: bool | None, shift: Floats | None = None
    ) -> Floats:
        """Return the chance of each offer when it alone meets the competitors: array of respondents × offers.

        Parameters
        ----------
        offers : DataFrame
            Alternatives of which only one is on the market at a time.
        competitors : DataFrame, optional
            Offers that are always there.
        none, shift
            As of `person_chances`.

        Raises
        ------
        TableError
            If there is nothing else that people could choose.
        """
        check_is_fitted(self, "coef_")
        if competitors is None and not self.may_leave(none):
            raise TableError("Without competitors and without the choice of nothing every offer has the whole market.")
        rest = np.zeros((*self._person_draws.shape[:2], 1))
        if self.may_leave(none):
            rest = rest + self.none_weights(shift=shift)[..., None]
        if competitors is not None:
            rest = rest + self.offer_weights(competitors, shift=shift).sum(axis=2, keepdims=True)
        chance = np.empty((len(rest), len(offers)))
        block = max(1, _BLOCK // (rest.shape[0] * rest.shape[1]))
        for start in range(0, len(offers), block):
            weight = self.offer_weights(offers.iloc[start : start + block], shift=shift)
            chance[:, start : start + block] = (weight / (weight + rest)).mean(axis=1)
        return chance

    def may_leave(self, none: bool | None) -> bool:
        """Tell whether people may buy nothing: as said, or as in the tasks."""
        return self.coding_.none if none is None else none

    def offer_weights(self, offers: pd.DataFrame, *, shift: Floats | None = None) -> Floats:
        """Return exp(utility) of each offer by respondent and draw: array of respondents × draws × offers."""
        return np.asarray(np.exp(self._shifted(shift) @ self.coding_.encode(offers).T))

    def none_weights(self, *, shift: Floats | None = None) -> Floats:
        """Return exp(utility) of buying nothing by respondent and draw.

        Raises
        ------
        TableError
            If the tasks had no such option.
        """
        if not self.coding_.none:
            raise TableError("'None of them' was never an alternative in the tasks, so its appeal is unknown.")
        return np.asarray(np.exp(self._shifted(shift)[..., self.coding_.names.index(NONE)]))

    def mean_directions(self) -> Floats:
        """Return independent directions of the error of the mean taste, one row each of one standard error."""
        covariance = self.covariance_.to_numpy()
        return np.asarray(np.linalg.cholesky(covariance + 1e-14 * np.eye(len(covariance))).T)

    def _shifted(self, shift: Floats | None) -> Floats:
        return self._person_draws if shift is None else self._person_draws + shift


def panel_of(sets: ChoiceSets, person: Ints) -> Panel:
    """Arrange choice sets by person; `person` has the number of the person of each case."""
    people = int(person.max()) + 1
    task = pd.Series(person).groupby(person).cumcount().to_numpy()
    sizes = sets.sizes
    shape = (people, int(task.max()) + 1, int(sizes.max()))
    values = np.zeros((*shape, len(sets.features)))
    real = np.zeros(shape, bool)
    case = np.repeat(np.arange(len(sizes)), sizes)
    place = np.arange(len(case)) - np.repeat(sets.starts, sizes)
    values[person[case], task[case], place] = sets.values
    real[person[case], task[case], place] = True
    chosen = np.zeros(shape[:2], np.intp)
    chosen[person, task] = sets.chosen - sets.starts
    return Panel(values, real, chosen)


def _mean_chance(values: Floats, draws: Floats) -> Floats:
    """Return mean logit chances: `values` (cases, alternatives, k), `draws` (cases, draws, k)."""
    utility = np.matmul(draws, values.transpose(0, 2, 1))
    utility = utility - utility.max(axis=2, keepdims=True)
    weight = np.exp(utility)
    return np.asarray((weight / weight.sum(axis=2, keepdims=True)).mean(axis=1))
