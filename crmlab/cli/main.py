"""The parser, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from crmlab import __version__
from crmlab.cli.bench import add_bench_commands
from crmlab.cli.data import add_data_commands
from crmlab.cli.report import add_report_command
from crmlab.course.commands import add_commands as add_course_commands
from crmlab.tables import TableError


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets ``command``, a function of the parsed arguments."""
    parser = argparse.ArgumentParser(prog="crmlab", description="A laboratory for customer relationship management.")
    parser.add_argument("--version", action="version", version=f"crmlab {__version__}")
    commands = parser.add_subparsers(dest="command_name", required=True, metavar="COMMAND")
    add_report_command(commands)
    add_data_commands(commands)
    add_bench_commands(commands)
    add_course_commands(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        As on the command line; that of this process when left out.

    Returns
    -------
    int
        0 when it worked, 1 when a check failed, 2 when the input was not right, 130 when interrupted.
    """
    parsed = build_parser().parse_args(arguments)
    try:
        return int(parsed.command(parsed) or 0)
    except TableError as error:
        print(f"crmlab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("crmlab: interrupted, nothing was written.", file=sys.stderr)
        return 130
