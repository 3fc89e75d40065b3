"""Grading a table or column that lives in another data-frame engine: one row per customer fits one machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import narwhals as nw
import pandas as pd

from crmlab.features.engines import open_table
from crmlab.tables import TableError

Function = TypeVar("Function", bound=Callable[..., Any])


def on_any_engine(function: Function) -> Function:
    """Let a function of pandas tables or columns take those of Polars and PyArrow, and answer in kind.

    A lazy table is refused: grading looks at all customers at once, which would run the query behind the caller's back.
    """

    @functools.wraps(function)
    def called(first: Any, *others: Any, **options: Any) -> Any:
        if isinstance(first, pd.Series | pd.DataFrame):
            return function(first, *others, **options)
        like = nw.from_native(first, series_only=True) if _is_column(first) else open_table(first, name="customers")[0]
        answer = function(in_pandas(first), *(in_pandas(o) if _is_column(o) else o for o in others), **options)
        return _in_kind(answer, like)

    return called  # type: ignore[return-value]


def in_pandas(value: Any, *, name: str = "customers") -> Any:
    """Return a table or column of any engine that holds its values in memory as that of pandas.

    Parameters
    ----------
    value : DataFrame or Series
        Of pandas, Polars or PyArrow.
    name : str, default "customers"
        What the table is called in errors.

    Returns
    -------
    pandas.DataFrame or pandas.Series
        `value` itself where it is one.

    Raises
    ------
    TableError
        If it is a plan that has not run, or no table or column at all.
    """
    if isinstance(value, pd.Series | pd.DataFrame):
        return value
    if _is_column(value):
        return nw.from_native(value, series_only=True).to_pandas()
    frame, engine = open_table(value, name=name)
    if isinstance(frame, nw.LazyFrame):
        raise TableError(
            f"This needs all rows of the {name} table at once, and the {engine.implementation.value} table is a plan. "
            "Run it first (collect, df, compute, toPandas): one row per customer fits one machine."
        )
    return frame.to_pandas()


def _is_column(value: Any) -> bool:
    try:
        nw.from_native(value, series_only=True)
    except TypeError:
        return False
    return True


def _in_kind(answer: Any, like: Any) -> Any:
    """Return a pandas answer as the engine of `like` would hold it; plain numbers stay numbers."""
    if isinstance(answer, pd.Series):
        values = answer.astype("str") if isinstance(answer.dtype, pd.CategoricalDtype) else answer
        name = str(answer.name or "values")
        made = nw.new_series(name, values.tolist(), backend=like.implementation)
        return nw.to_native(made)
    if isinstance(answer, pd.DataFrame):
        table = answer if isinstance(answer.index, pd.RangeIndex) else answer.reset_index()
        columns = {str(name): table[name].tolist() for name in table.columns}
        return nw.to_native(nw.from_dict(columns, backend=like.implementation))
    return answer
