"""Eight schemes by which a car-service station, and many another firm, classifies its customers.

Each is a rule. The sources name the classes and leave the cases in between open; what is done with them is an argument
here, and every customer gets exactly one class.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from crmlab.features import DateLike, as_day
from crmlab.grading.checks import numbers_of
from crmlab.segmentation.checks import require_pandas
from crmlab.tables import TableError, require_columns

MIXED = ("lower", "higher", "visits", "spend", "middle")
"""What `by_visits_and_spend` may do with a customer whose two grades differ."""


def by_warranty(vehicles: pd.DataFrame, *, as_of: DateLike) -> pd.Series:
    """Return whether each vehicle is under warranty (scheme 1).

    The last day of the warranty is included. Months are calendar months: bought on 31 January for one month, it ends on
    the last day of February.

    Parameters
    ----------
    vehicles : DataFrame
        ``purchase_date`` and ``warranty_months``, one row per vehicle.
    as_of : date or str
        Day on which to look.

    Returns
    -------
    Series
        "in warranty" or "out of warranty".

    Raises
    ------
    TableError
        If a column is missing, or a vehicle was bought after `as_of`.

    Examples
    --------
    >>> cars = pd.DataFrame({"purchase_date": pd.to_datetime(["2023-01-31", "2020-05-01"]), "warranty_months": 24})
    >>> by_warranty(cars, as_of="2025-01-31").tolist()
    ['in warranty', 'out of warranty']
    """
    require_pandas(vehicles, "vehicles")
    require_columns(vehicles, ["purchase_date", "warranty_months"], table="vehicles")
    day = as_day(as_of)
    bought = pd.to_datetime(vehicles["purchase_date"])
    if (late := int((bought > day).sum())) or bought.isna().any():
        raise TableError(f"{late + int(bought.isna().sum()):,} vehicles have no purchase_date up to {day.date()}.")
    ends = [
        start + pd.DateOffset(months=int(months))
        for start, months in zip(bought, vehicles["warranty_months"], strict=True)
    ]
    inside = pd.Series(ends, index=vehicles.index) >= day
    return _named(np.where(inside, "in warranty", "out of warranty"), vehicles.index, "warranty")


def by_car_and_hobby(
    vehicles: pd.DataFrame, *, high: Collection[str] = ("premium",), sporty: Collection[str] = ("sport",)
) -> pd.Series:
    """Return one of four cells: high-end or low-end car, sporty or social owner (scheme 2).

    Parameters
    ----------
    vehicles : DataFrame
        ``model_tier`` and ``hobby_type``.
    high : collection of str, default ("premium",)
        Tiers that count as high-end; all others, the middle ones too, are low-end.
    sporty : collection of str, default ("sport",)
        Hobbies that count as sporty; all others are social.

    Returns
    -------
    Series
        "high-end, sporty", "high-end, social", "low-end, sporty" or "low-end, social".

    Raises
    ------
    TableError
        If a column is missing or has missing values.

    Examples
    --------
    >>> cars = pd.DataFrame({"model_tier": ["premium", "middle"], "hobby_type": ["sport", "family"]})
    >>> by_car_and_hobby(cars).tolist()
    ['high-end, sporty', 'low-end, social']
    """
    tier, hobby = (_known(vehicles, name, "vehicles") for name in ("model_tier", "hobby_type"))
    cell = np.where(tier.isin(list(high)), "high-end, ", "low-end, ").astype(object)
    return _named(cell + np.where(hobby.isin(list(sporty)), "sporty", "social"), vehicles.index, "car_and_hobby")


def by_region(regions: pd.Series, *, least: int = 1, other: str = "elsewhere") -> pd.Series:
    """Return the region of each customer, small ones together (scheme 3).

    Parameters
    ----------
    regions : Series
        Region of each customer; missing counts as `other`.
    least : int, default 1
        Customers that a region needs to be a class of its own: an event for three people is no event.
    other : str, default "elsewhere"
        Name of the rest.

    Returns
    -------
    Series

    Raises
    ------
    ValueError
        If `least` is less than 1.

    Examples
    --------
    >>> by_region(pd.Series(["east", "east", "west", None]), least=2).tolist()
    ['east', 'east', 'elsewhere', 'elsewhere']
    """
    if least < 1:
        raise ValueError(f"least must be at least 1, not {least!r}.")
    require_pandas(regions, "regions")
    text = regions.astype(object)
    counts = text.map(text.value_counts())
    return _named(np.where((counts >= least).to_numpy(bool), text, other), regions.index, "region")


def by_visits_and_spend(
    customers: pd.DataFrame,
    *,
    visits: str = "frequency",
    spend: str = "monetary_net",
    cuts: Sequence[float] = (0.2, 0.5),
    mixed: str = "lower",
) -> pd.Series:
    """Return A, B or C by visits and spending together (scheme 4).

    A: among the best on both. B: in the middle on both. C: few visits and little spending. Each criterion is graded by
    itself, then `mixed` decides about those whose grades differ: often more than half of all customers.

    Parameters
    ----------
    customers : DataFrame
        One row per customer.
    visits, spend : str
        Columns of the two criteria.
    cuts : sequence of two floats, default (0.2, 0.5)
        A is the best 20%, B up to 50%; customers with the same value share the better grade.
    mixed : {"lower", "higher", "visits", "spend", "middle"}, default "lower"
        The lower or the higher of the two grades, that of one criterion, or B.

    Returns
    -------
    Series
        Ordered categorical A, B, C.

    Raises
    ------
    TableError
        If a column is missing or not finite.
    ValueError
        If `cuts` or `mixed` is out of range.

    Examples
    --------
    >>> table = pd.DataFrame({"frequency": [9, 8, 1, 1, 1], "monetary_net": [900.0, 10.0, 20.0, 30.0, 400.0]})
    >>> by_visits_and_spend(table).tolist(), by_visits_and_spend(table, mixed="higher").tolist()
    (['A', 'C', 'C', 'B', 'B'], ['A', 'B', 'B', 'B', 'B'])
    """
    if mixed not in MIXED:
        raise ValueError(f"mixed must be one of {', '.join(MIXED)}, not {mixed!r}.")
    if len(cuts) != 2 or not 0 < cuts[0] < cuts[1] < 1:
        raise ValueError(f"cuts must be two increasing shares between 0 and 1, not {cuts!r}.")
    require_pandas(customers, "customers")
    require_columns(customers, [visits, spend], table="customers")
    grades = []
    for name in (visits, spend):
        values = numbers_of(customers[name])
        better = 1 - np.searchsorted(np.sort(values), values, side="right") / len(values)
        grades.append((better[:, None] >= np.asarray(cuts) - 1e-12).sum(axis=1))
    first, second = grades
    decided = {
        "lower": np.maximum(first, second),
        "higher": np.minimum(first, second),
        "visits": first,
        "spend": second,
        "middle": np.where(first == second, first, 1),
    }[mixed]
    return pd.Series(
        pd.Categorical.from_codes(decided, pd.Index(["A", "B", "C"]), ordered=True),
        index=customers.index,
        name="visits_and_spend",
    )


def by_use(vehicles: pd.DataFrame) -> pd.Series:
    """Return whether each vehicle is private or official (scheme 5).

    Parameters
    ----------
    vehicles : DataFrame
        ``use``: private or official.

    Returns
    -------
    Series

    Raises
    ------
    TableError
        If the column is missing or holds anything else.

    Examples
    --------
    >>> by_use(pd.DataFrame({"use": ["private", "official"]})).tolist()
    ['private', 'official']
    """
    use = _known(vehicles, "use", "vehicles")
    if wrong := sorted(set(use) - {"private", "official"}):
        raise TableError(f"use must be private or official; it also holds {', '.join(map(str, wrong))}.")
    return _named(use.to_numpy(object), vehicles.index, "use")


def by_purpose(vehicles: pd.DataFrame, *, commercial: Collection[str] = ("taxi", "delivery", "rental")) -> pd.Series:
    """Return whether each vehicle earns money (scheme 6): commercial, or non-commercial with scheme 5 inside it.

    Parameters
    ----------
    vehicles : DataFrame
        ``purpose``, and ``use`` for those that are not commercial.
    commercial : collection of str
        Purposes that earn money.

    Returns
    -------
    Series
        "commercial", "non-commercial, private" or "non-commercial, official". A taxi that belongs to an office is
        commercial: purpose decides before use.

    Raises
    ------
    TableError
        As `by_use`.

    Examples
    --------
    >>> by_purpose(pd.DataFrame({"purpose": ["taxi", "family"], "use": ["official", "private"]})).tolist()
    ['commercial', 'non-commercial, private']
    """
    purpose, use = _known(vehicles, "purpose", "vehicles"), by_use(vehicles)
    kind = np.where(purpose.isin(list(commercial)), "commercial", "non-commercial, " + use.astype(object))
    return _named(kind, vehicles.index, "purpose")


def by_values(
    scores: pd.DataFrame, *, columns: Mapping[str, str] | None = None, margin: float = 0.0, mixed: str = "undecided"
) -> pd.Series:
    """Return what each customer cares for most: relationship, money's worth or time (scheme 7).

    Parameters
    ----------
    scores : DataFrame
        How much each customer cares, one column per orientation, on one scale: part-worths, or answers.
    columns : mapping of str to str, optional
        Orientation → column; by default ``relationship``, ``worth`` and ``time``, named like themselves.
    margin : float, default 0.0
        By how much the first must exceed the second.
    mixed : str, default "undecided"
        Class of those below the margin, and of exact ties.

    Returns
    -------
    Series

    Raises
    ------
    TableError
        If a column is missing or not finite.
    ValueError
        If `margin` is negative or there are fewer than two orientations.

    Examples
    --------
    >>> table = pd.DataFrame({"relationship": [5.0, 2.0], "worth": [1.0, 2.0], "time": [2.0, 1.0]})
    >>> by_values(table).tolist()
    ['relationship', 'undecided']
    """
    names = dict(columns) if columns else {name: name for name in ("relationship", "worth", "time")}
    if not margin >= 0 or len(names) < 2:
        raise ValueError(f"margin must be 0 or more and two orientations given, not {margin!r} and {names!r}.")
    require_pandas(scores, "scores")
    require_columns(scores, list(names.values()), table="scores")
    table = np.column_stack([numbers_of(scores[name]) for name in names.values()])
    ordered = np.sort(table, axis=1)
    gap = ordered[:, -1] - ordered[:, -2]
    best = np.array(list(names), dtype=object)[table.argmax(axis=1)]
    return _named(np.where((gap > 0) & (gap >= margin), best, mixed), scores.index, "values")


def by_entry(visits: pd.DataFrame, *, loyal_share: float = 0.8, lost_after: float, least: int = 3) -> pd.Series:
    """Return how each customer chooses a shop: loyal, elastic or lost (scheme 8).

    In this order: **lost** who has not come for more than `lost_after` days; **loyal** who makes at least `loyal_share`
    of all visits to this kind of shop here, over `least` visits or more; **elastic** everybody else, the new ones too:
    one visit is no habit.

    Parameters
    ----------
    visits : DataFrame
        One row per customer: ``visits_here`` and ``visits_elsewhere`` (count, from a panel or a survey) and
        ``recency_days``.
    loyal_share : float, default 0.8
        Share of visits, above 0 and at most 1.
    lost_after : float
        Days without a visit after which a customer counts as lost.
    least : int, default 3
        Visits, here and elsewhere together, needed to speak of a habit.

    Returns
    -------
    Series

    Raises
    ------
    TableError
        If a column is missing, not finite or negative.
    ValueError
        If an option is out of its range.

    Examples
    --------
    >>> table = pd.DataFrame({"visits_here": [9, 2, 9], "visits_elsewhere": [1, 4, 0], "recency_days": [20, 10, 500]})
    >>> by_entry(table, lost_after=365).tolist()
    ['loyal', 'elastic', 'lost']
    """
    if not 0 < loyal_share <= 1 or not lost_after >= 0 or least < 1:
        raise ValueError("loyal_share must be in (0, 1], lost_after 0 or more, least at least 1.")
    require_pandas(visits, "visits")
    require_columns(visits, ["visits_here", "visits_elsewhere", "recency_days"], table="visits")
    here, elsewhere = numbers_of(visits["visits_here"]), numbers_of(visits["visits_elsewhere"])
    if min(here.min(), elsewhere.min()) < 0:
        raise TableError("visits_here and visits_elsewhere must be counts; some are negative.")
    total = here + elsewhere
    loyal = (total >= least) & (here >= loyal_share * total)
    lost = numbers_of(visits["recency_days"]) > lost_after
    return _named(np.select([lost, loyal], ["lost", "loyal"], default="elastic"), visits.index, "entry")


SCHEMES: dict[str, Callable[..., pd.Series]] = {
    "warranty": by_warranty,
    "car and hobby": by_car_and_hobby,
    "region": by_region,
    "visits and spend": by_visits_and_spend,
    "use": by_use,
    "purpose": by_purpose,
    "values": by_values,
    "entry": by_entry,
}
"""The eight schemes by name, in the order of the source."""


def _known(table: pd.DataFrame, name: str, kind: str) -> pd.Series:
    require_pandas(table, kind)
    require_columns(table, [name], table=kind)
    if missing := int(table[name].isna().sum()):
        raise TableError(f"{name} is missing in {missing:,} of {len(table):,} rows of the {kind} table.")
    return table[name].astype(object)


def _named(values: np.ndarray, index: pd.Index, name: str) -> pd.Series:
    return pd.Series(np.asarray(values, dtype=object), index=index, name=name).astype("category")
