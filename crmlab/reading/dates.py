"""Text and numbers to moments in time: mixed orders of day and month, Chinese dates, serial numbers, compact digits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmlab.reading.values import BLANK, tidy
from crmlab.reading.words import option

EARLIEST = pd.Timestamp("1980-01-02")
"""Earlier moments are placeholders of some program (1900-01-01, 1970-01-01, 1980-01-01), not orders."""

# Days from 1899-12-30, the first day of spreadsheet serial numbers, to 1980 and 2100.
_SERIAL = (29_221, 73_051)
_EPOCH = "1899-12-30"
_ISO = r"^\d{4}-\d{2}-\d{2}(?:[ t]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
_PARTS = re.compile(
    r"^(?P<a>\d{1,4})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{1,4})"
    r"(?:[ t]+(?P<early>am|pm)?\s*"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.\d+)?)?\s*(?P<late>am|pm)?)?$"
)
_OFFSET = re.compile(r"(?<=\d)\s*(?:z|utc|gmt|[+-]\d{2}:?\d{2})$")
_WEEKDAY = re.compile(r"\(?(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]\)?")


@dataclass
class Dates:
    """Moments read from text.

    Attributes
    ----------
    values : ndarray of datetime64[s], shape (n,)
        NaT where the text is blank or not a date.
    blank : ndarray of bool, shape (n,)
        Where there was nothing to read.
    notes : list of str
        Assumptions made.
    """

    values: np.ndarray
    blank: np.ndarray
    notes: list[str] = field(default_factory=list)


def parse_dates(texts: pd.Series, counts: np.ndarray | None = None, *, day_first: bool | None = None) -> Dates:
    """Read dates as people and programs write them.

    Parameters
    ----------
    texts : Series of str, shape (n,)
        What stands in the file; best the distinct values, with how often each occurs.
    counts : ndarray of int, shape (n,), optional
        How often each text occurs, for the notes and for the evidence about the order of day and month.
    day_first : bool, optional
        Whether 03/04/2011 is 3 April. Found from the values when not given: a number above 12 can only be a day. Where
        both orders occur, each clear date is read in its own order and the unclear ones in the commoner order.

    Returns
    -------
    Dates

    Examples
    --------
    >>> parse_dates(pd.Series(["2011年12月9日 下午3:05", "31/12/2011", "20111209"])).values.astype(str).tolist()
    ['2011-12-09T15:05:00', '2011-12-31T00:00:00', '2011-12-09T00:00:00']
    """
    weights = np.ones(len(texts), dtype=np.int64) if counts is None else counts
    values = np.full(len(texts), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    iso = texts.str.match(_ISO).to_numpy(dtype=bool, na_value=False)
    values[iso] = _seconds(pd.to_datetime(texts[iso], format="ISO8601", errors="coerce"))
    rest = np.flatnonzero(~iso)
    small = pd.Series([_ordinary(text) for text in texts.iloc[rest]], dtype=object)
    blank = np.zeros(len(texts), dtype=bool)
    blank[rest] = small.isin(list(BLANK)).to_numpy(dtype=bool)
    digits = small.str.fullmatch(r"\d+(\.\d+)?").to_numpy(dtype=bool, na_value=False)
    values[rest[digits]] = _from_digits(small[digits])
    notes: list[str] = []
    matches = zip(rest.tolist(), map(_PARTS.match, small), strict=True)
    parts = [(i, match) for i, match in matches if match is not None]
    _read_parts(parts, values, weights, day_first, notes)
    words = rest[np.isnat(values[rest]) & ~blank[rest] & ~digits]
    words = words[[bool(re.search("[a-z]{3}", str(texts.iloc[i]).lower())) for i in words]] if len(words) else words
    if len(words):
        # Month names: "9 Dec 2011", "December 9, 2011". pandas reads them one by one, so only what is left comes here.
        named = pd.Series([small.iloc[int(np.searchsorted(rest, i))] for i in words])
        values[words] = _seconds(pd.to_datetime(named, format="mixed", dayfirst=True, errors="coerce", utc=True))
    return Dates(values, blank, notes)


def _ordinary(text: str) -> str:
    """Return a date in small letters with Chinese signs turned into punctuation and the time zone taken off."""
    text = tidy(text)
    if not text.isascii():
        text = _WEEKDAY.sub(" ", text)
        text = re.sub("[年月]", "-", text)
        text = re.sub("[日号號]", " ", text)
        text = re.sub("上午|早上|凌晨", " am ", text)
        text = re.sub("下午|晚上|中午", " pm ", text)
        text = re.sub("[时時点點分]", ":", text).replace("秒", "")
        text = " ".join(text.split()).rstrip(":")
    return _OFFSET.sub("", text)


def _seconds(moments: pd.Series | pd.DatetimeIndex) -> np.ndarray:
    plain = pd.DatetimeIndex(moments)
    if plain.tz is not None:
        plain = plain.tz_localize(None)
    return plain.to_numpy().astype("datetime64[s]")


def _from_digits(small: pd.Series) -> np.ndarray:
    """Read 20111209, 201112091250, 20111209125000, Unix seconds or milliseconds, and spreadsheet serial numbers."""
    result = np.full(len(small), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    length = small.str.len().to_numpy()
    whole = ~small.str.contains(".", regex=False).to_numpy(dtype=bool)
    for digits, form in ((8, "%Y%m%d"), (12, "%Y%m%d%H%M"), (14, "%Y%m%d%H%M%S")):
        here = whole & (length == digits)
        result[here] = _seconds(pd.to_datetime(small[here], format=form, errors="coerce"))
    for digits, per_second in ((10, 1), (13, 1000)):
        here = whole & (length == digits)
        result[here] = (small[here].astype("int64") // per_second).to_numpy().astype("datetime64[s]")
    number = pd.to_numeric(small, errors="coerce").to_numpy(dtype=float)
    serial = (number >= _SERIAL[0]) & (number <= _SERIAL[1]) & np.isnat(result)
    result[serial] = from_serial(number[serial])
    return result


def from_serial(days: np.ndarray) -> np.ndarray:
    """Turn spreadsheet serial numbers (days since 1899-12-30) into moments.

    Examples
    --------
    >>> from_serial(np.array([40878.5])).astype(str).tolist()
    ['2011-12-01T12:00:00']
    """
    return np.datetime64(_EPOCH, "s") + np.round(days * 86_400).astype("timedelta64[s]")


def _read_parts(
    parts: list[tuple[int, re.Match[str]]],
    values: np.ndarray,
    weights: np.ndarray,
    day_first: bool | None,
    notes: list[str],
) -> None:
    """Read dates of three numbers, after finding out in which order they stand."""
    if not parts:
        return
    where = np.array([i for i, _ in parts])
    a, b, c = (np.array([int(match[name]) for _, match in parts]) for name in "abc")
    year_first = np.array([len(match["a"]) > 2 for _, match in parts])
    clear_day = ~year_first & (a > 12) & (b <= 12)
    clear_month = ~year_first & (b > 12) & (a <= 12)
    unclear = ~year_first & (a <= 12) & (b <= 12)
    day_rows, month_rows = (int(weights[where[mask]].sum()) for mask in (clear_day, clear_month))
    if day_first is None:
        if day_rows == month_rows == 0 and unclear.any():
            day_first, reason = _guess_order(a[unclear], b[unclear], c[unclear], [m for _, m in parts])
        else:
            day_first, reason = day_rows >= month_rows, "most clear dates stand in this order"
        rows = int(weights[where[unclear & (a != b)]].sum())
        if rows and (min(day_rows, month_rows) > 0 or day_rows == month_rows == 0):
            order = "day before month" if day_first else "month before day"
            other = option(f"day_first={not day_first}", "--month-first" if day_first else "--day-first")
            notes.append(
                f"{rows:,} dates such as 03/04/2011 were read with the {order} ({reason}); {other} changes it."
            )
    day_leads = clear_day | (unclear & bool(day_first))
    year = np.where(year_first, a, c)
    month = np.where(year_first | day_leads, b, a)
    day = np.where(year_first, c, np.where(day_leads, a, b))
    # Two-digit years follow the POSIX rule of strptime: 69 to 99 are 1969 to 1999, 0 to 68 are 2000 to 2068.
    year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    hour, minute, second = (
        np.array([int(match[name] or 0) for _, match in parts]) for name in ("hour", "minute", "second")
    )
    half = [match["early"] or match["late"] for _, match in parts]
    hour = hour + 12 * np.array([mark == "pm" for mark in half]) * (hour < 12)
    hour = np.where(np.array([mark == "am" for mark in half]) & (hour == 12), 0, hour)
    columns = {"year": year, "month": month, "day": day, "hour": hour, "minute": minute, "second": second}
    values[where] = _seconds(pd.to_datetime(pd.DataFrame(columns), errors="coerce"))


def _guess_order(a: np.ndarray, b: np.ndarray, c: np.ndarray, matches: list[re.Match[str]]) -> tuple[bool, str]:
    """Guess the order of day and month where no date is clear: points mean day first, else what runs in order wins."""
    if "." in matches[0].string[:6]:
        return True, "dates with points put the day first"
    as_day, as_month = c * 10_000 + b * 100 + a, c * 10_000 + a * 100 + b
    day_steps, month_steps = (int((np.diff(key) >= 0).sum()) for key in (as_day, as_month))
    if day_steps != month_steps:
        return day_steps > month_steps, "read so, the rows stand in order of time"
    return True, "nothing in the file tells"
