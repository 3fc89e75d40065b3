"""Checks that all of segmentation shares: a pandas table of several customers, not a plan of one."""

from __future__ import annotations

from typing import Any

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
    kind = f"{type(table).__module__.partition('.')[0]} {type(table).__name__}"
    for words in ("builtins ", "numpy "):
        kind = kind.replace(words, "" if words == "builtins " else words)
    way = _WAYS.get(type(table).__module__.partition(".")[0], "")
    raise TableError(f"{name} must be a pandas table or column, not a {kind}.{way}")


_EAGER = " Segments are found in all customers at once, and one row per customer fits one machine: "
_WAYS = {
    "polars": _EAGER + "table.lazy().collect().to_pandas() gives it.",
    "pyarrow": _EAGER + "table.to_pandas() gives it.",
    "duckdb": _EAGER + "table.df() gives it.",
    "dask": _EAGER + "table.compute() gives it.",
    "pyspark": _EAGER + "table.toPandas() gives it.",
}
