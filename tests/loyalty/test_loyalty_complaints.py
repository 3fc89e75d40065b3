"""Complaints, causes, waiting and the desk: against what made the data, and against queueing theory."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from crmlab import TableError, loyalty

# ── Iceberg ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("p", [0.02, 0.04, 0.10, 0.20])
def test_the_iceberg_is_covered_whatever_share_complains(p: float) -> None:
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        estimate = loyalty.iceberg(rng.binomial(4_000, p), asked=400, complained=rng.binomial(400, p))
        covered += estimate.low <= 4_000 <= estimate.high
    assert covered >= 178  # fewer of 200 at 95%: probability 0.0005


def test_nobody_complained_in_the_survey_leaves_a_bound_from_below() -> None:
    estimate = loyalty.iceberg(50, asked=100, complained=0)
    assert math.isinf(estimate.value) and math.isinf(estimate.high) and 1_000 < estimate.low < 1_500
    assert loyalty.iceberg(0, asked=100, complained=10).value == 0
    with pytest.raises(TableError):
        loyalty.iceberg(5, asked=0, complained=0)


def test_capture_recapture_is_right_for_independent_lists_and_too_low_for_the_outspoken() -> None:
    covered, low = 0, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        first, second = rng.random((2, 2_000)) < 0.15
        estimate = loyalty.capture_recapture(np.flatnonzero(first), np.flatnonzero(second))
        covered += estimate.low <= 2_000 <= estimate.high
        outspoken = rng.beta(0.5, 2.8, 2_000)
        first, second = rng.random((2, 2_000)) < outspoken
        low += loyalty.capture_recapture(np.flatnonzero(first), np.flatnonzero(second)).high < 2_000
    assert covered >= 87  # fewer of 100 at 95%: probability 0.001
    assert low >= 95


def test_the_same_people_on_both_lists_are_all_there_are() -> None:
    assert loyalty.capture_recapture([1, 2, 3], [3, 2, 1, 1]) == loyalty.Estimate(3.0, 3.0, 3.0, 3)
    with pytest.raises(TableError):
        loyalty.capture_recapture([], [1])


def test_silence_weighted_and_not() -> None:
    unhappy, spoke = [True] * 4 + [False], [True, False, False, False, True]
    assert loyalty.silent_share(unhappy, spoke).value == 0.75
    assert loyalty.silent_share(unhappy, spoke, weights=[3, 1, 1, 1, 9]).value == 0.5
    with pytest.raises(TableError, match="Nobody was dissatisfied"):
        loyalty.silent_share([False], [True])


def test_recovery_compares_with_silence() -> None:
    path = ["silent"] * 200 + ["quick"] * 100 + ["no problem"] * 400 + [None]
    loyal = [True] * 80 + [False] * 120 + [True] * 80 + [False] * 20 + [True] * 320 + [False] * 80 + [True]
    table = loyalty.recovery_effect(path, loyal)
    assert table.index[0] == "silent" and table["customers"].sum() == 700
    assert table.loc["quick", "gain"] == pytest.approx(0.4) and table.loc["quick", "gain_low"] > 0.25
    with pytest.raises(TableError, match="No customer has the path 'angry'"):
        loyalty.recovery_effect(path, loyal, reference="angry")


# ── Causes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_label_and_all_labels_answer_different_questions() -> None:
    table = loyalty.cause_shares(["late|rude", "late", "rude | dear", None, ""])
    assert table["reviews"].tolist() == [3, 3, 3]
    assert table["share"].to_dict() == pytest.approx({"late": 2 / 3, "rude": 2 / 3, "dear": 1 / 3})
    assert table["mentions"].sum() == pytest.approx(1)
    with pytest.raises(TableError):
        loyalty.cause_shares([None, ""])


def test_reviews_of_the_same_people_count_less() -> None:
    rng = np.random.default_rng(1)
    person = np.repeat(np.arange(60), 5)
    causes = np.where(np.repeat(rng.random(60) < 0.3, 5), "late", "rude")
    plain, clustered = loyalty.cause_shares(causes), loyalty.cause_shares(causes, customers=person)
    widths = [(table["high"] - table["low"])["late"] for table in (plain, clustered)]
    assert widths[1] > 1.8 * widths[0]


def test_a_careless_coder_is_corrected_with_an_honest_interval() -> None:
    names = ["late", "rude", "dear"]
    chance = np.array([[0.8, 0.15, 0.05], [0.1, 0.85, 0.05], [0.2, 0.1, 0.7]])
    truth = np.array([0.25, 0.6, 0.15])
    covered = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        confusion = pd.DataFrame([rng.multinomial(150, row) for row in chance], index=names, columns=names)
        coded = np.repeat(names, rng.multinomial(1_500, truth @ chance))
        table = loyalty.corrected_shares(coded, confusion, resamples=200)
        assert table["share"].sum() == pytest.approx(1)
        covered.append((table["low"] < truth) & (truth < table["high"]))
    assert np.mean(covered) >= 0.86  # 90 intervals of 95%, with 200 samples each: fewer has probability below 0.001
    with pytest.raises(TableError, match="does not tell the causes apart"):
        loyalty.corrected_shares(["late"], pd.DataFrame(50, index=names, columns=names))
    with pytest.raises(TableError, match="'odd' are not in confusion"):
        loyalty.corrected_shares(["odd"], confusion)


# ── Waiting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_open_tickets_count_as_waiting() -> None:
    opened = pd.Timestamp("2025-01-01") + pd.to_timedelta(range(10), unit="D")
    tickets = pd.DataFrame({"opened_ts": opened, "closed_ts": opened + pd.Timedelta(hours=100)})
    table = loyalty.hours_open(tickets, as_of="2025-01-06")
    assert len(table) == 6 and table["answered"].tolist() == [True, True, False, False, False, False]
    assert loyalty.answered_within(table["hours"], table["answered"], within=99).value == 0
    assert loyalty.answered_within(table["hours"], table["answered"], within=100).value == 1
    with pytest.raises(TableError, match="close before they open"):
        loyalty.hours_open(tickets.assign(closed_ts=opened[0] - pd.Timedelta(days=1)), as_of="2025-02-01")


def test_waiting_of_censored_tickets_is_covered() -> None:
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        wait, until = rng.exponential(20, 150), rng.uniform(10, 80, 150)
        answer = loyalty.answered_within(np.minimum(wait, until), wait <= until, within=24)
        covered += answer.low <= 1 - np.exp(-24 / 20) <= answer.high
    assert covered >= 50  # fewer of 60 at 95%: probability 0.0002


# ── Desk ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _mean_wait(**options: float) -> np.ndarray:
    """Mean wait of all, of priority and of the others, minutes, in 8 runs."""
    out = []
    for seed in range(8):
        cases = loyalty.service_desk(seed=seed, **options)
        groups = [cases, cases[cases["priority"]], cases[~cases["priority"]]]
        out.append([group["waited"].mean() for group in groups])
    return np.array(out)


def test_waits_agree_with_the_formula_of_erlang() -> None:
    waits = _mean_wait(cases_per_hour=10, minutes_per_case=10, agents=2, hours=150)[:, 0]
    load = 10 * 10 / 60
    line = load**2 / 2 / (1 - load / 2)
    expected = line / (1 + load + line) * 10 / (2 - load)
    error = waits.std(ddof=1) / np.sqrt(len(waits))
    assert abs(waits.mean() - expected) < 5 * error and error < 0.25 * expected


def test_waits_of_two_classes_agree_with_the_formula_of_cobham() -> None:
    waits = _mean_wait(cases_per_hour=4, minutes_per_case=10, agents=1, hours=250, priority_share=0.3)[:, 1:]
    load = 4 * 10 / 60
    remaining = load * 10
    expected = np.array([remaining / (1 - 0.3 * load), remaining / (1 - 0.3 * load) / (1 - load)])
    error = waits.std(axis=0, ddof=1) / np.sqrt(len(waits))
    assert (np.abs(waits.mean(axis=0) - expected) < 5 * error).all()


def test_first_asked_is_responsible_saves_time_and_impatience_loses_customers() -> None:
    options = {"cases_per_hour": 5, "minutes_per_case": 8, "agents": 1, "hours": 150, "seed": 1}
    one, many = loyalty.service_desk(**options), loyalty.service_desk(**options, handover_chance=0.25)
    assert one["handovers"].sum() == 0 and many["handovers"].mean() == pytest.approx(1 / 3, abs=0.1)
    spent = [(t["finished"] - t["arrived"]).mean() for t in (one, many)]
    assert spent[1] > 1.5 * spent[0]
    assert one["arrived"].equals(many["arrived"])
    hurried = loyalty.service_desk(**options, patience_minutes=5)
    assert 0.1 < hurried["left"].mean() < 0.6
    assert (hurried["finished"].isna() == hurried["left"]).all()
    more = loyalty.service_desk(**{**options, "agents": 2}, patience_minutes=5)
    assert more["left"].mean() < hurried["left"].mean() / 2


@pytest.mark.parametrize("wrong", [{"agents": 0}, {"priority_share": 2}, {"handover_chance": 1}, {"cases_per_hour": 7}])
def test_impossible_desks(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        loyalty.service_desk(**{"cases_per_hour": 5, "minutes_per_case": 10, "agents": 1, **wrong})


def test_complaints_can_point_at_the_wrong_branch() -> None:
    assert loyalty.complaint_rank([0.01, 0.02, 0.03, 0.04], [4.0, 3.5, 3.0, 2.5]) == pytest.approx(1)
    assert loyalty.complaint_rank([0.04, 0.03, 0.02, 0.01], [4.0, 3.5, 3.0, 2.5]) == pytest.approx(-1)
