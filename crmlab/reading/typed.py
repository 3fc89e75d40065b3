"""Excel and Parquet files as batches; their values keep their types."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from crmlab.reading.raw import RawTable, unique_names
from crmlab.reading.values import looks_like_value
from crmlab.reading.words import option
from crmlab.tables import TableError


def open_parquet(path: Path) -> RawTable:
    """Open a Parquet file.

    Raises
    ------
    TableError
        If it is broken or has no rows.
    """
    try:
        file = pq.ParquetFile(path)
        rows = file.metadata.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(
            f"{path} is a broken Parquet file ({str(error).splitlines()[0][:120]}): export it again."
        ) from None
    if rows == 0:
        raise TableError(f"{path} has columns but no rows.")
    schema = file.schema_arrow
    flat = [
        field.name
        for field in schema
        if not (pa.types.is_nested(field.type) or field.name.startswith("__index_level_"))
    ]

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            for batch in pq.ParquetFile(path).iter_batches(batch_size=1 << 18, columns=flat):
                yield pa.RecordBatch.from_arrays(list(batch.columns), names=flat)
        except (pa.ArrowInvalid, OSError) as error:
            raise TableError(f"{path} is a broken Parquet file ({str(error).splitlines()[0][:120]}).") from None

    return RawTable(names=flat, has_header=True, batches=batches, description={"kind": "Parquet"})


def open_frame(frame: pd.DataFrame) -> RawTable:
    """Take a data frame that is already in memory.

    Raises
    ------
    TableError
        If it has no rows.
    """
    if frame.empty:
        raise TableError("The data frame has no rows.")
    plain = frame.reset_index(drop=True)
    plain.columns = pd.Index(unique_names(list(frame.columns)))
    table = pa.table({name: _array(plain[name]) for name in plain.columns})
    return RawTable(
        names=table.column_names,
        has_header=True,
        batches=lambda: iter(table.to_batches(max_chunksize=1 << 18)),
        description={"kind": "data frame"},
    )


def open_excel(path: Path, *, sheet: str | None = None) -> RawTable:
    """Open a workbook; sheets that share one header are read as one table, since a sheet ends after 1,048,576 rows.

    Parameters
    ----------
    path : Path
        The workbook (xlsx, xlsm, xlsb, xls or ods).
    sheet : str, optional
        Name of the only sheet to read.

    Raises
    ------
    TableError
        If the workbook is broken, has no table, or lacks the sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = list(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise TableError(f"{path} has no sheet {sheet!r}; it has: {', '.join(map(repr, names))}.")
        wanted = [sheet] if sheet else names
        contents = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=True) for name in wanted}
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, TableError):
            raise
        raise TableError(
            f"{path} is a broken Excel file: open it in its program, save it again, or export CSV."
        ) from None
    tables = {name: table for name, rows in contents.items() if (table := _sheet_table(rows)) is not None}
    if not tables:
        rows = max(contents.values(), key=len, default=[])
        what = "a header but no rows" if len(rows) == 1 else "no table with at least two columns and two rows"
        raise TableError(f"{path} has {what}.")
    first = max(tables, key=lambda name: len(tables[name][1]))
    header, has_header = tables[first][0], tables[first][2]
    same = [name for name, table in tables.items() if table[0] == header]
    rows = [row for name in same for row in tables[name][1]]
    names_out = unique_names(header)
    columns = [pd.Series([row[i] for row in rows], dtype=object) for i in range(len(header))]
    table = pa.table({name: _array(column) for name, column in zip(names_out, columns, strict=True)})
    notes = []
    left = [name for name in contents if name not in same]
    if left:
        notes.append(f"Sheets not read: {', '.join(map(repr, left))}; {option('sheet=…', '--sheet')} names another.")
    return RawTable(
        names=names_out,
        has_header=has_header,
        batches=lambda: iter(table.to_batches(max_chunksize=1 << 18)),
        description={"kind": "Excel", "sheet": ", ".join(same), "header": "yes" if has_header else "no"},
        notes=notes,
    )


def _sheet_table(rows: list[list[Any]]) -> tuple[list[str], list[list[Any]], bool] | None:
    """Return header, rows and whether the header is in the sheet; None where the sheet holds no table."""
    filled = [row for row in rows if any(cell not in ("", None) for cell in row)]
    if len(filled) < 2 or len(filled[0]) < 2:
        return None
    usual = sorted(sum(cell not in ("", None) for cell in row) for row in filled)[len(filled) // 2]
    start = next(i for i, row in enumerate(filled) if sum(cell not in ("", None) for cell in row) >= max(usual - 1, 2))
    head = filled[start]
    has_header = all(isinstance(cell, str) and not looks_like_value(cell) for cell in head)
    header = [str(cell) for cell in head] if has_header else [str(i + 1) for i in range(len(head))]
    body = filled[start + 1 :] if has_header else filled[start:]
    return (header, body, has_header) if body else None


def _array(column: pd.Series) -> pa.Array:
    """Return a column as an Arrow array of one type; a mixture of types becomes text."""
    if column.dtype != object:
        return pa.array(column)
    values = [None if value is None or value == "" or value is pd.NaT or value != value else value for value in column]
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float, bool}:
        return pa.array([None if value is None else float(value) for value in values])
    if kinds and all(issubclass(kind, datetime.date) for kind in kinds):
        return pa.array(pd.to_datetime(pd.Series(values), errors="coerce"))
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)
