"""Attributes as numbers: effects of levels that sum to zero, straight lines for numbers such as a price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.needs.choices import NONE, Floats
from crmlab.tables import TableError, require_columns


@dataclass(frozen=True)
class Coding:
    """How attributes become columns.

    Attributes
    ----------
    levels : dict of str to tuple
        Levels of each attribute, in order.
    linear : frozenset of str
        Attributes that enter as one straight line, per unit.
    none : bool
        Whether there is an alternative 'none of them'.
    """

    levels: dict[str, tuple[object, ...]]
    linear: frozenset[str]
    none: bool

    @classmethod
    def learn(cls, tasks: pd.DataFrame, *, attributes: Sequence[str], linear: Sequence[str]) -> Coding:
        """Learn the levels from a table of tasks.

        Parameters
        ----------
        tasks : DataFrame
            One row per alternative.
        attributes : sequence of str
            Columns that describe an alternative.
        linear : sequence of str
            Those that enter as a straight line; they must be numbers.
        """
        require_columns(tasks, list(attributes), table="conjoint_tasks")
        levels: dict[str, tuple[object, ...]] = {}
        for name in attributes:
            values = tasks[name].dropna()
            if isinstance(values.dtype, pd.CategoricalDtype):
                there = set(values.unique())
                levels[name] = tuple(level for level in values.cat.categories if level in there)
            else:
                levels[name] = tuple(sorted(values.unique(), key=_sort_key))
            if len(levels[name]) < 2:
                shown = f"only {levels[name][0]!r}" if levels[name] else "nothing"
                price = ", nor any willingness to pay" if name in linear else ""
                raise TableError(
                    f"'{name}' never varies (the tasks show {shown}): its effect on choice cannot be estimated{price}. "
                    "Leave it out of the attributes, or ask again with a design in which it varies."
                )
            if name in linear and not pd.api.types.is_numeric_dtype(pd.Series(list(levels[name])).dtype):
                raise TableError(f"'{name}' must be a number to enter as a straight line; it has {levels[name][0]!r}.")
        none = bool(tasks[list(attributes)].isna().all(axis=1).any())
        return cls(levels, frozenset(linear), none)

    @property
    def names(self) -> list[str]:
        """Names of the columns; the last level of an attribute has none, its effect is minus the sum of the others."""
        named = [NONE] if self.none else []
        for name, levels in self.levels.items():
            named += [name] if name in self.linear else [f"{name}={level}" for level in levels[:-1]]
        return named

    def centre(self, name: str) -> float:
        """Return the middle of a linear attribute: the mean of its levels, where its line crosses zero."""
        return float(np.mean([float(level) for level in self.levels[name]]))  # type: ignore[arg-type]

    def encode(self, table: pd.DataFrame) -> Floats:
        """Return one row of numbers per alternative.

        Raises
        ------
        TableError
            If an attribute is missing or has an unknown level.
        """
        require_columns(table, list(self.levels), table="offers")
        empty = table[list(self.levels)].isna().all(axis=1).to_numpy()
        if empty.any() and not self.none:
            raise TableError("'None of them' was never an alternative in the tasks, so its appeal is unknown.")
        columns: list[Floats] = [empty.astype(np.float64)] if self.none else []
        for name, levels in self.levels.items():
            values = table[name]
            if (values.isna().to_numpy() & ~empty).any():
                raise TableError(f"'{name}' is missing where other attributes are given.")
            if name in self.linear:
                numbers = pd.to_numeric(values).to_numpy(np.float64, na_value=np.nan) - self.centre(name)
                columns.append(np.where(empty, 0.0, numbers))
                continue
            place = pd.Index(list(levels)).get_indexer(pd.Index(values))
            if ((place < 0) & ~empty).any():
                strange = values.iloc[int(np.flatnonzero((place < 0) & ~empty)[0])]
                known = ", ".join(repr(level) for level in levels)
                raise TableError(f"'{name}' has the level {strange!r}, which was never shown; shown were {known}.")
            last = place == len(levels) - 1
            for index in range(len(levels) - 1):
                columns.append(np.where(empty, 0.0, (place == index) * 1.0 - last))
        return np.column_stack(columns)

    def level_matrix(self) -> tuple[pd.MultiIndex, Floats]:
        """Return the linear map from coefficients to the part-worth of every level, with its labels."""
        names = self.names
        rows: list[Floats] = []
        labels: list[tuple[str, object]] = []
        for name, levels in self.levels.items():
            for index, level in enumerate(levels):
                row = np.zeros(len(names))
                if name in self.linear:
                    row[names.index(name)] = float(level) - self.centre(name)  # type: ignore[arg-type]
                else:
                    first = names.index(f"{name}={levels[0]}")
                    count = len(levels) - 1
                    if index < count:
                        row[first + index] = 1.0
                    else:
                        row[first : first + count] = -1.0
                rows.append(row)
                labels.append((name, level))
        return pd.MultiIndex.from_tuples(labels, names=["attribute", "level"]), np.array(rows)

    def full_factorial(self, levels: Mapping[str, Sequence[object]] | None = None) -> pd.DataFrame:
        """Return all combinations of levels, one row each.

        Parameters
        ----------
        levels : mapping, optional
            Levels to combine instead of those of the tasks, for some attributes.
        """
        chosen = {name: list((levels or {}).get(name, own)) for name, own in self.levels.items()}
        grid = pd.MultiIndex.from_product(list(chosen.values()), names=list(chosen))
        return grid.to_frame(index=False)


def _sort_key(value: object) -> tuple[int, object]:
    number = isinstance(value, int | float | np.integer | np.floating | bool)
    return (0, value) if number else (1, str(value))
