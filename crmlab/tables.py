"""The vocabulary of crmlab: every table and column, with unit, type and meaning; the error for tables that lack one.

The words themselves are in ``tables.toml`` beside this file. World, methods, lessons and docs take their names from it.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

DTYPES = frozenset({"id", "string", "category", "bool", "int", "float", "date", "datetime"})
"""Kinds of column; ``id`` is opaque (integer or text)."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
        Canonical name.
    dtype : str
        One of `DTYPES`.
    unit : str
        Unit of measurement, empty where there is none.
    meaning : str
        What a value says, in one sentence.
    nullable : bool
        Whether values may be missing.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the vocabulary.

    Attributes
    ----------
    name : str
        Canonical name.
    grain : str
        What one row is.
    key : tuple of str
        Columns that identify a row.
    columns : dict of str to Column
        All columns, in order.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: dict[str, Column]


class TableError(ValueError):
    """A table is not what a function needs; the message says what is wrong and how to mend it."""


@cache
def vocabulary() -> dict[str, Table]:
    """Return all tables by name.

    Returns
    -------
    dict of str to Table

    Examples
    --------
    >>> vocabulary()["transactions"].columns["net"].unit
    '€'
    """
    raw = tomllib.loads(resources.files("crmlab").joinpath("tables.toml").read_text(encoding="utf-8"))
    return {
        name: Table(
            name=name,
            grain=entry["grain"],
            key=tuple(entry["key"]),
            columns={
                column: Column(column, dtype.rstrip("?"), unit, meaning, dtype.endswith("?"))
                for column, (dtype, unit, meaning) in entry["columns"].items()
            },
        )
        for name, entry in raw.items()
    }


def nearest(name: str, candidates: Iterable[object]) -> str | None:
    """Return the candidate most like `name`, or None where nothing is near.

    Parameters
    ----------
    name : str
        The name looked for.
    candidates : iterable
        Names that exist; compared without regard to case, spaces and punctuation.

    Examples
    --------
    >>> nearest("customer_id", ["Date", "Customer ID", "Amount"])
    'Customer ID'
    """

    def plain(text: object) -> str:
        return "".join(c for c in str(text).casefold() if c.isalnum())

    by_plain = {plain(c): str(c) for c in candidates}
    found = difflib.get_close_matches(plain(name), by_plain, n=1, cutoff=0.6)
    return by_plain[found[0]] if found else None


def require_columns(frame: Any, columns: Sequence[str], *, table: str) -> None:
    """Raise a `TableError` that helps when `frame` lacks one of `columns`.

    Parameters
    ----------
    frame : data frame
        Anything with a ``columns`` attribute.
    columns : sequence of str
        Canonical names that are needed.
    table : str
        What the frame is, for the message: a name of the vocabulary, such as ``"transactions"``.

    Raises
    ------
    TableError
        Naming what is missing and what it means, what is there, the nearest match and how to rename it.

    Examples
    --------
    >>> import pandas as pd
    >>> require_columns(pd.DataFrame({"Customer": [1]}), ["customer_id"], table="transactions")
    Traceback (most recent call last):
        ...
    crmlab.tables.TableError: The transactions table lacks the column 'customer_id' (Customer who placed the order.). \
It has: 'Customer'. If 'Customer' is the one meant: table.rename(columns={'Customer': 'customer_id'}).
    """
    there = list(getattr(frame, "columns", []))
    missing = [column for column in columns if column not in there]
    if not missing:
        return
    known = vocabulary()[table].columns if table in vocabulary() else {}
    described = ", ".join(f"'{name}'" + (f" ({known[name].meaning})" if name in known else "") for name in missing)
    listed = ", ".join(f"'{name}'" for name in there) if there else "no columns at all"
    noun = "column" if len(missing) == 1 else "columns"
    message = f"The {table} table lacks the {noun} {described}. It has: {listed}."
    spare = [name for name in there if name not in known]
    guesses = {near: name for name in missing if (near := nearest(name, spare)) is not None}
    if guesses:
        meant = ", ".join(f"'{near}'" for near in guesses)
        verb = "is the one" if len(guesses) == 1 else "are the ones"
        message += f" If {meant} {verb} meant: table.rename(columns={guesses!r})."
    raise TableError(message)
