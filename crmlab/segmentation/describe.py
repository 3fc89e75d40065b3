"""What a segment is like, what to call it, and whether two ways to cut the base are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from scipy.stats.contingency import association
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from crmlab.grading.checks import numbers_of
from crmlab.segmentation.checks import labels_of, require_pandas
from crmlab.tables import TableError, require_columns


class Comparison(NamedTuple):
    """Two ways to cut the same customers.

    Attributes
    ----------
    table : DataFrame
        Customers of each pair of segments.
    rand : float
        Adjusted Rand index: 1 the same cut, 0 what chance gives.
    information : float
        Normalised mutual information, 0 to 1; not corrected for chance.
    cramers_v : float
        Cramér's V, 0 to 1: how well one tells the other.
    """

    table: pd.DataFrame
    rand: float
    information: float
    cramers_v: float


def profile(
    customers: pd.DataFrame, segments: Any, *, columns: Sequence[str] | None = None, value: str | None = None
) -> pd.DataFrame:
    """Return size, means and distance from the average of each segment.

    Parameters
    ----------
    customers : DataFrame
        One row per customer.
    segments : array_like
        Segment of each customer.
    columns : sequence of str, optional
        Numeric columns to describe; all numeric ones but ``customer_id`` when left out.
    value : str, optional
        Column whose total is shared out: adds ``share_of_value``.

    Returns
    -------
    DataFrame
        Indexed by segment: ``customers`` (count), ``share`` (of customers), ``share_of_value`` where asked for, and for
        each column its mean and, named ``{column}_z``, the distance of that mean from the average in standard
        deviations of single customers.

    Raises
    ------
    TableError
        If lengths differ, a label is missing, or a column is missing or not finite.

    Examples
    --------
    >>> table = pd.DataFrame({"orders": [1.0, 1.0, 5.0, 5.0]})
    >>> profile(table, ["new", "new", "old", "old"]).loc["old"].to_dict()
    {'customers': 2.0, 'share': 0.5, 'orders': 5.0, 'orders_z': 1.0}
    """
    require_pandas(customers)
    labels = labels_of(segments)
    if len(labels) != len(customers):
        raise TableError(f"segments has {len(labels):,} values for {len(customers):,} customers.")
    if columns is None:
        columns = [str(c) for c in customers.select_dtypes("number").columns if c != "customer_id"]
    require_columns(customers, [*columns, *([value] if value else [])], table="customers")
    grouped = pd.Series(labels).groupby(labels).size()
    result = pd.DataFrame({"customers": grouped, "share": grouped / len(labels)})
    if value:
        worth = pd.Series(numbers_of(customers[value])).groupby(labels).sum()
        if not worth.sum() > 0:
            raise TableError(f"'{value}' adds up to {worth.sum():,.2f}: shares of it have no meaning.")
        result["share_of_value"] = worth / worth.sum()
    for name in columns:
        numbers = numbers_of(customers[name])
        means = pd.Series(numbers).groupby(labels).mean()
        result[name] = means
        result[f"{name}_z"] = (means - numbers.mean()) / (numbers.std() or 1.0)
    result.index.name = "segment"
    return result


def name_segments(profiled: pd.DataFrame, *, words: int = 2, clear: float = 0.3) -> pd.Series:
    """Return a working name for each segment from what sets it apart; a person should find a better one.

    Parameters
    ----------
    profiled : DataFrame
        From `profile`.
    words : int, default 2
        Features named at most.
    clear : float, default 0.3
        Standard deviations from the average below which a feature is not worth naming.

    Returns
    -------
    Series
        Names, all different: equal ones are numbered.

    Raises
    ------
    TableError
        If `profiled` has no ``…_z`` columns.

    Examples
    --------
    >>> table = pd.DataFrame({"orders": [1.0, 1.0, 5.0, 5.0]})
    >>> name_segments(profile(table, ["a", "a", "b", "b"])).tolist()
    ['low orders', 'high orders']
    """
    require_pandas(profiled, "profiled")
    far = profiled[[name for name in profiled.columns if str(name).endswith("_z")]]
    if far.empty:
        raise TableError("name_segments needs the table that profile gives; this one has no columns ending in _z.")
    names = []
    for _, row in far.iterrows():
        order = row.abs().sort_values(ascending=False, kind="stable").index[:words]
        said = [
            f"{'high' if row[z] > 0 else 'low'} {str(z).removesuffix('_z').replace('_', ' ')}"
            for z in order
            if abs(row[z]) >= clear
        ]
        names.append(", ".join(said) or "average")
    seen: dict[str, int] = {}
    final = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        final.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return pd.Series(final, index=profiled.index, name="working_name")


def compare(first: Any, second: Any) -> Comparison:
    """Return how far two ways to cut the same customers agree.

    Parameters
    ----------
    first, second : array_like
        Segment of each customer, in the same order.

    Returns
    -------
    Comparison

    Raises
    ------
    TableError
        If lengths differ, a label is missing or there are no customers.

    References
    ----------
    Hubert & Arabie (1985), Comparing partitions, Journal of Classification 2: 193–218.

    Examples
    --------
    >>> compare(["a", "a", "b", "b"], [1, 1, 0, 0]).rand
    1.0
    """
    one, two = labels_of(first, name="first"), labels_of(second, name="second")
    if len(one) != len(two) or not len(one):
        raise TableError(f"Both need one segment per customer; they have {len(one):,} and {len(two):,}.")
    table = pd.crosstab(pd.Series(one, name="first"), pd.Series(two, name="second"))
    cramers = float(association(table.to_numpy(), method="cramer")) if min(table.shape) > 1 else 0.0
    return Comparison(
        table,
        float(adjusted_rand_score(one, two)),
        float(normalized_mutual_info_score(one, two)),
        cramers,
    )
