"""Why customers left: what they say, and what it was."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.world.observation import Moments, moment, month_start
from crmlab.world.observe.causes import CAUSES, leaving_excess
from crmlab.world.observe.records import Draws, Records, categories, choose, shares


def exit_survey(records: Records, *, everybody: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the answers to the exit survey, and the true cause of every departure from month 0 on.

    The cause is drawn. With the hazard of leaving ``h = h₀ exp(Σ excess)``, the chance that somebody would have left
    in any case is ``exp(−Σ excess)``: cause ``other``; the rest is divided as the excess is.

    Parameters
    ----------
    records : Records
        The simulation.
    everybody : bool
        Whether everybody who left is asked and answers, as where people must give notice.
    """
    p, setup = records.scenario.exit_survey, records.setup
    time = records.customers["death_time"]
    left = np.flatnonzero(time >= 0)  # not a number where somebody is still a customer
    ids, time = records.ids[left], time[left]
    month = np.minimum(np.floor(time).astype(np.int64), setup.months - 1)
    excess = leaving_excess(records, ids, month)
    total = sum(excess.values(), start=np.zeros(len(ids)))
    parts = {cause: share * -np.expm1(-total) for cause, share in shares(excess).items()} | {"other": np.exp(-total)}
    draws = Draws(ids, seed=setup.seed_luck, mechanism="exit_survey")
    true = choose(draws.uniform(0), [parts[cause] for cause in CAUSES])
    a = records.scenario.attribution
    named = [a[cause] * (a.floor + parts[cause]) for cause in CAUSES]
    stated = choose(draws.uniform(1), named)

    last = np.full(len(records.ids), np.datetime64("NaT", "s"))
    last[records.place(records.orders["customer_id"])] = records.orders["ts"]  # in time: the last one stays
    last_day = last[left].astype("datetime64[D]").astype("datetime64[s]")
    silence = np.timedelta64(round(p.silence_months * 365.25 / 12), "D")
    sent: Moments = (last_day + silence).astype("datetime64[s]")
    # The silent are asked once; who had not left by then was away for a while, and says nothing.
    asked = (sent < month_start(setup, setup.months)) & (sent >= moment(setup, time))
    answered = np.full(len(ids), True) if everybody else asked & (draws.uniform(2) < p.response)
    table = pd.DataFrame(
        {
            "customer_id": ids,
            "sent_date": sent,
            "stated_reason": categories(stated, list(CAUSES)),
        }
    )[answered].reset_index(drop=True)
    truth = pd.DataFrame(
        {
            "customer_id": ids,
            "death_time": time,
            "true_cause": categories(true, list(CAUSES)),
            **{f"share_{cause}": parts[cause] for cause in CAUSES},
        }
    )
    return table, truth
