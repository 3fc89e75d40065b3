"""Whether customers still look as they did in training, and whether the model still holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from crmlab.churn.checks import as_labels, as_probabilities
from crmlab.churn.measures import auc, brier
from crmlab.tables import TableError


class Stability(NamedTuple):
    """Population stability index and the chi-squared p-value of equal distributions."""

    psi: float
    p_value: float


def stability(reference: pd.Series, current: pd.Series, *, bins: int = 10) -> Stability:
    """Return the population stability index between two samples of one column.

    It sums (share now − share then) × ln(share now ÷ share then) over groups: tenths of the reference for numbers and
    dates, values for the rest (rare ones together); missing values are a group of their own. Half a case is added to
    each group, so that an empty one does not make it infinite. By custom, below 0.1 is calm and above 0.25 a changed
    population; with few rows chance alone reaches these figures, which the p-value tells.

    Parameters
    ----------
    reference, current : Series
        The column then and now.
    bins : int, default 10
        Groups of numbers.

    Returns
    -------
    Stability

    References
    ----------
    Yurdakul & Naranjo (2020), Statistical properties of the population stability index, Journal of Risk Model
    Validation 14(4).

    Examples
    --------
    >>> stability(pd.Series(range(100)), pd.Series(range(100))).psi
    0.0
    """
    if not len(reference) or not len(current):
        raise TableError("Both samples need at least one row.")
    then, now = _group_counts(reference, current, bins)
    used = (then + now) > 0
    table = np.stack([then[used], now[used]])
    smooth = table + 0.5
    shares = smooth / smooth.sum(axis=1, keepdims=True)
    plain = table / table.sum(axis=1, keepdims=True)
    equal = np.allclose(plain[0], plain[1], atol=1e-12)
    psi = 0.0 if equal else float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
    p_value = 1.0 if table.shape[1] == 1 else float(chi2_contingency(table, correction=False).pvalue)
    return Stability(psi, p_value)


def _group_counts(reference: pd.Series, current: pd.Series, bins: int) -> tuple[np.ndarray, np.ndarray]:
    ordered = all(
        pd.api.types.is_numeric_dtype(each.dtype) or pd.api.types.is_datetime64_any_dtype(each.dtype)
        for each in (reference, current)
    )
    if not ordered:
        both = pd.concat([reference.astype(str).where(reference.notna()), current.astype(str).where(current.notna())])
        codes, labels = pd.factorize(both)
        count = np.bincount(codes[codes >= 0], minlength=len(labels))
        rare = count < max(5, 0.005 * len(both))
        codes = np.where(codes < 0, len(labels) + 1, np.where(np.append(rare, False)[codes], len(labels), codes))
        split = len(reference)
        return tuple(np.bincount(part, minlength=len(labels) + 2) for part in (codes[:split], codes[split:]))  # type: ignore[return-value]
    numbers = [_as_numbers(each) for each in (reference, current)]
    known = numbers[0][~np.isnan(numbers[0])]
    edges = (
        np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf")) if len(known) else np.zeros(0)
    )
    if len(edges) and len(np.unique(known)) <= bins:
        edges = np.unique(known)  # few values: each is a group, and what is above all a further one
    counts = []
    for values in numbers:
        code = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
        counts.append(np.bincount(code.astype(np.int64), minlength=len(edges) + 2))
    return counts[0], counts[1]


def _as_numbers(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        seconds = column.to_numpy("datetime64[s]").astype(np.int64).astype(np.float64)
        return np.where(column.isna(), np.nan, seconds)
    return column.to_numpy(np.float64, na_value=np.nan)


def drift_report(reference: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Compare all columns of two tables, most changed first.

    Parameters
    ----------
    reference, current : DataFrame
        The customers of training and of now.

    Returns
    -------
    DataFrame
        Indexed by ``column``: ``psi``, ``p_value``, ``reading``: calm, shifting, changed, ``chance`` where the p-value
        is above 0.01, ``missing`` where one table lacks the column.
    """
    rows = []
    for name in reference.columns.union(current.columns, sort=False):
        if name not in reference or name not in current:
            rows.append({"column": name, "psi": np.nan, "p_value": np.nan, "reading": "missing"})
            continue
        found = stability(reference[name], current[name])
        reading = "calm" if found.psi < 0.1 else "shifting" if found.psi < 0.25 else "changed"
        rows.append({"column": name, **found._asdict(), "reading": "chance" if found.p_value > 0.01 else reading})
    table = pd.DataFrame(rows).set_index("column")
    return table.sort_values("psi", ascending=False, na_position="first", kind="stable")


def performance_over_time(y_true: Any, probability: Any, period: Sequence[Any] | pd.Series) -> pd.DataFrame:
    """Measure a model period by period.

    Parameters
    ----------
    y_true : array_like of bool, shape (n,)
        Who left.
    probability : array_like of float, shape (n,)
        Predicted probability of leaving.
    period : sequence, shape (n,)
        Period of each row, such as the cut-off.

    Returns
    -------
    DataFrame
        Indexed by ``period``, ascending: ``customers``, ``rate`` of leaving, ``predicted`` (mean), ``auc`` with
        ``auc_low`` and ``auc_high`` (NaN where all or none left), ``brier``.
    """
    left = as_labels(y_true, both=False)
    predicted = as_probabilities(probability, len(left))
    periods = pd.Series(np.asarray(period))
    if len(periods) != len(left):
        raise TableError(f"period has {len(periods):,} values for {len(left):,} labels.")
    if periods.isna().any():
        raise TableError(f"{int(periods.isna().sum()):,} rows have no period.")
    rows = []
    for name, places in periods.groupby(periods).indices.items():
        y, p = left[places], predicted[places]
        area = auc(y, p) if 0 < y.sum() < len(y) else (np.nan, np.nan, np.nan)
        rows.append(
            {
                "period": name,
                "customers": len(y),
                "rate": float(y.mean()),
                "predicted": float(p.mean()),
                **dict(zip(("auc", "auc_low", "auc_high"), area, strict=True)),
                "brier": brier(y, p).brier,
            }
        )
    return pd.DataFrame(rows).set_index("period")
