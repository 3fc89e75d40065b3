"""What every kind of file becomes before its meaning is known: named columns and batches of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

Progress = Callable[[str, float], None]
"""Called with a stage in words and the share done, 0 to 1."""

SAMPLE_ROWS = 20_000
"""Rows looked at to find out what the columns are. Enough for every rule here to be stable, read in a moment."""


def no_progress(stage: str, share: float) -> None:
    """Do nothing: the progress function where nobody looks."""


@dataclass
class RawTable:
    """A file opened but not yet understood.

    Attributes
    ----------
    names : list of str
        Column names as in the file; ``"1"``, ``"2"``, … where it has no header.
    has_header : bool
        Whether the names come from the file.
    batches : callable
        Starts reading from the first row and yields `pyarrow.RecordBatch` objects with these names.
    description : dict of str to str
        What was found out about the file, for the reader: kind, encoding, delimiter, sheet.
    unreadable : list of str
        Lines that did not fit the table; filled while the batches are read. Only the first hundred are kept as text.
    unreadable_count : int
        How many lines did not fit.
    notes : list of str
        What a careful person would want to know.
    """

    names: list[str]
    has_header: bool
    batches: Callable[[], Iterator[pa.RecordBatch]]
    description: dict[str, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    unreadable_count: int = 0
    notes: list[str] = field(default_factory=list)

    def sample(self) -> pa.Table:
        """Return the first rows, at most `SAMPLE_ROWS`."""
        kept: list[pa.RecordBatch] = []
        rows = 0
        for batch in self.batches():
            kept.append(batch.slice(0, SAMPLE_ROWS - rows))
            rows += kept[-1].num_rows
            if rows >= SAMPLE_ROWS:
                break
        return (
            pa.Table.from_batches(kept) if kept else pa.table({name: pa.array([], pa.string()) for name in self.names})
        )


def unique_names(names: list[Any]) -> list[str]:
    """Return names as text, none empty, none twice.

    Examples
    --------
    >>> unique_names(["Date", None, "Date"])
    ['Date', 'column 2', 'Date (2)']
    """
    seen: dict[str, int] = {}
    result = []
    for position, name in enumerate(names, 1):
        text = "" if name is None else " ".join(str(name).replace("\ufeff", "").split())
        text = text or f"column {position}"
        seen[text] = seen.get(text, 0) + 1
        result.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return result
