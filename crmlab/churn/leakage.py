"""Looking for columns that know the future: a ranked, explained table of suspects in any labelled table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from crmlab.churn import leakage_signs as signs
from crmlab.churn.checks import Flags, as_labels
from crmlab.features import DateLike, as_day
from crmlab.tables import TableError

KINDS = {
    "copy of the label": "it says nearly the same as the label",
    "too strong": "alone it ranks customers better than an honest column does",
    "gives itself away": "some of its values occur almost only among those who left, or is missing only there",
    "known too late": "its values were not known at the cut-off",
    "averages of the label": "its values are averages of the label over groups, computed on these rows",
    "names the row": "it identifies customers or rows instead of describing them",
    "different in use": "it does not look like this where the model will be used",
}
"""The kinds of leak that `audit_leakage` looks for, worst first."""


class Thresholds(NamedTuple):
    """From where on a column is suspect.

    The defaults were set so that honest columns of simulated customer tables are hardly ever flagged
    (``validation/test_leakage.py``); a strong honest column, such as recency in a business without contracts, may be.

    Attributes
    ----------
    power : float
        Area under the ROC curve of the column alone (its lower limit), 0.5 to 1.
    copy : float
        Share of leavers told by the best single rule plus share of stayers, halved.
    odds : float
        How many times the usual odds of leaving a value must have (lower limit).
    unique : float
        Share of rows with a value of their own, for a column that names rows.
    late : float
        Share of values after the cut-off that is excused (clocks differ).
    drift : float
        Population stability index between training and use.
    """

    power: float = 0.90
    copy: float = 0.97
    odds: float = 15.0
    unique: float = 0.95
    late: float = 0.0
    drift: float = 0.25


def audit_leakage(
    X: pd.DataFrame,
    y: Any,
    *,
    as_of: DateLike | pd.Series | None = None,
    available: Mapping[str, Any] | None = None,
    deployment: pd.DataFrame | None = None,
    thresholds: Thresholds | None = None,
) -> pd.DataFrame:
    """Look at each column of a labelled table for signs that it knows the label.

    A flag is a question, not a verdict: when is this column filled, and would it be filled when the model is used? The
    table itself cannot answer that; `as_of`, `available` and `deployment` help.

    Parameters
    ----------
    X : DataFrame, shape (n, columns)
        One row per customer. Numbers, text, categories, booleans and dates; missing values are a sign of their own.
    y : array_like of bool, shape (n,)
        Who left.
    as_of : date or Series of dates, optional
        Cut-off, one for all or one per row: columns of dates must not lie after it.
    available : mapping of str to date or Series of dates, optional
        When the value of a column became known, for all rows or row by row; needs `as_of`.
    deployment : DataFrame, optional
        Rows as they look where the model is used, without labels: a column that is empty or constant there, or
        distributed quite differently, has been filled later in training.
    thresholds : Thresholds, optional
        From where on a column is suspect.

    Returns
    -------
    DataFrame
        One row per column, indexed by ``column``, suspects first: ``suspect`` (bool), ``kind`` (the worst of `KINDS`,
        empty where none), ``evidence`` (a sentence with numbers), ``power`` (area under the ROC curve of the column
        alone, at least 0.5; text and categories by rates of other rows), ``missing`` (share), ``distinct`` (values),
        ``late`` (share of values after the cut-off, NaN where unknown), ``drift`` (population stability index, NaN
        without `deployment`).

    Raises
    ------
    TableError
        If the table is empty, has columns of one name, the labels are no labels, or lengths differ.

    See Also
    --------
    shared_rows : equal rows in different folds, the leak that no column shows.

    References
    ----------
    Kaufman, Rosset, Perlich & Stitelman (2012), Leakage in data mining, ACM Transactions on Knowledge Discovery from
    Data 6(4): 15.

    Examples
    --------
    >>> table = pd.DataFrame({"visits": [3, 1, 4, 1, 5, 9, 2, 6] * 50, "cancel_page": [0, 0, 1, 0, 0, 1, 0, 0] * 50})
    >>> found = audit_leakage(table, [0, 0, 1, 0, 0, 1, 0, 0] * 50)
    >>> found.loc["cancel_page", "kind"]
    'copy of the label'
    """
    left, limits = _check(X, y), thresholds or Thresholds()
    cut_off = _cut_offs(as_of, X)
    if available and cut_off is None:
        raise ValueError("available needs as_of: say which moment the values must have been known at.")
    unknown = sorted(set(available or {}) - set(X.columns))
    if unknown:
        raise TableError(f"available names columns that the table lacks: {', '.join(map(repr, unknown))}.")
    rows = [
        _audit_column(str(name), X[name], left, cut_off, (available or {}).get(name), deployment, limits)
        for name in X.columns
    ]
    table = pd.DataFrame(rows).set_index("column")
    badness = table["kind"].map({kind: rank for rank, kind in enumerate(KINDS)}).fillna(len(KINDS))
    return table.iloc[np.lexsort((-table["power"].to_numpy(), badness.to_numpy()))]


def shared_rows(X: pd.DataFrame, y: Any, folds: Any) -> pd.DataFrame:
    """Return how many rows of each fold stand in another fold too, label included.

    Resampling before splitting (SMOTE, oversampling) or rows entered twice do this. A model then recognises instead of
    predicting, and its measured quality is that of its memory.

    Parameters
    ----------
    X : DataFrame
        One row per customer.
    y : array_like of bool
        Who left.
    folds : array_like
        Fold of each row.

    Returns
    -------
    DataFrame
        Indexed by ``fold``: ``rows``, ``also_elsewhere`` (rows with an equal row in another fold), ``share``, and
        ``expected_share``: what chance would give if the columns were independent (related ones give more).
        Where there are few columns with few values, equal rows are no sign of anything.

    Examples
    --------
    >>> table = pd.DataFrame({"visits": [3, 3, 7, 8], "city": ["Ulm", "Ulm", "Bern", "Graz"]})
    >>> shared_rows(table, [0, 0, 1, 0], folds=[0, 1, 0, 1])["also_elsewhere"].tolist()
    [1, 1]
    """
    left = _check(X, y)
    fold = pd.Series(np.asarray(folds).ravel())
    if len(fold) != len(X):
        raise TableError(f"folds has {len(fold):,} values for {len(X):,} rows.")
    key = pd.util.hash_pandas_object(X.reset_index(drop=True).assign(**{"the label": left}), index=False)
    pairs = pd.DataFrame({"key": key.to_numpy(), "fold": fold.to_numpy()})
    folds_of_key = pairs.drop_duplicates().groupby("key").size()
    elsewhere = folds_of_key.reindex(pairs["key"]).to_numpy() > 1
    table = pairs.assign(elsewhere=elsewhere).groupby("fold")["elsewhere"].agg(["size", "sum"])
    table.columns = pd.Index(["rows", "also_elsewhere"])
    table["share"] = table["also_elsewhere"] / table["rows"]
    match = signs.chance_of_equal_rows(X)
    table["expected_share"] = -np.expm1(-match * (len(X) - table["rows"]))
    return table


def _check(X: pd.DataFrame, y: Any) -> Flags:
    if not isinstance(X, pd.DataFrame):
        raise TableError(f"X must be a DataFrame with one row per customer, not {type(X).__name__}.")
    if X.empty:
        raise TableError("X has no rows or no columns.")
    if not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()].unique()
        raise TableError(f"X has several columns named {', '.join(map(repr, twice))}.")
    left = as_labels(y, name="y")
    if len(left) != len(X):
        raise TableError(f"y has {len(left):,} labels for {len(X):,} rows.")
    return left


def _cut_offs(as_of: Any, X: pd.DataFrame) -> pd.Series | None:
    """Return the last moment whose knowledge is allowed, row by row: the end of the cut-off's day."""
    if as_of is None:
        return None
    if isinstance(as_of, pd.Series):
        if len(as_of) != len(X):
            raise TableError(f"as_of has {len(as_of):,} dates for {len(X):,} rows.")
        day = pd.to_datetime(as_of).dt.normalize().to_numpy()
    else:
        day = np.repeat(np.datetime64(as_day(as_of)), len(X))
    return pd.Series(day, index=X.index) + pd.Timedelta(days=1)


def _audit_column(
    name: str,
    column: pd.Series,
    left: Flags,
    cut_off: pd.Series | None,
    available: Any,
    deployment: pd.DataFrame | None,
    limits: Thresholds,
) -> dict[str, Any]:
    view = signs.read_column(column)
    power = signs.power(view, left)
    found: dict[str, str] = {}
    if (agreement := signs.agreement(view, left)) > limits.copy:
        found["copy of the label"] = f"the best single rule on it tells {agreement:.1%} of leavers and stayers apart"
    if power.low > limits.power:
        found["too strong"] = f"alone it ranks a leaver above a stayer in {power.estimate:.1%} of pairs"
    if (tell := signs.telling_value(view, left)) is not None and tell.odds > limits.odds:
        found["gives itself away"] = (
            f"where it is {tell.value}, {tell.rate:.1%} of {tell.customers:,} left, against {left.mean():.1%} of all"
        )
    late = signs.share_late(column, cut_off, available)
    if late > limits.late:
        found["known too late"] = f"{late:.1%} of its values are of a time after the cut-off"
    if (groups := signs.averages_of_label(view, left)) is not None:
        found["averages of the label"] = (
            f"its {groups:,} distinct values agree with the rate of leaving among the rows that have them far better "
            "than chance allows"
        )
    if (reason := signs.names_rows(name, column, limits.unique)) is not None:
        found["names the row"] = reason
    drift = signs.drift(column, deployment[name]) if deployment is not None and name in deployment else None
    if deployment is not None and name not in deployment:
        found["different in use"] = "where the model will be used there is no such column"
    elif drift is not None and drift.psi > limits.drift and drift.sure:
        found["different in use"] = drift.words
    kind = next((kind for kind in KINDS if kind in found), "")
    return {
        "column": name,
        "suspect": bool(found),
        "kind": kind,
        "evidence": ". ".join(f"{found[each][0].upper()}{found[each][1:]}" for each in KINDS if each in found),
        "power": power.estimate,
        "missing": float(column.isna().mean()),
        "distinct": int(column.nunique()),
        "late": late,
        "drift": drift.psi if drift is not None else float("nan"),
    }
