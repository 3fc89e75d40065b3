"""What a simulation leaves behind, for tables that are made only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import normal, uniform
from crmlab.world.catalogue import Catalogue
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns

Ids = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Records:
    """Everything recorded of a simulation, latent values included.

    Attributes
    ----------
    setup : Setup
        The simulation.
    catalogue : Catalogue
        The products.
    customers : dict of arrays
        One value per customer, ids ascending.
    states : dict of arrays
        One value per customer and month, in the sequence of customers and months.
    observed, lines : dicts of arrays
        Orders in the sequence of time and their lines, as `observe_block` returns them.
    latent : dict of arrays
        What was felt about the orders, in the sequence of simulation.
    sequence : int64 array
        Place in `latent` of each order of `observed`.
    again : function
        Lives through the simulation once more, mails one by one this time, and returns them.
    """

    setup: Setup
    catalogue: Catalogue
    customers: Columns
    states: Columns
    observed: Columns
    lines: Columns
    latent: Columns
    sequence: npt.NDArray[np.int64]
    again: Callable[[], Columns]

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.setup.scenario

    @property
    def ids(self) -> Ids:
        """Ids of all customers, ascending."""
        return self.customers["customer_id"]

    @cached_property
    def orders(self) -> Columns:
        """Orders in the sequence of time, with what was felt about them."""
        return self.observed | {name: values[self.sequence] for name, values in self.latent.items()}

    @cached_property
    def mails(self) -> Columns:
        """Mails by subscriber and month, as of `crmlab.world.record.Recorded`; costs a second simulation."""
        return self.again()

    def place(self, ids: Ids) -> npt.NDArray[np.intp]:
        """Return the place of some customers among all."""
        return np.searchsorted(self.ids, ids)

    def months(self, low: int, high: int) -> Columns:
        """Return what was recorded from month `low` to before `high`, by customer and month."""
        month = self.states["month"]
        rows = np.flatnonzero((month >= low) & (month < high))
        return {name: values[rows] for name, values in self.states.items()}

    def last_seen(self, month: int) -> Columns:
        """Return the last state, up to the end of a month, of everybody who lived in it or before, from month 0 on."""
        rows = self.months(0, month + 1)
        ids = rows["customer_id"]
        last = np.flatnonzero(np.append(ids[1:] != ids[:-1], True)) if len(ids) else np.zeros(0, np.intp)
        return {name: values[last] for name, values in rows.items()}

    def alive(self, ids: Ids, month: int) -> Booleans:
        """Return who is a customer at the end of a month: those who left may have come back later."""
        if month + 1 >= self.setup.months:
            return ~(self.customers["death_time"][self.place(ids)] <= month + 1)
        now, after = (self.months(m, m + 1) for m in (month, month + 1))
        lived = now["customer_id"][now["exposure"] > 0]
        goes_on = after["customer_id"][after["exposure"] > 0]
        return np.isin(ids, lived) & np.isin(ids, goes_on)

    def opened(self, ids: Ids, month: int, *, span: int = 6) -> npt.NDArray[np.int64]:
        """Return how many mails each customer opened in the months up to and with `month`."""
        rows = self.months(max(0, month + 1 - span), month + 1)
        total = np.bincount(self.place(rows["customer_id"]), weights=rows["opened"], minlength=len(self.ids))
        return total[self.place(ids)].astype(np.int64)


class Draws:
    """Random numbers of one mechanism for some ids.

    Parameters
    ----------
    ids : int64 array, shape (n,)
        Customers, orders or whatever else has numbers of its own.
    seed : int
        Seed of the people or of their luck.
    mechanism : str
        A name of `crmlab.streams.MECHANISMS`.
    month : int or int64 array
        Month or, where nothing depends on time, any other number of the occasion.
    """

    def __init__(self, ids: Ids, *, seed: int, mechanism: str, month: int | Ids = 0) -> None:
        self._ids = ids
        self._key: dict[str, Any] = {"seed": seed, "mechanism": mechanism, "month": month}

    def uniform(self, draw: int | Ids) -> Reals:
        """Draw uniform numbers; `draw` tells one from another."""
        return uniform(self._ids, **self._key, draw=draw).astype(np.float64)

    def normal(self, draw: int | Ids) -> Reals:
        """Draw standard normal numbers."""
        return normal(self._ids, **self._key, draw=draw).astype(np.float64)

    def gumbel(self, draw: int | Ids) -> Reals:
        """Draw standard Gumbel numbers: the chance of a choice by utility is then a logit."""
        return -np.log(-np.log(self.uniform(draw)))


def rating(score: Reals, cuts: list[float], lowest: int = 1) -> npt.NDArray[np.int64]:
    """Return the rating of each score: `lowest` up to the first cut, one more above each.

    Examples
    --------
    >>> rating(np.array([-2.0, 0.1, 9.0]), [-1.0, 0.0, 1.0]).tolist()
    [1, 3, 4]
    """
    return lowest + np.searchsorted(np.asarray(cuts, dtype=np.float64), score)


def categories(codes: npt.NDArray[np.integer], names: list[str]) -> Any:
    """Return a categorical column; a code of −1 is missing."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(names))


def optional(values: npt.NDArray[np.integer], present: Booleans) -> pd.arrays.IntegerArray:
    """Return whole numbers of which some are missing."""
    return pd.arrays.IntegerArray(np.where(present, values, 0).astype(np.int64), ~present)


def shares(scores: Mapping[str, Reals]) -> dict[str, Reals]:
    """Divide scores of 0 or more by their sum, for each row."""
    total = sum(scores.values(), start=np.zeros(len(next(iter(scores.values())))))
    return {name: np.divide(score, total, out=np.zeros_like(total), where=total > 0) for name, score in scores.items()}


def choose(u: Reals, weights: list[Reals]) -> npt.NDArray[np.int64]:
    """Return the number of the option that a uniform number falls into; weights need not add up to 1."""
    ends = np.cumsum(np.stack(weights), axis=0)
    return (u * ends[-1] >= ends[:-1]).sum(axis=0).astype(np.int64)
