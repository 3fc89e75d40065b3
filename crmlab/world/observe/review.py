"""Reviews of single orders: who posts one, what its text names, and what an agent makes of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.observation import month_start
from crmlab.world.observe.causes import CAUSES, order_losses
from crmlab.world.observe.records import Draws, Reals, Records, categories, choose, rating

BAD = 3
"""Stars up to which a review gives reasons."""

_DAY = np.timedelta64(86_400, "s")


def reviews(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the reviews posted by the last day, and the stars and causes of every delivered order."""
    o, p = records.orders, records.scenario.reviews
    end = month_start(records.setup, records.setup.months)
    rows = np.flatnonzero(o["delivered"] < end)
    ids = o["customer_id"][rows]
    draws = Draws(ids, seed=records.setup.seed_luck, mechanism="review", month=o["month"][rows])
    number = o["number"][rows].astype(np.int64) * 32
    stars = rating(o["verdict"][rows] + p.noise * draws.normal(number), p.star_cuts)
    wait = 1 + np.floor(draws.uniform(number + 1) * p.longest_wait).astype(np.int64)
    date = o["delivered"][rows] + wait * _DAY
    posted = (draws.uniform(number + 2) < np.asarray(p.posted)[stars - 1]) & (date < end)

    losses = order_losses(records, rows)
    true = np.stack([losses[cause] >= p.smallest_cause for cause in CAUSES[:-1]])
    true = np.vstack([true, ~true.any(axis=0)]) & (stars <= BAD)
    named = true & np.stack([draws.uniform(number + 3 + k) < p.named for k in range(len(CAUSES))])
    coded = _coded(records, losses, named, draws, number)
    table = pd.DataFrame(
        {
            "order_id": o["order_id"][rows],
            "customer_id": ids,
            "posted_date": date,
            "stars": stars,
            "causes": _joined(named),
            "coded_cause": categories(np.where(stars <= BAD, coded, -1), list(CAUSES)),
        }
    )[posted].reset_index(drop=True)
    truth = pd.DataFrame(
        {"order_id": o["order_id"][rows], "stars": stars, "true_causes": _joined(true), "posted": posted}
    )
    return table, truth


def _coded(
    records: Records,
    losses: dict[str, Reals],
    named: npt.NDArray[np.bool_],
    draws: Draws,
    number: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return the one cause that an agent notes: of those named the one that strikes most, now and then any other."""
    striking = np.stack(
        [records.scenario.attribution[cause] * losses.get(cause, np.full(named.shape[1], 1e-9)) for cause in CAUSES]
    )
    seen = np.where(named, striking, -1.0)
    best = np.where(named.any(axis=0), seen.argmax(axis=0), len(CAUSES) - 1)
    slip = draws.uniform(number + 20) < records.scenario.reviews.coding_error
    any_cause = choose(draws.uniform(number + 21), [np.ones(named.shape[1])] * len(CAUSES))
    return np.where(slip, any_cause, best)


def _joined(flags: npt.NDArray[np.bool_]) -> pd.Series:
    """Return the names of the causes that are set, in one text; missing where none is."""
    code = (flags * (1 << np.arange(len(CAUSES)))[:, None]).sum(axis=0)
    texts = [
        "|".join(cause for bit, cause in enumerate(CAUSES) if number >> bit & 1) or None
        for number in range(1 << len(CAUSES))
    ]
    # Not dtype="str", which pandas 2 takes for a wish to have "None" written out.
    return pd.Series(np.array(texts, dtype=object)[code])
