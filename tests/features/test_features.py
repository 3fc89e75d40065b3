from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from crmlab import TableError, features, tables
from tests.orders import START, online_retail, order_tables

DAY = pd.Timedelta(days=1)

FUNCTIONS: dict[str, Callable[..., pd.DataFrame]] = {
    "rfm": features.rfm,
    "monthly_revenue": features.monthly_revenue,
    "cohort_retention": features.cohort_retention,
    "spend_windows": lambda orders, as_of="2025-03-01": features.spend_windows(orders, as_of=as_of, days=30),
    "order_gaps": features.order_gaps,
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())


def table(*rows: tuple[object, str, float], **more: Any) -> pd.DataFrame:
    customers, days, net = zip(*rows, strict=True)
    frame = pd.DataFrame({"order_id": range(len(rows)), "customer_id": customers, "net": net})
    return frame.assign(ts=pd.to_datetime(list(days), format="ISO8601"), **more)


@settings(max_examples=12)
@given(order_tables(), st.integers(0, 450))
def test_rfm_is_what_a_loop_over_the_rows_gives(orders: pd.DataFrame, days: int) -> None:
    as_of = START + days * DAY
    expected: dict[int, dict[str, Any]] = {}
    for row in orders.itertuples():
        if row.ts.normalize() > as_of:
            continue
        seen = expected.setdefault(
            row.customer_id, {"days": set(), "moments": set(), "frequency": 0, "monetary": 0.0, "kept": 0.0}
        )
        seen["days"].add(row.ts.normalize())
        seen["moments"].add(row.ts)
        seen["frequency"] += 1
        seen["monetary"] += row.net
        seen["kept"] += row.net - row.refunded
    if not expected:
        with pytest.raises(TableError, match="as_of"):
            features.rfm(orders, as_of=as_of)
        return
    rfm = features.rfm(orders, as_of=as_of)
    assert rfm["customer_id"].tolist() == sorted(expected)
    assert rfm.index.equals(pd.RangeIndex(len(rfm)))
    for row in rfm.itertuples():
        seen = expected[row.customer_id]
        assert row.first_order == min(seen["days"])
        assert row.last_order == max(seen["days"])
        assert row.recency_days == max((as_of - max(seen["moments"])).days, 0)
        assert row.frequency == seen["frequency"]
        assert row.monetary == pytest.approx(seen["monetary"], abs=1e-9)
        assert row.monetary_net == pytest.approx(seen["kept"], abs=1e-9)


@settings(max_examples=12)
@given(order_tables(), st.integers(1, 100))
def test_windows_and_gaps_are_what_a_loop_gives(orders: pd.DataFrame, days: int) -> None:
    as_of = orders["ts"].max().normalize()
    windows = features.spend_windows(orders, as_of=as_of, days=days)
    gaps = features.order_gaps(orders)
    expected_gaps = []
    for customer, own in orders.groupby("customer_id"):
        age = (as_of - own["ts"].dt.normalize()).dt.days
        kept = own["net"] - own["refunded"]
        row = windows[windows["customer_id"] == customer].iloc[0]
        assert row["spend_recent"] == pytest.approx(kept[age < days].sum(), abs=1e-9)
        assert row["spend_before"] == pytest.approx(kept[(age >= days) & (age < 2 * days)].sum(), abs=1e-9)
        visits = sorted(set(own["ts"].dt.normalize()))
        expected_gaps += [(customer, a, b, (b - a).days) for a, b in pairwise(visits)]
    assert list(gaps.itertuples(index=False, name=None)) == expected_gaps


@settings(max_examples=12)
@given(order_tables())
def test_cohorts_are_what_a_loop_gives(orders: pd.DataFrame) -> None:
    months = {
        customer: {(ts.year * 12 + ts.month - 1) for ts in own["ts"]} for customer, own in orders.groupby("customer_id")
    }
    retention = features.cohort_retention(orders)
    last = orders["ts"].max()
    for row in retention.itertuples():
        cohort = row.cohort.year * 12 + row.cohort.month - 1
        members = [seen for seen in months.values() if min(seen) == cohort]
        assert row.customers == len(members)
        assert row.active == sum(cohort + row.month_number in seen for seen in members)
        assert row.share == row.active / row.customers
    spans = {(r.cohort, r.month_number) for r in retention.itertuples()}
    assert len(spans) == len(retention)
    for cohort, own in retention.groupby("cohort"):
        until = (last.year - cohort.year) * 12 + last.month - cohort.month
        assert own["month_number"].tolist() == list(range(until + 1))
    assert retention.loc[retention["month_number"] == 0, "customers"].sum() == len(months)


@settings(max_examples=12)
@given(order_tables())
def test_months_keep_the_sums_and_leave_none_out(orders: pd.DataFrame) -> None:
    months = features.monthly_revenue(orders)
    first, last = orders["ts"].min().to_period("M"), orders["ts"].max().to_period("M")
    assert months["month_start"].dt.to_period("M").tolist() == pd.period_range(first, last, freq="M").tolist()
    assert months["revenue"].sum() == pytest.approx(orders["net"].sum())
    assert months["revenue_net"].sum() == pytest.approx((orders["net"] - orders["refunded"]).sum(), abs=1e-6)
    assert months["orders"].sum() == len(orders)
    expected = orders.groupby(orders["ts"].dt.to_period("M"))["customer_id"].nunique()
    assert months.set_index("month_start")["customers"].loc[expected.index.to_timestamp()].tolist() == expected.tolist()


@every_function
@settings(max_examples=12)
@given(orders=order_tables(), seed=st.integers(0, 99))
def test_order_of_rows_means_nothing(function: Callable[..., pd.DataFrame], orders: pd.DataFrame, seed: int) -> None:
    assert_frame_equal(function(orders), function(orders.sample(frac=1, random_state=seed)), rtol=1e-12)


@every_function
@settings(max_examples=12)
@given(orders=order_tables(), share=st.floats(0, 1))
def test_an_order_in_two_rows_is_one_order(
    function: Callable[..., pd.DataFrame], orders: pd.DataFrame, share: float
) -> None:
    first, rest = orders.copy(), orders.copy()
    for column in ("net", "refunded"):
        first[column] = orders[column] * share
        rest[column] = orders[column] - first[column]
    rest["refunded"] = np.minimum(rest["refunded"], rest["net"])
    assert_frame_equal(function(orders), function(pd.concat([first, rest])), rtol=1e-9, atol=1e-6)


@every_function
@settings(max_examples=12)
@given(orders=order_tables(least=2), day=st.integers(0, 400))
def test_what_comes_later_changes_nothing(
    function: Callable[..., pd.DataFrame], orders: pd.DataFrame, day: int
) -> None:
    as_of = START + day * DAY
    known = orders[orders["ts"] < as_of + DAY]
    if known.empty:
        with pytest.raises(TableError, match="as_of"):
            function(orders, as_of=as_of)
    else:
        assert_frame_equal(function(orders, as_of=as_of), function(known, as_of=as_of))


@every_function
def test_columns_are_those_of_the_vocabulary(
    request: pytest.FixtureRequest, function: Callable[..., pd.DataFrame]
) -> None:
    name = request.node.callspec.id
    result = function(table((1, "2025-01-05", 10.0), (1, "2025-02-01", 5.0)))
    assert list(result.columns) == list(tables.vocabulary()[name].columns)
    assert not result.isna().any().any()


@every_function
def test_input_is_left_as_it_was(function: Callable[..., pd.DataFrame]) -> None:
    orders = table((2, "2025-02-01 10:00", 1.0), (1, "2025-01-05", 10.0), refunded=[0.5, 0.0])
    before = orders.copy(deep=True)
    function(orders)
    assert_frame_equal(orders, before)


KINDS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "text ids": lambda t: t.astype({"customer_id": str, "order_id": str}),
    "categories": lambda t: t.assign(customer_id=t["customer_id"].astype("category")),
    "nullable": lambda t: t.astype({"customer_id": "Int64", "net": "Float64", "refunded": "Float64"}),
    "arrow": lambda t: t.convert_dtypes(dtype_backend="pyarrow"),
    "nanoseconds": lambda t: t.astype({"ts": "datetime64[ns]"}),
    "seconds": lambda t: t.astype({"ts": "datetime64[s]"}),
    "time zone": lambda t: t.assign(ts=t["ts"].dt.tz_localize("Asia/Shanghai")),
    "single precision": lambda t: t.astype({"net": "float32", "refunded": "float32"}),
    "odd index": lambda t: t.set_index(pd.Index(["x"] * len(t))),
}


@every_function
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_other_types_give_the_same(
    function: Callable[..., pd.DataFrame], kind: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    rows = [
        (1, "2025-01-05 23:30", 10.5),
        (2, "2025-01-31 00:10", 5.0),
        (1, "2025-02-01", 5.25),
        (1, "2025-03-01", 2.0),
    ]
    orders = table(*rows, refunded=[0.0, 2.5, 0.0, 0.0])
    expected, result = function(orders), function(kind(orders))
    if "customer_id" in expected:
        assert result["customer_id"].astype("str").tolist() == expected["customer_id"].astype("str").tolist()
        expected, result = expected.drop(columns="customer_id"), result.drop(columns="customer_id")
    assert_frame_equal(result, expected)


def test_days_are_those_of_the_clock_that_the_log_shows() -> None:
    orders = table((1, "2025-01-05 00:30", 10.0))
    orders["ts"] = orders["ts"].dt.tz_localize("Asia/Shanghai")  # still 4 January in Greenwich
    assert features.rfm(orders, as_of="2025-01-06")["last_order"].tolist() == [pd.Timestamp("2025-01-05")]
    assert features.rfm(orders, as_of="2025-01-07")["recency_days"].tolist() == [1]


def test_recency_is_whole_days_to_the_start_of_the_day_of_looking() -> None:
    orders = table((1, "2025-01-05 00:00", 1.0), (2, "2025-01-05 12:00", 1.0), (3, "2025-01-06 08:00", 1.0))
    assert features.rfm(orders, as_of="2025-01-06")["recency_days"].tolist() == [1, 0, 0]
    assert features.rfm(orders, as_of="2025-01-07")["recency_days"].tolist() == [2, 1, 0]
    assert features.rfm(orders)["recency_days"].tolist() == [2, 1, 0]


def test_last_day_counts_to_its_end() -> None:
    orders = table((1, "2025-01-05", 1.0), (1, "2025-01-09 23:59:59", 2.0), (1, "2025-01-10 00:00", 4.0))
    rfm = features.rfm(orders, as_of=dt.datetime(2025, 1, 9, 8, 0))
    assert rfm[["recency_days", "monetary"]].to_numpy().tolist() == [[0, 3.0]]


def test_windows_begin_and_end_on_their_days() -> None:
    days = ["2025-01-10", "2025-01-11", "2025-01-20", "2025-01-21", "2025-01-30"]
    orders = table(*[(1, day, 10.0**place) for place, day in enumerate(days)])
    windows = features.spend_windows(orders, as_of="2025-01-30", days=10)
    assert windows[["spend_recent", "spend_before"]].to_numpy().tolist() == [[11_000, 110]]


def test_shared_order_number_is_two_orders() -> None:
    orders = table((1, "2025-01-05", 1.0), (2, "2025-01-05", 1.0)).assign(order_id=7)
    assert features.rfm(orders)["frequency"].tolist() == [1, 1]
    assert features.monthly_revenue(orders)["orders"].tolist() == [2]


def test_month_is_complete_when_its_last_day_is_over() -> None:
    orders = table((1, "2025-01-05", 1.0))
    for as_of, complete in (("2025-01-30", [False]), ("2025-01-31", [True]), ("2025-02-01", [True, False])):
        assert features.monthly_revenue(orders, as_of=as_of)["complete"].tolist() == complete
        assert features.cohort_retention(orders, as_of=as_of)["complete"].tolist() == complete


def test_nobody_twice_gives_an_empty_table_of_gaps() -> None:
    gaps = features.order_gaps(table((1, "2025-01-05 08:00", 1.0), (1, "2025-01-05 09:00", 1.0)))
    assert len(gaps) == 0
    assert list(gaps.columns) == list(tables.vocabulary()["order_gaps"].columns)


BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no rows": (lambda t: t.iloc[:0], "no rows"),
    "no column": (lambda t: t.drop(columns="net"), "lacks the column 'net'"),
    "no customer": (lambda t: t.assign(customer_id=[1, None]), r"1 of 2 rows .* no customer_id.*dropna"),
    "no order": (lambda t: t.assign(order_id=[None, None]), "2 of 2 rows .* no order_id"),
    "no date": (lambda t: t.assign(ts=[pd.NaT, t["ts"][0]]), "1 of 2 rows .* no ts"),
    "dates as text": (lambda t: t.assign(ts=t["ts"].astype(str)), "must hold dates.*2025-01-05.*to_datetime"),
    "date objects": (lambda t: t.assign(ts=t["ts"].dt.date.astype(object)), "must hold dates.*to_datetime"),
    "amounts as text": (lambda t: t.assign(net=["10,00", "5,00"]), "net .* must hold numbers.*10,00"),
    "amounts as truth": (lambda t: t.assign(net=[True, False]), "net .* must hold numbers"),
    "no amount": (lambda t: t.assign(net=[np.nan, 1.0]), "1 of 2 rows .* no finite net"),
    "infinite": (lambda t: t.assign(net=[np.inf, 1.0]), "1 of 2 rows .* no finite net"),
    "missing refund": (lambda t: t.assign(refunded=[None, 1.0]), "1 of 2 rows .* no finite refunded"),
    "negative": (lambda t: t.assign(net=[-1.0, 1.0]), "1 of 2 rows .* negative net.*refunded"),
    "negative refund": (lambda t: t.assign(refunded=[-1.0, 1.0]), "1 of 2 rows .* negative refunded"),
    "refund too large": (lambda t: t.assign(refunded=[99.0, 1.0]), "1 of 2 rows .* refunded above net"),
}


@every_function
@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD.keys())
def test_bad_tables_are_refused_with_a_reason(
    function: Callable[..., pd.DataFrame], spoil: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    with pytest.raises(TableError, match=message):
        function(spoil(table((1, "2025-01-05", 10.0), (2, "2025-02-01", 5.0))))


@pytest.mark.parametrize("as_of", ["yesterday", "05/01/2025", 20250105, pd.NaT, 1.5, ""])
def test_bad_days_are_refused(as_of: Any) -> None:
    with pytest.raises(ValueError, match=r"as_of must be a date.*2025-12-31"):
        features.rfm(table((1, "2025-01-05", 10.0)), as_of=as_of)


@pytest.mark.parametrize("as_of", ["2025-01-05", "2025-01-05T17:00", dt.date(2025, 1, 5), np.datetime64("2025-01-05")])
def test_days_may_be_given_in_many_ways(as_of: features.DateLike) -> None:
    assert features.as_day(as_of) == pd.Timestamp("2025-01-05")


@pytest.mark.parametrize("days", [0, -1, 2.5, True, "30"])
def test_windows_need_whole_days(days: Any) -> None:
    with pytest.raises(ValueError, match="days must be a whole number of at least 1"):
        features.spend_windows(table((1, "2025-01-05", 10.0)), as_of="2025-01-05", days=days)


def test_published_figures_of_online_retail(shared_data: Path) -> None:
    orders = online_retail(shared_data)
    rfm = features.rfm(orders, as_of="2011-12-10")
    assert rfm["recency_days"].mean() == pytest.approx(92.0595, abs=5e-5)
    assert rfm["frequency"].mean() == pytest.approx(4.272, abs=5e-4)
    assert rfm["monetary"].mean() == pytest.approx(2054.2665, abs=5e-5)
    assert features.monthly_revenue(orders)["revenue"].sum() == pytest.approx(8_911_407.904, abs=1e-3)
    retention = features.cohort_retention(orders)
    first = retention[(retention["cohort"] == "2010-12-01") & (retention["month_number"] == 1)]
    assert first[["customers", "active"]].to_numpy().tolist() == [[885, 324]]
