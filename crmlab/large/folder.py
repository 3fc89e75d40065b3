"""The folder of a large world: what was asked for, which parts are whole, and nothing half-written in between.

Each file is written under another name, synchronised to the disk and then renamed; a part counts as written when its
record, which names its files with their hashes, has been renamed into place after all of them. So whenever the process
is killed, a finished part is there in full, and anything else is written again from the beginning.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crmlab.tables import TableError
from crmlab.world.acquisition import VILLAGE

PART = VILLAGE
"""Customers of the first day in one part, at least: a village, so that a part needs nobody else to be simulated."""

PLAN, MANIFEST = "plan.json", "manifest.json"
RECORDS, UNFINISHED, LOCK = ".parts", ".unfinished", ".lock"


class LargeWorldError(TableError):
    """The folder holds something else, or is being written by another process."""


def check_folder(folder: Path, plan: dict[str, Any]) -> None:
    """Raise where writing a world to a folder would touch anything else.

    Parameters
    ----------
    folder : Path
        Where the world is to go.
    plan : dict
        Everything that decides the bytes.

    Raises
    ------
    LargeWorldError
        If something else is there: it stays as it is.
    """
    if folder.exists() and not folder.is_dir():
        raise LargeWorldError(f"{folder} is a file: choose a folder with --out.")
    begun = folder / PLAN
    if begun.is_file():
        before = json.loads(begun.read_text(encoding="utf-8"))
        wanted = json.loads(json.dumps(plan))
        different = [key for key in {**before, **wanted} if before.get(key) != wanted.get(key)]
        if different:
            said = "; ".join(f"{key} was {before.get(key)!r} and is now {wanted.get(key)!r}" for key in different)
            raise LargeWorldError(
                f"{folder} was begun as another world: {said}. Choose another folder with --out, or delete this one."
            )
    elif folder.is_dir() and any(path.name not in (LOCK, RECORDS, UNFINISHED) for path in folder.iterdir()):
        raise LargeWorldError(f"{folder} is not empty and holds no large world: choose another folder with --out.")


def open_folder(folder: Path, plan: dict[str, Any]) -> None:
    """Make the folder of a world, or find it begun; what was half written is removed.

    Parameters
    ----------
    folder : Path
        Where the world goes.
    plan : dict
        As for `check_folder`, which is called again: another process may have been faster.
    """
    check_folder(folder, plan)
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
    for name in (RECORDS, UNFINISHED):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not (folder / PLAN).is_file():
        put(folder, PLAN, json_bytes(plan))


def put(folder: Path, name: str, content: bytes) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    folder : Path
        Of the large world.
    name : str
        Path inside it.
    content : bytes
        What to write.
    """
    waiting = folder / UNFINISHED / name.replace("/", "--")
    waiting.write_bytes(content)
    finish(folder, waiting, name)


def finish(folder: Path, waiting: Path, name: str) -> None:
    """Synchronise a file that has been written under another name, and give it its own.

    Parameters
    ----------
    folder : Path
        Of the large world.
    waiting : Path
        The file, somewhere in the same folder.
    name : str
        Path inside the folder.
    """
    with waiting.open("rb+") as stream:
        os.fsync(stream.fileno())
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(waiting, target)
    _synchronise_folder(target.parent)


def record_name(part: int) -> str:
    """Return the path of the record of a part, inside the folder."""
    return f"{RECORDS}/{part:05d}.json"


def finished_parts(folder: Path) -> dict[int, dict[str, Any]]:
    """Return the records of the parts that are whole.

    Parameters
    ----------
    folder : Path
        Of the large world.

    Raises
    ------
    LargeWorldError
        If a file of a finished part is gone or has another size.
    """
    found: dict[int, dict[str, Any]] = {}
    for path in sorted((folder / RECORDS).glob("*.json")):
        files = json.loads(path.read_text(encoding="utf-8"))
        for name, entry in files.items():
            there = folder / name
            if not there.is_file() or there.stat().st_size != entry["bytes"]:
                raise LargeWorldError(
                    f"{there} was changed or removed after it was finished; to write it again delete {path}."
                )
        found[int(path.stem)] = files
    return found


def entry_of(path: Path, rows: int) -> dict[str, Any]:
    """Return what the manifest says of a file: rows, bytes and hash.

    Parameters
    ----------
    path : Path
        The file.
    rows : int
        Rows of its table.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"rows": rows, "bytes": path.stat().st_size, "sha256": digest}


def json_bytes(content: Any) -> bytes:
    """Return JSON with a fixed form."""
    return (json.dumps(content, indent=1) + "\n").encode("utf-8")


@contextlib.contextmanager
def only_writer(folder: Path, *, patience: float = 5.0) -> Iterator[None]:
    """Keep other processes from writing to the folder; the system lifts the lock when this process ends, however.

    Parameters
    ----------
    folder : Path
        Of the large world; made if needed.
    patience : float
        Seconds for which to wait for another process to end.
    """
    try:
        import fcntl
    except ImportError:  # on Windows nothing keeps two calls apart; both write the same bytes
        folder.mkdir(parents=True, exist_ok=True)
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as stream:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise LargeWorldError(f"{folder} is being written by another process.") from None
                time.sleep(0.1)
        yield


def _synchronise_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
