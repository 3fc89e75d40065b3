"""Value and potential together: whom to keep, whom to develop, and why grading is worth the trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from crmlab.grading.checks import numbers_of
from crmlab.grading.engines import on_any_engine
from crmlab.grading.inequality import gini
from crmlab.tables import TableError, require_columns

CELLS = ("keep and grow", "keep", "develop", "serve simply")
"""High value and potential; high value only; high potential only; neither."""


@on_any_engine
def grade_customers(
    customers: pd.DataFrame,
    *,
    weights: Mapping[str, float],
    cuts: Sequence[float] = (0.2, 0.5),
) -> pd.DataFrame:
    """Return a score and a grade from several criteria, such as importance, value and potential.

    Each criterion counts by rank: the share of customers who have less, those with the same counted half. So one giant
    does not drown the others, and euros can be weighed against visits.

    Parameters
    ----------
    customers : DataFrame
        One row per customer.
    weights : mapping of str to float
        Column → weight, none negative, not all zero; more of the column is better.
    cuts : sequence of float, default (0.2, 0.5)
        Increasing shares of customers: A is the best 20%, B up to 50%, C the rest. Customers of equal score share the
        better grade.

    Returns
    -------
    DataFrame
        On the index of `customers`: ``score`` (0 to 1) and ``grade`` (ordered: A, B, C, …).

    Raises
    ------
    TableError
        If a column is missing or holds something that is not a finite number.
    ValueError
        If weights or cuts are out of range.

    Examples
    --------
    >>> table = pd.DataFrame({"value": [900.0, 50.0, 20.0, 10.0], "potential": [1.0, 9.0, 2.0, 0.0]})
    >>> grade_customers(table, weights={"value": 1, "potential": 1})["grade"].tolist()
    ['B', 'A', 'C', 'C']
    """
    amounts = np.array(list(weights.values()), dtype=float)
    if not len(amounts) or not np.isfinite(amounts).all() or (amounts < 0).any() or not amounts.sum():
        raise ValueError(f"weights must be numbers of 0 or more, not all 0, not {dict(weights)!r}.")
    _check_cuts(cuts)
    require_columns(customers, list(weights), table="customers")
    parts = np.column_stack([_standing(customers[name]) for name in weights])
    score = parts @ (amounts / amounts.sum())
    better = 1 - _at_most(score)  # share of customers with a higher score
    place = np.searchsorted(np.asarray(cuts), better + 1e-12, side="left")
    names = [chr(ord("A") + number) for number in range(len(cuts) + 1)]
    grade = pd.Categorical.from_codes(place, pd.Index(names), ordered=True)
    return pd.DataFrame({"score": score, "grade": grade}, index=customers.index)


@on_any_engine
def value_potential(
    customers: pd.DataFrame, *, value: str, potential: str, value_share: float = 0.2, potential_share: float = 0.2
) -> pd.Series:
    """Return the cell of each customer in the table of value now against potential.

    Parameters
    ----------
    customers : DataFrame
        One row per customer.
    value, potential : str
        Columns: what the customer brings now, and what more could be had. Potential has to come from somewhere: a
        model of what customers like this one grow to, or the share of their need that is bought elsewhere.
    value_share, potential_share : float, default 0.2
        Share of customers that counts as high, between 0 and 1; ties at the border are all high.

    Returns
    -------
    Series
        Ordered categorical in the order of `CELLS`.

    Raises
    ------
    TableError, ValueError
        As `grade_customers`.

    Examples
    --------
    >>> table = pd.DataFrame({"value": [9.0, 8.0, 1.0, 1.0], "potential": [5.0, 1.0, 7.0, 1.0]})
    >>> value_potential(table, value="value", potential="potential", value_share=0.5, potential_share=0.5).tolist()
    ['keep and grow', 'keep', 'develop', 'serve simply']
    """
    _check_cuts([value_share])
    _check_cuts([potential_share])
    require_columns(customers, [value, potential], table="customers")
    high = [
        1 - _at_most(numbers_of(customers[name])) < share - 1e-12
        for name, share in ((value, value_share), (potential, potential_share))
    ]
    code = np.select([high[0] & high[1], high[0], high[1]], [0, 1, 2], default=3)
    return pd.Series(pd.Categorical.from_codes(code, pd.Index(CELLS), ordered=True), index=customers.index, name="cell")


def reasons_to_grade(
    customers: pd.DataFrame,
    *,
    grade: str,
    value: str,
    potential: str,
    needs: Sequence[str],
    contacts: str,
) -> pd.DataFrame:
    """Return the five reasons to grade customers, each with the number that says whether it holds here.

    Parameters
    ----------
    customers : DataFrame
        One row per customer.
    grade : str
        Column of the grade, best first in sorted order (A, B, C, or ordered categories).
    value, potential : str
        Columns of value now and of potential.
    needs : sequence of str
        Columns of what customers want, numeric.
    contacts : str
        Column of what is spent on the customer: contacts, hours or euro.

    Returns
    -------
    DataFrame
        Five rows, indexed by ``reason``: ``measure`` (in words) and ``figure``. Value differs: Gini coefficient of
        value. Potential differs: share of all potential that customers outside the best grade hold. Needs differ:
        the largest share of the variance of a need that the grade explains. Service priority: value per customer of
        the best grade over that of the worst. Efficiency: value per contact in the best grade over all customers'.

    Raises
    ------
    TableError
        If a column is missing or there is only one grade.

    Examples
    --------
    >>> table = pd.DataFrame({"grade": ["A", "B", "B"], "value": [80.0, 10.0, 10.0], "potential": [0.0, 6.0, 4.0],
    ...                       "speed": [1.0, 5.0, 5.0], "contacts": [1.0, 1.0, 2.0]})
    >>> found = reasons_to_grade(table, grade="grade", value="value", potential="potential", needs=["speed"],
    ...                          contacts="contacts")
    >>> found["figure"].round(2).tolist()
    [0.47, 1.0, 1.0, 8.0, 3.2]
    """
    require_columns(customers, [grade, value, potential, *needs, contacts], table="customers")
    grades = pd.Series(customers[grade])
    ranks = sorted(grades.unique()) if grades.dtype != "category" else list(grades.cat.categories)
    ranks = [name for name in ranks if (grades == name).any()]
    if len(ranks) < 2:
        raise TableError(f"{grade} has one grade only: there is nothing to compare.")
    best, worst = (grades == ranks[0]).to_numpy(), (grades == ranks[-1]).to_numpy()
    worth, hope = numbers_of(customers[value]), numbers_of(customers[potential])
    effort = numbers_of(customers[contacts])
    explained = [_explained(numbers_of(customers[name]), grades) for name in needs]
    strongest = int(np.argmax(explained)) if explained else -1
    rows = [
        ("value differs", f"Gini coefficient of {value}", gini(customers[value].clip(lower=0))),
        ("potential differs", f"share of {potential} outside grade {ranks[0]}", _ratio(hope[~best].sum(), hope.sum())),
        (
            "needs differ",
            f"share of the variance of {needs[strongest]} that grades explain" if needs else "no needs given",
            explained[strongest] if needs else np.nan,
        ),
        (
            "service priority",
            f"{value} per customer, grade {ranks[0]} over grade {ranks[-1]}",
            _ratio(worth[best].mean(), worth[worst].mean()),
        ),
        (
            "efficiency",
            f"{value} per unit of {contacts}, grade {ranks[0]} over all",
            _ratio(_ratio(worth[best].sum(), effort[best].sum()), _ratio(worth.sum(), effort.sum())),
        ),
    ]
    return pd.DataFrame(rows, columns=["reason", "measure", "figure"]).set_index("reason")


def _check_cuts(cuts: Sequence[float]) -> None:
    if not len(cuts) or not all(0 < cut < 1 for cut in cuts) or sorted(set(cuts)) != list(cuts):
        raise ValueError(f"cuts must be increasing shares between 0 and 1, not {cuts!r}.")


def _at_most(values: np.ndarray) -> np.ndarray:
    """Return the share of values that are at most each value."""
    return np.searchsorted(np.sort(values), values, side="right") / len(values)


def _standing(column: pd.Series) -> np.ndarray:
    values = numbers_of(column)
    ordered = np.sort(values)
    below, upto = (np.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (below + upto) / (2 * len(values))


def _explained(values: np.ndarray, groups: pd.Series) -> float:
    total = ((values - values.mean()) ** 2).sum()
    means = pd.Series(values).groupby(groups.to_numpy(), observed=True).transform("mean").to_numpy()
    return float(((means - values.mean()) ** 2).sum() / total) if total else 0.0


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
