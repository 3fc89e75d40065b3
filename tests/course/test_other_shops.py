"""The prose of the lessons in shops other than the course's: what students with their own shop read."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmlab.course.execute import execute
from crmlab.course.publish import open_shop
from crmlab.course.source import Source, assemble, find_sources
from crmlab.exercises.session import available

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SOURCES = [source for source in find_sources(NOTEBOOKS / "source") if source.number in available()]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 5, 11, 1_814_422_219])
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_the_lesson_says_is_true_of_other_shops(source: Source, seed: int) -> None:
    notebook = assemble(source, edition="solution")
    open_shop(notebook, source.number, f"seed={seed}")
    assert execute(notebook, strict=False) == []
