"""Figures that others have published for data that others have."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from crmlab.features import repeat_summary
from crmlab.lifetime import BetaGeoBetaBinomial, BetaGeoNBD, GammaGamma, ParetoNBD, ShiftedBetaGeometric
from crmlab.lifetime.pareto_nbd import _integral

REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
DONORS = [  # x, t_x → donors of 1995 over the six years after, from x = 0 up and t_x = x to 6 within
    [3464], [1091, 277, 129, 78, 119, 129], [613, 255, 155, 173, 234], [322, 181, 225, 357], [240, 284, 512],
    [335, 728], [1203],
]  # fmt: skip
CUSTOMER = {"x": [2], "t_x": [30.43], "T": [38.86]}


@pytest.fixture(scope="module")
def cdnow(shared_data) -> pd.DataFrame:
    orders = pd.read_csv(
        shared_data / "cdnow_sample.txt", sep=r"\s+", header=None, names=["all", "customer_id", "ts", "items", "net"]
    )
    orders["ts"] = pd.to_datetime(orders["ts"].astype(str))
    return repeat_summary(orders, as_of="1997-09-30")


def cohort(survivors: list[int]) -> tuple[dict[str, list[float]], list[int]]:
    lost = -np.diff(survivors)
    periods = len(lost)
    summary = {"periods": [*range(1, periods + 1), periods], "lost": [1.0] * periods + [0.0]}
    return summary, [*lost, survivors[-1]]


def test_bg_nbd_on_cdnow(cdnow) -> None:
    """Fader, Hardie & Lee (2005), Marketing Science 24."""
    assert (len(cdnow), cdnow["x"].sum(), (cdnow["x"] == 0).sum()) == (2357, 2457, 1411)
    model = BetaGeoNBD().fit(cdnow)
    assert model.params_.round(4).to_dict() == {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    assert model.log_likelihood_ == pytest.approx(-9582.42921, abs=5e-6)
    assert model.expected_orders(CUSTOMER, horizon=39).item() == pytest.approx(1.226, abs=5e-4)
    assert model.repeat_orders(np.array([1, 3, 32])).round(4).tolist() == [0.0532, 0.1506, 1.0437]


def test_pareto_nbd_on_cdnow(cdnow) -> None:
    """Fader, Hardie & Lee (2005): r .553, α 10.578, s .606, β 11.669, log-likelihood −9,595.0."""
    model = ParetoNBD().fit(cdnow)
    assert model.params_.round(3).to_dict() == {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    assert model.log_likelihood_ == pytest.approx(-9595.0, abs=0.05)


def test_gamma_gamma_on_cdnow(cdnow) -> None:
    """Fader & Hardie (2013), note 025: nothing to warn of."""
    model = GammaGamma().fit(cdnow)
    assert model.params_.round(5).to_dict() == {"p": 6.24957, "q": 3.74422, "v": 15.44352}
    assert model.log_likelihood_ == pytest.approx(-4055.91769, abs=1e-5)


def test_shifted_beta_geometric_on_two_cohorts() -> None:
    """Fader & Hardie (2007): two groups of 1,000 contracts over seven renewals."""
    for survivors, parameters, likelihood in (
        (REGULAR, {"alpha": 0.704, "beta": 1.182}, -1680.3),
        (HIGH_END, {"alpha": 0.668, "beta": 3.806}, -1611.2),
    ):
        summary, weights = cohort(survivors)
        model = ShiftedBetaGeometric().fit(summary, sample_weight=weights)
        assert model.params_.round(3).to_dict() == parameters
        assert model.log_likelihood_ == pytest.approx(likelihood, abs=0.05)


def test_bg_bb_on_donations() -> None:
    """Fader, Hardie & Shang (2010), Marketing Science 29, 1086–1108: 11,104 donors.

    α 1.204, β 0.750, γ 0.657, δ 2.783, log-likelihood −33,225.6; the counts also come with lifetimes.
    """
    cells = [(x, t, n) for x, row in enumerate(DONORS) for t, n in zip(range(x, 7) if x else [0], row, strict=True)]
    x, t_x, donors = (np.array(column) for column in zip(*cells, strict=True))
    assert donors.sum() == 11_104
    model = BetaGeoBetaBinomial().fit({"x": x, "t_x": t_x, "T": np.full(len(x), 6)}, sample_weight=donors)
    assert model.params_.round(3).to_dict() == {"alpha": 1.204, "beta": 0.75, "gamma": 0.657, "delta": 2.783}
    assert model.log_likelihood_ == pytest.approx(-33_225.6, abs=0.05)


@pytest.mark.parametrize("x", [221, 254, 161, 204, 5_000])
def test_hundreds_of_orders_stay_finite(x) -> None:
    """Parameters and counts at which hypergeometric series overflow."""
    model = ParetoNBD()
    model.params_ = pd.Series({"r": 0.5143, "alpha": 2.8845, "s": 0.2856, "beta": 14.1087})
    model.nodes_ = 24
    history = {"x": [x, x], "t_x": [38.0, 12.0], "T": [40.0, 40.0]}
    value, slope, curve = model._evaluate(
        model.params_.to_numpy(), [np.array(v, float) for v in history.values()], np.ones(2)
    )
    assert np.isfinite(value) and np.isfinite(slope).all() and np.isfinite(curve).all()
    alive = model.p_alive(history)
    assert 0 <= alive[1] < 1e-9 and alive[1] < alive[0] <= 1
    assert np.isfinite(model.expected_orders(history, horizon=39)).all()


@pytest.mark.parametrize("parameters", [(0.55, 10.6, 0.61, 11.7), (2.0, 0.3, 0.4, 60.0), (1.2, 80.0, 3.0, 0.2)])
@pytest.mark.parametrize(("x", "t_x", "T"), [(0, 0, 39), (3, 20, 39), (60, 5, 39), (12, 38.9, 39)])
def test_integral_of_pareto_nbd(parameters, x, t_x, T) -> None:
    """The quadrature agrees with adaptive integration to 1e-9, however far α and β are apart."""
    r, alpha, s, beta = parameters

    def integrand(tau: float) -> float:
        return np.exp(-(r + x) * np.log((alpha + tau) / (alpha + t_x)) - (s + 1) * np.log((beta + tau) / (beta + t_x)))

    points = t_x + (T - t_x) * np.geomspace(1e-6, 1, 12)
    edges = np.concatenate([[t_x], points])
    exact = sum(quad(integrand, a, b, epsabs=0, epsrel=1e-12)[0] for a, b in pairwise(edges))
    exact = np.log(exact) - (r + x) * np.log(alpha + t_x) - (s + 1) * np.log(beta + t_x)
    found, _ = _integral(np.array(parameters), *(np.array([float(v)]) for v in (x, t_x, T)), 24, False)
    assert found[0] == pytest.approx(exact, abs=1e-9)
