"""The report as a notebook: the same figures in a dozen cells that anyone can change and run again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

# Arguments of `analyse`; all others belong to `read_transactions`.
_ANALYSE = ("as_of", "frozen_after", "falling", "calls")


def notebook_text(
    source: str, options: Mapping[str, Any], *, cohorts: bool, forecast: bool, churn: bool, execute: bool
) -> str:
    """Return the notebook as text.

    Parameters
    ----------
    source : str
        Path of the log.
    options : mapping
        Arguments that were given.
    cohorts : bool
        Whether there is a month after a first month to be shown.
    forecast : bool
        Whether the log is long enough for one.
    churn : bool
        Whether it is long enough to say who may fall silent.
    execute : bool
        Whether to run it; a log that could be read once can be read again, so a failure here is a fault of ours and
        raises.
    """
    told = {name: value for name, value in options.items() if value not in (None, False)}
    reading = "".join(
        f",\n    {name}={value!r}" for name, value in told.items() if name not in _ANALYSE or name == "as_of"
    )
    looking = "".join(f", {name}={value!r}" for name, value in told.items() if name in _ANALYSE)
    path = os.path.abspath(source)
    cells = [
        new_markdown_cell(
            f"# Customer report: {Path(source).name}\n\n"
            "The report, step by step. Change a line, run the cell with Shift+Enter, and look again. "
            "Every method used here works on any table with the columns `order_id`, `customer_id`, `ts` and `net`."
        ),
        new_markdown_cell(
            "## 1 Read the file\n\nColumns are found by name and content. To choose one yourself, add for example "
            '`customer="Buyer"` to the call; `help(crm.read_transactions)` lists all options.'
        ),
        new_code_cell(
            "import crmlab as crm\n\ncrm.plots.register_alt_text_display()\n\n"
            f"log = crm.read_transactions(\n    {path!r}{reading},\n)\nlog"
        ),
        new_code_cell("log.mapping.table()"),
        new_markdown_cell(
            "Nothing is dropped in silence: the account says where every row went, how much money it stood for, and "
            "which option changes that."
        ),
        new_code_cell("log.account"),
        new_code_cell('print("\\n".join(log.notes))'),
        new_markdown_cell(
            "## 2 Look at the whole\n\n`analyse` computes everything in the report at once. `summary` holds the "
            "figures that are also in `summary.json`."
        ),
        new_code_cell(f"report = crm.report.analyse(log{looking})\nreport.summary"),
        new_code_cell("crm.plots.revenue(report.months, currency=log.currency)"),
        new_markdown_cell("## 3 How unequal are customers?\n\nThe curve, and how uncertain its two figures are."),
        new_code_cell('customers = report.customers\ncrm.plots.lorenz(customers["monetary"])'),
        new_code_cell("report.concentration"),
        new_code_cell('crm.plots.abc(customers["monetary"], currency=log.currency)'),
        new_markdown_cell("## 4 Who is recent, frequent, valuable?"),
        new_code_cell("crm.plots.rfm_grid(customers, currency=log.currency)"),
        new_code_cell("crm.plots.zones(customers, currency=log.currency)"),
    ]
    section = 5
    if cohorts:
        cells.append(new_markdown_cell(f"## {section} Do customers come back?"))
        cells.append(new_code_cell("crm.plots.cohorts(report.cohorts)"))
        section += 1
    if forecast:
        cells += [
            new_markdown_cell(
                f"## {section} What may the coming year bring?\n\n"
                "First the test: a model that was told only the first three quarters of the file foretells the last "
                "quarter. On the line, as many orders came as were expected."
            ),
            new_code_cell(
                'crm.plots.calibration(report.forecast.tenths, what="orders per customer", names=("expected", "came"))'
            ),
            new_code_cell(
                'ahead = report.forecast\nprint(f"{ahead.expected:,.0f} expected, {ahead.came:,.0f} came")\n'
                'print("\\n".join(ahead.doubts))'
            ),
            new_code_cell('report.forecast.customers.sort_values("expected_orders", ascending=False).head(10)'),
        ]
        section += 1
    if churn:
        cells += [
            new_markdown_cell(
                f"## {section} Who may fall silent?\n\n"
                "A model that learned from one window is tested on the next, of which it was told nothing. Read the "
                "test before the list; where it was not passed, the list is empty."
            ),
            new_code_cell('crm.plots.leaving_calibration(report.churn.tenths, what="fell silent")'),
            new_code_cell(
                "leaving = report.churn\n"
                'print(f"{leaving.expected:,.0f} expected to fall silent, {leaving.silent:,} did")\n'
                'print(f"pairs ranked right: {leaving.area.estimate:.0%}, by silence {leaving.plain.estimate:.0%}")'
            ),
            new_code_cell("report.churn.customers.head(10)"),
        ]
        section += 1
    cells += [
        new_markdown_cell(
            f"## {section} Whom to call first\n\n"
            "Regular customers who have now been silent for longer than ever before. "
            "It says who may be leaving, not whom a call would keep: only an experiment can tell that."
        ),
        new_code_cell("report.calls"),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"report-{number:02d}"
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    if execute:
        _execute(notebook)
    return nbformat.writes(notebook) + "\n"


def _execute(notebook: nbformat.NotebookNode) -> None:
    from nbclient import NotebookClient

    before = os.environ.get("PYTHONPATH")
    # The kernel must find the crmlab that writes this report, installed or not.
    home = str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (home, before)))
    try:
        NotebookClient(
            notebook,
            timeout=1800,
            record_timing=False,
            kernel_name="python3",
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        ).execute()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
