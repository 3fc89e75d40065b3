"""Speed of the world on one core: customer-months per second, beside the bare draws of as many random numbers.

Run it with ``python benchmarks/world.py [customers]``. Times are processor times of this process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from crmlab.streams import uniform
from crmlab.world import World
from crmlab.world.record import record_block
from crmlab.world.simulation import BLOCK, Block, who_joins

MONTHS = 24
# Draws of a living customer in a month (mails opened, unsubscribing, death, purchase, enrolment) and of an order
# (time, value, delay, failure, experience, complaint, resolution).
DRAWS_PER_MONTH, DRAWS_PER_ORDER = 6, 3


def timed(work: Callable[[], object]) -> float:
    """Return the least of three processor times, in seconds."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main(customers: int) -> None:
    """Measure and print."""
    world = World("cosmetics", customers=customers, months=MONTHS, seed=1)
    population = who_joins(world.setup)
    blocks = list(population.blocks(BLOCK))

    def live() -> tuple[int, int]:
        lived = placed = 0
        for part in blocks:
            block = Block(world.setup, part)
            for month in range(block.first_month, MONTHS):
                happened, _, _ = block.month(month)
                lived += len(block.state)
                placed += len(happened.orders.place)
                block.bury(month, happened)
        return lived, placed

    lived, placed = live()
    ids = np.arange(BLOCK)

    def bare() -> None:
        for _ in range(0, lived * DRAWS_PER_MONTH + placed * DRAWS_PER_ORDER, BLOCK):
            uniform(ids, seed=1, mechanism="purchase")

    draws = timed(bare)
    rows = {name: len(table) for name, table in world.simulate().tables.items()}
    results = [
        ("bare draws of as many numbers", draws),
        ("months lived, nothing recorded", timed(live)),
        ("months and orders recorded", timed(lambda: [record_block(world.setup, part) for part in blocks])),
        ("all tables", timed(world.simulate)),
    ]
    nominal = customers * MONTHS
    print(f"{customers:,} customers on the first day × {MONTHS} months = {nominal:,} customer-months asked for;")
    history = world.scenario.firm.history_months
    print(f"with {history} months of history and newcomers {lived:,} were lived, with {placed:,} orders.")
    print("rows: " + ", ".join(f"{name} {count:,}" for name, count in rows.items()))
    print(f"{'':34}{'seconds':>9}{'asked for per s':>18}{'lived per s':>14}{'× bare draws':>14}")
    for name, seconds in results:
        print(f"{name:34}{seconds:9.2f}{nominal / seconds:18,.0f}{lived / seconds:14,.0f}{seconds / draws:14.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
