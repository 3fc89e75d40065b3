"""One stylised fact, and the rule by which a world meets it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import t as student

from crmlab.facts.sample import Sample

CONFIDENCE = 0.95
"""Of the interval of a result; each of its two ends is passed by chance once in forty times."""

RULE = (
    "Each seed gives one independent value. The figure is their mean with a 95% interval (Student's t over the seeds: "
    "the Monte-Carlo error). A fact is *in* when the whole interval lies inside its range, *out* when the mean lies "
    "outside it, and *open* otherwise; an open fact gets twice as many seeds, and then four times as many. So a world "
    "whose true figure lies outside the range is called in with a probability of at most 2.5% at each of three looks."
)


@dataclass(frozen=True)
class Fact:
    """One row of the table of facts.

    Attributes
    ----------
    number : int
        Number of the fact in the list of 35.
    part : str
        Letter of the row, where a fact has several.
    scenario : str
        Scenario in which it is computed.
    meaning : str
        What is computed.
    low, high : float
        Range in which the figure must lie.
    source : str
        Where the target comes from.
    calibrated : bool
        Whether numbers of the scenario were set to meet it.
    compute : function
        From a sample to the figure of that seed.
    miss : str
        Where a fact is known not to be met: why. Its range is that of the specification all the same.
    """

    number: int
    part: str
    scenario: str
    meaning: str
    low: float
    high: float
    source: str
    calibrated: bool
    compute: Callable[[Sample], float]
    miss: str = ""

    @property
    def name(self) -> str:
        """Number and letter, such as ``20b``."""
        return f"{self.number}{self.part}"


@dataclass(frozen=True)
class Result:
    """A fact with its values, one per seed.

    Attributes
    ----------
    fact : Fact
        Which one.
    values : tuple of float
        One per seed.
    mean, error : float
        Mean of the values and half the width of its 95% interval.
    verdict : {"in", "open", "out"}
        By `RULE`.
    """

    fact: Fact
    values: tuple[float, ...]
    mean: float
    error: float
    verdict: Literal["in", "open", "out"]


def judge(fact: Fact, values: Sequence[float]) -> Result:
    """Return whether a fact holds, its Monte-Carlo error included.

    Parameters
    ----------
    fact : Fact
        Which one.
    values : sequence of float
        Its value on each seed, at least two.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        If there are fewer than two values: one says nothing about its error.

    Examples
    --------
    >>> late = Fact(20, "a", "cosmetics", "late deliveries", 0.077, 0.085, "Olist", True, lambda sample: 0.08)
    >>> judge(late, [0.0801, 0.0811, 0.0806]).verdict
    'in'
    >>> judge(late, [0.079, 0.086, 0.082]).verdict
    'open'
    """
    if len(values) < 2:
        raise ValueError("a fact needs at least two seeds: one value says nothing about its Monte-Carlo error")
    x = np.asarray(values, dtype=np.float64)
    mean, quantile = float(x.mean()), float(student.ppf((1 + CONFIDENCE) / 2, len(x) - 1))
    error = quantile * float(x.std(ddof=1)) / np.sqrt(len(x))
    if not fact.low <= mean <= fact.high:  # a missing value is out
        verdict: Literal["in", "open", "out"] = "out"
    else:
        verdict = "in" if fact.low <= mean - error and mean + error <= fact.high else "open"
    return Result(fact, tuple(map(float, x)), mean, error, verdict)
