"""docs/report.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from crmlab.reading.names import OPTIONS
from crmlab.reading.sorting import REASONS

BEGIN, END = "<!-- reasons: begin -->\n", "<!-- reasons: end -->"


def reasons_table() -> str:
    rows = [f"| {reason} | {treatment} | {change} |\n" for reason, (treatment, change) in REASONS.items()]
    return "".join(["| reason | treatment | to change that |\n", "|---|---|---|\n", *rows])


def test_reasons_of_the_page_are_those_of_the_code(root: Path) -> None:
    text = (root / "docs" / "report.md").read_text(encoding="utf-8")
    shown = text[text.index(BEGIN) + len(BEGIN) : text.index(END)]
    assert shown.strip() == reasons_table().strip()


def test_options_of_the_page_are_those_of_the_code(root: Path) -> None:
    text = (root / "docs" / "report.md").read_text(encoding="utf-8")
    assert [option for option in OPTIONS.values() if f"`--{option}`" not in text] == []
