"""Traps of asking and counting: who answers, who is still there, who is counted twice, what nobody reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlab.world.traps.trap import Finding, Trap

if TYPE_CHECKING:
    from crmlab.world.world import World

_EVERYBODY_ANSWERS: dict[str, Any] = {"response_base": 20.0, "response_strength": 0.0, "response_direction": 0.0}


def _month(world: World) -> int:
    """Return a month at about a third of the time."""
    return max(world.months // 3, 0)


def _non_response(world: World) -> Finding:
    run, month = world.simulate(), _month(world)
    mailed, truth = run.survey(month)
    urged, _ = run.survey(month, **_EVERYBODY_ANSWERS)
    everybody = truth.loc[truth["still_customer"], "overall"].mean()
    # A tenth of those invited are asked again by telephone until they answer.
    tenth = urged["customer_id"] % 10 == 3
    return Finding(float(mailed["overall"].mean()), float(urged.loc[tenth, "overall"].mean()), float(everybody))


def _survivorship(world: World) -> Finding:
    run, month = world.simulate(), _month(world)
    asked, truth = run.survey(month, **_EVERYBODY_ANSWERS)
    start = pd.Timestamp(world.scenario.start_date) + pd.DateOffset(months=world.months - 6)
    lately = run.transactions.loc[run.transactions["ts"] >= start, "customer_id"]
    there = asked["customer_id"].isin(lately)
    answers = asked["overall"].astype(float)
    return Finding(
        float(answers[there].mean()),
        float(answers.mean()),
        float(truth.loc[truth["still_customer"], "overall"].mean()),
    )


def _halo(world: World) -> Finding:
    """Correlation of two dimensions, corrected for the unreliability of their items."""
    run, month = world.simulate(), _month(world)
    plain, truth = run.survey(month, straight_lining=0.0)
    anchored, _ = run.survey(month, straight_lining=0.0, item_halo=0.0, item_acquiescence=0.0, item_event=0.0)
    living = truth[truth["still_customer"]]
    return Finding(
        _across(plain), _across(anchored), float(np.corrcoef(living["product"], living["convenience"])[0, 1])
    )


def _across(answers: pd.DataFrame) -> float:
    r = answers[["q1", "q2", "q3", "q4", "q5", "q6"]].astype(float).corr().to_numpy()
    within = [r[i, j] for i in range(6) for j in range(i) if i // 3 == j // 3]
    return float(r[:3, 3:].mean() / np.mean(within))


def _duplicates(world: World) -> Finding:
    run = world.simulate().dirty("clean", duplicates=0.2)
    active = run.customers["customer_id"].isin(run.transactions["customer_id"])
    ids = run.customers.loc[active, "customer_id"]
    contact = run.contact_details.set_index("customer_id").loc[ids]
    persons = run.truth.persons.set_index("customer_id")["person_id"].loc[ids]
    orders = len(run.transactions)
    return Finding(orders / len(ids), orders / _linked(contact), orders / persons.nunique())


def _linked(contact: pd.DataFrame) -> int:
    """Return the number of persons: one telephone is one person, and so are one name and one address."""
    telephone = contact["phone"].str.replace(" ", "")
    initial = contact["first_name"].str[0]
    street = contact["street"].str.replace(r" (Street|St\.|Road|Rd\.)", "", regex=True)
    address = initial + "|" + contact["last_name"].str[:2] + "|" + street + "|" + contact["postcode"]
    group = telephone.groupby(telephone).ngroup().to_numpy()
    place = pd.DataFrame({"group": group, "address": address.to_numpy()})
    # Two groups that share an address are one person.
    merged = place.groupby("address")["group"].transform("min")
    return int(merged.groupby(place["group"]).min().nunique())


def _iceberg(world: World) -> Finding:
    run = world.simulate()
    orders = len(run.deliveries)
    late = (run.deliveries["delay_days"] > 0).sum()
    problems = run.truth.problems["order_id"].isin(run.deliveries["order_id"]).sum()
    return Finding(len(run.tickets) / orders, float(late / orders), float(problems / orders))


def _imbalance(world: World) -> Finding:
    run = world.simulate()
    customer_months = len(run.truth.months)
    return Finding(1 - len(run.tickets) / customer_months, 0.5, 0.5)


TRAPS = (
    Trap(
        "non_response",
        ("surveys.responded", "surveys.overall"),
        "mean overall rating of living customers, points",
        "mean of the answers that came back",
        "ask a random tenth again by telephone, until they answer",
        "Who is happy, or feels strongly, answers: the answers flatter the firm.",
        "survey.response_strength and survey.response_direction; 0 makes answers a random sample",
        _non_response,
        off={"survey.response_strength": 0.0, "survey.response_direction": 0.0},
    ),
    Trap(
        "survivorship",
        ("surveys.overall", "transactions.ts"),
        "mean overall rating in an early month, points",
        "mean over those who still order today",
        "mean over all who were asked then",
        "Those who left were less content: asking only who is left flatters the past.",
        "the analysis chooses; leaving.satisfaction = 0 and leaving.delight = 0 take the reason away",
        _survivorship,
        off={"firm.coupling": 0.0},
    ),
    Trap(
        "halo",
        ("surveys.q1", "surveys.q2", "surveys.q3", "surveys.q4", "surveys.q5", "surveys.q6"),
        "correlation of what customers think of product and of convenience, corrected for unreliable items",
        "correlation of the scales as they are",
        "items that ask for events instead of opinions (no halo, nothing to agree with)",
        "Satisfaction colours every answer: dimensions look alike that are not.",
        "survey.item_halo and survey.item_acquiescence",
        _halo,
        off={"survey.item_halo": 0.0, "survey.item_acquiescence": 0.0},
    ),
    Trap(
        "duplicates",
        ("customers.customer_id", "transactions.customer_id", "contact_details.phone", "contact_details.street"),
        "orders per customer",
        "orders over customer ids",
        "orders over persons, ids linked by telephone or by name and address",
        "Who registered twice counts twice, with half of the orders each time.",
        "run.dirty(duplicates=…); examined at 0.2",
        _duplicates,
    ),
    Trap(
        "complaint_iceberg",
        ("tickets.order_id", "deliveries.delay_days"),
        "share of orders with a problem",
        "tickets per order",
        "late deliveries per order, a lower bound that needs nobody to complain",
        "Few of those with a problem complain: few tickets are no sign of few problems.",
        "traits.complaint_propensity_mean",
        _iceberg,
    ),
    Trap(
        "class_imbalance",
        ("tickets.customer_id",),
        "how well a rule that never expects a complaint does: naive accuracy, right mean of both error-free rates",
        "accuracy",
        "mean of the share of complaints found and of quiet months found",
        "Where almost nobody complains, a rule that finds nobody is almost always right, and useless.",
        "in the nature of rare events",
        _imbalance,
    ),
)
