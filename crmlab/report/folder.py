"""Writing the report's files: whole or not at all, nothing of the user's overwritten, no value of the file ever run."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from crmlab.reading.raw import Progress, no_progress
from crmlab.report.analysis import CUSTOMER_COLUMNS, Analysis
from crmlab.tables import TableError

FILES = ("report.html", "report.ipynb", "customers.csv", "summary.json")
"""The files of a report."""

# A spreadsheet runs a cell that begins with one of these (OWASP, CSV injection). A number, such as a phone number used
# as customer id, is no formula.
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?[\d ().]*\d$")


def check_out(out: Path, *, force: bool) -> None:
    """Raise a `TableError` where writing to `out` would overwrite something.

    Parameters
    ----------
    out : Path
        The folder.
    force : bool
        Whether the report's own files there may be replaced; other files are never touched.
    """
    if out.is_symlink() and not out.exists():
        raise TableError(f"{out} is a link to nothing: choose another folder with --out.")
    if out.exists() and not out.is_dir():
        raise TableError(f"{out} is a file: choose a folder with --out.")
    if out.is_dir() and not force and any(out.iterdir()):
        raise TableError(
            f"{out} exists and is not empty: choose another folder with --out, or replace its files with --force."
        )


def write_report(
    analysis: Analysis,
    out: str | Path,
    *,
    source: str,
    options: Mapping[str, Any],
    force: bool = False,
    execute: bool = True,
    progress: Progress = no_progress,
) -> list[Path]:
    """Write ``report.html``, ``report.ipynb``, ``customers.csv`` and ``summary.json``.

    The files are written to a temporary folder beside `out` and moved when all are there.

    Parameters
    ----------
    analysis : Analysis
        From `analyse`.
    out : path
        The folder; made if missing.
    source : str
        Path of the log, for the notebook and the page.
    options : mapping
        Arguments given to `read_transactions` and `analyse`, for the notebook.
    force : bool
        Whether to replace an earlier report.
    execute : bool
        Whether to run the notebook, so that it opens with its results.
    progress : callable
        Called with the stage and the share done.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    TableError
        If `out` holds something and `force` is false, or cannot be written.
    """
    from crmlab.report.notebook import notebook_text
    from crmlab.report.page import page

    folder = Path(out)
    check_out(folder, force=force)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-partial-", dir=folder.parent))
    except OSError as error:
        raise TableError(f"{folder} cannot be written: {error.strerror or error}.") from None
    try:
        progress("Drawing", 0.0)
        texts = {"report.html": page(analysis, source=Path(source).name)}
        summary = {"source": Path(source).name, **analysis.summary}
        texts["summary.json"] = json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
        texts["customers.csv"] = customers_csv(analysis.customers)
        progress("Running the notebook", 0.0)
        texts["report.ipynb"] = notebook_text(
            source,
            options,
            cohorts=analysis.shows_cohorts,
            forecast=analysis.forecast is not None,
            churn=analysis.churn is not None,
            execute=execute,
        )
        progress("Writing", 0.0)
        for name in FILES:
            (partial / name).write_text(texts[name], encoding="utf-8", newline="")
        os.chmod(partial, 0o777 & ~_umask())
        if folder.is_dir():
            for name in FILES:
                os.replace(partial / name, folder / name)
        else:
            os.replace(partial, folder)
    except OSError as error:
        raise TableError(f"{folder} cannot be written: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return [folder / name for name in FILES]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet runs: text that begins like a formula gets an apostrophe in front.

    Examples
    --------
    >>> harmless("=1+1"), harmless("+86 138 0013"), harmless("ann")
    ("'=1+1", '+86 138 0013', 'ann')
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.match(value):
        return f"'{value}"
    return value


def customers_csv(customers: pd.DataFrame) -> str:
    """Return ``customers.csv``: one row per customer, dates as 2011-12-09, money rounded to a hundredth of a cent."""
    table = customers.loc[:, list(CUSTOMER_COLUMNS)].copy()
    table["customer_id"] = [harmless(value) for value in table["customer_id"]]
    for column in ("first_order", "last_order"):
        table[column] = table[column].dt.strftime("%Y-%m-%d")
    money = ["monetary", "monetary_net", "p_alive", "expected_orders", "expected_revenue"]
    table[money] = table[money].round(4)
    return table.to_csv(index=False, lineterminator="\n")
