"""The four Cs as each customer met them, month by month: truth behind every experience."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.observe.records import Records
from crmlab.world.population import FOUR_C

COLUMNS = tuple(f"customer_{c}" for c in FOUR_C)


def four_cs(records: Records) -> pd.DataFrame:
    """Return what the levers of each month were to each customer who was there, beside the usual policy.

    The reference price is followed from the month of joining on. What a firm whose usual price is not 1 charged before
    month 0 is followed as if the customer had been there all the time until then.

    Parameters
    ----------
    records : Records
        The simulation.

    Returns
    -------
    DataFrame
        One row per customer and month with any life in it, sorted so: `customer_solution`, `customer_cost`,
        `customer_convenience`, `customer_communication` (changes against the usual policy, more is better),
        `price_felt` (a price above the reference), and `four_c_experience`, what all of it adds to the experience of an
        order, weighted as the customer weighs.
    """
    scenario, setup, states = records.scenario, records.setup, records.states
    there = states["exposure"] > 0
    ids, month = states["customer_id"][there], states["month"][there].astype(np.int64)
    place = records.place(ids)
    reference = np.ones(len(records.ids))
    joined = np.floor(records.customers["arrival"]).astype(np.int64)
    price = scenario.price

    def distance(month: int, who: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        effects = setup.effects(month, records.ids[who])
        paid = (effects.price * (1 - effects.promotion)).astype(np.float64)
        away = np.log(paid / reference[who])
        reference[who] *= np.exp(price.reference_speed * away)
        return away

    for past in range(int(joined.min(initial=0)), 0):
        distance(past, np.flatnonzero(joined <= past))
    out = np.zeros((len(FOUR_C) + 2, len(ids)))
    weights = records.customers["weights"].astype(np.float64)
    for number in range(setup.months):
        rows = np.flatnonzero(month == number)
        who = place[rows]
        changes = setup.effects(number, ids[rows]).four_c
        for c, change in enumerate(changes):
            out[c, rows] = change
            out[-1, rows] += weights[who, c] * change
        away = distance(number, who)
        out[-2, rows] = price.reference_sensitivity * away * np.where(away > 0, price.loss_factor, 1.0)
        out[-1, rows] -= scenario.experience.price * out[-2, rows]
    columns = dict(zip((*COLUMNS, "price_felt", "four_c_experience"), out, strict=True))
    return pd.DataFrame({"customer_id": ids, "month": month, **columns})
