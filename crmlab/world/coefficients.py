"""The true coefficients, equation by equation: what an estimate from the tables can be held against.

A scenario names its numbers by section and says them without signs; here each stands as it enters its equation of
``MODEL.md``: with its sign, and multiplied by the coupling where the equation does so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from crmlab.world.scenario import Scenario

Change = Callable[[float], float]
Row = tuple[int, str, str, str, Change]


def _same(value: float) -> float:
    return value


def _less(value: float) -> float:
    return -value


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def coefficients(scenario: Scenario) -> pd.DataFrame:
    """Return the coefficients of a scenario's equations.

    Parameters
    ----------
    scenario : Scenario
        Where the numbers come from.

    Returns
    -------
    DataFrame
        One row per equation, what it explains, and term: `equation` (its number in ``MODEL.md``), `explains`, `term`,
        `coefficient`, `scenario_key`, `source`.

    Examples
    --------
    >>> from crmlab.world import load_scenario
    >>> table = coefficients(load_scenario("cosmetics")).set_index(["explains", "term"])["coefficient"]
    >>> float(table["ln hazard", "satisfaction"])
    -0.5
    """
    sources = {path: source for path, _, _, source in scenario.numbers()}
    rows = []
    for equation, explains, term, path, change in _rows(scenario):
        value: Any = scenario
        for part in path.split("."):
            value = value[part]
        rows.append((equation, explains, term, change(float(value)) + 0.0, path, sources[path]))
    names = ["equation", "explains", "term", "coefficient", "scenario_key", "source"]
    return pd.DataFrame(rows, columns=pd.Index(names))


def _rows(scenario: Scenario) -> Iterator[Row]:
    zeta = float(scenario.firm.coupling)

    def coupled(value: float) -> float:
        return zeta * value

    def protects(value: float) -> float:
        return -zeta * value

    for lever, row in scenario.marketing_mix.items():
        for c in row:
            yield 1, f"customer_{c}", f"g({lever}) − g(usual {lever})", f"marketing_mix.{lever}.{c}", _same
    loss = float(scenario.price.loss_factor)
    yield 1, "price_felt", "ln(paid / reference price), below 0", "price.reference_sensitivity", _same
    yield 1, "price_felt", "ln(paid / reference price), above 0", "price.reference_sensitivity", lambda x: loss * x
    yield 1, "ln reference price, change", "ln(paid / reference price)", "price.reference_speed", _same
    yield from _mail()
    yield from _memory()
    yield 4, "ln order rate", "satisfaction", "rate.satisfaction", coupled
    yield 4, "ln order rate", "commitment", "rate.commitment", coupled
    yield 4, "ln order rate", "salience − 0.5", "rate.salience", coupled
    yield 4, "ln order rate", "member", "rate.membership", coupled
    yield 4, "ln order rate", "1 − exp(−mails opened)", "rate.opened_mail", coupled
    yield 4, "ln order rate", "price_elasticity × ln price", "price.rate_share", _less
    yield 4, "ln order rate", "ln(share of usual advertising stock, floored)", "advertising.elasticity", _same
    yield 4, "order rate, relative", "promotion × price_elasticity × deal_proneness", "promotion.lift", _same
    yield 4, "purchases borrowed", "relative lift by promotion", "promotion.borrowed", _same
    yield 4, "purchases borrowed", "purchases borrowed a month ago", "promotion.borrowed_decay", _same
    yield from _leaving(scenario, protects, coupled)
    yield 6, "ln order value", "price_elasticity × ln(paid)", "price.rate_share", lambda x: x - 1
    yield from _order()
    yield from _relation()
    yield from _coming(f"satisfaction − {scenario.referral.satisfied:g}")


def _mail() -> Iterator[Row]:
    yield 2, "logit of opening a mail", "1", "email.open_intercept", _same
    yield 2, "logit of opening a mail", "salience − 0.5", "email.open_salience", _same
    yield 2, "logit of opening a mail", "fatigue", "email.open_fatigue", _less
    yield 2, "fatigue", "fatigue a month ago", "email.fatigue_decay", _same
    yield 2, "fatigue", "mails", "email.fatigue_gain", _same
    yield 2, "ln chance of unsubscribing per mail", "1", "email.unsubscribe", _log
    yield 2, "ln chance of unsubscribing per mail", "irritation", "email.unsubscribe_irritation", _same


def _memory() -> Iterator[Row]:
    yield 3, "ln salience, change in a month without orders", "1", "memory.stability", lambda x: -1 / x
    for term, key in [("mails opened", "open"), ("advertising", "advertising"), ("follow_ups", "follow_up")]:
        yield 11, "ln(1 − salience), change", term, f"memory.by_{key}", _less


def _leaving(scenario: Scenario, protects: Change, coupled: Change) -> Iterator[Row]:
    yield 5, "ln hazard", "1", "leaving.hazard", _log
    for term in ("satisfaction", "commitment", "social_bond", "structural_bond"):
        yield 5, "ln hazard", term, f"leaving.{term}", protects
    start, width = scenario.leaving.delight_start, scenario.leaving.delight_width
    term = f"{width:g} × softplus((satisfaction − {start:g}) / {width:g})"
    yield 5, "ln hazard", term, "leaving.delight", protects
    yield 5, "ln hazard", "switching_cost", "firm.coupling", _less
    if scenario.bonds.structural_adoption > 0:
        shield = "structural_bond × what satisfaction protects"
        yield 5, "ln hazard", shield, "leaving.structural_shield", coupled
    yield 5, "ln hazard", "member", "leaving.membership", protects
    yield 5, "ln hazard", "hurt", "leaving.hurt", coupled
    if scenario.contract.term_months:
        yield 5, "ln hazard", "a term ends", "contract.at_renewal", _log
        yield 5, "ln hazard", "within a term", "contract.within_term", _log


def _order() -> Iterator[Row]:
    yield 7, "experience", "1", "experience.base", _same
    yield 7, "experience", "fit", "experience.fit", _same
    yield 7, "experience", "price_felt", "experience.price", _less
    yield 7, "experience", "late", "experience.late", _less
    yield 7, "experience", "days of delay", "experience.delay", _less
    yield 7, "experience", "failed", "experience.failure", _less
    yield 7, "experience", "standard normal chance", "experience.spread", _same
    yield 7, "probit of a late delivery", "g(logistics) − g(usual logistics)", "delivery.late_logistics", _less
    yield 7, "ln chance of failure", "service − usual service", "failure.service", _less
    yield 8, "verdict", "experience", "satisfaction.level", _same
    yield 8, "verdict", "v(experience − expectation)", "satisfaction.comparison", _same
    yield 8, "satisfaction, change by an order", "verdict − satisfaction", "satisfaction.inertia", lambda x: 1 - x
    yield 8, "expectation, change by an order", "experience − expectation", "satisfaction.learning", _same
    yield 9, "chance that a complaint is settled", "1", "complaints.satisfied", _same
    yield 9, "chance that a complaint is settled", "after_sales", "complaints.satisfied_after_sales", _same
    yield 9, "chance that it is settled at once, if so", "1", "complaints.quick", _same
    yield 9, "chance that it is settled at once, if so", "after_sales", "complaints.quick_after_sales", _same
    yield 9, "hurt", "hurt a month ago", "complaints.hurt_decay", _same
    for outcome in ("silent", "unsatisfied", "satisfied", "quick"):
        yield 9, "hurt", f"severity, {outcome}", f"complaints.hurt_{outcome}", _same
    yield 10, "ln chance of sending an order back", "1", "returns.probability", _log
    yield 10, "ln chance of sending an order back", "experience − base", "returns.experience", _less


def _relation() -> Iterator[Row]:
    yield 11, "commitment", "commitment a month ago", "bonds.persistence", _same
    yield 11, "commitment", "satisfaction + social × social_bond + contact", "bonds.gain", _same
    yield 11, "commitment", "irritation", "bonds.irritation", _less
    yield 11, "social_bond, change", "personal_care × (1 − social_bond)", "bonds.social_gain", _same
    yield 12, "ln chance of enrolling", "1", "programme.enrolment", _log
    yield 12, "ln chance of enrolling", "order rate in sd", "programme.order_rate", _same
    yield 12, "ln chance of enrolling", "commitment", "programme.commitment", _same
    yield 12, "ln chance of enrolling", "ordered in the month", "programme.bought", _same


def _coming(content: str) -> Iterator[Row]:
    yield 13, "ln chance of recommending", "1", "referral.recommending", _log
    yield 13, "ln chance of recommending", content, "referral.satisfaction", _same
    yield 14, "ln hazard of joining", "1", "acquisition.hazard", _log
    yield 14, "ln hazard of joining", "ln price", "acquisition.price_elasticity", _less
    yield 14, "ln hazard of joining", "ln((1 + budget) / 2)", "acquisition.budget_exponent", _same
    for term, key in [
        ("1", "intercept"),
        ("ln(1 + months since leaving)", "lapse"),
        ("offer", "offer"),
        ("satisfaction when leaving", "satisfaction"),
        ("order rate in sd", "order_rate"),
    ]:
        yield 15, "logit of coming back", term, f"win_back.{key}", _same
    yield 15, "churn_frailty, relative change on coming back", "offer", "win_back.frailty", _same
