"""Tables that only some kinds of business have: branches, vehicles, accounts with their people, contracts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from crmlab.streams import normal, poisson_quantile, uniform
from crmlab.world.effects import staffed_service
from crmlab.world.observation import day_of, moment, month_start
from crmlab.world.observe.exits import exit_survey
from crmlab.world.observe.records import Draws, Ids, Records, categories, optional
from crmlab.world.population import TRAITS
from crmlab.world.staff import staff_deviation

_DAY = np.timedelta64(86_400, "s")
_ACCOUNT = 700_000_000  # ids of accounts begin here: an account is not its buyer


def branches(records: Records) -> tuple[pd.DataFrame, None]:
    """Return the branches table: one row per branch and month; empty where the firm sells from one place."""
    scenario, setup = records.scenario, records.setup
    p, months = scenario.branches, setup.months
    branch = np.arange(1, p.count + 1)
    size = np.maximum(1, np.round(p.employees * np.exp(0.4 * _noise(branch, setup.seed_people)))).astype(np.int64)
    parts = []
    for month in range(months if p.count else 0):
        usual = setup.policy.months["employee_satisfaction"][month]
        content = np.clip(usual + staff_deviation(scenario, month, seed=setup.seed_people), 0, 100)
        level = np.full(1, setup.policy.months["service"][month], np.float32)
        # Of the employees of a month three in a hundred leave, more where they are discontent.
        chance = 0.03 * np.exp(-0.05 * (content.astype(np.float64) - scenario.four_c.staff_neutral))
        u = uniform(branch, seed=setup.seed_people, mechanism="branch", month=month, draw=10)
        left = np.minimum(poisson_quantile(u, (size * chance).astype(np.float32)), size)
        parts.append(
            pd.DataFrame(
                {
                    "branch_id": branch,
                    "month": np.full(len(branch), month, np.int64),
                    "employees": size,
                    "employee_satisfaction": np.round(content.astype(np.float64), 1),
                    "service": staffed_service(scenario, level, content.astype(np.float32)).astype(np.float64),
                    "staff_turnover": left / size,
                }
            )
        )
    return _stacked(parts, "branch_id month employees", "employee_satisfaction service staff_turnover"), None


def vehicles(records: Records) -> tuple[pd.DataFrame, None]:
    """Return the vehicles table: who owns what; empty where the firm does not look after vehicles."""
    p, setup = records.scenario.vehicles, records.setup
    rows = [np.flatnonzero(_person(records, k).uniform(0) < max(p.per_customer - k, 0.0)) for k in range(3)]
    parts = []
    for k, places in enumerate(rows):
        ids = records.ids[places]
        draws = Draws(ids, seed=setup.seed_people, mechanism="vehicle", month=k)
        z = records.customers["z"][places]
        wealth = ndtr(0.7 * z[:, TRAITS.index("order_value")] + 0.71 * draws.normal(1))
        age = 0.3 + 11 * draws.uniform(2) ** 1.3  # years when the owner became a customer
        bought = (
            month_start(setup, 0)
            + np.floor(records.customers["arrival"][places] * 30.4 - age * 365.25).astype(np.int64) * _DAY
        )
        parts.append(
            pd.DataFrame(
                {
                    "vehicle_id": ids * 10 + k + 1,
                    "customer_id": ids,
                    "purchase_date": bought,
                    "model_tier": categories(np.digitize(wealth, [0.35, 0.8]), ["economy", "middle", "premium"]),
                    "hobby_type": categories(_of(draws.uniform(3), p.hobbies), list(p.hobbies)),
                    "use": categories((draws.uniform(4) < p.official).astype(np.int64), ["private", "official"]),
                    "purpose": categories(_of(draws.uniform(5), p.purposes), list(p.purposes)),
                    "warranty_months": np.asarray([24, 36, 60])[_of(draws.uniform(6), [0, 1, 2])],
                }
            )
        )
    return pd.concat(parts).sort_values("vehicle_id", ignore_index=True), None


def accounts(records: Records) -> tuple[pd.DataFrame, None]:
    """Return the accounts table: one row per business customer; empty where customers are consumers."""
    p = records.scenario.business
    ids = records.ids if p.industries[0] != "none" else records.ids[:0]
    place = records.place(ids)
    draws = Draws(ids, seed=records.setup.seed_people, mechanism="account")
    key = records.customers["key_account"][place]
    z = records.customers["z"][place]
    size = z[:, TRAITS.index("order_value")] + z[:, TRAITS.index("order_rate")]
    employees = np.maximum(1, np.round(p.employees * np.exp(0.8 * size + 0.7 * draws.normal(0)))).astype(np.int64)
    parent = ids - 1 - np.floor(draws.uniform(1) * 20).astype(np.int64)
    has_parent = (draws.uniform(2) < p.subsidiaries) & (parent >= 1)
    manager = 1 + np.floor(draws.uniform(3) * p.managers).astype(np.int64)
    return pd.DataFrame(
        {
            "account_id": _ACCOUNT + ids,
            "customer_id": ids,
            "parent_id": optional(_ACCOUNT + parent, has_parent),
            "industry": categories(_of(draws.uniform(4), p.industries), list(p.industries)),
            "employees": employees,
            "key_account": key,
            "manager_id": optional(manager, key),
        }
    ), None


def contacts(records: Records) -> tuple[pd.DataFrame, None]:
    """Return the contacts table: the people of each business customer, who decide together."""
    p = records.scenario.business
    ids = records.ids if p.industries[0] != "none" else records.ids[:0]
    draws = Draws(ids, seed=records.setup.seed_people, mechanism="account")
    count = 1 + poisson_quantile(draws.uniform(10).astype(np.float32), np.full(len(ids), p.people - 1, np.float32))
    count = np.minimum(count, len(p.roles))
    owner = np.repeat(ids, count)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return pd.DataFrame(
        {
            "contact_id": owner * 10 + number + 1,
            "account_id": _ACCOUNT + owner,
            "role": categories(number, list(p.roles)),  # the buyer comes first
        }
    ), None


def subscriptions(records: Records) -> tuple[pd.DataFrame, None]:
    """Return the subscriptions table: one row per contract; empty where the firm has none."""
    p, setup = records.scenario.contract, records.setup
    ids = records.ids if p.fee > 0 else records.ids[:0]
    place = records.place(ids)
    start = records.customers["arrival"][place]
    end = records.customers["death_time"][place]
    over = ~np.isnan(end)
    begun = day_of(moment(setup, start))
    term = max(p.term_months, 1)
    until = np.where(over, end, float(setup.months))
    terms = np.maximum(np.ceil((until - start) / term), 1)
    fee = records.customers["fee"][place].astype(np.float64)
    draws = Draws(ids, seed=setup.seed_people, mechanism="subscription")
    rank = ndtr(np.log(np.maximum(fee, 1e-9) / max(p.fee, 1e-9)) / max(p.fee_spread, 1e-9) + p.fee_spread / 2)
    plan = np.minimum(np.floor(rank * len(p.plans)), len(p.plans) - 1).astype(np.int64)
    rate = records.customers["z"][place, TRAITS.index("order_rate")]
    return pd.DataFrame(
        {
            "sub_id": ids * 10 + 3,
            "customer_id": ids,
            "start": begun,
            "end": np.where(over, day_of(moment(setup, end)), np.datetime64("NaT", "s")),
            "plan": categories(plan, list(p.plans)),
            "fee": np.round(fee, 2),
            "contract_end": day_of(moment(setup, start + terms * term)) - _DAY,
            "usage": np.round(expit(0.3 + 0.7 * rate + 0.7 * draws.normal(0)), 3),
            "cancel_reason": _reasons(records, ids, over),
        }
    ), None


def _reasons(records: Records, ids: Ids, over: np.ndarray) -> pd.Categorical:
    """Return what was said on cancelling; who left in a month before month 0 is not asked again."""
    said, _ = exit_survey(records, everybody=True)
    reason = said["stated_reason"].cat
    place = pd.Index(said["customer_id"]).get_indexer(ids)
    codes = np.where(over & (place >= 0), reason.codes.to_numpy()[np.maximum(place, 0)] if len(said) else -1, -1)
    return pd.Categorical.from_codes(codes, categories=reason.categories)


def _person(records: Records, k: int) -> Draws:
    return Draws(records.ids, seed=records.setup.seed_people, mechanism="vehicle", month=k)


def _noise(branch: Ids, seed: int) -> np.ndarray:
    return normal(branch, seed=seed, mechanism="branch", draw=11).astype(np.float64)


def _of(u: np.ndarray, options: list) -> np.ndarray:
    return np.floor(u * len(options)).astype(np.int64)


def _stacked(parts: list[pd.DataFrame], whole: str, real: str) -> pd.DataFrame:
    """Put parts together; where there are none, the columns are there all the same."""
    if parts:
        return pd.concat(parts).sort_values(whole.split()[:2], ignore_index=True)
    columns = {name: pd.Series(dtype="int64") for name in whole.split()}
    return pd.DataFrame(columns | {name: pd.Series(dtype="float64") for name in real.split()})
