"""The explorer of lesson 16: its money is the reader's, each switch changes the picture, and any log will do."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from crmlab import read_transactions
from crmlab.explorers.your_own_data import decisions
from crmlab.plots import alt_text

LOG = pd.DataFrame(
    [
        ("1", "ann", "2024-01-05", "soap", 2, 10.0),
        ("1", "ann", "2024-01-05", "soap", 2, 10.0),
        ("2", "bob", "2024-01-06", "soap", 5, 100.0),
        ("C2", "bob", "2024-01-07", "soap", -5, 100.0),
        ("3", "", "2024-01-08", "soap", 1, 30.0),
        ("4", "cat", "2024-01-09", "tube", 1, 0.0),
        ("5", "dan", "2024-02-31", "soap", 1, 7.0),
        ("6", "eve", "2024-02-03", "soap", 1, 50.0),
    ],
    columns=["Order", "Customer", "Date", "Product", "Quantity", "Unit price"],
)


def test_every_step_of_the_money_is_told() -> None:
    told = alt_text(decisions(LOG).figure())
    assert "in the file 627; no customer −30; equal rows 0; other reasons −7; gross revenue 590" in told
    assert "given back −500; net revenue 90; customers 3, orders 3" in told


def test_switches() -> None:
    explorer = decisions(LOG)
    dropped = alt_text(explorer.figure(drop_copies=True))
    assert "in the file 627" in dropped and "equal rows −20" in dropped and "net revenue 70" in dropped
    assert "given back 0; net revenue 590" in alt_text(explorer.figure(take_returns_off=False))
    assert "customers 4, orders 4" in alt_text(explorer.figure(count_free=True))


@pytest.mark.parametrize(("drop", "returns", "free"), list(itertools.product((False, True), repeat=3)))
def test_it_says_what_a_reading_with_these_options_says(drop: bool, returns: bool, free: bool) -> None:
    log = read_transactions(LOG, drop_duplicates=drop, ignore_returns=not returns, keep_free=free)
    orders = log.transactions
    told = alt_text(decisions(LOG).figure(drop_copies=drop, take_returns_off=returns, count_free=free))
    net = orders["net"].sum() - orders["refunded"].sum()
    assert f"net revenue {net:,.0f};" in told
    assert f"customers {orders['customer_id'].nunique()}, orders {len(orders)}" in told


def test_options_reach_the_reader() -> None:
    renamed = LOG.rename(columns={"Customer": "Who"})
    assert "net revenue 90" in alt_text(decisions(renamed, customer="Who").figure())


def test_a_shop_that_sold_nothing_in_the_end_is_drawn() -> None:
    only_returned = LOG.iloc[2:4]
    told = alt_text(decisions(only_returned).figure())
    assert "net revenue 0" in told
