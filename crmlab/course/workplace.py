"""A student's own copy of the course: what a student wrote is never overwritten."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal["new", "updated", "kept", "yours"]

_RECORD = ".crmlab-course.json"


@dataclass(frozen=True, slots=True)
class Copied:
    """What happened to one notebook.

    Attributes
    ----------
    name : str
        Path inside the folder, with forward slashes.
    state : {"new", "updated", "kept", "yours"}
        Copied for the first time; replaced by a newer version because nobody had touched it; the same as before; or
        left alone because it was changed and the course has a newer version.
    """

    name: str
    state: State


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def copy_course(notebooks: Path, folder: Path) -> list[Copied]:
    """Copy the lessons to a folder to work in, without touching what was changed there.

    Parameters
    ----------
    notebooks : Path
        The course's ``notebooks``: lessons, and solutions in a folder of their own.
    folder : Path
        The student's folder; made when it is not there.

    Returns
    -------
    list of Copied
        One entry per notebook, in order.

    Raises
    ------
    NotADirectoryError
        If `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; the course needs a folder.")
    record_path = folder / _RECORD
    record: dict[str, str] = json.loads(record_path.read_text(encoding="utf-8")) if record_path.exists() else {}
    done = []
    for source in sorted([*notebooks.glob("[0-9]*.ipynb"), *notebooks.glob("solutions/[0-9]*.ipynb")]):
        name = source.relative_to(notebooks).as_posix()
        target = folder / name
        state = _state(source, target, record.get(name))
        if state in ("new", "updated"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            record[name] = _digest(source)
        done.append(Copied(name, state))
    if done:
        record_path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return done


def _state(source: Path, target: Path, copied: str | None) -> State:
    """Decide what may be done with one notebook; `copied` is the version that was copied the last time."""
    if not target.exists():
        return "new"
    here, course = _digest(target), _digest(source)
    if here == course:
        return "kept"
    if here == copied:
        return "updated"
    return "kept" if copied == course else "yours"
