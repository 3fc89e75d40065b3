"""A service desk as a queue: who waits how long, with and without priority, hand-overs and impatience."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pandas as pd
import simpy

_COLUMNS = ("case", "priority", "arrived", "waited", "handovers", "finished", "left")


def service_desk(
    *,
    cases_per_hour: float,
    minutes_per_case: float,
    agents: int,
    hours: float = 400,
    priority_share: float = 0.0,
    handover_chance: float = 0.0,
    patience_minutes: float = np.inf,
    seed: int = 0,
) -> pd.DataFrame:
    """Simulate a desk and return one row per case.

    Cases come at random, work takes exponential time. A case of priority is served before the others, yet no work is
    broken off. A hand-over puts the case back into the line, as new, at another agent: "first asked is responsible" is
    a chance of 0.

    Parameters
    ----------
    cases_per_hour : float
        Mean arrivals.
    minutes_per_case : float
        Mean work per agent who has the case.
    agents : int
        Agents at work.
    hours : float, default 400
        Time simulated; cases still open at its end are worked off.
    priority_share : float, default 0
        Share of the cases with priority, such as those of the best customers.
    handover_chance : float, default 0
        Chance that an agent passes the case on after working on it, each time anew, below 1.
    patience_minutes : float, default endless
        Mean of the exponential time after which a customer in line gives up; it starts anew in each line.
    seed : int, default 0
        Seed of the draws; each case has its own, so that another number of agents meets the same cases.

    Returns
    -------
    DataFrame
        ``case``, ``priority``, ``arrived`` (hours), ``waited`` (minutes in line, over all lines), ``handovers``,
        ``finished`` (hours; missing for who left), ``left`` (gave up).

    Raises
    ------
    ValueError
        If an option is out of range, or patient customers come faster than they can be served.

    References
    ----------
    Kleinrock (1976), Queueing Systems 2. The engine is SimPy.

    Examples
    --------
    >>> cases = service_desk(cases_per_hour=5, minutes_per_case=10, agents=1, priority_share=0.2, seed=1)
    >>> waited = cases.groupby("priority")["waited"].mean()
    >>> bool(waited[True] < waited[False])
    True
    """
    if min(cases_per_hour, minutes_per_case, hours) <= 0 or agents < 1:
        raise ValueError("cases_per_hour, minutes_per_case and hours must be above 0, agents at least 1.")
    if not 0 <= priority_share <= 1 or not 0 <= handover_chance < 1 or patience_minutes <= 0:
        raise ValueError("priority_share must be in [0, 1], handover_chance in [0, 1), patience_minutes above 0.")
    load = cases_per_hour * minutes_per_case / 60 / (1 - handover_chance) / agents
    if load >= 1 and np.isinf(patience_minutes):
        raise ValueError(
            f"The desk has {load:.0%} of the work it can do: the line grows without end. More agents, or less "
            "work a case."
        )
    rng = np.random.default_rng(seed)
    arrivals = np.cumsum(rng.exponential(1 / cases_per_hour, int(cases_per_hour * hours * 1.2) + 50))
    arrivals = arrivals[arrivals < hours]
    important = rng.random(len(arrivals)) < priority_share
    seeds = rng.integers(0, 2**63, len(arrivals))
    world = simpy.Environment()
    desk = simpy.PriorityResource(world, capacity=agents)
    rows: list[tuple[Any, ...]] = []

    def case(number: int) -> Generator[simpy.Event, Any, None]:
        own = np.random.default_rng(seeds[number])
        yield world.timeout(arrivals[number])
        waited, handovers = 0.0, 0
        while True:
            joined = world.now
            with desk.request(priority=0 if important[number] else 1) as turn:
                if np.isinf(patience_minutes):
                    yield turn
                else:
                    patience = own.exponential(patience_minutes / 60)
                    yield turn | world.timeout(patience)
                waited += world.now - joined
                if not turn.triggered:
                    rows.append((number, important[number], arrivals[number], waited * 60, handovers, np.nan, True))
                    return
                yield world.timeout(own.exponential(minutes_per_case / 60))
            if own.random() >= handover_chance:
                rows.append((number, important[number], arrivals[number], waited * 60, handovers, world.now, False))
                return
            handovers += 1

    for number in range(len(arrivals)):
        world.process(case(number))
    world.run()
    return pd.DataFrame(rows, columns=list(_COLUMNS)).sort_values("case", ignore_index=True)
