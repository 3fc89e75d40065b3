"""Eight stages in the making of a customer, the funnel that they form, and the chain of moves between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from crmlab.grading.checks import numbers_of
from crmlab.grading.engines import in_pandas, on_any_engine
from crmlab.tables import TableError, require_columns

STAGES = (
    "imagined",
    "expected",
    "first deal",
    "repeat",
    "long-term",
    "advocate",
    "strategic",
    "partner",
)
"""From a portrait on paper to a partner in the business."""


@on_any_engine
def stages(
    people: pd.DataFrame,
    *,
    ready: float = 0.5,
    repeat_orders: int = 2,
    long_term_orders: int = 4,
    long_term_days: float = 365,
    wallet: float = 0.8,
    referrals: int = 2,
) -> pd.Series:
    """Return the stage of each person by rule: the highest whose condition holds.

    Having bought does not make somebody a core customer, and each stage above the first deal needs the orders of the
    one before. Columns that are not there count as 0: without ``referrals`` nobody is strategic.

    - imagined: fits the portrait at best;
    - expected: ``readiness`` of at least `ready`;
    - first deal: at least 1 order; repeat: at least `repeat_orders`;
    - long-term: at least `long_term_orders`, and `long_term_days` from the first to the last;
    - advocate: long-term, and at least `wallet` of what they buy of this kind is bought here (``share_of_wallet``);
    - strategic: long-term, and has brought at least `referrals` others (``referrals``);
    - partner: joins in the business (``is_partner``), whatever they buy.

    Parameters
    ----------
    people : DataFrame
        One row per person, of pandas, Polars or PyArrow: ``orders`` (count), and where known
        ``tenure_days`` (first to last order), ``readiness`` (probability of closing soon), ``share_of_wallet``,
        ``referrals``, ``is_partner``.
    ready, wallet : float
        Shares between 0 and 1.
    repeat_orders, long_term_orders, referrals : int
        Counts, at least 1; long-term needs at least as many orders as repeat.
    long_term_days : float
        Days.

    Returns
    -------
    Series
        Ordered categorical in the order of `STAGES`.

    Raises
    ------
    TableError
        If ``orders`` is missing, or a column is not finite.
    ValueError
        If a threshold is out of its range.

    Examples
    --------
    >>> people = pd.DataFrame({"orders": [0, 1, 9, 9], "tenure_days": [0, 0, 700, 700], "referrals": [0, 0, 0, 3]})
    >>> stages(people).tolist()
    ['imagined', 'first deal', 'long-term', 'strategic']
    """
    if not 0 <= ready <= 1 or not 0 <= wallet <= 1 or not long_term_days >= 0:
        raise ValueError("ready and wallet must be between 0 and 1, long_term_days 0 or more.")
    if repeat_orders < 2 or long_term_orders < repeat_orders or referrals < 1:
        raise ValueError("repeat_orders must be at least 2, long_term_orders at least as many, referrals at least 1.")
    require_columns(people, ["orders"], table="people")
    count = len(people)

    def known(name: str) -> np.ndarray:
        if name not in people.columns:
            return np.zeros(count)
        column = people[name]
        return numbers_of(column.astype(float) if pd.api.types.is_bool_dtype(column.dtype) else column)

    orders = known("orders")
    long_term = (orders >= long_term_orders) & (known("tenure_days") >= long_term_days)
    reached = [
        np.ones(count, dtype=bool),
        known("readiness") >= ready if "readiness" in people.columns else np.zeros(count, dtype=bool),
        orders >= 1,
        orders >= repeat_orders,
        long_term,
        long_term & (known("share_of_wallet") >= wallet) & (known("share_of_wallet") > 0),
        long_term & (known("referrals") >= referrals),
        known("is_partner") > 0,
    ]
    highest = len(STAGES) - 1 - np.argmax(np.array(reached)[::-1], axis=0)
    return pd.Series(
        pd.Categorical.from_codes(highest, pd.Index(STAGES), ordered=True), index=people.index, name="stage"
    )


@on_any_engine
def funnel(stage: pd.Series) -> pd.DataFrame:
    """Return how many people have come at least as far as each stage, and which share of those one stage before.

    Stages 6 to 8 are not steps on one path: a partner need not be an advocate. Read "at least as far" there as "in this
    stage or one named after it".

    Parameters
    ----------
    stage : Series
        From `stages`.

    Returns
    -------
    DataFrame
        Indexed by ``stage``: ``people`` (in it), ``reached`` (in it or further), ``passed`` (share of those who reached
        the one before; NaN for the first and where nobody did).

    Raises
    ------
    TableError
        If a value is no stage.

    Examples
    --------
    >>> funnel(pd.Series(["imagined", "expected", "first deal", "first deal"]))["reached"].tolist()
    [4, 3, 2, 0, 0, 0, 0, 0]
    """
    found = pd.Series(stage).astype(object)
    if wrong := sorted(set(found.map(str)) - set(STAGES)):
        raise TableError(f"stage must be one of {', '.join(STAGES)}; it also holds {', '.join(wrong)}.")
    people = found.value_counts().reindex(list(STAGES), fill_value=0)
    reached = people[::-1].cumsum()[::-1]
    before = reached.shift(1)
    table = pd.DataFrame({"people": people, "reached": reached, "passed": reached / before.where(before > 0)})
    table.index.name = "stage"
    return table


class Chain(NamedTuple):
    """What follows if people keep moving as they did.

    Attributes
    ----------
    matrix : DataFrame
        Probability of each move in one step.
    reaches : Series
        Probability of ever reaching a goal, by the state in which one is; 1 in the goals.
    steps : Series
        Expected steps until a goal or an end is reached; infinite where neither ever is.
    """

    matrix: pd.DataFrame
    reaches: pd.Series
    steps: pd.Series


def chain(moves: pd.DataFrame, *, goals: Sequence[str], ends: Sequence[str] = ()) -> Chain:
    """Return the chance of reaching a goal, and the time it takes, from observed moves.

    The chain has no memory: where somebody goes depends on where they are, not on how they came. Customers do remember,
    so treat long forecasts as a reading aid.

    Parameters
    ----------
    moves : DataFrame
        From `transitions`: ``share``, indexed by ``before`` and ``after``.
    goals : sequence of str
        States in which the walk ends well.
    ends : sequence of str
        States in which it ends without a goal, such as leaving.

    Returns
    -------
    Chain

    Raises
    ------
    TableError
        If a state is unknown, or a state that can be left was never observed.
    ValueError
        If there is no goal, or a state is goal and end.

    References
    ----------
    Kemeny & Snell (1960), Finite Markov Chains. Pfeifer & Carraway (2000), Modeling customer relationships as Markov
    chains, Journal of Interactive Marketing 14(2): 43–55.

    Examples
    --------
    >>> from crmlab.grading import transitions
    >>> before = pd.Series(["new", "new", "new", "new"])
    >>> moves = transitions(before, pd.Series(["new", "new", "loyal", "gone"]), states=["new", "loyal", "gone"])
    >>> found = chain(moves, goals=["loyal"], ends=["gone"])
    >>> float(found.reaches["new"]), float(found.steps["new"])
    (0.5, 2.0)
    """
    moves = in_pandas(moves, name="moves")
    require_columns(moves, ["share"], table="moves")
    if moves.index.names != ["before", "after"]:
        require_columns(moves, ["before", "after"], table="moves")
        moves = moves.set_index(["before", "after"])
    if not goals or set(goals) & set(ends):
        raise ValueError("goals needs at least one state, and none of them may be an end.")
    matrix = moves["share"].unstack("after")
    order = list(dict.fromkeys(moves.index.get_level_values("before")))
    matrix = matrix.loc[order, order]
    if unknown := sorted({*goals, *ends} - set(order)):
        raise TableError(f"{', '.join(unknown)} are none of the states {', '.join(map(str, order))}.")
    closed = [*goals, *ends]
    for state in closed:
        matrix.loc[state] = 0.0
        matrix.loc[state, state] = 1.0
    if missing := [str(state) for state in order if matrix.loc[state].isna().any()]:
        raise TableError(f"Nobody was seen in {', '.join(missing)}: there is no telling where they would go.")
    share = matrix.to_numpy(dtype=float)
    place = {state: i for i, state in enumerate(order)}
    stops = np.array([state in closed for state in order])
    # States from which a stop can be reached at all; from the others the walk never ends.
    can = stops.copy()
    for _ in order:
        can = can | ((share > 0) @ can)
    walk = np.flatnonzero(~stops & can)
    inner = share[np.ix_(walk, walk)]
    left = np.eye(len(walk)) - inner
    target = np.array([state in set(goals) for state in order], dtype=float)
    reaches = target.copy()
    steps = np.where(stops, 0.0, np.inf)
    if len(walk):
        reaches[walk] = np.linalg.solve(left, share[walk] @ np.where(stops, target, 0.0))
        lost = share[walk] @ ~can
        expected = np.linalg.solve(left, np.ones(len(walk)))
        trapped = np.linalg.solve(left, lost) > 1e-12
        steps[walk] = np.where(trapped, np.inf, expected)
    index = pd.Index(order, name="state")
    assert len(place) == len(order)
    return Chain(matrix, pd.Series(reaches, index=index, name="reaches"), pd.Series(steps, index=index, name="steps"))
