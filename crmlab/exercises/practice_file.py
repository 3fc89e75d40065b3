"""An order export as shops really have them, made from a simulated shop, so that what is wrong with it is known.

The dirt is planted on purpose and written down row by row. Each kind is one that published order logs have: the UCI
"Online Retail" log (Chen, Sain & Guo 2012, Journal of Database Marketing 19(3)) has rows without customer, C-numbers
for cancellations, an order of tens of thousands of units cancelled within minutes, returns of goods bought before the
file begins, equal rows and free goods. How much there is of each is chosen here, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HEADER = ("订单号", "客户编号", "下单时间", "商品编号", "数量", "单价")
"""Columns of the file: order, customer, time, product, units, price of one unit."""

ENCODING = "gb18030"

KINDS: dict[str, tuple[str, str]] = {
    "sale": ("sale", "an ordinary sale"),
    "guest": ("no customer", "bought without an account"),
    "scanned": ("sale", "two equal units of one order, one row each"),
    "cancelled": ("cancellation", "a whole order taken back, C before its number"),
    "giant": ("sale", "a slip of the keyboard, cancelled within minutes"),
    "returned": ("return", "goods sent back, units below zero"),
    "before": ("return", "sent back, but bought before the file begins"),
    "sample": ("worth nothing", "free goods"),
    "month_first": ("sale", "month before day, from another till"),
    "wrong_year": ("date in the future", "2125 for 2025"),
    "no_such_day": ("date cannot be read", "30 February"),
}
"""Kind of row → the reason under which the account of `crmlab.read_transactions` must list it, and what it is."""

# Shares of all orders, and counts. Large enough to matter, small enough to be overlooked.
_GUESTS, _CANCELLED, _MONTH_FIRST, _SAMPLES, _SCANNED = 0.05, 0.015, 0.03, 0.02, 0.1
_WRONG_YEAR, _NO_SUCH_DAY, _BEFORE, _SAMPLE_ONLY = 3, 4, 12, 40
_GIANT = 2  # times what the largest customer spent
_PAGE = 300
_NEW_TILL = pd.Timestamp("2025-07-01")


@dataclass(frozen=True)
class PracticeExport:
    """A messy export and the truth about it.

    Attributes
    ----------
    table : DataFrame
        The rows as they stand in the file, all text, columns `HEADER`.
    truth : DataFrame
        One row per row of the file: ``kind`` (one of `KINDS`), ``copy`` (whether the page it is on was exported a
        second time), ``ts`` (when it really was), ``money`` (€, units × price), ``misread`` (whether day and month
        change places when the date is read like the others).
    """

    table: pd.DataFrame
    truth: pd.DataFrame

    def encoded(self) -> bytes:
        """Return the file's content."""
        text = self.table.to_csv(index=False, sep=";", lineterminator="\r\n")
        return text.encode(ENCODING)

    def write(self, path: str | Path) -> Path:
        """Write the file, never over another one.

        Parameters
        ----------
        path : str or Path
            Where to; its folder is made if needed.

        Returns
        -------
        Path
            The same path.

        Raises
        ------
        FileExistsError
            If there is a file with other content.
        """
        target = Path(path)
        content = self.encoded()
        if target.exists() and target.read_bytes() == content:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as file:
            file.write(content)
        return target

    def dirt(self) -> pd.DataFrame:
        """Return how many rows of each kind there are, what they are worth, and what a careful reader makes of them.

        Returns
        -------
        DataFrame
            Indexed by kind: ``rows``, ``money`` (€), ``seen_as`` (reason in the account), ``meaning``. The second
            copies of a page are a kind of their own, ``page_twice``, and are counted only there.
        """
        kind = self.truth["kind"].astype(str).mask(self.truth["copy"], "page_twice")
        counted = self.truth.groupby(kind)["money"].agg(rows="size", money="sum")
        told = {**KINDS, "page_twice": ("as the first time", "a page of the export, written a second time")}
        there = [name for name in told if name in counted.index]
        words = pd.DataFrame([told[name] for name in there], columns=["seen_as", "meaning"], index=there)
        return counted.loc[there].round(2).join(words).rename_axis("kind")


def practice_export(run: Any, *, seed: int) -> PracticeExport:
    """Return the orders of a run as a messy export.

    Parameters
    ----------
    run : Run
        The simulated shop.
    seed : int
        Decides which rows get dirty.

    Returns
    -------
    PracticeExport
    """
    rng = np.random.default_rng([seed, 16])
    orders = run.transactions
    kinds = _kinds_of_orders(orders, rng)
    lines = run.order_lines.merge(orders[["order_id", "customer_id", "ts", "return_date"]], on="order_id")
    lines["price"] = (lines["unit_price"] - lines["discount"] / lines["quantity"]).round(2)
    lines["kind"] = lines["order_id"].map(kinds)
    lines = lines[["order_id", "customer_id", "ts", "product_id", "quantity", "price", "kind", "return_date", "line"]]
    parts = [
        _scanned(lines, rng),
        _taken_back(lines),
        _giant(lines, rng),
        _before(orders, lines, rng),
        _samples(lines, orders, rng),
    ]
    rows = pd.concat(parts, ignore_index=True).sort_values(["ts", "order"], kind="stable", ignore_index=True)
    first = int(rng.integers(len(rows) // 4, len(rows) // 2))
    page = rows.iloc[first : first + _PAGE]
    before, after = rows.iloc[: first + _PAGE], rows.iloc[first + _PAGE :]
    rows = pd.concat([before.assign(copy=False), page.assign(copy=True), after.assign(copy=False)], ignore_index=True)
    return PracticeExport(_as_text(rows), _truth(rows))


def _kinds_of_orders(orders: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Give every order at most one kind of dirt; those that customers sent back stay ordinary sales."""
    kinds = pd.Series("sale", index=orders["order_id"])
    free = rng.permutation(np.flatnonzero(~orders["returned"].to_numpy()))
    # Another till that writes the month first was in use before the new one came.
    early = orders["ts"].to_numpy()[free] < _NEW_TILL.to_numpy()
    month_first = free[early][: round(_MONTH_FIRST * len(orders))]
    free = free[~np.isin(free, month_first)]
    kinds.iloc[month_first] = "month_first"
    begin = 0
    counts = {
        "guest": round(_GUESTS * len(orders)),
        "cancelled": round(_CANCELLED * len(orders)),
        "wrong_year": _WRONG_YEAR,
        "no_such_day": _NO_SUCH_DAY,
    }
    for kind, count in counts.items():
        kinds.iloc[free[begin : begin + count]] = kind
        begin += count
    return kinds


def _row(frame: pd.DataFrame, **changes: Any) -> pd.DataFrame:
    """Return rows of the export from rows that have at least order, customer, ts, product, units, price, kind."""
    columns = {"order_id": "order", "customer_id": "customer", "product_id": "product", "quantity": "units"}
    table = frame.rename(columns=columns).assign(**changes)
    for name in ("order", "product"):
        table[name] = table[name].astype(str)
    table["customer"] = table["customer"].astype(str)
    return table[["order", "customer", "ts", "product", "units", "price", "kind"]]


def _scanned(lines: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the sale rows; some lines of two units are written as two equal rows of one unit."""
    # Not where something is taken back, so that each row taken back has one sale of its own.
    pairs = (lines["quantity"] == 2) & (lines["kind"] == "sale") & lines["return_date"].isna()
    chosen = pairs & (rng.random(len(lines)) < _SCANNED)
    lines = lines.assign(kind=lines["kind"].replace("cancelled", "sale"))
    single = lines[chosen].assign(quantity=1, kind="scanned")
    sales = pd.concat([lines[~chosen], single, single]).sort_values(["ts", "order_id", "line"], kind="stable")
    rows = _row(sales)
    return rows.assign(customer=rows["customer"].mask(rows["kind"] == "guest", ""))


def _taken_back(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of cancelled orders, some hours later, and of the first line of returned orders."""
    cancelled = lines[lines["kind"] == "cancelled"]
    cancelled = _row(
        cancelled,
        order="C" + cancelled["order_id"].astype(str),
        units=-cancelled["quantity"],
        ts=cancelled["ts"] + pd.Timedelta(hours=5),
    )
    returned = lines[lines["return_date"].notna() & (lines["line"] == 1)]
    back = returned["return_date"].astype("datetime64[s]") + pd.Timedelta(hours=23)
    return pd.concat([cancelled, _row(returned, units=-returned["quantity"], ts=back, kind="returned")])


def _giant(lines: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return an order of many units and its cancellation twelve minutes later, of a customer in the middle.

    It is large enough to make that customer the best of all, as long as nobody takes it off.
    """
    sales = lines[(lines["kind"] == "sale") & (lines["ts"] >= _NEW_TILL)]
    spent = (sales["quantity"] * sales["price"]).groupby(sales["customer_id"]).sum().sort_values(kind="stable")
    customer = spent.index[len(spent) // 2 + int(rng.integers(-20, 20))]
    line = sales[sales["customer_id"] == customer].nlargest(1, "price")
    largest = (lines["quantity"] * lines["price"]).groupby(lines["customer_id"]).sum().max()
    units = int(-(-_GIANT * largest // (100 * line["price"].iloc[0]))) * 100
    number = str(int(lines["order_id"].max()) + 1)
    later = line["ts"] + pd.Timedelta(minutes=1)
    order = _row(line, order=number, units=units, ts=later, kind="giant")
    undone = order.assign(order=f"C{number}", units=-units, ts=later + pd.Timedelta(minutes=12), kind="cancelled")
    return pd.concat([order, undone])


def _before(orders: pd.DataFrame, lines: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return goods sent back in the first weeks whose sale is older than the file; the product is sold no more."""
    early = orders[orders["ts"] < orders["ts"].min() + pd.Timedelta(days=30)]
    chosen = early.iloc[rng.choice(len(early), _BEFORE, replace=False)]
    return _row(
        chosen.assign(product_id=int(lines["product_id"].max()) + 1, price=19.95, kind="before"),
        order=[str(9_000 + place) for place in range(_BEFORE)],  # below all numbers of this file
        units=-1,
        ts=chosen["ts"] + pd.Timedelta(hours=1),
    )


def _samples(lines: pd.DataFrame, orders: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return free goods: some added to orders, some sent to people who have never bought anything."""
    sample = {"product": str(int(lines["product_id"].max()) + 2), "units": 1, "price": 0.0, "kind": "sample"}
    sold = orders[orders["order_id"].isin(lines.loc[lines["kind"] == "sale", "order_id"])]
    added = sold.iloc[np.flatnonzero(rng.random(len(sold)) < _SAMPLES)]
    sent = orders.iloc[rng.choice(len(orders), _SAMPLE_ONLY, replace=False)]
    new = np.arange(1, _SAMPLE_ONLY + 1)
    sent = sent.assign(
        customer_id=int(orders["customer_id"].max()) + new, order_id=int(orders["order_id"].max()) + 1 + new
    )
    both = pd.concat([added, sent]).assign(product_id=0, quantity=1, price=0.0, kind="sample")
    return _row(both, **sample)


def _misread(rows: pd.DataFrame) -> pd.Series:
    """Tell where day and month can change places: the month stands first and the day could be a month."""
    day = rows["ts"].dt.day
    return (rows["kind"] == "month_first") & (day <= 12) & (day != rows["ts"].dt.month)


def _truth(rows: pd.DataFrame) -> pd.DataFrame:
    money = (rows["units"] * rows["price"]).round(2)
    return pd.DataFrame(
        {
            "kind": pd.Categorical(rows["kind"], categories=list(KINDS)),
            "copy": rows["copy"].astype(bool),
            "ts": rows["ts"],
            "money": money.astype(float),
            "misread": _misread(rows),
        }
    )


def _as_text(rows: pd.DataFrame) -> pd.DataFrame:
    ts = rows["ts"].dt
    when = ts.strftime("%d/%m/%Y %H:%M")
    when = when.mask(rows["ts"] >= _NEW_TILL, ts.strftime("%Y-%m-%d %H:%M:%S"))
    when = when.mask(rows["kind"] == "month_first", ts.strftime("%m/%d/%Y %H:%M"))
    when = when.mask(rows["kind"] == "wrong_year", ts.strftime("%d/%m/2125 %H:%M"))
    when = when.mask(rows["kind"] == "no_such_day", ts.strftime("30/02/%Y %H:%M"))
    price = [f"{value:.2f}".replace(".", ",") for value in rows["price"]]
    columns = (rows["order"], rows["customer"], when, rows["product"], rows["units"].astype(str), pd.Series(price))
    return pd.DataFrame(dict(zip(HEADER, columns, strict=True)))
