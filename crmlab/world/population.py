"""Latent customers: traits drawn once from a Gaussian copula, and the moment at which each customer joins."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtr

from crmlab.streams import normal, uniform
from crmlab.world.scenario import Scenario, ScenarioError

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

TRAITS = (
    "order_rate",
    "churn_frailty",
    "order_value",
    "price_elasticity",
    "deal_proneness",
    "fit",
    "expectation",
    "complaint_propensity",
    "email_affinity",
    "word_of_mouth",
    "switching_cost",
)
"""Dimensions of the copula, in the order of their draws; append-only."""

FOUR_C = ("solution", "cost", "convenience", "communication")


@dataclass(frozen=True)
class Traits:
    """What a customer is, one array of shape (n,) each, drawn once.

    `weights` holds one row for each of the four Cs, `z` one row for each of `TRAITS`. `channel` is the place in the
    scenario's channels, behind whose last one stands referral. `mean_value` is the mean value of an order, `fee` the
    monthly fee (€), `serve_rate` the cost to serve as a share of revenue.
    """

    customer_id: Ids
    z: npt.NDArray[np.float64]
    channel: npt.NDArray[np.int64]
    order_rate: Floats
    churn_frailty: Floats
    spend_rate: Floats
    price_elasticity: Floats
    deal_proneness: Floats
    fit: Floats
    expectation: Floats
    complaint_propensity: Floats
    email_affinity: Floats
    word_of_mouth: Floats
    switching_cost: Floats
    weights: Floats
    consents: npt.NDArray[np.bool_]
    mean_value: Floats
    fee: Floats
    serve_rate: Floats
    key_account: npt.NDArray[np.bool_]
    branch: npt.NDArray[np.int64]


def copula_factor(scenario: Scenario) -> npt.NDArray[np.float64]:
    """Return the lower triangular factor of the correlation matrix of `TRAITS`.

    Parameters
    ----------
    scenario : Scenario
        Its sections ``correlations`` and, when coupled, ``correlations_coupled`` are used.

    Returns
    -------
    float64 array, shape (11, 11)

    Raises
    ------
    ScenarioError
        If a name is unknown or the correlations contradict one another.
    """
    matrix = np.eye(len(TRAITS))
    pairs = dict(scenario.correlations)
    if scenario.firm.coupling >= 0.5:
        pairs |= dict(scenario.correlations_coupled)
    for pair, value in pairs.items():
        names = pair.split("~")
        if len(names) != 2 or not set(names) <= set(TRAITS) or names[0] == names[1]:
            raise ScenarioError(
                f"correlations: {pair!r} must be two different traits joined by '~', of {', '.join(TRAITS)}."
            )
        i, j = (TRAITS.index(name) for name in names)
        matrix[i, j] = matrix[j, i] = value
    try:
        return np.linalg.cholesky(matrix).astype(np.float64)
    except np.linalg.LinAlgError:
        raise ScenarioError("The correlations of traits contradict one another: no such distribution exists.") from None


@dataclass(frozen=True)
class People:
    """What of a customer does not depend on the way in which he came: arrays of shape (n,), or (…, n)."""

    customer_id: Ids
    z: npt.NDArray[np.float64]
    order_rate: npt.NDArray[np.float64]
    churn_frailty: npt.NDArray[np.float64]
    price_elasticity: npt.NDArray[np.float64]
    others: dict[str, npt.NDArray[Any]]

    def some(self, rows: npt.NDArray[np.intp]) -> People:
        """Return some of the people."""
        named = {f.name: getattr(self, f.name)[..., rows] for f in fields(self) if f.name != "others"}
        return People(**named, others={name: values[..., rows] for name, values in self.others.items()})


def draw_traits(
    scenario: Scenario, customers: Ids, *, seed: int, channel: npt.NDArray[np.integer] | None = None
) -> Traits:
    """Draw the traits of some customers.

    Parameters
    ----------
    scenario : Scenario
        Distributions.
    customers : int64 array, shape (n,)
        Ids.
    seed : int
        Seed of the world.
    channel : integer array, shape (n,), optional
        Channel through which each of them came; drawn by the usual shares where it is not given.

    Returns
    -------
    Traits
    """
    if channel is None:
        channel = draw_channel(scenario, customers, seed=seed)
    return through(scenario, draw_people(scenario, customers, seed=seed), channel)


def draw_people(scenario: Scenario, customers: Ids, *, seed: int) -> People:
    """Draw what of some customers does not depend on their channel; arguments as of `draw_traits`."""
    t = scenario.traits
    z = _correlated(copula_factor(scenario), customers, seed)
    by = dict(zip(TRAITS, z, strict=True))
    spend_rate_scale = t.order_value_mean * (t.spend_rate_shape - 1) / t.order_value_shape

    def lognormal(name: str, spread: float) -> npt.NDArray[np.float64]:
        return np.exp(spread * by[name] - spread**2 / 2)

    single = {
        "spend_rate": _gamma(t.spend_rate_shape, -by["order_value"]) / spend_rate_scale,
        "deal_proneness": lognormal("deal_proneness", t.deal_proneness_spread),
        "fit": t.fit_spread * by["fit"],
        "expectation": t.expectation_mean + t.expectation_spread * by["expectation"],
        "complaint_propensity": np.minimum(
            0.95, t.complaint_propensity_mean * lognormal("complaint_propensity", t.complaint_propensity_spread)
        ),
        "email_affinity": t.email_affinity_spread * by["email_affinity"],
        "word_of_mouth": lognormal("word_of_mouth", t.word_of_mouth_spread),
        "switching_cost": t.switching_cost_spread * by["switching_cost"],
    }
    c, a = scenario.contract, scenario.accounts
    fee = c.fee * np.exp(c.fee_spread * by["order_value"] - c.fee_spread**2 / 2)
    size = (by["order_rate"] + by["order_value"]) / np.sqrt(2)
    alone = normal(customers, seed=seed, mechanism="cost_to_serve").astype(np.float64) if a.serve_rate else 0.0
    effort = a.serve_revenue * size + np.sqrt(1 - a.serve_revenue**2) * alone
    serve_rate = a.serve_rate * np.exp(a.serve_spread * effort - a.serve_spread**2 / 2)
    single |= {"mean_value": t.order_value_shape / single["spend_rate"], "fee": fee, "serve_rate": serve_rate}
    return People(
        customer_id=customers,
        z=z,
        order_rate=t.order_rate_mean / t.order_rate_shape * _gamma(t.order_rate_shape, by["order_rate"]),
        churn_frailty=_gamma(t.churn_frailty_shape, by["churn_frailty"]) / t.churn_frailty_shape,
        price_elasticity=t.price_elasticity_mean * lognormal("price_elasticity", t.price_elasticity_spread),
        others={
            "branch": branch_of(scenario, customers, seed=seed),
            "weights": _weights(scenario, customers, seed),
            "consents": uniform(customers, seed=seed, mechanism="consent") < t.email_consent,
            **{name: np.asarray(values) for name, values in single.items()},
        },
    )


def through(scenario: Scenario, people: People, channel: npt.NDArray[np.integer]) -> Traits:
    """Return the traits of people who come through channels: each brings another kind of customer.

    Parameters
    ----------
    scenario : Scenario
        Its channels.
    people : People
        Who, shape (n,).
    channel : integer array, shape (n,)
        How.
    """
    a, ways = scenario.accounts, [*scenario.channels.values(), scenario.referral]

    def factor(key: str) -> npt.NDArray[np.float64]:
        return np.array([way[key] for way in ways])[channel]

    order_rate = people.order_rate * factor("order_rate")
    single: dict[str, npt.NDArray[Any]] = {
        name: values.astype(np.float32) if values.dtype == np.float64 else values
        for name, values in people.others.items()
    }
    return Traits(
        customer_id=people.customer_id,
        z=people.z,
        channel=channel.astype(np.int64),
        key_account=(order_rate * people.others["mean_value"] >= a.key_revenue) & (a.key_revenue > 0),
        order_rate=order_rate.astype(np.float32),
        churn_frailty=(people.churn_frailty * factor("churn")).astype(np.float32),
        price_elasticity=(people.price_elasticity * factor("price_elasticity")).astype(np.float32),
        **single,
    )


def draw_channel(scenario: Scenario, customers: Ids, *, seed: int) -> npt.NDArray[np.int64]:
    """Draw the channel of each customer by the usual shares."""
    ends = np.cumsum([channel["share"] for channel in scenario.channels.values()])
    return np.searchsorted(ends[:-1], uniform(customers, seed=seed, mechanism="channel"), side="right")


def branch_of(scenario: Scenario, customers: Ids, *, seed: int) -> npt.NDArray[np.int64]:
    """Return the branch of each customer, from 0; −1 where the firm has none."""
    if not scenario.branches.count:
        return np.full(len(customers), -1, np.int64)
    u = uniform(customers, seed=seed, mechanism="staff", draw=1).astype(np.float64)
    return np.floor(scenario.branches.count * u).astype(np.int64)


def segment_of(scenario: Scenario, z: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the true latent class of each customer: the nearest of the scenario's centres.

    Parameters
    ----------
    scenario : Scenario
        Its section ``segments`` holds the centres.
    z : float64 array, shape (11, n)
        Standardised traits.

    Returns
    -------
    int64 array, shape (n,)
        Number of the class, in the scenario's order.
    """
    distance = np.stack(
        [
            sum(
                ((score - centre[name]) ** 2 for name, score in zip(TRAITS, z, strict=True)), start=np.zeros(z.shape[1])
            )
            for centre in scenario.segments.values()
        ]
    )
    return distance.argmin(axis=0)


def draw_needs(scenario: Scenario, customers: Ids, *, seed: int) -> Floats:
    """Draw how each customer's needs divide over the categories of goods.

    Returns
    -------
    float32 array, shape (n, categories)
        Each row adds up to 1.
    """
    shares = np.array([category["share"] for category in scenario.categories.values()])
    parts = np.stack(
        [
            _gamma(
                scenario.assortment.concentration * share, normal(customers, seed=seed, mechanism="needs", draw=number)
            )
            for number, share in enumerate(shares)
        ],
        axis=1,
    )
    total = parts[:, 0].copy()  # summed in a fixed order: numpy's own sum may depend on the memory layout
    for column in parts.T[1:]:
        total += column
    return np.asarray(parts / total[:, None], dtype=np.float32)


def _correlated(factor: npt.NDArray[np.float64], customers: Ids, seed: int) -> npt.NDArray[np.float64]:
    """Multiply by the factor term by term: a matrix product may round differently for another number of customers."""
    raw = [normal(customers, seed=seed, mechanism="traits", draw=k).astype(np.float64) for k in range(len(TRAITS))]
    z = np.zeros((len(TRAITS), len(customers)))
    for i, row in enumerate(z):
        for k in range(i + 1):
            if factor[i, k] != 0.0:
                row += factor[i, k] * raw[k]
    return z


def _weights(scenario: Scenario, customers: Ids, seed: int) -> Floats:
    shapes = [scenario.traits.weight_concentration * scenario.four_c[c] for c in FOUR_C]
    parts = [
        _gamma(shape, normal(customers, seed=seed, mechanism="traits", draw=len(TRAITS) + k))
        for k, shape in enumerate(shapes)
    ]
    total = parts[0] + parts[1] + parts[2] + parts[3]
    return np.stack([part / total for part in parts]).astype(np.float32)


def _gamma(shape: float, score: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Gamma quantiles at normal scores, read off a table: 30 times faster than inverting, within 0.01%."""
    grid, logarithms = _gamma_table(shape)
    return np.exp(np.interp(score, grid, logarithms))


@cache
def _gamma_table(shape: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    grid = np.linspace(-7.0, 7.0, 2801)
    # The logarithm is nearly a straight line where the quantile itself is very steep; the floor is far below any use.
    return grid, np.log(np.maximum(gammaincinv(shape, ndtr(grid)), 1e-30))
