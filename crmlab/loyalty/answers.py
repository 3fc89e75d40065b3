"""Answers as people give them: text to numbers, one scale to another, top boxes, straight-liners."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmlab.loyalty.estimates import Estimate, as_floats, normal_quantile, share
from crmlab.tables import TableError

_LEADING_NUMBER = re.compile(r"^\s*([+-]?\d+(?:[.,]\d+)?)(?!\d)(?!\s*[-–—/.,:]?\s*\d)")


def read_ratings(
    answers: Any, *, low: float = 1, high: float = 5, not_applicable: Sequence[float | str] = ()
) -> pd.Series:
    """Turn answers into numbers: ``"5 – very satisfied"`` becomes 5.

    Nothing is guessed: an answer outside the scale is an error until it is named as one that does not count.

    Parameters
    ----------
    answers : array-like
        Numbers, or text that begins with a number; empty text is missing.
    low, high : float, default 1 and 5
        Ends of the scale.
    not_applicable : sequence, optional
        Answers that mean "does not concern me", such as 0, 99 or "n/a": they become missing.

    Returns
    -------
    Series of float64
        The index is that of `answers`.

    Raises
    ------
    TableError
        If an answer is not a number, or outside the scale; the message lists which.

    Examples
    --------
    >>> read_ratings(["5 – very satisfied", "0", None, "3"], not_applicable=[0]).tolist()
    [5.0, nan, nan, 3.0]
    >>> read_ratings([4, 0])
    Traceback (most recent call last):
        ...
    crmlab.tables.TableError: 1 of 2 answers are outside the scale from 1 to 5: 0. If they mean "not applicable", say \
not_applicable=[0]; otherwise give the scale's low and high.
    """
    if not low < high:
        raise ValueError(f"low must be below high, not {low!r} and {high!r}.")
    series = pd.Series(answers)
    words = {str(word).strip().casefold() for word in not_applicable if isinstance(word, str)}
    numbers_out = {float(word) for word in not_applicable if not isinstance(word, str)}
    if pd.api.types.is_numeric_dtype(series.dtype):
        parsed = pd.Series(series.to_numpy(dtype=np.float64, na_value=np.nan), index=series.index)
    else:
        text = pd.Series(["" if pd.isna(answer) else str(answer).strip() for answer in series], index=series.index)
        silent = pd.Series([not answer or answer.casefold() in words for answer in text], index=series.index)
        parsed = pd.Series(np.nan, index=series.index)
        found = text[~silent].map(_number).astype("float64")
        unread = text[~silent][found.isna()]
        if len(unread):
            listed = ", ".join(repr(answer) for answer in unread.unique()[:3])
            raise TableError(
                f"{len(unread):,} of {len(series):,} answers do not begin with a number, such as {listed}. "
                "Map them to numbers, or name them in not_applicable."
            )
        parsed[~silent] = found
    parsed = parsed.mask(parsed.isin(numbers_out))
    outside = parsed[(parsed < low) | (parsed > high)]
    if len(outside):
        listed = ", ".join(f"{value:g}" for value in sorted(outside.unique())[:5])
        raise TableError(
            f"{len(outside):,} of {len(series):,} answers are outside the scale from {low:g} to {high:g}: {listed}. "
            f'If they mean "not applicable", say not_applicable=[{listed}]; otherwise give the scale\'s low and high.'
        )
    return parsed


def _number(answer: str) -> float:
    found = _LEADING_NUMBER.match(answer)
    return float(found[1].replace(",", ".")) if found else np.nan


def convert_scale(
    ratings: Any, *, low: float, high: float, new_low: float = 0, new_high: float = 100, reverse: bool = False
) -> pd.Series:
    """Stretch ratings to another scale, ends onto ends.

    Means of scales with different numbers of points become comparable only roughly: people use a five-point scale
    and a ten-point scale differently, so a trend should not be glued across the change.

    Parameters
    ----------
    ratings : array-like
        Numbers from `low` to `high`.
    low, high : float
        Ends of the present scale.
    new_low, new_high : float, default 0 and 100
        Ends of the new scale.
    reverse : bool, default False
        Whether the best answer is the lowest, as with "how often did you wait?".

    Returns
    -------
    Series of float64

    Raises
    ------
    TableError
        If a rating is outside the present scale.

    Examples
    --------
    >>> convert_scale([1, 3, 5], low=1, high=5).tolist()
    [0.0, 50.0, 100.0]
    >>> convert_scale([1, 5], low=1, high=5, new_low=1, new_high=5, reverse=True).tolist()
    [5.0, 1.0]
    """
    numbers = read_ratings(ratings, low=low, high=high)
    part = (numbers - low) / (high - low)
    return new_low + (new_high - new_low) * ((1 - part) if reverse else part)


def top_box(ratings: Any, *, at_least: float = 4, level: float = 0.95) -> Estimate:
    """Return the share of ratings of `at_least` or better: with 4 of 5, the top two boxes.

    Parameters
    ----------
    ratings : array-like
        Numbers; missing ones do not count.
    at_least : float, default 4
        Lowest rating that counts as good.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate
        Share, with Wilson's interval.

    Examples
    --------
    >>> print(top_box([5, 4, 4, 2, None]))
    0.75 [0.301, 0.954], n = 4
    """
    numbers = as_floats(ratings, name="ratings")
    numbers = numbers[~np.isnan(numbers)]
    return share(int((numbers >= at_least).sum()), len(numbers), level=level)


def nps(ratings: Any, *, level: float = 0.95) -> Estimate:
    """Return the net promoter score: percentage of 9 and 10 less percentage of 0 to 6.

    A score is a difference of two shares of the same people, so that its error is larger than that of a share: with
    100 answers it is often known to ±15 only.

    Parameters
    ----------
    ratings : array-like
        Whole numbers from 0 to 10; missing ones do not count.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate
        Score from −100 to 100 and interval after Bonett and Price (one answer added to either side).

    Raises
    ------
    TableError
        If a rating is not a whole number from 0 to 10, or all are missing.

    References
    ----------
    Reichheld (2003), Harvard Business Review, December. Bonett & Price (2012), Journal of Educational and Behavioral
    Statistics 37, for differences of paired shares.

    Examples
    --------
    >>> print(nps([10, 9, 9, 8, 7, 3]))
    33.3 [-32.5, 82.5], n = 6
    """
    numbers = read_ratings(ratings, low=0, high=10).to_numpy()
    numbers = as_floats(numbers, name="ratings")
    numbers = numbers[~np.isnan(numbers)]
    if (numbers != np.round(numbers)).any():
        raise TableError("ratings must be whole numbers from 0 to 10.")
    count = len(numbers)
    promoters, detractors = int((numbers >= 9).sum()), int((numbers <= 6).sum())
    up, down = (promoters + 1) / (count + 2), (detractors + 1) / (count + 2)
    reach = normal_quantile(level) * np.sqrt((up + down - (up - down) ** 2) / (count + 2))
    low, high = max(up - down - reach, -1.0), min(up - down + reach, 1.0)
    return Estimate(100 * (promoters - detractors) / count, 100 * low, 100 * high, count)


def straight_liners(items: Any, *, least_items: int = 5) -> pd.Series:
    """Tell who gave the same answer to every item.

    On five items or more this is rarely an opinion. Look at them before they are left out: on a good day with a short
    list, somebody who is content with everything looks the same.

    Parameters
    ----------
    items : DataFrame
        One column per item.
    least_items : int, default 5
        Answers a respondent must have given to be judged.

    Returns
    -------
    Series of bool
        True for straight-liners.

    Examples
    --------
    >>> straight_liners(pd.DataFrame([[3, 3, 3, 3, 3], [3, 4, 3, 3, 3], [5, 5, None, None, None]])).tolist()
    [True, False, False]
    """
    frame = pd.DataFrame(items)
    if frame.shape[1] < least_items:
        raise TableError(f"Straight-lining is judged on {least_items} items or more, not {frame.shape[1]}.")
    numbers = pd.DataFrame({name: as_floats(frame[name], name=f"'{name}'") for name in frame}, index=frame.index)
    same = numbers.max(axis=1) == numbers.min(axis=1)
    return (same & (numbers.notna().sum(axis=1) >= least_items)).rename("straight_liner")
