"""The recipe for customer tables: read them as they are, prepare them inside the folds, measure with uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from crmlab.churn.checks import as_labels
from crmlab.churn.measures import Estimate, auc, brier, calibration, calibration_slope, lift
from crmlab.tables import TableError, require_columns


@dataclass(frozen=True)
class CustomerTable:
    """A table of customers, ready for a model.

    Attributes
    ----------
    X : DataFrame
        Columns that describe the customers; numbers are numbers, everything else is a category.
    y : Series of bool
        Who left.
    notes : list of str
        What was changed or set aside on the way, with counts.
    """

    X: pd.DataFrame
    y: pd.Series
    notes: list[str] = field(default_factory=list)


def read_customers(
    table: pd.DataFrame, *, label: str, positive: Any = None, ignore: Sequence[str] = ()
) -> CustomerTable:
    """Separate label and description, and read numbers that came as text.

    Parameters
    ----------
    table : DataFrame
        One row per customer.
    label : str
        Column that says who left.
    positive : object, optional
        Value of `label` that means leaving; not needed where the column holds booleans or 0 and 1.
    ignore : sequence of str
        Columns that are no description, such as a customer's number.

    Returns
    -------
    CustomerTable

    Raises
    ------
    TableError
        If columns are missing, a label is missing, or `positive` does not occur.

    Examples
    --------
    >>> raw = pd.DataFrame({"id": ["a", "b"], "charges": ["29.85", " "], "left": ["Yes", "No"]})
    >>> read_customers(raw, label="left", positive="Yes", ignore=["id"]).notes
    ['charges: 1 of 2 values is blank; kept as missing', 'not used: id']
    """
    require_columns(table, [label, *ignore], table="customers")
    if table.empty:
        raise TableError("The customers table has no rows.")
    answer = table[label]
    if answer.isna().any():
        raise TableError(f"{int(answer.isna().sum()):,} customers have no {label}. Set them aside first.")
    if positive is not None:
        if not (answer == positive).any():
            there = ", ".join(repr(each) for each in answer.unique()[:6])
            raise TableError(f"No customer has {label} == {positive!r}; there are {there}.")
        answer = answer == positive
    y = pd.Series(as_labels(answer, name=label), index=table.index, name=label)
    notes: list[str] = []
    columns = {}
    for name in table.columns.drop([label, *ignore]):
        columns[name] = _read(name, table[name], notes)
    if ignore:
        notes.append(f"not used: {', '.join(ignore)}")
    return CustomerTable(pd.DataFrame(columns, index=table.index), y, notes)


def _read(name: str, column: pd.Series, notes: list[str]) -> pd.Series:
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.astype(float) if not column.isna().any() else column.astype("Float64").astype(float)
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.astype(float)
        endless = np.isinf(numbers)
        if endless.any():
            notes.append(f"{name}: {_are(int(endless.sum()), len(column), 'infinite')}; kept as missing")
        return numbers.mask(endless)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        notes.append(f"{name}: dates, read as days since the first one")
        return (column - column.min()).dt.total_seconds() / 86_400
    text = column.astype("string").str.strip()
    blank = (text == "").fillna(False).to_numpy(bool)
    numbers = pd.to_numeric(text.mask(blank), errors="coerce")
    filled = text.notna().to_numpy() & ~blank
    if filled.any() and numbers[filled].notna().mean() > 0.95:
        if blank.any():
            notes.append(f"{name}: {_are(int(blank.sum()), len(column), 'blank')}; kept as missing")
        unread = int((filled & numbers.isna().to_numpy()).sum())
        if unread:
            notes.append(f"{name}: {_are(unread, len(column), 'no number')}; kept as missing")
        return numbers.astype(float)
    return text.mask(blank).astype(object).where(filled, np.nan)


def _are(count: int, total: int, what: str) -> str:
    return f"{count:,} of {total:,} values {'is' if count == 1 else 'are'} {what}"


def customer_pipeline(
    X: pd.DataFrame, model: BaseEstimator | None = None, *, calibrate: str | None = None, rarest: int = 20
) -> Pipeline:
    """Return a pipeline that prepares a table of customers inside each fold and fits a model.

    Numbers: missing ones get the median and a column that says so, then all are scaled. Categories: one column per
    value; values rarer than `rarest`, and those unseen in training, share one; missing is a value of its own.

    Parameters
    ----------
    X : DataFrame
        The table, for the kinds of its columns; nothing is learnt from it here.
    model : estimator, optional
        Any scikit-learn classifier; logistic regression by default.
    calibrate : {"sigmoid", "isotonic"}, optional
        Calibrate the probabilities by cross-validation within the training rows; needed for boosting on few rows, for
        naive Bayes, and after any resampling, not for logistic regression.
    rarest : int, default 20
        Fewest rows of a value with a column of its own.

    Returns
    -------
    Pipeline
    """
    numeric = [name for name in X.columns if pd.api.types.is_numeric_dtype(X[name].dtype)]
    others = [name for name in X.columns if name not in numeric]
    steps: list[tuple[str, Any, list[str]]] = []
    if numeric:
        steps.append(
            (
                "numbers",
                make_pipeline(
                    SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
                ),
                numeric,
            )
        )
    if others:
        one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rarest, sparse_output=False)
        fill = SimpleImputer(strategy="constant", fill_value="(missing)", keep_empty_features=True)
        steps.append(("categories", make_pipeline(fill, one_hot), others))
    final = LogisticRegression(max_iter=1000) if model is None else clone(model)
    if calibrate is not None:
        final = CalibratedClassifierCV(final, method=calibrate, cv=5)
    return Pipeline([("prepare", ColumnTransformer(steps)), ("model", final)])


@dataclass(frozen=True)
class Evaluation:
    """How a model did on customers that it had not seen.

    Attributes
    ----------
    probability : Series
        Out-of-fold probability of leaving, for each customer tested.
    y : Series of bool
        Who of them left.
    folds : DataFrame
        One row per fold: ``customers``, ``left``, ``auc``, ``brier``, ``lift`` of the best tenth.
    notes : list of str
        From reading the table.
    """

    probability: pd.Series
    y: pd.Series
    folds: pd.DataFrame
    notes: list[str]

    @property
    def auc(self) -> Estimate:
        """Mean area under the ROC curve over folds, ± two standard deviations between folds."""
        return self._mean("auc")

    @property
    def brier(self) -> Estimate:
        """Mean Brier score over folds, ± two standard deviations between folds."""
        return self._mean("brier")

    @property
    def lift(self) -> float:
        """Lift of the tenth with the highest out-of-fold probabilities."""
        return lift(self.y, self.probability)

    @property
    def calibration(self) -> pd.DataFrame:
        """Predicted and observed rates by tenths."""
        return calibration(self.y, self.probability)

    @property
    def calibration_slope(self) -> Estimate:
        """Slope of the true log odds on the predicted ones; 1 is right."""
        return calibration_slope(self.y, self.probability)

    def summary(self) -> pd.Series:
        """Return the main figures."""
        return pd.Series(
            {
                "customers": len(self.y),
                "rate of leaving": self.y.mean(),
                "auc": self.auc.estimate,
                "brier": self.brier.estimate,
                "lift of the best tenth": self.lift,
                "calibration slope": self.calibration_slope.estimate,
            }
        )

    def _mean(self, name: str) -> Estimate:
        mean, spread = self.folds[name].mean(), self.folds[name].std() if len(self.folds) > 1 else 0.0
        return Estimate(float(mean), float(mean - 2 * spread), float(mean + 2 * spread))


def evaluate(
    table: pd.DataFrame,
    *,
    label: str,
    positive: Any = None,
    ignore: Sequence[str] = (),
    model: BaseEstimator | None = None,
    calibrate: str | None = None,
    folds: int | Any = 5,
    seed: int = 0,
) -> Evaluation:
    """Read a table of customers, fit a model on folds, and measure it on customers it has not seen.

    Parameters
    ----------
    table, label, positive, ignore
        As in `read_customers`.
    model, calibrate
        As in `customer_pipeline`.
    folds : int or cross-validator, default 5
        Number of stratified folds, or an object such as `RollingOrigins` that looks only backwards.
    seed : int, default 0
        Seed of the folds.

    Returns
    -------
    Evaluation
    """
    read = read_customers(table, label=label, positive=positive, ignore=ignore)
    pipeline = customer_pipeline(read.X, model, calibrate=calibrate)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed) if isinstance(folds, int) else folds
    parts: Iterable[tuple[np.ndarray, np.ndarray]] = splitter.split(read.X, read.y)
    predicted, rows = [], []
    for train, test in parts:
        fitted = clone(pipeline).fit(read.X.iloc[train], read.y.iloc[train])
        chance = pd.Series(fitted.predict_proba(read.X.iloc[test])[:, 1], index=read.X.index[test], name="probability")
        truth = read.y.iloc[test]
        row: dict[str, float] = {"customers": len(test), "left": int(truth.sum())}
        if truth.nunique() == 2:
            row |= {"auc": auc(truth, chance).estimate, "lift": lift(truth, chance)}
        rows.append(row | {"brier": brier(truth, chance).brier})
        predicted.append((chance, truth))
    return Evaluation(
        pd.concat([chance for chance, _ in predicted]),
        pd.concat([truth for _, truth in predicted]),
        pd.DataFrame(rows),
        read.notes,
    )
