"""The single signs of a leak, one function each; `leakage.audit_leakage` puts them together."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from crmlab.churn.checks import Flags
from crmlab.churn.measures import Estimate, auc, wilson

FEWEST = 20
"""Customers that a value must have before its rate of leaving is looked at."""

_ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|code|no|nr)$|(?<=[a-z])(ID|Id)$|编号|編號|号码|號碼|ID$", re.UNICODE)


class View(NamedTuple):
    """A column as numbers: `values` for ranking (NaN where missing or not ordered), `codes` of distinct values.

    `codes` are −1 where missing; `labels` are the distinct values, for words.
    """

    values: npt.NDArray[np.float64] | None
    codes: npt.NDArray[np.int64]
    labels: pd.Index
    numeric: bool


def read_column(column: pd.Series) -> View:
    """Return a column as numbers; text that holds numbers counts as numbers."""
    codes, labels = pd.factorize(column)
    codes = codes.astype(np.int64)
    dtype = column.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        stamps = column.dt.tz_localize(None) if column.dt.tz is not None else column
        numbers = stamps.to_numpy("datetime64[s]").astype(np.int64).astype(np.float64)
        return View(np.where(column.isna(), np.nan, numbers), codes, pd.Index(labels), True)
    if pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype):
        numbers = column.to_numpy(np.float64, na_value=np.nan)
        return View(np.nan_to_num(numbers, nan=np.nan, posinf=1e308, neginf=-1e308), codes, pd.Index(labels), True)
    as_numbers = pd.to_numeric(pd.Series(labels), errors="coerce").to_numpy(np.float64)
    if len(labels) and np.isfinite(as_numbers).mean() > 0.95:
        return View(np.append(as_numbers, np.nan)[codes], codes, pd.Index(labels), True)
    return View(None, codes, pd.Index(labels), False)


def power(view: View, left: Flags) -> Estimate:
    """Return the area under the ROC curve of the column alone, in the direction in which it is larger.

    Values without an order are ranked by the rate of leaving of their other half of the rows, so that rare values do
    not know their own label. Missing values stand below all others or above them, whichever tells more.
    """
    if view.values is None:
        return _upwards(auc(left, _rates_of_other_half(view.codes, left)))
    missing = np.isnan(view.values)
    if missing.all():
        return Estimate(0.5, 0.5, 0.5)
    known = view.values[~missing]
    fills = (known.min() - 1, known.max() + 1) if missing.any() else (0.0,)
    found = [_upwards(auc(left, np.where(missing, fill, view.values))) for fill in fills]
    return max(found, key=lambda each: each.estimate)


def _upwards(found: Estimate) -> Estimate:
    return found if found.estimate >= 0.5 else Estimate(1 - found.estimate, 1 - found.high, 1 - found.low)


def _rates_of_other_half(codes: npt.NDArray[np.int64], left: Flags) -> npt.NDArray[np.float64]:
    """Return, for each row, the smoothed rate of its value in the half of the rows that it does not belong to."""
    half = np.random.default_rng(0).permutation(len(codes)) % 2 == 0
    size = int(codes.max()) + 2
    shifted, out, base = codes + 1, np.empty(len(codes)), left.mean()
    for mine in (half, ~half):
        other = ~mine
        count = np.bincount(shifted[other], minlength=size)
        gone = np.bincount(shifted[other], left[other], minlength=size)
        # Within each half scores are compared with their own kind only through the common base rate.
        out[mine] = ((gone + base) / (count + 1))[shifted[mine]]
    return out


def agreement(view: View, left: Flags) -> float:
    """Return how well the best single rule on the column tells the label: mean of the shares of both classes told.

    For ordered values the rule is a cut, or missing against known; for others, one value against the rest.
    """
    best = 0.5
    if view.values is not None:
        known = ~np.isnan(view.values)
        order = np.argsort(view.values[known], kind="stable")
        values, gone = view.values[known][order], left[known][order]
        ends = np.flatnonzero(np.append(values[1:] != values[:-1], True)) if len(values) else np.zeros(0, np.int64)
        below = np.cumsum(gone)[ends] / left.sum()
        below_stay = np.cumsum(~gone)[ends] / (~left).sum()
        best = max(best, float(np.abs(below - below_stay).max(initial=0.0)) / 2 + 0.5)
    shifted = view.codes + 1
    gone_share = np.bincount(shifted, left) / left.sum()
    stay_share = np.bincount(shifted, ~left) / (~left).sum()
    return max(best, float(np.abs(gone_share - stay_share).max()) / 2 + 0.5)


class Tell(NamedTuple):
    """A value that gives the label away; `odds` against the usual odds of leaving, lower limit at 99.9%."""

    value: str
    customers: int
    rate: float
    odds: float


def telling_value(view: View, left: Flags) -> Tell | None:
    """Return the value (missing included) with the highest odds of leaving, or None where none is frequent enough."""
    shifted = view.codes + 1
    count = np.bincount(shifted, minlength=len(view.labels) + 1)
    gone = np.bincount(shifted, left, minlength=len(view.labels) + 1)
    frequent = np.flatnonzero((count >= FEWEST) & (count < len(left)))
    known = np.flatnonzero(view.codes >= 0)
    candidates: list[tuple[str, float, float]] = [
        ("missing" if code == 0 else str(view.labels[code - 1]), count[code], gone[code]) for code in frequent[:5_000]
    ]
    if len(known) and len(known) < len(left):
        candidates.append(("not missing", len(known), left[known].sum()))
    if not candidates:
        return None
    base = left.mean() / (1 - left.mean())
    customers = np.array([each[1] for each in candidates], float)
    leavers = np.array([each[2] for each in candidates], float)
    low = np.minimum(wilson(leavers, customers, 0.999)[0], 1 - 1e-12)
    best = int(np.argmax(low))
    odds = low[best] / (1 - low[best]) / base
    return Tell(candidates[best][0], int(customers[best]), float(leavers[best] / customers[best]), float(odds))


def share_late(column: pd.Series, cut_off: pd.Series | None, available: Any) -> float:
    """Return the share of values that were known only after the cut-off; NaN where that cannot be told."""
    if cut_off is None:
        return float("nan")
    known = column.notna().to_numpy()
    if not known.any():
        return 0.0
    if available is not None:
        moments = (
            available if isinstance(available, pd.Series) else pd.Series(pd.Timestamp(available), index=column.index)
        )
    elif pd.api.types.is_datetime64_any_dtype(column.dtype):
        moments = column
    else:
        return float("nan")
    stamps = pd.to_datetime(pd.Series(moments.to_numpy()))
    if stamps.dt.tz is not None:
        stamps = stamps.dt.tz_localize(None)
    return float((stamps.to_numpy() >= cut_off.to_numpy())[known].mean())


def averages_of_label(view: View, left: Flags) -> int | None:
    """Return the number of groups where the values are group averages of the label on these rows, else None.

    An honest estimate of the rate of a group misses the group's own rate by chance; an average computed on the same
    rows does not miss it at all, or only by a smoothing that pulls small groups towards the mean in a fixed way. The
    sign is a fit that is too good: a chi-squared statistic as small as in one of a million honest columns.
    """
    if view.values is None or not len(view.labels):
        return None
    count = np.bincount(view.codes[view.codes >= 0], minlength=len(view.labels)).astype(float)
    gone = np.bincount(view.codes[view.codes >= 0], left[view.codes >= 0].astype(float), minlength=len(view.labels))
    values = read_column(pd.Series(view.labels)).values
    if values is None or np.nanmin(values) < 0 or np.nanmax(values) > 1:
        return None
    base = left.mean()
    several = (count >= 5) & np.isfinite(values)
    pure = _label_decided(count, gone.astype(float), float(base))
    groups = int(several.sum())
    if groups >= 5:
        n, rate, value = count[several], gone[several] / count[several], values[several]
        smoothing = np.concatenate([[0.0], np.geomspace(0.25, 200, 60)])
        expected = base + (n / (n + smoothing[:, None])) * (rate - base)
        spread = np.maximum(value * (1 - value), 1 / (4 * n))
        statistic = (n * (value - expected) ** 2 / spread).sum(axis=1).min()
        if chi2.cdf(statistic, groups - 1) < 1e-6:
            return groups
    return groups if pure else None


def _label_decided(count: npt.NDArray[np.float64], gone: npt.NDArray[np.float64], base: float) -> bool:
    """Whether every repeated value has one label only, as leave-one-out averages have, beyond all chance.

    Averages over groups of a few customers take few values, of which both labels have some: these go unnoticed.
    """
    repeated = (count >= 2) & (count < count.sum() / 2)
    if repeated.sum() < 10:
        return False
    n, k = count[repeated], gone[repeated]
    mixed = ((k > 0) & (k < n)).sum()
    chance = 1 - base**n - (1 - base) ** n
    expected, variance = chance.sum(), (chance * (1 - chance)).sum()
    return bool(expected > 10 and mixed < expected - 6 * np.sqrt(variance) and mixed < 0.35 * expected)


def names_rows(name: str, column: pd.Series, unique: float) -> str | None:
    """Return why a column identifies rows, or None."""
    known = column.dropna()
    if len(known) < FEWEST:
        return None
    distinct = known.nunique()
    share = distinct / len(known)
    if share < unique:
        return None
    text = not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype))
    if text and pd.to_numeric(known.astype(str), errors="coerce").notna().mean() > 0.95 and not _ID_NAME.search(name):
        return None  # amounts that came as text
    if text:
        return f"{distinct:,} different texts in {len(known):,} rows"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return None
    if _ID_NAME.search(name):
        return f"{distinct:,} different values in {len(known):,} rows, and its name is that of a number of a record"
    numbers = known.to_numpy(np.float64)
    whole = bool((numbers == np.round(numbers)).all())
    ordered = bool((np.diff(numbers) > 0).all() or (np.diff(numbers) < 0).all())
    dense = whole and np.ptp(numbers) < 3 * len(numbers) and share > 0.999
    if (whole and ordered) or dense:
        order = ", in the order of the rows" if ordered else ""
        return f"{distinct:,} different whole numbers in {len(known):,} rows{order}"
    return None


class Drift(NamedTuple):
    """Difference between training and use: population stability index, whether beyond chance, and in words."""

    psi: float
    sure: bool
    words: str


def drift(training: pd.Series, use: pd.Series) -> Drift:
    """Return how differently a column is distributed in training and in use."""
    from crmlab.churn.drift import stability

    found = stability(training, use)
    missing = use.isna().mean()
    if missing > 0.99 and training.isna().mean() < 0.9:
        words = f"in use it is empty ({missing:.1%} missing, {training.isna().mean():.1%} in training)"
    elif use.nunique() <= 1 < training.nunique():
        words = "in use it has one value only"
    else:
        words = f"in use it is distributed differently (population stability index {found.psi:.2f})"
    return Drift(found.psi, found.p_value < 1e-6, words)


def chance_of_equal_rows(X: pd.DataFrame) -> float:
    """Return the chance that two rows drawn at random are equal, if the columns were independent."""
    chance = 1.0
    for name in X.columns:
        shares = X[name].value_counts(normalize=True, dropna=False).to_numpy()
        chance *= float((shares**2).sum())
    return chance
