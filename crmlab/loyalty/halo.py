"""Halo: one feeling that colours every rating. How strong it is, and ratings without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmlab.loyalty.estimates import as_floats, as_items
from crmlab.loyalty.reliability import one_factor
from crmlab.tables import TableError


def halo_diagnosis(items: Any, *, groups: Mapping[str, str] | None = None) -> pd.Series:
    """Return signs of halo in a set of ratings.

    Items about different things correlate for two reasons: the things go together, or one feeling colours them all. The
    ratings alone cannot tell which. A strong general factor is a reason to look for facts beside opinions, such as
    delivery days and tickets.

    Parameters
    ----------
    items : DataFrame
        One column per item; at least 3.
    groups : mapping of item to topic, optional
        Items that are about the same thing. Left out, each item is a topic of its own.

    Returns
    -------
    Series
        ``general_share``: part of the variance of the items that one common factor explains; ``across`` and
        ``within``: mean correlation of items of different topics and of the same topic (missing with one item each);
        ``spread_within_person``: mean standard deviation of a person's answers, points (small: no distinctions made).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> quality, feeling = rng.normal(size=(2_000, 4)), rng.normal(size=(2_000, 1))
    >>> plain, coloured = (pd.DataFrame(quality + h * feeling, columns=list("abcd")) for h in (0, 1))
    >>> [round(float(halo_diagnosis(ratings)["across"]), 1) for ratings in (plain, coloured)]
    [0.0, 0.5]
    """
    complete = as_items(items, least_items=3)
    topic = np.array([_topic(name, groups) for name in complete])
    correlation = np.corrcoef(complete.to_numpy(), rowvar=False)
    pairs = np.triu(np.ones_like(correlation, dtype=bool), 1)
    same = pairs & (topic[:, None] == topic[None, :])
    different = pairs & ~same
    return pd.Series(
        {
            "general_share": float(np.mean(one_factor(correlation) ** 2)),
            "across": float(correlation[different].mean()) if different.any() else np.nan,
            "within": float(correlation[same].mean()) if same.any() else np.nan,
            "spread_within_person": float(complete.std(axis=1).mean()),
        }
    )


def remove_halo(items: Any, *, factor: Any = None, groups: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return ratings with the general feeling taken out, each as the residual of a regression on it.

    For each item the feeling is measured by the items of the *other* topics: an item never corrects itself, otherwise
    its own message would be thrown away and the residuals would add up to nothing. Better is a `factor` measured
    apart, such as the rating of the agent who was met.

    What remains is right only if the feeling is not itself made by the thing that is rated. Where satisfaction with
    delivery *is* the feeling, taking it out takes the signal out as well.

    Parameters
    ----------
    items : DataFrame
        One column per item; at least 3 unless a factor is given.
    factor : array-like, shape (n,), optional
        A measure of the feeling; one value per row of `items`.
    groups : mapping of item to topic, optional
        Items that are about the same thing.

    Returns
    -------
    DataFrame
        Residuals with mean 0, in points; rows with a missing answer are missing.

    Raises
    ------
    TableError
        If items are constant, or `factor` is.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> feeling = rng.normal(size=2_000)
    >>> ratings = pd.DataFrame({name: rng.normal(size=2_000) + feeling for name in "abcdef"})
    >>> before, after = (float(t.corr().to_numpy()[0, 1]) for t in (ratings, remove_halo(ratings, factor=feeling)))
    >>> round(before, 1), abs(round(after, 1))
    (0.5, 0.0)
    """
    frame = pd.DataFrame(items)
    if factor is not None:
        feeling = pd.Series(as_floats(factor, name="factor"), index=frame.index)
        complete = as_items(frame.assign(_factor=feeling))
        feeling = complete.pop("_factor")
        return _residuals(complete, dict.fromkeys(complete, feeling)).reindex(frame.index)
    complete = as_items(frame, least_items=3)
    standard = (complete - complete.mean()) / complete.std()
    topics = {name: _topic(name, groups) for name in complete}
    feelings = {}
    for name in complete:
        others = [other for other in complete if topics[other] != topics[name]]
        if not others:
            raise TableError("All items are of one topic: there is no other one to measure the feeling by.")
        values = standard[others].to_numpy()
        weight = one_factor(np.corrcoef(values, rowvar=False)) if len(others) > 2 else np.ones(len(others))
        feelings[name] = pd.Series(values @ weight, index=complete.index)
    return _residuals(complete, feelings).reindex(frame.index)


def _residuals(items: pd.DataFrame, feelings: Mapping[Any, pd.Series]) -> pd.DataFrame:
    out = {}
    for name in items:
        feeling = feelings[name] - feelings[name].mean()
        centred = items[name] - items[name].mean()
        out[name] = centred - feeling * float((feeling * centred).sum() / (feeling**2).sum())
    return pd.DataFrame(out, index=items.index)


def _topic(name: Any, groups: Mapping[str, str] | None) -> str:
    if groups is None:
        return f"item {name}"
    if name not in groups:
        raise TableError(f"groups names no topic for the item {name!r}; it has {', '.join(map(repr, groups))}.")
    return groups[name]
