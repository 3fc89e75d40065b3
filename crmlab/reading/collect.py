"""From batches to columns in memory: only what plays a role is kept, repeated text once, every row fingerprinted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crmlab.reading.dates import Dates, from_serial, parse_dates
from crmlab.reading.raw import Progress, RawTable
from crmlab.reading.streams import ByteSource
from crmlab.reading.values import BLANK, Numbers, parse_numbers


@dataclass
class Coded:
    """A column of labels: `codes` (−1 = missing) point into `labels`."""

    codes: np.ndarray
    labels: np.ndarray


@dataclass
class Collected:
    """The columns with a role, and for each row whether an equal row came before it.

    Attributes
    ----------
    columns : dict of str to pyarrow.ChunkedArray
        By role.
    duplicate : ndarray of bool, shape (rows,)
        True for the second and later copies of a row that is equal in every column of the file.
    header_again : ndarray of bool, shape (rows,)
        Rows that repeat the header, as in files glued together.
    """

    columns: dict[str, pa.ChunkedArray]
    duplicate: np.ndarray
    header_again: np.ndarray

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.duplicate)


def collect(table: RawTable, columns: Mapping[str, str], source: ByteSource | None, progress: Progress) -> Collected:
    """Read all rows, keeping the columns that play a role.

    Equal rows are found by a 64-bit fingerprint of all cells: among ten million rows, the chance that two different
    rows share one is below 3 in a million.
    """
    chunks: dict[str, list[pa.Array]] = {role: [] for role in columns}
    prints: list[np.ndarray] = []
    headers: list[np.ndarray] = []
    for batch in table.batches():
        frame = batch.to_pandas()
        prints.append(pd.util.hash_pandas_object(frame, index=False).to_numpy())
        again = np.ones(batch.num_rows, dtype=bool) if table.has_header else np.zeros(batch.num_rows, dtype=bool)
        for role, name in columns.items():
            column = batch.column(name)
            text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            chunks[role].append(column.dictionary_encode() if text else column)
            again &= pc.fill_null(pc.equal(column, name), False).to_numpy(zero_copy_only=False) if text else False
        headers.append(again)
        progress("Reading", source.share_read if source else 0.0)
    fingerprints = np.concatenate(prints) if prints else np.array([], dtype=np.uint64)
    return Collected(
        {role: pa.chunked_array(parts) for role, parts in chunks.items() if parts},
        pd.Series(fingerprints).duplicated().to_numpy(),
        np.concatenate(headers) if headers else np.array([], dtype=bool),
    )


def _coded(column: pa.ChunkedArray) -> tuple[np.ndarray, pd.Series]:
    """Return codes and distinct values of a column, the values in their own type."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = encoded.unify_dictionaries().combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes, whole.dictionary.to_pandas()


def _take(values: np.ndarray, codes: np.ndarray, missing: Any) -> np.ndarray:
    """Spread distinct values over the rows; code −1 becomes `missing`."""
    return np.append(values, np.array([missing], dtype=values.dtype))[codes]


def fill_within_orders(values: np.ndarray, missing: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give rows that lack a value the value of their order, where the other rows of the order agree on one.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Codes or moments.
    missing : ndarray of bool, shape (n,)
        Where there is none.
    order : ndarray of int, shape (n,)
        Order codes, −1 = missing.

    Returns
    -------
    values : ndarray, shape (n,)
        A new array where anything was filled.
    filled : ndarray of bool, shape (n,)

    Examples
    --------
    >>> values, filled = fill_within_orders(np.array([5, -1, -1]), np.array([False, True, True]), np.array([0, 0, 1]))
    >>> values.tolist(), filled.tolist()
    ([5, 5, -1], [False, True, False])
    """
    lacking = missing & (order >= 0)
    lacking &= np.isin(order, order[~missing & (order >= 0)])
    if not lacking.any():
        return values, lacking
    known = ~missing & np.isin(order, order[lacking])
    by_order = pd.Series(values[known]).groupby(order[known]).agg(["min", "max"])
    one = by_order.loc[by_order["min"] == by_order["max"], "min"]
    lacking &= np.isin(order, one.index.to_numpy())
    filled = values.copy()
    filled[lacking] = one.reindex(order[lacking]).to_numpy().astype(values.dtype)
    return filled, lacking


def labels_of(column: pa.ChunkedArray) -> Coded:
    """Read ids and other labels: text without outer spaces, whole numbers without ``.0``, blanks missing."""
    codes, distinct = _coded(column)
    if pd.api.types.is_float_dtype(distinct) or pd.api.types.is_integer_dtype(distinct):
        numbers = distinct.dropna()
        whole = bool((numbers % 1 == 0).all())
        texts = np.array([str(int(v)) if whole and pd.notna(v) else str(v) for v in distinct], dtype=object)
    else:
        texts = distinct.astype(str).str.strip().to_numpy(dtype=object)
        filled = [text for text in texts if text.lower() not in BLANK]
        # Ids that went through a program with floats come out as 17850.0.
        if filled and all(text.endswith(".0") and text[:-2].isdigit() for text in filled):
            texts = np.array([text[:-2] if text.endswith(".0") else text for text in texts], dtype=object)
    texts = np.array([None if text.lower() in BLANK else text for text in texts], dtype=object)
    new_codes, labels = pd.factorize(texts)
    return Coded(_take(new_codes.astype(np.int64), codes, -1), np.asarray(labels, dtype=object))


def numbers_of(column: pa.ChunkedArray, *, decimal: str | None) -> Numbers:
    """Read a column of numbers, whatever its type."""
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = column.to_pandas().to_numpy(dtype=float)
        return Numbers(values, np.isnan(values), np.full(len(values), "", dtype=object))
    codes, distinct = _coded(column)
    found = parse_numbers(
        distinct.astype(str), np.bincount(codes[codes >= 0], minlength=len(distinct)), decimal=decimal
    )
    signs, currency = pd.factorize(found.currency)
    spread = np.append(currency, "")[_take(signs.astype(np.int64), codes, len(currency))]
    return Numbers(
        _take(found.values, codes, np.nan), _take(found.blank, codes, True), spread, found.decimal, found.notes
    )


def dates_of(column: pa.ChunkedArray, *, day_first: bool | None) -> Dates:
    """Read a column of moments, whatever its type; time zones are dropped, the local clock is kept."""
    if pa.types.is_temporal(column.type):
        moments = pd.Series(column.to_pandas())
        moments = pd.to_datetime(moments, errors="coerce")
        if getattr(moments.dt, "tz", None) is not None:
            moments = moments.dt.tz_localize(None)
        values = moments.to_numpy().astype("datetime64[s]")
        return Dates(values, np.isnat(values))
    if pa.types.is_floating(column.type):
        days = column.to_pandas().to_numpy(dtype=float)
        values = np.full(len(days), np.datetime64("NaT", "s"), dtype="datetime64[s]")
        serial = (days > 29_221) & (days < 73_051)
        values[serial] = from_serial(days[serial])
        return Dates(values, np.isnan(days))
    codes, distinct = _coded(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    found = parse_dates(distinct.astype(str), counts, day_first=day_first)
    return Dates(_take(found.values, codes, np.datetime64("NaT", "s")), _take(found.blank, codes, True), found.notes)
