"""Trials of lesson 02: asking against pitching, gates, levers, offers and who refuses them, too many messages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab import needs
from crmlab.exercises import cream, drill_shop, lesson_02
from crmlab.recovery import effect


def trials() -> dict[str, float]:
    """Run the trials."""
    data = lesson_02.Data(seed=0, customers=1_000)
    return {**_drill(), **_gate(data), **_levers(data), **_offers(data), **_methods(data)}


def _drill() -> dict[str, float]:
    """Q077 and Q078: share sold by seller A, by B with the questions that decide and with all, patient or not."""
    visitors = drill_shop.drill_customers(20_000, seed=1)
    usual = drill_shop.sales_by_questions(visitors, impatience=0.05)["sold"]
    hasty = drill_shop.sales_by_questions(visitors, impatience=0.25)["sold"]
    return {
        "drill_pitch": float(usual[0]),
        "drill_best": float(usual.max()),
        "drill_best_questions": float(usual.to_numpy().argmax()),
        "drill_all": float(usual.iloc[-1]),
        "drill_hasty_best": float(hasty.max()),
        "drill_hasty_all": float(hasty.iloc[-1]),
    }


def _gate(data: lesson_02.Data) -> dict[str, float]:
    """Q040: gates by true must-haves, and by what people call so; buyers of the last half-year whose gate is shut."""
    asked = data.run.needs
    true = asked.assign(must=(data.run.truth.needs["need_type"] == "must").to_numpy())
    gate = needs.need_gate(true)["open"]
    orders = data.run.transactions
    recent = orders.loc[orders["ts"] >= "2024-07-01", "customer_id"]
    return {
        "gate_true": float(gate.mean()),
        "gate_said": float(needs.need_gate(asked.assign(must=asked["stated_must"]))["open"].mean()),
        "gate_buyers_shut": float(1 - gate[gate.index.isin(recent)].mean()),
    }


def _levers(data: lesson_02.Data) -> dict[str, float]:
    """Q085: a year of better products (the first need) and of wider choice (the need that shuts most gates)."""
    now = data.run.truth.months["profit"].sum()
    found = {}
    for name, lever in (("quality", {"quality": 0.7}), ("choice", {"assortment": 0.7})):
        after = data.world.do(**lever).simulate()
        found[f"lever_{name}"] = float(effect(data.run, after)["total"]["profit"] / now)
    return found


def _offers(data: lesson_02.Data) -> dict[str, float]:
    """Q079 and Q086: the manager's note, the offer by the study and the best; who changes over to a changed product."""
    worths = cream.everybody(data.seed, data.customers)
    profits = cream.true_profits(worths, data.mixes)
    offers = pd.DataFrame([data.note, {name: data.ranked.iloc[0][name] for name in cream.ATTRIBUTES}, _PLAIN])
    earned = cream.true_profits(worths, offers)
    first, second = (cream.own_chances(worths, offers.iloc[[k]])[:, 0] for k in (2, 1))
    refuse = first < 0.1
    return {
        "cream_note": float(earned[0] / profits.max()),
        "cream_study": float(earned[1] / profits.max()),
        "refusing": float(refuse.mean()),
        "refusing_before": float(first[refuse].mean()),
        "refusing_after": float(second[refuse].mean()),
    }


_PLAIN = {"effect": "moisture", "ingredients": "usual", "pack": "jar", "advice": "none", "price_shown": 20.0}
"""A product that many refuse."""


def _methods(data: lesson_02.Data) -> dict[str, float]:
    """Q132: a message too many: profit of eight e-mails a month instead of the usual two."""
    after = data.world.do(emails=8).simulate()
    change = effect(data.run, after)["total"]["profit"]
    return {"mail_eight": float(np.float64(change) / data.run.truth.months["profit"].sum())}
