"""Seconds for the leakage audit of many customers, and for a rolling evaluation that is interrupted and goes on.

Usage: python benchmarks/churn.py [million customers, default 1] [columns, default 60]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crmlab import churn


def customers_of(count: int, columns: int) -> tuple[pd.DataFrame, pd.Series, dict[str, str]]:
    """Return a table of numbers, texts, dates and missing values, who left, and two columns that leak, by kind."""
    generator = np.random.default_rng(0)
    risk = generator.normal(size=count)
    left = pd.Series(generator.random(count) < 1 / (1 + np.exp(2 - risk)))
    table: dict[str, object] = {}
    for number in range(columns - 3):
        kind = number % 4
        if kind == 0:
            table[f"amount_{number}"] = generator.gamma(1, 40, count).round(2) + 5 * risk.clip(0)
        elif kind == 1:
            table[f"count_{number}"] = generator.poisson(3, count)
        elif kind == 2:
            table[f"group_{number}"] = np.array(["north", "south", "east", "west"])[generator.integers(0, 4, count)]
        else:
            values = generator.normal(size=count) + 0.2 * risk
            table[f"score_{number}"] = np.where(generator.random(count) < 0.2, np.nan, values)
    days = generator.integers(0, 700, count).astype("timedelta64[D]")
    table["joined"] = np.datetime64("2023-01-01", "s") + days
    table["cancel_page_views"] = left * generator.poisson(3, count)
    table["row_number"] = np.arange(count)
    return pd.DataFrame(table), left, {"cancel_page_views": "leak", "row_number": "id"}


def main() -> None:
    """Time both and print a table."""
    arguments = [float(argument) for argument in sys.argv[1:]] + [1, 60][len(sys.argv) - 1 :]
    count, columns = int(arguments[0] * 1e6), int(arguments[1])
    X, left, leaks = customers_of(count, columns)
    used = X.memory_usage(deep=True).sum() / 1e6
    start, cpu = time.perf_counter(), time.process_time()
    audit = churn.audit_leakage(X, left)
    wall, worked = time.perf_counter() - start, time.process_time() - cpu
    print(f"{count:,} customers × {len(X.columns)} columns, {used:,.0f} MB")
    print("| | wall s | CPU s |\n|---|---|---|")
    print(f"| churn.audit_leakage | {wall:.1f} | {worked:.1f} |")
    assert audit.loc[list(leaks), "suspect"].all(), audit.loc[list(leaks)]
    rolling(X.select_dtypes("number").drop(columns=list(leaks)).fillna(0.0), left)
    print(f"\npeak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def rolling(X: pd.DataFrame, left: pd.Series, stop_after: int = 3) -> None:
    """Interrupt a rolling evaluation after some origins, go on, and compare with one that was left alone."""
    days = pd.date_range("2024-01-31", periods=6, freq="ME")
    cut_offs = pd.Series(days[np.arange(len(X)) % 6])
    origins = churn.RollingOrigins(cut_offs, horizon=28)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    seen: list[float] = []

    def interrupted(text: str, share: float) -> None:
        if len(seen) == stop_after:
            raise KeyboardInterrupt
        seen.append(share)

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        try:
            churn.rolling_evaluation(model, X, left, origins=origins, folder=folder, progress=interrupted)
        except KeyboardInterrupt:
            first = time.perf_counter() - start
        start = time.perf_counter()
        rest = churn.rolling_evaluation(
            model, X, left, origins=origins, folder=folder, progress=lambda text, share: None
        )
        second = time.perf_counter() - start
    start = time.perf_counter()
    whole = churn.rolling_evaluation(model, X, left, origins=origins, progress=lambda text, share: None)
    print(f"| rolling evaluation, {len(whole)} origins, interrupted after {stop_after} | {first:.1f} | |")
    print(f"| the rest of it | {second:.1f} | |")
    print(f"| without interruption | {time.perf_counter() - start:.1f} | |")
    pd.testing.assert_frame_equal(rest, whole)


if __name__ == "__main__":
    main()
