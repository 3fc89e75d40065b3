"""The table of facts: the rule of the verdict, the choice of rows, and the command. The facts themselves are slow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crmlab.cli import main
from crmlab.facts import FACTS, Fact, check_facts, chosen_facts, judge, page, print_results
from crmlab.world import scenario_names


def fact(compute=lambda sample: 0.5, low=0.0, high=1.0, name=99) -> Fact:
    return Fact(name, "", "cosmetics", "a figure", low, high, "nobody", False, compute)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([0.5, 0.51, 0.49], "in"),
        ([0.9, 0.5, 0.95], "open"),  # the mean lies inside, the interval reaches out
        ([1.2, 1.21], "out"),
        ([-0.1, 1.0, 2.0], "open"),
        ([0.5, 0.5], "in"),
        ([float("nan"), 0.5], "out"),
    ],
)
def test_the_verdict(values, verdict) -> None:
    assert judge(fact(), values).verdict == verdict


def test_one_seed_is_no_evidence() -> None:
    with pytest.raises(ValueError, match="at least two seeds"):
        judge(fact(), [0.5])
    with pytest.raises(ValueError, match="seeds=1 is impossible"):
        check_facts([fact()], seeds=1)
    with pytest.raises(ValueError, match="customers=10 is too few"):
        check_facts([fact()], customers=10)


def test_an_open_fact_gets_more_seeds() -> None:
    seen: list[str] = []
    wide = fact(lambda sample: [0.9, 0.2][sample.seed % 2])
    sure = fact(name=98)
    results = check_facts([wide, sure], seeds=3, customers=1_000, progress=lambda stage, share: seen.append(stage))
    assert [len(result.values) for result in results] == [6, 3]
    assert [result.verdict for result in results] == ["in", "in"]
    assert results[0].values == (0.2, 0.9, 0.2, 0.9, 0.2, 0.9)
    assert seen[-1] == "Seed 6"
    never = check_facts([fact(lambda sample: [1.4, 0.5][sample.seed % 2])], seeds=2, customers=1_000)[0]
    assert (never.verdict, len(never.values)) == ("open", 8)


def test_numbers_are_unique_and_documented() -> None:
    names = [row.name for row in FACTS]
    assert len(set(names)) == len(names)
    for row in FACTS:
        assert row.low < row.high, row.name
        assert row.source and row.meaning, row.name
        assert 1 <= row.number <= 35, row.name


def test_choice() -> None:
    assert {row.number for row in chosen_facts(["7", "20b"])} == {7, 20}
    assert [row.name for row in chosen_facts(["20b"])] == ["20b"]
    with pytest.raises(ValueError, match="there is no fact '99'; there are "):
        chosen_facts(["99"])


def test_processes_do_not_change_a_value() -> None:
    rows = chosen_facts(["20a", "24a"])
    one, two = (check_facts(rows, seeds=2, customers=1_000, processes=number) for number in (1, 2))
    assert [result.values for result in one] == [result.values for result in two]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "facts.md"
    call = ["bench", "facts", "--only", "10", "--seeds", "2", "--customers", "2000"]
    assert main([*call, "--page", str(file)]) == 0
    assert "1 of 1 rows in" in capsys.readouterr().out
    assert "| 10 | slope of the verdict below expectation" in file.read_text("utf-8")
    assert main(["bench", "facts", "--only", "x"]) == 2
    assert "there is no fact 'x'" in capsys.readouterr().err


def test_a_fact_that_is_out_fails_the_command(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = fact(lambda sample: 7.0)
    monkeypatch.setattr("crmlab.facts.chosen_facts", lambda names: (wrong,))
    assert main(["bench", "facts", "--customers", "1000"]) == 1
    assert "out    99        7" in capsys.readouterr().out


def test_page_shows_open_ends() -> None:
    result = judge(fact(low=0.25, high=float("inf")), [0.5, 0.6, 0.7])
    text = page([result], seeds=3, customers=1_000)
    assert "| 0.25 and more | nobody | evidence | in |" in text
    print_results([result])


def test_a_known_miss_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    missed = judge(replace(fact(lambda sample: 7.0), miss="nobody knows why"), [7.0, 7.1])
    print_results([missed])
    assert "known to miss: nobody knows why" in capsys.readouterr().out
    assert "99 is known to miss its range: nobody knows why." in page([missed], seeds=2, customers=1_000)


def test_the_page_has_every_row(root: Path) -> None:
    """The figures are slow; that the page speaks of the facts as they are is quick."""
    text = (root / "docs" / "facts.md").read_text("utf-8")
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    for row in FACTS:
        line = rows[row.name]
        counts = "calibrated" if row.calibrated else "evidence"
        assert f"| {row.meaning} | {row.scenario} |" in line
        assert f"| {row.source} | {counts} |" in line
        assert line.endswith("| in |") or row.miss, row.name
    assert len(rows) == len(FACTS) + 1, "and a heading"
    assert {row.number for row in FACTS} == set(range(1, 36))


def test_facts_are_computed_in_every_business() -> None:
    assert {row.scenario for row in FACTS} == set(scenario_names())
