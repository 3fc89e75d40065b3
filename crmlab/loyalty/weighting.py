"""Who did not answer: weights that let the silent be heard through people like them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crmlab.loyalty.estimates import as_flags
from crmlab.tables import TableError


def response_weights(known: pd.DataFrame, responded: Any, *, largest: float = 10.0) -> pd.Series:
    """Return the weight of each answer from what is known of everybody invited: 1 / probability of answering.

    It repairs what the known columns explain. If silence depends on satisfaction itself, beyond these columns, no
    weight can see it: then only asking the silent again, or their behaviour, helps.

    Parameters
    ----------
    known : DataFrame
        One row per invitation: columns known for those who answered and those who did not, such as age, tenure,
        orders, mails opened. Numbers as they are, text and categories as groups; missing is a group of its own.
    responded : array-like of bool
        Whether each invited person answered.
    largest : float, default 10
        Weights are cut at this multiple of the mean, so that one rare person does not speak for a town.

    Returns
    -------
    Series of float64
        One weight per respondent, mean 1; the index is that of `known`, those who did not answer are not in it.

    Raises
    ------
    TableError
        If nobody or everybody answered, or the lengths differ.

    Examples
    --------
    >>> known = pd.DataFrame({"age": ["young"] * 50 + ["old"] * 50})
    >>> responded = [True] * 10 + [False] * 40 + [True] * 40 + [False] * 10
    >>> weight = response_weights(known, responded)
    >>> weight.groupby(known["age"]).sum().round(0).tolist()
    [25.0, 25.0]
    """
    answered = as_flags(responded, name="responded")
    if len(answered) != len(known):
        raise TableError(f"known has {len(known):,} rows and responded {len(answered):,}: one each per invitation.")
    if answered.all() or not answered.any():
        who = "everybody" if answered.all() else "nobody"
        raise TableError(f"Of {len(answered):,} invited {who} answered: there is nothing to weight.")
    if largest <= 1:
        raise ValueError(f"largest must be above 1, not {largest!r}.")
    features = design(known)
    # C is large on purpose: the probabilities are wanted as they are, not shrunken towards each other.
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e4, max_iter=1_000)).fit(features, answered)
    weight = 1 / model.predict_proba(features[answered])[:, 1]
    weight = np.minimum(weight / weight.mean(), largest)
    return pd.Series(weight / weight.mean(), index=known.index[answered], name="weight")


def design(known: pd.DataFrame) -> np.ndarray:
    """Return columns of any kind as numbers: groups as indicators, missing numbers as the mean and an indicator.

    Examples
    --------
    >>> design(pd.DataFrame({"age": [20.0, None, 40.0], "town": ["x", "y", "x"]})).tolist()
    [[20.0, 0.0, 0.0], [30.0, 1.0, 1.0], [40.0, 0.0, 0.0]]
    """
    columns = []
    for name in known:
        values = known[name]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            values = (values - values.min()).dt.days
        if pd.api.types.is_numeric_dtype(values.dtype):
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
            gap = np.isnan(numbers)
            if gap.all():
                raise TableError(f"'{name}' is missing in every row.")
            columns.append(np.where(gap, np.nanmean(numbers), numbers))
            if gap.any():
                columns.append(gap.astype(np.float64))
        else:
            groups = pd.get_dummies(values.astype("object").fillna("missing").astype(str))
            columns.extend(groups[group].to_numpy(dtype=np.float64) for group in groups.columns[1:])
    if not columns:
        raise TableError("known must have a column that differs between people.")
    return np.column_stack(columns)


def effective_respondents(weights: Any) -> float:
    """Return how many equally weighted answers would be as precise (Kish).

    Examples
    --------
    >>> round(effective_respondents([1, 1, 4]), 1)
    2.0
    """
    weight = np.asarray(weights, dtype=np.float64)
    return float(weight.sum() ** 2 / np.sum(weight**2))
