"""A branch gives the months that a whole simulation gives."""

from __future__ import annotations

import pandas as pd
import pytest

from crmlab import World
from crmlab.world.branch import Branch


@pytest.fixture(scope="module")
def world() -> World:
    return World("cosmetics", customers=150, months=15, seed=11)


@pytest.mark.parametrize("month", [0, 9, 14])
@pytest.mark.parametrize("levers", [{}, {"price": 0.8}, {"service": 0.9, "emails": 5}, {"promotion": 0.3}])
def test_it_continues_as_the_world_does(world: World, month: int, levers: dict[str, float]) -> None:
    """Price changes who joins later as well; the branch must let the same people in."""
    run = (world.do(start=month, **levers) if levers else world).simulate()
    months = run.truth.months.query("month >= @month").groupby("month")
    wanted = months.agg(profit=("profit", "sum"), orders=("orders", "sum"), satisfaction=("satisfaction", "mean"))
    branch = Branch(world, month)
    for _ in range(2):  # continuing leaves the branch as it was
        pd.testing.assert_frame_equal(branch.monthly(**levers), wanted, check_dtype=False, check_index_type=False)


def test_a_month_that_is_not_there(world: World) -> None:
    with pytest.raises(ValueError, match="month=15 is not a month of this world, which has 0 to 14"):
        Branch(world, 15)
