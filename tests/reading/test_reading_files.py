"""Every kind of file a shop may send, good and bad."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from crmlab import TableError, read_transactions

ENGLISH = (
    "Order ID,Customer ID,Order Date,Quantity,Unit Price\n"
    "1,ann,2024-01-05,2,10.50\n2,bob,2024-01-06,1,8\n3,ann,2024-02-01,1,4\n"
)
CHINESE = (
    "订单编号,客户编号,下单时间,数量,单价\n1,张三,2024-01-05,2,10.50\n2,李四,2024-01-06,1,8\n3,张三,2024-02-01,1,4\n"
)
TRADITIONAL = (
    "訂單編號,會員編號,訂單日期,數量,單價\n1,張三,2024-01-05,2,10.50\n2,李四,2024-01-06,1,8\n3,張三,2024-02-01,1,4\n"
)


def totals(path: Path, **options: object) -> list[float]:
    log = read_transactions(path, **options)  # type: ignore[arg-type]
    return log.transactions.groupby("customer_id")["net"].sum().sort_values().tolist()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ENGLISH, "utf-8"),
        (CHINESE, "utf-8"),
        (CHINESE, "utf-8-sig"),
        (CHINESE, "gb18030"),
        (CHINESE, "utf-16"),
        (CHINESE, "utf-16-le"),
        (CHINESE, "utf-16-be"),
        (TRADITIONAL, "utf-8"),
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "utf-16"),
        (ENGLISH.replace("ann", "Zoë"), "cp1252"),
    ],
)
def test_encoding_is_found(tmp_path: Path, text: str, encoding: str) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(text.encode(encoding))
    assert totals(file) == [8.0, 25.0]
    log = read_transactions(file)
    names = set(log.transactions["customer_id"])
    assert names == set(text.replace("\n", ",").split(",")) & {"ann", "bob", "Zoë", "张三", "張三", "李四"}


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lzma.compress, lambda b: pa.compress(b, "zstd", asbytes=True)]
)
def test_compression_is_found_whatever_the_name(tmp_path: Path, pack: object) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(pack(ENGLISH.encode()))  # type: ignore[operator]
    assert totals(file) == [8.0, 25.0]


def test_zip_with_one_file_is_read_and_with_two_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "log.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("orders.csv", ENGLISH)
    assert totals(file) == [8.0, 25.0]
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("more.csv", ENGLISH)
    with pytest.raises(TableError, match=r"archive of 2 files \(orders.csv, more.csv\)"):
        read_transactions(file)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "log.txt"
    file.write_text(ENGLISH.replace(",", delimiter))
    assert totals(file) == [8.0, 25.0]


def test_semicolons_with_decimal_commas(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        "Kunde;Datum;Betrag\nann;05.01.2024;1.234,50 €\nann;06.01.2024;0,50 €\nbob;31.01.2024;7,25 €\n",
        encoding="cp1252",
    )
    log = read_transactions(file)
    assert log.transactions["net"].tolist() == [1234.5, 0.5, 7.25]
    assert log.currency == "€"
    assert log.transactions["ts"].dt.month.tolist() == [1, 1, 1]


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_old_line_ends(tmp_path: Path, line_end: str) -> None:
    file = tmp_path / "log.csv"
    file.write_bytes(ENGLISH.replace("\n", line_end).encode())
    assert totals(file) == [8.0, 25.0]


def test_title_lines_quoted_newlines_and_a_missing_last_newline(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(
        'Export of shop 7\n\nCustomer,Date,Amount,Comment\nann,2024-01-05,25,"two\nlines"\n'
        'bob,2024-01-06,8,"a ""b"", c"'
    )
    log = read_transactions(file)
    assert log.transactions["net"].tolist() == [25.0, 8.0]
    assert any("Export of shop 7" in note for note in log.notes)


def test_lines_that_do_not_fit_are_counted_and_shown(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(ENGLISH + "4,eve,2024-02-01,1,4,extra\n5\n6,eve,2024-02-02,1,4\n")
    log = read_transactions(file)
    assert log.counts["rows_read"] == 6
    assert log.counts["rows_used"] == 4
    assert log.unreadable == ["4,eve,2024-02-01,1,4,extra", "5"]
    assert log.account["rows"].sum() == 6


def test_header_in_the_middle_of_glued_files_is_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(ENGLISH + ENGLISH)
    log = read_transactions(file)
    assert log.account.set_index("reason")["rows"].to_dict() == {"sale": 6, "header repeated": 1}
    assert log.counts["duplicate_rows"] == 3


def test_no_header(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_text(" 0004 0001 19970101  2  29.33\n 0004 0001 19970118  2  29.73\n 0021 0002 19970101  3  63.34\n")
    with pytest.raises(TableError, match=r"no header, so its columns are numbered.*--customer COLUMN"):
        read_transactions(file)
    log = read_transactions(file, customer=1, date="3", amount=5)
    assert log.transactions["customer_id"].tolist() == ["0004", "0021", "0004"]


def test_parquet_and_excel_give_what_csv_gives(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "Customer": [17850.0, 13047.0, 17850.0, None],
            "When": pd.to_datetime(["2024-01-05 08:00", "2024-01-06 00:00", "2024-02-01 00:00", "2024-02-02 00:00"]),
            "Amount": [21, 8, 4, 3],
            "Invoice No": ["A1", "A2", "A3", "A4"],
        }
    )
    frame.to_parquet(tmp_path / "log.parquet")
    frame.to_excel(tmp_path / "log.xlsx", index=False)
    frame.to_csv(tmp_path / "log.csv", index=False)
    logs = [read_transactions(tmp_path / f"log.{kind}", date="When") for kind in ("parquet", "xlsx", "csv")]
    logs.append(read_transactions(frame, date="When"))
    for log in logs:
        assert log.transactions["customer_id"].tolist() == ["17850", "13047", "17850"]
        assert log.transactions["ts"].iloc[0] == pd.Timestamp("2024-01-05 08:00")
        assert log.counts == logs[0].counts


def test_sheets_with_one_header_are_one_table(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Customer": ["ann", "bob"], "Date": ["2024-01-05", "2024-01-06"], "Amount": [5.0, 6.5]})
    with pd.ExcelWriter(tmp_path / "log.xlsx") as book:
        frame.to_excel(book, sheet_name="2023", index=False)
        frame.to_excel(book, sheet_name="2024", index=False)
        pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_excel(book, sheet_name="Notes", index=False)
    log = read_transactions(tmp_path / "log.xlsx")
    assert log.counts["rows_read"] == 4
    assert any("'Notes'" in note for note in log.notes)
    assert read_transactions(tmp_path / "log.xlsx", sheet="2024").counts["rows_read"] == 2
    with pytest.raises(TableError, match="has no sheet '2025'"):
        read_transactions(tmp_path / "log.xlsx", sheet="2025")


def bad(name: str, content: bytes, message: str) -> object:
    return pytest.param(name, content, message, id=message[:30])


BROKEN_GZIP = gzip.compress(ENGLISH.encode() * 1000)[:60]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        bad("a.csv", b"", "is empty"),
        bad("a.csv", b" \n\n", "is empty"),
        bad("a.csv", b"Customer,Date,Amount\n", "has a header but no rows"),
        bad("a.csv", bytes(range(256)) * 20, "is not a text file"),
        bad("a.csv", b"%PDF-1.4 ...", "is a PDF"),
        bad("a.pkl", b"\x80\x04\x95...", "never opens"),
        bad("a.csv", b"Customer\nann\nbob\n", "has only one column"),
        bad("a.csv", b"Customer,Amount\nann,5\nbob,6\n", "cannot tell which column holds the date"),
        bad("a.csv", b"Customer,Date,Amount\nann,soon,5\nbob,later,6\n", "cannot tell which column holds the date"),
        bad(
            "a.csv", b"Customer,Date,Amount\nann,2024-01-01,much\nbob,2024-01-02,more\n", "which column holds the money"
        ),
        bad("a.csv", b"Customer,Date,Amount\n,2024-01-01,5\n,2024-01-02,6\n", "which column holds the customer"),
        bad("a.csv", b"Order,Customer,Date,Amount\nC1,ann,2024-01-01,-5\nC2,bob,2024-01-02,-6\n", "no sale is left"),
        bad("a.csv", b"Customer,Date,Amount,Status\n" + b"a,2024-01-01,5,cancelled\n" * 3, "no sale is left"),
        bad("a.xlsx", b"PK\x03\x04 broken", "is a broken Excel file"),
        bad("a.xls", b"\xd0\xcf\x11\xe0 broken", "is a broken Excel file"),
        bad("a.parquet", b"PAR1 broken", "is a broken Parquet file"),
        bad("a.csv.gz", BROKEN_GZIP, "is a broken compressed file"),
    ],
)
def test_bad_files_end_in_one_sentence(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(TableError, match=message) as caught:
        read_transactions(file)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "missing.csv", "does not exist"),
        ("https://example.org/log.csv", "is a web address"),
    ):
        with pytest.raises(TableError, match=message):
            read_transactions(path)


def test_a_named_column_that_is_not_there_shows_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(ENGLISH)
    with pytest.raises(TableError, match=r"no column 'customerid2' for --customer \(did you mean 'Customer ID'\?\)"):
        read_transactions(file, customer="customerid2")
