"""An estimate is a number and an interval: the shape of every answer of this package, and the checks that all share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from crmlab.tables import TableError

Floats = npt.NDArray[np.float64]


class Estimate(NamedTuple):
    """A number with its interval.

    Attributes
    ----------
    value : float
        The estimate.
    low, high : float
        Ends of the interval, 95% unless another level was asked for.
    observations : int
        How many it rests on.
    """

    value: float
    low: float
    high: float
    observations: int

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}], n = {self.observations:,}"


def check_level(level: float) -> None:
    """Raise unless 0 < level < 1."""
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, for example 0.95, not {level!r}.")


def normal_quantile(level: float) -> float:
    """Return the half-width of a normal interval in standard errors."""
    check_level(level)
    return float(stats.norm.ppf(0.5 + level / 2))


def share(successes: float, trials: float, *, level: float = 0.95) -> Estimate:
    """Return a share with Wilson's interval, which stays inside 0 to 1 and holds for few observations.

    Parameters
    ----------
    successes : float
        How many have the property.
    trials : float
        How many were looked at, at least 1; a part of one where weights are behind it.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate
        A share from 0 to 1.

    Raises
    ------
    TableError
        If there is nothing to look at or more have the property than there are.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22.

    Examples
    --------
    >>> print(share(9, 10))
    0.9 [0.596, 0.982], n = 10
    """
    check_level(level)
    if trials < 1 or not 0 <= successes <= trials:
        raise TableError(f"A share needs 0 ≤ successes ≤ trials and a trial, not {successes!r} of {trials!r}.")
    low, high = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    return Estimate(successes / trials, float(low), float(high), int(trials))


def difference_of_shares(first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95) -> Estimate:
    """Return the difference of two shares, first − second, with Newcombe's interval.

    Parameters
    ----------
    first, second : (int, int)
        Successes and trials of two groups of different people.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate
        Difference, −1 to 1.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17, method 10.

    Examples
    --------
    >>> print(difference_of_shares((60, 100), (40, 100)))
    0.2 [0.0614, 0.328], n = 200
    """
    check_level(level)
    a, b = share(*first), share(*second)
    low, high = confint_proportions_2indep(
        first[0], first[1], second[0], second[1], compare="diff", method="newcomb", alpha=1 - level
    )
    return Estimate(a.value - b.value, float(low), float(high), a.observations + b.observations)


def mean(values: Any, *, weights: Any = None, level: float = 0.95) -> Estimate:
    """Return a mean with its t interval; with weights, the weighted mean with a robust standard error.

    Parameters
    ----------
    values : array-like, shape (n,)
        Numbers; missing ones are left out.
    weights : array-like, shape (n,), optional
        Weight of each value, 0 or more.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate
        In the unit of the values.

    Examples
    --------
    >>> print(mean([1.0, 2.0, 3.0]))
    2 [-0.484, 4.48], n = 3
    """
    check_level(level)
    numbers = as_floats(values, name="values")
    used = ~np.isnan(numbers)
    weight = np.ones(len(numbers)) if weights is None else as_weights(weights, len(numbers))
    numbers, weight = numbers[used], weight[used]
    count = len(numbers)
    if count < 2:
        raise TableError(f"A mean with an interval needs at least 2 answers, not {count}.")
    value = float(np.average(numbers, weights=weight))
    error = np.sqrt(np.sum((weight * (numbers - value)) ** 2)) / weight.sum() * np.sqrt(count / (count - 1))
    reach = float(stats.t.ppf(0.5 + level / 2, count - 1) * error)
    return Estimate(value, value - reach, value + reach, count)


def as_floats(values: Any, *, name: str) -> Floats:
    """Return numbers as float64, missing ones as nan; text and infinite values are errors that say what to do."""
    series = pd.Series(values)
    if len(series) == 0:
        raise TableError(f"{name} is empty.")
    if not pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_complex_dtype(series.dtype):
        if series.isna().all():
            raise TableError(f"{name} has no answers: all {len(series):,} are missing.")
        raise TableError(
            f"{name} must hold numbers, not {series.dtype} (such as {series.dropna().iloc[0]!r}). "
            "loyalty.read_ratings turns answers such as '5 – very satisfied' into numbers."
        )
    numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(numbers).any():
        raise TableError(f"{name} has {int(np.isinf(numbers).sum()):,} infinite values.")
    if np.isnan(numbers).all():
        raise TableError(f"{name} has no answers: all {len(numbers):,} are missing.")
    return numbers


def as_flags(values: Any, *, name: str) -> npt.NDArray[np.bool_]:
    """Return yes or no as bool; 0 and 1 will do, missing will not."""
    numbers = as_floats(values, name=name)
    if not np.isin(numbers, (0.0, 1.0)).all():
        raise TableError(f"{name} must be True or False (or 1 and 0) in every row, without missing values.")
    return numbers == 1


def as_weights(weights: Any, count: int) -> Floats:
    """Return weights as float64, checked."""
    weight = as_floats(weights, name="weights")
    if len(weight) != count:
        raise TableError(f"weights must have one value per row, {count:,}, not {len(weight):,}.")
    if np.isnan(weight).any() or (weight < 0).any() or weight.sum() == 0:
        raise TableError("weights must be 0 or more, none missing, not all 0.")
    return weight


def as_items(items: Any, *, least_items: int = 2, least_rows: int = 3) -> pd.DataFrame:
    """Return the complete answers to several items as float64, checked for being fit for correlations.

    Rows with a missing answer are left out. An item that everybody answered alike has no correlation and is an error.
    """
    frame = pd.DataFrame(items)
    if frame.shape[1] < least_items:
        raise TableError(f"At least {least_items} items are needed, not {frame.shape[1]}.")
    if not frame.columns.is_unique:
        raise TableError("Two items have the same name: give each column a name of its own.")
    numbers = pd.DataFrame({name: as_floats(frame[name], name=f"'{name}'") for name in frame}, index=frame.index)
    complete = numbers.dropna()
    if len(complete) < least_rows:
        raise TableError(
            f"{len(complete)} of {len(frame):,} respondents answered every item; at least {least_rows} are needed."
        )
    constant = [str(name) for name in complete if complete[name].nunique() == 1]
    if constant:
        raise TableError(
            f"Everybody gave the same answer to {', '.join(map(repr, constant))}: such an item tells nobody apart. "
            "Leave it out."
        )
    return complete
