"""Every feature on every engine: the same answer as on pandas, and a plan stays a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask.dataframe
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import TableError, features
from tests.features.engines import ENGINES, LAZY, assert_same, to_pandas
from tests.orders import START, online_retail, order_tables

DAY = pd.Timedelta(days=1)
STORES = ["app", "shop", "site"]

FEATURES: dict[str, tuple[Callable[..., Any], list[str]]] = {
    "rfm": (features.rfm, ["customer_id"]),
    "repeat_summary": (features.repeat_summary, ["customer_id"]),
    "repeat_summary, every order": (
        lambda table, **more: features.repeat_summary(table, merge_same_day=False, unit="D", **more),
        ["customer_id"],
    ),
    "spend_windows": (lambda table, **more: features.spend_windows(table, days=60, **more), ["customer_id"]),
    "activity": (features.activity, ["customer_id"]),
    "rhythm": (features.rhythm, ["customer_id"]),
    "mix": (lambda table, **more: features.mix(table, by="store", values=STORES[:2], **more), ["customer_id"]),
    "order_gaps": (features.order_gaps, ["customer_id", "next_order"]),
    "monthly_revenue": (features.monthly_revenue, ["month_start"]),
    "cohort_retention": (features.cohort_retention, ["cohort", "month_number"]),
    "labels": (lambda table, as_of: features.label_windows(table, as_of=as_of, horizon=30).labels, ["customer_id"]),
}
other_engines = pytest.mark.parametrize("engine", [name for name in ENGINES if name != "pandas"])
every_feature = pytest.mark.parametrize("feature", FEATURES)


@st.composite
def logs(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.Timestamp]:
    """A log with several rows of one order, rows of one day, rows after the day of looking, and that day."""
    orders = draw(order_tables(least=2)).assign(store=lambda t: np.take(STORES, t["order_id"] % 3))
    again = orders.sample(frac=draw(st.sampled_from([0, 0.5])), random_state=draw(st.integers(0, 9)))
    orders = pd.concat([orders, again], ignore_index=True)
    first, last = orders["ts"].min().normalize(), orders["ts"].max().normalize()
    return orders, first + draw(st.integers(0, max((last - first).days - 30, 0))) * DAY


@every_feature
@other_engines
@settings(max_examples=2)
@given(log=logs())
def test_every_engine_gives_the_same(engine: str, feature: str, log: tuple[pd.DataFrame, pd.Timestamp]) -> None:
    orders, as_of = log
    function, key = FEATURES[feature]
    if feature == "labels" and orders["ts"].max().normalize() < as_of + 30 * DAY:
        return
    table = ENGINES[engine](orders)
    result = function(table, as_of=as_of)
    assert type(result) is type(table)
    assert_same(result, function(orders, as_of=as_of), key=key)


def booby_trapped(engine: str) -> Any:
    """A lazy table that raises when it is run."""

    def run(part: Any) -> Any:
        raise AssertionError("the query was run")

    orders = one_log()
    if engine == "DuckDB":
        duckdb.from_arrow(pa.Table.from_pandas(orders)).create_view("orders_of_parity_test", replace=True)
        return duckdb.sql("SELECT * REPLACE (error('the query was run')::DOUBLE AS net) FROM orders_of_parity_test")
    if engine == "Polars lazy":
        return pl.from_pandas(orders).lazy().map_batches(run, schema=pl.from_pandas(orders).schema)
    return dask.dataframe.from_pandas(orders, npartitions=2).map_partitions(run, meta=orders.iloc[:0])


@pytest.mark.parametrize("engine", LAZY)
@every_feature
def test_a_plan_is_not_run(engine: str, feature: str) -> None:
    FEATURES[feature][0](booby_trapped(engine), as_of=START + 150 * DAY)


@pytest.mark.parametrize("engine", LAZY)
def test_the_trap_of_that_test_works(engine: str) -> None:
    with pytest.raises(Exception, match="the query was run"):
        to_pandas(features.rfm(booby_trapped(engine), as_of=START + 150 * DAY))


def one_log() -> pd.DataFrame:
    generator = np.random.default_rng(5)
    days = generator.integers(0, 200, 40)
    return pd.DataFrame(
        {
            "customer_id": generator.integers(0, 9, 40),
            "order_id": np.arange(40),
            "ts": START
            + pd.to_timedelta(days, unit="D")
            + pd.to_timedelta(generator.integers(0, 86_400, 40), unit="s"),
            "net": generator.integers(1, 9_999, 40) / 100,
            "store": np.take(STORES, generator.integers(0, 3, 40)),
        }
    )


@every_feature
@pytest.mark.parametrize("engine", ENGINES)
def test_unsorted_repeated_and_future_rows(engine: str, feature: str) -> None:
    """Rows of one order are added up: twice the same row is an order of twice the amount, and no second order."""
    function, key = FEATURES[feature]
    as_of = START + 150 * DAY
    later = one_log().assign(ts=lambda t: t["ts"] + 900 * DAY, order_id=lambda t: t["order_id"] + 100)
    table = pd.concat([one_log(), one_log(), later]).sample(frac=1, random_state=3)
    double = one_log().assign(net=lambda t: 2 * t["net"])
    assert_same(function(ENGINES[engine](table), as_of=as_of), function(double, as_of=as_of), key=key)


@every_feature
@pytest.mark.parametrize("engine", ENGINES)
def test_a_log_that_lies_in_the_future(engine: str, feature: str) -> None:
    function, key = FEATURES[feature]
    table, early = ENGINES[engine](one_log()), START - 40 * DAY
    if engine in LAZY:
        expected = function(one_log(), as_of=START + 150 * DAY).iloc[:0]
        assert_same(function(table, as_of=early), expected, key=key)
        return
    with pytest.raises(TableError, match="No order is as old as as_of"):
        function(table, as_of=early)


@every_feature
@pytest.mark.parametrize("engine", ENGINES)
def test_one_customer_and_a_time_zone(engine: str, feature: str) -> None:
    function, key = FEATURES[feature]
    as_of = START + 150 * DAY
    orders = one_log().assign(customer_id=7)
    zoned = orders.assign(ts=orders["ts"].dt.tz_localize("Asia/Shanghai"))
    if engine == "DuckDB":
        duckdb.sql("SET TimeZone = 'Asia/Shanghai'")  # it keeps moments, and shows them by the clock of the session
    assert_same(function(ENGINES[engine](zoned), as_of=as_of), function(orders, as_of=as_of), key=key)


@every_feature
@pytest.mark.parametrize("engine", ENGINES)
def test_an_empty_table_is_an_error_or_gives_an_empty_one(engine: str, feature: str) -> None:
    table = ENGINES[engine](one_log().iloc[:0])
    function, key = FEATURES[feature]
    if engine not in LAZY:
        with pytest.raises(TableError, match="has no rows"):
            function(table, as_of=START)
        return
    with pytest.raises(TableError, match="has no rows"):
        features.check(table)
    expected = function(one_log(), as_of=START + 150 * DAY).iloc[:0]
    assert_same(function(table, as_of=START), expected, key=key)


BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no customer": (lambda t: t.assign(customer_id=[None, *t["customer_id"][1:]]), "no customer_id"),
    "no moment": (lambda t: t.assign(ts=[pd.NaT, *t["ts"][1:]]), "no ts"),
    "no amount": (lambda t: t.assign(net=[np.nan, *t["net"][1:]]), "no finite net"),
    "negative": (lambda t: t.assign(net=[-1.0, *t["net"][1:]]), "negative net"),
    "dates as text": (lambda t: t.assign(ts=t["ts"].astype(str)), "must hold dates"),
    "no column": (lambda t: t.drop(columns="net"), "lacks the column 'net'"),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bad", BAD)
def test_bad_values_are_found_on_every_engine(engine: str, bad: str) -> None:
    spoil, message = BAD[bad]
    table = ENGINES[engine](spoil(one_log()))
    with pytest.raises(TableError, match=message):
        features.check(table)
    if engine not in LAZY or bad in ("dates as text", "no column"):
        with pytest.raises(TableError, match=message):
            features.rfm(table, as_of=START + 150 * DAY)


@pytest.mark.parametrize("engine", LAZY)
def test_a_missing_amount_shows_in_a_lazy_result(engine: str) -> None:
    orders = pd.DataFrame({"customer_id": [1, 1, 2], "ts": [START] * 3, "net": [np.nan, 1.0, 2.0]})
    result = features.rfm(ENGINES[engine](orders), as_of=START)
    found = to_pandas(result).set_index("customer_id")["monetary"]
    assert not np.isfinite(found[1])
    assert found[2] == 2.0


@other_engines
def test_published_figures_of_online_retail(engine: str, shared_data: Path) -> None:
    orders = online_retail(shared_data)
    table = ENGINES[engine](orders)
    retention = features.cohort_retention(orders)
    first = retention[(retention["cohort"] == "2010-12-01") & (retention["month_number"] == 1)]
    assert first[["customers", "active"]].to_numpy().tolist() == [[885, 324]]
    assert_same(features.cohort_retention(table, as_of="2011-12-09"), retention, key=["cohort", "month_number"])
    rfm = features.rfm(orders, as_of="2011-12-10")
    assert (rfm["recency_days"] > 90).sum() == 1449
    assert_same(features.rfm(table, as_of="2011-12-10"), rfm, key=["customer_id"])
