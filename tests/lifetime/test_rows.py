"""Counting identical rows: portion after portion gives what all at once gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmlab.lifetime import rows
from crmlab.lifetime.rows import count_rows, group_rows

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 4)), min_size=1, max_size=60)


@given(table=ROWS, portion=st.integers(1, 70), weighted=st.booleans())
def test_portions_change_nothing(table: list[tuple[int, int, int]], portion: int, weighted: bool) -> None:
    x, T, weights = np.array(table, dtype=float).T
    given_weights = weights if weighted else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "PORTION", portion)
        distinct, count = count_rows([x, T], given_weights)
    expected, counts, where = group_rows([x, T], given_weights)
    for found, wanted in zip(distinct, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(wanted[where], {id(expected[0]): x, id(expected[1]): T}[id(wanted)])
    np.testing.assert_allclose(count, counts)
    by_pandas = pd.DataFrame({"x": x, "T": T, "w": weights if weighted else 1.0}).groupby(["x", "T"], sort=False)
    np.testing.assert_allclose(count, by_pandas["w"].sum())


@pytest.mark.parametrize("weights", [None, np.arange(2_000.0)])
def test_rows_that_hardly_agree_are_left_as_they_are(weights: np.ndarray | None) -> None:
    times = np.random.default_rng(1).random(2_000)
    distinct, count = count_rows([times], weights)
    assert distinct[0] is times
    np.testing.assert_array_equal(count, np.ones(2_000) if weights is None else weights)
