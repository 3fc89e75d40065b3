"""What bad reviews are about, when one review has several causes and a coder notes one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmlab.loyalty.estimates import Estimate, Floats, check_level, share
from crmlab.tables import TableError


def cause_shares(causes: Any, *, separator: str = "|", customers: Any = None, level: float = 0.95) -> pd.DataFrame:
    """Return the share of bad reviews in which each cause appears.

    A review may have several causes, so that the shares add up to more than 1; ``mentions`` is what a coder gets who
    counts causes instead of reviews, and adds up to 1. Whoever quotes a figure should say which.

    Parameters
    ----------
    causes : array-like of str
        Causes of each bad review, separated; missing where none is known (the review does not count).
    separator : str, default "|"
        Between two causes.
    customers : array-like, optional
        Who wrote each review: reviews of one person are alike, and the interval then counts people.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: cause, most frequent first. ``share``, ``low``, ``high`` (of reviews), ``mentions`` (of causes).

    Examples
    --------
    >>> cause_shares(["late|damaged", "late", "staff"])[["share", "mentions"]].round(2).loc["late"].to_dict()
    {'share': 0.67, 'mentions': 0.5}
    """
    labels = pd.Series(causes).reset_index(drop=True)
    known = labels.notna() & (labels.astype(str).str.strip() != "")
    if not known.any():
        raise TableError("No review has a known cause.")
    sets = labels[known].map(lambda text: {part.strip() for part in str(text).split(separator)} - {""})
    names = sorted(set().union(*sets))
    flags = pd.DataFrame({name: sets.map(lambda found, name=name: name in found) for name in names})
    count = len(flags)
    rows = {}
    for name in names:
        hits = float(flags[name].sum())
        own = share(hits, count, level=level)
        if customers is not None:
            own = _clustered(flags[name], pd.Series(customers).reset_index(drop=True)[known], level)
        rows[name] = (hits / count, own.low, own.high, hits / flags.to_numpy().sum(), count)
    columns = ["share", "low", "high", "mentions", "reviews"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("cause")
    return table.sort_values("share", ascending=False, kind="stable")


def coded_shares(coded: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return the shares of causes as coded, one a review.

    Parameters
    ----------
    coded : array-like of str
        The one cause noted; missing does not count.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: cause, most frequent first. ``share`` (they add up to 1), ``low``, ``high``, ``reviews``.

    Examples
    --------
    >>> coded_shares(["late", "late", "staff"])["share"].round(2).to_dict()
    {'late': 0.67, 'staff': 0.33}
    """
    labels = pd.Series(coded).dropna()
    if not len(labels):
        raise TableError("No review has a coded cause.")
    rows = {name: share(int(hits), len(labels), level=level) for name, hits in labels.value_counts().items() if hits}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["share", "low", "high", "reviews"])
    return table.rename_axis("cause")


def corrected_shares(
    coded: Any, confusion: pd.DataFrame, *, level: float = 0.95, resamples: int = 1_000, seed: int = 0
) -> pd.DataFrame:
    """Return the shares of true causes, when it is known how often the coder mistakes one for another.

    Parameters
    ----------
    coded : array-like of str
        The cause noted in each review.
    confusion : DataFrame
        Counts from reviews that were read twice with care: one row per true cause, one column per code.
    level : float, default 0.95
        Probability that an interval covers; it allows for chance in both tables.
    resamples : int, default 1000
        Bootstrap samples.
    seed : int, default 0
        Seed of these samples.

    Returns
    -------
    DataFrame
        Index: true cause. ``coded`` (share as noted), ``share`` (corrected; by chance it may be
        slightly below 0), ``low``, ``high``.

    Raises
    ------
    TableError
        If a code is not in `confusion`, a true cause has no review, or the coder does not tell causes apart.

    References
    ----------
    Rogan & Gladen (1978), American Journal of Epidemiology 107, for several classes.

    Examples
    --------
    >>> confusion = pd.DataFrame({"late": [80, 20], "staff": [20, 80]}, index=["late", "staff"])
    >>> coded = ["late"] * 50 + ["staff"] * 50
    >>> corrected_shares(coded, confusion)["share"].round(2).to_dict()
    {'late': 0.5, 'staff': 0.5}
    """
    check_level(level)
    labels = pd.Series(coded).dropna().astype(str)
    names = [str(name) for name in confusion.index]
    table = confusion.set_axis(names, axis=0).rename(columns=str)
    if sorted(table.columns) != sorted(names):
        raise TableError("confusion needs the same causes as rows and as columns.")
    strange = sorted(set(labels) - set(names))
    if strange or not len(labels):
        raise TableError(f"The codes {', '.join(map(repr, strange))} are not in confusion." if strange else "No code.")
    counts = table[names].to_numpy(dtype=np.float64)
    if (counts.sum(axis=1) == 0).any():
        raise TableError("A true cause was never read twice: its mistakes are not known.")
    observed = np.array([(labels == name).sum() for name in names], dtype=np.float64)
    rng = np.random.default_rng(seed)
    point = _invert(counts, observed)
    drawn = []
    for _ in range(resamples):
        # Half a review in each cell keeps a rare mistake possible in every sample.
        chances = counts + 0.5
        again = np.array([rng.multinomial(int(row.sum()), c / c.sum()) for row, c in zip(counts, chances, strict=True)])
        seen = rng.multinomial(int(observed.sum()), observed / observed.sum()).astype(np.float64)
        try:
            drawn.append(_invert(again, seen))
        except TableError:
            continue
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return pd.DataFrame(
        {"coded": observed / observed.sum(), "share": point, "low": low, "high": high},
        index=pd.Index(names, name="cause"),
    )


def _invert(counts: Floats, observed: Floats) -> Floats:
    chance = counts / counts.sum(axis=1, keepdims=True)
    if np.linalg.cond(chance) > 1e3:
        raise TableError("The coder does not tell the causes apart: the true shares cannot be found.")
    return np.linalg.solve(chance.T, observed / observed.sum())


def _clustered(flags: pd.Series, people: pd.Series, level: float) -> Estimate:
    """Return Wilson's interval for the number of reviews that would be as precise if all came from different people."""
    value, count = float(flags.mean()), len(flags)
    sums = (flags.astype(float) - value).groupby(people.to_numpy(), observed=True).sum()
    variance = float(np.sum(sums**2)) / count**2
    independent = value * (1 - value) / count
    inflation = max(variance / independent, 1.0) if independent > 0 else 1.0
    effective = count / inflation
    return share(value * effective, max(effective, 1.0), level=level)
