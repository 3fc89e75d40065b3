"""``crmlab bench facts``: the worlds beside what has been published."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crmlab.cli.data import plainly


def add_bench_commands(commands: Any) -> None:
    """Add ``bench`` to the parser.

    Parameters
    ----------
    commands : argparse subparsers
        What ``ArgumentParser.add_subparsers`` returned.
    """
    bench = commands.add_parser("bench", help="check the worlds against published facts")
    kinds = bench.add_subparsers(dest="bench_command", required=True, metavar="WHAT")
    facts = kinds.add_parser("facts", help="stylised facts with their Monte-Carlo error; fails when one is not met")
    facts.add_argument("--seeds", metavar="N", type=int, default=3, help="seeds, each an independent value (3)")
    facts.add_argument("--customers", metavar="N", type=int, default=60_000, help="customers of a cohort (60000)")
    facts.add_argument("--only", metavar="NAMES", help="numbers of facts such as 7,22 or 20b (all)")
    facts.add_argument("--processes", metavar="N", type=int, default=1, help="processes that share the seeds (1)")
    facts.add_argument("--page", metavar="FILE", type=Path, help="write the table as a page of Markdown too")
    facts.set_defaults(command=bench_facts)


@plainly
def bench_facts(arguments: argparse.Namespace) -> int:
    """Compute the facts and print them."""
    from rich.console import Console

    from crmlab.cli.progress import terminal_progress
    from crmlab.facts import check_facts, chosen_facts, page, print_results

    facts = chosen_facts(arguments.only.split(",") if arguments.only else None)
    with terminal_progress(Console(stderr=True)) as progress:
        results = check_facts(
            facts,
            seeds=arguments.seeds,
            customers=arguments.customers,
            processes=arguments.processes,
            progress=progress,
        )
    print_results(results)
    if arguments.page:
        arguments.page.write_text(page(results, seeds=arguments.seeds, customers=arguments.customers), "utf-8")
    return 0 if all(result.verdict == "in" for result in results) else 1
