"""A first look at a file, before anything is decided about it."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

from crmlab.reading.encoding import detect_encoding
from crmlab.reading.streams import ByteSource, check_path, kind_of


def peek(source: str | Path, *, lines: int = 4) -> str:
    r"""Return the first lines of a file as they stand there, in the encoding that its bytes are in.

    Parameters
    ----------
    source : path
        A text file, compressed or not, or an Excel or Parquet file; the rows of the latter two are written with
        tabulators between the cells.
    lines : int
        How many.

    Raises
    ------
    TableError
        If the file is not there, empty, or no table.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "till.csv")
    ...     _ = file.write_text("客户;金额\n7;12,50\n", encoding="gb18030")
    ...     print(peek(file))
    客户;金额
    7;12,50
    """
    path = check_path(source)
    kind = kind_of(path)
    if kind == "excel":
        from python_calamine import CalamineWorkbook

        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(nrows=lines)
        return "\n".join("\t".join(map(str, row)) for row in rows)
    if kind == "parquet":
        import pyarrow.parquet as pq

        file = pq.ParquetFile(path)
        head = next(file.iter_batches(batch_size=max(lines - 1, 1))).to_pylist()[: lines - 1]
        rows = [file.schema_arrow.names, *(row.values() for row in head)]
        return "\n".join("\t".join(map(str, row)) for row in rows)
    bytes_of = ByteSource(path, kind)
    encoding = detect_encoding(bytes_of)
    with bytes_of.open() as stream, io.TextIOWrapper(stream, encoding=encoding, errors="replace") as text:
        return "\n".join(line.rstrip("\r\n") for line in itertools.islice(text, lines))
