"""The forced choice of true must-haves: if you could have only one, which? If only two, which? And so on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from crmlab.needs.choices import ChoiceSets, check_design
from crmlab.needs.logit import maximise
from crmlab.tables import TableError, require_columns


def forced_choice_survey(
    utilities: pd.DataFrame, *, most: int | None = None, noise: float = 1.0, seed: int = 0
) -> pd.DataFrame:
    """Simulate the answers: each respondent names the best k needs for k = 1, 2, …, anew each time.

    Parameters
    ----------
    utilities : DataFrame
        Respondents × needs: how much they lose without the need.
    most : int, optional
        Largest k; one less than all needs by default.
    noise : float
        Scale of the Gumbel error of each single answer; 0 for people who never waver.
    seed : int
        Seed.

    Returns
    -------
    DataFrame
        ``respondent``, ``k``, ``need``: one row per need named.
    """
    rng = np.random.default_rng(seed)
    last = utilities.shape[1] - 1 if most is None else most
    if not 1 <= last <= utilities.shape[1]:
        raise ValueError(f"most must be from 1 to {utilities.shape[1]}, the number of needs, not {most!r}.")
    parts = []
    value = utilities.to_numpy(float)
    for k in range(1, last + 1):
        heard = value + noise * rng.gumbel(size=value.shape)
        named = np.argsort(-heard, axis=1)[:, :k]
        parts.append(
            pd.DataFrame(
                {
                    "respondent": np.repeat(utilities.index.to_numpy(), k),
                    "k": k,
                    "need": utilities.columns.to_numpy()[named.ravel()],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def forced_ranks(answers: pd.DataFrame, *, all_needs: Sequence[str] = ()) -> pd.DataFrame:
    """Turn forced-choice answers into ranks, and say how consistent each respondent was.

    The rank of a need is the k at which it was first named; needs never named share the rank behind. A respondent is
    consistent where everything named among k is also named among k + 1.

    Parameters
    ----------
    answers : DataFrame
        ``respondent``, ``k``, ``need``.
    all_needs : sequence of str
        Needs that were offered, in case nobody named some of them.

    Returns
    -------
    DataFrame
        Respondents × needs: ranks from 1; and a last column ``consistent``, the share of steps k → k + 1 that are
        nested.

    Raises
    ------
    TableError
        If an answer has other than k needs.
    """
    require_columns(answers, ["respondent", "k", "need"], table="forced-choice answers")
    sizes = answers.groupby(["respondent", "k"])["need"].nunique()
    wrong = sizes[sizes != sizes.index.get_level_values("k")]
    if len(wrong):
        person, k = wrong.index[0]
        raise TableError(f"Respondent {person} was to name {k} needs and named {wrong.iloc[0]}.")
    ranks = answers.groupby(["respondent", "need"], observed=True)["k"].min().unstack()
    ranks = ranks.reindex(columns=ranks.columns.union(list(all_needs))).fillna(answers["k"].max() + 1).astype(int)
    later = answers.assign(k=answers["k"] - 1)
    kept = answers.merge(later, on=["respondent", "k", "need"]).groupby(["respondent", "k"]).size()
    steps = sizes[sizes.index.get_level_values("k") < answers["k"].max()]
    nested = kept.reindex(steps.index, fill_value=0) == steps
    ranks["consistent"] = nested.groupby("respondent").mean().reindex(ranks.index)
    return ranks


def priorities(ranks: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Return the order of the needs over all respondents: mean rank, Borda points and a Plackett–Luce model.

    Plackett–Luce reads a ranking as a series of choices: the first among all, the second among the rest, and so on.
    Needs that share the last rank are only compared with those before them.

    Parameters
    ----------
    ranks : DataFrame
        Respondents × needs, 1 = first; a column ``consistent`` is left aside.
    confidence : float
        Coverage of the intervals, which allow for the answers of one respondent belonging together.

    Returns
    -------
    DataFrame
        Indexed by need, first priority first: ``mean_rank``, ``borda`` (mean share of the other needs that it beats),
        ``first_share`` (share of respondents who name it if only one can be had), ``worth`` (Plackett–Luce utility,
        mean zero) with ``low`` and ``high``.

    References
    ----------
    Plackett (1975), Applied Statistics 24, 193–202; Luce (1959), Individual Choice Behavior.
    """
    table = ranks.drop(columns="consistent", errors="ignore")
    if table.isna().any().any() or table.shape[1] < 2:
        raise TableError("ranks: every respondent needs a rank for each of at least two needs.")
    value = table.to_numpy(float)
    people, count = value.shape
    sets, person = _exploded(value, [str(name) for name in table.columns])
    check_design(sets)
    top = maximise(sets)
    scores = np.zeros((people, count - 1))
    np.add.at(scores, person, top.scores)
    covariance = top.covariance @ (scores.T @ scores * people / max(people - 1, 1)) @ top.covariance
    full = np.vstack([np.eye(count - 1), -np.ones(count - 1)])
    worth = full @ top.coefficients
    width = norm.ppf(0.5 + confidence / 2) * np.sqrt(np.diag(full @ covariance @ full.T))
    beaten = (value[:, None, :] > value[:, :, None]).sum(axis=2) / (count - 1)
    found = pd.DataFrame(
        {
            "mean_rank": value.mean(axis=0),
            "borda": beaten.mean(axis=0),
            "first_share": (value == 1).mean(axis=0),
            "worth": worth,
            "low": worth - width,
            "high": worth + width,
        },
        index=pd.Index(table.columns, name="need"),
    )
    return found.sort_values("worth", ascending=False)


def _exploded(value: np.ndarray, names: Sequence[str]) -> tuple[ChoiceSets, np.ndarray]:
    people, count = value.shape
    order = np.argsort(value, axis=1, kind="stable")
    coded = np.vstack([np.eye(count - 1), -np.ones(count - 1)])
    rows, starts, person = [], [], []
    sorted_ranks = np.take_along_axis(value, order, axis=1)
    total = 0
    for i in range(people):
        for place in range(count - 1):
            rest = order[i, place:]
            # Equal ranks were never compared with one another.
            rival = np.append(True, sorted_ranks[i, place + 1 :] > sorted_ranks[i, place])
            if rival.sum() < 2:
                continue
            rows.append(rest[rival])
            starts.append(total)
            person.append(i)
            total += int(rival.sum())
    flat = np.concatenate(rows)
    begin = np.array(starts)
    # The chosen need stands first in each of its sets.
    labels = np.array(list(names), object)[flat]
    sets = ChoiceSets(coded[flat], begin, begin, tuple(names[:-1]), np.arange(len(flat)), labels)
    return sets, np.array(person)


def resource_weights(ranks: pd.DataFrame, *, steepness: float = 0.5) -> pd.Series:
    """Return how to divide a budget over needs: a first choice weighs 1, the next `steepness` of that, and so on.

    Parameters
    ----------
    ranks : DataFrame
        As for `priorities`.
    steepness : float
        In (0, 1]; 1 gives every need the same.
    """
    if not 0 < steepness <= 1:
        raise ValueError(f"steepness must be above 0 and at most 1, not {steepness!r}.")
    table = ranks.drop(columns="consistent", errors="ignore")
    weight = steepness ** (table.to_numpy(float) - 1)
    share = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
    return pd.Series(share, index=pd.Index(table.columns, name="need"), name="weight").sort_values(ascending=False)
