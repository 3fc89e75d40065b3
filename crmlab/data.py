"""Frozen data sets: the same kind of object as a run, read from files that everybody has in the same form.

A data set is a folder of CSV files with a dictionary for its readers, a manifest that says how it was made, and the
truth in a folder of its own.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy

import crmlab
from crmlab.paths import datasets_folder
from crmlab.tables import Column, nearest, vocabulary
from crmlab.world import Run, Scenario, Truth, World, load_scenario
from crmlab.world.datasheet import datasheet, traps_of
from crmlab.world.observe import BEHIND, MAKERS
from crmlab.world.observe.shown import Shown
from crmlab.world.run import TABLES

TRUTH_TABLES = ("traits", "months", "customers")
OWN_TABLES = ("branches", "vehicles", "accounts", "contacts", "subscriptions")
"""Tables that are files too where the kind of business has them."""


def names() -> list[str]:
    """Return the names of the frozen data sets.

    Examples
    --------
    >>> "cosmetics" in names()
    True
    """
    return sorted(path.parent.name for path in datasets_folder().glob("*/manifest.json"))


def load(name: str = "cosmetics") -> Run:
    """Return a frozen data set.

    Parameters
    ----------
    name : str
        One of `names`, or the path of a folder that `make` wrote.

    Returns
    -------
    Run
        Its tables and truth come from the files. Its ``world`` makes the same world again, for `World.do` and for
        expectations from other months.

    Raises
    ------
    ValueError
        If there is no such data set.

    Examples
    --------
    >>> shop = load("cosmetics")
    >>> bool(shop.transactions["customer_id"].isin(shop.customers["customer_id"]).all())
    True
    """
    folder = _folder(name)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    stored = folder / "scenario.toml"
    world = World(
        stored if stored.is_file() else manifest["scenario"],
        customers=manifest["customers"],
        months=manifest["months"],
        seed=manifest["seed"],
        luck_seed=manifest["luck_seed"],
    )
    truth = {table: partial(_read, folder / "truth" / f"{table}.csv", f"truth_{table}") for table in TRUTH_TABLES}
    shown = Shown(lambda: world.simulate().shown.records, _stored(folder))
    return Run(
        **{table: _read(folder / f"{table}.csv", table) for table in TABLES},
        truth=Truth(world, truth, shown),
        world=world,
        shown=shown,
    )


def _stored(folder: Path) -> dict[str, Callable[[], pd.DataFrame]]:
    """Return how to read the further tables of a data set that are there as files; all others are made again."""
    files = {name: folder / f"{name}.csv" for name in MAKERS}
    files |= {f"truth_{name}": folder / "truth" / f"{name}.csv" for name in BEHIND}
    return {name: partial(_read, path, name) for name, path in files.items() if path.is_file()}


def describe(name: str) -> str:
    """Return a scenario or data set in words: what it is, and every number behind it.

    Parameters
    ----------
    name : str
        Name of a scenario or data set, or path of a scenario file.

    Returns
    -------
    str
        Several lines of text.
    """
    text = load_scenario(name).describe()
    if name not in names():
        return text
    manifest = json.loads((_folder(name) / "manifest.json").read_text(encoding="utf-8"))
    rows = ", ".join(
        f"{Path(file).stem} {entry['rows']:,}" for file, entry in manifest["files"].items() if "/" not in file
    )
    made = f"{manifest['customers']:,} customers on the first day, {manifest['months']} months, seed {manifest['seed']}"
    return f"{text}\n\nFrozen data set: {made}. Rows: {rows}.\nIn Python: crmlab.load({name!r})."


def make(
    scenario: str | Path | Scenario,
    folder: str | Path,
    *,
    customers: int = 1_000,
    months: int = 24,
    seed: int = 2024,
    luck_seed: int | None = None,
    processes: int = 1,
    traps: bool = False,
) -> Path:
    """Simulate a world and write it as a data set.

    Parameters
    ----------
    scenario, customers, months, seed, luck_seed
        As for `World`; the defaults of the numbers are those of the data sets that come with crmlab.
    folder : str or Path
        Where to; made if needed. Files of an earlier data set in it are overwritten.
    processes : int
        Processes that share the work.
    traps : bool
        Whether to try every trap (about a minute) and write ``traps.json`` and the datasheet.

    Returns
    -------
    Path
        The folder.
    """
    target = Path(folder)
    (target / "truth").mkdir(parents=True, exist_ok=True)
    world = World(scenario, customers=customers, months=months, seed=seed, luck_seed=luck_seed)
    run = world.simulate(processes=processes)
    files = {f"{table}.csv": (table, run.tables[table]) for table in TABLES}
    files |= {f"{name}.csv": (name, table) for name in OWN_TABLES if not (table := getattr(run, name)).empty}
    files |= {f"truth/{table}.csv": (f"truth_{table}", run.truth.tables[table]) for table in TRUTH_TABLES}
    entries: dict[str, dict[str, Any]] = {}
    for file, (name, table) in files.items():
        content = _csv(name, table).encode("utf-8")
        (target / file).write_bytes(content)
        entries[file] = {"rows": len(table), "sha256": hashlib.sha256(content).hexdigest()}
    (target / "DICTIONARY.md").write_bytes(_dictionary(world, files).encode("utf-8"))
    if traps:
        tried = traps_of(world)
        (target / "traps.json").write_bytes((json.dumps(tried, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))
        sheet = datasheet(world, {file: entry["rows"] for file, entry in entries.items()}, tried)
        (target / "DATASHEET.md").write_bytes(sheet.encode("utf-8"))
    manifest = {
        "scenario": world.scenario.name,
        "made_with": made_with(),
        "customers": world.customers,
        "months": world.months,
        "seed": world.seed,
        "luck_seed": world.luck_seed,
        "files": entries,
    }
    source = Path(scenario) if isinstance(scenario, str | Path) and str(scenario).endswith(".toml") else None
    if source is not None:
        (target / "scenario.toml").write_bytes(source.read_bytes())
    (target / "manifest.json").write_bytes((json.dumps(manifest, indent=2) + "\n").encode("utf-8"))
    return target


def made_with() -> dict[str, str]:
    """Return what decides the last bits of a number: where all of it is the same, a data set has the same bytes.

    Returns
    -------
    dict of str to str
        Versions, platform and vector instructions in use.
    """
    extensions: Any = np.show_config(mode="dicts")
    return {
        "crmlab": crmlab.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pandas": pd.__version__,
        "platform": f"{sys.platform} {platform.machine()}",
        "vector_instructions": " ".join(extensions["SIMD Extensions"].get("found", [])),
    }


def _folder(name: str) -> Path:
    if (Path(name) / "manifest.json").is_file():
        return Path(name)
    if name not in names():
        guess = nearest(name, names())
        hint = f" Did you mean {guess!r}?" if guess else ""
        raise ValueError(f"name={name!r}: there is no such data set; there are {', '.join(names())}.{hint}")
    return datasets_folder() / name


def _csv(name: str, table: pd.DataFrame) -> str:
    """Write a table so that equal tables give equal bytes: the firm's numbers in full, the truth to six digits."""
    digits = "%.6g" if name.startswith("truth_") else None
    return table.to_csv(index=False, lineterminator="\n", float_format=digits)


def _read(path: Path, table: str) -> pd.DataFrame:
    columns = vocabulary()[table].columns
    frame = pd.read_csv(path, dtype={c.name: kind for c in columns.values() if (kind := _pandas_kind(c)) is not None})
    for column in columns.values():
        if column.dtype in ("date", "datetime") and column.name in frame:
            frame[column.name] = pd.to_datetime(frame[column.name]).astype("datetime64[s]")
    return frame


def _pandas_kind(column: Column) -> str | None:
    whole = "Int64" if column.nullable else "int64"
    return {"id": whole, "int": whole, "float": "float64", "bool": "bool", "category": "category"}.get(column.dtype)


def _dictionary(world: World, files: dict[str, tuple[str, pd.DataFrame]]) -> str:
    firm = world.scenario.firm
    lines = [
        f"# The data set `{world.scenario.name}`",
        "",
        f"{firm.name}. Nobody in it is real: it was simulated by crmlab.",
        f"It begins with {world.customers:,} customers on file on {world.scenario.start_date}, of whom some "
        f"had left by then, and runs for {world.months} months. Orders of before are not in the tables.",
        "What had not happened by the last day is not there either.",
        "The examples of a table come from different rows.",
        "Read it with `crmlab.load(...)`, or open the CSV files with any program.",
        "",
        "The tables of the firm come first. The folder `truth` holds what no firm knows:",
        "look there only to check an estimate.",
    ]
    known = vocabulary()
    for file, (name, table) in files.items():
        described = known[name]
        lines += ["", f"## {file}", "", f"{described.grain[0].upper()}{described.grain[1:]}; {len(table):,} rows.", ""]
        lines += ["| column | meaning | unit | example |", "|---|---|---|---|"]
        for column in described.columns.values():
            unit = column.unit or ("date" if column.dtype == "date" else "")
            lines.append(f"| `{column.name}` | {column.meaning} | {unit} | {_example(table[column.name])} |")
    return "\n".join(lines) + "\n"


def _example(values: pd.Series) -> str:
    present = values.dropna()
    if present.empty:
        return "always missing here"
    first = present.iloc[len(present) // 2]
    if isinstance(first, pd.Timestamp):
        return str(first.date()) if bool((present == present.dt.normalize()).all()) else str(first)
    return f"{first:.6g}" if isinstance(first, float) else str(first)
