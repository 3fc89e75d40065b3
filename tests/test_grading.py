from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from crmlab import TableError, features, grading, tables
from tests.orders import online_retail, order_tables

amounts = st.lists(st.integers(0, 50), min_size=1, max_size=30).map(lambda v: pd.Series(v, dtype="float64"))
shares_of_something = amounts.filter(lambda v: v.sum() > 0)


# ── ABC ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(amounts, st.sampled_from([(0.8, 0.95), (0.5,), (0.1, 0.2, 0.9)]))
def test_abc_is_what_adding_up_by_hand_gives(values: pd.Series, cuts: tuple[float, ...]) -> None:
    expected = {}
    cumulated = 0
    total = int(values.sum())
    for place, customer in enumerate(sorted(values.index, key=lambda i: (-values[i], i))):
        cumulated += int(values[customer])
        below = [cumulated * 100 <= round(cut * 100) * total for cut in cuts]
        number = len(cuts) if total == 0 else 0 if place == 0 else below.index(True) if any(below) else len(cuts)
        expected[customer] = "ABCD"[number]
    classes = grading.abc(values, cuts=cuts)
    assert classes.to_dict() == expected
    assert classes.cat.ordered
    assert classes.cat.categories.tolist() == list("ABCD"[: len(cuts) + 1])


@given(amounts, st.integers(0, 99))
def test_abc_does_not_depend_on_the_order_of_rows_ties_included(values: pd.Series, seed: int) -> None:
    shuffled = values.sample(frac=1, random_state=seed)
    assert_series_equal(grading.abc(shuffled).sort_index(), grading.abc(values))


@given(amounts)
def test_a_larger_value_is_never_in_a_lower_class(values: pd.Series) -> None:
    codes = grading.abc(values).cat.codes
    assert (codes[np.argsort(-values.to_numpy(), kind="stable")].diff().dropna() >= 0).all()


def test_abc_of_one_giant_of_nothing_and_of_losses() -> None:
    assert grading.abc(pd.Series([95.0, 3.0, 2.0])).tolist() == ["A", "C", "C"]
    assert grading.abc(pd.Series([0.0, 0.0])).tolist() == ["C", "C"]
    assert grading.abc(pd.Series([8.0, -5.0, 2.0])).tolist() == ["A", "C", "C"]
    assert grading.abc(pd.Series([3.0])).tolist() == ["A"]


def test_abc_takes_labels_that_cannot_be_compared() -> None:
    values = pd.Series([1.0, 5.0, 1.0], index=pd.Index([(1, 2), "b", 3.5], dtype=object))
    assert grading.abc(values, cuts=[0.8]).tolist() == ["B", "A", "B"]


@pytest.mark.parametrize("cuts", [(), (0.8, 0.8), (0.95, 0.8), (0.0,), (1.0,), (-0.1,), (math.nan,)])
def test_abc_refuses_odd_cuts(cuts: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="cuts must be"):
        grading.abc(pd.Series([1.0]), cuts=cuts)


@pytest.mark.parametrize(
    "function", [grading.abc, grading.lorenz, grading.gini, grading.top_share, grading.concentration]
)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pd.Series([], dtype=float), "empty"),
        (pd.Series([1.0, np.nan, np.inf]), "2 of 3 values"),
        (pd.Series([1, None], dtype="Int64"), "1 of 2 values"),
        (pd.Series(["1", "2"]), "must hold numbers"),
        (pd.Series([True]), "must hold numbers"),
    ],
)
def test_values_that_are_no_numbers_are_refused(function: Any, values: pd.Series, message: str) -> None:
    with pytest.raises(TableError, match=message):
        function(values)


# ── RFM scores ────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(order_tables(), st.integers(2, 9))
def test_scores_say_how_many_are_worse(orders: pd.DataFrame, bins: int) -> None:
    rfm = features.rfm(orders)
    scores = grading.rfm_scores(rfm, bins=bins)
    for name, column, sign in (
        ("r_score", "recency_days", -1),
        ("f_score", "frequency", 1),
        ("m_score", "monetary", 1),
    ):
        for score, value in zip(scores[name], rfm[column], strict=True):
            worse = (sign * rfm[column] < sign * value).sum()
            assert score - 1 == int(worse * bins) // len(rfm)
        assert scores[name].min() == 1
        assert scores[name].between(1, bins).all()


@given(order_tables(), st.integers(0, 99))
def test_scores_keep_the_index_and_ignore_the_order_of_rows(orders: pd.DataFrame, seed: int) -> None:
    rfm = features.rfm(orders).set_index("customer_id")
    shuffled = rfm.sample(frac=1, random_state=seed)
    assert_frame_equal(grading.rfm_scores(shuffled).sort_index(), grading.rfm_scores(rfm))


def test_scores_where_half_of_the_customers_have_one_order() -> None:
    rfm = pd.DataFrame({"frequency": [1] * 5 + [2, 2, 3, 4, 9], "recency_days": range(10), "monetary": 1.0})
    scores = grading.rfm_scores(rfm)
    assert scores["f_score"].tolist() == [1] * 5 + [3, 3, 4, 5, 5]
    assert scores["r_score"].tolist() == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert scores["m_score"].tolist() == [1] * 10


def test_monetary_score_of_what_was_kept() -> None:
    rfm = pd.DataFrame({"recency_days": 0, "frequency": 1, "monetary": [9.0, 5.0], "monetary_net": [0.0, 5.0]})
    assert grading.rfm_scores(rfm)["m_score"].tolist() == [3, 1]
    assert grading.rfm_scores(rfm, value="monetary_net")["m_score"].tolist() == [1, 3]


@pytest.mark.parametrize("bins", [1, 0, -5, 2.5, True, "5"])
def test_scores_refuse_odd_bins(bins: Any) -> None:
    with pytest.raises(ValueError, match="bins must be"):
        grading.rfm_scores(pd.DataFrame({"recency_days": [1], "frequency": [1], "monetary": [1.0]}), bins=bins)


# ── Concentration ─────────────────────────────────────────────────────────────────────────────────────────────────────


@given(shares_of_something)
def test_gini_is_the_mean_difference_and_the_area_of_lorenz(values: pd.Series) -> None:
    x = values.to_numpy()
    mean_difference = np.abs(x[:, None] - x[None, :]).mean()
    gini = grading.gini(values)
    assert gini == pytest.approx(mean_difference / (2 * x.mean()), abs=1e-12)
    curve = grading.lorenz(values)
    area = ((curve["share_of_value"] + curve["share_of_value"].shift()) / 2 * curve["share_of_customers"].diff()).sum()
    assert gini == pytest.approx(1 - 2 * area, abs=1e-12)
    assert -1e-12 <= gini <= 1 - 1 / len(x) + 1e-12


@given(shares_of_something)
def test_lorenz_starts_at_nothing_ends_at_all_and_bends_upwards(values: pd.Series) -> None:
    curve = grading.lorenz(values)
    assert curve.iloc[0].tolist() == [0, 0]
    assert curve.iloc[-1].tolist() == [1, 1]
    assert (curve["share_of_value"].diff().diff().dropna() >= -1e-12).all()


@given(shares_of_something, st.floats(0.01, 1))
def test_top_share_is_the_sum_of_the_largest(values: pd.Series, share: float) -> None:
    count = math.ceil(share * len(values) - 1e-9)
    assert grading.top_share(values, share=share) == pytest.approx(values.nlargest(count).sum() / values.sum())


def test_top_share_rounds_the_number_of_customers_up_but_not_for_rounding_errors() -> None:
    values = pd.Series(np.arange(1.0, 101.0))
    assert 0.07 * 100 > 7
    assert grading.top_share(values, share=0.07) == values.nlargest(7).sum() / values.sum()
    assert grading.top_share(values, share=0.071) == values.nlargest(8).sum() / values.sum()


@given(shares_of_something, st.integers(0, 5))
def test_concentration_repeats_and_ignores_the_order_of_values(values: pd.Series, seed: int) -> None:
    first = grading.concentration(values, seed=seed, resamples=100)
    again = grading.concentration(values[::-1], seed=seed, resamples=100)
    assert_frame_equal(first, again)
    assert (first["low"] <= first["high"] + 1e-12).all()
    assert first["estimate"].tolist() == [grading.top_share(values), grading.gini(values)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_intervals_cover_the_truth(seed: int) -> None:
    # Values of an exponential distribution: Gini 1/2, the top fifth holds 0.2 × (1 + ln 5). A 95% interval
    # covers in about 93% of samples of 300; fewer than 80 of 100 has then a probability below 1 in 50,000 for each
    # figure and seed.
    truth = np.array([0.2 * (1 + math.log(5)), 0.5])
    generator = np.random.default_rng(seed)
    covered = np.zeros(2)
    for sample in range(100):
        table = grading.concentration(pd.Series(generator.exponential(size=300)), seed=sample, resamples=200)
        covered += (table["low"] <= truth) & (truth <= table["high"])
    assert (covered >= 80).all()


def test_a_higher_confidence_gives_a_wider_interval() -> None:
    values = pd.Series(np.random.default_rng(0).exponential(size=200))
    narrow, wide = (grading.concentration(values, confidence=c) for c in (0.5, 0.99))
    assert (wide["low"] < narrow["low"]).all()
    assert (wide["high"] > narrow["high"]).all()


@pytest.mark.parametrize("function", [grading.lorenz, grading.gini, grading.top_share, grading.concentration])
def test_shares_of_nothing_or_of_losses_are_refused(function: Any) -> None:
    with pytest.raises(TableError, match="All values are zero"):
        function(pd.Series([0.0, 0.0]))
    with pytest.raises(TableError, match=r"1 of 2 values are negative"):
        function(pd.Series([3.0, -1.0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0.0}, "share must be"),
        ({"share": 1.5}, "share must be"),
        ({"confidence": 95}, "confidence must be"),
        ({"resamples": 10}, "resamples must be"),
    ],
)
def test_concentration_refuses_odd_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        grading.concentration(pd.Series([1.0, 2.0]), **options)


# ── Zones ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def customer_tables(draw: st.DrawFn) -> pd.DataFrame:
    row = st.tuples(*[st.integers(0, 100)] * 4)
    rows = draw(st.lists(row, min_size=1, max_size=30))
    names = ["recency_days", "monetary_net", "spend_recent", "spend_before"]
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[1:], float))


@given(customer_tables(), st.integers(0, 100), st.floats(0.01, 0.99), st.floats(0, 2))
def test_zones_follow_the_rule(customers: pd.DataFrame, frozen_after: int, value_share: float, falling: float) -> None:
    zones = grading.zones(customers, frozen_after=frozen_after, value_share=value_share, falling=falling)
    top = grading.abc(customers["monetary_net"], cuts=[value_share]) == "A"
    for row, zone, valuable in zip(customers.itertuples(), zones, top, strict=True):
        if row.recency_days > frozen_after:
            assert zone == "frozen"
        elif row.spend_recent < falling * row.spend_before:
            assert zone == "migrating"
        else:
            assert zone == ("value" if valuable else "potential")
    assert zones.cat.categories.tolist() == ["value", "potential", "migrating", "frozen"]


@given(customer_tables())
def test_thresholds_mean_what_they_say(customers: pd.DataFrame) -> None:
    def count(zone: str, **options: float) -> int:
        return int((grading.zones(customers, **{"frozen_after": 50, **options}) == zone).sum())

    assert count("frozen", frozen_after=40) >= count("frozen", frozen_after=60)
    assert count("frozen", frozen_after=math.inf) == 0
    assert count("migrating", falling=0) == 0
    assert count("migrating", falling=0.3) <= count("migrating", falling=0.9)
    assert count("value", value_share=0.5) <= count("value", value_share=0.9)


def test_zones_by_another_value_and_what_they_need() -> None:
    customers = pd.DataFrame({"recency_days": [0, 0], "spend_recent": 1.0, "spend_before": 1.0, "profit": [1.0, 99.0]})
    assert grading.zones(customers, current_value="profit", frozen_after=1).tolist() == ["potential", "value"]
    with pytest.raises(TableError, match="lacks the column 'monetary_net'"):
        grading.zones(customers, frozen_after=1)
    with pytest.raises(TableError, match="spend_windows table lacks the column 'spend_before'"):
        grading.zones(customers.drop(columns="spend_before"), current_value="profit", frozen_after=1)


@pytest.mark.parametrize(
    "option", [{"frozen_after": -1}, {"value_share": 1}, {"falling": -0.1}, {"frozen_after": math.nan}]
)
def test_zones_refuse_odd_thresholds(option: dict[str, float]) -> None:
    customers = pd.DataFrame({"recency_days": [0], "spend_recent": 1.0, "spend_before": 1.0, "monetary_net": 1.0})
    with pytest.raises(ValueError, match=next(iter(option))):
        grading.zones(customers, **{"frozen_after": 10, **option})


# ── Silence and calls ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_frozen_after_gives_each_customer_one_voice() -> None:
    gaps = pd.DataFrame({"customer_id": ["often"] * 100 + ["a", "b", "c"], "gap_days": [1] * 100 + [30, 60, 90]})
    assert [grading.suggest_frozen_after(gaps, share=share) for share in (0.25, 0.5, 0.75, 1.0)] == [1, 30, 60, 90]


@given(order_tables(), st.floats(0.05, 1))
def test_frozen_after_is_a_pause_that_happened(orders: pd.DataFrame, share: float) -> None:
    gaps = features.order_gaps(orders)
    if gaps.empty:
        with pytest.raises(TableError, match="nobody ordered on two days"):
            grading.suggest_frozen_after(gaps, share=share)
        return
    days = grading.suggest_frozen_after(gaps, share=share)
    assert days in set(gaps["gap_days"])
    voices = 1 / gaps.groupby("customer_id")["gap_days"].transform("size")
    assert voices[gaps["gap_days"] <= days].sum() >= share * voices.sum() - 1e-6
    assert voices[gaps["gap_days"] < days].sum() <= share * voices.sum() + 1e-6


@given(order_tables(), st.integers(0, 300), st.integers(1, 3), st.integers(1, 4), st.integers(0, 99))
def test_calls_follow_the_rule(orders: pd.DataFrame, frozen_after: int, least: int, count: int, seed: int) -> None:
    rfm, gaps = features.rfm(orders), features.order_gaps(orders)
    options = {"frozen_after": frozen_after, "min_gaps": least}
    calls = grading.next_best_call(rfm, gaps, **options, count=count)
    assert list(calls.columns) == list(tables.vocabulary()["calls"].columns)
    expected = set()
    for customer, own in gaps.groupby("customer_id"):
        silence = rfm.set_index("customer_id").loc[customer, "recency_days"]
        if len(own) >= least and own["gap_days"].max() < silence <= frozen_after:
            expected.add(customer)
    everybody = grading.next_best_call(rfm, gaps, **options, count=99)
    assert set(everybody["customer_id"]) == expected
    assert everybody["value_at_stake"].is_monotonic_decreasing
    assert_frame_equal(calls, everybody.head(count))
    shuffled = (frame.sample(frac=1, random_state=seed) for frame in (rfm, gaps))
    assert_frame_equal(grading.next_best_call(*shuffled, **options, count=count), calls)


def visits(customer: str, start: str, *pauses: int, net: float = 100.0) -> pd.DataFrame:
    days = pd.Timestamp(start) + pd.to_timedelta(np.cumsum((0, *pauses)), unit="D")
    return pd.DataFrame({"customer_id": customer, "ts": days, "net": net, "order_id": [f"{customer}{d}" for d in days]})


def test_calls_of_a_small_shop() -> None:
    orders = pd.concat(
        [
            visits("quiet", "2024-01-01", 10, 20, 10, 20),  # last on 1 March
            visits("large", "2023-03-01", 100, 100, 65, 1, net=1_000.0),  # last on 22 November
            visits("normal", "2024-01-01", 40, 30, 30, net=1_000.0),
            visits("new", "2024-03-01", 5, net=1_000.0),
            visits("anchor", "2024-04-10"),
        ]
    )
    rfm, gaps = features.rfm(orders), features.order_gaps(orders)
    calls = grading.next_best_call(rfm, gaps, frozen_after=180)
    assert calls["customer_id"].tolist() == ["large", "quiet"]
    days_known = (pd.Timestamp("2024-04-10") - pd.Timestamp("2023-03-01")).days + 1
    assert calls["value_at_stake"].tolist() == pytest.approx([5_000 * 365 / days_known, 500.0])
    assert calls["call_reason"][1] == ("5 order days, usually 15 days apart, at most 20; silent for 41.")
    assert grading.next_best_call(rfm, gaps, frozen_after=100)["customer_id"].tolist() == ["quiet"]
    assert grading.next_best_call(rfm, gaps, frozen_after=20).empty


def test_a_pause_as_long_as_one_before_is_no_reason_to_call() -> None:
    for silence, names in ((20, []), (21, ["quiet"])):
        orders, day = visits("quiet", "2024-01-01", 10, 20, 10), pd.Timestamp("2024-02-10") + pd.Timedelta(days=silence)
        tables_of_both = features.rfm(orders, as_of=day), features.order_gaps(orders, as_of=day)
        assert grading.next_best_call(*tables_of_both, frozen_after=21)["customer_id"].tolist() == names
        assert grading.next_best_call(*tables_of_both, frozen_after=20).empty


def test_calls_refuse_tables_that_do_not_belong_together_and_odd_options() -> None:
    rfm, gaps = (make(visits("a", "2024-01-01", 5, 5)) for make in (features.rfm, features.order_gaps))
    with pytest.raises(TableError, match="same transactions"):
        grading.next_best_call(rfm, gaps.assign(customer_id="b"), frozen_after=9)
    for options in ({"frozen_after": -1}, {"frozen_after": 9, "count": 0}, {"frozen_after": 9, "min_gaps": 0}):
        with pytest.raises(ValueError, match="must be"):
            grading.next_best_call(rfm, gaps, **options)


# ── A real shop ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_published_figures_of_online_retail(shared_data: Path) -> None:
    revenue = features.rfm(online_retail(shared_data))["monetary"]
    assert grading.abc(revenue).value_counts().to_dict() == {"A": 1132, "B": 1469, "C": 1737}
    assert grading.top_share(revenue) == pytest.approx(0.74617, abs=5e-6)
    assert grading.gini(revenue) == pytest.approx(0.71514, abs=5e-6)
    interval = grading.concentration(revenue, resamples=200)
    assert (interval["low"] < interval["estimate"]).all()
    assert (interval["estimate"] < interval["high"]).all()
