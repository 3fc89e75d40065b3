"""What an offer to come back is worth, against worlds in which it is made."""

from __future__ import annotations

import numpy as np
import pytest

from crmlab import World


def test_who_is_there_gains_nothing_and_who_has_left_is_known() -> None:
    world = World(customers=400, months=18, seed=3)
    table = world.waking(from_month=18, offer=0.15, replications=4)
    left = world.simulate().truth.customers.set_index("customer_id")["death_time"].reindex(table.index) < 18
    assert (table["left"] == left).all()
    assert (table.loc[~left, ["chance", "value_if_back", "gain"]] == 0).all().all()
    assert table.loc[left, "chance"].between(0, 1, inclusive="neither").all()
    assert np.allclose(table["gain"], table["chance"] * table["value_if_back"])
    more = world.waking(from_month=18, offer=0.4, replications=4)
    assert (more.loc[left, "chance"] > table.loc[left, "chance"]).all()
    with pytest.raises(ValueError, match="between 0 and 1"):
        world.waking(from_month=18, offer=2.0)


def test_as_many_come_back_as_it_says_and_bring_as_much() -> None:
    # Everybody whom the firm has not heard of for a month gets the offer in one month of each of these worlds.
    world = World(customers=3_000, months=30, seed=1).changed({"win_back.silence_months": 1})
    table = world.waking(from_month=18, offer=0.15, replications=8)
    left = table.index[table["left"]]
    asked = world.do(win_back_offer=0.15, start=18, stop=19)
    came, brought = [], []
    for number in range(6):
        months = asked.with_luck(number).simulate().truth.months
        # Other luck, other departures: only shares and means can be compared.
        gone = asked.with_luck(number).waking(from_month=18, offer=0.15, replications=2)
        lost = gone.index[gone["left"]]
        since = months[(months["month"] >= 18) & months["customer_id"].isin(lost) & (months["exposure"] > 0)]
        came.append(since["customer_id"].nunique() / len(lost))
        brought.append((since["profit"].sum()) / len(lost))
    chance, error = table.loc[left, "chance"].mean(), np.std(came, ddof=1) / np.sqrt(6)
    assert np.mean(came) == pytest.approx(chance, abs=4 * error + 0.003)
    gain, error = table.loc[left, "gain"].mean(), np.std(brought, ddof=1) / np.sqrt(6)
    assert np.mean(brought) == pytest.approx(gain, abs=4 * error + 0.05 * gain)
