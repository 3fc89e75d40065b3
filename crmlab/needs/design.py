"""Designs: which alternatives to show to whom, with the properties that make a design good stated beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.needs.coding import Coding
from crmlab.tables import TableError

_FORBIDDEN_TRIES = 200


@dataclass(frozen=True)
class ConjointDesign:
    """A conjoint design.

    Attributes
    ----------
    tasks : DataFrame
        ``version``, ``task``, ``alternative`` and one column per attribute; with a none option the last alternative of
        a task has no attributes.
    balance : DataFrame
        How often each level is shown.
    overlap : float
        Share of task and attribute pairs in which a level is shown more often than it must be; 0 is minimal overlap.
    d_efficiency : float
        Information of the design against that of an ideal one, which is orthogonal and balanced, at equal chances; 0 to
        1. With more alternatives than levels, or a linear attribute, 1 is out of reach.
    """

    tasks: pd.DataFrame
    balance: pd.DataFrame
    overlap: float
    d_efficiency: float


def conjoint_design(
    attributes: Mapping[str, Sequence[object]],
    *,
    tasks: int = 12,
    alternatives: int = 3,
    versions: int = 10,
    none: bool = True,
    seed: int = 0,
) -> ConjointDesign:
    """Make a choice design that is balanced and has minimal overlap, improved by exchanges for D-efficiency.

    Within a task the levels of an attribute are as different as they can be (minimal overlap); over a version every
    level is shown equally often, or with a difference of one. Among the designs with these two properties, levels are
    exchanged between tasks as long as the information of the design grows.

    Parameters
    ----------
    attributes : mapping of str to levels
        At least two levels each.
    tasks, alternatives : int
        Tasks a version and alternatives a task, without the none option.
    versions : int
        Versions: groups of people who get different tasks.
    none : bool
        Whether 'none of them' is the last alternative.
    seed : int
        Seed of the search.

    Returns
    -------
    ConjointDesign

    Raises
    ------
    ValueError
        If the design could not tell the effects apart.

    References
    ----------
    Huber & Zwerina (1996), Journal of Marketing Research 33, 307–317 (balance, orthogonality, minimal overlap);
    Kuhfeld, Tobias & Garratt (1994), ibid. 31, 545–557 (D-efficiency).

    Examples
    --------
    >>> made = conjoint_design({"size": ["small", "large"], "price": [10, 12]}, tasks=4, alternatives=2, versions=2)
    >>> made.overlap
    0.0
    """
    for name, levels in attributes.items():
        if len(set(levels)) < 2:
            raise ValueError(f"attribute {name!r} has {len(set(levels))} level: one that never varies has no effect.")
    if alternatives < 2 or tasks < 1 or versions < 1:
        raise ValueError("a design needs at least 2 alternatives, 1 task and 1 version.")
    rng = np.random.default_rng(seed)
    counts = [len(levels) for levels in attributes.values()]
    codes = np.stack([_version(rng, counts, tasks, alternatives) for _ in range(versions)])
    flat = codes.reshape(versions * tasks, alternatives, len(counts))
    flat = _improve(rng, flat, counts)
    if np.linalg.matrix_rank(_information(flat, counts)) < sum(count - 1 for count in counts):
        parameters = sum(count - 1 for count in counts)
        raise ValueError(
            f"{versions} × {tasks} tasks of {alternatives} alternatives cannot tell {parameters} effects apart: add "
            "tasks, alternatives or versions."
        )
    return ConjointDesign(
        tasks=_table(flat, attributes, versions, tasks, none),
        balance=_balance(flat, attributes),
        overlap=_overlap(flat, counts),
        d_efficiency=_d_efficiency(flat, counts),
    )


def d_efficiency(tasks: pd.DataFrame, *, attributes: Sequence[str], case: Sequence[str]) -> float:
    """Return the D-efficiency of any table of tasks at equal chances, relative to an ideal design.

    Parameters
    ----------
    tasks : DataFrame
        One row per alternative; rows without attributes ('none of them') are left out.
    attributes : sequence of str
        The attributes; each level has an effect of its own.
    case : sequence of str
        Columns that name a task, such as respondent and task.
    """
    shown = tasks.dropna(subset=list(attributes), how="all")
    coding = Coding.learn(shown, attributes=attributes, linear=())
    orthonormal = np.column_stack(
        [_contrasts(len(levels))[pd.Index(list(levels)).get_indexer(pd.Index(shown[name]))]
         for name, levels in coding.levels.items()]
    )  # fmt: skip
    frame = pd.DataFrame(orthonormal)
    centred = frame - frame.groupby([shown[name].to_numpy() for name in case]).transform("mean")
    information = (centred.T @ centred).to_numpy() / len(shown)
    return float(max(np.linalg.det(information), 0.0) ** (1 / information.shape[0]))


def _version(rng: np.random.Generator, counts: Sequence[int], tasks: int, alternatives: int) -> npt.NDArray[np.intp]:
    """Deal the levels of each attribute like cards from shuffled packs, so that repeats are as far apart as can be."""
    made = np.empty((tasks, alternatives, len(counts)), np.intp)
    for attribute, count in enumerate(counts):
        shown = np.zeros(count, np.intp)
        for task in range(tasks):
            dealt = np.repeat(np.arange(count), alternatives // count)
            # The levels that were shown least fill the places that are left.
            order = rng.permutation(count)
            rest = order[np.argsort(shown[order], kind="stable")][: alternatives % count]
            hand = np.concatenate([dealt, rest])
            shown += np.bincount(hand, minlength=count)
            made[task, :, attribute] = rng.permutation(hand)
    return made


def _contrasts(count: int) -> npt.NDArray[np.float64]:
    """Return orthonormal contrasts of the levels, of mean square 1."""
    basis = np.linalg.qr(np.column_stack([np.ones(count), np.eye(count)[:, :-1]]))[0][:, 1:]
    return np.asarray(basis * np.sqrt(count))


def _coded(codes: npt.NDArray[np.intp], counts: Sequence[int]) -> npt.NDArray[np.float64]:
    return np.concatenate([_contrasts(count)[codes[..., place]] for place, count in enumerate(counts)], axis=-1)


def _information(codes: npt.NDArray[np.intp], counts: Sequence[int]) -> npt.NDArray[np.float64]:
    x = _coded(codes, counts)
    x = x - x.mean(axis=1, keepdims=True)
    return np.asarray(np.einsum("tjk,tjl->kl", x, x) / (x.shape[0] * x.shape[1]))


def _d_efficiency(codes: npt.NDArray[np.intp], counts: Sequence[int]) -> float:
    information = _information(codes, counts)
    return float(max(np.linalg.det(information), 0.0) ** (1 / len(information)))


def _improve(rng: np.random.Generator, codes: npt.NDArray[np.intp], counts: Sequence[int]) -> npt.NDArray[np.intp]:
    """Swap levels of one attribute inside tasks as long as the effects become easier to tell apart.

    A swap inside a task keeps both balance and overlap.
    """
    tasks, _, width = codes.shape
    best = np.linalg.slogdet(_information(codes, counts) + 1e-9 * np.eye(sum(counts) - width))[1]
    for _ in range(_FORBIDDEN_TRIES + 20 * width):
        tried = codes.copy()
        for task in rng.choice(tasks, max(1, tasks // 10), replace=False):
            attribute = rng.integers(width)
            tried[task, :, attribute] = rng.permutation(tried[task, :, attribute])
        new = np.linalg.slogdet(_information(tried, counts) + 1e-9 * np.eye(sum(counts) - width))[1]
        if new > best and not _more_twins(tried, codes):
            codes, best = tried, new
    return codes


def _twins(codes: npt.NDArray[np.intp]) -> int:
    return sum(len(np.unique(task, axis=0)) < len(task) for task in codes)


def _more_twins(new: npt.NDArray[np.intp], old: npt.NDArray[np.intp]) -> bool:
    changed = np.flatnonzero((new != old).any(axis=(1, 2)))
    return _twins(new[changed]) > _twins(old[changed])


def _overlap(codes: npt.NDArray[np.intp], counts: Sequence[int]) -> float:
    tasks, alternatives, _ = codes.shape
    excess = 0
    for place, count in enumerate(counts):
        shown = np.stack([(codes[..., place] == level).sum(axis=1) for level in range(count)], axis=1)
        excess += int((shown.max(axis=1) > -(-alternatives // count)).sum())
    return excess / (tasks * len(counts))


def _balance(codes: npt.NDArray[np.intp], attributes: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    rows = [
        (name, level, int((codes[..., place] == index).sum()))
        for place, (name, levels) in enumerate(attributes.items())
        for index, level in enumerate(levels)
    ]
    return pd.DataFrame(rows, columns=["attribute", "level", "shown"])


def _table(
    codes: npt.NDArray[np.intp], attributes: Mapping[str, Sequence[object]], versions: int, tasks: int, none: bool
) -> pd.DataFrame:
    alternatives = codes.shape[1]
    rows = codes.reshape(-1, codes.shape[2])
    table = pd.DataFrame(
        {
            name: pd.Series(list(levels)).take(rows[:, place]).to_numpy()
            for place, (name, levels) in enumerate(attributes.items())
        }
    )
    place = np.arange(len(rows))
    table.insert(0, "alternative", place % alternatives + 1)
    table.insert(0, "task", place // alternatives % tasks + 1)
    table.insert(0, "version", place // (alternatives * tasks) + 1)
    if none:
        extra = table.loc[table["alternative"] == alternatives, ["version", "task"]].assign(
            alternative=alternatives + 1
        )
        table = pd.concat([table, extra]).sort_values(["version", "task", "alternative"], ignore_index=True)
    return table


def require_attributes(tasks: pd.DataFrame, attributes: Sequence[str] | None) -> list[str]:
    """Return the attributes of a table of tasks: those named, or all columns that have no other meaning."""
    if attributes is not None:
        return list(attributes)
    other = {"respondent", "task", "alternative", "chosen", "version", "holdout", "best", "worst"}
    found = [str(name) for name in tasks.columns if name not in other]
    if not found:
        raise TableError("The conjoint_tasks table has no attributes: one column each is needed.")
    return found
