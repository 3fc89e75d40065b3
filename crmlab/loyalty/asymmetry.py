"""Satisfaction that bends: penalties and rewards, what was expected, the map of importance and performance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm

from crmlab.loyalty.estimates import as_floats, as_items, check_level, normal_quantile
from crmlab.tables import TableError, require_columns

KINDS = ("basic", "performance", "excitement", "no effect")
"""Kinds of driver that `penalty_reward` tells apart."""


def penalty_reward(X: Any, y: Any, *, low: float, high: float, level: float = 0.95) -> pd.DataFrame:
    """Return what a bad rating of each driver costs, and what a good one brings, against a middling one.

    Parameters
    ----------
    X : DataFrame
        One column of ratings per driver.
    y : array-like
        Overall satisfaction.
    low, high : float
        Ratings of at most `low` are bad, of at least `high` good.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: driver. ``penalty`` (points, usually below 0), ``penalty_low``, ``penalty_high``, ``reward``,
        ``reward_low``, ``reward_high``, ``bad`` and ``good`` (respondents), ``kind``: basic (only a penalty can be told
        from 0), excitement (only a reward), performance (both) or no effect. A kind is a verdict of two tests, so
        that with few respondents most are "no effect". Standard errors allow for unequal spread (HC3).

    Raises
    ------
    TableError
        If a driver has nobody with a bad, a middling or a good rating.

    References
    ----------
    Brandt (1987). Mikulić & Prebežac (2008), Managing Service Quality 18, on what the method cannot tell.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> X = pd.DataFrame(rng.integers(1, 6, size=(2_000, 2)), columns=["delivery", "gift"])
    >>> y = 4 - 1.0 * (X["delivery"] <= 2) + 0.5 * (X["gift"] >= 5) + rng.normal(0, 0.5, 2_000)
    >>> penalty_reward(X, y, low=2, high=5)["kind"].to_dict()
    {'delivery': 'basic', 'gift': 'excitement'}
    """
    check_level(level)
    if not low < high:
        raise ValueError(f"low must be below high, not {low!r} and {high!r}.")
    frame = pd.DataFrame(X)
    complete = as_items(frame.reset_index(drop=True).assign(**{"outcome y": as_floats(y, name="y")}))
    target = complete.pop("outcome y")
    columns = {}
    for name in complete:
        bad, good = complete[name] <= low, complete[name] >= high
        middle = ~bad & ~good
        for group, word in ((bad, f"rated {name!r} {low:g} or worse"), (good, f"rated {name!r} {high:g} or better")):
            if not group.any():
                raise TableError(f"Nobody {word}: move low and high, or leave the driver out.")
        if not middle.any():
            raise TableError(f"Nobody rated {name!r} between {low:g} and {high:g}: there is nothing to compare with.")
        columns[(name, "penalty")] = bad
        columns[(name, "reward")] = good
    design = sm.add_constant(pd.DataFrame(columns).to_numpy(dtype=np.float64))
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise TableError("Bad and good ratings of the drivers coincide: they cannot be told apart. Leave one out.")
    fit = sm.OLS(target.to_numpy(), design).fit(cov_type="HC3")
    ends = fit.conf_int(alpha=1 - level)
    rows: dict[Any, dict[str, Any]] = {name: {} for name in complete}
    for place, (name, effect) in enumerate(columns, start=1):
        rows[name] |= {effect: fit.params[place], f"{effect}_low": ends[place, 0], f"{effect}_high": ends[place, 1]}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("driver")
    table["bad"] = [int((complete[name] <= low).sum()) for name in complete]
    table["good"] = [int((complete[name] >= high).sum()) for name in complete]
    punishes, rewards = table["penalty_high"] < 0, table["reward_low"] > 0
    table["kind"] = np.select(
        [punishes & rewards, punishes, rewards], ["performance", "basic", "excitement"], default="no effect"
    )
    return table


def disconfirmation(expected: Any, perceived: Any, satisfaction: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return how satisfaction follows what was perceived, and how far that was above or below what was expected.

    Ratings of expectation given after the event are coloured by it: ask before. With the level itself in the model,
    gains and losses are told apart only as far as expectations differ between people.

    Parameters
    ----------
    expected, perceived, satisfaction : array-like, shape (n,)
        On scales of one kind; expected and perceived on the same scale.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: ``perceived`` (slope on the level), ``above`` (per point above expectation), ``below`` (per point below,
        as a positive number when disappointment hurts), ``loss_ratio`` (below / above; delta method on the logarithm,
        missing unless both are above 0). Columns: ``value``, ``low``, ``high``. Standard errors are HC3.

    References
    ----------
    Oliver (1980), Journal of Marketing Research 17. Anderson & Sullivan (1993), Marketing Science 12.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> expected, perceived = rng.normal(size=(2, 4_000))
    >>> gap = perceived - expected
    >>> felt = np.where(gap > 0, 0.5 * gap, 1.0 * gap) + rng.normal(0, 0.3, 4_000)
    >>> disconfirmation(expected, perceived, felt)["value"].round(1).to_dict()
    {'perceived': 0.0, 'above': 0.5, 'below': 1.0, 'loss_ratio': 2.0}
    """
    check_level(level)
    complete = as_items(
        pd.DataFrame(
            {
                "expected": as_floats(expected, name="expected"),
                "perceived": as_floats(perceived, name="perceived"),
                "satisfaction": as_floats(satisfaction, name="satisfaction"),
            }
        ),
        least_rows=6,
    )
    gap = complete["perceived"] - complete["expected"]
    if not ((gap > 0).any() and (gap < 0).any()):
        raise TableError("Nobody was surprised on one of the two sides: gains and losses cannot be compared.")
    design = sm.add_constant(np.column_stack([complete["perceived"], gap.clip(lower=0), gap.clip(upper=0)]))
    if np.linalg.matrix_rank(design) < 4:
        raise TableError("Expectation and perception are collinear: the gap says nothing beyond the level.")
    fit = sm.OLS(complete["satisfaction"].to_numpy(), design).fit(cov_type="HC3")
    ends = fit.conf_int(alpha=1 - level)
    rows = {
        name: {"value": fit.params[i], "low": ends[i, 0], "high": ends[i, 1]}
        for i, name in enumerate(["perceived", "above", "below"], start=1)
    }
    above, below = fit.params[2], fit.params[3]
    ratio = {"value": np.nan, "low": np.nan, "high": np.nan}
    if above > 0 and below > 0:
        slope = np.array([0, 0, -1 / above, 1 / below])
        error = float(np.sqrt(slope @ fit.cov_params() @ slope))
        from_log = np.exp(np.log(below / above) + np.array([0, -1, 1]) * normal_quantile(level) * error)
        ratio = dict(zip(["value", "low", "high"], from_log.tolist(), strict=True))
    return pd.DataFrame.from_dict({**rows, "loss_ratio": ratio}, orient="index")


def importance_performance(table: pd.DataFrame, performance: Any, *, importance: str = "lmg") -> pd.DataFrame:
    """Return each driver's place on the map: important or not, done well or not, compared with the other drivers.

    Parameters
    ----------
    table : DataFrame
        From `drivers`, with the column `importance`; intervals, if there, decide what is ``clear``.
    performance : Series
        Index: driver. How well each is done, such as the mean rating.
    importance : str, default "lmg"
        Column of `table`.

    Returns
    -------
    DataFrame
        Index: driver, most important first. ``importance``, ``performance``, ``quadrant``: improve (important, not done
        well), keep, later, enough; ``clear``: whether the interval of the importance lies on one side of the mean
        importance (missing without intervals).

    Examples
    --------
    >>> table = pd.DataFrame({"lmg": [0.4, 0.1]}, index=["delivery", "gift"])
    >>> importance_performance(table, pd.Series({"delivery": 3.1, "gift": 4.2}))["quadrant"].to_dict()
    {'delivery': 'improve', 'gift': 'enough'}
    """
    require_columns(table, [importance], table="drivers")
    done = pd.Series(performance, dtype="float64").reindex(table.index)
    if done.isna().any():
        raise TableError(f"performance is missing for {', '.join(map(repr, done.index[done.isna()]))}.")
    weight = table[importance].abs()
    matters, well = weight >= weight.mean(), done >= done.mean()
    out = pd.DataFrame({"importance": weight, "performance": done})
    out["quadrant"] = np.select(
        [matters & ~well, matters & well, ~matters & ~well], ["improve", "keep", "later"], default="enough"
    )
    if f"{importance}_low" in table:
        out["clear"] = (table[f"{importance}_low"] > weight.mean()) | (table[f"{importance}_high"] < weight.mean())
    return out.sort_values("importance", ascending=False, kind="stable")
