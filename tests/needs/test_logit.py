from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.base import clone

from crmlab import TableError, needs

FIT = {"case": ["person"], "alternative": "brand", "chosen": "chosen"}


def simulated(cases=200, seed=0, coefficients=(1.0, -0.5)):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(cases, 3, len(coefficients)))
    picked = (x @ np.array(coefficients) + rng.gumbel(size=(cases, 3))).argmax(axis=1)
    table = pd.DataFrame(x.reshape(-1, len(coefficients)), columns=[f"x{i}" for i in range(len(coefficients))])
    table["person"], table["brand"] = np.repeat(np.arange(cases), 3), np.tile(list("abc"), cases)
    table["chosen"] = (np.arange(3) == picked[:, None]).ravel()
    return table


def test_yogurt_wide_and_long(shared_data):
    """Jain, Vilcassim & Chintagunta (1994): the published conditional logit with constants of the brands."""
    wide = pd.read_csv(shared_data / "yogurt.csv")
    model = needs.MultinomialLogit(constants=True).fit(wide, features=["price", "feat"], choice="choice")
    assert model.coef_["price"] == pytest.approx(-0.36658, rel=1e-4)
    assert model.coef_["feat"] == pytest.approx(0.49143, rel=1e-4)
    assert model.log_likelihood_ == pytest.approx(-2656.888, rel=1e-6)

    long = needs.to_long(wide, features=["price", "feat"], choice="choice").sample(frac=1, random_state=3)
    again = needs.MultinomialLogit(constants=True).fit(
        long, case=["case"], alternative="alternative", chosen="chosen", features=["price", "feat"]
    )
    assert again.coef_.to_numpy() == pytest.approx(model.coef_.to_numpy(), rel=1e-8)
    assert again.standard_errors_.to_numpy() == pytest.approx(model.standard_errors_.to_numpy(), rel=1e-8)


def test_the_maximum_is_that_of_an_independent_optimiser():
    table = simulated()
    x = table[["x0", "x1"]].to_numpy().reshape(-1, 3, 2)
    picked = table["chosen"].to_numpy().reshape(-1, 3)

    def loss(b):
        utility = x @ b
        return np.log(np.exp(utility).sum(axis=1)).sum() - utility[picked].sum()

    found = minimize(loss, np.zeros(2), tol=1e-12)
    model = needs.MultinomialLogit().fit(table, **FIT, features=["x0", "x1"])
    assert model.coef_.to_numpy() == pytest.approx(found.x, abs=1e-5)
    assert model.log_likelihood_ == pytest.approx(-found.fun)
    # The inverse of a numerical second derivative.
    step = 1e-4
    second = np.array(
        [
            [
                (
                    loss(found.x + step * (a + b))
                    - loss(found.x + step * (a - b))
                    - loss(found.x - step * (a - b))
                    + loss(found.x - step * (a + b))
                )
                / (4 * step**2)
                for a in np.eye(2)
            ]
            for b in np.eye(2)
        ]
    )
    assert model.standard_errors_.to_numpy() == pytest.approx(np.sqrt(np.diag(np.linalg.inv(second))), rel=1e-3)


def test_words_get_a_coefficient_for_each_level_but_the_first():
    table = simulated()
    table["size"] = pd.cut(table["x0"], [-9, -0.5, 0.5, 9], labels=["small", "middle", "large"])
    model = needs.MultinomialLogit().fit(table, **FIT, features=["size", "x1"])
    assert list(model.coef_.index) == ["size=middle", "size=large", "x1"]
    assert 0 < model.coef_["size=middle"] < model.coef_["size=large"]
    shares = model.predict_shares(pd.DataFrame({"size": ["small", "large"], "x1": [0.0, 0.0]}))
    assert shares.sum() == pytest.approx(1)
    assert shares.loc[2] / shares.loc[1] == pytest.approx(np.exp(model.coef_["size=large"]))


def test_a_row_without_features_is_none():
    table = simulated()
    table.loc[table["brand"] == "c", ["x0", "x1"]] = np.nan
    model = needs.MultinomialLogit().fit(table, **FIT, features=["x0", "x1"])
    assert "none" in model.coef_.index
    # In sample, the mean share of an alternative with a constant is its share of the choices (score equation).
    share = model.predict_shares(table)["c"]
    assert share == pytest.approx(table.loc[table["brand"] == "c", "chosen"].mean())


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.sampled_from([1e-6, 1.0, 1e6]))
def test_order_of_rows_and_units_do_not_matter(seed, unit):
    table = simulated(cases=60, seed=seed)
    model = needs.MultinomialLogit().fit(table, **FIT, features=["x0", "x1"])
    other = table.assign(x0=table["x0"] * unit).sample(frac=1, random_state=seed)
    again = needs.MultinomialLogit().fit(other, **FIT, features=["x1", "x0"])
    assert again.coef_["x0"] * unit == pytest.approx(model.coef_["x0"], rel=1e-5, abs=1e-7)
    assert again.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-8)


def test_scikit_learn_manners():
    model = needs.MultinomialLogit(constants=["b"])
    assert clone(model).get_params() == {"constants": ["b"]}
    fitted = model.fit(simulated(), **FIT, features=["x0"])
    assert list(fitted.coef_.index) == ["b", "x0"]


# ── Designs from which something cannot be learned ───────────────────────────────────────────────────────────────────


def test_a_feature_that_never_varies_is_named():
    table = simulated().assign(price=9.5)
    with pytest.raises(TableError, match=r"'price': never varies between the alternatives.*no willingness to pay"):
        needs.MultinomialLogit().fit(table, **FIT, features=["x0", "price"])


def test_features_that_depend_on_one_another_are_named():
    table = simulated()
    table["sum"] = 2 * table["x0"] - table["x1"] + table["person"]
    with pytest.raises(TableError, match="'x0', 'x1', 'sum': within the cases each of them follows"):
        needs.MultinomialLogit().fit(table, **FIT, features=["x0", "x1", "sum"])


@pytest.mark.parametrize("complete", [True, False])
def test_perfect_separation_is_named(complete):
    table = simulated(cases=40)
    if complete:
        table["good"] = table["chosen"].astype(float)
        features = ["x1", "good"]
    else:  # one rare level is never chosen, everything else is ordinary
        table["good"] = ((table.index % 17 == 0) & ~table["chosen"]).astype(float)
        features = ["x0", "x1", "good"]
    with pytest.raises(TableError, match=r"'good'.*perfect separation"):
        needs.MultinomialLogit().fit(table, **FIT, features=features)


def test_no_choice_and_two_choices_are_counted():
    table = simulated(cases=10)
    none = table.copy()
    none.loc[none["person"] == 4, "chosen"] = False
    with pytest.raises(TableError, match=r"1 of 10 cases have no choice, the first at person 4.*'none'"):
        needs.MultinomialLogit().fit(none, **FIT, features=["x0"])
    two = table.copy()
    two.loc[two["person"] == 7, "chosen"] = True
    with pytest.raises(TableError, match="more than one choice, the first at person 7"):
        needs.MultinomialLogit().fit(two, **FIT, features=["x0"])


def test_equal_alternatives_warn():
    table = simulated(cases=50)
    twin = table["person"].eq(3) & table["brand"].eq("a")
    table.loc[table["person"].eq(3) & table["brand"].eq("b"), ["x0", "x1"]] = table.loc[twin, ["x0", "x1"]].to_numpy()
    with pytest.warns(needs.DesignWarning, match="In 1 of 50 cases"):
        needs.MultinomialLogit().fit(table, **FIT, features=["x0", "x1"])


def test_other_tables_that_cannot_be_used():
    table = simulated(cases=10)
    fit = needs.MultinomialLogit().fit
    with pytest.raises(TableError, match="Alternative 'a' appears twice in one case"):
        fit(table.assign(brand="a"), **FIT, features=["x0"])
    with pytest.raises(TableError, match="lacks the column 'preis'"):
        fit(table, **FIT, features=["preis"])
    with pytest.raises(TableError, match="case: name the columns"):
        fit(table, features=["x0"])
    with pytest.raises(TableError, match="empty"):
        fit(table.iloc[:0], **FIT, features=["x0"])
    with pytest.raises(TableError, match="single alternative"):
        fit(table[table["chosen"]], **FIT, features=["x0"])
    holes = table.astype({"x0": float})
    holes.loc[0, "x0"] = np.nan
    with pytest.raises(TableError, match="'x0' is missing in 1 alternatives that have other features"):
        fit(holes, **FIT, features=["x0", "x1"])
    with pytest.raises(TableError, match="but the alternatives are a, b"):
        needs.to_long(pd.DataFrame({"p.a": [1], "p.b": [2], "choice": ["z"]}), features=["p"], choice="choice")
    with pytest.raises(TableError, match=r"needs columns such as 'p\.label'"):
        needs.to_long(pd.DataFrame({"q": [1], "choice": ["z"]}), features=["p"], choice="choice")
