"""What every measure asks of labels, scores and amounts; errors say what was given and what is allowed."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.tables import TableError

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]


def as_labels(y: Any, *, name: str = "y_true", both: bool = True) -> Flags:
    """Return labels as true (left) and false (stayed).

    Parameters
    ----------
    y : array_like of bool or 0/1, shape (n,)
        One label per customer.
    name : str, default "y_true"
        Name of the argument, for errors.
    both : bool, default True
        Whether both classes must be there.

    Raises
    ------
    TableError
        If labels are missing, are other values than 0 and 1, or are of one class where two are needed.
    """
    values = pd.Series(np.asarray(y).ravel() if not isinstance(y, pd.Series) else y).reset_index(drop=True)
    if not len(values):
        raise TableError(f"{name} is empty.")
    if missing := int(values.isna().sum()):
        raise TableError(f"{missing:,} of {len(values):,} labels in {name} are missing. Set those customers aside.")
    numeric = pd.to_numeric(values, errors="coerce")
    wrong = ~numeric.isin([0, 1])
    if wrong.any():
        raise TableError(
            f"{name} must hold 0 and 1 (or False and True), and {int(wrong.sum()):,} of {len(values):,} values are "
            f"others, such as {values[wrong].iloc[0]!r}. Say which one means leaving: {name} == {values.iloc[0]!r}."
        )
    labels = numeric.to_numpy(dtype=np.float64).astype(bool)
    if both and (labels.all() or not labels.any()):
        raise TableError(
            f"All {len(labels):,} labels in {name} are {int(labels[0])}: with one class nothing can be measured. "
            "Lengthen the label window, or take more customers."
        )
    return labels


def as_scores(score: Any, count: int, *, name: str = "score") -> Floats:
    """Return finite scores, one per label.

    Raises
    ------
    TableError
        If their number differs from `count`, or some are missing, infinite or no numbers.
    """
    try:
        values = np.asarray(score, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise TableError(f"{name} must hold numbers: {error}.") from error
    if len(values) != count:
        raise TableError(f"{name} has {len(values):,} values for {count:,} labels.")
    if wrong := int((~np.isfinite(values)).sum()):
        raise TableError(f"{wrong:,} of {count:,} values in {name} are missing or infinite.")
    return values


def as_probabilities(probability: Any, count: int, *, name: str = "probability") -> Floats:
    """Return probabilities in [0, 1], one per label.

    Raises
    ------
    TableError
        As `as_scores`, or if a value lies outside [0, 1].
    """
    values = as_scores(probability, count, name=name)
    outside = (values < 0) | (values > 1)
    if outside.any():
        raise TableError(
            f"{name} must lie between 0 and 1, and {int(outside.sum()):,} of {count:,} values do not, such as "
            f"{values[outside][0]:g}. A score is no probability; calibrate the model first."
        )
    return values


def as_amounts(amount: Any, count: int, *, name: str) -> Floats:
    """Return finite amounts of money, one for all or one per customer, as one per customer.

    Raises
    ------
    TableError
        If there is neither one nor `count`, or one is missing, infinite or negative.
    """
    values = np.asarray(amount, dtype=np.float64).ravel()
    if len(values) == 1:
        values = np.repeat(values, count)
    if len(values) != count:
        raise TableError(f"{name} has {len(values):,} values; give one, or one for each of {count:,} customers.")
    if wrong := int((~np.isfinite(values) | (values < 0)).sum()):
        raise TableError(f"{wrong:,} of {count:,} values of {name} are missing, infinite or negative.")
    return values


def check_between(name: str, value: float, low: float, high: float, *, open_ends: bool = True) -> None:
    """Raise a ValueError unless `value` lies between two numbers."""
    inside = low < value < high if open_ends else low <= value <= high
    if not inside:
        bounds = f"between {low:g} and {high:g}" if open_ends else f"from {low:g} to {high:g}"
        raise ValueError(f"{name} must be {bounds}, not {value!r}.")
