"""Lesson 16: the practice file is what it says, its reader's account agrees with the truth."""

from __future__ import annotations

import gc
from pathlib import Path

import pandas as pd
import pytest

from crmlab import read_transactions
from crmlab.exercises.lesson_16 import Data
from crmlab.exercises.practice_file import ENCODING, HEADER, KINDS, PracticeExport, practice_export
from crmlab.tables import TableError


@pytest.fixture(scope="module")
def data() -> Data:
    return Data(seed=7)


def test_the_file_stands_as_shops_write_it(data: Data) -> None:
    content = data.practice_file().read_bytes()
    first = content.decode(ENCODING).split("\r\n")[0]
    assert first == ";".join(HEADER)
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    texts = data.export.table
    assert texts["单价"].str.fullmatch(r"\d+,\d\d").all()
    for form in (r"\d\d/\d\d/\d{4} \d\d:\d\d", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"):
        assert texts["下单时间"].str.fullmatch(form).sum() > 1_000


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(data: Data) -> None:
    again = practice_export(data.run, seed=7)
    assert again.encoded() == data.export.encoded()
    assert practice_export(data.run, seed=8).encoded() != data.export.encoded()


def test_every_kind_of_dirt_is_there(data: Data) -> None:
    dirt = data.export.dirt()
    assert list(dirt.index) == [*KINDS, "page_twice"]
    assert (dirt["rows"] > 0).all()
    assert dirt["rows"].sum() == len(data.export.table) == len(data.export.truth)


def _expected(truth: pd.DataFrame) -> pd.DataFrame:
    """Rows and money by the reason under which each kind must be listed."""
    reason = truth["kind"].map({kind: seen for kind, (seen, _) in KINDS.items()}).astype(str)
    return truth.groupby(reason)["money"].agg(rows="size", money="sum")


@pytest.mark.parametrize("seed", [1, 7])
def test_the_account_agrees_with_the_truth_to_the_cent(seed: int) -> None:
    shop = Data(seed=seed)
    truth = shop.export.truth
    account = shop.log.account.set_index("reason")
    expected = _expected(truth)
    assert account["rows"].to_dict() == expected["rows"].to_dict()
    assert account["money"].to_dict() == pytest.approx(expected["money"].to_dict(), abs=0.01)
    # Without copies: the page written again, and of each pair of scanned units one.
    copies = int(truth["copy"].sum()) + int((truth["kind"].eq("scanned") & ~truth["copy"]).sum()) // 2
    assert shop.log_without_copies.account.set_index("reason").loc["copy of an earlier row", "rows"] == copies


def test_only_what_was_bought_before_the_file_finds_no_sale(data: Data) -> None:
    account = data.log_without_copies.account.set_index("reason")
    back = account.loc[["cancellation", "return"]]
    before = data.export.truth.query("kind == 'before' and not copy")["money"].sum()
    # A scanned unit is never sent back, so that dropping equal rows takes no sale from a return.
    assert (back["money"] + back["matched"]).sum() == pytest.approx(before, abs=0.01)


def test_the_giant_is_best_by_gross_and_not_by_net() -> None:
    for seed in (1, 7):
        customers = Data(seed=seed).report.customers
        best = customers.nlargest(1, "monetary").iloc[0]
        assert best["monetary_net"] < 0.1 * best["monetary"]
        assert best["customer_id"] not in set(customers.nlargest(20, "monetary_net")["customer_id"])


def test_dates_are_wrong_exactly_where_the_truth_says_so(data: Data) -> None:
    truth = data.export.truth
    orders = data.export.table["订单号"]
    really = truth["ts"].dt.normalize().groupby(orders).first()
    read = data.log.transactions.set_index("order_id")["ts"].dt.normalize()
    read = read[read.index.isin(really.index)]
    wrong = set(read.index[read != really.reindex(read.index)])
    assert wrong == set(orders[truth["misread"]]) and wrong


def test_nothing_is_overwritten(data: Data, tmp_path: Path) -> None:
    written = data.practice_file(tmp_path / "new")
    assert data.practice_file(tmp_path / "new") == written
    written.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        data.practice_file(tmp_path / "new")
    assert written.read_text(encoding="utf-8") == "mine"


def test_the_temporary_file_goes_with_the_session() -> None:
    shop = Data(seed=7, customers=100)
    path = shop.practice_file()
    assert path.exists() and shop.practice_file() == path
    del shop
    gc.collect()
    assert not path.exists()


def test_a_small_shop_can_be_exported_too() -> None:
    shop = Data(seed=3, customers=60)
    export = shop.export
    assert isinstance(export, PracticeExport)
    assert len(read_transactions(export.table).transactions) > 50
    with pytest.raises(TableError, match="has no rows"):
        read_transactions(export.table.iloc[:0])


def test_calling_everybody_is_the_same_as_no_limit(data: Data) -> None:
    assert data.catalogue_profit(730) == data.catalogue_profit(10_000)
    assert data.catalogue_profit(-1) == 0.0
