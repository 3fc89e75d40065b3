"""Tables as Parquet, with one schema for all parts: the vocabulary decides it, never the rows of a part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from crmlab.tables import Column, vocabulary

TRUTH = ("traits", "months", "customers")
"""Tables of the truth."""

_PERSONAL = frozenset({"customer_id", "person_id", "order_id", "account_id", "sub_id", "respondent", "prospect_id"})
"""A table with one of these columns is divided into parts; any other is the same for the whole world."""

_KINDS = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "date": pa.timestamp("ms"),
    "datetime": pa.timestamp("ms"),
}


def is_personal(name: str) -> bool:
    """Return whether a table of the vocabulary has rows of single customers.

    Examples
    --------
    >>> is_personal("transactions"), is_personal("products")
    (True, False)
    """
    return not _PERSONAL.isdisjoint(vocabulary()[name].columns)


def write_table(name: str, table: pd.DataFrame, path: Path) -> None:
    """Write a table as one Parquet file.

    Parameters
    ----------
    name : str
        Its name in the vocabulary.
    table : DataFrame
        Its rows.
    path : Path
        Where to.
    """
    known = vocabulary()[name].columns
    schema = pa.schema([(column, _kind(known.get(column), table[column])) for column in table.columns])
    arrow = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
    pq.write_table(arrow, path, compression="zstd", compression_level=1)


def dictionary(title: str, tables: Sequence[str]) -> str:
    """Return a page that explains every column of some tables.

    Parameters
    ----------
    title : str
        First line.
    tables : sequence of str
        Names in the vocabulary.
    """
    lines = [
        f"# {title}",
        "",
        "Nobody in it is real: crmlab simulated it. `pandas.read_parquet` reads a folder.",
    ]
    for name in tables:
        table = vocabulary()[name]
        place = f"truth/{name.removeprefix('truth_')}" if name.startswith("truth_") else name
        lines += ["", f"## {place}", "", f"{table.grain[0].upper()}{table.grain[1:]}.", ""]
        lines += ["| column | meaning | unit |", "|---|---|---|"]
        lines += [f"| `{column.name}` | {column.meaning} | {column.unit} |" for column in table.columns.values()]
    return "\n".join(lines) + "\n"


def _kind(column: Column | None, values: pd.Series) -> pa.DataType:
    """Return the Arrow type of a column; an id is a whole number unless it is text here."""
    if column is None or column.dtype == "id":
        return pa.int64() if pd.api.types.is_integer_dtype(values) else pa.string()
    return _KINDS[column.dtype]
