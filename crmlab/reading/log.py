"""A transaction log as any shop exports it, read into one table of orders with nothing dropped in silence."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crmlab.reading.collect import Coded, collect, dates_of, fill_within_orders, labels_of, numbers_of
from crmlab.reading.columns import ColumnMapping, find_columns
from crmlab.reading.dates import Dates
from crmlab.reading.money import money_of_rows
from crmlab.reading.orders import order_tables, refunds_of
from crmlab.reading.raw import Progress, RawTable, no_progress
from crmlab.reading.reasons import cancellation_masks, currency_masks, date_masks
from crmlab.reading.sorting import Rows, account, first_reason
from crmlab.reading.streams import ByteSource, check_path, kind_of
from crmlab.reading.text import open_text
from crmlab.reading.typed import open_excel, open_frame, open_parquet
from crmlab.reading.words import option, status_meaning
from crmlab.tables import TableError


@dataclass
class TransactionLog:
    """A transaction log that has been read, and the account of how.

    Attributes
    ----------
    transactions : DataFrame
        One row per order, columns of the vocabulary: ``order_id``, ``customer_id``, ``ts``, ``items``, ``net``,
        ``returned``, ``return_date``, ``refunded``.
    lines : DataFrame
        One row per sale row of the file: ``order_id``, ``customer_id``, ``ts``, ``product_id`` (if known),
        ``quantity``, ``net``, ``refunded``.
    account : DataFrame
        Where every row of the file went, see `crmlab.reading.sorting.account`.
    mapping : ColumnMapping
        Which column of the file played which role.
    counts : dict of str to int
        ``rows_read``, ``rows_used``, ``cancelled_rows``, ``rows_without_customer``, ``duplicate_rows``.
    currency : str
        Currency sign found with the amounts, empty where none was.
    description : dict of str to str
        Kind, encoding, delimiter and so on of the file.
    notes : list of str
        Assumptions made, each with the option that changes it.
    unreadable : list of str
        The first hundred lines that did not fit the table.
    """

    transactions: pd.DataFrame
    lines: pd.DataFrame
    account: pd.DataFrame
    mapping: ColumnMapping
    counts: dict[str, int]
    currency: str
    description: dict[str, str]
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        """Say in two lines what was read."""
        first, last = self.transactions["ts"].min(), self.transactions["ts"].max()
        return (
            f"TransactionLog: {self.counts['rows_read']:,} rows read, {self.counts['rows_used']:,} used\n"
            f"{self.transactions['customer_id'].nunique():,} customers, {len(self.transactions):,} orders, "
            f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )


def read_transactions(
    source: str | Path | pd.DataFrame,
    *,
    customer: str | int | None = None,
    date: str | int | None = None,
    order: str | int | None = None,
    amount: str | int | None = None,
    quantity: str | int | None = None,
    price: str | int | None = None,
    refund: str | int | None = None,
    product: str | int | None = None,
    status: str | int | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    decimal: str | None = None,
    day_first: bool | None = None,
    currency: str | None = None,
    drop_duplicates: bool = False,
    keep_free: bool = False,
    keep_cancelled: bool = False,
    ignore_returns: bool = False,
    as_of: str | datetime.date | None = None,
    today: str | datetime.date | None = None,
    progress: Progress = no_progress,
) -> TransactionLog:
    """Read a transaction log as a shop exports it.

    Columns are found by their names in English and Chinese and by their content; whatever is found can be overruled.
    Every row is used, taken off the order it cancels, or set aside for a stated reason.

    Parameters
    ----------
    source : path or DataFrame
        Delimited text of any delimiter, encoding and compression; Excel; Parquet; or a data frame.
    customer, date, order, amount, quantity, price, refund, product, status : str or int, optional
        Column of that role: its name, or its number counted from 1. Without `order`, all that a customer bought on one
        day is one order. Without `amount`, money is `quantity` × `price`. `refund` is money paid back for the same row.
    header : bool, optional
        Whether the first row names the columns.
    delimiter, encoding, sheet : str, optional
        How to read the file where finding out fails.
    decimal : {".", ","}, optional
        Decimal sign of the numbers.
    day_first : bool, optional
        Whether 03/04/2011 is 3 April.
    currency : str, optional
        Currency sign to keep where amounts carry several, by default the commonest; or the sign to show where they
        carry none.
    drop_duplicates : bool
        Whether to set aside rows that equal an earlier row in every column. Kept by default: two equal lines in one
        order are more often two units scanned one by one than a mistake.
    keep_free : bool
        Whether rows worth nothing count as orders.
    keep_cancelled : bool
        Whether rows with a status such as "cancelled" or "unpaid" count as sales.
    ignore_returns : bool
        Whether to leave ``refunded`` at 0.
    as_of : date or str, optional
        Last day to use, included.
    today : date or str, optional
        Rows after this day are in the future; by default the day on which this runs.
    progress : callable
        Called with the stage and the share done.

    Returns
    -------
    TransactionLog

    Raises
    ------
    TableError
        In one sentence, when the source cannot be read or understood, or nothing is left to use.

    Examples
    --------
    >>> log = read_transactions(pd.DataFrame({
    ...     "Customer": ["ann", "ann", "bob"], "Date": ["2024-01-05", "2024-02-01", "2024-02-01"],
    ...     "Amount": ["€ 12,50", "€ 8,00", "€ 20,00"]}))
    >>> log.transactions[["customer_id", "net"]].to_numpy().tolist()
    [['ann', 12.5], ['ann', 8.0], ['bob', 20.0]]
    """
    name = "The data frame" if isinstance(source, pd.DataFrame) else str(source)
    table, byte_source = _open(source, header=header, delimiter=delimiter, encoding=encoding, sheet=sheet)
    progress("Looking", 0.0)
    told = {
        "customer_id": customer,
        "ts": date,
        "order_id": order,
        "amount": amount,
        "quantity": quantity,
        "unit_price": price,
        "refunded": refund,
        "product_id": product,
        "status": status,
    }
    mapping = find_columns(table.sample(), told=told, has_header=table.has_header, source=name)
    collected = collect(table, mapping.columns, byte_source, progress)
    if collected.rows == 0:
        raise TableError(f"{name} has no rows that can be read.")
    progress("Understanding", 0.0)
    notes = list(table.notes)
    columns = collected.columns
    n = collected.rows
    missing = Coded(np.full(n, -1), np.array([], dtype=object))
    customers = labels_of(columns.pop("customer_id"))
    orders = labels_of(columns.pop("order_id")) if "order_id" in columns else missing
    products = labels_of(columns.pop("product_id")) if "product_id" in columns else missing
    statuses = labels_of(columns.pop("status")) if "status" in columns else missing
    dates = dates_of(columns.pop("ts"), day_first=day_first)
    without_customer = int((customers.codes < 0).sum())
    _complete_orders(customers, statuses, dates, orders.codes, notes)
    numbers = {role: numbers_of(columns.pop(role), decimal=decimal) for role in list(columns)}
    notes += dates.notes + [note for found in numbers.values() for note in found.notes]
    paid_back = np.nan_to_num(numbers.pop("refunded").values) if "refunded" in numbers else np.zeros(n)
    values = {role: found.values for role, found in numbers.items()}
    if not len(orders.labels):
        other = option("order=…", "--order")
        notes.append(f"No order number was found: what a customer bought on one day is one order; {other} names one.")
    money, sentence = money_of_rows(
        values.get("amount"), values.get("quantity"), values.get("unit_price"), orders.codes
    )
    notes.append(f"Money is {sentence}.")
    if "quantity" in values:
        # Some systems write a return with minus signs on quantity and price, or on the quantity alone.
        money = np.where(values["quantity"] < 0, -np.abs(money), money)
    money_columns = [numbers[role] for role in ("amount", "unit_price") if role in numbers]
    masks, sign = currency_masks(money_columns, currency, notes, n)
    masks |= date_masks(dates.values, dates.blank, as_of=as_of, today=today)
    units = values.get("quantity", np.where(money < 0, -1.0, 1.0))
    blank = np.any([found.blank for found in numbers.values()], axis=0) & np.isnan(money)
    masks |= {
        "header repeated": collected.header_again,
        "no customer": customers.codes < 0,
        "no amount": blank,
        "amount cannot be read": np.isnan(money) & ~blank,
        "worth nothing": (money == 0) & (not keep_free),
    }
    masks |= cancellation_masks(orders, statuses, money, units, keep_cancelled, notes)
    if drop_duplicates:
        masks["copy of an earlier row"] = collected.duplicate
    masks = {reason: mask for reason, mask in masks.items() if mask.any()}
    reason = first_reason(n, masks)
    rows = Rows(customers.codes, orders.codes, products.codes, dates.values, money, units, reason)
    if not (reason == "").any():
        counted = pd.Series(reason).value_counts()
        raise TableError(f"{name}: no sale is left, for {int(counted.iloc[0]):,} of {n:,} rows: {counted.index[0]}.")
    progress("Matching returns", 0.0)
    sold_back = np.zeros(n, dtype=bool)
    if len(statuses.labels) and not keep_cancelled:
        sold_back = np.append(status_meaning(statuses.labels) == "returned", False)[statuses.codes]
    # Shops write what they paid back with or without a minus sign.
    paid_back = np.where(sold_back, np.inf, np.abs(paid_back))
    refunded, refund_time, matched = refunds_of(rows, paid_back, ignore_returns)
    progress("Adding up", 0.0)
    lines, transactions = order_tables(rows, customers, orders, products, refunded, refund_time)
    cancelled = masks.get("cancellation", np.zeros(n, bool)) | masks.get("cancelled or never paid", np.zeros(n, bool))
    duplicates = int(collected.duplicate.sum())
    if duplicates and not drop_duplicates:
        notes.append(
            f"{duplicates:,} rows equal an earlier row in every column and are kept; "
            f"{option('drop_duplicates=True', '--drop-duplicates')} drops them."
        )
    return TransactionLog(
        transactions=transactions,
        lines=lines,
        account=account(rows, masks, matched, table.unreadable_count),
        mapping=mapping,
        counts={
            "rows_read": n + table.unreadable_count,
            "rows_used": int((reason == "").sum()),
            "cancelled_rows": int(cancelled.sum()),
            "rows_without_customer": without_customer,
            "duplicate_rows": duplicates,
        },
        currency=sign,
        description=table.description,
        notes=notes + [note for note in table.notes if note not in notes],
        unreadable=table.unreadable,
    )


def _complete_orders(customers: Coded, statuses: Coded, dates: Dates, order: np.ndarray, notes: list[str]) -> None:
    """Let lines take customer, date and status from their order: many systems write them on its first line only."""
    customers.codes, without = fill_within_orders(customers.codes, customers.codes < 0, order)
    statuses.codes, _ = fill_within_orders(statuses.codes, statuses.codes < 0, order)
    dates.values, undated = fill_within_orders(dates.values, dates.blank, order)
    dates.blank = dates.blank & ~undated
    filled = int((without | undated).sum())
    if filled:
        notes.append(f"{filled:,} rows without a customer or date of their own took that of their order.")


def _open(source: str | Path | pd.DataFrame, **options: Any) -> tuple[RawTable, ByteSource | None]:
    if isinstance(source, pd.DataFrame):
        return open_frame(source), None
    path = check_path(source)
    kind = kind_of(path)
    if kind == "parquet":
        return open_parquet(path), None
    if kind == "excel":
        return open_excel(path, sheet=options["sheet"]), None
    return open_text(path, kind, encoding=options["encoding"], delimiter=options["delimiter"], header=options["header"])
