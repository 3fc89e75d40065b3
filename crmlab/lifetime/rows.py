"""What a model reads: columns of a table on any engine, checked, with identical rows counted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.tables import TableError, require_columns

Floats = npt.NDArray[np.float64]

BLOCK = 8_192
"""Rows evaluated at a time: they stay in the processor's cache, and are too few for threads to pay."""

PORTION = 65_536
"""Rows counted at a time: what that needs in passing stays small beside the table."""

MOSTLY_DISTINCT = 0.6
"""Share of distinct values from which on grouping rows costs more than it saves."""


@dataclass(frozen=True)
class Rows:
    """Columns of a table as arrays.

    Attributes
    ----------
    columns : dict of str to array
        The columns asked for, as floats.
    index : pandas Index
        Of the rows: ``customer_id`` where the table has one, else the table's own index.
    names : list of str
        The columns of the table that were read.
    """

    columns: dict[str, Floats]
    index: pd.Index
    names: list[str]

    def __len__(self) -> int:
        return len(self.index)


def read_rows(table: Any, columns: tuple[str, ...], *, name: str = "repeat_summary") -> Rows:
    """Read columns of a pandas, Polars, PyArrow or DuckDB table, or of a mapping of arrays.

    Parameters
    ----------
    table : data frame or mapping
        One row per customer.
    columns : tuple of str
        What is needed.
    name : str
        What the table is, for messages.

    Raises
    ------
    TableError
        If a column is missing, has missing, infinite or non-numeric values, or there is no row.

    Examples
    --------
    >>> read_rows({"x": [0, 2], "T": [5, 5]}, ("x", "T")).columns["x"]
    array([0., 2.])
    """
    if isinstance(table, Mapping):
        table = pd.DataFrame(table)
    elif isinstance(table, np.ndarray):
        raise TableError(
            f"The {name} table is an array without column names. Give a data frame with the columns "
            f"{', '.join(repr(column) for column in columns)}."
        )
    try:
        frame = nw.from_native(table)
    except TypeError as error:
        raise TableError(f"The {name} table is a {type(table).__name__}; it must be a data frame.") from error
    needed = [column for column in ("customer_id", *columns) if column in frame.collect_schema().names()]
    require_columns(_Named(frame.collect_schema().names()), columns, table=name)
    chosen = frame.select(needed)
    eager = chosen.collect() if isinstance(chosen, nw.LazyFrame) else chosen
    if not len(eager):
        raise TableError(f"The {name} table has no rows.")
    native = eager.to_native()
    index = native.index if isinstance(native, pd.DataFrame) else pd.RangeIndex(len(eager))
    if "customer_id" in needed:
        index = pd.Index(eager["customer_id"].to_numpy(), name="customer_id")
    return Rows({column: _numbers(eager[column], column, name) for column in columns}, index, list(columns))


@dataclass(frozen=True)
class _Named:
    columns: list[str]


def _numbers(values: Any, column: str, name: str) -> Floats:
    try:
        numbers = np.asarray(values.to_numpy(), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TableError(f"The column '{column}' of the {name} table holds text; it must hold numbers.") from error
    bad = ~np.isfinite(numbers)
    if bad.any():
        raise TableError(
            f"The column '{column}' of the {name} table has {bad.sum():,} missing or infinite values of "
            f"{len(numbers):,}. Remove these rows, or find out what they are."
        )
    return numbers


def complain(bad: npt.NDArray[np.bool_], rows: Rows, what: str, mend: str) -> None:
    """Raise a `TableError` that names the first customer concerned when any row is `bad`."""
    if bad.any():
        first = int(np.argmax(bad))
        shown = ", ".join(f"{column} = {values[first]:g}" for column, values in rows.columns.items())
        raise TableError(
            f"{what} in {bad.sum():,} of {len(bad):,} rows, first for {rows.index[first]!r} ({shown}). {mend}"
        )


def count_rows(columns: list[Floats], weights: Floats | None = None) -> tuple[list[Floats], Floats]:
    """Return the distinct rows and how often each stands there, in the order in which they first appear.

    As `group_rows`, in less memory: a portion of the rows after the other.

    Parameters
    ----------
    columns : list of arrays
        Equally long, at least one.
    weights : array, optional
        How much each row counts; 1 by default.

    Examples
    --------
    >>> distinct, count = count_rows([np.array([0.0, 3.0, 0.0]), np.array([9.0, 9.0, 9.0])])
    >>> distinct[0].tolist(), count.tolist()
    ([0.0, 3.0], [2.0, 1.0])
    """
    n = len(columns[0])
    distinct, counts = [values[:0] for values in columns], np.empty(0)
    for start in range(0, n, PORTION):
        part = slice(start, start + PORTION)
        added = np.ones(len(columns[0][part])) if weights is None else np.asarray(weights[part], dtype=np.float64)
        # Under the old names, so that nothing is held twice while the portion is counted.
        distinct = [np.concatenate([old, values[part]]) for old, values in zip(distinct, columns, strict=True)]
        counts = np.concatenate([counts, added])
        distinct, counts, _ = group_rows(distinct, counts)
        if n > 1_000 and len(counts) > MOSTLY_DISTINCT * min(start + PORTION, n):
            return columns, np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    return distinct, counts


def group_rows(columns: list[Floats], weights: Floats | None = None) -> tuple[list[Floats], Floats, npt.NDArray[Any]]:
    """Return the distinct rows, how often each stands there, and where each row went.

    Orders carry dates, so that many customers share one history: a likelihood that is evaluated once for all of them
    costs a fraction. Where times are so fine that hardly any two rows agree, the rows are returned as they are.

    Parameters
    ----------
    columns : list of arrays
        Equally long, at least one.
    weights : array, optional
        How much each row counts; 1 by default.

    Examples
    --------
    >>> distinct, count, where = group_rows([np.array([0.0, 3.0, 0.0]), np.array([9.0, 9.0, 9.0])])
    >>> distinct[0].tolist(), count.tolist(), where.tolist()
    ([0.0, 3.0], [2.0, 1.0], [0, 1, 0])
    """
    n = len(columns[0])
    key, size = np.zeros(n, dtype=np.int64), 1
    for values in columns:
        code, distinct = pd.factorize(values)
        if n > 1_000 and len(distinct) > MOSTLY_DISTINCT * n:
            return columns, np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64), np.arange(n)
        if size * len(distinct) >= 2**62:
            key, kept = pd.factorize(key)
            size = len(kept)
        key *= len(distinct)  # in place: at a million rows every array counts
        key += code
        size *= len(distinct)
        del code, distinct
    where, found = pd.factorize(key)
    groups = len(found)
    del key, found
    first = np.empty(groups, dtype=np.int64)
    first[where[::-1]] = np.arange(n - 1, -1, -1)
    count = np.bincount(where, weights=weights, minlength=groups).astype(np.float64)
    return [values[first] for values in columns], count, where
