"""Numbers and dates as people write them."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab.reading.dates import parse_dates
from crmlab.reading.names import name_fit
from crmlab.reading.values import parse_numbers

MOMENTS = st.datetimes(datetime.datetime(1981, 1, 1), datetime.datetime(2090, 1, 1)).map(
    lambda m: m.replace(microsecond=0)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        ("-3.5", -3.5),
        (" 7 ", 7.0),
        ("$1,234.50", 1234.5),
        ("1,234,567", 1234567.0),
        ("(12.00)", -12.0),
        ("12.00-", -12.0),
        ("-£5", -5.0),
        ("£-5", -5.0),
        ("￥１，２３４．５", 1234.5),
        ("100元", 100.0),
        ("RMB 88", 88.0),
        ("NT$ 1,200", 1200.0),
        ("−4", -4.0),
        ("1 234.5", 1234.5),
        ("1'234.5", 1234.5),
        (".5", 0.5),
        ("1e3", 1000.0),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert parse_numbers(pd.Series([text, "1.25"])).values[0] == value


@pytest.mark.parametrize("text", ["", "n/a", "NULL", "-", "无"])
def test_blank_is_not_the_same_as_unreadable(text: str) -> None:
    found = parse_numbers(pd.Series([text, "free", "12 apples", "(5"]))
    assert np.isnan(found.values).all()
    assert found.blank.tolist() == [True, False, False, False]


def test_a_slip_does_not_become_another_number() -> None:
    found = parse_numbers(pd.Series(["1,5", "1,23,4", "1.234,5.6", "12,34,567"]), decimal=".")
    assert found.values[:3].tolist() == pytest.approx([np.nan] * 3, nan_ok=True)
    assert found.values[3] == 1234567.0
    mixed = parse_numbers(pd.Series(["1.5", "2.25", "3.75", "4,5"]))
    assert mixed.values.tolist() == pytest.approx([1.5, 2.25, 3.75, np.nan], nan_ok=True)


def test_decimal_sign_is_learned_from_all_values() -> None:
    european = parse_numbers(pd.Series(["1.234", "2,50", "1.000.000"]))
    assert european.decimal == ","
    assert european.values.tolist() == [1234.0, 2.5, 1000000.0]
    english = parse_numbers(pd.Series(["1,234", "2.50"]))
    assert english.values.tolist() == [1234.0, 2.5]
    assert parse_numbers(pd.Series(["1,234"])).notes
    assert parse_numbers(pd.Series(["1,234"]), decimal=",").values.tolist() == [1.234]


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=30), st.sampled_from([".", ","]))
def test_numbers_survive_being_written_with_separators(numbers: list, decimal: str) -> None:
    def write(number: object) -> str:
        text = f"{number:,.2f}"
        return text if decimal == "." else text.translate(str.maketrans(",.", ".,"))

    found = parse_numbers(pd.Series([write(number) for number in numbers]), decimal=decimal)
    assert found.values.tolist() == [float(number) for number in numbers]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2011-12-09", "2011-12-09"),
        ("2011-12-09 12:50:00", "2011-12-09 12:50"),
        ("2011-12-09T12:50:00.123Z", "2011-12-09 12:50"),
        ("2011-12-09T12:50:00+08:00", "2011-12-09 12:50"),
        ("2011/1/9", "2011-01-09"),
        ("31/12/2011", "2011-12-31"),
        ("12/31/2011", "2011-12-31"),
        ("31.12.11", "2011-12-31"),
        ("12/31/2011 1:05 PM", "2011-12-31 13:05"),
        ("12/31/2011 12:05 AM", "2011-12-31 00:05"),
        ("20111209", "2011-12-09"),
        ("20111209125000", "2011-12-09 12:50"),
        ("1323435000", "2011-12-09 12:50"),
        ("1323435000000", "2011-12-09 12:50"),
        ("40886.5", "2011-12-09 12:00"),
        ("2011年12月9日", "2011-12-09"),
        ("2011年12月9日 下午3时5分", "2011-12-09 15:05"),
        ("2011年12月9日 星期五 上午9:05:30", "2011-12-09 09:05:30"),
        ("9 Dec 2011", "2011-12-09"),
        ("December 9, 2011 3:05 PM", "2011-12-09 15:05"),
        ("09-Dec-2011", "2011-12-09"),
    ],
)
def test_dates(text: str, moment: str) -> None:
    assert pd.Timestamp(parse_dates(pd.Series([text])).values[0]) == pd.Timestamp(moment)


@pytest.mark.parametrize("text", ["soon", "2011-13-09", "31/31/2011", "12", "2011-02-30", "99999999"])
def test_what_is_no_date_is_nat_and_not_blank(text: str) -> None:
    found = parse_dates(pd.Series([text, ""]))
    assert np.isnat(found.values).all()
    assert found.blank.tolist() == [False, True]


@given(
    st.lists(MOMENTS, min_size=1, max_size=20),
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y年%m月%d日", "%Y%m%d"]),
)
def test_unambiguous_dates_survive_being_written(moments: list[datetime.datetime], form: str) -> None:
    written = pd.Series([moment.strftime(form) for moment in moments])
    expected = [datetime.datetime.strptime(text, form) for text in written]
    assert pd.DatetimeIndex(parse_dates(written).values).to_pydatetime().tolist() == expected


@given(st.lists(MOMENTS, min_size=1, max_size=20), st.booleans())
def test_the_order_that_is_told_is_used(moments: list[datetime.datetime], day_first: bool) -> None:
    form = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    written = pd.Series([moment.strftime(form) for moment in moments])
    found = pd.DatetimeIndex(parse_dates(written, day_first=day_first).values)
    assert found.to_pydatetime().tolist() == [datetime.datetime.strptime(text, form) for text in written]


def test_mixed_orders_follow_the_clear_dates_and_say_so() -> None:
    texts = pd.Series(["13/04/2011", "14/04/2011", "04/25/2011", "03/04/2011"])
    found = parse_dates(texts, np.array([5, 5, 1, 7]))
    assert found.values.astype(str).tolist()[2:] == ["2011-04-25T00:00:00", "2011-04-03T00:00:00"]
    assert "7 dates" in found.notes[0] and "--month-first" in found.notes[0]


def test_order_without_clear_dates_follows_time_in_the_file() -> None:
    month_first = parse_dates(pd.Series(["01/05/2011", "01/12/2011", "02/03/2011", "03/01/2011"]))
    assert month_first.values.astype(str)[3] == "2011-03-01T00:00:00"
    assert "--day-first" in month_first.notes[0]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("InvoiceNo", "order_id"),
        ("CustomerID", "customer_id"),
        ("customer_unique_id", "customer_id"),
        ("买家会员名", "customer_id"),
        ("會員編號", "customer_id"),
        ("订单付款时间", "ts"),
        ("訂單成立時間", "ts"),
        ("Lineitem quantity", "quantity"),
        ("实付金额(元)", "amount"),
        ("商品單價", "unit_price"),
        ("StockCode", "product_id"),
        ("Financial Status", "status"),
    ],
)
def test_names_fit_their_role_best(name: str, role: str) -> None:
    from crmlab.reading.names import ROLES

    assert max(ROLES, key=lambda each: name_fit(name, each)) == role
