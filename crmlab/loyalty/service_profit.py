"""The service–profit loop by branch: employees → customers → profit → employees, each with a lag."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from crmlab.loyalty.estimates import Floats, as_floats, check_level
from crmlab.tables import TableError, require_columns

LINKS = (
    ("employee_satisfaction", "customer_satisfaction"),
    ("customer_satisfaction", "profit"),
    ("profit", "employee_satisfaction"),
)
"""Cause and effect of each link."""


def service_profit_loop(
    panel: pd.DataFrame, *, lag: int = 1, level: float = 0.95, resamples: int = 400, seed: int = 0
) -> pd.DataFrame:
    """Return the three links of the loop and its gain, each compared with the same link backwards in time.

    Each effect is regressed on its cause `lag` months earlier. Branches and months have levels of their own, so that
    good sites and good seasons explain nothing. If the effect of this month is as strong on the *cause of later*
    months, something else moves both, or the arrow points the other way.

    Parameters
    ----------
    panel : DataFrame
        One row per branch and month: ``branch_id``, ``month`` (whole numbers), ``employee_satisfaction``,
        ``customer_satisfaction``, ``profit``.
    lag : int, default 1
        Months from cause to effect.
    level : float, default 0.95
        Probability that an interval covers.
    resamples : int, default 400
        Bootstrap samples of whole branches, for the gain.
    seed : int, default 0
        Seed of these samples.

    Returns
    -------
    DataFrame
        Index: ``cause → effect`` for each link, and ``gain`` (product of the three slopes: what one point of employee
        satisfaction has become after one round; below 1 a push dies away). Columns: ``slope``, ``low``, ``high``
        (clustered by branch), ``backwards``, ``backwards_low``, ``backwards_high`` (missing for the gain).

    Raises
    ------
    TableError
        If there are fewer than 5 branches or than `lag` + 3 months, or a branch has a month twice.

    References
    ----------
    Heskett, Jones, Loveman, Sasser & Schlesinger (1994), Harvard Business Review, March.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = []
    >>> for branch in range(40):
    ...     staff = rng.normal(70, 5, 24)
    ...     guests = 0.3 * np.roll(staff, 1) + rng.normal(0, 1, 24)
    ...     rows += [
    ...         {"branch_id": branch, "month": m, "employee_satisfaction": staff[m], "customer_satisfaction": guests[m],
    ...          "profit": rng.normal()} for m in range(1, 24)]
    >>> loop = service_profit_loop(pd.DataFrame(rows))
    >>> round(float(loop["slope"].iloc[0]), 1), abs(round(float(loop["backwards"].iloc[0]), 1))
    (0.3, 0.0)
    """
    columns = ["employee_satisfaction", "customer_satisfaction", "profit"]
    require_columns(panel, ["branch_id", "month", *columns], table="panel")
    check_level(level)
    if lag < 1:
        raise ValueError(f"lag must be at least 1 month, not {lag!r}.")
    if panel.duplicated(["branch_id", "month"]).any():
        raise TableError("The panel has a branch with the same month twice.")
    branches, months = panel["branch_id"].nunique(), panel["month"].nunique()
    if branches < 5 or months < lag + 3:
        raise TableError(f"{branches} branches and {months} months are too few: at least 5 and {lag + 3} are needed.")
    wide = {name: _wide(panel.assign(**{name: as_floats(panel[name], name=f"'{name}'")}), name) for name in columns}
    rng = np.random.default_rng(seed)
    rows = {}
    for cause, effect in LINKS:
        forward = _link(wide[cause][:, :-lag], wide[effect][:, lag:], level)
        backward = _link(wide[cause][:, lag:], wide[effect][:, :-lag], level)
        rows[f"{cause} → {effect}"] = (*forward, *backward)
    gains = []
    for _ in range(resamples):
        drawn = rng.integers(0, branches, branches)
        slopes = [_slope(wide[cause][drawn, :-lag], wide[effect][drawn, lag:])[0] for cause, effect in LINKS]
        gains.append(np.prod(slopes))
    low, high = np.quantile(gains, [0.5 - level / 2, 0.5 + level / 2])
    point = np.prod([row[0] for row in rows.values()])
    rows["gain"] = (float(point), float(low), float(high), np.nan, np.nan, np.nan)
    names = ["slope", "low", "high", "backwards", "backwards_low", "backwards_high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).assign(branches=branches)


def _wide(panel: pd.DataFrame, name: str) -> Floats:
    """Return one row per branch and one column per month, months without a gap; what is not known is nan."""
    table = panel.pivot(index="branch_id", columns="month", values=name)
    return table.reindex(columns=range(int(table.columns.min()), int(table.columns.max()) + 1)).to_numpy(np.float64)


def _slope(cause: Floats, effect: Floats) -> tuple[float, Floats, Floats]:
    """Return the slope with levels of branches and months taken out, and what its error needs."""
    known = ~(np.isnan(cause) | np.isnan(effect))
    x, y = (_levels_out(np.where(known, values, np.nan), known) for values in (cause, effect))
    squares = float(np.sum(x * x))
    if squares < 1e-12:
        raise TableError("A cause does not vary within branches: its link cannot be estimated.")
    slope = float(np.sum(x * y)) / squares
    return slope, x, y


def _levels_out(values: Floats, known: np.ndarray, *, rounds: int = 100) -> Floats:
    """Return the values less the levels of rows and columns; the gaps count as 0. Two passes do when there are none."""
    out = np.where(known, values, 0.0)
    rows, columns = np.maximum(known.sum(axis=1, keepdims=True), 1), np.maximum(known.sum(axis=0, keepdims=True), 1)
    for _ in range(rounds):
        step = out.sum(axis=1, keepdims=True) / rows
        out = np.where(known, out - step, 0.0)
        other = out.sum(axis=0, keepdims=True) / columns
        out = np.where(known, out - other, 0.0)
        if max(np.abs(step).max(), np.abs(other).max()) < 1e-10 or known.all():
            break
    return out


def _link(cause: Floats, effect: Floats, level: float) -> tuple[float, float, float]:
    slope, x, y = _slope(cause, effect)
    branches = len(x)
    scores = np.sum(x * (y - slope * x), axis=1)
    error = np.sqrt(np.sum(scores**2) * branches / (branches - 1)) / np.sum(x * x)
    reach = float(stats.t.ppf(0.5 + level / 2, branches - 1) * error)
    return slope, slope - reach, slope + reach
