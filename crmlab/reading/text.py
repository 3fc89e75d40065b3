"""Delimited text of any encoding, delimiter and compression as batches of strings; nothing is interpreted here."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from crmlab.reading.encoding import detect_encoding
from crmlab.reading.raw import RawTable, unique_names
from crmlab.reading.streams import ByteSource
from crmlab.reading.values import looks_like_value
from crmlab.reading.words import option
from crmlab.tables import TableError

_DELIMITERS = (",", ";", "\t", "|")
_SPACES = "spaces"
_SAMPLE_CHARACTERS = 200_000
_BLOCK = 4 << 20


def open_text(
    path: Path,
    kind: str,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> tuple[RawTable, ByteSource]:
    """Open delimited text.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        Compression, as `crmlab.reading.streams.kind_of` says.
    encoding, delimiter : str, optional
        As told by the user; found out when not given. The delimiter ``"spaces"`` means runs of spaces.
    header : bool, optional
        Whether the first row names the columns; found out when not given.

    Returns
    -------
    table : RawTable
    source : ByteSource
        For progress.

    Raises
    ------
    TableError
        If the file is not text, has no rows, or has one column only.
    """
    source = ByteSource(path, kind)
    told = encoding is not None
    try:
        encoding = encoding or detect_encoding(source)
        sample = _sample(source, encoding)
    except (OSError, EOFError) as error:
        raise TableError(f"{path} is a broken compressed file ({error}): save or download it again.") from None
    except LookupError:
        raise TableError(f"{encoding!r} is not an encoding: try utf-8, gb18030, big5 or cp1252.") from None
    if not sample.strip():
        raise TableError(f"{path} is empty.")
    delimiter = {"tab": "\t", "\\t": "\t", "space": _SPACES, " ": _SPACES}.get(delimiter or "", delimiter)
    delimiter = delimiter or _detect_delimiter(sample)
    lines = _split(sample, delimiter)
    rows = [cells for _, cells in lines]
    width = _usual_width(rows)
    if width < 2:
        shown = sample.strip().splitlines()[0][:60]
        raise TableError(
            f"{path} has only one column (its first line is {shown!r}): a log needs at least a customer, a date and an "
            f"amount; if it has more columns, name what separates them with {option('delimiter=…', '--delimiter')}."
        )
    skipped = next((i for i, row in enumerate(rows) if len(row) == width), 0)
    table = RawTable(names=[], has_header=False, batches=lambda: iter(()))
    table.has_header = _has_header(rows[skipped:]) if header is None else header
    table.names = unique_names(list(rows[skipped])) if table.has_header else [str(i + 1) for i in range(width)]
    if table.has_header and len(rows) == skipped + 1:
        raise TableError(f"{path} has a header but no rows.")
    if skipped:
        title = " / ".join(cells[0] for _, cells in lines[:skipped])[:80]
        table.notes.append(f"What stands above the table ({title!r}) was passed over.")
    table.description = {
        "kind": "text" if kind == "text" else f"text, {kind}",
        "encoding": encoding,
        "delimiter": {"\t": "tab"}.get(delimiter, delimiter),
        "header": "yes" if table.has_header else "no",
    }
    first_row = skipped + (1 if table.has_header else 0)
    skip_lines = lines[first_row - 1][0] if first_row else 0
    table.batches = lambda: _batches(table, source, encoding, told, delimiter, skip_lines, sample)
    return table, source


def _sample(source: ByteSource, encoding: str) -> str:
    with source.open() as stream:
        text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(stream.read(_SAMPLE_CHARACTERS * 2))
    cut = text.rfind("\n")
    whole = text if len(text) < _SAMPLE_CHARACTERS or cut < 0 else text[: cut + 1]
    return whole.replace("\r\n", "\n")


def _split(sample: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, each with the number of the line on which it ends."""
    lines = sample.splitlines(keepends=True)
    if delimiter == _SPACES:
        return [(number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]
    reader = csv.reader(lines, delimiter=delimiter)
    return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]


def _usual_width(rows: list[list[str]]) -> int:
    counts = Counter(len(row) for row in rows)
    return counts.most_common(1)[0][0] if counts else 0


def _detect_delimiter(sample: str) -> str:
    """Return the delimiter under which most rows have the same number of cells, more cells breaking ties."""
    best, best_score = ",", 0.0
    for delimiter in (*_DELIMITERS, _SPACES):
        try:
            rows = [cells for _, cells in _split(sample, delimiter)]
        except csv.Error:
            continue
        width = _usual_width(rows)
        if width < 2:
            continue
        agreement = sum(len(row) == width for row in rows) / len(rows)
        # Spaces occur inside cells of every other kind of file, so they win only where nothing else separates.
        score = agreement * (1 + min(width, 50) / 100) * (0.5 if delimiter == _SPACES else 1)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _has_header(rows: list[list[str]]) -> bool:
    """Tell whether the first row names the columns: no cell of it looks like a number or a date."""
    first = [cell.strip() for cell in rows[0]]
    return not any(looks_like_value(cell) for cell in first) and any(first)


class _Recoded(io.RawIOBase):
    """A stream that turns any encoding into UTF-8, old line ends into new ones and runs of spaces into tabs."""

    def __init__(self, stream: BinaryIO, encoding: str | None, *, spaces: bool, old_line_ends: bool) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace") if encoding else None
        self._spaces = spaces
        self._old_line_ends = old_line_ends
        self._left = b""
        self.replaced = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            chunk = self._stream.read(_BLOCK)
            end = not chunk
            if self._spaces and chunk:
                chunk += self._stream.readline()
            self._left = self._recode(chunk, end)
            if end and not self._left:
                return 0
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def _recode(self, data: bytes, end: bool) -> bytes:
        if self._decoder is not None:
            text = self._decoder.decode(data, final=end)
            self.replaced += text.count("\ufffd")
            data = text.encode("utf-8")
        if self._old_line_ends:
            data = data.replace(b"\r", b"\n")
        if self._spaces:
            data = re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", data)
            data = re.sub(rb"[ \t]+", b"\t", data)
        return data


def _batches(
    table: RawTable, source: ByteSource, encoding: str, told: bool, delimiter: str, skip_lines: int, sample: str
) -> Iterator[pa.RecordBatch]:
    table.unreadable, table.unreadable_count = [], 0

    def set_aside(row: pacsv.InvalidRow) -> str:
        table.unreadable_count += 1
        if len(table.unreadable) < 100:
            table.unreadable.append(row.text)
        return "skip"

    recoded = _Recoded(
        source.open(),
        # UTF-8 that was found by reading the whole file needs no second look.
        None if encoding == "utf-8" and not told else encoding,
        spaces=delimiter == _SPACES,
        old_line_ends="\r" in sample and "\n" not in sample,
    )
    text = io.BufferedReader(recoded, _BLOCK)
    for _ in range(skip_lines):
        text.readline()
    try:
        reader = pacsv.open_csv(
            pa.PythonFile(text, mode="r"),
            read_options=pacsv.ReadOptions(column_names=table.names, block_size=_BLOCK, use_threads=False),
            parse_options=pacsv.ParseOptions(
                delimiter="\t" if delimiter == _SPACES else delimiter,
                newlines_in_values='"' in sample,
                invalid_row_handler=set_aside,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in table.names}, strings_can_be_null=False, check_utf8=False
            ),
        )
        yield from reader
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return
        raise TableError(f"{source.path} cannot be read as a table: {str(error).splitlines()[0][:200]}.") from None
    except (OSError, EOFError) as error:
        raise TableError(f"{source.path} is a broken compressed file ({error}): save or download it again.") from None
    if recoded.replaced:
        other = option("encoding=…", "--encoding")
        note = f"{recoded.replaced} characters are not {encoding} and show as \ufffd; {other} names another."
        if note not in table.notes:
            table.notes.append(note)
