from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab import TableError, needs
from tests.needs.studies import maxdiff_study


def test_published_sample(shared_data):
    raw = pd.read_csv(shared_data / "maxdiff_sample.csv")
    tasks = raw.rename(columns={"id": "respondent", "block": "set", "label": "item", "value": "choice"})
    counts = needs.maxdiff_counts(tasks)
    assert (counts["shown"] == 40).all() and len(counts) == 13
    assert counts["best"].sum() == counts["worst"].sum() == 130
    assert counts.loc["economy", ["best", "worst"]].tolist() == [20, 4]
    model = needs.MaxDiffLogit(individual=False).fit(tasks)
    table = model.summary()
    assert ((table["low"] < table["utility"]) & (table["utility"] < table["high"])).all()
    assert table["share"].sum() == pytest.approx(1)
    # A balanced design: the logit orders the items nearly as the counts do.
    assert table["utility"].corr(counts["score"]) > 0.98


def test_individual_utilities_and_shares():
    tasks, truth = maxdiff_study(people=200)
    model = needs.MaxDiffLogit().fit(tasks)
    centred = truth.sub(truth.mean(axis=1), axis=0)
    own = model.individual_.loc[truth.index, truth.columns]
    pooled = needs.MaxDiffLogit(individual=False).fit(tasks)
    same = pooled.individual_.loc[truth.index, truth.columns]
    assert ((own - centred) ** 2).to_numpy().mean() < 0.8 * ((same - centred) ** 2).to_numpy().mean()
    # 8 means within 4 standard errors.
    assert ((model.coef_ - centred.mean()).abs() < 4 * model.standard_errors_).all()
    true = (np.exp(truth).T / np.exp(truth).sum(axis=1)).T.mean()
    shares = model.shares().loc[truth.columns]
    assert shares["share"].to_numpy() == pytest.approx(true.to_numpy(), abs=0.06)
    assert (pooled.coef_.abs().sum()) < model.coef_.abs().sum()


def test_designs_have_the_properties_they_state():
    made = needs.maxdiff_design([f"i{n}" for n in range(12)], per_set=4, times=3, versions=6, seed=1)
    shown = made.sets.groupby(["version", "item"]).size()
    assert (shown.min(), shown.max()) == made.shown == (3, 3)
    assert not made.sets[["version", "set", "item"]].duplicated().any()
    placed = made.sets.groupby(["item", "position"]).size()
    assert (placed.min(), placed.max()) == made.positions and made.positions[1] - made.positions[0] <= 1
    pair = made.sets.merge(made.sets, on=["version", "set"])
    met = pair[pair["item_x"] != pair["item_y"]].groupby(["item_x", "item_y"]).size()
    assert (met.min(), met.max()) == made.pairs and made.pairs[1] - made.pairs[0] <= 2
    with pytest.raises(ValueError, match="do not fill"):
        needs.maxdiff_design(list("abcdefg"), per_set=4, times=3)
    with pytest.raises(ValueError, match="per_set must be from 3 to 3"):
        needs.maxdiff_design(list("abcd"), per_set=4)


def test_tables_that_cannot_be_used():
    tasks, _ = maxdiff_study(people=4)
    with pytest.raises(TableError, match="1 of 24 sets do not have exactly one best"):
        needs.maxdiff_counts(tasks.assign(choice=tasks["choice"].where(tasks.index > 3, 0)))
    with pytest.raises(TableError, match="choice must be 1"):
        needs.maxdiff_counts(tasks.assign(choice=7))
    with pytest.raises(TableError, match="appears twice"):
        needs.maxdiff_counts(pd.concat([tasks, tasks.head(1)]))
    with pytest.raises(TableError, match="too few"):
        needs.MaxDiffLogit().fit(tasks)
    unanimous = tasks.assign(choice=0)
    best = tasks.groupby(["respondent", "set"])["item"].transform("max") == tasks["item"]
    worst = tasks.groupby(["respondent", "set"])["item"].transform("min") == tasks["item"]
    unanimous.loc[best, "choice"], unanimous.loc[worst, "choice"] = 1, -1
    with pytest.raises(TableError, match="perfect separation"):
        needs.MaxDiffLogit(individual=False).fit(unanimous)
