from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text
from nbclient import NotebookClient

from crmlab import TableError, churn, features, grading, plots
from crmlab.plots.canvas import SEQUENTIAL, ink_on
from crmlab.recovery import FACTORS
from tests.helpers import clean_environment
from tests.orders import order_tables


def some_orders(count: int = 600, customers: int = 120, days: int = 500, scale: float = 40.0) -> pd.DataFrame:
    generator = np.random.default_rng(5)
    net = generator.gamma(0.6, scale, count).round(2)
    return pd.DataFrame(
        {
            "order_id": range(count),
            "customer_id": (customers * generator.random(count) ** 2).astype(int),
            "ts": pd.Timestamp("2024-01-15") + pd.to_timedelta(np.sort(generator.integers(0, days, count)), unit="D"),
            "net": net,
            "refunded": np.where(generator.random(count) < 0.1, net, 0.0),
        }
    )


def graded(orders: pd.DataFrame) -> pd.DataFrame:
    rfm = features.rfm(orders)
    customers = rfm.merge(features.spend_windows(orders, as_of=orders["ts"].max(), days=90), on="customer_id")
    return customers.join(grading.rfm_scores(customers)).assign(zone=grading.zones(customers, frozen_after=120))


def two_years(orders: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    middle = orders["ts"].quantile()
    halves = orders[orders["ts"] <= middle], orders[orders["ts"] > middle]
    return tuple(half.groupby("customer_id")["net"].sum() for half in halves)


def lives(orders: pd.DataFrame) -> pd.DataFrame:
    days = orders.groupby("customer_id")["ts"].agg(lambda ts: (ts.max() - ts.min()).days)
    return churn.kaplan_meier(days, days < days.max())


def said(orders: pd.DataFrame) -> pd.DataFrame:
    stated = (orders["customer_id"] % 5).map(dict(enumerate(FACTORS))).value_counts(normalize=True)
    return pd.DataFrame({"stated": stated, "true": stated[::-1].to_numpy() / 3})


Draw = Callable[..., Axes]
DRAWINGS: dict[str, Callable[..., Axes]] = {
    "lorenz": lambda orders, **more: plots.lorenz(graded(orders)["monetary"], **more),
    "abc": lambda orders, **more: plots.abc(graded(orders)["monetary"], **more),
    "rfm_grid": lambda orders, **more: plots.rfm_grid(graded(orders), **more),
    "zones": lambda orders, **more: plots.zones(graded(orders), **more),
    "revenue": lambda orders, **more: plots.revenue(features.monthly_revenue(orders), **more),
    "cohorts": lambda orders, **more: plots.cohorts(features.cohort_retention(orders), **more),
    "survival": lambda orders, **more: plots.survival(lives(orders), unit="days", **more),
    "stated_and_true": lambda orders, **more: plots.stated_and_true(said(orders), **more),
    "rank_change": lambda orders, **more: plots.rank_change(*two_years(orders), top=30, **more),
}
every_drawing = pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS.keys())
MONEY = {"abc", "rfm_grid", "zones", "revenue"}


@every_drawing
def test_a_drawing_leaves_nothing_behind(draw: Draw) -> None:
    before, orders = dict(matplotlib.rcParams), some_orders()
    copy = orders.copy(deep=True)
    ax = draw(orders)
    plots.to_svg(ax.figure)
    plots.to_png(ax.figure)
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == []
    pd.testing.assert_frame_equal(orders, copy)


@every_drawing
def test_a_drawing_goes_where_it_is_told(draw: Draw) -> None:
    left, right = Figure(figsize=(11, 4), layout="constrained").subplots(1, 2)
    plots.set_alt_text(left, "Left panel.")
    assert draw(some_orders(), ax=right) is right
    assert plots.alt_text(right.figure).startswith("Left panel. ")
    assert len(plots.alt_text(right.figure)) > 60


@every_drawing
@pytest.mark.parametrize(
    "orders",
    [some_orders(), some_orders(3000, days=2600, scale=9e6), some_orders(40, 8, 70, 0.4)],
    ids=["usual", "seven years of millions", "tiny"],
)
def test_nothing_is_cut_off_and_no_text_is_too_small(
    draw: Draw, orders: pd.DataFrame, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"currency": "CHF"} if any(request.node.callspec.id.endswith(name) for name in MONEY) else {}
    figure = draw(orders, **more).figure
    drawn: list[Text] = []
    original = Text.draw
    monkeypatch.setattr(Text, "draw", lambda text, renderer: (drawn.append(text), original(text, renderer)))
    plots.to_png(figure, dpi=figure.dpi)
    written = [text for text in drawn if text.get_text().strip()]
    assert len(written) > 8
    for text in written:
        box = text.get_window_extent()
        assert box.x0 >= figure.bbox.x0 - 1, text
        assert box.x1 <= figure.bbox.x1 + 1, text
        assert box.y0 >= figure.bbox.y0 - 1, text
        assert box.y1 <= figure.bbox.y1 + 1, text
        assert text.get_fontsize() >= 8, text  # 7.7 CSS pixels on a phone of 360


@every_drawing
def test_svg_is_one_accessible_image_and_the_same_every_time(draw: Draw) -> None:
    figure = draw(some_orders()).figure
    plots.set_alt_text(figure, 'Revenue of "Müller & Sons" <b>rose</b>.')
    svg = plots.to_svg(figure)
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Revenue of "Müller & Sons" <b>rose</b>.'
    assert root.get("viewBox")
    assert not re.search(r"<style|<metadata|<script|<!DOCTYPE|<text|20\d\d-\d\d-\d\d", svg)
    again = draw(some_orders()).figure
    plots.set_alt_text(again, plots.alt_text(figure))
    assert plots.to_svg(again) == svg == plots.to_svg(figure)


def test_pictures_in_one_page_share_no_ids_and_find_their_own() -> None:
    orders = some_orders()
    pictures = [plots.to_svg(draw(orders).figure) for draw in DRAWINGS.values()]
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in pictures]
    assert sum(map(len, ids)) == len(set.union(*ids)) > 0
    for svg, own in zip(pictures, ids, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', svg)) == own


@every_drawing
def test_png_is_the_same_every_time_whatever_the_readers_settings(draw: Draw) -> None:
    orders = some_orders()
    png = plots.to_png(draw(orders).figure)
    assert png.startswith(b"\x89PNG")
    assert b"Software" not in png
    with plt.style.context("dark_background"), plt.rc_context({"font.size": 20, "font.family": "serif"}):
        assert plots.to_png(draw(orders).figure) == png
    assert plots.to_png(draw(orders).figure, dpi=72) != png


def test_descriptions_say_what_the_data_say() -> None:
    orders = some_orders()
    customers = graded(orders)
    months = features.monthly_revenue(orders)
    said = {name: plots.alt_text(draw(orders).figure) for name, draw in DRAWINGS.items()}
    assert f"Gini coefficient {grading.gini(customers['monetary']):.2f}" in said["lorenz"]
    assert f"{grading.top_share(customers['monetary']):.0%}" in said["lorenz"]
    for name, count in grading.abc(customers["monetary"]).value_counts().items():
        assert f"{name}: {count:,} customers" in said["abc"]
    for zone, count in customers["zone"].value_counts().items():
        assert f"{zone}: {count:,} customer" in said["zones"]
    assert f"Most in {months.loc[months['revenue'].idxmax(), 'month_start']:%B %Y}" in said["revenue"]
    assert "is not complete" in said["revenue"]
    assert "was refunded" in said["revenue"]
    last, this = (half.rank(ascending=False, method="min") for half in two_years(orders))
    stayed = this.reindex(last[last <= 30].index) <= 30
    assert f"Still among the top 30: {stayed.sum()};" in said["rank_change"]
    best = customers[(customers["r_score"] == 5) & (customers["f_score"] == 5)]
    assert f"The {len(best)} customers with the best scores" in said["rfm_grid"]
    retention = features.cohort_retention(orders).query("month_number == 1 and complete")
    assert f"{retention['active'].sum() / retention['customers'].sum():.0%} came back" in said["cohorts"]


@settings(max_examples=15)
@given(order_tables())
def test_every_table_of_orders_can_be_drawn_or_is_refused(orders: pd.DataFrame) -> None:
    customers = graded(orders)
    for ax in (plots.abc(customers["monetary"]), plots.rfm_grid(customers), plots.zones(customers)):
        assert plots.alt_text(ax.figure)
    assert plots.revenue(features.monthly_revenue(orders))
    if customers["monetary"].sum() > 0:
        assert plots.lorenz(customers["monetary"])
    retention = features.cohort_retention(orders)
    if ((retention["month_number"] > 0) & retention["complete"]).any():
        assert plots.cohorts(retention)
    else:
        with pytest.raises(ValueError, match="at least one complete month"):
            plots.cohorts(retention)


def test_numbers_in_heat_maps_can_be_read() -> None:
    def luminance(colour: Any) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return float(np.dot(parts, [0.2126, 0.7152, 0.0722]))

    for level in np.linspace(0, 1, 101):
        dark, light = sorted((luminance(SEQUENTIAL(level)), luminance(ink_on(SEQUENTIAL(level)))))
        assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA


def test_scale_grows_darker_steadily() -> None:
    grey = SEQUENTIAL(np.linspace(0, 1, 50))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) < 0).all()


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: plots.zones(pd.DataFrame({"monetary_net": [1.0]})), TableError, "zone"),
        (lambda: plots.rfm_grid(pd.DataFrame({"r_score": [1], "f_score": [1]})), TableError, "monetary_net"),
        (lambda: plots.revenue(pd.DataFrame({"month_start": []})), TableError, "monthly_revenue"),
        (lambda: plots.cohorts(pd.DataFrame({"cohort": []})), TableError, "cohort_retention"),
        (lambda: plots.abc(pd.Series([1.0]), cuts=(0.1, 0.2, 0.3, 0.4, 0.5)), ValueError, "at most 4"),
        (lambda: plots.rank_change(pd.Series([0.0]), pd.Series([1.0])), ValueError, "no customer with a value"),
        (lambda: plots.rank_change(pd.Series([1.0]), pd.Series([1.0]), top=0), ValueError, "top must be"),
        (lambda: plots.rank_change(pd.Series([1.0, 2.0], index=[1, 1]), pd.Series([1.0])), ValueError, "twice"),
        (lambda: plots.survival(pd.DataFrame({"survival": [0.5]})), TableError, "low"),
        (lambda: plots.stated_and_true(pd.DataFrame({"stated": [], "true": []})), TableError, "no cause"),
        (lambda: plots.set_alt_text(Figure(), "  "), ValueError, "must say"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draw()


def test_description_of_a_figure_that_has_none_is_made_of_its_labels() -> None:
    ax = Figure().add_subplot()
    ax.set(title="Orders", xlabel="Month", ylabel="Count")
    assert plots.alt_text(ax.figure) == "Orders: Count against Month"
    assert plots.alt_text(Figure()) == "A picture."


NOTEBOOK = """
import pandas as pd
from crmlab import plots
plots.register_alt_text_display()
ax = plots.lorenz(pd.Series([1.0, 2.0, 9.0]))
plots.set_alt_text(ax.figure, 'Three "customers" & <more>')
display(ax.figure)
ax
"""


def test_notebooks_show_pictures_with_their_description(tmp_path: Path, root: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK)])
    surroundings = clean_environment(PYTHONPATH=str(root), IPYTHONDIR=str(tmp_path))
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(env=surroundings)
    shown = [output["data"] for output in notebook.cells[0].outputs]
    start = '<img alt="Three &quot;customers&quot; &amp; &lt;more&gt;" width="499"'
    assert [data["text/html"].startswith(start) for data in shown] == [True, True]
    assert not any("image/png" in data for data in shown)


def test_display_outside_of_notebooks_is_refused() -> None:
    with pytest.raises(RuntimeError, match="Jupyter"):
        plots.register_alt_text_display()
