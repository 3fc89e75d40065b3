"""Non-customers: the near ones, those who refuse and those never found; what would convert each kind."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import norm

from crmlab.tables import TableError, require_columns

KINDS = ("quasi", "refusing", "unexplored")
"""Quasi: meets every trait of the portrait. Refusing: known, but lacks at least one. Unexplored: out of reach."""

TRAITS = {"portrait_match": 0.5, "need_strength": 0.5, "ability_to_pay": 0.5}
"""Traits of the target portrait and the least that counts as meeting it."""

REMEDY = {
    "portrait_match": "product: another version for these people",
    "need_strength": "communication: show the problem it solves",
    "ability_to_pay": "price: a smaller pack or a cheaper version",
}
"""What to change for those who refuse for want of a trait."""


def non_customers(
    prospects: pd.DataFrame, *, traits: Mapping[str, float] | None = None, reach: float = 0.35
) -> pd.DataFrame:
    """Sort people who are not customers into the three kinds.

    Parameters
    ----------
    prospects : DataFrame
        Table ``prospects``: one row per person, with the traits, ``access`` and, if there, ``inquiries`` and
        ``follow_ups_received``.
    traits : mapping of column to float, optional
        Traits of the target portrait and the least that meets them; see `TRAITS`.
    reach : float
        Least `access` at which the firm's channels reach somebody. Who is below it, has never asked and was never
        followed up is unexplored: nothing is known of them that would allow another kind.

    Returns
    -------
    DataFrame
        Indexed by ``prospect_id``: ``kind``, ``unmet`` (number of traits that fall short), ``lacks`` (the trait that
        falls shortest; missing for quasi customers), ``distance`` (sum of the shortfalls).

    Raises
    ------
    TableError
        If a column is missing.

    References
    ----------
    Kim & Mauborgne (2005), Blue Ocean Strategy, chapter 5 (three tiers of noncustomers; theirs are drawn a little
    otherwise: the first tier are customers about to leave).

    Examples
    --------
    >>> people = pd.DataFrame({
    ...     "prospect_id": [1, 2, 3], "portrait_match": [0.9, 0.8, 0.6], "need_strength": [0.7, 0.8, 0.6],
    ...     "ability_to_pay": [0.8, 0.2, 0.6], "access": [0.9, 0.9, 0.1],
    ... })
    >>> non_customers(people)["kind"].tolist()
    ['quasi', 'refusing', 'unexplored']
    """
    wanted = dict(TRAITS if traits is None else traits)
    require_columns(prospects, ["prospect_id", *wanted, "access"], table="prospects")
    if prospects["prospect_id"].duplicated().any():
        raise TableError("The prospects table has a person twice.")
    short = pd.DataFrame({name: (least - prospects[name]).clip(lower=0) for name, least in wanted.items()})
    silent = pd.Series(True, index=prospects.index)
    for name in ("inquiries", "follow_ups_received"):
        if name in prospects:
            silent &= prospects[name].fillna(0) == 0
    hidden = (prospects["access"].fillna(0) < reach) & silent
    unmet = (short > 0).sum(axis=1)
    kind = np.select([hidden, unmet > 0], ["unexplored", "refusing"], "quasi")
    lacks = short.idxmax(axis=1).where((unmet > 0) & ~hidden)
    return pd.DataFrame(
        {
            "kind": pd.Categorical(kind, list(KINDS)),
            "unmet": unmet.to_numpy(),
            "lacks": lacks.to_numpy(),
            "distance": short.sum(axis=1).to_numpy(),
        },
        index=pd.Index(prospects["prospect_id"], name="prospect_id"),
    )


def conversion_policy(
    kinds: pd.DataFrame, *, chance: Mapping[str, float], cost: Mapping[str, float], value: float
) -> pd.DataFrame:
    """Return a policy for each kind, and for those who refuse one for each trait they lack, with what it should earn.

    Parameters
    ----------
    kinds : DataFrame
        Result of `non_customers`.
    chance : mapping of kind to float
        Chance that the policy converts one person, from a trial or from experience.
    cost : mapping of kind to float
        Cost of the policy per person.
    value : float
        Profit of a converted customer before that cost.

    Returns
    -------
    DataFrame
        Indexed by ``kind`` and ``lacks``: ``people``, ``policy``, ``chance``, ``break_even`` (chance from which the
        policy pays), ``profit`` expected from all of them, ``low`` and ``high`` (95%, from chance alone), ``do``
        (whether it pays).

    Raises
    ------
    ValueError
        If a kind has no chance or cost, or a chance is not between 0 and 1.
    """
    require_columns(kinds, ["kind", "lacks"], table="non-customers")
    for name in KINDS:
        if name not in chance or name not in cost:
            raise ValueError(f"chance and cost must name the kind {name!r}.")
        if not 0 <= chance[name] <= 1:
            raise ValueError(f"chance of {name!r} must lie between 0 and 1, not {chance[name]!r}.")
    words = {
        "quasi": "place: remove what stands between them and us (awareness, access, habit), then ask",
        "unexplored": "explore: reach a sample first, and learn who they are",
    }
    groups = kinds.assign(lacks=kinds["lacks"].fillna("")).groupby(["kind", "lacks"], observed=True).size()
    rows = []
    counted = groups.rename("people").reset_index()
    for kind, lacks, people in counted.astype({"kind": str, "people": int}).to_numpy():
        p, spend = chance[kind], cost[kind]
        profit = people * (p * value - spend)
        width = norm.ppf(0.975) * value * np.sqrt(people * p * (1 - p))
        rows.append(
            {
                "kind": kind,
                "lacks": lacks,
                "people": people,
                "policy": words.get(kind) or REMEDY.get(lacks, f"change what they lack: {lacks}"),
                "chance": p,
                "break_even": spend / value,
                "profit": profit,
                "low": profit - width,
                "high": profit + width,
                "do": profit > 0,
            }
        )
    return pd.DataFrame(rows).set_index(["kind", "lacks"])


def unseen_market(first: int, second: int, both: int, *, confidence: float = 0.95) -> pd.Series:
    """Estimate how many people there are from two independent samples of them and their overlap (capture–recapture).

    Parameters
    ----------
    first, second : int
        People found in each sample, such as two channels or two weeks.
    both : int
        People found in both.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    Series
        ``people`` (Chapman's estimator), ``low``, ``high``, ``unseen`` (people found in neither).

    Notes
    -----
    The samples must be independent: people who are easy to find in both make the estimate too low.

    References
    ----------
    Chapman (1951), University of California Publications in Statistics 1, 131; Seber (1970), Biometrika 57, 677.

    Examples
    --------
    >>> round(unseen_market(200, 150, 30)["people"])
    978
    """
    if not 0 <= both <= min(first, second):
        raise ValueError(f"both must lie between 0 and {min(first, second)}, the smaller sample, not {both!r}.")
    people = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    seen = first + second - both
    # On the logarithm of the unseen part: the estimate is skewed, and never below what was seen.
    unseen = max(people - seen, 0.0)
    spread = np.exp(norm.ppf(0.5 + confidence / 2) * np.sqrt(np.log1p(variance / max(unseen, 1.0) ** 2)))
    return pd.Series(
        {"people": people, "low": seen + unseen / spread, "high": seen + unseen * spread, "unseen": unseen}
    )
