"""``crmlab report FILE``: a transaction log to a folder with page, notebook, table and summary."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

# Options of `read_transactions` that take a value, as (option, help).
_READING = (
    ("delimiter", "what separates the columns: , ; tab | or spaces"),
    ("encoding", "such as utf-8, gb18030, big5 or cp1252"),
    ("sheet", "sheet of an Excel file"),
    ("currency", "sign to keep where amounts carry several, or to show where they carry none"),
)


def add_report_command(commands: Any) -> None:
    """Add ``report`` to the parser.

    Parameters
    ----------
    commands : argparse subparsers
        What ``ArgumentParser.add_subparsers`` returned.
    """
    from crmlab.reading.names import OPTIONS, ROLES

    parser = commands.add_parser(
        "report",
        help="make a report from a transaction log",
        description="Make a report from a transaction log: CSV of any kind, Excel or Parquet. Columns are found by "
        "name (English or Chinese) and by content; name them yourself with the options below, by name or by "
        "number from 1.",
    )
    parser.add_argument("file", metavar="FILE", help="the log: one row per order or per product in an order")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder for the report; crmlab-report-NAME by default")
    parser.add_argument("--force", action="store_true", help="replace an earlier report in that folder")
    columns = parser.add_argument_group("columns")
    for role, option in OPTIONS.items():
        columns.add_argument(f"--{option}", metavar="COL", help=ROLES[role])
    reading = parser.add_argument_group("reading")
    header = reading.add_mutually_exclusive_group()
    header.add_argument(
        "--header", dest="header", action="store_true", default=None, help="the first row names the columns"
    )
    header.add_argument("--no-header", dest="header", action="store_false", help="the first row is data already")
    for option, text in _READING:
        reading.add_argument(f"--{option}", help=text)
    reading.add_argument("--decimal", choices=[".", ","], help="decimal sign")
    order = reading.add_mutually_exclusive_group()
    order.add_argument("--day-first", dest="day_first", action="store_true", default=None, help="03/04/2011 is 3 April")
    order.add_argument("--month-first", dest="day_first", action="store_false", help="03/04/2011 is 4 March")
    rows = parser.add_argument_group("rows")
    rows.add_argument("--drop-duplicates", action="store_true", help="set aside rows equal to an earlier one")
    rows.add_argument("--keep-free", action="store_true", help="count rows worth nothing as orders")
    rows.add_argument(
        "--keep-cancelled", action="store_true", help="count rows with a status such as cancelled as sales"
    )
    rows.add_argument("--ignore-returns", action="store_true", help="leave net revenue equal to gross")
    rows.add_argument(
        "--as-of", metavar="DATE", help="day on which to look back, included; the day after the last order"
    )
    rows.add_argument("--today", metavar="DATE", help="orders after this day are in the future; today by default")
    rules = parser.add_argument_group("rules")
    rules.add_argument(
        "--frozen-after", metavar="DAYS", type=_days, help="silence that counts as frozen; learned by default"
    )
    rules.add_argument(
        "--falling", metavar="SHARE", type=_share, default=0.5, help="spending below this share is migrating"
    )
    rules.add_argument("--calls", metavar="N", type=_days, default=20, help="customers on the list of calls")
    parser.set_defaults(command=run_report)


def _days(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, not {text!r}")
    return share


def run_report(arguments: argparse.Namespace) -> int:
    """Read, analyse, write; say on the terminal what was found."""
    from rich.console import Console

    from crmlab.cli.progress import terminal_progress
    from crmlab.reading.streams import check_path
    from crmlab.report.folder import check_out

    options = _options(arguments)
    source = check_path(arguments.file)
    out = arguments.out or Path(f"crmlab-report-{source.name.split('.')[0]}")
    check_out(out, force=arguments.force)
    console = Console(stderr=True, highlight=False)
    with terminal_progress(console) as progress:
        progress("Starting", 0.0)
        from crmlab.reading import read_transactions
        from crmlab.report import analyse, write_report

        analysing = {name: options[name] for name in ("as_of", "frozen_after", "falling", "calls")}
        reading = {name: value for name, value in options.items() if name not in analysing or name == "as_of"}
        log = read_transactions(source, **reading, progress=progress)
        log.lines = log.lines.iloc[:0]  # the report needs orders only; a large log takes its memory back
        progress("Computing", 0.0)
        analysis = analyse(log, **analysing)
        files = write_report(
            analysis, out, source=str(source), options=options, force=arguments.force, progress=progress
        )
    _say(console, analysis, files)
    return 0


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    left_out = {"file", "out", "force", "command", "command_name"}
    return {name: value for name, value in vars(arguments).items() if name not in left_out}


def _say(console: Any, analysis: Any, files: list[Path]) -> None:
    from rich.table import Table

    log, summary = analysis.log, analysis.summary
    mapping = "  ".join(
        f"{role['question']}: [b]{role['column']}[/b]" for role in log.mapping.table().to_dict("records")
    )
    console.print(f"Columns   {mapping}")
    table = Table("rows of the file", "how many", "money", "treatment", "to change that", box=None, pad_edge=False)
    for column in (1, 2):
        table.columns[column].justify = "right"
    for row in log.account.to_dict("records"):
        money = "unknown" if row["money"] != row["money"] else f"{log.currency}{row['money']:,.2f}"
        table.add_row(row["reason"], f"{row['rows']:,}", money, row["treatment"], row["change_with"])
    console.print(table)
    for note in log.notes:
        console.print(f"· {note}", markup=False)
    console.print(
        f"{summary['customers']:,} customers, {summary['orders']:,} orders, "
        f"revenue {log.currency}{summary['revenue']:,.2f}, after returns {log.currency}{summary['revenue_net']:,.2f}"
    )
    sys.stderr.flush()
    print(files[0])
