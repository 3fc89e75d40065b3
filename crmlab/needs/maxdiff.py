"""MaxDiff (best–worst scaling): what matters most, from choices of the best and the worst of a few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from crmlab.needs.choices import ChoiceSets, check_design
from crmlab.needs.conjoint import panel_of
from crmlab.needs.logit import maximise
from crmlab.needs.population import fit_population
from crmlab.tables import TableError, require_columns


@dataclass(frozen=True)
class MaxDiffDesign:
    """A MaxDiff design and its properties.

    Attributes
    ----------
    sets : DataFrame
        ``version``, ``set``, ``position``, ``item``.
    shown : tuple of int
        Fewest and most appearances of an item within a version; equal when balanced.
    pairs : tuple of int
        Fewest and most meetings of two items over all versions.
    positions : tuple of int
        Fewest and most appearances of an item in one position over all versions.
    connected : bool
        Whether every item can be compared with every other through a chain of sets; without that there is no scale.
    """

    sets: pd.DataFrame
    shown: tuple[int, int]
    pairs: tuple[int, int]
    positions: tuple[int, int]
    connected: bool


def maxdiff_design(
    items: Sequence[str], *, per_set: int = 4, times: int = 3, versions: int = 10, seed: int = 0
) -> MaxDiffDesign:
    """Make sets in which every item appears equally often, meets the others equally often and changes its place.

    Parameters
    ----------
    items : sequence of str
        What is compared.
    per_set : int
        Items shown together, from 3 to one less than all.
    times : int
        Appearances of each item in a version.
    versions : int
        Versions: groups of people who get different sets.
    seed : int
        Seed of the search.

    Raises
    ------
    ValueError
        If the items do not fill the sets, or cannot be compared.

    Examples
    --------
    >>> made = maxdiff_design(list("ABCDEFGHIJKL"), per_set=4, times=3, versions=2)
    >>> made.shown, made.connected
    ((3, 3), True)
    """
    count = len(items)
    if len(set(items)) < count:
        raise ValueError("items: an item stands twice in the list.")
    if not 3 <= per_set < count:
        raise ValueError(f"per_set must be from 3 to {count - 1} (one less than the items), not {per_set}.")
    if times < 1 or versions < 1:
        raise ValueError("times and versions must be at least 1.")
    if count * times % per_set:
        raise ValueError(
            f"{count} items shown {times} times do not fill sets of {per_set}: {count} × {times} must divide."
        )
    rng = np.random.default_rng(seed)
    meetings = np.zeros((count, count), np.intp)
    places = np.zeros((count, per_set), np.intp)
    made = []
    for _ in range(versions):
        chosen = min(
            (_version(rng, count, per_set, times, meetings) for _ in range(5)), key=lambda v: _cost(v, meetings)
        )
        for one in chosen:
            meetings[np.ix_(one, one)] += 1
        made.append([_place(one, places) for one in rng.permutation(chosen)])
    codes = np.array(made)
    np.fill_diagonal(meetings, 0)
    if not _connected(meetings):
        raise ValueError("The sets fall into groups that never meet: raise `times` or `versions`.")
    shown = np.array([np.bincount(version.ravel(), minlength=count) for version in codes])
    off = meetings[~np.eye(count, dtype=bool)]
    number = np.arange(codes.size)
    table = pd.DataFrame(
        {
            "version": number // codes[0].size + 1,
            "set": number // per_set % codes.shape[1] + 1,
            "position": number % per_set + 1,
            "item": np.array(list(items), object)[codes.ravel()],
        }
    )
    return MaxDiffDesign(
        table,
        (int(shown.min()), int(shown.max())),
        (int(off.min()), int(off.max())),
        (int(places.min()), int(places.max())),
        True,
    )


def _version(
    rng: np.random.Generator, count: int, per_set: int, times: int, meetings: npt.NDArray[np.intp]
) -> npt.NDArray[np.intp]:
    """Deal items into sets, then swap as long as pairs that met often meet less."""
    sets = _deal(rng, count, per_set, times)
    cost = _cost(sets, meetings)
    for _ in range(40 * len(sets)):
        a, b = rng.choice(len(sets), 2, replace=False)
        i, j = rng.integers(per_set, size=2)
        if sets[a, i] in sets[b] or sets[b, j] in sets[a]:
            continue
        sets[a, i], sets[b, j] = sets[b, j], sets[a, i]
        new = _cost(sets, meetings)
        if new <= cost:
            cost = new
        else:
            sets[a, i], sets[b, j] = sets[b, j], sets[a, i]
    return sets


def _deal(rng: np.random.Generator, count: int, per_set: int, times: int) -> npt.NDArray[np.intp]:
    """Fill one set after the other with the items that have most appearances left; never one twice in a set."""
    left = np.full(count, times)
    sets = []
    for _ in range(count * times // per_set):
        order = rng.permutation(count)
        taken = order[np.argsort(-left[order], kind="stable")][:per_set]
        left[taken] -= 1
        sets.append(taken)
    return np.array(sets)


def _cost(sets: npt.NDArray[np.intp], meetings: npt.NDArray[np.intp]) -> int:
    total = meetings.copy()
    for one in sets:
        total[np.ix_(one, one)] += 1
    np.fill_diagonal(total, 0)
    return int((total**2).sum())


def _place(one: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Put the items of a set where each has stood least so far."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(places[one] ** 2)
    places[one[rows], columns] += 1
    return one[rows[np.argsort(columns)]]


def _connected(meetings: npt.NDArray[np.intp]) -> bool:
    reached = np.zeros(len(meetings), bool)
    reached[0] = True
    for _ in range(len(meetings)):
        reached |= (meetings[reached] > 0).any(axis=0)
    return bool(reached.all())


def maxdiff_counts(tasks: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return how often each item was shown, best and worst, and its score.

    Parameters
    ----------
    tasks : DataFrame
        Table ``maxdiff_tasks``: ``respondent``, ``set``, ``item``, ``choice`` (+1 best, −1 worst, 0 else).
    confidence : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        Indexed by item, best first: ``shown``, ``best``, ``worst``, ``score`` = (best − worst)/shown, from −1 to 1, and
        its interval ``low``, ``high`` from the scores of single respondents (missing with one respondent).

    Raises
    ------
    TableError
        If the table is not of this form: a set without exactly one best and one worst, an item twice in a set.

    References
    ----------
    Louviere, Flynn & Marley (2015), Best-Worst Scaling, chapter 2.

    Examples
    --------
    >>> one_set = pd.DataFrame({"respondent": 1, "set": 1, "item": ["a", "b", "c"], "choice": [0, 1, -1]})
    >>> maxdiff_counts(one_set)["score"].to_dict()
    {'b': 1.0, 'a': 0.0, 'c': -1.0}
    """
    check_maxdiff(tasks)
    choice = tasks["choice"].astype(int)
    marked = tasks.assign(best=(choice == 1).astype(int), worst=(choice == -1).astype(int))
    items = marked.groupby("item", observed=True).agg(
        shown=("choice", "size"), best=("best", "sum"), worst=("worst", "sum")
    )
    items["score"] = (items["best"] - items["worst"]) / items["shown"]
    person = tasks.assign(choice=choice).groupby(["item", "respondent"], observed=True)["choice"].mean()
    spread = person.groupby("item", observed=True).agg(["std", "size"])
    width = t.ppf(0.5 + confidence / 2, np.maximum(spread["size"] - 1, 1)) * spread["std"] / np.sqrt(spread["size"])
    items["low"] = np.maximum(items["score"] - width, -1.0)
    items["high"] = np.minimum(items["score"] + width, 1.0)
    return items.sort_values("score", ascending=False, kind="stable")


def check_maxdiff(tasks: pd.DataFrame) -> None:
    """Raise unless the table is a sound ``maxdiff_tasks``."""
    require_columns(tasks, ["respondent", "set", "item", "choice"], table="maxdiff_tasks")
    if not len(tasks):
        raise TableError("The maxdiff_tasks table is empty.")
    if tasks[["respondent", "set", "item"]].duplicated().any():
        row = tasks.loc[tasks[["respondent", "set", "item"]].duplicated()].iloc[0]
        raise TableError(f"Item {row['item']!r} appears twice in set {row['set']} of respondent {row['respondent']}.")
    choice = pd.to_numeric(tasks["choice"], errors="coerce")
    if not choice.isin([-1, 0, 1]).all():
        wrong = tasks.loc[~choice.isin([-1, 0, 1]), "choice"].iloc[0]
        raise TableError(f"choice must be 1 (best), −1 (worst) or 0, not {wrong!r}.")
    by_set = [tasks["respondent"], tasks["set"]]
    counts = pd.DataFrame({"best": choice == 1, "worst": choice == -1}).groupby(by_set).sum()
    bad = counts[(counts["best"] != 1) | (counts["worst"] != 1)]
    if len(bad):
        person, number = bad.index[0]
        raise TableError(
            f"{len(bad):,} of {len(counts):,} sets do not have exactly one best and one worst item, the first is set "
            f"{number} of respondent {person}. Leave them out: an answer that is missing is not a choice."
        )


class MaxDiffLogit(BaseEstimator):
    """Utilities of items from best–worst choices: the best among all of a set, then the worst among the rest.

    Parameters
    ----------
    individual : bool, default True
        Whether people differ: a normal population of utilities, and everybody's own by empirical Bayes. Without it, one
        taste for all, with standard errors that allow for the repeated answers of a respondent.
    draws : int, default 96
        Draws per respondent.
    seed : int, default 0
        Seed of these draws.

    Attributes
    ----------
    coef_ : Series
        Mean utility of each item in logits; they sum to zero.
    standard_errors_ : Series
        Their standard errors.
    individual_ : DataFrame
        Utilities of each respondent, summing to zero.
    log_likelihood_ : float
        At the maximum.

    References
    ----------
    Marley & Louviere (2005), Journal of Mathematical Psychology 49, 464–480 (the model); Train (2009), chapter 11.
    """

    def __init__(self, *, individual: bool = True, draws: int = 96, seed: int = 0) -> None:
        self.individual = individual
        self.draws = draws
        self.seed = seed

    def fit(self, tasks: pd.DataFrame) -> MaxDiffLogit:
        """Fit to a ``maxdiff_tasks`` table; see `maxdiff_counts` for its form and errors."""
        check_maxdiff(tasks)
        items = pd.Index(tasks["item"].astype(str).unique()).sort_values()
        sets, respondent = _choices(tasks, items)
        check_design(sets)
        self.items_ = items
        people = pd.Index(pd.unique(respondent), name="respondent")
        person = people.get_indexer(pd.Index(respondent))
        count = len(items) - 1
        if self.individual and len(people) > count:
            fitted = fit_population(panel_of(sets, person), draws=self.draws, seed=self.seed)
            mean, covariance = fitted.mean[0], fitted.mean_covariance[0]
            own, self.log_likelihood_ = fitted.person_mean, float(fitted.log_likelihood[0])
            self._draws = fitted.person_draws
        elif self.individual:
            raise TableError(
                f"{len(people)} respondents are too few to learn how {count} utilities vary between people: ask more, "
                "or say individual=False."
            )
        else:
            top = maximise(sets)
            scores = np.zeros((len(people), count))
            np.add.at(scores, person, top.scores)
            middle = scores.T @ scores * len(people) / max(len(people) - 1, 1)
            covariance = top.covariance @ middle @ top.covariance if len(people) > 1 else top.covariance
            mean, self.log_likelihood_ = top.coefficients, top.log_likelihood
            own = np.tile(mean, (len(people), 1))
            self._draws = own[:, None]
        full = np.vstack([np.eye(count), -np.ones(count)])
        self.coef_ = pd.Series(full @ mean, index=items, name="utility")
        self.covariance_ = pd.DataFrame(full @ covariance @ full.T, index=items, columns=items)
        self.standard_errors_ = pd.Series(np.sqrt(np.diag(self.covariance_)), index=items, name="standard_error")
        self.individual_ = pd.DataFrame(own @ full.T, index=people, columns=items)
        self._full = full
        return self

    def summary(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Return utility, interval and share of preference of each item, best first.

        Parameters
        ----------
        confidence : float
            Coverage of the intervals, of utilities and of shares.

        Returns
        -------
        DataFrame
            Indexed by item: ``utility``, ``low``, ``high``, ``share``, ``share_low``, ``share_high``.
        """
        check_is_fitted(self, "coef_")
        freedom = max(len(self.individual_) - 1, 1)
        width = t.ppf(0.5 + confidence / 2, freedom) * self.standard_errors_
        shares = self.shares(confidence=confidence)
        table = pd.DataFrame({"utility": self.coef_, "low": self.coef_ - width, "high": self.coef_ + width})
        return table.join(shares).rename_axis("item").sort_values("utility", ascending=False)

    def shares(self, *, confidence: float = 0.95) -> pd.DataFrame:
        """Return the share of people who would choose each item as the best of all, with its interval.

        Parameters
        ----------
        confidence : float
            Coverage of the interval.
        """
        check_is_fitted(self, "coef_")
        share = _best_of_all(self._draws @ self._full.T)
        # How shares answer to the mean utilities (delta method), and to who was asked.
        root = np.linalg.cholesky(self.covariance_.to_numpy()[:-1, :-1] + 1e-14 * np.eye(len(self.items_) - 1))
        step = 1e-4
        moved = [_best_of_all((self._draws + step * column) @ self._full.T).mean(axis=0) for column in root.T]
        taste = np.sqrt((((np.array(moved) - share.mean(axis=0)) / step) ** 2).sum(axis=0))
        people = len(share)
        sampling = share.std(axis=0, ddof=1) / np.sqrt(people) if people > 1 else np.zeros(share.shape[1])
        width = t.ppf(0.5 + confidence / 2, max(people - 1, 1)) * np.maximum(taste, sampling)
        mean = share.mean(axis=0)
        return pd.DataFrame(
            {"share": mean, "share_low": np.maximum(mean - width, 0.0), "share_high": np.minimum(mean + width, 1.0)},
            index=self.items_,
        )


def _best_of_all(utility: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    weight = np.exp(utility - utility.max(axis=2, keepdims=True))
    return np.asarray((weight / weight.sum(axis=2, keepdims=True)).mean(axis=1))


def _choices(tasks: pd.DataFrame, items: pd.Index) -> tuple[ChoiceSets, np.ndarray]:
    """Turn each set into two choices: the best among all, and the worst among the rest, with the sign turned round."""
    ordered = tasks.sort_values(["respondent", "set"], kind="stable")
    code = items.get_indexer(pd.Index(ordered["item"].astype(str)))
    count = len(items) - 1
    x = np.zeros((len(code), count))
    inner = code < count
    x[inner, code[inner]] = 1.0
    x[~inner] = -1.0
    choice = ordered["choice"].to_numpy(int)
    group = ordered.groupby(["respondent", "set"], sort=False).ngroup().to_numpy()
    rest = choice != 1
    values = np.concatenate([x, -x[rest]])
    case = np.concatenate([2 * group, 2 * group[rest] + 1])
    picked = np.concatenate([choice == 1, choice[rest] == -1])
    order = np.argsort(case, kind="stable")
    values, case, picked = values[order], case[order], picked[order]
    starts = np.flatnonzero(np.append(True, np.diff(case) > 0))
    rows = np.concatenate([np.arange(len(x)), np.flatnonzero(rest)])[order]
    labels = ordered["item"].to_numpy(object)[rows]
    sets = ChoiceSets(values, starts, np.flatnonzero(picked), tuple(map(str, items[:-1])), rows, labels)
    return sets, ordered["respondent"].to_numpy(object)[rows[starts]]
