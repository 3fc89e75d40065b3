"""Three kinds of people who are not customers, and what each kind lacks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmlab.grading.checks import numbers_of
from crmlab.grading.engines import on_any_engine
from crmlab.tables import TableError, require_columns

KINDS = ("quasi", "refusing", "unexplored")
"""Lacks nothing but is no customer; lacks something; never reached."""

TRAITS = {"portrait_match": 0.5, "need_strength": 0.5, "ability_to_pay": 0.5}


@on_any_engine
def non_customers(
    prospects: pd.DataFrame, *, limits: Mapping[str, float] | None = None, access: float = 0.2
) -> pd.DataFrame:
    """Return the kind of each person who is not a customer, what they lack, and how far away they are.

    In this order: **unexplored** whom no channel reaches (``access`` below the limit) and who never asked; **quasi**
    who has every trait; **refusing** who lacks at least one.

    Parameters
    ----------
    prospects : DataFrame
        Table ``prospects``, of pandas, Polars or PyArrow: the traits, ``access`` and ``inquiries``.
    limits : mapping of str to float, optional
        Trait → least value of a target customer; 0.5 of portrait match, need and ability to pay when left out.
    access : float, default 0.2
        Below this, between 0 and 1, nobody of the firm has ever reached the person.

    Returns
    -------
    DataFrame
        On the index of `prospects`: ``kind`` (ordered as `KINDS`), ``lacks`` (names of the traits, comma-separated) and
        ``distance`` (sum of what is missing to the limits, 0 for quasi).

    Raises
    ------
    TableError
        If a column is missing or not finite.
    ValueError
        If no trait is given.

    Examples
    --------
    >>> people = pd.DataFrame({"portrait_match": [0.9, 0.9, 0.4], "ability_to_pay": [0.7, 0.2, 0.9],
    ...                        "need_strength": 0.8, "access": [0.6, 0.6, 0.05], "inquiries": [1, 2, 0]})
    >>> non_customers(people)[["kind", "lacks"]].to_numpy().tolist()
    [['quasi', ''], ['refusing', 'ability_to_pay'], ['unexplored', 'portrait_match']]
    """
    traits = dict(TRAITS if limits is None else limits)
    if not traits:
        raise ValueError("limits needs at least one trait.")
    require_columns(prospects, [*traits, "access", "inquiries"], table="prospects")
    if not len(prospects):
        raise TableError("The prospects table has no rows.")
    missing = np.column_stack([np.maximum(limit - numbers_of(prospects[name]), 0) for name, limit in traits.items()])
    hidden = (numbers_of(prospects["access"]) < access) & (numbers_of(prospects["inquiries"]) == 0)
    code = np.select([hidden, (missing == 0).all(axis=1)], [2, 0], default=1)
    names = np.array(list(traits), dtype=object)
    lacks = [", ".join(names[row > 0]) for row in missing]
    kind = pd.Categorical.from_codes(code, pd.Index(KINDS), ordered=True)
    return pd.DataFrame({"kind": kind, "lacks": lacks, "distance": missing.sum(axis=1)}, index=prospects.index)
