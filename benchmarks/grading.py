"""Seconds for grading many customers; the features themselves are measured by ``benchmarks/engines.py``.

Usage: python benchmarks/grading.py [million orders, default 5] [million customers, default 1]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from crmlab import features, grading


def orders_of(orders: int, customers: int) -> pd.DataFrame:
    """Return random orders of three years in the order of time, ids as integers."""
    generator = np.random.default_rng(0)
    day = np.sort(generator.integers(0, 3 * 365 * 86_400, orders))
    net = generator.gamma(0.7, 60, orders).round(2)
    return pd.DataFrame(
        {
            "order_id": np.arange(orders),
            "customer_id": generator.integers(0, customers, orders),
            "ts": np.datetime64("2023-01-01", "us") + day * np.timedelta64(1, "s"),
            "net": net,
            "refunded": np.where(generator.random(orders) < 0.05, net, 0.0),
        }
    )


def main() -> None:
    """Time each function once and print a table."""
    millions = [float(argument) for argument in sys.argv[1:]] + [5, 1][len(sys.argv) - 1 :]
    orders = orders_of(int(millions[0] * 1e6), int(millions[1] * 1e6))
    last = orders["ts"].max()
    rfm, gaps = features.rfm(orders), features.order_gaps(orders)
    windows = features.spend_windows(orders, as_of=last, days=180)
    customers = rfm.merge(windows, on="customer_id")
    rows: dict[str, Callable[[], object]] = {
        "grading.abc": lambda: grading.abc(rfm["monetary"]),
        "grading.rfm_scores": lambda: grading.rfm_scores(rfm),
        "grading.zones": lambda: grading.zones(customers, frozen_after=365),
        "grading.concentration, 100 resamples": lambda: grading.concentration(rfm["monetary"], resamples=100),
        "grading.next_best_call": lambda: grading.next_best_call(rfm, gaps, frozen_after=365),
    }
    print(f"{len(orders):,} orders, {len(rfm):,} customers, pandas {pd.__version__}")
    for name, run in rows.items():
        start = time.perf_counter()
        run()
        print(f"{name:38} {time.perf_counter() - start:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
