"""Branches: how content the employees of each are (service–profit chain)."""

from __future__ import annotations

import numpy as np

from crmlab.streams import normal
from crmlab.world.population import Floats
from crmlab.world.scenario import Scenario


def staff_deviation(scenario: Scenario, month: int, *, seed: int) -> Floats:
    """Return by how many points the employees of each branch are more content than those of the firm.

    A part of it belongs to the branch, another wanders: the mean of what befell the branch in three months.

    Parameters
    ----------
    scenario : Scenario
        Spreads, in points of employee satisfaction.
    month : int
        Month of the simulation.
    seed : int
        Seed of the people.

    Returns
    -------
    float32 array, shape (branches,)
    """
    p = scenario.branches
    branch = np.arange(1, p.count + 1)
    events = [normal(branch, seed=seed, mechanism="staff", month=month - back, draw=2) for back in range(3)]
    wandering = (events[0] + events[1] + events[2]) / np.float32(3**0.5)
    lasting = normal(branch, seed=seed, mechanism="staff", draw=3)
    return np.float32(p.staff_spread) * lasting + np.float32(p.staff_noise) * wandering
