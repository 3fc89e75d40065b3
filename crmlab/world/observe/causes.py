"""What made an experience bad, order by order: late delivery, failed service, the product itself, price, fit, hurt.

The experience of an order is a sum (mechanism 7 of ``MODEL.md``), so each part can be told apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from crmlab.streams import normal
from crmlab.world.experience import NO_TICKET, UNSATISFIED
from crmlab.world.observe.records import Ids, Reals, Records
from crmlab.world.population import FOUR_C

CAUSES = ("quality", "price", "site", "logistics", "service", "after_sales", "assortment", "other")
"""Causes of a bad review and of leaving: levers of the firm, and ``other`` for what no firm can help."""

_LEVERS = {
    "quality": ("quality",),
    "site": ("site",),
    "logistics": ("logistics", "availability"),
    "service": ("service", "personal_care"),
    "after_sales": ("after_sales",),
    "assortment": ("assortment",),
}
"""Levers by which the firm could remove a cause."""


def order_losses(records: Records, rows: npt.NDArray[np.integer]) -> dict[str, Reals]:
    """Return what was lost in the experience of some orders, by cause; each 0 or more.

    Parameters
    ----------
    records : Records
        The simulation.
    rows : int array, shape (n,)
        Places among `Records.orders`.

    Returns
    -------
    dict of str to float64 array, shape (n,)
        One array for each of `CAUSES` but ``other``.
    """
    e = records.scenario.experience
    o = {name: records.orders[name][rows] for name in ("customer_id", "month", "number", "delay", "failed", "ticket")}
    experience = records.orders["experience"][rows].astype(np.float64)
    luck = e.spread * normal(
        o["customer_id"], seed=records.setup.seed_luck, mechanism="quality", month=o["month"], draw=o["number"]
    ).astype(np.float64)
    late = np.where(o["delay"] > 0, e.late + e.delay * o["delay"].astype(np.float64), 0.0)
    failed = e.failure * o["failed"]
    place = records.place(o["customer_id"])
    fit = e.fit * records.customers["fit"][place].astype(np.float64)
    offered = _four_c(records, o["customer_id"], o["month"])
    price = offered - (experience - e.base - fit - luck + late + failed)
    zero = np.zeros(len(rows))
    return {
        "quality": np.maximum(-luck, 0.0),
        "price": np.where(price > 1e-4, price, 0.0),  # below that it is rounding
        "site": zero,
        "logistics": late,
        "service": failed,
        "after_sales": np.where(o["ticket"] == UNSATISFIED, e.failure / 2, 0.0),
        "assortment": np.maximum(-fit, 0.0),
    }


def _four_c(records: Records, ids: Ids, month: npt.NDArray[np.integer]) -> Reals:
    """Return what the firm's levers added to the experience, weighted as each customer weighs the four Cs."""
    out = np.zeros(len(ids))
    weights = records.customers["weights"][records.place(ids)].astype(np.float64)
    for number in np.unique(month):
        rows = month == number
        effects = records.setup.effects(int(number), ids[rows])
        out[rows] = sum(weights[rows, c] * change for c, change in enumerate(effects.four_c))
    return out


def lever_gaps(records: Records, ids: Ids, month: npt.NDArray[np.int64]) -> dict[str, Reals]:
    """Return how far the experience of customers lies below what the firm's best effort would give, by cause."""
    scenario = records.scenario
    weights = records.customers["weights"][records.place(ids)].astype(np.float64)
    curvature = scenario.four_c.curvature
    out = {cause: np.zeros(len(ids)) for cause in _LEVERS}
    for cause, levers in _LEVERS.items():
        for lever in levers:
            if lever not in scenario.marketing_mix:
                continue
            # Term by term: a matrix product may round differently for another number of customers.
            mix = scenario.marketing_mix[lever]
            effect = sum((weights[:, c] * mix[name] for c, name in enumerate(FOUR_C)), start=np.zeros(len(ids)))
            for number in np.unique(month):
                rows = month == number
                level = records.setup.policy.value(lever, int(number), ids[rows]).astype(np.float64)
                gain = np.exp(-curvature * level) - np.exp(-curvature)
                out[cause][rows] += effect[rows] * np.maximum(gain, 0.0)
    return out


def leaving_excess(records: Records, ids: Ids, month: npt.NDArray[np.int64]) -> dict[str, Reals]:
    """Return what each cause had added to the logarithm of the hazard of leaving by the end of a month.

    Orders count as they count for satisfaction: the last one most, each earlier one less by the inertia. A loss below
    expectation weighs more than one above (mechanism 8).

    Parameters
    ----------
    records : Records
        The simulation.
    ids, month : int64 arrays, shape (n,)
        Customers, ascending, and the month concerned for each.

    Returns
    -------
    dict of str to float64 array, shape (n,)
        One array for each of `CAUSES` but ``other``.
    """
    s, p, zeta = records.scenario.satisfaction, records.scenario.leaving, records.scenario.firm.coupling
    o = records.orders
    place = np.minimum(np.searchsorted(ids, o["customer_id"]), max(len(ids) - 1, 0))
    rows = np.flatnonzero((ids[place] == o["customer_id"]) & (o["month"] <= month[place])) if len(ids) else place[:0]
    owner = place[rows]
    back = _places_from_last(owner)
    weight = (1 - s.inertia) * s.inertia**back
    losses = order_losses(records, rows)
    gaps = lever_gaps(records, ids, month)
    state = records.last_seen(int(month.max(initial=0)))
    known = np.searchsorted(state["customer_id"], ids)
    satisfaction = state["satisfaction"][known].astype(np.float64)
    slope = p.satisfaction + p.delight * expit((satisfaction - p.delight_start) / p.delight_width)
    steepness = zeta * slope * (s.level + s.comparison * s.loss_slope)
    out = {}
    for cause in CAUSES[:-1]:
        felt = np.bincount(owner, weights=weight * losses[cause], minlength=len(ids))
        out[cause] = steepness * (felt + gaps.get(cause, 0.0))
    hurt = zeta * p.hurt * state["hurt"][known].astype(np.float64)
    for cause, part in _hurt_shares(records, rows, owner, weight, len(ids)).items():
        out[cause] += hurt * part
    return out


def _places_from_last(owner: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """Return how many later orders the same customer has; orders come in the sequence of time."""
    by_owner = np.argsort(owner, kind="stable")
    ordered = owner[by_owner]
    ends = np.searchsorted(ordered, ordered, side="right")
    out = np.empty(len(owner), np.int64)
    out[by_owner] = ends - 1 - np.arange(len(owner))
    return out


def _hurt_shares(
    records: Records, rows: npt.NDArray[np.integer], owner: npt.NDArray[np.integer], weight: Reals, n: int
) -> dict[str, Reals]:
    """Divide unresolved hurt: a complaint is hurt by after-sales, a silent problem by what went wrong."""
    late, failed = records.orders["delay"][rows] > 0, records.orders["failed"][rows]
    complained = records.orders["ticket"][rows] != NO_TICKET
    kinds = {
        "after_sales": complained,
        "logistics": late & ~complained,
        "service": failed & ~late & ~complained,
    }
    sums = {cause: np.bincount(owner, weights=weight * kind, minlength=n) for cause, kind in kinds.items()}
    total = sum(sums.values(), start=np.zeros(n))
    return {cause: np.divide(part, total, out=np.zeros(n), where=total > 0) for cause, part in sums.items()}
