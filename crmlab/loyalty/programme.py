"""Does a loyalty programme make people buy more, or do people who buy more join? Four answers, three of them biased."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crmlab.loyalty.estimates import Estimate, Floats, as_flags, as_floats, check_level, normal_quantile
from crmlab.loyalty.weighting import design
from crmlab.tables import TableError


def naive_difference(outcome: Any, member: Any, *, level: float = 0.95) -> Estimate:
    """Return members' mean less non-members'.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        What each customer brought after joining was possible, such as € per month.
    member : array-like of bool, shape (n,)
        Whether each is a member.
    level : float, default 0.95
        Probability that the interval covers *this difference*; as an effect of the programme it is biased by who joins.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> print(naive_difference([5.0, 7.0, 1.0, 3.0], [True, True, False, False]))
    4 [1.23, 6.77], n = 4
    """
    value, joined = _checked(outcome, member)
    return _difference(value[joined], value[~joined], level)


def difference_in_differences(before: Any, after: Any, member: Any, *, level: float = 0.95) -> Estimate:
    """Return how much more members changed than non-members.

    Right if, without the programme, both would have changed alike. People who join because they are about to buy more,
    or who were at a chance high when they joined, break that.

    Parameters
    ----------
    before, after : array-like, shape (n,)
        The outcome in two periods of equal length, before and after joining.
    member : array-like of bool, shape (n,)
        Whether each joined between the two.
    level : float, default 0.95
        Probability that the interval covers.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> difference_in_differences([5, 6, 1, 2], [7, 8, 2, 3], [True, True, False, False]).value
    1.0
    """
    first, joined = _checked(before, member)
    second, _ = _checked(after, member)
    change = second - first
    return _difference(change[joined], change[~joined], level)


def matched_difference(
    outcome: Any, member: Any, known: pd.DataFrame, *, neighbours: int = 3, level: float = 0.95
) -> Estimate:
    """Return members' mean less that of non-members who were equally likely to join.

    The likelihood of joining is a logistic regression on what was known before; each member is compared with the
    nearest non-members. What is not in `known`, such as how attached people feel, stays in the difference.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        What each brought after joining was possible.
    member : array-like of bool, shape (n,)
        Whether each is a member.
    known : DataFrame, shape (n, p)
        What was known *before* joining, such as earlier orders; never anything that the programme may have changed.
    neighbours : int, default 3
        Non-members compared with each member; one may serve several times.
    level : float, default 0.95
        Probability that the interval covers, if nothing unknown drives joining.

    Returns
    -------
    Estimate
        Effect on members; ``observations`` is how many members.

    Raises
    ------
    TableError
        If there are fewer non-members than `neighbours` + 1.

    References
    ----------
    Rosenbaum & Rubin (1983), Biometrika 70. Abadie & Imbens (2006), Econometrica 74, for the standard error.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> orders = rng.poisson(3, 4_000)
    >>> member = rng.random(4_000) < 0.1 * (1 + orders) / (1 + 0.1 * (1 + orders))
    >>> spent = 10 * orders + 2 * member + rng.normal(0, 5, 4_000)
    >>> matched = matched_difference(spent, member, pd.DataFrame({"orders": orders}))
    >>> bool(matched.low < 2 < matched.high), bool(naive_difference(spent, member).low > 2)
    (True, True)
    """
    check_level(level)
    value, joined = _checked(outcome, member)
    if len(known) != len(value):
        raise TableError(f"known has {len(known):,} rows and outcome {len(value):,}: one each per customer.")
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, not {neighbours!r}.")
    inside, outside = value[joined], value[~joined]
    if len(outside) < neighbours + 1:
        raise TableError(f"{len(outside)} non-members are too few to find {neighbours} neighbours for each member.")
    features = design(known)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e4, max_iter=1_000)).fit(features, joined)
    likelihood = model.decision_function(features)[:, None]
    # Equal likelihoods are frequent with counts; a tiny, fixed shift by row spreads who serves as neighbour.
    likelihood = likelihood + 1e-9 * np.random.default_rng(0).random((len(likelihood), 1))
    search = NearestNeighbors(n_neighbors=neighbours).fit(likelihood[~joined])
    partner = search.kneighbors(likelihood[joined], return_distance=False)
    gap = inside - outside[partner].mean(axis=1)
    effect = float(gap.mean())
    served = np.bincount(partner.ravel(), minlength=len(outside)) / neighbours
    # Spread of the outcome among non-members of the same likelihood, from each one's own neighbours.
    own = search.kneighbors(likelihood[~joined], n_neighbors=neighbours + 1, return_distance=False)
    noise = outside[own].var(axis=1, ddof=1)
    variance = (np.sum((gap - effect) ** 2) + np.sum(noise * (served**2 - served / neighbours))) / len(inside) ** 2
    reach = normal_quantile(level) * float(np.sqrt(variance))
    return Estimate(effect, effect - reach, effect + reach, len(inside))


def invitation_effect(outcome: Any, invited: Any, member: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return the effect of a programme from a randomised invitation.

    Chance decided who was invited, so that the invited and the others differ by the invitation alone. Divided by how
    many more joined, that gives the effect on those who join because they are asked.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        What each brought after the invitation.
    invited : array-like of bool, shape (n,)
        Whether chance invited them.
    member : array-like of bool, shape (n,)
        Whether they joined.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: ``joined`` (additional members per invitation), ``invitation`` (effect of being invited), ``membership``
        (effect on those who joined because of it). Columns: ``value``, ``low``, ``high``, ``observations``. If the
        invitation hardly moved anybody (its interval holds 0), ``membership`` is missing.

    References
    ----------
    Angrist, Imbens & Rubin (1996), Journal of the American Statistical Association 91.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> invited = rng.random(20_000) < 0.5
    >>> keen = rng.random(20_000)
    >>> member = keen > np.where(invited, 0.6, 0.9)
    >>> spent = 20 * keen + 2 * member + rng.normal(0, 5, 20_000)
    >>> effect = invitation_effect(spent, invited, member).loc["membership"]
    >>> bool(effect["low"] < 2 < effect["high"]), round(naive_difference(spent, member).value)
    (True, 11)
    """
    check_level(level)
    value, asked = _checked(outcome, invited, "invited")
    joined = as_flags(member, name="member").astype(float)
    if len(joined) != len(value):
        raise TableError(f"member has {len(joined):,} rows and outcome {len(value):,}: one each per customer.")
    first = _difference(joined[asked], joined[~asked], level)
    intended = _difference(value[asked], value[~asked], level)
    local = Estimate(np.nan, np.nan, np.nan, len(value))
    if first.low > 0 or first.high < 0:
        effect = intended.value / first.value
        remaining = value - effect * joined
        spread = _difference(remaining[asked], remaining[~asked], level)
        reach = (spread.high - spread.low) / 2 / abs(first.value)
        local = Estimate(effect, effect - reach, effect + reach, len(value))
    rows = {"joined": first, "invitation": intended, "membership": local}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(Estimate._fields))


def _checked(outcome: Any, member: Any, name: str = "member") -> tuple[Floats, Any]:
    value = as_floats(outcome, name="outcome")
    flags = as_flags(member, name=name)
    if len(value) != len(flags):
        raise TableError(f"outcome has {len(value):,} rows and {name} {len(flags):,}: one each per customer.")
    if np.isnan(value).any():
        raise TableError(f"outcome is missing for {int(np.isnan(value).sum()):,} customers: who bought nothing has 0.")
    if min(flags.sum(), (~flags).sum()) < 2:
        raise TableError(f"{name}: at least 2 customers are needed on either side, to compare them.")
    return value, flags


def _difference(first: Floats, second: Floats, level: float) -> Estimate:
    value = float(first.mean() - second.mean())
    error = np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    reach = normal_quantile(level) * float(error)
    return Estimate(value, value - reach, value + reach, len(first) + len(second))
