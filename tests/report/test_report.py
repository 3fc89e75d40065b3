"""The report's four files, and the command that writes them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import crmlab as crm
from crmlab.cli import main
from crmlab.report.analysis import CUSTOMER_COLUMNS
from crmlab.report.folder import FILES, harmless
from crmlab.report.page import page

SHOP = "".join(
    f"{o},c{o % 17},{2023 + (o % 24) // 12}-{o % 12 + 1:02d}-{o % 27 + 1:02d},{5 + o % 40}.50\n" for o in range(300)
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.csv"
    file.write_text("Order,Customer,Date,Amount\n" + SHOP)
    return file


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    file = folder / "my shop 店.csv"
    file.write_text("Order,Customer,Date,Amount\n" + SHOP)
    assert main(["report", str(file), "--out", str(folder / "out"), "--today", "2025-01-01"]) == 0
    return folder / "out"


def test_all_files_are_there_and_nothing_else(report: Path) -> None:
    assert sorted(path.name for path in report.iterdir()) == sorted(FILES)
    assert [path.name for path in report.parent.iterdir() if path.name.startswith(".")] == []


def test_summary_agrees_with_the_table_of_customers(report: Path) -> None:
    summary = json.loads((report / "summary.json").read_text(encoding="utf-8"))
    customers = pd.read_csv(report / "customers.csv", parse_dates=["first_order", "last_order"])
    assert tuple(customers.columns) == CUSTOMER_COLUMNS
    assert summary["rows_read"] == summary["rows_used"] == summary["orders"] == 300 == customers["frequency"].sum()
    assert summary["customers"] == len(customers) == 17
    assert summary["revenue"] == pytest.approx(customers["monetary"].sum())
    assert summary["abc_customers"] == {name: int((customers["abc"] == name).sum()) for name in "ABC"}
    assert summary["first_date"] == str(customers["first_order"].min().date())
    assert summary["last_date"] == str(customers["last_order"].max().date())
    as_of = pd.Timestamp(summary["as_of"])
    assert ((as_of - customers["last_order"]).dt.days == customers["recency_days"]).all()


def test_page_is_self_contained_and_described(report: Path) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert soup.find_all(["script", "link", "iframe", "object", "img"]) == []
    assert not [a["href"] for a in soup.find_all("a") if not a["href"].startswith("#")]
    targets = {element["id"] for element in soup.find_all(id=True)}
    assert {a["href"][1:] for a in soup.find_all("a")} <= targets
    pictures = soup.find_all("svg")
    assert len(pictures) == 6
    for picture in pictures:
        assert picture["role"] == "img"
        assert len(picture["aria-label"].split()) > 8
    assert "url(http" not in text
    assert soup.h1.get_text().startswith("Your customers, 1 Jan 2023")


def test_notebook_ran_and_says_what_the_page_says(report: Path) -> None:
    notebook = nbformat.read(report / "report.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(cell.outputs for cell in code)
    assert not [
        output
        for cell in code
        for output in cell.outputs
        if output.output_type in ("error", "stream") and output.get("name") != "stdout"
    ]
    assert "'customers': 17" in json.dumps(notebook, ensure_ascii=False)


def test_an_existing_folder_is_not_touched_without_force(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("mine")
    (out / "notes.txt").write_text("mine too")
    assert main(["report", str(shop), "--out", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert (out / "report.html").read_text() == "mine"
    assert main(["report", str(shop), "--out", str(out), "--force"]) == 0
    assert (out / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (out / "notes.txt").read_text() == "mine too"


def test_when_writing_fails_nothing_is_left(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("crmlab.report.notebook.notebook_text", broken)
    before = set(tmp_path.iterdir())
    with pytest.raises(RuntimeError, match="broken on purpose"):
        main(["report", str(shop), "--out", str(tmp_path / "out")])
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("content", [b"", b"Customer,Date,Amount\n", b"\x00\x01\x02" * 99, b"PK\x03\x04"])
def test_bad_files_exit_with_2_one_sentence_and_no_traceback(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    ran = subprocess.run(
        [sys.executable, "-m", "crmlab.cli", "report", str(file), "--out", str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    messages = [line for line in ran.stderr.splitlines() if line.startswith("crmlab:")]
    assert len(messages) == 1
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""
    assert list(tmp_path.iterdir()) == [file]


def test_two_customers(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("Customer,Date,Amount\nann,2024-01-05,30\nbob,2024-01-06,10\n")
    assert main(["report", str(file), "--out", str(tmp_path / "out")]) == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["customers"] == 2
    assert summary["top20_revenue_share"] == 0.75
    assert summary["gini"] == 0.25
    text = (tmp_path / "out" / "report.html").read_text()
    assert "every share here hangs on a few people" in text
    assert "Nobody needs a call today" in text


def test_everything_sold_was_returned(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    file = tmp_path / "back.csv"
    file.write_text(
        "Order,Customer,Date,Product,Quantity,Price\n1,ann,2024-01-05,lamp,3,10\nC1,ann,2024-01-06,lamp,-3,10\n"
    )
    assert main(["report", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "Every sale was returned or cancelled" in capsys.readouterr().err
    assert main(["report", str(file), "--out", str(tmp_path / "out"), "--ignore-returns"]) == 0


EVIL = ["<script>alert(1)</script>", '=HYPERLINK("http://x")', "+1-2", "@SUM(A1)", "-2+3", "{{ 7*7 }}", "</svg><b>"]


def test_values_of_the_file_never_run(tmp_path: Path) -> None:
    rows = [(name, f"2024-0{month}-05", 10.0 * (i + 1), name) for i, name in enumerate(EVIL) for month in range(1, 9)]
    log = crm.read_transactions(pd.DataFrame(rows, columns=["Customer", "Date", "Amount", "<img src=x>"]))
    analysis = crm.report.analyse(log, as_of="2024-12-01", frozen_after=300)
    assert len(analysis.calls) == len(EVIL)
    text = page(analysis, source="<b>.csv")
    soup = BeautifulSoup(text, "html.parser")
    assert soup.find_all(["script", "img", "b"]) == [b for b in soup.find_all("b") if b.parent.name in ("div", "p")]
    assert "{{ 7*7 }}" in text
    from crmlab.report.folder import customers_csv

    cells = [line.split(",")[0].strip('"') for line in customers_csv(analysis.customers).splitlines()[1:]]
    assert sorted(cells)[0][0] != "="
    assert not [cell for cell in cells if cell[0] in "=+-@"]
    assert harmless("-12.5") == "-12.5"


def test_report_without_returns_or_currency_reads_well(report: Path) -> None:
    text = BeautifulSoup((report / "report.html").read_text(encoding="utf-8"), "html.parser").get_text(" ")
    assert "No return or cancellation in the file undoes any of them." in text
    assert "nan" not in text.lower().split()


def test_online_retail(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "R"
    assert main(["report", str(shared_data / "online_retail.csv.gz"), "--out", str(out)]) == 0
    summary = json.loads((out / "summary.json").read_text())
    expected = {
        "rows_read": 541909, "cancelled_rows": 9288, "rows_without_customer": 135080, "duplicate_rows": 5268,
        "customers": 4338, "orders": 18532, "abc_customers": {"A": 1132, "B": 1469, "C": 1737},
    }  # fmt: skip
    assert {name: summary[name] for name in expected} == expected
    assert summary["revenue"] == pytest.approx(8911407.904, abs=0.01)
    assert summary["top20_revenue_share"] == pytest.approx(0.74617, abs=5e-6)
    assert summary["gini"] == pytest.approx(0.71514, abs=5e-6)
    customers = pd.read_csv(out / "customers.csv", dtype={"customer_id": str}).set_index("customer_id")
    assert customers["recency_days"].mean() == pytest.approx(92.0595, abs=5e-5)
    # The cancelled giant is class A by what was ordered, and at the bottom by what was kept.
    assert customers.loc["16446", "abc"] == "A"
    assert customers.loc["16446", "monetary_net"] == pytest.approx(2.9)
    assert customers.loc["16446", "zone"] != "value"
