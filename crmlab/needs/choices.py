"""Choice tables: from long or wide data frames to arrays, with errors that say what cannot be estimated."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.tables import TableError, require_columns

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]

NONE = "none"
"""Name of the constant of buying nothing."""

_SEPARATORS = (".", "_", ":")


class DesignWarning(UserWarning):
    """The data can be used, but part of it says nothing; the message says which part."""


@dataclass(frozen=True)
class ChoiceSets:
    """Choices as arrays: the rows of a case follow one another.

    Attributes
    ----------
    values : float array, shape (rows, features)
        Features of every alternative.
    starts : int array, shape (cases,)
        First row of each case.
    chosen : int array, shape (cases,)
        Row of the alternative chosen in each case; empty where no choice is known.
    features : tuple of str
        Names of the columns of `values`.
    order : int array, shape (rows,)
        Row of the original table of each row here.
    labels : object array, shape (rows,)
        Label of each alternative.
    """

    values: Floats
    starts: Ints
    chosen: Ints
    features: tuple[str, ...]
    order: Ints
    labels: npt.NDArray[np.object_]

    @property
    def sizes(self) -> Ints:
        """Number of alternatives in each case."""
        return np.diff(np.append(self.starts, len(self.values)))


@dataclass(frozen=True)
class Columns:
    """How features of a table become numbers: learned when fitting, used again when predicting.

    Attributes
    ----------
    levels : dict of str to tuple
        Levels of each feature that is not a number; the first is the reference. Numbers have an empty tuple.
    constants : tuple of str
        Labels of the alternatives that have a constant of their own.
    none : bool
        Whether there is an alternative without features, the choice of nothing.
    """

    levels: dict[str, tuple[object, ...]]
    constants: tuple[str, ...]
    none: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns in the order of the coefficients."""
        named: list[str] = [*self.constants, *([NONE] if self.none else [])]
        for feature, levels in self.levels.items():
            named += [f"{feature}={level}" for level in levels[1:]] if levels else [feature]
        return tuple(named)

    def encode(self, table: pd.DataFrame, labels: pd.Series | None) -> Floats:
        """Return one row of numbers per alternative."""
        features = list(self.levels)
        empty = _empty_rows(table, features)
        if empty.any() and not self.none:
            raise TableError(
                f"{int(empty.sum()):,} alternatives have no features (none of them), but the choices fitted "
                "had no such alternative: its appeal is unknown."
            )
        columns: list[Floats] = []
        for constant in self.constants:
            if labels is None:
                raise TableError("Alternatives have constants of their own, so their labels are needed.")
            columns.append(np.asarray(labels.astype(str) == constant, np.float64))
        if self.none:
            columns.append(empty.astype(np.float64))
        for feature, levels in self.levels.items():
            columns += _feature_columns(table[feature], levels, empty)
        return np.column_stack(columns) if columns else np.zeros((len(table), 0))


def learn_columns(
    table: pd.DataFrame, *, features: Sequence[str], alternative: str, constants: bool | Sequence[str]
) -> Columns:
    """Learn levels, constants and whether nothing may be chosen from a table of choices.

    Parameters
    ----------
    table : DataFrame
        One row per alternative.
    features : sequence of str
        Columns that describe the alternatives.
    alternative : str
        Column of the labels.
    constants : bool or sequence of str
        Whether each label but the first has a constant; or the labels that have one.
    """
    levels: dict[str, tuple[object, ...]] = {}
    for feature in features:
        values = table[feature]
        if pd.api.types.is_numeric_dtype(values.dtype):
            levels[feature] = ()
        elif isinstance(values.dtype, pd.CategoricalDtype):
            there = set(values.dropna().unique())
            levels[feature] = tuple(level for level in values.cat.categories if level in there)
        else:
            levels[feature] = tuple(sorted(values.dropna().unique(), key=str))
    empty = bool(_empty_rows(table, features).any())
    if constants is True:
        labels = sorted(table[alternative].astype(str).unique())
        named = tuple(labels[1:])
    else:
        named = () if constants is False else tuple(str(label) for label in constants)
    return Columns(levels, named, empty)


def _empty_rows(table: pd.DataFrame, features: Sequence[str]) -> npt.NDArray[np.bool_]:
    if not features:
        return np.zeros(len(table), bool)
    return np.asarray(table[list(features)].isna().all(axis=1).to_numpy(), bool)


def _feature_columns(values: pd.Series, levels: tuple[object, ...], empty: npt.NDArray[np.bool_]) -> list[Floats]:
    missing = values.isna().to_numpy() & ~empty
    if missing.any():
        raise TableError(
            f"'{values.name}' is missing in {int(missing.sum()):,} alternatives that have other features. Leave all "
            "features missing for 'none of them', and none of them otherwise."
        )
    if not levels:
        numbers = pd.to_numeric(values).to_numpy(np.float64, na_value=np.nan)
        numbers = np.where(empty, 0.0, numbers)
        if not np.isfinite(numbers).all():
            raise TableError(f"'{values.name}' has values that are infinite.")
        return [numbers]
    strange = set(values.dropna().unique()) - set(levels)
    if strange:
        raise TableError(
            f"'{values.name}' has the level {sorted(map(str, strange))[0]!r}, of which nothing is known; known are "
            f"{', '.join(repr(str(level)) for level in levels)}."
        )
    return [np.asarray((values == level).fillna(False), np.float64) for level in levels[1:]]


def choice_sets(
    table: pd.DataFrame, columns: Columns, *, case: Sequence[str], alternative: str, chosen: str | None
) -> ChoiceSets:
    """Turn a long table into arrays.

    Parameters
    ----------
    table : DataFrame
        One row per case and alternative.
    columns : Columns
        How features become numbers.
    case : sequence of str
        Columns that together name a case, such as respondent and task.
    alternative : str
        Column of the labels of the alternatives.
    chosen : str, optional
        Column that is true (or 1) for the alternative chosen; without it the choices are unknown.

    Raises
    ------
    TableError
        If a column is missing, a label appears twice in a case, or a case has no choice or several.
    """
    needed = [*case, alternative, *columns.levels, *([chosen] if chosen else [])]
    require_columns(table, needed, table="choice tasks")
    if not len(table):
        raise TableError("The table of choices is empty.")
    for name in [*case, alternative]:
        if table[name].isna().any():
            raise TableError(f"'{name}' is missing in {int(table[name].isna().sum()):,} rows.")
    codes = table.groupby(list(case), sort=False, observed=True).ngroup().to_numpy()
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    starts = np.flatnonzero(np.append(True, np.diff(codes) > 0))
    labels = table[alternative]
    _check_labels(table, codes, order, alternative, case)
    values = columns.encode(table, labels)[order]
    picked: Ints = np.zeros(0, np.intp)
    if chosen:
        marks = table[chosen].to_numpy(np.float64, na_value=np.nan)[order]
        if not np.isin(marks, (0.0, 1.0)).all():
            raise TableError(f"'{chosen}' must be true or false (1 or 0) in every row.")
        picked = _picked(marks, starts, table, order, case, chosen)
    return ChoiceSets(values, starts, picked, columns.names, order, labels.to_numpy(object)[order])


def _check_labels(table: pd.DataFrame, codes: Ints, order: Ints, alternative: str, case: Sequence[str]) -> None:
    label_codes = pd.factorize(table[alternative])[0][order].astype(np.int64)
    key = codes.astype(np.int64) * (int(label_codes.max()) + 1) + label_codes
    if len(np.unique(key)) < len(key):
        row = order[np.flatnonzero(pd.Series(key).duplicated())[0]]
        where = ", ".join(f"{name} {table[name].iloc[row]}" for name in case)
        raise TableError(
            f"Alternative {table[alternative].iloc[row]!r} appears twice in one case ({where}): do the columns of "
            f"`case` ({', '.join(case)}) name a single choice?"
        )


def _picked(marks: Floats, starts: Ints, table: pd.DataFrame, order: Ints, case: Sequence[str], chosen: str) -> Ints:
    counts = np.add.reduceat(marks, starts)
    for wrong, words in ((counts < 1, "no choice"), (counts > 1, "more than one choice")):
        if wrong.any():
            row = order[starts[np.flatnonzero(wrong)[0]]]
            where = ", ".join(f"{name} {table[name].iloc[row]}" for name in case)
            advice = (
                "Add the alternative that was chosen instead (such as 'none'), or leave these cases out."
                if words == "no choice"
                else f"Exactly one alternative of a case may have {chosen} = 1."
            )
            raise TableError(
                f"{int(wrong.sum()):,} of {len(starts):,} cases have {words}, the first at {where}. {advice}"
            )
    return np.flatnonzero(marks == 1.0)


def to_long(
    wide: pd.DataFrame, *, features: Sequence[str], choice: str, case: Sequence[str] = (), separator: str | None = None
) -> pd.DataFrame:
    """Turn a wide table (one row per case, ``price.a``, ``price.b``, …) into a long one (one row per alternative).

    Parameters
    ----------
    wide : DataFrame
        One row per case.
    features : sequence of str
        What stands before the separator.
    choice : str
        Column with the label of the alternative chosen, as it stands behind the separator.
    case : sequence of str
        Columns that name a case, if any; otherwise the rows are numbered in a column ``case``.
    separator : str, optional
        Between feature and label; found by itself among ``.``, ``_`` and ``:``.

    Returns
    -------
    DataFrame
        The case columns, ``alternative``, ``chosen`` and one column per feature.

    Raises
    ------
    TableError
        If the columns do not follow this pattern, or a choice is not among the labels.

    Examples
    --------
    >>> wide = pd.DataFrame({"price.a": [3, 4], "price.b": [5, 2], "choice": ["a", "b"]})
    >>> to_long(wide, features=["price"], choice="choice")["price"].tolist()
    [3, 5, 4, 2]
    """
    require_columns(wide, [choice, *case], table="choices (wide)")
    mark = separator if separator is not None else _separator(wide, features)
    labels = [str(name)[len(features[0] + mark) :] for name in wide.columns if str(name).startswith(features[0] + mark)]
    require_columns(
        wide, [f"{feature}{mark}{label}" for feature in features for label in labels], table="choices (wide)"
    )
    picked = wide[choice].astype(str)
    if wide[choice].isna().any() or not picked.isin(labels).all():
        strange = wide.loc[~picked.isin(labels) | wide[choice].isna(), choice].iloc[0]
        raise TableError(f"'{choice}' has {strange!r}, but the alternatives are {', '.join(labels)}.")
    keys = wide[list(case)] if case else pd.DataFrame({"case": np.arange(1, len(wide) + 1)}, index=wide.index)
    parts = []
    for label in labels:
        described = {feature: wide[f"{feature}{mark}{label}"] for feature in features}
        parts.append(keys.assign(alternative=label, chosen=picked == label, **described))
    stacked = pd.concat(parts)
    place = np.arange(len(wide) * len(labels)).reshape(len(labels), len(wide)).T.ravel()
    return stacked.iloc[place].reset_index(drop=True)


def _separator(wide: pd.DataFrame, features: Sequence[str]) -> str:
    if not features:
        raise TableError("A wide table needs at least one feature, or its alternatives cannot be told.")
    for mark in _SEPARATORS:
        if all(any(str(name).startswith(feature + mark) for name in wide.columns) for feature in features):
            return mark
    listed = ", ".join(f"'{name}'" for name in wide.columns)
    raise TableError(
        f"A wide table needs columns such as '{features[0]}.label', one per alternative, for each of "
        f"{', '.join(features)}. It has: {listed}."
    )


def check_design(sets: ChoiceSets) -> None:
    """Raise where a coefficient cannot be estimated, whatever is chosen; warn where cases say nothing.

    Raises
    ------
    TableError
        Naming the features that never vary within a case, or that depend on one another.
    """
    sizes = sets.sizes
    if (sizes < 2).all():
        raise TableError("Every case has a single alternative: nothing was chosen against anything.")
    centred = sets.values - np.repeat(np.add.reduceat(sets.values, sets.starts) / sizes[:, None], sizes, axis=0)
    scale = np.abs(sets.values).max(axis=0)
    spread = np.abs(centred).max(axis=0)
    flat = [name for name, wide, top in zip(sets.features, spread, scale, strict=True) if wide <= 1e-10 * max(top, 1.0)]
    if flat:
        listed = ", ".join(f"'{name}'" for name in flat)
        price = " Without it there is no willingness to pay." if any("price" in name for name in flat) else ""
        raise TableError(
            f"{listed}: never varies between the alternatives of a case, so its effect on choice cannot be "
            f"estimated.{price} Leave it out, or ask again with a design in which it varies."
        )
    _check_rank(centred, sets.features)
    _warn_duplicates(sets, centred)


def _check_rank(centred: Floats, features: Sequence[str]) -> None:
    unit = centred / np.sqrt((centred**2).sum(axis=0))
    values, vectors = np.linalg.eigh(unit.T @ unit)
    if values[0] > 1e-9:
        return
    tied = [name for name, part in zip(features, vectors[:, 0], strict=True) if abs(part) > 1e-5]
    listed = ", ".join(f"'{name}'" for name in tied)
    raise TableError(
        f"{listed}: within the cases each of them follows from the others, so their effects cannot be told apart. "
        "Leave one out, or ask again with a design in which they vary independently."
    )


def _warn_duplicates(sets: ChoiceSets, centred: Floats) -> None:
    codes = np.repeat(np.arange(len(sets.starts)), sets.sizes)
    # A random projection tells equal rows from different ones without comparing all pairs.
    mix = np.random.default_rng(0).normal(size=centred.shape[1])
    key = np.round((centred / np.maximum(np.abs(centred).max(axis=0), 1e-300)) @ mix, 9)
    order = np.lexsort((key, codes))
    twin = (np.diff(codes[order]) == 0) & (np.diff(key[order]) == 0)
    if not twin.any():
        return
    cases = len(np.unique(codes[order][1:][twin]))
    warnings.warn(
        DesignWarning(
            f"In {cases:,} of {len(sets.starts):,} cases two or more alternatives are the same in every feature: which "
            "of them was chosen says nothing about any effect."
        ),
        stacklevel=4,
    )
