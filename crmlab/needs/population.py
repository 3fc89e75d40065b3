"""Individual tastes: a normal population of part-worths, and what each person's own choices add to it.

Empirical Bayes: mean and spread of the population by maximum likelihood, then everybody's posterior under them. A fully
Bayesian chain was tried beside it and left: with twelve choices a person the overall scale of tastes mixes so slowly
that thousands of draws are needed, while this converges, gives the same answer whenever it runs, and its intervals
of the population mean come from the likelihood. It ignores the uncertainty of the spread in the individual estimates;
with a hundred people that is little beside what twelve choices leave open.

Two biases are taken care of. The Laplace approximation is poor with few choices a person, because posteriors are
skewed: each person's likelihood is integrated by importance sampling around the peak instead. And ratios of sampled
sums are biased by one over the number of draws: the halves of the draws give that bias, and it is subtracted
(jackknife).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from crmlab.needs.choices import Floats

Bools = npt.NDArray[np.bool_]

_TAIL = 20.0
"""Degrees of freedom of the t distribution to draw from: heavier tails than any posterior here."""

_WIDEN = 1.15
"""Draws are wider than the curvature at the peak says; of 1.0 to 1.3 the most effective."""

_PRIOR_PEOPLE = 0.5
"""Weight of the prior on the spread, in people per feature: steadies it in small samples."""

_PRIOR_VARIANCE = 0.05
"""Variance that these people bring, in logits² of utility within a task, per feature; the same in any coding."""

_PEOPLE_PER_SCORE = 6
"""People needed per parameter before all elements of the spread enter the standard errors of the mean."""

_KEPT = 40
"""Draws of each person that are kept for simulating markets."""

_BLOCK = 3_000_000
"""Utilities computed at a time: keeps the memory small."""


@dataclass(frozen=True)
class Panel:
    """Choices of many people; what a person was not asked is masked.

    Attributes
    ----------
    values : float array, shape (people, tasks, alternatives, features)
        Features; anything where `real` is false.
    real : bool array, shape (people, tasks, alternatives)
        Which alternatives there were; a task that was not asked has none.
    chosen : int array, shape (people, tasks)
        Place of the alternative chosen.
    """

    values: Floats
    real: Bools
    chosen: npt.NDArray[np.intp]


@dataclass(frozen=True)
class Population:
    """A population of tastes and everybody in it.

    Attributes
    ----------
    mean : float array, shape (groups, features)
        Mean taste of each group of people that was fitted by itself.
    mean_covariance : float array, shape (groups, features, features)
        Sampling covariance of that mean.
    spread : float array, shape (groups, features, features)
        Covariance of tastes between people.
    person_mean : float array, shape (people, features)
        Posterior mean of each person.
    person_draws : float array, shape (people, draws, features)
        Equally likely draws from the posterior of each person.
    log_likelihood : float array, shape (groups,)
        Marginal log-likelihood.
    effective_draws : float
        Equally weighted draws that the weighted draws of the median person are worth.
    """

    mean: Floats
    mean_covariance: Floats
    spread: Floats
    person_mean: Floats
    person_draws: Floats
    log_likelihood: Floats
    effective_draws: float


def fit_population(
    panel: Panel,
    *,
    group: npt.NDArray[np.intp] | None = None,
    draws: int = 96,
    rounds: int = 15,
    seed: int = 0,
) -> Population:
    """Fit mean and covariance of tastes by maximum likelihood, by an EM algorithm, and everybody's posterior.

    Parameters
    ----------
    panel : Panel
        The choices.
    group : int array, optional
        Group of each person, from 0 and in ascending order; each group is a population by itself (many small studies
        in one go).
    draws : int
        Importance draws a person; a multiple of 4.
    rounds : int
        How often the draws are renewed at most; between, EM steps reweight them.
    seed : int
        Seed of the draws.

    Returns
    -------
    Population

    References
    ----------
    Train (2009), Discrete Choice Methods with Simulation, 2nd edition, chapters 11 and 14; Booth & Hobert (1999),
    Journal of the Royal Statistical Society B 61, 265–285 (EM with sampled E-steps); Louis (1982), ibid. 44, 226–233.
    """
    people, _, _, k = panel.values.shape
    group = np.zeros(people, np.intp) if group is None else group
    size = np.bincount(group)
    scale = _scale(panel)
    tasks = _Tasks(np.where(panel.real[..., None], panel.values, 0.0) / scale, panel.real, panel.chosen)
    standard = _standard_draws(people, k, draws, seed)
    prior = _prior_spread(tasks)
    mean: Floats = np.zeros((len(size), k))
    spread: Floats = np.tile(20 * prior, (len(size), 1, 1))
    centre: Floats = np.zeros((people, k))
    cover: Floats = np.zeros((people, k, k))
    settled = 0
    for turn in range(rounds):
        centre, hessian = tasks.peak(centre, mean[group], np.linalg.inv(spread)[group], steps=8)
        cover = np.linalg.inv(hessian)
        cloud = _Cloud(tasks, centre, cover, standard)
        before, spread_before = mean, spread
        early = turn < 2
        stride = 1.0 if early else 1.7
        mean, spread = _em(cloud, mean, spread, group, size, prior=prior, steps=8 if early else 15, stride=stride)
        width = np.sqrt(np.einsum("gii->gi", spread))
        moved = np.abs(mean - before) * np.sqrt(size)[:, None] / width
        grown = np.abs(np.einsum("gii->gi", spread - spread_before)) * np.sqrt(size / 2)[:, None] / width**2
        # Settled: less than a tenth of a standard error in two renewals, in (nearly) all groups.
        calm = np.quantile(np.maximum(moved, grown).max(axis=1), 0.99) < 0.1
        settled = settled + 1 if calm else 0
        if settled >= 2:
            break
    cloud = _Cloud(tasks, centre, cover, standard)
    weight, log_mean = cloud.weights(mean[group], np.linalg.inv(spread)[group])
    person = np.einsum("is,isk->ik", weight, cloud.beta)
    square = np.multiply.outer(scale, scale)
    return Population(
        mean=mean / scale,
        mean_covariance=_mean_covariance(cloud.beta - mean[group][:, None], weight, spread, group, size) / square,
        spread=spread / square,
        person_mean=person / scale,
        person_draws=cloud.resample(weight, min(_KEPT, draws)) / scale,
        log_likelihood=np.bincount(group, log_mean).astype(np.float64),
        effective_draws=float(np.median(1 / (weight**2).sum(axis=1))),
    )


def _scale(panel: Panel) -> Floats:
    """Return the standard deviation of each column over the alternatives shown."""
    shown = panel.values[panel.real]
    scale = shown.std(axis=0)
    return np.asarray(np.where(scale > 0, scale, 1.0))


def _prior_spread(tasks: _Tasks) -> Floats:
    """Return a spread of tastes under which every independent direction of the design varies utility equally."""
    people, count, alternatives, k = tasks.shape
    x = tasks.flat.reshape(people * count, alternatives, k)
    real = np.isfinite(tasks.penalty).reshape(people * count, alternatives, 1) & tasks.asked.reshape(-1, 1, 1)
    number = np.maximum(real.sum(axis=1, keepdims=True), 1)
    centred = np.where(real, x - np.where(real, x, 0.0).sum(axis=1, keepdims=True) / number, 0.0).reshape(-1, k)
    within = centred.T @ centred / real.sum()
    return np.asarray(_PRIOR_VARIANCE * np.linalg.inv(within))


def _standard_draws(people: int, k: int, draws: int, seed: int) -> Floats:
    """Return t-distributed draws in pairs of opposite sign, the same for a person whenever they are used.

    The pairs stand side by side, so that each half of the draws has both of its pairs.
    """
    rng = np.random.default_rng(seed)
    half = rng.standard_normal((people, draws // 2, k))
    half *= np.sqrt(_TAIL / rng.chisquare(_TAIL, (people, draws // 2, 1)))
    return np.stack([half, -half], axis=2).reshape(people, draws, k)


class _Tasks:
    """Likelihood of everybody's choices and its derivatives, for one taste a person."""

    def __init__(self, x: Floats, real: Bools, chosen: npt.NDArray[np.intp]) -> None:
        people, tasks, alternatives, k = x.shape
        self.shape = x.shape
        self.flat = x.reshape(people, tasks * alternatives, k)
        self.penalty = np.where(real, 0.0, -np.inf)
        asked = np.asarray(real.any(axis=2))
        self.penalty[~asked] = 0.0  # a task that was not asked: equal chances among nothing, no slope
        self.asked = asked
        self.chosen = chosen
        picked = np.take_along_axis(x, chosen[:, :, None, None], axis=2)[:, :, 0]
        self.pull = (picked * asked[..., None]).sum(axis=1)

    def level(self, beta: Floats) -> Floats:
        """Return the log-likelihood of tastes (people, draws, features) as (people, draws)."""
        people, tasks, alternatives, _ = self.shape
        draws = beta.shape[1]
        level = np.einsum("isk,ik->is", beta, self.pull)
        block = max(1, _BLOCK // (draws * tasks * alternatives))
        for start in range(0, people, block):
            some = slice(start, start + block)
            utility = np.matmul(beta[some], self.flat[some].transpose(0, 2, 1))
            utility = utility.reshape(-1, draws, tasks, alternatives)
            utility += self.penalty[some, None]
            # Columns are in standard deviations, so that utilities stay far from overflow.
            np.exp(utility, out=utility)
            level[some] -= (np.log(utility.sum(axis=3)) * self.asked[some, None]).sum(axis=2)
        return level

    def peak(self, start: Floats, mean: Floats, precision: Floats, *, steps: int) -> tuple[Floats, Floats]:
        """Return the peak of each person's posterior and minus its second derivative there."""
        beta = start
        height = self._posterior(beta, mean, precision)
        for _ in range(steps):
            gradient, hessian = self._slope(beta, mean, precision)
            step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
            share = np.ones(len(beta))
            for _ in range(6):
                tried = beta + share[:, None] * step
                new = self._posterior(tried, mean, precision)
                worse = new < height - 1e-9
                if not worse.any():
                    break
                share[worse] /= 2
            better = new >= height - 1e-9
            beta = np.where(better[:, None], tried, beta)
            height = np.where(better, new, height)
            if np.abs(gradient).max() < 1e-3:
                break
        return beta, self._slope(beta, mean, precision)[1]

    def _posterior(self, beta: Floats, mean: Floats, precision: Floats) -> Floats:
        off = beta - mean
        return self.level(beta[:, None])[:, 0] - 0.5 * np.einsum("ik,ikl,il->i", off, precision, off, optimize=True)

    def _slope(self, beta: Floats, mean: Floats, precision: Floats) -> tuple[Floats, Floats]:
        people, tasks, alternatives, k = self.shape
        utility = np.matmul(self.flat, beta[..., None]).reshape(people, tasks, alternatives) + self.penalty
        p = np.exp(utility)
        p *= (self.asked / p.sum(axis=2))[..., None]
        weighted = self.flat * p.reshape(people, -1, 1)
        means = weighted.reshape(people, tasks, alternatives, k).sum(axis=2)
        gradient = self.pull - means.sum(axis=1) - np.einsum("ikl,il->ik", precision, beta - mean)
        information = np.matmul(weighted.transpose(0, 2, 1), self.flat) - np.matmul(means.transpose(0, 2, 1), means)
        return gradient, information + precision


class _Cloud:
    """Draws around each person's posterior with their likelihoods: a new mean and spread only reweights them."""

    def __init__(self, tasks: _Tasks, centre: Floats, cover: Floats, standard: Floats) -> None:
        k = centre.shape[1]
        root = np.linalg.cholesky(cover) * _WIDEN
        self.beta = centre[:, None] + np.matmul(standard, root.transpose(0, 2, 1))
        self.level = tasks.level(self.beta)
        squared = np.einsum("isk,isk->is", standard, standard)
        log_root = np.log(np.einsum("ikk->ik", root)).sum(axis=1)
        constant = gammaln((_TAIL + k) / 2) - gammaln(_TAIL / 2) - 0.5 * k * np.log(_TAIL * np.pi)
        self.log_draw = constant - log_root[:, None] - 0.5 * (_TAIL + k) * np.log1p(squared / _TAIL)

    def raw_weights(self, mean: Floats, precision: Floats) -> tuple[Floats, Floats]:
        """Return the weights of the draws before they are made to sum to 1, and the logarithm of their unit."""
        off = self.beta - mean[:, None]
        distance = np.einsum("isk,isk->is", np.matmul(off, precision), off)
        log_weight = self.level - 0.5 * distance - self.log_draw
        top = log_weight.max(axis=1)
        return np.exp(log_weight - top[:, None]), top

    def weights(self, mean: Floats, precision: Floats) -> tuple[Floats, Floats]:
        """Return the weights of the draws, which sum to 1, and everybody's marginal log-likelihood."""
        weight, top = self.raw_weights(mean, precision)
        total = weight.sum(axis=1)
        _, log_det = np.linalg.slogdet(precision)
        normal = 0.5 * log_det - 0.5 * mean.shape[1] * np.log(2 * np.pi)
        return weight / total[:, None], top + np.log(total / weight.shape[1]) + normal

    def resample(self, weight: Floats, count: int) -> Floats:
        """Return `count` equally likely draws of each person (systematic resampling)."""
        steps = (np.arange(count) + 0.5) / count
        cumulated = np.cumsum(weight, axis=1)
        place = (cumulated[:, None, :] < steps[None, :, None]).sum(axis=2)
        place = np.minimum(place, weight.shape[1] - 1)
        return np.take_along_axis(self.beta, place[..., None], axis=1)


def _em(
    cloud: _Cloud,
    mean: Floats,
    spread: Floats,
    group: npt.NDArray[np.intp],
    size: npt.NDArray[np.intp],
    *,
    prior: Floats,
    steps: int,
    stride: float,
) -> tuple[Floats, Floats]:
    """Take EM steps on the same draws; a stride above 1 goes further than each step says, which converges sooner."""
    weight_of_prior = _PRIOR_PEOPLE * mean.shape[1]
    half = cloud.beta.shape[1] // 2
    for _ in range(steps):
        weight, _ = cloud.raw_weights(mean[group], np.linalg.inv(spread)[group])
        parts = [weight[:, :half], weight[:, half:]]
        totals = [part.sum(axis=1, keepdims=True) + 1e-300 for part in parts]
        # Twice the estimate from all draws less the mean of those from each half: the bias of order 1/draws cancels.
        balanced = 2 * weight / (totals[0] + totals[1])
        balanced -= np.concatenate([part / total for part, total in zip(parts, totals, strict=True)], axis=1) / 2
        first = np.einsum("is,isk->ik", balanced, cloud.beta)
        new_mean = _sum_by(first, group, len(size)) / size[:, None]
        off = cloud.beta - mean[group][:, None]
        second = _sum_by(np.matmul((off * balanced[..., None]).transpose(0, 2, 1), off), group, len(size))
        shift = new_mean - mean
        second -= size[:, None, None] * shift[:, :, None] * shift[:, None]
        new_spread = (second + weight_of_prior * prior) / (size + weight_of_prior)[:, None, None]
        further = spread + stride * (new_spread - spread)
        sound = np.linalg.eigvalsh(further)[:, 0] > 0.2 * np.linalg.eigvalsh(spread)[:, 0]
        new_spread = np.where(sound[:, None, None], further, _sound(new_spread, spread))
        mean, spread = mean + stride * shift, new_spread
    return mean, spread


def _sound(new: Floats, old: Floats) -> Floats:
    """Return `new` where it is positive definite, else `old`."""
    good = np.linalg.eigvalsh(new)[:, 0] > 1e-6
    return np.where(good[:, None, None], new, old)


def _mean_covariance(
    off: Floats, weight: Floats, spread: Floats, group: npt.NDArray[np.intp], size: npt.NDArray[np.intp]
) -> Floats:
    """Return the covariance of the mean: from the inverse of the scores' outer product (Berndt et al. 1974).

    The scores of the spread belong to it: mean and spread share the scale of utility, so that taking the spread as
    known makes intervals a tenth too short. With few people for so many scores, only those of the variances are used.
    """
    k = off.shape[2]
    precision = np.linalg.inv(spread)[group]
    scores = np.matmul(precision, np.einsum("is,isk->ik", weight, off)[..., None])[..., 0]
    second = np.matmul((off * weight[..., None]).transpose(0, 2, 1), off)
    curved = (np.matmul(np.matmul(precision, second), precision) - precision) / 2
    upper = np.triu_indices(k)
    if size.min() < _PEOPLE_PER_SCORE * (k + len(upper[0])):
        upper = (np.arange(k), np.arange(k))
    both = curved[:, upper[0], upper[1]] * np.where(upper[0] == upper[1], 1.0, 2.0)
    scores = np.concatenate([scores, both], axis=1)
    scores -= (_sum_by(scores, group, len(size)) / size[:, None])[group]
    outer = _sum_by(scores[:, :, None] * scores[:, None], group, len(size))
    # n/(n − 1): the scores are centred, which costs one degree of freedom.
    return np.asarray(np.linalg.inv(outer)[:, :k, :k] * (size / (size - 1))[:, None, None])


def _sum_by(values: Floats, group: npt.NDArray[np.intp], groups: int) -> Floats:
    if groups == 1:
        return np.asarray(values.sum(axis=0, keepdims=True))
    return np.asarray(np.add.reduceat(values, np.searchsorted(group, np.arange(groups)), axis=0))
