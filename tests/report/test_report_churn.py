"""Who may fall silent: only from logs long enough, tested on a window the model was not told, no list without it."""

from __future__ import annotations

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import crmlab as crm
from crmlab.report.churn import LEAST, RANKS, churn
from crmlab.report.notebook import notebook_text
from crmlab.report.page import page
from tests.report.test_forecast import end_of, shop


@pytest.mark.parametrize("seed", [1, 2])
def test_the_coming_window_of_customers_who_keep_to_the_model(seed: int) -> None:
    """What is said of the future holds in it: 60 days that nothing was told of. Seeds are fixed."""
    log, later = shop(customers=3_000, ahead=60, seed=seed)
    found, why = churn(log, end_of(730), silence=60)
    assert why == "" and found is not None and found.ranks and not found.far_off
    assert found.window_days == 60 and found.tested_from == end_of(730) - pd.Timedelta(days=59)
    silent = pd.Series(~found.customers.index.isin(later["customer_id"]), found.customers.index)
    real = crm.churn.auc(silent, found.customers["risk"])
    assert real.estimate == pytest.approx(found.area.estimate, abs=0.06)
    assert found.customers["risk"].sum() == pytest.approx(silent.sum(), rel=0.2)
    assert found.customers["at_stake"].is_monotonic_decreasing


def test_the_test_knows_nothing_of_its_window() -> None:
    """Other orders in the last window change who fell silent, and neither who is asked nor what was expected."""
    log, _ = shop(customers=1_500)
    found, _ = churn(log, end_of(730), silence=60)
    half = log[(log["ts"] < end_of(730) - pd.Timedelta(days=59)) | (log["customer_id"] % 2 == 0)]
    other, _ = churn(half, end_of(730), silence=60)
    assert found is not None and other is not None
    assert (other.tested, other.expected) == (found.tested, pytest.approx(found.expected))
    assert other.silent > found.silent


def test_short_and_thin_logs_get_a_reason() -> None:
    log, _ = shop(days=200)
    found, why = churn(log, end_of(200), silence=60)
    assert found is None and why.startswith("The file covers 200 days") and "210 are needed" in why
    few, _ = shop(customers=60)
    found, why = churn(few, end_of(730), silence=60)
    assert found is None and f"needs {LEAST} of both" in why
    found, why = churn(log, end_of(200), silence=None)
    assert found is None and why.startswith("Nobody came back")


def test_no_list_where_the_test_is_not_passed() -> None:
    """Everybody orders at the same pace and leaves by the throw of a die: nothing can be foretold."""
    log, _ = shop(customers=1_500)
    days = pd.Series(range(0, 730, 15))
    rows = [(who, day + who % 15) for who in range(400) for day in days if (who * 7919 + day * 104729) % 11 > 4]
    log = pd.DataFrame(rows, columns=["customer_id", "day"])
    log = log.assign(ts=pd.Timestamp("2023-01-02") + pd.to_timedelta(log["day"], "D"), net=10.0, refunded=0.0)
    found, why = churn(log[log["ts"] <= end_of(730)], end_of(730), silence=28)
    if found is None:
        assert "of both" in why
    else:
        assert found.ranks == (found.area.low > RANKS)
        assert found.ranks or found.customers.empty


def test_page_and_notebook() -> None:
    rows, _ = shop(customers=900)
    log = crm.read_transactions(
        rows.rename(columns={"customer_id": "Customer", "ts": "Date", "net": "Amount"})[["Customer", "Date", "Amount"]],
        today="2026-01-01",
    )
    analysis = crm.report.analyse(log)
    assert analysis.churn is not None and analysis.summary["churn"] == analysis.churn.summary()
    soup = BeautifulSoup(page(analysis, source="long.csv"), "html.parser")
    section = soup.find(id="leaving").get_text(" ")
    assert f"{analysis.churn.silent:,} did" in section and "whether a call would change it" in section
    assert soup.find("a", href="#leaving")
    text = notebook_text("long.csv", {}, cohorts=True, forecast=True, churn=True, execute=False)
    for cell in nbformat.reads(text, as_version=4).cells:
        if cell.cell_type == "code" and "churn" in cell.source:
            exec(cell.source, {"crm": crm, "report": analysis})
    short = crm.report.analyse(log, as_of="2023-05-30")
    soup = BeautifulSoup(page(short, source="short.csv"), "html.parser")
    assert short.churn is None and soup.find(id="leaving") is None
    assert "does not say who may fall silent next" in soup.find(id="limits").get_text(" ")
