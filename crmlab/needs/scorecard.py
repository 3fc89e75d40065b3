"""The 4C scorecard: how customers see solution, cost, convenience and communication, against what they expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t

from crmlab.tables import TableError, require_columns

FOUR_C = ("solution", "cost", "convenience", "communication")
"""The four sides of an offer as customers see them; each answers to one P: product, price, place, promotion."""

P_OF_C = {"solution": "product", "cost": "price", "convenience": "place", "communication": "promotion"}
"""Which decision of the firm answers which concern of the customer."""

SURVEY_ITEMS = {
    "solution": ("q1", "q2"),
    "cost": ("q3",),
    "convenience": ("q4", "q5", "q6"),
    "communication": ("q7", "q8", "q9"),
}
"""Items of the ``surveys`` table that ask about each C."""

VALUES = ("product", "service", "personnel", "image")
"""What a customer gets (Kotler)."""

COSTS = ("money", "time", "energy", "psychic")
"""What a customer gives for it."""


def four_c_scorecard(
    answers: pd.DataFrame,
    *,
    items: Mapping[str, Sequence[str]] | None = None,
    behaviour: Mapping[str, tuple[pd.Series, float, float]] | None = None,
    expectation: Mapping[str, float] | float | None = None,
    competitors: Mapping[str, float] | None = None,
    scale: tuple[float, float] = (1, 5),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return a score from 0 to 100 for each C, with its interval and the gaps to expectation and to competitors.

    Parameters
    ----------
    answers : DataFrame
        One row per respondent; missing answers are left out, item by item.
    items : mapping of C to columns, optional
        Items of each C; by default those of the ``surveys`` table (`SURVEY_ITEMS`).
    behaviour : mapping of C to (values, worst, best), optional
        A behaviour column for a C: one value per customer or order, and the values that count as 0 and 100; such as
        ``{"convenience": (deliveries["delay_days"], 5, 0)}``. It gets the weight of one item.
    expectation : float or mapping of C to float, optional
        What customers expect, on the scale of the answers.
    competitors : mapping of C to float, optional
        What the same customers say of competitors, on the scale of the answers.
    scale : tuple of float
        Ends of the scale of the answers.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Indexed by C: ``p`` (the decision that answers it), ``score``, ``low``, ``high``, ``respondents``,
        ``gap_expectation`` and ``gap_competitors`` (points; negative: we fall short; missing where there was
        nothing to compare with).

    Raises
    ------
    TableError
        If a column is missing or lies outside the scale.

    Notes
    -----
    Answers are of those who answered: dissatisfied and silent customers are not in them.

    Examples
    --------
    >>> answers = pd.DataFrame({"good": [4, 5], "cheap": [2, 3]})
    >>> card = four_c_scorecard(answers, items={"solution": ["good"], "cost": ["cheap"]}, expectation=4)
    >>> card["score"].tolist(), card["gap_expectation"].tolist()
    ([87.5, 37.5], [12.5, -37.5])
    """
    groups = {c: list(columns) for c, columns in (items or SURVEY_ITEMS).items()}
    require_columns(answers, [column for columns in groups.values() for column in columns], table="surveys")
    strange = [c for c in [*groups, *(behaviour or {})] if c not in FOUR_C]
    if strange:
        raise ValueError(f"{strange[0]!r} is not one of the four Cs: {', '.join(FOUR_C)}.")
    low, high = scale
    rows = {}
    for c in [c for c in FOUR_C if c in groups or c in (behaviour or {})]:
        parts = []
        for column in groups.get(c, []):
            value = pd.to_numeric(answers[column]).astype(float)
            if ((value < low) | (value > high)).any():
                raise TableError(f"'{column}' has values outside the scale from {low:g} to {high:g}.")
            parts.append(100 * (value - low) / (high - low))
        person = pd.concat(parts, axis=1).mean(axis=1).dropna() if parts else pd.Series(dtype=float)
        means, errors = [], []
        if len(person):
            means.append((float(person.mean()), len(parts)))
            errors.append((_error(person), len(parts)))
        if behaviour and c in behaviour:
            value, worst, best = behaviour[c]
            points = 100 * ((value.dropna().astype(float) - worst) / (best - worst)).clip(0, 1)
            means.append((float(points.mean()), 1))
            errors.append((_error(points), 1))
        weight = sum(w for _, w in means)
        score = sum(m * w for m, w in means) / weight
        error = np.sqrt(sum((e * w / weight) ** 2 for e, w in errors))
        width = t.ppf(0.5 + confidence / 2, max(len(person) - 1, 1)) * error
        wanted = expectation.get(c) if isinstance(expectation, Mapping) else expectation
        others = (competitors or {}).get(c)
        rows[c] = {
            "p": P_OF_C[c],
            "score": score,
            "low": score - width,
            "high": score + width,
            "respondents": len(person),
            "gap_expectation": np.nan if wanted is None else score - 100 * (wanted - low) / (high - low),
            "gap_competitors": np.nan if others is None else score - 100 * (others - low) / (high - low),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("c")


def _error(values: pd.Series) -> float:
    return float(values.std() / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def delivered_value(values: Mapping[str, float], costs: Mapping[str, float]) -> pd.DataFrame:
    """Return customer delivered value: what a customer gets less what it costs them, step by step.

    Parameters
    ----------
    values : mapping
        Worth of ``product``, ``service``, ``personnel`` and ``image`` to the customer, in money; 0 if not named.
    costs : mapping
        ``money``, ``time``, ``energy`` and ``psychic`` cost, in money.

    Returns
    -------
    DataFrame
        One row per step of the waterfall: ``part``, ``amount`` (costs are negative), ``running`` total. The last row is
        the delivered value.

    Raises
    ------
    ValueError
        If a part is unknown or a cost is negative.

    References
    ----------
    Kotler & Keller (2016), Marketing Management, 15th edition, chapter 5.

    Examples
    --------
    >>> steps = delivered_value({"product": 30.0, "service": 8.0}, {"money": 25.0, "time": 5.0})
    >>> steps["running"].tolist()[-1]
    8.0
    """
    for given, allowed, what in ((values, VALUES, "values"), (costs, COSTS, "costs")):
        for name in given:
            if name not in allowed:
                raise ValueError(f"{what}: {name!r} is not one of {', '.join(allowed)}.")
    if any(amount < 0 for amount in costs.values()):
        raise ValueError("costs are positive amounts; they are subtracted.")
    steps = [(name, float(values.get(name, 0.0))) for name in VALUES]
    steps += [(name, -float(costs.get(name, 0.0))) for name in COSTS]
    table = pd.DataFrame(steps, columns=["part", "amount"])
    table["running"] = table["amount"].cumsum()
    total = float(table["running"].iloc[-1])
    return pd.concat(
        [table, pd.DataFrame([("delivered value", total, total)], columns=table.columns)], ignore_index=True
    )
