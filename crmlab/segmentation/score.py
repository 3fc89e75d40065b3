"""The typing tool: what only some customers have told, told of everybody by the indicators that go with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri
from sklearn.linear_model import RidgeCV
from threadpoolctl import threadpool_limits

from crmlab.grading.checks import numbers_of
from crmlab.segmentation.checks import require_pandas
from crmlab.tables import TableError

STRICT = 3.3
"""Standard errors of a correlation: an indicator that says nothing exceeds them once in a thousand."""

FEWEST = 20
"""Customers with an answer below which a correlation says next to nothing."""


def tells(indicators: pd.DataFrame, answer: pd.Series, *, strict: float = STRICT) -> pd.DataFrame:
    """Return how strongly each indicator goes with an answer that some of the customers have given.

    Parameters
    ----------
    indicators : DataFrame
        One row per customer, indexed by customer; numeric columns, leaks removed.
    answer : Series
        What is to be told of all, known of some: numbers, or True and False, indexed by customer.
    strict : float, default 3.3
        Standard errors from which a correlation counts.

    Returns
    -------
    DataFrame
        Indexed by ``indicator``, strongest first: ``correlation`` (of normal ranks, −1 to 1), ``errors`` (how many
        standard errors that is, in size) and ``counts`` (bool).

    Raises
    ------
    TableError
        If fewer than 20 customers are in both, all answers are equal, a value is missing or a customer stands twice.
    ValueError
        If `strict` is not positive.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> table = pd.DataFrame(generator.normal(size=(300, 3)), columns=["a", "b", "c"])
    >>> tells(table, table["b"].head(100) + generator.normal(size=100))["counts"].to_dict()
    {'b': True, 'c': False, 'a': False}
    """
    if not strict > 0:
        raise ValueError(f"strict must be above 0, not {strict!r}.")
    ranks, known, rows = _prepared(indicators, answer)
    told = ranks[rows]
    spread = told.std(axis=0) * known.std()
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = (told - told.mean(axis=0)).T @ (known - known.mean()) / len(known) / spread
    correlation = np.where(spread > 1e-9, correlation, 0.0)
    errors = np.abs(correlation) * np.sqrt(len(known))
    found = pd.DataFrame(
        {"correlation": correlation, "errors": errors, "counts": errors >= strict},
        index=pd.Index(indicators.columns.astype(str), name="indicator"),
    )
    return found.sort_values("errors", ascending=False, kind="stable")


@threadpool_limits.wrap(limits=1)  # threads that wait for a busy core cost ten times what they save
def typing_score(indicators: pd.DataFrame, answer: pd.Series, *, strict: float = STRICT) -> pd.Series:
    """Return for every customer what the answer of some lets expect, in standard deviations from the average.

    A survey reaches hundreds, a segmentation has to place everybody. The indicators that `tells` counts are weighed by
    ridge regression on those who have answered, and the weights are applied to all.

    Parameters
    ----------
    indicators : DataFrame
        One row per customer, indexed by customer; numeric columns, leaks removed.
    answer : Series
        What is to be told of all, known of some: numbers, or True and False, indexed by customer.
    strict : float, default 3.3
        Standard errors from which a correlation counts.

    Returns
    -------
    Series
        Named like `answer`, indexed like `indicators`; mean 0 and standard deviation 1.

    Raises
    ------
    TableError
        As `tells`; also if no indicator goes with the answer.
    ValueError
        If `strict` is not positive.

    References
    ----------
    Hoerl & Kennard (1970), Technometrics 12(1): 55–67, ridge regression.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> table = pd.DataFrame(generator.normal(size=(300, 3)), columns=["a", "b", "c"])
    >>> score = typing_score(table, table["b"].head(100) + generator.normal(size=100))
    >>> bool(score.corr(table["b"]) > 0.9)
    True
    """
    found = tells(indicators, answer, strict=strict)
    chosen = [name for name in indicators.columns if found.loc[str(name), "counts"]]
    if not chosen:
        raise TableError(
            f"None of the {indicators.shape[1]} indicators goes with {answer.name or 'the answer'} by more than "
            f"{strict:g} standard errors: {len(answer):,} answers cannot be extended to all."
        )
    ranks, known, rows = _prepared(indicators[chosen], answer)
    model = RidgeCV(alphas=np.logspace(-1, 4, 16)).fit(ranks[rows], known)
    score = model.predict(ranks)
    return pd.Series((score - score.mean()) / (score.std() or 1.0), index=indicators.index, name=answer.name)


def _prepared(
    indicators: pd.DataFrame, answer: pd.Series
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Return normal ranks of all, the known answers, and the rows that they belong to."""
    require_pandas(indicators, "indicators")
    require_pandas(answer, "answer")
    for name, index in (("indicators", indicators.index), ("answer", answer.index)):
        if index.has_duplicates:
            raise TableError(f"{name}: customer {index[index.duplicated()][0]!r} stands there more than once.")
    if not indicators.shape[1]:
        raise TableError("indicators has no columns.")
    rows = indicators.index.get_indexer(answer.index)
    if (both := int((rows >= 0).sum())) < FEWEST:
        raise TableError(
            f"{both:,} customers are in both tables, and at least {FEWEST} are needed: "
            "both must be indexed by customer_id."
        )
    given: Any = answer.astype(float) if pd.api.types.is_bool_dtype(answer.dtype) else answer
    known = numbers_of(given)[rows >= 0]
    if known.std() == 0:
        raise TableError("All answers are equal: there is nothing to tell.")
    table = np.column_stack([numbers_of(indicators[name]) for name in indicators.columns])
    ranks = pd.DataFrame(table).rank().to_numpy()
    return ndtri((ranks - 0.5) / len(ranks)), known, rows[rows >= 0]
