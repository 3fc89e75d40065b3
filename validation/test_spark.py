"""Every feature on PySpark gives what it gives on pandas; skipped, with the reason, without PySpark or Java."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crmlab import TableError, features, journeys
from tests.features.engines import assert_same
from tests.features.test_parity import BAD, FEATURES, one_log
from tests.orders import START, cdnow

sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: pip install -r validation/requirements.txt")
DAY = pd.Timedelta(days=1)
AS_OF = START + 150 * DAY


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session with two threads, in another time zone than most machines that run this."""
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("Java is not installed; PySpark needs it")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "1g")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "Asia/Shanghai")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def on_spark(spark: Any, table: pd.DataFrame) -> Any:
    """The table with moments that have no time zone, as files of Parquet hold them."""
    fields = []
    for name, dtype in table.dtypes.items():
        kind = {"i": "long", "f": "double", "M": "timestamp_ntz"}.get(dtype.kind, "string")
        fields.append(f"{name} {kind}")
    # What is missing is null, as in a file of Parquet; only an amount may be no number at all.
    cells = table.astype(object).where(table.notna() | (table.columns == "net"), None)
    rows = [
        tuple(cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell for cell in row)
        for row in cells.itertuples(index=False)
    ]
    return spark.createDataFrame(rows, ", ".join(fields))


@pytest.mark.parametrize("feature", FEATURES)
def test_spark_gives_the_same(spark: Any, feature: str) -> None:
    function, key = FEATURES[feature]
    orders = pd.concat([one_log(), one_log().iloc[:9]], ignore_index=True)
    later = one_log().assign(ts=lambda t: t["ts"] + 900 * DAY, order_id=lambda t: t["order_id"] + 100)
    as_of = START + 150 * DAY
    table = on_spark(spark, pd.concat([orders, later]))
    result = function(table, as_of=as_of)
    assert type(result) is type(table)
    assert_same(result, function(orders, as_of=as_of), key=key)


def test_figures_of_cdnow(spark: Any, shared_data: Path) -> None:
    orders = cdnow(shared_data)
    expected = features.repeat_summary(orders, as_of="1997-09-30")
    found = features.repeat_summary(on_spark(spark, orders), as_of="1997-09-30")
    assert_same(found, expected, key=["customer_id"])


@pytest.mark.parametrize("bad", BAD)
def test_bad_values_are_found(spark: Any, bad: str) -> None:
    spoil, message = BAD[bad]
    table = on_spark(spark, spoil(one_log()))
    with pytest.raises(TableError, match=message):
        features.check(table)
    if bad in ("dates as text", "no column"):
        with pytest.raises(TableError, match=message):
            features.rfm(table, as_of=AS_OF)


def test_how_many_rows_are_bad_is_said(spark: Any) -> None:
    table = on_spark(spark, one_log().assign(net=lambda t: t["net"].where(t.index > 0, -1.0)))
    with pytest.raises(TableError, match=r"1 of 40 rows .* negative net"):
        features.check(table)


def test_a_missing_amount_shows(spark: Any) -> None:
    orders = pd.DataFrame({"customer_id": [1, 1, 2], "ts": [START] * 3, "net": [np.nan, 1.0, 2.0]})
    found = features.rfm(on_spark(spark, orders), as_of=START).toPandas().set_index("customer_id")["monetary"]
    assert not np.isfinite(found[1])
    assert found[2] == 2.0


@pytest.mark.parametrize("feature", FEATURES)
def test_one_customer_and_a_time_zone(spark: Any, feature: str) -> None:
    """Spark's own type of moments is shown by the clock of the session, which is that of Shanghai here."""
    function, key = FEATURES[feature]
    orders = one_log().assign(customer_id=7)
    table = on_spark(spark, orders.sample(frac=1, random_state=1))
    zoned = table.withColumn("ts", table["ts"].cast("timestamp"))
    assert_same(function(zoned, as_of=AS_OF), function(orders, as_of=AS_OF), key=key)


@pytest.mark.parametrize("rows", ["none", "all in the future"])
@pytest.mark.parametrize("feature", FEATURES)
def test_nobody_gives_an_empty_table(spark: Any, feature: str, rows: str) -> None:
    function, key = FEATURES[feature]
    table = on_spark(spark, one_log().iloc[:0] if rows == "none" else one_log())
    expected = function(one_log(), as_of=AS_OF).iloc[:0]
    assert_same(function(table, as_of=START - 40 * DAY), expected, key=key)
    if rows == "none":
        with pytest.raises(TableError, match="has no rows"):
            features.check(table)


def test_journeys_refuse_a_plan(spark: Any) -> None:
    people = on_spark(spark, pd.DataFrame({"customer_id": [1, 2], "orders": [0, 3], "recency_days": [3, 9]}))
    for call in (journeys.stages, lambda table: journeys.sleep_depth(table, fixed=[1, 5, 9])):
        with pytest.raises(TableError, match="pyspark table is a plan"):
            call(people)
    with pytest.raises(TableError, match="pyspark table is a plan"):
        journeys.dimensions(on_spark(spark, one_log()), as_of=AS_OF)
