from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab import TableError, features, tables
from tests.features.engines import ENGINES, LAZY, assert_same
from tests.orders import START, cdnow, order_tables

DAY = pd.Timedelta(days=1)
every_engine = pytest.mark.parametrize("engine", ENGINES)


@settings(max_examples=40)
@given(order_tables(), st.integers(0, 450), st.sampled_from(["D", "W", "M"]), st.booleans(), st.booleans())
def test_summary_is_what_a_loop_over_the_rows_gives(
    orders: pd.DataFrame, days: int, unit: str, merge: bool, net_of_refunds: bool
) -> None:
    as_of = START + days * DAY
    known = orders[orders["ts"] < as_of + DAY].sort_values(["ts", "order_id"])
    options = {"unit": unit, "merge_same_day": merge, "net_of_refunds": net_of_refunds}
    if known.empty:
        with pytest.raises(TableError, match="as_of"):
            features.repeat_summary(orders, as_of=as_of, **options)
        return
    summary = features.repeat_summary(orders, as_of=as_of, **options)
    assert summary["customer_id"].tolist() == sorted(set(known["customer_id"]))
    length = {"D": 1, "W": 7, "M": 365.25 / 12}[unit]
    for row in summary.itertuples():
        own = known[known["customer_id"] == row.customer_id]
        day = own["ts"].dt.normalize()
        value = own["net"] - own["refunded"] if net_of_refunds else own["net"]
        values = list(value.groupby(day).sum()) if merge else list(value)
        assert row.x == len(values) - 1
        assert row.t_x == pytest.approx((day.max() - day.min()).days / length, rel=1e-12)
        assert row.T == pytest.approx((as_of - day.min()).days / length, rel=1e-12)
        assert row.mean_value == pytest.approx(np.mean(values[1:]) if values[1:] else 0.0, rel=1e-9, abs=1e-9)


@every_engine
@settings(max_examples=4)
@given(orders=order_tables(), days=st.integers(100, 450), merge=st.booleans())
def test_every_engine_gives_the_same(engine: str, orders: pd.DataFrame, days: int, merge: bool) -> None:
    as_of = max(START + days * DAY, orders["ts"].min())
    expected = features.repeat_summary(orders, as_of=as_of, merge_same_day=merge)
    table = ENGINES[engine](orders)
    result = features.repeat_summary(table, as_of=as_of, merge_same_day=merge)
    assert type(result) is type(table)
    assert_same(result, expected, key=["customer_id"])


@every_engine
def test_published_figures_of_cdnow(engine: str, shared_data: Path) -> None:
    orders = cdnow(shared_data)
    expected = features.repeat_summary(orders, as_of="1997-09-30")
    assert len(expected) == 2357
    assert expected["x"].sum() == 2457
    assert (expected["x"] == 0).sum() == 1411
    assert expected["T"].mean() == pytest.approx(32.716, abs=5e-4)
    assert_same(features.repeat_summary(ENGINES[engine](orders), as_of="1997-09-30"), expected, key=["customer_id"])


@pytest.mark.parametrize("engine", LAZY)
def test_a_lazy_table_needs_a_day_and_is_not_run(engine: str) -> None:
    orders = pd.DataFrame({"customer_id": [1], "ts": [START], "net": [1.0]})
    with pytest.raises(ValueError, match="as_of must be given for a lazy table"):
        features.repeat_summary(ENGINES[engine](orders))


def test_columns_are_those_of_the_vocabulary_and_names_can_be_mapped() -> None:
    lines = pd.DataFrame({"Customer": ["b", "a"], "Date": [START, START + 7 * DAY], "Paid": [1.0, 2.0]})
    summary = features.repeat_summary(
        lines, as_of="2024-01-15", columns={"customer_id": "Customer", "ts": "Date", "net": "Paid"}
    )
    assert list(summary.columns) == list(tables.vocabulary()["repeat_summary"].columns)
    assert summary["T"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("unit", ["weeks", "Y", "", None])
def test_unknown_units_are_refused(unit: Any) -> None:
    orders = pd.DataFrame({"customer_id": [1], "ts": [START], "net": [1.0]})
    with pytest.raises(ValueError, match="unit must be 'W', 'D' or 'M'"):
        features.repeat_summary(orders, unit=unit)
