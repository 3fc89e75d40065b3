"""From a CSV file to one row per order: `crmlab.read_transactions` beside the shortest pandas with the same result.

The pandas version is told everything that crmlab finds out (columns, types, dates, the letter of cancellations) and
does less: no duplicates, no account of what was set aside, no matching of returns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

CRMLAB = """
import crmlab
print(len(crmlab.read_transactions(FILE).transactions))
"""
PANDAS = """
import pandas as pd
rows = pd.read_csv(FILE, dtype={"CustomerID": "string", "InvoiceNo": "string"}, parse_dates=["InvoiceDate"])
rows = rows[rows["CustomerID"].notna() & (rows["Quantity"] > 0) & (rows["UnitPrice"] > 0)]
rows["net"] = rows["Quantity"] * rows["UnitPrice"]
orders = rows.groupby(["CustomerID", "InvoiceNo"])
orders = orders.agg(ts=("InvoiceDate", "min"), items=("Quantity", "sum"), net=("net", "sum"))
print(len(orders))
"""
MEASURE = """
import resource, time
start = time.perf_counter()
{code}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
print(time.perf_counter() - start, peak)
"""


def make_log(file: Path, rows: int) -> None:
    """Write a log in the columns of Online Retail: 22 lines an order, 4 orders a customer, 2% cancelled lines."""
    random = np.random.default_rng(1)
    order = np.sort(random.integers(0, max(rows // 22, 1), rows))
    cancelled = random.random(rows) < 0.02
    customer = (order * 2654435761 % max(rows // 88, 1)).astype(str).astype(object)
    customer[random.random(rows) < 0.25] = ""
    moment = pd.Timestamp("2023-01-01") + pd.to_timedelta(order * (31_536_000 // max(rows // 22, 1) + 1), unit="s")
    pd.DataFrame(
        {
            "InvoiceNo": np.where(cancelled, "C", "") + (536365 + order).astype(str).astype(object),
            "StockCode": random.integers(10_000, 14_000, rows),
            "Description": random.choice(["WHITE LANTERN", "CREAM HANGER", "UNION FLAG BOTTLE"], rows),
            "Quantity": random.integers(1, 13, rows) * np.where(cancelled, -1, 1),
            "InvoiceDate": moment,
            "UnitPrice": random.integers(20, 2000, rows) / 100,
            "CustomerID": customer,
            "Country": "United Kingdom",
        }
    ).to_csv(file, index=False)


def measure(code: str, file: Path) -> tuple[int, float, float]:
    """Return orders found, seconds and peak gigabytes of a fresh process."""
    script = MEASURE.format(code=code.replace("FILE", repr(str(file))))
    out = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    return int(out[0]), float(out[1]), float(out[2])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[500_000, 5_000_000], help="sizes of the log")
    sizes = parser.parse_args().rows
    print(f"{'rows':>10}  {'reader':<8}{'orders':>9}{'seconds':>9}{'peak GB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            file = Path(folder) / f"{rows}.csv"
            make_log(file, rows)
            for name, code in (("crmlab", CRMLAB), ("pandas", PANDAS)):
                orders, seconds, peak = measure(code, file)
                print(f"{rows:>10,}  {name:<8}{orders:>9,}{seconds:>9.2f}{peak:>9.2f}")
            file.unlink()


if __name__ == "__main__":
    main()
