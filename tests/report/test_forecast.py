"""The report's look ahead: only for logs long enough, tested on the log itself, in words a shop owner can use."""

from __future__ import annotations

import io

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import crmlab as crm
from crmlab.lifetime import draw_histories
from crmlab.report.folder import customers_csv
from crmlab.report.forecast import DAYS, FAR_OFF, LEAST, forecast
from crmlab.report.notebook import notebook_text
from crmlab.report.page import page

RATES = {"r": 1.2, "alpha": 5.0, "s": 0.9, "beta": 20.0}  # weeks
START = pd.Timestamp("2023-01-02")


def shop(customers: int = 1_500, days: int = 730, ahead: int = 0, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return an order log of Pareto/NBD customers who joined over its first third, and the orders of `ahead` days more.

    A quarter of the value of an order is the customer's own.
    """
    rng = np.random.default_rng(seed)
    joined = rng.integers(0, days // 3, customers)
    people = draw_histories("pareto_nbd", RATES, (days - joined) / 7, seed=rng)
    alive = np.minimum(people["left_after"].to_numpy() * 7, days + ahead - joined)
    count = rng.poisson(people["order_rate"].to_numpy() / 7 * alive)
    who = np.concatenate([np.arange(customers), np.repeat(np.arange(customers), count)])
    when = np.concatenate([np.zeros(customers), rng.random(count.sum()) * np.repeat(alive, count)])
    day = (joined[who] + when).astype(int)
    mean = rng.gamma(4, 10, customers)
    log = pd.DataFrame(
        {"customer_id": who, "ts": START + pd.to_timedelta(day, "D"), "net": mean[who] * rng.gamma(4, 0.25, len(who))}
    ).assign(refunded=0.0)
    later = log["ts"] >= START + pd.Timedelta(days=days)
    return log[~later], log[later]


def end_of(days: int) -> pd.Timestamp:
    return START + pd.Timedelta(days=days - 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_coming_year_of_customers_who_keep_to_the_model(seed) -> None:
    """Orders and revenue of the year ahead within 18%: in 40 other shops the error was 0% with a spread of 5%."""
    log, later = shop(ahead=DAYS, seed=seed)
    found, why = forecast(log, end_of(730))
    assert why == "" and found is not None
    days = later.groupby("customer_id")["ts"].nunique()
    assert found.customers["expected_orders"].sum() == pytest.approx(days.sum(), rel=0.18)
    assert found.customers["expected_revenue"].sum() == pytest.approx(later["net"].sum(), rel=0.18)
    assert found.sees_leaving and found.knows_revenue and not found.far_off
    assert found.tested_from == START + pd.Timedelta(days=730 - 182)
    before = log[log["ts"] < found.tested_from]
    kept = log[(log["ts"] >= found.tested_from) & log["customer_id"].isin(before["customer_id"])]
    assert found.came == len(kept[["customer_id", "ts"]].drop_duplicates())
    assert found.customers["revenue_before"].sum() == pytest.approx(
        log.loc[log["ts"] >= START + pd.Timedelta(days=365), "net"].sum()
    )


def test_short_and_thin_logs_get_a_reason() -> None:
    log, _ = shop(days=DAYS - 1)
    assert forecast(log, end_of(DAYS - 1)) == (
        None, f"The file covers {DAYS - 1} days; a forecast of a year needs {DAYS} at least."
    )  # fmt: skip
    few, _ = shop(customers=LEAST - 20)
    found, why = forecast(few, end_of(730))
    assert found is None and f"needs {LEAST} at least" in why
    once = log.drop_duplicates("customer_id")
    found, why = forecast(once, end_of(730))
    assert found is None and why.startswith("0 customers came back")


def test_returned_orders_do_not_count() -> None:
    log, _ = shop()
    extra = log.assign(refunded=log["net"], ts=log["ts"] + pd.Timedelta(days=3))
    found, _ = forecast(pd.concat([log, extra]), end_of(730))
    plain, _ = forecast(log, end_of(730))
    assert found is not None and plain is not None
    pd.testing.assert_frame_equal(found.customers, plain.customers)


def test_a_season_at_the_end_is_told() -> None:
    """Everybody orders twice as much in the last quarter: the test says too low, and that sums cannot be trusted."""
    log, _ = shop()
    season = log[log["ts"] >= START + pd.Timedelta(days=560)]
    more = season.assign(ts=(season["ts"] + pd.Timedelta(days=9)).clip(upper=end_of(730)))
    found, _ = forecast(pd.concat([log, more]), end_of(730))
    assert found is not None and found.error < -FAR_OFF and found.far_off


def test_customers_who_never_leave_are_not_called_loyal() -> None:
    rng = np.random.default_rng(0)
    pace = rng.gamma(2, 6, 400)
    rows = [
        (who, START + pd.Timedelta(days=int(day)))
        for who, gap in enumerate(pace)
        for day in np.cumsum(rng.exponential(gap + 2, 900))
        if day < 730
    ]
    log = pd.DataFrame(rows, columns=["customer_id", "ts"]).assign(net=10.0 + rng.random(len(rows)), refunded=0.0)
    found, _ = forecast(log, end_of(730))
    assert found is not None and not found.sees_leaving
    assert found.summary()["customers_alive"] is None


@pytest.fixture(scope="module")
def log() -> crm.TransactionLog:
    rows, _ = shop(customers=900)
    return crm.read_transactions(
        rows.assign(Customer="c" + rows["customer_id"].astype(str))[["Customer", "ts", "net"]].rename(
            columns={"ts": "Date", "net": "Amount"}
        ),
        today="2026-01-01",
    )


def test_page_notebook_and_table_of_a_long_log(log) -> None:
    analysis = crm.report.analyse(log)
    ahead = analysis.forecast
    assert ahead is not None
    soup = BeautifulSoup(page(analysis, source="long.csv"), "html.parser")
    section = soup.find(id="ahead").get_text(" ")
    assert f"{ahead.expected:,.0f} orders from the customers it knew" in section
    assert f"{ahead.came:,.0f} came" in section
    assert "a chance, not a promise" in section and "steady pace" in section and "New customers come on top" in section
    assert soup.find("a", href="#ahead") and len(soup.find_all("svg")) == 8
    assert "does not say what the coming year may bring" not in soup.get_text(" ")
    notebook = nbformat.reads(
        notebook_text("long.csv", {}, cohorts=True, forecast=True, churn=True, execute=False), as_version=4
    )
    titles = [cell.source.split("\n")[0] for cell in notebook.cells if cell.source.startswith("## ")]
    assert [title.split()[1] for title in titles] == [str(number) for number in range(1, len(titles) + 1)]
    for cell in notebook.cells:
        if cell.cell_type == "code" and "forecast" in cell.source:
            exec(cell.source, {"crm": crm, "report": analysis})
    table = pd.read_csv(io.StringIO(customers_csv(analysis.customers)))
    assert table["expected_orders"].sum() == pytest.approx(ahead.customers["expected_orders"].sum(), abs=0.1)
    assert table["p_alive"].between(0, 1).all()
    assert analysis.summary["forecast"] == ahead.summary()


def test_page_of_a_short_log_says_why_there_is_no_forecast(log) -> None:
    analysis = crm.report.analyse(log, as_of="2023-09-30")
    assert analysis.forecast is None
    soup = BeautifulSoup(page(analysis, source="short.csv"), "html.parser")
    assert soup.find(id="ahead") is None and soup.find("a", href="#ahead") is None
    assert f"a forecast of a year needs {DAYS} at least" in soup.find(id="limits").get_text(" ")
    assert analysis.customers[["p_alive", "expected_orders", "expected_revenue"]].isna().all(axis=None)
    assert "missing" in analysis.summary["forecast"]
