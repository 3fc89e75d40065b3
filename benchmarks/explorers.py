"""How long a moved control takes on our side: model, drawing and PNG, without JupyterLab and the browser.

The whole way, from key to new picture, is in ``artefacts/browser/*.json`` after the browser test.
"""

from __future__ import annotations

import statistics
import time

import crmlab as crm
from crmlab.explorers import Explorer
from crmlab.explorers.binding import image

MOVES = 10


def moves(explorer: Explorer) -> list[float]:
    """Move every slider a few steps and return the milliseconds that each new picture took."""
    image(explorer, explorer.defaults())
    taken = []
    for control in explorer.controls:
        if control.kind != "slider":
            continue
        places = round((control.high - control.low) / control.step)
        for place in range(1, min(MOVES, places) + 1):
            values = {**explorer.defaults(), control.name: control.low + place * control.step}
            if all(float(number).is_integer() for number in (control.low, control.step)):
                values[control.name] = int(values[control.name])
            start = time.perf_counter()
            image(explorer, values)
            taken.append(1_000 * (time.perf_counter() - start))
    return taken


def main() -> None:
    """Print a table."""
    lesson = crm.lesson("03")
    orders, customers = lesson.run.transactions, lesson.data.customers_table
    value = crm.explorers.customer_value
    explorers = [
        crm.explorers.start_here.cockpit(crm.lesson("00").world),
        value.concentration(orders, on_file=len(lesson.run.customers)),
        value.luck(orders),
        value.classes(customers),
    ]
    print("| explorer | moves | median ms | slowest ms |\n|---|---|---|---|")
    for explorer in explorers:
        taken = moves(explorer)
        print(f"| {explorer.name} | {len(taken)} | {statistics.median(taken):.0f} | {max(taken):.0f} |")


if __name__ == "__main__":
    main()
