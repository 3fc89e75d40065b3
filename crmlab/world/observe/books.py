"""What the firm paid, month by month and kind by kind: with revenue it gives the profit of the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.world.acquisition import acquisition_cost
from crmlab.world.observation import resale_value
from crmlab.world.observe.records import Reals, Records, categories

KINDS = (
    "goods",
    "shipping",
    "refunds",
    "rewards",
    "complaints",
    "cost_to_serve",
    "advertising",
    "availability",
    "service",
    "site",
    "assortment",
    "personal_care",
    "follow_ups",
    "employee_satisfaction",
    "acquisition",
    "messages",
)
"""Kinds of cost; ``goods`` are less what goods sent back are worth, ``messages`` e-mails and win-back contacts."""


def costs(records: Records) -> tuple[pd.DataFrame, None]:
    """Return the costs table: one row per month and kind.

    Costs of a customer accrue while the customer is one; goods, refunds and rewards count in the month of the order.
    """
    months = records.setup.months
    amounts = _order_costs(records) | _lever_costs(records)
    amounts["acquisition"] = _acquisition(records)
    # What is left of the difference between what orders earned and the profit: mails, contacts; fees bring money in.
    profit = _by_month(records, records.states["profit"])
    orders = records.orders
    revenue = np.bincount(orders["month"], weights=orders["net"], minlength=months)
    known = sum((amounts[kind] for kind in amounts), start=np.zeros(months))
    amounts["messages"] = revenue + _fees(records) - known - profit
    return pd.DataFrame(
        {
            "month": np.repeat(np.arange(months), len(KINDS)),
            "kind": categories(np.tile(np.arange(len(KINDS)), months), list(KINDS)),
            "amount": np.round(np.stack([amounts[kind] for kind in KINDS], axis=1).reshape(-1), 2) + 0.0,
        }
    ), None


def _by_month(records: Records, values: Reals) -> Reals:
    return np.bincount(records.states["month"], weights=values, minlength=records.setup.months).astype(np.float64)


def _order_costs(records: Records) -> dict[str, Reals]:
    o = records.orders
    complained = o["ticket"] > 0
    values = {
        "goods": o["cost"] - resale_value(records.setup, o["net"], o["cost"], o["refunded"]),
        "shipping": o["shipping"],
        "refunds": o["refunded"],
        "rewards": np.where(o["member"], o["net"] * o["reward"], 0.0),
        "complaints": np.where(complained, o["ticket_cost"], 0.0),
        "cost_to_serve": o["net"] * o["serve_rate"],
    }
    months = records.setup.months
    out = {
        kind: np.bincount(o["month"], weights=value, minlength=months).astype(float) for kind, value in values.items()
    }
    out["cost_to_serve"] += _by_month(records, records.states["exposure"] * records.scenario.accounts.serve_fixed)
    return out


def _lever_costs(records: Records) -> dict[str, Reals]:
    """Return what the levers cost while customers were there."""
    s, k, policy = records.states, records.scenario.costs, records.setup.policy
    place = records.place(s["customer_id"])
    revenue = records.customers["order_rate"][place].astype(np.float64) * records.customers["mean_value"][place]
    out = {kind: np.zeros(records.setup.months) for kind in KINDS[6:14]}
    for month in range(records.setup.months):
        rows = np.flatnonzero(s["month"] == month)
        ids, exposure = s["customer_id"][rows], s["exposure"][rows].astype(np.float64)

        def level(name: str, month: int = month, ids: np.ndarray = ids) -> Reals:
            return policy.value(name, month, ids).astype(np.float64)

        per_month = {
            name: k[name] * level(name) ** 2 / (1.05 - level(name))
            for name in ("availability", "service", "site", "assortment")
        }
        per_month["advertising"] = k.advertising * level("advertising") * revenue[rows]
        per_month["personal_care"] = k.personal_care * _care(records, ids, level("personal_care"))
        per_month["follow_ups"] = k.follow_up * level("follow_ups") / 3
        staff = np.maximum(level("employee_satisfaction") - records.scenario.four_c.staff_neutral, 0.0)
        per_month["employee_satisfaction"] = k.staff * staff**2
        for kind, value in per_month.items():
            out[kind][month] = (exposure * value).sum()
    return out


def _care(records: Records, ids: np.ndarray, level: Reals) -> Reals:
    """Return the personal care of customers; key accounts get some in any case."""
    if records.scenario.accounts.key_revenue <= 0:
        return level
    key = records.customers["key_account"][records.place(ids)]
    return np.where(key, np.maximum(level, records.scenario.accounts.key_care), level)


def _acquisition(records: Records) -> Reals:
    joined = np.floor(records.customers["arrival"]).astype(np.int64)
    out = np.zeros(records.setup.months)
    for month in range(records.setup.months):
        new = joined == month
        out[month] = acquisition_cost(records.setup, month, records.ids[new], records.customers["channel"][new]).sum()
    return out


def _fees(records: Records) -> Reals:
    """Return what monthly fees brought after their cost; billed to who is there at the end of a month."""
    out = np.zeros(records.setup.months)
    if records.scenario.contract.fee == 0:
        return out
    for month in range(records.setup.months):
        rows = records.months(month, month + 1)
        ids = rows["customer_id"][rows["exposure"] > 0]
        ids = ids[records.alive(ids, month)]
        effects = records.setup.effects(month, ids)
        fee = records.customers["fee"][records.place(ids)].astype(np.float64)
        out[month] = (fee * (effects.price - effects.goods)).sum()
    return out
