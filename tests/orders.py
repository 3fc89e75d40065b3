"""Transaction tables for tests: random small ones, and a published real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

START = pd.Timestamp("2024-01-01")


@st.composite
def order_tables(draw: st.DrawFn, *, least: int = 1) -> pd.DataFrame:
    """A transactions table of a few customers over a year or so, amounts in cents, rows in any order."""
    row = st.tuples(
        st.integers(0, 5),  # customer
        st.integers(0, 400),  # day
        st.integers(0, 86_399),  # second of the day
        st.integers(0, 200_000),  # cents
        st.integers(0, 4),  # quarters refunded
    )
    rows = draw(st.lists(row, min_size=least, max_size=40))
    customer, day, second, cents, quarters = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return pd.DataFrame(
        {
            "order_id": draw(st.permutations(range(len(rows)))),
            "customer_id": customer,
            "ts": START + pd.to_timedelta(day, unit="D") + pd.to_timedelta(second, unit="s"),
            "net": cents / 100,
            "refunded": cents // 4 * quarters / 100,
        }
    )


def online_retail(folder: Path) -> pd.DataFrame:
    """The orders of the published Online Retail log: known customers, positive quantities and prices."""
    file = folder / "online_retail.csv.gz"
    if not file.exists():
        pytest.skip(f"{file.name} is not in the folder of published data sets")
    lines = pd.read_csv(file, usecols=["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
    lines = lines[lines["CustomerID"].notna() & (lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
    lines = lines.assign(net=lines["Quantity"] * lines["UnitPrice"])
    orders = lines.groupby(["InvoiceNo", "CustomerID"], as_index=False).agg(
        ts=("InvoiceDate", "min"), net=("net", "sum")
    )
    orders["ts"] = pd.to_datetime(orders["ts"])
    return orders.rename(columns={"InvoiceNo": "order_id", "CustomerID": "customer_id"})


def cdnow(folder: Path) -> pd.DataFrame:
    """The purchases of the published CDNOW sample: customers by their number in the master file, days, dollars."""
    file = folder / "cdnow_sample.txt"
    if not file.exists():
        pytest.skip(f"{file.name} is not in the folder of published data sets")
    names = ["customer_id", "sample_id", "ts", "items", "net"]
    rows = pd.read_csv(file, sep=r"\s+", header=None, names=names, dtype={"ts": str})
    return rows.assign(ts=pd.to_datetime(rows["ts"], format="%Y%m%d"))[["customer_id", "ts", "net"]]
