"""The ceiling of segmentation: how well the true segments can be told from the columns that the firm has."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from crmlab.tables import TableError


class SegmentCeiling(NamedTuple):
    """The best that can be had from some columns.

    Attributes
    ----------
    segments : Series
        Most probable true segment of each customer, learned from other customers.
    rand : float
        Adjusted Rand index of these to the true segments.
    accuracy : float
        Share of customers placed rightly.
    """

    segments: pd.Series
    rand: float
    accuracy: float


@threadpool_limits.wrap(limits=1)  # threads that wait for a busy core cost ten times what they save
def segment_ceiling(table: pd.DataFrame, true: Any, *, folds: int = 5, seed: int = 0) -> SegmentCeiling:
    """Return how well the true segments can be told by somebody who was told those of other customers.

    No firm can do that: it knows nobody's true segment. Segments found in the same columns without the truth are judged
    against it. A multinomial logistic regression on normal ranks learns on four fifths of the customers and places the
    others. In crmlab's worlds a true segment is the nearest of some centres in the space of traits, and indicators are
    traits through normal noise, so that the classifier has nearly the form of the best possible one; with the 33
    habits of the cosmetics shop it is within 0.03 of the posterior under the known model
    (``validation/test_segmentation.py``). It is an estimate from below: more customers to learn from would raise it a
    little, and the placing with the fewest mistakes is not quite that with the highest Rand index.

    Parameters
    ----------
    table : DataFrame
        The firm's columns, one row per customer, numeric, none missing.
    true : array_like
        True segment of each of them, in the same order.
    folds : int, default 5
        Parts that take turns as those to be placed.
    seed : int, default 0
        Seed of the division.

    Returns
    -------
    SegmentCeiling

    Raises
    ------
    TableError
        If lengths differ, a value is missing, or a segment has fewer customers than there are folds.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> segment = np.repeat(["a", "b"], 200)
    >>> table = pd.DataFrame({"x": generator.normal(3.0 * (segment == "a"))})
    >>> 0.7 < segment_ceiling(table, segment).rand < 0.85
    True
    """
    labels = np.asarray(true, dtype=object)
    if len(labels) != len(table):
        raise TableError(f"true has {len(labels):,} values for {len(table):,} customers.")
    values = table.to_numpy(dtype=float)
    if not np.isfinite(values).all():
        raise TableError(f"{int((~np.isfinite(values)).any(axis=0).sum())} columns have missing or infinite values.")
    sizes = pd.Series(labels).value_counts()
    if len(sizes) < 2 or sizes.min() < folds:
        raise TableError(f"Each of two or more segments needs at least {folds} customers; they have {sizes.to_dict()}.")
    ranks = ndtri((pd.DataFrame(values).rank().to_numpy() - 0.5) / len(values))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=500))
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    found = cross_val_predict(model, ranks, labels, cv=parts)
    return SegmentCeiling(
        pd.Series(found, index=table.index, name="segment"),
        float(adjusted_rand_score(labels, found)),
        float((found == labels).mean()),
    )
