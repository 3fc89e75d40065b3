"""Seconds of every feature on each engine, beside that engine's own best query and the summaries of peers.

Usage: python benchmarks/engines.py [million orders …, default 1 10] [--engines polars,duckdb,pyspark,pandas]
           [--features rfm,mix] [--peers PYTHON] [--no-peers] [--rounds 3]

Each engine has a process of its own. Polars, DuckDB and Spark read the orders from Parquet each time, pandas and the
peers have them in memory. Both sides are timed in turn, and the best of the rounds counts; before that, their answers
are compared, to 1e-9. *own* is the query of ``own_queries``, written for this engine alone. Spark is needed for its row
and Java for Spark. ``--peers``, or the environment variable ``CRMLAB_PEERS``, names an interpreter that can import
``lifetimes`` and ``pymc_marketing``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from own_queries import AS_OF, HORIZON, LABEL_FROM, SPEND_DAYS, STORES, TREND_DAYS, WINDOWS, polars_queries, sql_queries

from crmlab import features

ORDERS_PER_CUSTOMER = 18
DAYS = 3 * 365
BLOCK = 5_000_000
"""Orders written at a time."""

# Refunds are left out and every row is an order, so that both sides do the same.
COLUMNS = {"order_id": None}
FEATURES: dict[str, Callable[..., Any]] = {
    "rfm": lambda t: features.rfm(t, as_of=AS_OF, columns=COLUMNS),
    "repeat_summary": lambda t: features.repeat_summary(t, as_of=AS_OF, columns=COLUMNS),
    "spend_windows": lambda t: features.spend_windows(t, as_of=AS_OF, days=SPEND_DAYS, columns=COLUMNS),
    "activity": lambda t: features.activity(t, as_of=AS_OF, windows=WINDOWS, trend_days=TREND_DAYS, columns=COLUMNS),
    "rhythm": lambda t: features.rhythm(t, as_of=AS_OF, columns=COLUMNS),
    "mix": lambda t: features.mix(t, by="store", values=STORES[:2], as_of=AS_OF, columns=COLUMNS),
    "order_gaps": lambda t: features.order_gaps(t, as_of=AS_OF, columns=COLUMNS),
    "labels": lambda t: features.label_windows(t, as_of=LABEL_FROM, horizon=HORIZON, columns=COLUMNS).labels,
    "monthly_revenue": lambda t: features.monthly_revenue(t, as_of=AS_OF, columns=COLUMNS),
    "cohort_retention": lambda t: features.cohort_retention(t, as_of=AS_OF, columns=COLUMNS),
}

PEERS = {
    "lifetimes": (
        "from lifetimes.utils import summary_data_from_transaction_data as summary",
        "summary(orders, 'customer_id', 'ts', monetary_value_col='net', observation_period_end=end)",
    ),
    "pymc_marketing": (
        "from pymc_marketing.clv.utils import rfm_summary as summary",
        "summary(orders, 'customer_id', 'ts', monetary_value_col='net', observation_period_end=end)",
    ),
}


class Side(NamedTuple):
    """An engine, ready to answer."""

    ours: Callable[[str], Any]
    own: Callable[[str], Any] | None
    answer: Callable[[Any], pd.DataFrame]
    run: Callable[[Any], Any]


def write_orders(folder: Path, count: int) -> Path:
    """Write random orders of three years, in the order of time, to a file of Parquet."""
    generator = np.random.default_rng(0)
    # Some customers buy often and most seldom: gamma-distributed rates, as in models of buying.
    weights = generator.gamma(0.8, size=max(count // ORDERS_PER_CUSTOMER, 1))
    ids = np.cumsum(weights / weights.sum())
    start = np.datetime64(AS_OF, "us") - np.timedelta64(DAYS - 1, "D")
    file, blocks = folder / f"orders_{count}.parquet", max(1, -(-count // BLOCK))
    with pq.ParquetWriter(file, _schema(), compression="zstd") as writer:
        for block in range(blocks):
            rows = min(BLOCK, count - block * BLOCK)
            part = np.sort(generator.random(rows)) / blocks + block / blocks
            second = (part * DAYS * 86_400).astype("int64")
            table = {
                "customer_id": np.searchsorted(ids, generator.random(rows)).clip(max=len(ids) - 1),
                "ts": start + second * np.timedelta64(1, "s"),
                "net": generator.gamma(0.7, 60, rows).round(2),
                "store": pa.array(np.take(STORES, generator.integers(0, 3, rows))),
            }
            writer.write_table(pa.table(table, schema=_schema()))
    return file


def _schema() -> pa.Schema:
    types = {"customer_id": pa.int64(), "ts": pa.timestamp("us"), "net": pa.float64(), "store": pa.string()}
    return pa.schema(list(types.items()))


def polars_side(file: Path) -> Side:
    """Return Polars, lazy, with its streaming engine."""
    import polars as pl

    def run(plan: pl.LazyFrame) -> pl.DataFrame:
        return plan.collect(engine="streaming")

    return Side(
        lambda name: FEATURES[name](pl.scan_parquet(file)),
        lambda name: polars_queries.QUERIES[name](pl.scan_parquet(file)),
        lambda plan: run(plan).to_pandas(),
        run,
    )


def duckdb_side(file: Path) -> Side:
    """Return DuckDB on its default connection."""
    import duckdb

    duckdb.sql(f"CREATE VIEW orders AS SELECT * FROM read_parquet('{file}')")
    own = sql_queries.queries("duckdb")
    return Side(
        lambda name: FEATURES[name](duckdb.read_parquet(str(file))),
        lambda name: duckdb.sql(own[name]),
        lambda relation: relation.df(),
        lambda relation: relation.to_arrow_table(),
    )


def pyspark_side(file: Path) -> Side:
    """Return Spark with two threads; answers are computed and thrown away, as its own benchmarks do."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "8g")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    session.read.parquet(str(file)).createOrReplaceTempView("orders")
    own = sql_queries.queries("spark")
    return Side(
        lambda name: FEATURES[name](session.read.parquet(str(file))),
        lambda name: session.sql(own[name]),
        lambda frame: frame.toPandas(),
        lambda frame: frame.write.format("noop").mode("overwrite").save(),
    )


def pandas_side(file: Path) -> Side:
    """Return pandas with the orders in memory."""
    orders = pd.read_parquet(file)
    return Side(lambda name: lambda: FEATURES[name](orders), None, lambda work: work(), lambda work: work())


SIDES = {"polars": polars_side, "duckdb": duckdb_side, "pyspark": pyspark_side, "pandas": pandas_side}


def seconds(side: Side, plan: Callable[[str], Any], name: str) -> float:
    """Return the wall seconds of one answer, building of the query included."""
    start = time.perf_counter()
    side.run(plan(name))
    return time.perf_counter() - start


def assert_same(name: str, ours: pd.DataFrame, own: pd.DataFrame) -> None:
    """Raise where two answers differ by more than 1e-9, order of rows and types of columns apart."""
    if name == "cohort_retention":  # ours has zeros too
        ours = ours[ours["active"] > 0]
    keys = [each for each in ("customer_id", "next_order", "month_start", "cohort", "month_number") if each in ours]
    first, second = (table.sort_values(keys, ignore_index=True) for table in (ours, own[list(ours.columns)]))
    for column in first:
        left, right = first[column], second[column]
        if left.dtype == object or left.dtype.kind == "M":
            left, right = (pd.to_datetime(each).dt.as_unit("us") for each in (left, right))
            np.testing.assert_array_equal(left, right, err_msg=f"{name}.{column}")
        else:
            left, right = (each.to_numpy("float64") for each in (left, right))
            np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-7, err_msg=f"{name}.{column}")


def measure(engine: str, file: Path, names: list[str], rounds: int, *, compare: bool) -> None:
    """Print one line of JSON per feature: seconds of ours and of the engine's own query, and the peak of memory."""
    side = SIDES[engine](file)
    for name in names:
        if side.own and compare:
            assert_same(name, side.answer(side.ours(name)), side.answer(side.own(name)))
        times: dict[str, list[float]] = {"ours": [], "own": []}
        for turn in range(rounds):
            plans = [("ours", side.ours), *([("own", side.own)] if side.own else [])]
            for label, plan in plans if turn % 2 == 0 else plans[::-1]:
                times[label].append(seconds(side, plan, name))
        best = {label: min(each) for label, each in times.items() if each}
        print(json.dumps({"feature": name, **best, "peak_mb": peak_megabytes()}), flush=True)


def peak_megabytes() -> float:
    """Return the most memory that this process has held, where Linux tells it."""
    try:
        with open("/proc/self/status") as status:
            return next(int(row.split()[1]) / 1024 for row in status if row.startswith("VmHWM"))
    except OSError:
        return float("nan")


def of_engine(engine: str, file: Path, names: str, rounds: int, *, compare: bool) -> dict[str, dict[str, float]]:
    """Return what one engine's process measured; empty where the engine is not there."""
    command = [sys.executable, __file__, "--measure", engine, "--file", str(file), "--rounds", str(rounds)]
    command += ["--features", names]
    done = subprocess.run([*command, *(["--compare"] if compare else [])], capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        print(f"{engine}: {done.stderr.strip().splitlines()[-1][:300]}", file=sys.stderr)
    return {row.pop("feature"): row for row in rows}


def of_peer(peer: str, python: str, file: Path) -> float | None:
    """Return the seconds of a peer's summary, the orders being in memory; None where it is not there."""
    load, call = PEERS[peer]
    code = f"""
import time, warnings; warnings.filterwarnings("ignore")
import pandas as pd
{load}
orders, end = pd.read_parquet({str(file)!r}), pd.Timestamp("{AS_OF}")
start = time.perf_counter(); {call}; print("seconds", time.perf_counter() - start)
"""
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if line.startswith("seconds")]
    return float(found[0].split()[1]) if found else None


def show(measured: dict[str, dict[str, dict[str, float]]], peers: dict[str, float | None]) -> None:
    """Print one row per feature: seconds of ours, and how many times those of the engine's own query that is."""
    engines = [engine for engine, rows in measured.items() if rows]
    print("| | " + " | ".join(engines) + " |")
    print("|---|" + "---|" * len(engines))
    for name in [each for each in FEATURES if any(each in rows for rows in measured.values())]:
        cells = []
        for engine in engines:
            row = measured[engine].get(name)
            own = f" ({row['ours'] / row['own']:.2f} × {row['own']:.2f})" if row and "own" in row else ""
            cells.append(f"{row['ours']:.2f}{own}" if row else "failed")
        print(f"| {name} | " + " | ".join(cells) + " |")
    peaks = {engine: max(row["peak_mb"] for row in measured[engine].values()) for engine in engines}
    print("\nPeak memory of the process, MB: " + ", ".join(f"{engine} {peaks[engine]:,.0f}" for engine in engines))
    for peer, spent in peers.items():
        if spent is None:
            print(f"{peer}: not installed")
            continue
        times = ", ".join(f"{engine} {spent / measured[engine]['repeat_summary']['ours']:.1f}" for engine in engines)
        print(f"{peer}'s summary: {spent:.2f} s; as many times as fast is repeat_summary on: {times}")
    sys.stdout.flush()


def main() -> None:
    """Print a table for each number of orders."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("millions", nargs="*", type=float, default=[1, 10])
    parser.add_argument("--engines", default=",".join(SIDES))
    parser.add_argument("--features", default=",".join(FEATURES))
    parser.add_argument("--peers", default=os.environ.get("CRMLAB_PEERS") or sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--measure", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--compare", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure, given.file, given.features.split(","), given.rounds, compare=given.compare)
        return
    with tempfile.TemporaryDirectory() as folder:
        for place, millions in enumerate(given.millions):
            file = write_orders(Path(folder), int(millions * 1e6))
            print(f"\n**{millions:g} million orders**\n", flush=True)
            measured = {
                engine: of_engine(engine, file, given.features, given.rounds, compare=place == 0)
                for engine in given.engines.split(",")
            }
            peers = {} if given.no_peers else {peer: of_peer(peer, given.peers, file) for peer in PEERS}
            show(measured, peers)


if __name__ == "__main__":
    main()
