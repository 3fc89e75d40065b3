"""``crmlab data list|describe|make``: the data sets, in words, and new ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from crmlab.tables import TableError


def add_data_commands(commands: Any) -> None:
    """Add ``data`` to the parser.

    Parameters
    ----------
    commands : argparse subparsers
        What ``ArgumentParser.add_subparsers`` returned.
    """
    data = commands.add_parser("data", help="list, describe and make data sets")
    kinds = data.add_subparsers(dest="data_command", required=True, metavar="WHAT")
    kinds.add_parser("list", help="name the data sets and scenarios").set_defaults(command=list_data)
    describe = kinds.add_parser("describe", help="a scenario or data set in words, every number with its source")
    describe.add_argument("name", metavar="NAME", help="name of a data set or scenario, or a scenario file (.toml)")
    describe.set_defaults(command=describe_data)
    make = kinds.add_parser("make", help="simulate a world and write its tables and its truth")
    make.add_argument("scenario", metavar="SCENARIO", help="name of a scenario, or a scenario file (.toml)")
    make.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the data set")
    make.add_argument("--customers", metavar="N", type=int, default=1_000, help="customers on the first day (1000)")
    make.add_argument("--months", metavar="N", type=int, default=24, help="months to simulate (24)")
    make.add_argument("--seed", metavar="N", type=int, default=2024, help="seed of all randomness (2024)")
    make.add_argument("--processes", metavar="N", type=int, default=1, help="processes that share the work (1)")
    make.add_argument(
        "--format",
        choices=("csv", "parquet"),
        default="csv",
        help="csv: one file per table with everything of the truth, for worlds that fit in memory; "
        "parquet: a file per table and 50,000 customers, for any size; continued when interrupted (csv)",
    )
    make.add_argument(
        "--truth",
        metavar="TABLES",
        help="with parquet: tables of the truth, of traits, months and customers (the expected future of everybody, "
        "slow), or none (traits)",
    )
    make.add_argument("--force", action="store_true", help="replace an earlier data set in that folder")
    make.set_defaults(command=make_data)


def plainly(command: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Turn what the world objects to into a message without a traceback."""

    @wraps(command)
    def run(arguments: argparse.Namespace) -> int:
        try:
            return command(arguments)
        except (ValueError, OSError) as error:
            raise TableError(str(error)) from None

    return run


@plainly
def list_data(arguments: argparse.Namespace) -> int:
    """Print the names of the data sets, each with its first line of description."""
    from crmlab import data

    for name in data.names():
        print(data.describe(name).splitlines()[0])
    return 0


@plainly
def describe_data(arguments: argparse.Namespace) -> int:
    """Print a scenario or data set in words."""
    from crmlab import data

    print(data.describe(arguments.name))
    return 0


@plainly
def make_data(arguments: argparse.Namespace) -> int:
    """Simulate and write."""
    from rich.console import Console

    from crmlab import data
    from crmlab.cli.progress import terminal_progress
    from crmlab.report.folder import check_out

    if arguments.format == "parquet":
        return _make_large(arguments)
    if arguments.truth:
        raise TableError("--truth goes with --format parquet; csv has all of the truth.")
    check_out(arguments.out, force=arguments.force)
    with terminal_progress(Console(stderr=True)) as progress:
        progress("Simulating", 0.0)
        folder = data.make(
            arguments.scenario,
            arguments.out,
            customers=arguments.customers,
            months=arguments.months,
            seed=arguments.seed,
            processes=arguments.processes,
        )
    print(folder)
    return 0


def _make_large(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from crmlab.cli.progress import terminal_progress
    from crmlab.large import write_large
    from crmlab.world import World

    if arguments.force:
        raise TableError("--force goes with --format csv; a large world is never overwritten: delete its folder first.")
    world = World(arguments.scenario, customers=arguments.customers, months=arguments.months, seed=arguments.seed)
    chosen = "traits" if arguments.truth is None else arguments.truth
    truth = [] if chosen == "none" else [name.strip() for name in chosen.split(",")]
    try:
        with terminal_progress(Console(stderr=True)) as progress:
            folder = write_large(world, arguments.out, truth=truth, processes=arguments.processes, progress=progress)
    except KeyboardInterrupt:
        print(f"Interrupted: the same command goes on where {arguments.out} stopped.", file=sys.stderr)
        return 130
    print(folder)
    return 0
