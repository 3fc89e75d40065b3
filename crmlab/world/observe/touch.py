"""Contacts other than mail: advertisements seen, visits to the site, calls and visits of representatives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.streams import poisson_quantile
from crmlab.world.observation import moment
from crmlab.world.observe.records import Draws, Ids, Reals, Records, categories, choose

TYPES = ["ad", "visit", "call", "visit_rep"]
WAYS = ["search", "social", "display", "direct", "mail", "telephone", "in person"]

_AD_WAYS, _VISIT_WAYS = [0, 1, 2], [3, 0, 1, 4]
_MOST = 64  # contacts of one kind that a customer can have in a month


def touchpoints(records: Records) -> tuple[pd.DataFrame, None]:
    """Return the touchpoints table.

    Advertisements reach people as the firm advertises, visits come with salience, each order ends a visit. Calls are
    the firm's follow-ups, visits of representatives its personal care.
    """
    p, s, setup = records.scenario.touch, records.states, records.setup
    lived = s["exposure"] > 0
    ids, month = s["customer_id"][lived], s["month"][lived].astype(np.int64)
    exposure, salience = (s[name][lived].astype(np.float64) for name in ("exposure", "salience"))
    draws = Draws(ids, seed=setup.seed_luck, mechanism="touchpoint", month=month)

    def lever(name: str) -> Reals:
        out = np.zeros(len(ids))
        for number in range(setup.months):
            rows = np.flatnonzero(month == number)
            out[rows] = setup.policy.value(name, number, ids[rows])
        return out

    k = records.scenario.costs
    usual_ad = k.advertising * records.scenario.traits.order_rate_mean * records.scenario.traits.order_value_mean
    kinds = [
        (0, p.ads * lever("advertising"), usual_ad / p.ads if p.ads else 0.0, _AD_WAYS),
        (1, p.visits * 2 * salience, 0.0, _VISIT_WAYS),
        (2, lever("follow_ups") / 3, k.follow_up, [5]),
        (3, p.representatives * lever("personal_care"), k.personal_care / max(p.representatives, 1e-9), [6]),
    ]
    parts = []
    for kind, mean, cost, ways in kinds:
        count = poisson_quantile(
            draws.uniform(kind).astype(np.float32), (mean * exposure).astype(np.float32), largest=_MOST - 1
        )
        parts.append(_contacts(records, kind, np.repeat(ids, count), np.repeat(month, count), count, cost, ways))
    parts.append(_before_orders(records))
    table = pd.concat(parts, ignore_index=True).sort_values(["ts", "touch_id"], kind="stable", ignore_index=True)
    return table[["touch_id", "customer_id", "ts", "channel", "campaign_id", "cost", "type"]], None


def _contacts(
    records: Records, kind: int, ids: Ids, month: Ids, count: np.ndarray, cost: float, ways: list[int]
) -> pd.DataFrame:
    number = np.arange(len(ids)) - np.repeat(np.cumsum(count) - count, count)
    draws = Draws(ids, seed=records.setup.seed_luck, mechanism="touchpoint", month=month)
    key = (number + 1) * 8 + kind
    way = np.asarray(ways)[choose(draws.uniform(key * 4), [np.ones(len(ids))] * len(ways))]
    campaign = month + 1 if kind == 0 else np.zeros(len(ids), np.int64)
    return _table(
        records, ids, (month * _MOST + number) * 8 + kind, month + draws.uniform(key * 4 + 1), way, campaign, cost, kind
    )


def _before_orders(records: Records) -> pd.DataFrame:
    o = records.orders
    ids, month = o["customer_id"], o["month"].astype(np.int64)
    number = o["number"].astype(np.int64)
    draws = Draws(ids, seed=records.setup.seed_luck, mechanism="touchpoint", month=month)
    u = draws.uniform(number * 4 + 100_000)
    way = np.asarray(_VISIT_WAYS)[
        choose(draws.uniform(number * 4 + 100_001), [np.full(len(ids), w) for w in (3, 2, 1, 1)])
    ]
    table = _table(
        records, ids, (month * _MOST + number) * 8 + 4, np.zeros(len(ids)), way, np.zeros(len(ids), np.int64), 0.0, 1
    )
    table["ts"] = o["ts"] - np.floor(60 + u * 1740).astype("timedelta64[s]")
    return table


def _table(
    records: Records, ids: Ids, key: Ids, time: Reals, way: Ids, campaign: Ids, cost: float, kind: int
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "touch_id": key * 10**10 + ids,
            "customer_id": ids,
            "ts": moment(records.setup, time),
            "channel": categories(way, WAYS),
            "campaign_id": pd.arrays.IntegerArray(campaign, campaign == 0),
            "cost": np.full(len(ids), cost),
            "type": categories(np.full(len(ids), kind), TYPES),
        }
    )
