"""Checks that all of segmentation shares: a pandas table and not a plan of one, labels and outcomes without gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.tables import TableError


def require_pandas(table: Any, name: str = "customers") -> None:
    """Raise unless `table` is a pandas table or column.

    Parameters
    ----------
    table : object
        What the caller gave.
    name : str, default "customers"
        What to call it.

    Raises
    ------
    TableError
        Says how to turn a table of another engine, lazy ones too, into one of pandas.

    Examples
    --------
    >>> require_pandas([1, 2])
    Traceback (most recent call last):
        ...
    crmlab.tables.TableError: customers must be a pandas table or column, not a list.
    """
    if isinstance(table, pd.DataFrame | pd.Series):
        return
    package = type(table).__module__.partition(".")[0]
    kind = type(table).__name__ if package == "builtins" else f"{package} {type(table).__name__}"
    way = _WAYS.get(package, "")
    raise TableError(f"{name} must be a pandas table or column, not a {kind}.{way}")


_EAGER = " Segments are found in all customers at once, and one row per customer fits one machine: "
_WAYS = {
    "polars": _EAGER + "table.to_pandas() gives it, after table.collect() where it is lazy.",
    "pyarrow": _EAGER + "table.to_pandas() gives it.",
    "duckdb": _EAGER + "table.df() gives it.",
    "dask": _EAGER + "table.compute() gives it.",
    "pyspark": _EAGER + "table.toPandas() gives it.",
}


def labels_of(segments: Any, *, name: str = "segments") -> npt.NDArray[Any]:
    """Return the segment of each customer as an array, none missing.

    Parameters
    ----------
    segments : array_like
        One label for each customer.
    name : str, default "segments"
        What to call it.

    Raises
    ------
    TableError
        If it does not have one dimension, or a label is missing.
    """
    labels = np.asarray(segments)
    if labels.ndim != 1:
        raise TableError(f"{name} must have one label for each customer; its shape is {labels.shape}.")
    if missing := int(pd.isna(pd.Series(labels)).sum()):
        raise TableError(
            f"{name} is missing for {missing:,} of {len(labels):,} customers: give them a name of their own."
        )
    return labels


def outcome_of(target: Any, *, customers: int, least: int = 1) -> npt.NDArray[np.bool_]:
    """Return what is to be told as an array of True and False.

    Parameters
    ----------
    target : array_like of bool
        One value for each customer: True and False, or 1 and 0.
    customers : int
        How many there are.
    least : int, default 1
        Customers that each of the two outcomes needs.

    Raises
    ------
    TableError
        If the length differs, a value is missing or neither true nor false, or an outcome is too rare.
    """
    values = pd.Series(np.asarray(target))
    if len(values) != customers:
        raise TableError(f"The target has {len(values):,} values for {customers:,} rows.")
    if missing := int(values.isna().sum()):
        raise TableError(f"The target is missing for {missing:,} of {customers:,} customers: leave them out.")
    if strange := sorted(set(values.unique()) - {True, False}, key=str)[:3]:
        raise TableError(f"The target must be True or False; it also holds {', '.join(map(repr, strange))}.")
    happened = values.to_numpy(dtype=bool)
    if happened.all() or not happened.any():
        raise TableError("The target has one value only: there is nothing to tell.")
    if (rare := int(min(happened.sum(), (~happened).sum()))) < least:
        raise TableError(f"Each outcome needs at least {least} customers, and one of them has {rare}.")
    return happened
