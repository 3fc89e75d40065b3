"""Segmentation of tables that are empty, constant, full of gaps, in another engine or too small: errors that say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crmlab import TableError, grading, segmentation
from crmlab.oracles import segment_ceiling

METHODS = ["kmeans", "gaussian", "latent_class"]


def table(rows: int = 40) -> pd.DataFrame:
    generator = np.random.default_rng(3)
    return pd.DataFrame({"a": generator.normal(size=rows), "b": generator.poisson(4.0, size=rows) * 1.0})


def other_engines() -> list[Any]:
    """Tables that are none of pandas, eager and lazy, of the engines that are here."""
    import duckdb

    made: list[Any] = [pa.Table.from_pandas(table()), duckdb.from_arrow(pa.Table.from_pandas(table()))]
    polars = pytest.importorskip("polars")
    return [*made, polars.DataFrame(table().to_dict("list")), polars.LazyFrame(table().to_dict("list"))]


TAKES_A_TABLE: dict[str, Callable[[Any], Any]] = {
    "Segmenter": lambda t: segmentation.Segmenter(k=2).fit(t),
    "choose_k": lambda t: segmentation.choose_k(t, ks=[2]),
    "profile": lambda t: segmentation.profile(t, np.zeros(40)),
    "name_segments": lambda t: segmentation.name_segments(t),
    "screen_leaks": lambda t: segmentation.screen_leaks(t, np.arange(40) % 2),
    "contributions": lambda t: segmentation.contributions(t, np.arange(40) % 2),
    "add_and_remove": lambda t: segmentation.add_and_remove(t, np.arange(40) % 2),
    "tells": lambda t: segmentation.tells(t, pd.Series(range(40))),
    "by_visits_and_spend": lambda t: segmentation.by_visits_and_spend(t, visits="a", spend="b"),
    "by_region": lambda t: segmentation.by_region(t),
    "by_use": lambda t: segmentation.by_use(t),
    "by_entry": lambda t: segmentation.by_entry(t, lost_after=90),
    "by_values": lambda t: segmentation.by_values(t),
}


@pytest.mark.parametrize("name", TAKES_A_TABLE)
def test_tables_of_other_engines_are_refused_with_the_way_to_pandas(name: str) -> None:
    for other in other_engines():
        with pytest.raises(TableError, match=r"must be a pandas table or column, not a .*gives it"):
            TAKES_A_TABLE[name](other)
    with pytest.raises(TableError, match="not a list"):
        TAKES_A_TABLE[name]([1, 2])


def test_grading_refuses_a_plan_and_answers_a_table_in_kind() -> None:
    polars = pytest.importorskip("polars")
    spend = {"customer_id": [1, 2, 3], "frequency": [3, 2, 1], "monetary": [30.0, 20.0, 1.0], "recency_days": [1, 5, 9]}
    with pytest.raises(TableError, match=r"polars table is a plan\. Run it first"):
        grading.rfm_scores(polars.LazyFrame(spend))
    assert isinstance(grading.rfm_scores(polars.DataFrame(spend)), polars.DataFrame)
    assert nw.from_native(grading.abc(polars.Series("x", spend["monetary"])), series_only=True).to_list()[0] == "A"


@pytest.mark.parametrize("method", METHODS)
def test_what_a_segmenter_cannot_do_it_says(method: str) -> None:
    def fit(customers: pd.DataFrame, k: Any = 2, **options: Any) -> None:
        segmentation.Segmenter(k=k, method=method, n_init=1, **options).fit(customers)

    with pytest.raises(TableError, match="lacks the column 'orders'"):
        fit(table(), columns=["a", "orders"])
    with pytest.raises(TableError, match="'a' has 1 of 40 values that are missing or infinite"):
        fit(table().assign(a=table()["a"].where(table().index != 5)))
    with pytest.raises(TableError, match="'b' has 1 of 40 values that are missing or infinite"):
        fit(table().assign(b=table()["b"].where(table().index != 5, np.inf)))
    with pytest.raises(TableError, match=r"k=2 segments need as many different customers; in a there is 1 among 40\."):
        fit(pd.DataFrame({"a": np.full(40, 3.0)}))
    with pytest.raises(TableError, match="is empty: there is nobody"):
        fit(table().head(0))
    with pytest.raises(TableError, match="no column to find segments in"):
        fit(pd.DataFrame({"customer_id": range(40)}))
    for wrong in (0, 41, 2.5, True, "two"):
        with pytest.raises(ValueError, match="k must be a whole number from 1 to the 40 customers"):
            fit(table(), k=wrong)
    with pytest.raises(ValueError, match="to the 1 customers, not 2"):
        fit(table(1))


def test_a_constant_column_beside_others_changes_nothing() -> None:
    plain = segmentation.Segmenter(k=3).fit(table())
    beside = segmentation.Segmenter(k=3).fit(table().assign(same=7.0))
    assert segmentation.compare(plain.labels_, beside.labels_).rand == pytest.approx(1)


def test_one_customer_is_one_segment() -> None:
    for method in ("kmeans", "latent_class"):
        assert segmentation.Segmenter(k=1, method=method).fit(table(1)).labels_.tolist() == [0]
    with pytest.raises(TableError, match="at least 2 customers"):
        segmentation.Segmenter(k=1, method="gaussian").fit(table(1))
    assert segmentation.profile(table(1), ["only"]).loc["only", "share"] == 1


def test_new_customers_with_gaps_and_answers_never_seen() -> None:
    fitted = segmentation.Segmenter(k=2).fit(table())
    with pytest.raises(TableError, match="missing or infinite"):
        fitted.predict(table().assign(a=np.nan))
    with pytest.raises(TableError, match="lacks the column"):
        fitted.predict(table()[["a"]])
    answers = pd.DataFrame({"channel": ["app", "shop"] * 20, "a": table()["a"]})
    classes = segmentation.Segmenter(k=2, method="latent_class", n_init=2).fit(answers)
    assert set(classes.predict(answers.assign(channel="mail"))) <= {0, 1}
    with pytest.raises(TableError, match="'channel' is missing for 20 of 40 customers"):
        classes.predict(answers.assign(channel=["app", None] * 20))


def test_choosing_among_more_segments_than_customers() -> None:
    with pytest.raises(ValueError, match="to the 5 customers, not 6"):
        segmentation.choose_k(table(5), ks=[2, 6])
    few = segmentation.choose_k(table(5), ks=[2, 5], references=2, resamples=2)
    assert few.loc[5, "stability"] < 0.5  # a bootstrap sample of five holds five different ones once in 26 times
    assert np.isnan(few.loc[5, "silhouette"])
    with pytest.raises(ValueError, match="ks must be whole numbers"):
        segmentation.choose_k(table(), ks=[])


def test_labels_and_outcomes_with_gaps() -> None:
    labels = np.array(["a", None] * 20, dtype=object)
    with pytest.raises(TableError, match="segments is missing for 20 of 40 customers"):
        segmentation.profile(table(), labels)
    with pytest.raises(TableError, match="second is missing for 20 of 40"):
        segmentation.compare(np.zeros(40), np.where(np.arange(40) % 2, np.nan, 1.0))
    with pytest.raises(TableError, match=r"they have 40 and 39"):
        segmentation.compare(np.zeros(40), np.zeros(39))
    with pytest.raises(TableError, match="'b' adds up to 0"):
        segmentation.profile(table().assign(b=0.0), np.zeros(40), value="b")
    for target, words in (
        (np.where(np.arange(40) % 2, np.nan, 1.0), "missing for 20 of 40"),
        (np.arange(40), "must be True or False; it also holds"),
        (np.ones(40), "one value only"),
        (np.arange(39) % 2, "39 values for 40 rows"),
    ):
        for function in (segmentation.screen_leaks, segmentation.contributions, segmentation.add_and_remove):
            with pytest.raises(TableError, match=words):
                function(table(), target)  # type: ignore[operator]
    with pytest.raises(TableError, match="Each outcome needs at least 5 customers, and one of them has 2"):
        segmentation.contributions(table(), np.arange(40) < 2)


def test_indicators_that_are_text_or_have_gaps() -> None:
    target = np.arange(40) % 2
    for function in (segmentation.screen_leaks, segmentation.contributions, segmentation.add_and_remove):
        with pytest.raises(TableError, match="Indicators must be numbers; these are not: 'c'"):
            function(table().assign(c="x"), target)  # type: ignore[operator]
        with pytest.raises(TableError, match="1 indicators have missing or infinite values"):
            function(table().assign(c=np.nan), target)  # type: ignore[operator]
    constant = segmentation.contributions(table().assign(c=1.0), target)
    assert constant.loc["c", "share"] == 0


def test_a_score_of_an_answer_that_cannot_be_told() -> None:
    generator = np.random.default_rng(0)
    known = pd.Series(generator.normal(size=30), name="answer")
    with pytest.raises(TableError, match="None of the 2 indicators goes with answer"):
        segmentation.typing_score(table(), known)
    for answer, words in (
        (known.head(10), "10 customers are in both tables"),
        (pd.Series(1.0, index=range(30)), "All answers are equal"),
        (known.where(known.index > 2), "missing or infinite"),
        (pd.concat([known, known]), "stands there more than once"),
    ):
        with pytest.raises(TableError, match=words):
            segmentation.tells(table(), answer)
    with pytest.raises(ValueError, match="strict must be above 0"):
        segmentation.tells(table(), known, strict=0)


def test_a_ceiling_needs_true_segments_of_some_size() -> None:
    with pytest.raises(TableError, match="39 values for 40 customers"):
        segment_ceiling(table(), np.zeros(39))
    with pytest.raises(TableError, match="needs at least 5 customers"):
        segment_ceiling(table(), ["a"] * 38 + ["b"] * 2)
    with pytest.raises(TableError, match="1 columns have missing"):
        segment_ceiling(table().assign(a=np.nan), ["a", "b"] * 20)
