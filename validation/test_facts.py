"""Facts of the cosmetics world on three seeds, 60,000 customers each; ``python -m validation.facts`` prints them."""

from __future__ import annotations

import pytest

from validation.facts import FACTS


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("fact", FACTS, ids=[f"{fact.number} {fact.meaning}" for fact in FACTS])
def test_fact(fact, seed) -> None:
    value = fact.compute(seed)
    assert fact.low <= value <= fact.high, f"{value:.4g}; {fact.source}; calibrated: {fact.calibrated}"
