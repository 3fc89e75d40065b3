"""Both oracles on the customers of a world, judged by what really came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmlab.oracles.history import day_of_month
from crmlab.oracles.latent import latent_oracle
from crmlab.oracles.observable import ObservableOracle, quality
from crmlab.world import World


def observed_future(run: Any, *, as_of: int, horizon: int) -> pd.Series:
    """Return the number of orders of each customer in the months after a day.

    Parameters
    ----------
    run : Run
        Of at least `as_of` + `horizon` months.
    as_of : int
        Months lived; everybody who had joined by then is in the result.
    horizon : int
        Months that follow.
    """
    if run.world.months < as_of + horizon:
        raise ValueError(f"the run has {run.world.months} months; as_of={as_of} and horizon={horizon} need more")
    start, end = (pd.Timestamp(day_of_month(run, month)) for month in (as_of, as_of + horizon))
    known = run.customers.loc[run.customers["signup_date"] < start, "customer_id"]
    inside = run.transactions["ts"].between(start, end, inclusive="left")
    counts = run.transactions.loc[inside, "customer_id"].value_counts()
    return counts.reindex(pd.Index(known, name="customer_id"), fill_value=0).rename("orders")


def ceilings(
    world: World, *, as_of: int, horizon: int, among: pd.Index | None = None, customers: int = 20_000
) -> pd.DataFrame:
    """Return how well the two oracles predict silence and orders, for the same customers.

    Parameters
    ----------
    world : World
        Which one; its customers are those judged.
    as_of : int
        Months lived.
    horizon : int
        Months of the future.
    among : Index, optional
        Customers to judge, such as those who ordered within the last year; all by default.
    customers : int
        Other customers from which the observable oracle learns.

    Returns
    -------
    DataFrame
        One row for the ``latent`` and one for the ``observable`` oracle: ``auc`` of silence with ``auc_se``,
        ``log_loss``; ``orders_correlation`` of predicted and real numbers of orders, and ``total_error``, the relative
        error of their sum.
    """
    run = world.with_people(seed=world.seed, customers=world.customers, months=as_of + horizon).simulate()
    real = observed_future(run, as_of=as_of, horizon=horizon)
    real = real if among is None else real.loc[among]
    found = {
        "latent": latent_oracle(run.world, as_of=as_of, horizon=horizon),
        "observable": ObservableOracle.of(run.world, as_of=as_of, horizon=horizon, customers=customers).predict(run),
    }
    rows = {}
    for name, prediction in found.items():
        mine = prediction.loc[real.index]
        rows[name] = quality((real == 0).to_numpy(), mine["silent"].to_numpy()) | {
            "orders_correlation": float(np.corrcoef(mine["orders"], real)[0, 1]),
            "total_error": float(mine["orders"].sum() / real.sum() - 1),
        }
    return pd.DataFrame(rows).T.rename_axis("oracle")
