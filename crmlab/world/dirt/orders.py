"""Dirt in the table of orders."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.world.dirt.cells import NO_DAY, Sheet

FOREIGN = 7.8
"""Units of the other currency for one euro, about that of the yuan."""

# Numbers of the draws of each kind of dirt.
_ORPHANS, _LATE, _CURRENCY, _PRICES, _FORMATS, _TEST = 10, 11, 12, 13, 14, 15

_MONEY = ("gross", "discount", "net")


def add_test_orders(sheet: Sheet, testers: pd.DataFrame) -> None:
    """Add orders of the firm's own testers: a cent, or an amount that nobody spends."""
    table = sheet.table
    if not len(testers) or not len(table):
        return
    ids = np.repeat(testers["customer_id"].to_numpy(), 2)
    amount = np.tile([0.01, 9_999.0], len(testers))
    n = len(ids)
    moments = table["ts"].to_numpy()[np.linspace(0, len(table) - 1, n).astype(int)]
    rows = table.iloc[np.zeros(n, int)].reset_index(drop=True)
    rows = rows.assign(
        order_id=table["order_id"].max() + 1 + np.arange(n),
        customer_id=ids,
        ts=moments,
        items=1,
        gross=amount,
        discount=0.0,
        net=amount,
        cost=0.0,
        promo_id=pd.array([pd.NA] * n, dtype="Int64"),
        returned=False,
        return_date=NO_DAY,
        refunded=0.0,
    )
    sheet.add(rows, "test_accounts")


def add_orphan_returns(sheet: Sheet, rate: float) -> None:
    """Add returns booked as orders of a negative amount; the order that was returned is not named."""
    table = sheet.table
    rows = sheet.pick(rate, _ORPHANS)
    if not len(rows):
        return
    source = table.iloc[rows].reset_index(drop=True)
    amount = -source["net"].abs()
    booked = source["ts"] + pd.to_timedelta(7 + np.floor(sheet.chance(_ORPHANS, 1)[rows] * 14), unit="D")
    last = table["ts"].max()
    added = source.assign(
        order_id=table["order_id"].max() + 1 + np.arange(len(source)),
        ts=booked.where(booked <= last, last).astype(table["ts"].dtype),
        items=1,
        gross=amount,
        discount=0.0,
        net=amount,
        cost=0.0,
        promo_id=pd.array([pd.NA] * len(source), dtype="Int64"),
        returned=False,
        return_date=NO_DAY,
        refunded=0.0,
    )
    sheet.add(added, "orphan_returns")


def arrive_late(sheet: Sheet, rate: float) -> None:
    """Let rows come late: ten days on average. They stand behind younger ones, or are not there yet."""
    rows = sheet.pick(rate, _LATE)
    ts = sheet.table["ts"].to_numpy().astype("datetime64[s]")
    arrival = ts.copy()
    wait = np.ceil(-10 * np.log(sheet.chance(_LATE, 1)[rows])).astype("timedelta64[D]")
    arrival[rows] = ts[rows] + wait
    end = np.datetime64(ts.max(), "D") + np.timedelta64(1, "D") if len(ts) else np.datetime64("NaT", "D")
    sheet.reorder(np.argsort(arrival, kind="stable"))
    arrival.sort(kind="stable")
    sheet.drop(np.flatnonzero(arrival >= end), "late_rows")


def slip_currency(sheet: Sheet, rate: float) -> None:
    """Let some orders be entered in another currency."""
    rows = sheet.pick(rate, _CURRENCY)
    for column in _MONEY:
        values = np.round(sheet.table[column].to_numpy()[rows] * FOREIGN, 2)
        sheet.change(column, rows, values, "currency")


def spoil_prices(sheet: Sheet, rate: float) -> None:
    """Let some orders have a negative value, or none."""
    rows = sheet.pick(rate, _PRICES)
    negative = sheet.chance(_PRICES, 1)[rows] < 0.5
    for column in _MONEY:
        values = sheet.table[column].to_numpy()[rows]
        sheet.change(column, rows, np.where(negative, -values, 0.0), "bad_prices")


def change_unit(sheet: Sheet, share: float) -> None:
    """Let the cost of goods be written in cents in the last part of the time."""
    if share <= 0 or not len(sheet.table):
        return
    ts = sheet.table["ts"]
    change = ts.max() - (ts.max() - ts.min()) * share
    rows = np.flatnonzero((ts >= change).to_numpy())
    sheet.change("cost", rows, np.round(sheet.table["cost"].to_numpy()[rows] * 100), "unit_change")


def mix_formats(sheet: Sheet, rate: float) -> None:
    """Write some moments in another format, or in the time of another zone; the column becomes text."""
    rows = sheet.pick(rate, _FORMATS)
    if not len(rows):
        return
    way = np.floor(sheet.chance(_FORMATS, 1)[rows] * 4).astype(int)
    values = []
    for moment, k in zip(pd.to_datetime(sheet.table["ts"].iloc[rows]), way, strict=True):
        if k == 3:  # the clock of UTC+8, with the offset written
            values.append((moment + pd.Timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M:%S+08:00"))
        else:
            values.append(moment.strftime(("%d/%m/%Y %H:%M:%S", "%d.%m.%y %H:%M:%S", "%b %d, %Y %I:%M:%S %p")[k]))
    sheet.change("ts", rows, values, "date_formats")
