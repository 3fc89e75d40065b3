"""Changing single cells, with a log of each change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import uniform

Places = npt.NDArray[np.intp]
NO_DAY: Any = pd.NaT

LOG_COLUMNS = ("table", "row_id", "column", "dirt", "clean_value", "dirty_value")


class Sheet:
    """A table that is being made dirty. A cell is changed once at most, so that the log gives back what was there.

    Parameters
    ----------
    name : str
        Name of the table.
    table : DataFrame
        Clean table; not changed.
    key : str
        Column that identifies a row.
    seed : int
        Seed of the dirt.
    """

    def __init__(self, name: str, table: pd.DataFrame, key: str, *, seed: int) -> None:
        self.name, self.table, self.key, self._seed = name, table.copy(), key, seed
        self._log: list[pd.DataFrame] = []
        self._touched: dict[str, npt.NDArray[np.bool_]] = {}

    @property
    def log(self) -> pd.DataFrame:
        """What was changed so far."""
        parts = [part for part in self._log if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else empty_log()

    def chance(self, kind: int, draw: int = 0) -> npt.NDArray[np.float64]:
        """Return a uniform number for each row; kinds of dirt have numbers of their own."""
        ids = self.table[self.key].to_numpy(np.int64)
        return uniform(ids, seed=self._seed, mechanism="dirt", month=kind, draw=draw).astype(np.float64)

    def pick(self, rate: float, kind: int, draw: int = 0) -> Places:
        """Return rows drawn with a chance of `rate` each."""
        return np.flatnonzero(self.chance(kind, draw) < rate)

    def change(self, column: str, rows: Places, values: Sequence[Any] | npt.NDArray[Any], dirt: str) -> None:
        """Write other values into some cells of a column, where nothing was changed yet.

        A column that cannot hold the values becomes text.
        """
        touched = self._touched.setdefault(column, np.zeros(len(self.table), bool))
        free = ~touched[rows]
        rows, values = rows[free], [value for value, ok in zip(values, free, strict=True) if ok]
        before = self.table[column].iloc[rows]
        differs = np.array([not _same(old, new) for old, new in zip(before, values, strict=True)], bool)
        rows, values = rows[differs], [value for value, ok in zip(values, differs, strict=True) if ok]
        if not len(rows):
            return
        before = before[differs]
        touched[rows] = True
        self._log.append(
            _log_of(self.name, self.table[self.key].iloc[rows], column, dirt, before.map(_text), map(_text, values))
        )
        kind = self.table[column].dtype
        text = any(isinstance(value, str) for value in values) and not pd.api.types.is_string_dtype(kind)
        whole = any(value is None for value in values) and pd.api.types.is_integer_dtype(kind)
        if text:
            self.as_text(column)
        elif whole:
            self.table[column] = self.table[column].astype("Int64")
        fresh: pd.Series = self.table[column].copy()
        fresh.iloc[rows] = pd.Series(values, index=fresh.index[rows], dtype=fresh.dtype)
        self.table[column] = fresh

    def as_text(self, column: str) -> None:
        """Turn a column into text, as a file would hold it."""
        values = self.table[column]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            self.table[column] = values.dt.strftime("%Y-%m-%d %H:%M:%S").astype("str")
        else:
            self.table[column] = values.astype("str").where(values.notna())

    def add(self, rows: pd.DataFrame, dirt: str) -> None:
        """Add rows that should not be there."""
        if not len(rows):
            return
        n = len(rows)
        self._log.append(_log_of(self.name, rows[self.key], "*", dirt, [None] * n, ["row added"] * n))
        columns = {
            name: rows[name].astype(kind) if name in rows else pd.Series([None] * n, dtype=kind)
            for name, kind in self.table.dtypes.items()
            if name in rows or _may_be_missing(kind)
        }
        self.table = pd.concat([self.table, pd.DataFrame(columns)], ignore_index=True)
        for name, touched in self._touched.items():
            self._touched[name] = np.append(touched, np.ones(n, bool))

    def drop(self, rows: Places, dirt: str) -> None:
        """Take rows away."""
        if not len(rows):
            return
        gone = self.table.iloc[rows]
        whole = ["; ".join(f"{c}={_text(v)}" for c, v in row.items()) for row in gone.to_dict("records")]
        self._log.append(_log_of(self.name, gone[self.key], "*", dirt, whole, [None] * len(gone)))
        stays = np.ones(len(self.table), bool)
        stays[rows] = False
        self.table = self.table[stays].reset_index(drop=True)
        self._touched = {name: touched[stays] for name, touched in self._touched.items()}

    def reorder(self, sequence: Places) -> None:
        """Put the rows into another sequence."""
        self.table = self.table.iloc[sequence].reset_index(drop=True)
        self._touched = {name: touched[sequence] for name, touched in self._touched.items()}


def empty_log() -> pd.DataFrame:
    """Return the log of nothing changed."""
    return pd.DataFrame({name: pd.Series(dtype="str") for name in LOG_COLUMNS})


def misspelt(text: str, u: float) -> str:
    """Return a word with one slip of the keyboard, chosen by a number from 0 to 1.

    Examples
    --------
    >>> [misspelt("Keller", u) for u in (0.05, 0.3, 0.6, 0.99)]
    ['Kleler', 'eller', 'Keeller', 'Kellef']
    """
    if len(text) < 2:
        return _HOMOPHONE.get(text, text)
    slips: list[Callable[[int], str]] = [
        lambda k: text[:k] + text[k + 1] + text[k] + text[k + 2 :],
        lambda k: text[:k] + text[k + 1 :],
        lambda k: text[:k] + text[k] + text[k:],
        lambda k: text[: k + 1] + _NEIGHBOUR.get(text[k + 1], text[k]) + text[k + 2 :],
    ]
    part, rest = divmod(min(u, 0.999999) * len(slips), 1)
    return slips[int(part)](int(rest * (len(text) - 1)))


# One neighbour of each key on a keyboard.
_NEIGHBOUR = dict(zip("qwertzuiopasdfghjklyxcvbnm", "wqretuziipsafdghjlkxycbvmn", strict=True)) | {"r": "f"}


# Characters that sound alike, as an input method offers them.
_HOMOPHONE = dict(
    zip(
        "王李张刘陈杨黄徐朱胡何伟芳娜敏静丽强洋勇艳杰娟涛明",
        "汪黎章柳程阳皇许祝湖和玮方那闵婧莉蔷阳永燕洁捐韬鸣",
        strict=True,
    )
)


def _log_of(table: str, ids: pd.Series, column: str, dirt: str, before: Any, after: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": table,
            "row_id": ids.astype("str").to_numpy(),
            "column": column,
            "dirt": dirt,
            "clean_value": pd.Series(list(before), dtype="str"),
            "dirty_value": pd.Series(list(after), dtype="str"),
        }
    )


def _text(value: Any) -> str | None:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _same(one: Any, other: Any) -> bool:
    return _text(one) == _text(other)


def _may_be_missing(kind: Any) -> bool:
    return not (isinstance(kind, np.dtype) and kind.kind in "iub")
