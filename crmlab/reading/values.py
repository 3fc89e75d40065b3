"""Text to numbers: currency signs, thousands separators, decimal commas, brackets and trailing minus signs."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

BLANK = frozenset(
    {"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "—", "?", "\\n", "<na>", "nat", "无", "無", "空"}
)
"""What stands for "nothing here" in exports, in small letters."""

_CURRENCY = {
    "€": "€", "eur": "€", "£": "£", "gbp": "£", "us$": "$", "usd": "$", "$": "$", "nt$": "NT$",
    "ntd": "NT$", "twd": "NT$", "hk$": "HK$", "hkd": "HK$", "¥": "¥", "cny": "¥", "rmb": "¥", "元": "¥",
    "圆": "¥", "人民币": "¥", "jpy": "JPY", "円": "JPY", "chf": "CHF", "kr": "kr", "sek": "SEK",
    "nok": "NOK", "dkk": "DKK", "zł": "zł", "pln": "zł", "₹": "₹", "rs": "₹", "inr": "₹", "r$": "R$",
    "brl": "R$", "₽": "₽", "rub": "₽", "₩": "₩", "krw": "₩", "a$": "A$", "aud": "A$", "c$": "C$",
    "cad": "C$",
}  # fmt: skip
_SIGNS = "|".join(sorted(map(re.escape, _CURRENCY), key=len, reverse=True))
_NUMBER = re.compile(
    rf"^(?P<open>\()?\s*(?P<minus1>-)?\s*(?P<currency1>{_SIGNS})?\s*(?P<minus2>-)?\s*(?P<digits>\d[\d.,'\s]*|[.,]\d+)"
    rf"(?P<exponent>e[+-]?\d+)?\s*(?P<currency2>{_SIGNS})?\s*(?P<minus3>-)?\s*(?P<close>\))?$"
)
_PLAIN = r"-?\d+(?:\.\d+)?"
_CLEAR_POINT = r"-?\d+\.(?:\d{1,2}|\d{4,})"
_DATE_LIKE = re.compile(r"^\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}")


@dataclass
class Numbers:
    """Numbers read from text.

    Attributes
    ----------
    values : ndarray of float, shape (n,)
        NaN where the text is blank or not a number.
    blank : ndarray of bool, shape (n,)
        Where there was nothing to read.
    currency : ndarray of object, shape (n,)
        Currency sign seen with the number, empty where none.
    decimal : str
        The decimal sign that was used.
    notes : list of str
        Assumptions made.
    """

    values: np.ndarray
    blank: np.ndarray
    currency: np.ndarray
    decimal: str = "."
    notes: list[str] = field(default_factory=list)


def tidy(text: str) -> str:
    """Return text in small letters, full-width signs made ordinary, every kind of space and minus made one.

    Examples
    --------
    >>> tidy("￥１，２３４．５０"), tidy("−5\u202f000")
    ('¥1,234.50', '-5 000')
    """
    if text.isascii():
        return text.strip().lower()
    text = unicodedata.normalize("NFKC", text).strip().lower()
    return re.sub(r"\s", " ", re.sub("[−–‒﹣]", "-", text))


def looks_like_value(cell: str) -> bool:
    """Tell whether a cell holds a number or a date, so that its row cannot be a header.

    Examples
    --------
    >>> [looks_like_value(cell) for cell in ("29.33", "€ 5", "2011-12-09 12:50", "Amount (€)", "")]
    [True, True, True, False, False]
    """
    text = tidy(cell)
    return bool(_NUMBER.match(text) or _DATE_LIKE.match(text))


def parse_numbers(texts: pd.Series, counts: np.ndarray | None = None, *, decimal: str | None = None) -> Numbers:
    """Read numbers as people write them.

    Parameters
    ----------
    texts : Series of str, shape (n,)
        What stands in the file; best the distinct values, with how often each occurs.
    counts : ndarray of int, shape (n,), optional
        How often each text occurs, for the evidence about the decimal sign.
    decimal : str, optional
        ``"."`` or ``","``; found from the values when not given: a sign that is followed by other than three digits, or
        that comes last of two kinds, is the decimal sign.

    Returns
    -------
    Numbers

    Examples
    --------
    >>> parse_numbers(pd.Series(["1.234,50 €", "(12,00)", "7-", "free"])).values.tolist()
    [1234.5, -12.0, -7.0, nan]
    """
    raw = texts.to_numpy(dtype=object)
    count = len(raw)
    weights = np.ones(count) if counts is None else counts
    values = np.full(count, np.nan)
    blank = np.zeros(count, dtype=bool)
    currency = np.full(count, "", dtype=object)
    hard: list[tuple[int, re.Match[str]]] = []
    plain_mask = texts.str.fullmatch(_PLAIN).to_numpy(dtype=bool, na_value=False)
    for i in np.flatnonzero(~plain_mask).tolist():
        small = tidy(raw[i])
        if small in BLANK:
            blank[i] = True
            continue
        match = _NUMBER.match(small)
        if match and bool(match["open"]) == bool(match["close"]):
            hard.append((i, match))
            currency[i] = _CURRENCY.get(match["currency1"] or match["currency2"] or "", "")
    notes: list[str] = []
    if decimal is None:
        evidence = _decimal_evidence([(m["digits"], weights[i]) for i, m in hard])
        clear = texts.str.fullmatch(_CLEAR_POINT).to_numpy(dtype=bool, na_value=False)
        evidence["point"] += float(weights[clear].sum())
        # "1.234" alone reads as 1.234 (a plain number) unless the other values use a decimal comma.
        decimal = "," if evidence["point"] < evidence["comma"] else "."
        if evidence["point"] == evidence["comma"] == 0 and evidence["unclear_comma"] > 0:
            notes.append("A comma before three digits, as in 1,234, was read as a thousands separator.")
    if decimal == ",":
        hard += [(i, m) for i in np.flatnonzero(plain_mask).tolist() if (m := _NUMBER.match(raw[i])) is not None]
    else:
        values[plain_mask] = pd.to_numeric(pd.Series(raw[plain_mask]), errors="coerce").to_numpy(dtype=float)
    for i, match in hard:
        values[i] = _number(match, decimal)
    return Numbers(values, blank, currency, decimal, notes)


def _decimal_evidence(digits: list[tuple[str, float]]) -> dict[str, float]:
    """Weigh, over all numbers that are not plain, which sign must be the decimal one."""
    evidence = {"comma": 0.0, "point": 0.0, "unclear_comma": 0.0}
    for text, weight in digits:
        comma, point = text.rfind(","), text.rfind(".")
        if comma >= 0 and point >= 0:
            evidence["comma" if comma > point else "point"] += weight
        elif comma >= 0 and text.count(",") == 1:
            after = len(text) - comma - 1
            evidence["unclear_comma" if after == 3 and comma > 0 else "comma"] += weight
        elif comma >= 0:
            evidence["point"] += weight
        elif point >= 0 and text.count(".") > 1:
            evidence["comma"] += weight
    return evidence


def _number(match: re.Match[str], decimal: str) -> float:
    thousands = "," if decimal == "." else "."
    digits = re.sub(r"[\s']", "", match["digits"])
    # Thousands come in threes; India writes 12,34,567. Anything else is a slip that must not become another number.
    groups = digits.split(decimal)[0].split(thousands)
    if digits.count(decimal) > 1 or thousands in digits.partition(decimal)[2]:
        return float("nan")
    if len(groups) > 1 and (len(groups[-1]) != 3 or any(len(group) not in (2, 3) for group in groups[1:])):
        return float("nan")
    digits = digits.replace(thousands, "").replace(decimal, ".")
    negative = any((match["minus1"], match["minus2"], match["minus3"], match["open"]))
    try:
        value = float(digits + (match["exponent"] or ""))
    except ValueError:
        return float("nan")
    return -value if negative else value
