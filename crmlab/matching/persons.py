"""From pairs of records to persons, and how good such a grouping is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crmlab.tables import require_columns


def same_person(customer_ids: Iterable[Any], pairs: pd.DataFrame, *, threshold: float = 0.9) -> pd.Series:
    """Return the person of each record: records are one person when a chain of pairs above the threshold joins them.

    A chain is also how a grouping goes wrong: one false pair joins two whole groups.

    Parameters
    ----------
    customer_ids : iterable of ids
        All records, each once.
    pairs : DataFrame
        From `duplicate_pairs`: ``customer_id``, ``other_id``, ``probability``.
    threshold : float, default 0.9
        Probability from which on a pair is believed.

    Returns
    -------
    Series
        Indexed by ``customer_id``, named ``person_id``: the first id of the group, in the sequence of `customer_ids`.

    Raises
    ------
    TableError
        If `pairs` lacks a column.
    ValueError
        If an id occurs twice, or a pair names a record that is not among `customer_ids`.

    Examples
    --------
    >>> pairs = pd.DataFrame({"customer_id": [1, 2], "other_id": [2, 4], "probability": [0.99, 0.95]})
    >>> same_person([1, 2, 3, 4], pairs).to_list(), same_person([1, 2, 3, 4], pairs, threshold=0.97).to_list()
    ([1, 1, 3, 1], [1, 1, 3, 4])
    """
    require_columns(pairs, ["customer_id", "other_id", "probability"], table="duplicate_pairs")
    ids = pd.Index(list(customer_ids), name="customer_id")
    if ids.has_duplicates:
        raise ValueError(f"customer_ids: {ids[ids.duplicated()][0]!r} occurs more than once")
    believed = pairs[pairs["probability"] >= threshold]
    left, right = (ids.get_indexer(believed[name]) for name in ("customer_id", "other_id"))
    if (unknown := (left < 0) | (right < 0)).any():
        raise ValueError(f"pairs: {int(unknown.sum()):,} name a record that is not among customer_ids")
    edges = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(len(ids), len(ids)))
    _, group = connected_components(edges, directed=False)
    first = pd.Series(np.arange(len(ids))).groupby(group).transform("min")
    return pd.Series(ids[first], index=ids, name="person_id")


def agreement(found: pd.Series, true: pd.Series) -> pd.Series:
    """Return how well one grouping of records agrees with another, pair by pair.

    Parameters
    ----------
    found, true : Series
        Group of each record, indexed by record; records that are in both are compared.

    Returns
    -------
    Series
        ``records`` compared; ``pairs_found`` and ``pairs_true`` of records in one group; ``precision``, the share of
        the found pairs that are true; ``recall``, the share of the true pairs that are found. A share of no pairs is
        missing.

    Raises
    ------
    ValueError
        If no record is in both, or a record occurs twice.

    Examples
    --------
    >>> found = pd.Series({1: "a", 2: "a", 3: "a", 4: "b"})
    >>> true = pd.Series({1: "x", 2: "x", 3: "y", 4: "y"})
    >>> agreement(found, true).round(2).to_dict()
    {'records': 4.0, 'pairs_found': 3.0, 'pairs_true': 2.0, 'precision': 0.33, 'recall': 0.5}
    """
    for name, series in (("found", found), ("true", true)):
        if series.index.has_duplicates:
            raise ValueError(f"{name}: record {series.index[series.index.duplicated()][0]!r} occurs more than once")
    both = pd.DataFrame({"found": found, "true": true}).dropna()
    if both.empty:
        raise ValueError("no record is in both groupings; the indexes of both must hold customer_id")
    in_found, in_true, in_both = (
        float((size * (size - 1) // 2).sum())
        for size in (both.groupby(keys).size() for keys in (["found"], ["true"], ["found", "true"]))
    )
    return pd.Series(
        {
            "records": float(len(both)),
            "pairs_found": in_found,
            "pairs_true": in_true,
            "precision": in_both / in_found if in_found else np.nan,
            "recall": in_both / in_true if in_true else np.nan,
        },
        name="agreement",
    )
