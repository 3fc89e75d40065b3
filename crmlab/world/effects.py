"""What the levers of a month do: the firm's four Ps become the customer's four Cs, risks and costs (mechanism 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from crmlab.world.policy import Policy
from crmlab.world.population import FOUR_C, Ids
from crmlab.world.scenario import Scenario

Floats = npt.NDArray[np.float32]
LeverOf = Callable[[str], Floats]


@dataclass(frozen=True, slots=True)
class Effects:
    """Effects of the levers in one month; each array has shape (1,), or (n,) where levers differ between customers.

    `four_c` holds one array for each of the four Cs: the change against the scenario's own policy. `late` and `failure`
    are chances per order; `settled` and `quick` those of a complaint. `advertising` multiplies the order rate;
    `ordering` and `elasticity` are what drift has made of order rates and price elasticities by now, single numbers.
    `shipping` is paid per order, `monthly_cost` per month of life, `email_cost` per mail, `ticket_cost` per complaint.
    """

    four_c: tuple[Floats, ...]
    price: Floats
    promotion: Floats
    emails: Floats
    advertising: Floats
    late: Floats
    failure: Floats
    settled: Floats
    quick: Floats
    contact: Floats
    follow_ups: Floats
    personal_care: Floats
    programme: Floats
    reward: Floats
    goods: Floats
    shipping: Floats
    ticket_cost: Floats
    monthly_cost: Floats
    advertising_cost: Floats
    email_cost: float
    assortment: Floats
    offer: Floats
    ordering: float
    elasticity: float


def effects_of(
    scenario: Scenario, policy: Policy, month: int, customers: Ids, advertising: Floats, staff: Floats | None = None
) -> Effects:
    """Translate the levers of one month.

    Parameters
    ----------
    scenario : Scenario
        Strength of the effects.
    policy : Policy
        Levers.
    month : int
        Month of the simulation.
    customers : int64 array, shape (n,)
        Ids.
    advertising : float32 array, shape (1,) or (n,)
        Factor of the order rate, from `advertising_factor`.
    staff : float32 array, shape (n,), optional
        Points by which the employees of each customer's branch are happier than those of the firm.

    Returns
    -------
    Effects
    """

    def lever(name: str) -> Floats:
        return policy.value(name, month, customers)

    happiness = lever("employee_satisfaction") if staff is None else lever("employee_satisfaction") + staff
    service = staffed_service(scenario, lever("service"), happiness)
    levels = {name: service if name == "service" else lever(name) for name in scenario.marketing_mix}
    gains = {name: _saturate(scenario, level) - _saturate_neutral(scenario, name) for name, level in levels.items()}
    four_c = tuple(
        sum(
            (np.float32(row[c]) * gains[name] for name, row in scenario.marketing_mix.items()),
            start=np.zeros(1, np.float32),
        )
        for c in FOUR_C
    )
    d, f, c, b = scenario.delivery, scenario.failure, scenario.complaints, scenario.bonds
    usually_late = min(0.99, d.late * drifted(scenario, "late", month))
    late = (
        ndtr(np.float32(ndtri(usually_late)) - np.float32(d.late_logistics) * gains["logistics"])
        if usually_late > 0
        else np.zeros(1)
    )
    failure = f.probability * np.exp(-f.service * (service - scenario.levers.service))
    after_sales = lever("after_sales")
    contact = lever("follow_ups") / b.contact_best
    return Effects(
        four_c=four_c,
        price=lever("price"),
        promotion=lever("promotion"),
        emails=lever("emails"),
        advertising=advertising,
        late=np.asarray(late, np.float32),
        failure=np.minimum(failure, np.float32(1.0)),
        settled=np.minimum(c.satisfied + c.satisfied_after_sales * after_sales, np.float32(1.0)),
        quick=np.minimum(c.quick + c.quick_after_sales * after_sales, np.float32(1.0)),
        contact=b.contact * contact * (2 - contact),
        follow_ups=lever("follow_ups"),
        personal_care=lever("personal_care"),
        programme=lever("programme"),
        reward=lever("reward"),
        assortment=lever("assortment"),
        offer=lever("win_back_offer"),
        ordering=drifted(scenario, "order_rate", month),
        elasticity=drifted(scenario, "price_elasticity", month),
        **_costs(scenario, lever),
    )


def advertising_factor(scenario: Scenario, stock: Floats) -> Floats:
    """Return the factor of the order rate from present and past advertising; 1 under the scenario's own policy.

    Parameters
    ----------
    scenario : Scenario
        Strength of the effect.
    stock : float32 array, shape (1,) or (n,)
        What advertising has built up, from `advertising_stock`.
    """
    a = scenario.advertising
    relative = stock * (1 - a.carry_over)  # 1 at usual spend
    return (a.floor + (1 - a.floor) * relative) ** np.float32(a.elasticity)


def advertising_stock(
    scenario: Scenario, policy: Policy, month: int, customers: Ids, before: Floats | None = None
) -> Floats:
    """Return what advertising has built up by the end of a month.

    Advertising builds a stock that fades: short-run elasticity is ``1 − carry_over`` times the long-run one (Koyck
    1954).

    Parameters
    ----------
    scenario : Scenario
        Carry-over.
    policy : Policy
        Levers.
    month : int
        Month of the simulation.
    customers : int64 array, shape (n,)
        Ids.
    before : float32 array, optional
        The stock of the month before; all months from 0 on are gone through when it is left out.
    """
    a = scenario.advertising
    if before is None:
        stock, first = np.full(1, scenario.levers.advertising / (1 - a.carry_over), np.float32), 0
    else:
        stock, first = before, month
    for past in range(first, month + 1):
        stock = a.carry_over * stock + policy.value("advertising", past, customers)
    return stock


def drifted(scenario: Scenario, what: str, month: int) -> float:
    """Return the factor that drift has reached by a month: 1 until it begins, the scenario's own once it is over.

    Parameters
    ----------
    scenario : Scenario
        Its section ``drift``.
    what : str
        ``order_rate``, ``price_elasticity``, ``late``, or the name of a channel (its pull on newcomers).
    month : int
        Month of the simulation.
    """
    d = scenario.drift
    target = scenario.channels[what].drift if what in scenario.channels else d[what]
    return float(target ** min(max((month + 1 - d.start_month) / d.ramp_months, 0.0), 1.0))


def _saturate(scenario: Scenario, level: Floats) -> Floats:
    return 1 - np.exp(-scenario.four_c.curvature * level)


def _saturate_neutral(scenario: Scenario, lever: str) -> Floats:
    level = np.full(1, scenario.levers[lever], np.float32)
    if lever == "service":
        level = staffed_service(scenario, level, np.full(1, scenario.levers.employee_satisfaction, np.float32))
    return _saturate(scenario, level)


def staffed_service(scenario: Scenario, service: Floats, staff: Floats) -> Floats:
    """Return the level of service that customers meet: satisfied employees serve better (service–profit chain)."""
    c = scenario.four_c
    return np.clip(service + c.staff_effect * (staff - c.staff_neutral), np.float32(0), np.float32(c.service_ceiling))


def _costs(scenario: Scenario, lever: LeverOf) -> dict[str, Any]:
    k = scenario.costs
    staff = np.maximum(lever("employee_satisfaction") - scenario.four_c.staff_neutral, np.float32(0))
    monthly = (
        k.availability * _effort(lever("availability"))
        + k.service * _effort(lever("service"))
        + k.site * _effort(lever("site"))
        + k.assortment * _effort(lever("assortment"))
        + k.personal_care * lever("personal_care")
        + k.follow_up * lever("follow_ups") / 3  # the lever counts per quarter
        + k.staff * staff * staff
    )
    return {
        "goods": (1 - scenario.firm.margin) * (1 + k.quality * (lever("quality") - scenario.levers.quality)),
        "shipping": k.shipping + k.logistics * _effort(lever("logistics")),
        "ticket_cost": k.ticket * (np.float32(0.5) + lever("after_sales")),
        "monthly_cost": monthly,
        "advertising_cost": k.advertising * lever("advertising"),
        "email_cost": float(k.email),
    }


def _effort(level: Floats) -> Floats:
    """Cost of a level between 0 and 1: convex, so that perfection is dear (20 at level 1)."""
    return level * level / (np.float32(1.05) - level)
