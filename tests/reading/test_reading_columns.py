"""The exports of real shop systems: which of their columns is which."""

from __future__ import annotations

import pandas as pd
import pytest

from crmlab import TableError, read_transactions

SHOPIFY = {
    "Name": ["#1001", "#1001", "#1002"], "Email": ["ann@x.org", "", "bob@x.org"],
    "Financial Status": ["paid", "", "refunded"],
    "Paid at": ["2024-01-05 10:00:00 +0100", "", "2024-01-06 11:00:00 +0100"], "Subtotal": [30.0, None, 20.0],
    "Shipping": [5.0, None, 5.0], "Total": [35.0, None, 25.0],
    "Created at": ["2024-01-05 10:00:00 +0100"] * 2 + ["2024-01-06 11:00:00 +0100"],
    "Lineitem quantity": [1, 2, 1], "Lineitem name": ["lamp", "cup", "sofa"], "Lineitem price": [20.0, 5.0, 20.0],
}  # fmt: skip
WOOCOMMERCE = {
    "Order Number": ["7", "8"], "Order Status": ["Completed", "Completed"],
    "Order Date": ["2024-01-05 10:00", "2024-01-06 11:00"],
    "Customer Note": ["", ""], "Email (Billing)": ["a@x.org", "b@x.org"], "Order Total Amount": ["35.00", "25.00"],
}  # fmt: skip
TAOBAO = {
    "订单编号": ["16170", "16171"], "买家会员名": ["小明", "小红"], "买家应付货款": ["99.00", "45.00"],
    "买家实际支付金额": ["89.00", "45.00"],
    "订单状态": ["交易成功", "交易关闭"], "订单创建时间": ["2024-01-05 10:00:00", "2024-01-06 11:00:00"],
    "宝贝标题": ["口红", "面霜"],
}  # fmt: skip
SHOPEE_TAIWAN = {
    "訂單編號": ["240105A1", "240106B2"], "訂單成立日期": ["2024-01-05 10:00", "2024-01-06 11:00"],
    "買家帳號": ["ming", "hong"],
    "訂單狀態": ["完成", "不成立"], "買家總支付金額": ["890", "450"], "數量": ["1", "2"], "商品名稱": ["口紅", "面霜"],
}  # fmt: skip
OLIST = {
    "order_id": ["e481", "53cd"], "customer_unique_id": ["7c39", "af07"],
    "order_purchase_timestamp": ["2017-10-02 10:56:33"] * 2,
    "order_status": ["delivered", "delivered"], "payment_value": [38.71, 141.46],
}  # fmt: skip
LEDGER = {
    "Name": ["Ann Lee", "Bob Roy", "Ann Lee"],
    "Date": ["5 Jan 2024", "6 Jan 2024", "1 Feb 2024"],
    "Paid": ["$5", "$6", "$7"],
}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(SHOPIFY, {"customer_id": "Email", "order_id": "Name", "unit_price": "Lineitem price",
                               "quantity": "Lineitem quantity", "status": "Financial Status"}, id="shopify"),
        pytest.param(WOOCOMMERCE, {"customer_id": "Email (Billing)", "order_id": "Order Number", "ts": "Order Date",
                                   "amount": "Order Total Amount"}, id="woocommerce"),
        pytest.param(TAOBAO, {"customer_id": "买家会员名", "order_id": "订单编号", "ts": "订单创建时间",
                              "amount": "买家实际支付金额", "status": "订单状态"}, id="taobao"),
        pytest.param(SHOPEE_TAIWAN, {"customer_id": "買家帳號", "order_id": "訂單編號", "ts": "訂單成立日期",
                                     "amount": "買家總支付金額", "quantity": "數量"}, id="shopee taiwan"),
        pytest.param(OLIST, {"customer_id": "customer_unique_id", "order_id": "order_id",
                             "ts": "order_purchase_timestamp", "amount": "payment_value"}, id="olist"),
        pytest.param(LEDGER, {"customer_id": "Name", "ts": "Date", "amount": "Paid"}, id="ledger"),
    ],
)  # fmt: skip
def test_columns_of_an_export_are_found(rows: dict[str, list[object]], expected: dict[str, str]) -> None:
    log = read_transactions(pd.DataFrame(rows), today="2024-12-31")
    assert {role: log.mapping.columns.get(role) for role in expected} == expected
    assert log.counts["rows_used"] >= 1


def test_later_lines_of_an_order_take_customer_date_and_status_from_the_first() -> None:
    log = read_transactions(pd.DataFrame(SHOPIFY), today="2024-12-31")
    assert log.transactions[["order_id", "customer_id", "net", "refunded"]].to_numpy().tolist() == [
        ["#1001", "ann@x.org", 30.0, 0.0],
        ["#1002", "bob@x.org", 20.0, 20.0],
    ]
    assert any("1 rows without a customer or date" in note for note in log.notes)


def test_a_column_that_is_told_wins_and_is_not_given_away_twice() -> None:
    frame = pd.DataFrame({"customer": ["a", "b"], "partner": ["x", "y"], "date": ["2024-01-05"] * 2, "amount": [1, 2]})
    mapping = read_transactions(frame, customer="partner").mapping
    assert mapping.columns["customer_id"] == "partner"
    assert mapping.why["customer_id"] == "told"
    assert "customer" in mapping.unused


def test_names_without_meaning_are_found_by_content_where_only_one_can_be_meant() -> None:
    frame = pd.DataFrame(
        {
            "f1": [f"k{i % 9}" for i in range(40)],
            "f2": [f"2024-01-{i % 28 + 1:02d}" for i in range(40)],
            "f3": [1.25 + i for i in range(40)],
        }
    )
    mapping = read_transactions(frame).mapping
    assert mapping.columns == {"customer_id": "f1", "ts": "f2", "amount": "f3"}
    assert any("order=… (--order on the command line) names one" in note for note in read_transactions(frame).notes)
    assert set(mapping.why.values()) == {"content"}
    with pytest.raises(
        TableError, match=r"cannot tell which column holds the customer; its columns are 'f1' \(k0, k1, k2\)"
    ):
        read_transactions(frame.assign(f4=frame["f1"] + "x"))
