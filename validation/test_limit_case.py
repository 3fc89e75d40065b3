"""Without coupling the world is Pareto/NBD with gamma-gamma values: maximum likelihood finds its parameters again.

The likelihood is written here from the literature and shares no code with the world.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import gammaln, hyp2f1

from crmlab.facts import pareto_nbd_world
from crmlab.facts.sample import record_world

# The CDNOW estimates of Fader, Hardie & Lee (2005), in months: r, α, s, β.
TRUE = np.array([0.553, 0.553 / 0.227, 0.606, 0.606 / 0.2256])
MONTHS, CUSTOMERS = 24, 60_000


def negative_log_likelihood(logs: np.ndarray, x: np.ndarray, t_x: np.ndarray, age: np.ndarray) -> float:
    """Pareto/NBD likelihood of repeat orders (Schmittlein, Morrison & Colombo 1987; form of Fader & Hardie 2005)."""
    r, alpha, s, beta = np.exp(logs)
    larger, second = (alpha, s + 1) if alpha >= beta else (beta, r + x)
    gap, sum_of = abs(alpha - beta), r + s + x

    def part(time: np.ndarray) -> np.ndarray:
        return np.log(hyp2f1(sum_of, second, sum_of + 1, gap / (larger + time))) - sum_of * np.log(larger + time)

    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    alive = -(r + x) * np.log(alpha + age) - s * np.log(beta + age)
    high, low = part(t_x), part(age)
    dead = np.log(s / sum_of) + high + np.log1p(-np.exp(np.minimum(low - high, -1e-15)))
    return -float((common + np.logaddexp(alive, dead)).sum())


def hessian(point: np.ndarray, *data: np.ndarray) -> np.ndarray:
    step = 1e-3
    unit = step * np.eye(4)

    def at(shift: np.ndarray) -> float:
        return negative_log_likelihood(point + shift, *data)

    return np.array([[(at(a + b) - at(a - b) - at(b - a) + at(-a - b)) / (4 * step**2) for b in unit] for a in unit])


@pytest.fixture(scope="module", params=[1, 2, 3])
def recorded(request):
    return record_world(pareto_nbd_world(request.param, CUSTOMERS, MONTHS))


def test_pareto_nbd_is_recovered(recorded) -> None:
    """Each parameter within 4 standard errors, and all four together by a Wald test at 0.001."""
    customers, _, orders = recorded
    place = orders["customer_id"] - 1
    since_first = orders["month"] + orders["time"] - customers["arrival"][place]
    x = np.bincount(place, weights=since_first > 1e-12, minlength=CUSTOMERS)
    t_x = np.zeros(CUSTOMERS)
    np.maximum.at(t_x, place, np.maximum(since_first, 0.0))
    data = (x, t_x, MONTHS - customers["arrival"])
    found = optimize.minimize(
        negative_log_likelihood,
        np.log(TRUE) + 0.2,
        args=data,
        method="Nelder-Mead",
        options={"xatol": 1e-4, "fatol": 1e-3},
    )
    assert found.success
    information = hessian(found.x, *data)
    error = found.x - np.log(TRUE)
    standard = np.sqrt(np.diag(np.linalg.inv(information)))
    assert (np.abs(error) < 4 * standard).all(), (np.exp(found.x), standard)
    assert stats.chi2.sf(error @ information @ error, df=4) > 0.001
    assert (standard < 0.15).all(), "the check is sharp: no parameter is uncertain by more than 15%"


def test_gamma_gamma_is_recovered(recorded) -> None:
    """Order values of a customer are gamma distributed with the shape of the scenario, however many there are."""
    _, _, orders = recorded
    place, value = orders["customer_id"] - 1, orders["value"].astype(float)
    count = np.bincount(place, minlength=CUSTOMERS)
    mean = np.bincount(place, value, CUSTOMERS) / np.maximum(count, 1)
    several = count > 1
    spread = np.bincount(place, (value - mean[place]) ** 2, CUSTOMERS)[several] / (count[several] - 1)
    squared_mean = mean[several] ** 2 - spread / count[several]
    # shape = mean² / variance for each; weighted so that a few large spenders do not decide
    weight = 1 / mean[several] ** 2
    shape = (weight * squared_mean).sum() / (weight * spread).sum()
    assert shape == pytest.approx(6.25, rel=0.05)
    buyers = count > 0
    assert abs(np.corrcoef(count[buyers], mean[buyers])[0, 1]) < 4.5 / np.sqrt(buyers.sum())
    assert mean[buyers].mean() == pytest.approx(45, rel=0.02)
