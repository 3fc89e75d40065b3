"""Every feature on PySpark gives what it gives on pandas; skipped, with the reason, without PySpark or Java."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from crmlab import TableError, features
from tests.features.engines import assert_same
from tests.features.test_parity import FEATURES, one_log
from tests.orders import START, cdnow

sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: pip install -r validation/requirements.txt")
DAY = pd.Timedelta(days=1)


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
    rows = [
        tuple(cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell for cell in row)
        for row in table.astype(object).itertuples(index=False)
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


def test_bad_values_are_found(spark: Any) -> None:
    table = on_spark(spark, one_log().assign(net=lambda t: t["net"].where(t.index > 0, -1.0)))
    with pytest.raises(TableError, match=r"1 of 40 rows .* negative net"):
        features.check(table)
