"""The models: derivatives, what they must agree with, what they read, and what they say to data that cannot be."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks

from crmlab.lifetime import (
    BetaGeoBetaBinomial,
    BetaGeoNBD,
    GammaGamma,
    LifetimeWarning,
    ParetoNBD,
    ShiftedBetaGeometric,
    draw_histories,
    frequency_table,
    holdout_table,
)
from crmlab.lifetime.rows import group_rows
from crmlab.tables import TableError

TRUTH = {
    "bg_nbd": {"r": 0.8, "alpha": 6.0, "a": 0.9, "b": 3.0},
    "pareto_nbd": {"r": 0.8, "alpha": 6.0, "s": 0.8, "beta": 12.0},
    "bg_bb": {"alpha": 1.2, "beta": 0.8, "gamma": 0.7, "delta": 2.8},
    "shifted_beta_geometric": {"alpha": 0.8, "beta": 2.0},
    "gamma_gamma": {"p": 6.0, "q": 4.0, "v": 15.0},
}
MODELS = {
    "bg_nbd": BetaGeoNBD,
    "pareto_nbd": ParetoNBD,
    "bg_bb": BetaGeoBetaBinomial,
    "shifted_beta_geometric": ShiftedBetaGeometric,
    "gamma_gamma": GammaGamma,
}
REPEAT = ("bg_nbd", "pareto_nbd", "bg_bb")


def drawn(name: str, customers: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    observed = {
        "bg_bb": rng.integers(5, 9, customers),
        "shifted_beta_geometric": rng.integers(1, 9, customers),
        "gamma_gamma": rng.geometric(0.3, customers),
    }.get(name, rng.integers(180, 300, customers) / 7)
    return draw_histories(name, TRUTH[name], observed, seed=rng)


@pytest.fixture(scope="module")
def fitted():
    return {name: (MODELS[name]().fit(data := drawn(name, 3_000)), data) for name in MODELS}


@pytest.mark.parametrize("name", MODELS)
def test_derivatives(name) -> None:
    """Gradient and Hessian agree with differences, away from the maximum."""
    model, data = MODELS[name](), drawn(name, 60)
    model.nodes_ = 32
    columns = [data[column].to_numpy(dtype=float) for column in model._columns]
    weights = np.random.default_rng(1).random(len(data))
    at = np.array(list(TRUTH[name].values())) * 1.3
    value, slope, curve = model._evaluate(at, columns, weights)
    assert value == model._evaluate(at, columns, weights, derivatives=False)[0]
    for k, step in enumerate(1e-5 * np.diag(at)):
        ahead, behind = (model._evaluate(at + sign * step, columns, weights) for sign in (1, -1))
        assert slope[k] == pytest.approx((ahead[0] - behind[0]) / (2 * step[k]), rel=1e-5, abs=1e-6)
        assert curve[k] == pytest.approx((ahead[1] - behind[1]) / (2 * step[k]), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_truth_is_found(name, fitted) -> None:
    """Each parameter within 4.5 standard errors: a false alarm once in 10,000 runs."""
    model, _ = fitted[name]
    error = np.log(model.params_ / pd.Series(TRUTH[name]))
    standard = np.sqrt(np.diag(model.covariance_)) / model.params_
    assert (error.abs() < 4.5 * standard).all()
    assert model.converged_


@pytest.mark.parametrize("name", MODELS)
def test_no_other_parameters_are_likelier(name, fitted) -> None:
    model, data = fitted[name]
    columns, counts, _ = group_rows([data[c].to_numpy(dtype=float) for c in model._columns])
    rng = np.random.default_rng(2)
    for _ in range(20):
        other = model.params_.to_numpy() * np.exp(0.02 * rng.standard_normal(len(model.params_)))
        assert model._evaluate(other, columns, counts, derivatives=False)[0] < model.log_likelihood_


@pytest.mark.parametrize("name", REPEAT)
def test_forecasts_agree_with_one_another(name, fitted) -> None:
    """Chances sum to 1, their mean is the expectation, the undiscounted sum is the expectation, intervals hold."""
    model, data = fitted[name]
    some = data.head(40)
    horizon = 5 if name == "bg_bb" else 20.0
    chances = model.order_probabilities(some, horizon=horizon, most=150 if name != "bg_bb" else 5)
    assert chances.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-9)
    expected = model.expected_orders(some, horizon=horizon)
    assert (chances * chances.columns.to_numpy()).sum(axis=1).to_numpy() == pytest.approx(expected, rel=1e-6)
    assert model.discounted_orders(some, discount_rate=0, horizon=horizon).to_numpy() == pytest.approx(
        expected, rel=1e-8
    )
    without_end = model.discounted_orders(some, discount_rate=0.05)
    long = model.discounted_orders(some, discount_rate=0.05, horizon=600)
    assert without_end.to_numpy() == pytest.approx(long, rel=1e-6)
    cumulated = chances.cumsum(axis=1).to_numpy()
    bounds = model.order_intervals(some, horizon=horizon, level=0.8)
    row = np.arange(len(some))
    assert (cumulated[row, bounds["upper"]] >= 0.9 - 1e-9).all()
    below = np.where(bounds["lower"] > 0, cumulated[row, np.maximum(bounds["lower"] - 1, 0)], 0)
    assert (below <= 0.1 + 1e-9).all()


@pytest.mark.parametrize("name", REPEAT)
def test_forecasts_hold_for_customers_drawn_from_the_model(name) -> None:
    """Known truth: what came in a second half agrees with what was expected after the first, by tenths.

    A chi-square over ten tenths at 0.0001.
    """
    first, ahead, customers = (6, 4, 20_000) if name == "bg_bb" else (30.0, 20.0, 20_000)
    rng = np.random.default_rng(5)
    # Twice the same people: their rates and their leaving are drawn once, orders of the second half anew.
    data = draw_histories(name, TRUTH[name], [first] * customers, seed=rng)
    model = MODELS[name]().fit(data)
    if name == "pareto_nbd":
        alive_ahead = np.clip(data["left_after"] - first, 0, ahead)
        actual = pd.Series(rng.poisson(data["order_rate"] * alive_ahead))
    elif name == "bg_bb":
        alive_ahead = np.clip(data["left_after"] - first, 0, ahead).astype(int)
        actual = pd.Series(rng.binomial(alive_ahead, data["order_rate"]))
    else:
        rest = (data["left_after"] - data["x"]).where(data["left_after"] > data["x"], 0)
        actual = np.minimum(rng.poisson(data["order_rate"] * ahead), rest)
    table = holdout_table(model.expected_orders(data, horizon=ahead), actual)
    assert (((table["actual"] - table["expected"]) / table["standard_error"]) ** 2).sum() < 35.6
    inside = actual.between(*model.order_intervals(data, horizon=ahead, level=0.8).to_numpy().T)
    assert inside.mean() > 0.8 - 4 * np.sqrt(0.16 / customers)


def test_frequencies_agree_with_draws(fitted) -> None:
    for name in REPEAT:
        model, data = fitted[name]
        table = frequency_table(model, data, most=5)
        assert table["actual"].sum() == len(data)
        assert table["expected"].sum() == pytest.approx(len(data))
        assert ((table["actual"] - table["expected"]) ** 2 / table["expected"]).sum() < 25


@pytest.mark.parametrize("name", MODELS)
def test_units_do_not_matter(name, fitted) -> None:
    model, data = fitted[name]
    other = data.copy()
    other[list(model._scaled_columns)] *= 365.25
    again = MODELS[name]().fit(other)
    factor = pd.Series({p: 365.25 if p in model._scaled else 1.0 for p in model._parameters})
    assert (again.params_ / factor).to_numpy() == pytest.approx(model.params_, rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_rows_in_another_order_or_counted(name, fitted) -> None:
    model, data = fitted[name]
    mixed = MODELS[name]().fit(data.sample(frac=1, random_state=1))
    assert mixed.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-12)
    columns = list(model._columns)
    counted = data.groupby(columns, as_index=False).size()
    again = MODELS[name]().fit(counted, sample_weight=counted["size"])
    assert again.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-12)
    assert again.params_.to_numpy() == pytest.approx(model.params_, rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_scikit_learn(name, fitted) -> None:
    model, data = fitted[name]
    assert model.feature_names_in_.tolist() == list(model._columns)
    assert model.n_features_in_ == len(model._columns)
    copy = pickle.loads(pickle.dumps(model))
    pd.testing.assert_series_equal(copy.params_, model.params_)
    assert clone(model).get_params() == model.get_params()
    assert not hasattr(clone(model), "params_")
    changed = clone(model).set_params(max_iterations=50)
    assert changed.max_iterations == 50
    with pytest.raises(ValueError, match="Invalid parameter"):
        changed.set_params(nonsense=1)
    other = changed.fit(pl.from_pandas(data[list(model._columns)]))
    assert other.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-12)
    lazy = clone(model).fit(pl.from_pandas(data[list(model._columns)]).lazy())
    assert lazy.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-12)


APPLICABLE = [
    "check_estimator_cloneable",
    "check_parameters_default_constructible",
    "check_no_attributes_set_in_init",
    "check_get_params_invariance",
    "check_set_params",
    "check_mixin_order",
    "check_estimator_repr",
    "check_valid_tag_types",
]
"""Checks of scikit-learn that need no data; its others feed arrays without column names, in which these models cannot
know an order count from a time."""


@pytest.mark.parametrize("check", APPLICABLE)
@pytest.mark.parametrize("name", MODELS)
def test_estimator_checks(name, check) -> None:
    found = getattr(estimator_checks, check, None)
    if found is None:
        pytest.skip("this version of scikit-learn has no such check")  # the lowest version has fewer
    found(MODELS[name].__name__, MODELS[name]())


def test_index_is_the_customer() -> None:
    data = drawn("pareto_nbd", 2_000)[["x", "t_x", "T"]]
    by_id = ParetoNBD().fit(data).p_alive(pl.from_pandas(data.assign(customer_id=range(7, 2_007))))
    assert by_id.index.name == "customer_id" and by_id.index[0] == 7


def test_arrays_and_strangers_are_told_what_to_do() -> None:
    with pytest.raises(TableError, match="without column names"):
        BetaGeoNBD().fit(np.zeros((3, 3)))
    with pytest.raises(TableError, match="must be a data frame"):
        BetaGeoNBD().fit(17)
    with pytest.raises(TableError, match="lacks the column 'T'"):
        BetaGeoNBD().fit({"x": [1], "t_x": [1.0]})
    with pytest.raises(NotFittedError):
        ParetoNBD().p_alive({"x": [1], "t_x": [1.0], "T": [2.0]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [1.5, 0]}, "not a whole number"),
        ({"x": [-1, 0]}, "not a whole number"),
        ({"t_x": [9.0, 0]}, "between 0 and T"),
        ({"t_x": [3.0, 1.0]}, "without a repeat order"),
        ({"T": [np.nan, 5.0]}, "missing or infinite"),
        ({"x": [0, 0], "t_x": [0, 0]}, "Nobody ordered again"),
        ({"x": ["a", "b"]}, "holds text"),
        ({"x": [0, 0], "t_x": [0, 0], "T": [0, 0]}, "Every T is 0"),
        ({"x": [], "t_x": [], "T": []}, "has no rows"),
    ],
)
def test_impossible_histories(change, message) -> None:
    with pytest.raises(TableError, match=message):
        BetaGeoNBD().fit(pd.DataFrame({"x": [2, 0], "t_x": [3.0, 0.0], "T": [5.0, 5.0]} | change))


def test_options_are_checked() -> None:
    data = drawn("bg_nbd", 500)
    for priors, message in (
        ({"z": (1, 1)}, "no parameter"),
        ({"r": 3}, "median, spread"),
        ({"r": (1, -1)}, "positive"),
    ):
        with pytest.raises(ValueError, match=message):
            BetaGeoNBD(priors=priors).fit(data)
    with pytest.raises(ValueError, match="sample_weight"):
        BetaGeoNBD().fit(data, sample_weight=[1.0])
    model = BetaGeoNBD(priors=dict.fromkeys(("r", "a", "b"), (1, 1))).fit(data)
    for horizon in (0, -1, np.inf, "x"):
        with pytest.raises(ValueError, match="horizon"):
            model.expected_orders(data, horizon=horizon)
    with pytest.raises(ValueError, match="positive discount_rate"):
        model.discounted_orders(data, discount_rate=0)
    with pytest.raises(ValueError, match="level"):
        model.order_intervals(data, horizon=3, level=1)


def test_a_sharp_prior_wins_and_a_wide_one_does_not_matter() -> None:
    data = drawn("bg_nbd", 2_000)
    free = BetaGeoNBD().fit(data)
    wide = BetaGeoNBD(priors={"a": (1.0, 100.0)}).fit(data)
    with pytest.warns(LifetimeWarning, match="contradict the model"):
        sharp = BetaGeoNBD(priors={"a": (5.0, 1e-4), "alpha": (8.0, 1e-4)}).fit(data)
    assert wide.params_.to_numpy() == pytest.approx(free.params_, rel=1e-4)
    assert sharp.params_[["a", "alpha"]].to_numpy() == pytest.approx([5.0, 8.0], rel=1e-3)
    assert sharp.log_likelihood_ < free.log_likelihood_


def test_doubts_are_said() -> None:
    with pytest.warns(LifetimeWarning, match="too few to tell"):
        BetaGeoNBD().fit(drawn("bg_nbd", 30))
    short = draw_histories("pareto_nbd", TRUTH["pareto_nbd"], [0.3] * 3_000, seed=1)
    with pytest.warns(LifetimeWarning, match="too short"):
        ParetoNBD().fit(short)
    # Subscribers who order once a month, to the day: orders are no Poisson process.
    regular = pd.DataFrame({"x": [9.0] * 2_000 + [0.0] * 2_000, "t_x": [39.0] * 2_000 + [0.0] * 2_000, "T": 40.0})
    with pytest.warns(LifetimeWarning, match="contradict the model|do not determine"):
        BetaGeoNBD().fit(regular)
    spend = drawn("gamma_gamma", 2_000)
    spend["mean_value"] *= spend["x"]
    with pytest.warns(LifetimeWarning, match="spend more per order"):
        GammaGamma().fit(spend)


@st.composite
def histories(draw):
    n = draw(st.sampled_from([1, 2, 3, 20, 200]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    unit = draw(st.sampled_from([1e-6, 1 / 365.25, 1 / 7, 1.0, 365.25, 1e6]))
    T = np.full(n, rng.integers(1, 100)) if draw(st.booleans()) else rng.integers(0, 100, n)
    kind = draw(st.sampled_from(["none", "one", "many", "some", "just now", "at once"]))
    x = {
        "none": np.zeros(n),
        "one": np.eye(1, n, int(rng.integers(n)))[0],
        "many": rng.integers(0, 800, n),
    }.get(kind, rng.negative_binomial(0.5, 0.2, n))
    x = np.where(T > 0, x, 0).astype(float)
    share = {"just now": 1.0, "at once": 1e-9}.get(kind, rng.random(n))
    return {"x": x, "t_x": np.where(x > 0, T * share, 0) * unit, "T": T * unit}


@settings(max_examples=50, deadline=None)
@given(histories(), st.sampled_from([BetaGeoNBD, ParetoNBD]))
def test_any_data_give_a_fit_or_a_reason(data, kind) -> None:
    check_fit_or_reason(data, kind)


def check_fit_or_reason(data, kind) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LifetimeWarning)
        try:
            model = kind().fit(data)
        except TableError as error:
            assert len(str(error)) > 40
            return
        horizon = float(data["T"].max())
        assert np.isfinite(model.log_likelihood_) and (model.params_ > 0).all()
        assert model.p_alive(data).between(0, 1).all()
        for forecast in (
            model.expected_orders(data, horizon=horizon),
            model.discounted_orders(data, discount_rate=1 / horizon),
            model.order_probabilities(data, horizon=horizon, most=2),
        ):
            assert np.isfinite(forecast.to_numpy()).all() and (forecast.to_numpy() >= -1e-12).all()
