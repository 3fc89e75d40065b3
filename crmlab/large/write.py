"""Write a large world part by part."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from crmlab.data import made_with
from crmlab.large.folder import (
    MANIFEST,
    PART,
    UNFINISHED,
    check_folder,
    entry_of,
    finish,
    finished_parts,
    json_bytes,
    only_writer,
    open_folder,
    put,
    record_name,
)
from crmlab.large.tables import TRUTH, dictionary, is_personal, write_table
from crmlab.tables import vocabulary
from crmlab.world import World
from crmlab.world.acquisition import slice_ids

Progress = Callable[[str, float], None]


def write_large(
    world: World,
    folder: str | Path,
    *,
    truth: Sequence[str] = ("traits",),
    processes: int = 1,
    part_size: int = PART,
    progress: Progress = lambda stage, share: None,
) -> Path:
    """Write the tables of a world as partitioned Parquet, a part of its customers at a time.

    A folder that an interrupted call left behind is continued: finished parts stay, the rest is written, and the result
    has the same bytes as that of a call without interruption.

    Parameters
    ----------
    world : World
        Which one.
    folder : str or Path
        Where to; new, empty, or begun by the same call.
    truth : sequence of str
        Tables of the truth to write: ``traits``, ``months``, ``customers``. The last holds the expected future of
        everybody, which takes far longer than all the rest.
    processes : int
        Processes that share the work. Memory grows with them, the result stays.
    part_size : int
        Customers of the first day in one part, at least.
    progress : function
        Told what is being done, and the share of the parts that is done.

    Returns
    -------
    Path
        The folder: one folder per table with a file per part, ``truth`` with the same, ``manifest.json``.

    Raises
    ------
    LargeWorldError
        If the folder holds anything else.
    ValueError
        If a table of the truth does not exist.
    """
    unknown = [name for name in truth if name not in TRUTH]
    if unknown:
        raise ValueError(f"truth: there is no table {unknown[0]!r}; there are {', '.join(TRUTH)}")
    target = Path(folder)
    plan = {**_description(world), "part_size": part_size, "truth": sorted(set(truth))}
    check_folder(target, plan)
    with only_writer(target):
        open_folder(target, plan)
        count = part_count(world, part_size)
        done = finished_parts(target)
        missing = [part for part in range(count) if part not in done]
        progress("Writing", len(done) / count)
        for part, record in _work(world, target, plan, missing, processes):
            done[part] = record
            progress("Writing", len(done) / count)
        files = {name: entry for part in sorted(done) for name, entry in done[part].items()}
        names = sorted({_table(name) for name in files}, key=list(vocabulary()).index)
        put(target, "DICTIONARY.md", dictionary(f"The world `{world.scenario.name}`", names).encode("utf-8"))
        put(target, MANIFEST, json_bytes({**plan, "files": dict(sorted(files.items()))}))
        (target / UNFINISHED).rmdir()
    return target


def _table(file: str) -> str:
    """Return the name in the vocabulary of the table of a file."""
    name = file.removeprefix("truth/").split("/")[0].removesuffix(".parquet")
    return f"truth_{name}" if file.startswith("truth/") else name


def part_count(world: World, size: int) -> int:
    """Return the number of parts. With the usual size a part is a village, and needs nobody else to be simulated."""
    return max(1, world.customers // size)


def write_part(world: World, folder: Path, plan: dict[str, Any], part: int) -> dict[str, Any]:
    """Simulate a part and write its files, then its record.

    Parameters
    ----------
    world : World
        Which one.
    folder : Path
        Of the large world.
    plan : dict
        As in ``plan.json``.
    part : int
        Number of the part.

    Returns
    -------
    dict
        Record: what the manifest says of each file.
    """
    run = world.simulate(customers=slice_ids(world.setup, part, part_count(world, plan["part_size"])))
    record: dict[str, Any] = {}

    def write(name: str, place: str, table: Any) -> None:
        personal = is_personal(name)
        if not personal and part > 0:
            return
        file = f"{place}/part-{part:05d}.parquet" if personal else f"{place}.parquet"
        waiting = folder / UNFINISHED / file.replace("/", "--")
        write_table(name, table, waiting)
        record[file] = entry_of(waiting, len(table))
        finish(folder, waiting, file)

    for name, table in run.tables.items():
        write(name, name, table)
    for name in plan["truth"]:
        write(f"truth_{name}", f"truth/{name}", getattr(run.truth, name))
    put(folder, record_name(part), json_bytes(record))
    return record


def _description(world: World) -> dict[str, Any]:
    """Return everything that decides the bytes of the world."""
    setup = world.setup
    firm, policy = {path: value for path, value, _, _ in setup.scenario.numbers()}, setup.policy
    exceptions = [
        [lever, entry.start, entry.stop, entry.customers.tolist(), entry.values.tolist()]
        for lever, entries in sorted(policy.exceptions.items())
        for entry in entries
    ]
    return {
        "scenario": setup.scenario.name,
        "scenario_hash": _hash(firm),
        "customers": setup.customers,
        "months": setup.months,
        "seed": setup.seed_people,
        "luck_seed": setup.seed_luck,
        "policy_hash": _hash([{lever: path.tolist() for lever, path in sorted(policy.months.items())}, exceptions]),
        "made_with": made_with(),
    }


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode("utf-8")).hexdigest()


def _work(
    world: World, folder: Path, plan: dict[str, Any], parts: list[int], processes: int
) -> Iterator[tuple[int, dict[str, Any]]]:
    if processes == 1 or len(parts) < 2:
        for part in parts:
            yield part, write_part(world, folder, plan, part)
        return
    # A new interpreter for each process: a fork would share the lock of the folder and any running thread.
    with ProcessPoolExecutor(
        min(processes, len(parts)), mp_context=get_context("spawn"), initializer=_end_with_parent
    ) as pool:
        waiting = list(reversed(parts))
        running: dict[Future[dict[str, Any]], int] = {}
        while waiting or running:
            while waiting and len(running) < 2 * processes:
                part = waiting.pop()
                running[pool.submit(write_part, world, folder, plan, part)] = part
            for finished in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(finished), finished.result()


def _end_with_parent() -> None:
    """End this process as soon as its parent is gone, even by a kill: nobody else would stop it."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            connection.wait([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
