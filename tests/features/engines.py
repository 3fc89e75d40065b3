"""The same table on every engine, and every engine's answer as a pandas table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dask.dataframe
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
from pandas.testing import assert_frame_equal

ENGINES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda table: table,
    "pandas with Arrow types": lambda table: table.convert_dtypes(dtype_backend="pyarrow"),
    "Polars": pl.from_pandas,
    "Polars lazy": lambda table: pl.from_pandas(table).lazy(),
    "PyArrow": lambda table: pa.Table.from_pandas(table, preserve_index=False),
    "DuckDB": lambda table: duckdb.from_arrow(pa.Table.from_pandas(table, preserve_index=False)),
    "Dask": lambda table: dask.dataframe.from_pandas(table.reset_index(drop=True), npartitions=3),
}
"""Engine → the engine's table of a pandas table."""

LAZY = ("Polars lazy", "DuckDB", "Dask")
"""Engines whose tables are plans."""


def to_pandas(table: Any) -> pd.DataFrame:
    """Return any engine's table as a pandas table."""
    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    for method in ("compute", "toPandas", "to_pandas", "df"):
        if hasattr(table, method):
            return getattr(table, method)()
    raise TypeError(type(table))


def assert_same(result: Any, expected: pd.DataFrame, *, key: list[str], rtol: float = 1e-9) -> None:
    """Assert that an engine's answer holds the same rows as a pandas table, types of columns apart."""
    found = to_pandas(result)
    assert list(found.columns) == list(expected.columns)
    assert len(found) == len(expected)
    found = found.sort_values(key, ignore_index=True)
    expected = expected.sort_values(key, ignore_index=True)
    columns = {}
    for name in expected:
        wanted = expected[name].dtype
        values = found[name]
        columns[name] = (
            pd.to_datetime(values).dt.as_unit("us") if wanted.kind == "M" else values.astype(wanted)
        ).to_numpy()
    assert_frame_equal(pd.DataFrame(columns), expected, rtol=rtol, atol=1e-9, check_dtype=False)
