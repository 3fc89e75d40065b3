"""Where the rows of a log go, and what returns take back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab import TableError, read_transactions
from crmlab.reading.returns import match_returns


def log_of(rows: list[tuple[object, ...]], columns: str, **options: object):
    return read_transactions(pd.DataFrame(rows, columns=columns.split()), today="2024-12-31", **options)


def net(log) -> dict[str, float]:
    table = log.transactions
    return (table["net"] - table["refunded"]).groupby(table["customer_id"]).sum().to_dict()


CANCELLED_GIANT = [
    ("1", "ann", "2024-01-05", "lamp", "74215", "1.04"),
    ("C2", "ann", "2024-01-05", "lamp", "-74215", "1.04"),
    ("3", "bob", "2024-01-06", "lamp", "3", "2.00"),
    ("C4", "bob", "2024-02-06", "lamp", "-1", "2.00"),
    ("C5", "bob", "2024-02-07", "sofa", "-1", "900"),
]
COLUMNS = "Order Customer Date Product Quantity Price"


def test_a_cancelled_giant_keeps_nothing() -> None:
    log = log_of(CANCELLED_GIANT, COLUMNS)
    assert net(log) == {"ann": 0.0, "bob": 4.0}
    assert log.transactions["net"].sum() == pytest.approx(77183.6 + 6)
    account = log.account.set_index("reason")
    assert account.loc["cancellation", "rows"] == 3
    assert account.loc["cancellation", "matched"] == pytest.approx(77183.6 + 2)
    assert log.counts["cancelled_rows"] == 3
    assert log.transactions["returned"].tolist() == [True, True]
    assert str(log.transactions["return_date"].iloc[1].date()) == "2024-02-06"
    assert net(log_of(CANCELLED_GIANT, COLUMNS, ignore_returns=True)) == {"ann": 77183.6, "bob": 6.0}


def test_a_cancelled_order_may_hold_lines_of_all_signs() -> None:
    rows = [("1", "ann", "2024-01-05", "lamp", 30, 1.0)] + [("C2", "ann", "2024-01-06", "lamp", -1, 1.0)] * 25
    rows += [("C2", "ann", "2024-01-06", "lamp", 1, 1.0), ("C2", "ann", "2024-01-06", "lamp", -4, 0.0)]
    log = log_of(rows, COLUMNS)
    assert net(log) == {"ann": 6.0}
    assert log.counts["cancelled_rows"] == 26
    assert log.account.set_index("reason").loc["cancellation", "matched"] == 25.0


def test_a_return_before_its_sale_finds_none() -> None:
    log = log_of([("1", "ann", "2024-01-05", "lamp", 1, 9.0), ("2", "ann", "2024-01-04", "lamp", -1, 9.0)], COLUMNS)
    assert net(log) == {"ann": 9.0}


def test_discount_lines_come_off_their_own_order() -> None:
    rows = [("1", "ann", "2024-01-05", "lamp", 2, 50.0), ("1", "ann", "2024-01-05", "voucher", 1, -15.0)]
    assert net(log_of(rows, COLUMNS)) == {"ann": 85.0}


def test_returns_without_products_come_off_the_latest_order() -> None:
    rows = [
        ("ann", "2024-01-05", 30.0),
        ("ann", "2024-02-05", 20.0),
        ("ann", "2024-02-09", -25.0),
        ("bob", "2024-01-01", 5.0),
    ]
    log = log_of(rows, "Customer Date Amount")
    assert log.transactions.set_index("order_id")["refunded"].to_dict() == {
        "bob 2024-01-01": 0.0,
        "ann 2024-01-05": 5.0,
        "ann 2024-02-05": 20.0,
    }


def test_status_column() -> None:
    rows = [
        ("ann", "2024-01-05", 30.0, "Completed"),
        ("ann", "2024-01-06", 40.0, "交易关闭"),
        ("bob", "2024-01-06", 50.0, "Refunded"),
        ("bob", "2024-01-07", 60.0, "partially refunded"),
    ]
    rows = rows * 5
    log = log_of(rows, "Customer Date Amount Status")
    assert net(log) == {"ann": 150.0, "bob": 300.0}
    assert log.counts["cancelled_rows"] == 5
    assert log.transactions["net"].sum() == 700.0
    assert net(log_of(rows, "Customer Date Amount Status", keep_cancelled=True)) == {"ann": 350.0, "bob": 550.0}


def test_a_column_of_refunds() -> None:
    rows = [
        ("1", "ann", "2024-01-05", 30.0, -10.0),
        ("2", "bob", "2024-01-05", 20.0, 25.0),
        ("3", "bob", "2024-01-06", 5.0, None),
    ]
    log = log_of(rows, "Order Customer Date Total Refunded")
    assert log.transactions["refunded"].tolist() == [10.0, 20.0, 0.0]
    assert net(log) == {"ann": 20.0, "bob": 5.0}
    assert log.account["matched"].tolist() == [30.0]


def test_the_tables_of_a_world_are_read_as_they_are() -> None:
    rows = [(1, 7, "2024-01-05 10:00:00", 3, 33.0, 3.0, 30.0, 12.0, False, None, 0.0),
            (2, 7, "2024-02-05 10:00:00", 1, 20.0, 0.0, 20.0, 8.0, True, "2024-02-09", 20.0)]  # fmt: skip
    log = log_of(rows, "order_id customer_id ts items gross discount net cost returned return_date refunded")
    assert log.mapping.columns["amount"] == "net"
    assert log.transactions[["net", "refunded"]].to_numpy().tolist() == [[30.0, 0.0], [20.0, 20.0]]


def test_each_reason_sets_rows_aside_and_the_account_adds_up() -> None:
    rows = [
        ("1", "ann", "2024-01-05", 30.0),
        ("1", "ann", "2024-01-05", 30.0),
        ("2", None, "2024-01-05", 31.0),
        ("3", "bob", "", 32.0),
        ("4", "bob", "soon", 33.0),
        ("5", "bob", "1970-01-01", 34.0),
        ("6", "bob", "2031-01-05", 35.0),
        ("7", "bob", "2024-01-05", None),
        ("8", "bob", "2024-01-05", 0.0),
        ("9", "bob", "2024-11-05", 36.0),
    ]
    log = log_of(rows, "Order Customer Date Amount", as_of="2024-06-30", drop_duplicates=True)
    counted = log.account.set_index("reason")["rows"].to_dict()
    assert counted == {
        "sale": 1,
        "copy of an earlier row": 1,
        "no customer": 1,
        "no date": 1,
        "date cannot be read": 1,
        "date is a placeholder": 1,
        "date in the future": 1,
        "after the day of the report": 1,
        "no amount": 1,
        "worth nothing": 1,
    }
    money = log.account.set_index("reason")["money"]
    assert money["date in the future"] == 35.0
    assert log_of(rows, "Order Customer Date Amount", keep_free=True).counts["rows_used"] == 4


def test_an_order_total_repeated_on_every_line_is_counted_once() -> None:
    rows = [(str(o), f"c{o % 7}", "2024-01-05", f"p{line}", 10.0 + o) for o in range(40) for line in range(3)]
    log = log_of(rows, "Order Customer Date Product Total")
    assert log.transactions["net"].sum() == pytest.approx(sum(10.0 + o for o in range(40)))
    assert any("every line repeats it" in note for note in log.notes)
    first_only = [(o, c, d, p, total if p == "p0" else None) for o, c, d, p, total in rows]
    log = log_of(first_only, "Order Customer Date Product Total")
    assert log.transactions["net"].sum() == pytest.approx(sum(10.0 + o for o in range(40)))


def test_order_numbers_that_start_again_for_each_customer_stay_apart() -> None:
    log = log_of([("1", "ann", "2024-01-05", 5.0), ("1", "bob", "2024-01-05", 6.0)], "Order Customer Date Amount")
    assert log.transactions["order_id"].tolist() == ["1 (ann)", "1 (bob)"]


def test_several_currencies_are_not_added_up() -> None:
    rows = [("ann", "2024-01-05", "€ 5,00"), ("ann", "2024-01-06", "€ 6,00"), ("bob", "2024-01-06", "$ 7,00")]
    log = log_of(rows, "Customer Date Amount")
    assert net(log) == {"ann": 11.0}
    assert log.account.set_index("reason")["rows"]["another currency"] == 1
    assert net(log_of(rows, "Customer Date Amount", currency="$")) == {"bob": 7.0}
    assert log_of([("ann", "2024-01-05", 5)], "Customer Date Amount", currency="€").currency == "€"
    with pytest.raises(TableError, match="currency must be one of €, \\$, not '£'"):
        log_of(rows, "Customer Date Amount", currency="£")


LOGS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3", "C4", "C5", ""]),
        st.sampled_from(["ann", "bob", "", "NULL", "=cmd"]),
        st.sampled_from(["2024-01-05", "2024-02-29 10:00", "2024-02-30", "", "2099-01-01", "05/06/2024"]),
        st.sampled_from(["lamp", "sofa", ""]),
        st.sampled_from(["1", "2", "-1", "-2", "0", "x", ""]),
        st.sampled_from(["5", "7.50", "0", "-3", "", "y"]),
    ),
    min_size=1,
    max_size=25,
)


@given(LOGS)
def test_nothing_is_lost_whatever_the_rows(rows: list[tuple[str, ...]]) -> None:
    rows = [*rows, ("7", "eve", "2024-03-01", "lamp", "1", "5")] * 1
    names = {"customer": "Customer", "date": "Date", "order": "Order", "product": "Product"}
    log = log_of(rows, COLUMNS, quantity="Quantity", price="Price", **names)
    assert log.account["rows"].sum() == len(rows) == log.counts["rows_read"]
    table = log.transactions
    assert table["order_id"].is_unique
    assert table["net"].sum() == pytest.approx(log.account.set_index("reason")["money"]["sale"])
    assert ((table["refunded"] >= -1e-9) & (table["refunded"] <= table["net"] + 1e-9)).all()
    assert table["refunded"].sum() == pytest.approx(log.account["matched"].sum())
    assert (table["returned"] == (table["refunded"] > 0)).all()
    assert (log.lines["net"] > 0).all()


@given(st.integers(0, 2**32 - 1))
def test_matching_is_the_same_as_going_through_all_returns_one_by_one(seed: int) -> None:
    """With one key and one price, what is left per key is a walk that cannot fall below zero (Lindley's recursion)."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 30))
    change = random.integers(-5, 6, n).astype(float)
    change[change == 0] = 1.0
    time = np.sort(random.integers(0, 1000, n)).astype("datetime64[s]")
    time += np.arange(n).astype("timedelta64[s]") * 1000
    sale, back = change > 0, change < 0
    refunded, _, matched = match_returns(
        np.zeros(sale.sum(), int), time[sale], change[sale], 2 * change[sale],
        np.zeros(back.sum(), int), time[back], -change[back], -2 * change[back],
    )  # fmt: skip
    level = 0.0
    for step in change:
        level = max(0.0, level + step)
    assert 2 * change[sale].sum() - refunded.sum() == pytest.approx(2 * level)
    assert refunded.sum() == pytest.approx(matched.sum())


def test_an_exact_match_is_preferred_to_a_later_sale() -> None:
    time = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], dtype="datetime64[s]")
    refunded, _, _ = match_returns(
        np.zeros(2, int), time[:2], np.array([3.0, 9.0]), np.array([6.0, 18.0]),
        np.zeros(1, int), time[2:], np.array([3.0]), np.array([6.0]),
    )  # fmt: skip
    assert refunded.tolist() == [6.0, 0.0]


def test_online_retail(shared_data: Path) -> None:
    log = read_transactions(shared_data / "online_retail.csv.gz")
    assert log.counts == {
        "rows_read": 541909,
        "rows_used": 397884,
        "cancelled_rows": 9288,
        "rows_without_customer": 135080,
        "duplicate_rows": 5268,
    }
    assert len(log.transactions) == 18532
    assert log.transactions["net"].sum() == pytest.approx(8911407.904, abs=0.001)
    by_customer = log.transactions.groupby("customer_id")[["net", "refunded"]].sum()
    assert len(by_customer) == 4338
    kept = by_customer["net"] - by_customer["refunded"]
    # The two giants of this file: 80,995 paper craft birds and 74,215 jars, both cancelled within minutes.
    assert kept[["16446", "12346"]].tolist() == pytest.approx([2.90, 0.0], abs=0.005)


def test_cdnow(shared_data: Path) -> None:
    with pytest.raises(TableError, match="cannot tell which column holds the customer"):
        read_transactions(shared_data / "cdnow_sample.txt")
    log = read_transactions(shared_data / "cdnow_sample.txt", customer=1, date=3, quantity=4, amount=5, keep_free=True)
    assert log.counts["rows_used"] == 6919
    assert log.transactions["customer_id"].nunique() == 2357
