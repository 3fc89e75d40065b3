"""What differs between data-frame engines, in one place; everything else in this package is written once.

A table may be of pandas, Polars (eager or lazy), PyArrow, DuckDB, Dask or PySpark. Narwhals gives them one language,
but not every sentence of it means the same everywhere: a condition inside an aggregation is silently wrong on pandas, a
count of distinct values on Dask, a comparison with a moment on Spark in another time zone. The functions of this
package therefore put conditions in columns of their own, aggregate named columns only, and compare days with days.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import narwhals as nw
from narwhals import Implementation

from crmlab.tables import TableError

Table: TypeAlias = Any
"""A data frame of any engine: pandas, Polars eager or lazy, PyArrow, DuckDB, Dask, PySpark."""

Frame: TypeAlias = "nw.DataFrame[Any] | nw.LazyFrame[Any]"

EPOCH = dt.date(1970, 1, 1)
"""Day 0 of `epoch_days`."""

_ENGINES = "pandas, Polars (eager or lazy), PyArrow, DuckDB, Dask or PySpark"


class Engine(NamedTuple):
    """Where a table lives.

    Attributes
    ----------
    implementation : narwhals.Implementation
        The library.
    native : object
        The caller's table.
    """

    implementation: Implementation
    native: Any

    @property
    def lazy(self) -> bool:
        """Whether the table is a plan that has not run."""
        return isinstance(_narwhals(self.native), nw.LazyFrame)

    @property
    def pandas_like(self) -> bool:
        """Whether days are kept as midnights, because the engine has no type for dates."""
        return self.implementation in (Implementation.PANDAS, Implementation.MODIN, Implementation.DASK)

    @property
    def dask(self) -> bool:
        """Whether the table is Dask's."""
        return self.implementation is Implementation.DASK

    def day(self, value: dt.date) -> dt.date:
        """Return a day as this engine compares it with a column of days."""
        return dt.datetime(value.year, value.month, value.day) if self.pandas_like else value


def open_table(table: Table, *, name: str = "transactions") -> tuple[Frame, Engine]:
    """Return the Narwhals frame of a table, and its engine.

    Raises
    ------
    TableError
        If it is no data frame of a known engine.
    """
    try:
        frame = _narwhals(table)
    except TypeError as error:
        raise TableError(f"The {name} table must be a data frame of {_ENGINES}, not {type(table).__name__}.") from error
    return frame, Engine(frame.implementation, table)


def with_own_clock(frame: Frame, name: str) -> Frame:
    """Return a table whose column of moments can be asked for the clock that it shows, which `wall_clock` does.

    pandas before 3 takes the clock of Greenwich for moments of Arrow that have a time zone; those of NumPy are right.
    """
    zone = getattr(frame.collect_schema()[name], "time_zone", None)
    if zone is None or frame.implementation is not Implementation.PANDAS:
        return frame
    import pandas as pd

    native: Any = nw.to_native(frame)
    if not isinstance(native[name].dtype, pd.ArrowDtype):
        return frame
    return _narwhals(native.assign(**{name: native[name].astype(f"datetime64[us, {zone}]")}))


def day_of(moment: nw.Expr, dtype: Any, engine: Engine) -> nw.Expr:
    """Return the calendar day of moments, by the clock that they show."""
    if dtype == nw.Date:
        return moment.cast(nw.Datetime("us")) if engine.pandas_like else moment
    return moment.dt.truncate("1d") if engine.pandas_like else moment.cast(nw.Date)


def wall_clock(moment: nw.Expr, dtype: Any) -> nw.Expr:
    """Return moments without their time zone, as the clock of that zone shows them."""
    return moment.dt.replace_time_zone(None) if getattr(dtype, "time_zone", None) else moment


def epoch_days(day: nw.Expr) -> nw.Expr:
    """Return days as whole numbers since 1970: the only arithmetic of days that every engine does alike.

    To be used after aggregating, on few rows. Valid for the years 1901 to 2099, where every fourth is a leap year.
    """
    years = day.dt.year().cast(nw.Int64) - 1970
    return years * 365 + (years + 1) // 4 + day.dt.ordinal_day().cast(nw.Int64) - 1


def month_numbers(day: nw.Expr) -> nw.Expr:
    """Return calendar months as whole numbers, January of year 0 being 0."""
    return day.dt.year().cast(nw.Int64) * 12 + day.dt.month().cast(nw.Int64) - 1


def first_of_month(number: int) -> dt.date:
    """Return the first day of a month counted as `month_numbers` does."""
    return dt.date(number // 12, number % 12 + 1, 1)


def when(condition: nw.Expr, value: nw.Expr | float | int) -> nw.Expr:
    """Return the value where a condition holds and 0 elsewhere; for a column of its own, never inside `agg`."""
    return nw.when(condition).then(value).otherwise(0 if isinstance(value, int) else 0.0)


def small_table(columns: dict[str, list[int] | list[dt.date]], engine: Engine) -> Frame:
    """Return a small constant table of whole numbers and days on the caller's engine, lazily where that is lazy."""
    kind = engine.implementation
    names = list(columns)
    if kind is Implementation.DUCKDB:  # on the connection of the caller's relation
        rows = ", ".join(
            "(" + ", ".join(f"DATE '{cell}'" if isinstance(cell, dt.date) else str(cell) for cell in row) + ")"
            for row in zip(*columns.values(), strict=True)
        )
        listed = ", ".join(f'"{name}"' for name in names)
        return _narwhals(engine.native.query("crmlab_source", f"SELECT * FROM (VALUES {rows}) AS small({listed})"))
    if kind in (Implementation.PYSPARK, Implementation.PYSPARK_CONNECT):
        spark = engine.native.sparkSession
        types = ", ".join(f"{name} {'date' if isinstance(columns[name][0], dt.date) else 'long'}" for name in names)
        return _narwhals(spark.createDataFrame(list(zip(*columns.values(), strict=True)), types))
    data = {name: [engine.day(cell) if isinstance(cell, dt.date) else cell for cell in columns[name]] for name in names}
    if kind is Implementation.DASK:
        import dask.dataframe
        import pandas as pd

        return _narwhals(dask.dataframe.from_pandas(pd.DataFrame(data), npartitions=1))
    table = nw.from_dict(data, backend=str(kind.value))  # type: ignore[arg-type]
    return table.lazy() if engine.lazy else table


def joined(left: Frame, right: Frame, *, how: Literal["inner", "left", "cross"], on: str | None = None) -> Frame:
    """Return two tables of one engine joined."""
    return left.join(right, on=on, how=how)  # type: ignore[arg-type]


def by_customer(rows: Frame, function: Callable[[Frame], Frame], engine: Engine) -> Frame:
    """Return what a function gives that treats each customer's rows by themselves.

    Dask cannot order rows within a customer: there, customers are gathered in partitions, which are pandas tables.
    """
    if not engine.dask:
        return function(rows)
    gathered = nw.to_native(rows).shuffle("customer_id")

    def of_pandas(part: Any) -> Any:
        return nw.to_native(function(_narwhals(part)))

    return _narwhals(gathered.map_partitions(of_pandas, meta=of_pandas(gathered._meta)))


def finish(frame: Frame, engine: Engine, columns: Sequence[str], *, sort: Iterable[str], ids: Sequence[str]) -> Table:
    """Return the caller's kind of table: columns in order, rows sorted where the engine holds them in memory."""
    frame = frame.select(*columns)
    if isinstance(frame, nw.DataFrame):
        frame = frame.sort(*sort)
    native = nw.to_native(frame)
    return _plain_pandas(native, ids) if engine.implementation is Implementation.PANDAS else native


def _plain_pandas(table: Any, ids: Sequence[str]) -> Any:
    """Return a pandas table with NumPy types in all columns but the ids, whatever came in, and rows counted from 0."""
    import pandas as pd

    table = table.reset_index(drop=True)
    types: dict[str, str] = {}
    for name, dtype in table.dtypes.items():
        if name in ids:
            continue
        if pd.api.types.is_bool_dtype(dtype):
            wanted = "bool"
        elif pd.api.types.is_integer_dtype(dtype):
            wanted = "int64"
        elif pd.api.types.is_float_dtype(dtype):
            wanted = "float64"
        else:
            wanted = "datetime64[us]"
        if dtype != wanted:
            types[str(name)] = wanted
    return table.astype(types) if types else table


def _narwhals(native: Any) -> Frame:
    with warnings.catch_warnings():
        # From 2.2x on Narwhals announces that Dask will need a package of its own; then it is a missing dependency.
        warnings.filterwarnings("ignore", "Dask support is moving", FutureWarning)
        return nw.from_native(native)
