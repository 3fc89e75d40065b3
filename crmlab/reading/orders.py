"""From sorted rows to the orders they make up, less what was paid back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.reading.collect import Coded
from crmlab.reading.returns import match_returns
from crmlab.reading.sorting import TAKEN_OFF, Rows


def refunds_of(rows: Rows, paid_back: np.ndarray, ignore: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per row what was refunded, when, and for rows that take back how much found its sale."""
    n = len(rows.amount)
    refunded, matched = np.zeros(n), np.zeros(n)
    when = np.full(n, np.datetime64("NaT", "s"), dtype="datetime64[s]")
    if ignore:
        return refunded, when, matched
    sales = np.flatnonzero(rows.reason == "")
    back = np.flatnonzero(np.isin(rows.reason, TAKEN_OFF) & (rows.amount < 0))
    refunded[sales] = matched[sales] = np.minimum(paid_back[sales], rows.amount[sales])
    span = max(int(rows.product.max()), int(rows.order.max()), 0) + 2

    def match(r: np.ndarray, other: np.ndarray | None, by_units: bool) -> None:
        if not len(r):
            return
        key = rows.customer * span + (other if other is not None else 0)
        left, wanted = rows.amount[sales] - refunded[sales], -rows.amount[r] - matched[r]
        given, times, found = match_returns(
            key[sales],
            rows.ts[sales],
            rows.units[sales] if by_units else left,
            left,
            key[r],
            rows.ts[r],
            np.abs(rows.units[r]) if by_units else wanted,
            wanted,
        )
        refunded[sales] += given
        matched[r] += found
        when[sales] = np.where(given > 0, times, when[sales])

    has_product = rows.product[back] >= 0
    match(back[has_product & (rows.reason[back] != "negative price")], rows.product, by_units=True)
    # A discount line or correction belongs to the order that carries its number.
    unplaced = back[(-rows.amount[back] - matched[back] > 1e-9) & (rows.order[back] >= 0)]
    match(unplaced[np.isin(rows.order[unplaced], rows.order[sales])], rows.order, by_units=False)
    if (rows.product < 0).all():
        match(back[-rows.amount[back] - matched[back] > 1e-9], None, by_units=False)
    return refunded, when, matched


def order_tables(
    rows: Rows,
    customers: Coded,
    orders: Coded,
    products: Coded,
    refunded: np.ndarray,
    refund_time: np.ndarray,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sale lines, and the orders they make up."""
    sales = np.flatnonzero(rows.reason == "")
    day = rows.ts[sales].astype("datetime64[D]").astype(np.int64)
    customer, order = rows.customer[sales].astype(np.int64), rows.order[sales].astype(np.int64)
    span = max(len(orders.labels), int(day.max()) + 1) + 1
    # An order is a customer's order number; without a number, what the customer bought on one day.
    key = np.where(order >= 0, (customer * 2) * span + order, (customer * 2 + 1) * span + day)
    codes, keys = pd.factorize(key)
    first = pd.Series(np.arange(len(sales))).groupby(codes).first().to_numpy()
    labels = _order_labels(order[first], customer[first], day[first], customers, orders)
    money, given = rows.amount[sales], refunded[sales]
    units = rows.units[sales]
    count = len(keys)
    by_order = pd.DataFrame({"ts": rows.ts[sales], "back": refund_time[sales]}).groupby(codes)
    transactions = pd.DataFrame(
        {
            "order_id": labels,
            "customer_id": customers.labels[customer[first]],
            "ts": by_order["ts"].min().to_numpy(),
            "items": np.bincount(codes, weights=units, minlength=count),
            "net": np.bincount(codes, weights=money, minlength=count),
            "returned": np.bincount(codes, weights=given > 0, minlength=count) > 0,
            "return_date": by_order["back"].max().to_numpy().astype("datetime64[s]"),
            "refunded": np.minimum(
                np.bincount(codes, weights=given, minlength=count), np.bincount(codes, weights=money, minlength=count)
            ),
        }
    )
    transactions["return_date"] = transactions["return_date"].dt.normalize()
    if (transactions["items"] % 1 == 0).all():
        transactions["items"] = transactions["items"].astype("int64")
    transactions = transactions.sort_values(["ts", "order_id"], kind="stable", ignore_index=True)
    lines = pd.DataFrame(
        {
            "order_id": pd.Categorical.from_codes(codes, categories=pd.Index(labels)),
            "customer_id": pd.Categorical.from_codes(customer, categories=pd.Index(customers.labels)),
            "ts": rows.ts[sales],
        }
    )
    if len(products.labels):
        lines["product_id"] = pd.Categorical.from_codes(rows.product[sales], categories=pd.Index(products.labels))
    lines["quantity"], lines["net"], lines["refunded"] = units, money, given
    return lines, transactions


def _order_labels(
    order: np.ndarray, customer: np.ndarray, day: np.ndarray, customers: Coded, orders: Coded
) -> np.ndarray:
    """Return one distinct label per order: its number, with the customer where several customers share a number."""
    dates = day.astype("datetime64[D]").astype(str)
    shared = pd.Series(order).duplicated(keep=False).to_numpy() & (order >= 0)
    numbers = np.append(orders.labels, "")[order]
    return np.array(
        [
            f"{customers.labels[c]} {date}" if o < 0 else f"{number} ({customers.labels[c]})" if both else number
            for o, c, date, number, both in zip(order, customer, dates, numbers, shared, strict=True)
        ],
        dtype=object,
    )
