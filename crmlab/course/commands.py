"""The commands ``crmlab course``, ``crmlab run`` and ``crmlab lab``."""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[[argparse.Namespace], int]


def add_commands(subparsers: Any) -> None:
    """Add the course's commands to a parser; each sets ``command``, a function of the parsed arguments.

    Parameters
    ----------
    subparsers : argparse subparsers
        What ``ArgumentParser.add_subparsers`` returned.
    """
    course = subparsers.add_parser("course", help="build and check the lessons from their sources")
    kinds = course.add_subparsers(dest="course_command", required=True, metavar="WHAT")
    for name, command, text in (
        ("build", build, "run the lessons and write their notebooks"),
        ("check", check, "run the lessons and compare them with the notebooks that are there"),
        ("lint", lint, "hold sources and notebooks to the rules of the course"),
        ("style", style, "measure how the lessons are written"),
    ):
        parser = kinds.add_parser(name, help=text, description=text.capitalize() + ".")
        parser.add_argument(
            "lessons", nargs="*", metavar="NN", help="numbers of lessons, such as 03; all when none is given"
        )
        parser.add_argument("--folder", type=Path, help="the folder 'notebooks'; that of this installation by default")
        if name == "build":
            parser.add_argument("--check", action="store_true", help="write nothing: same as 'course check'")
        parser.set_defaults(command=command)
    register = kinds.add_parser("register", help="write the page that lists every concept and claim")
    register.add_argument("--check", action="store_true", help="write nothing; tell whether the page is in step")
    register.add_argument("--out", type=Path, help="the file; docs/register.md of this checkout by default")
    register.set_defaults(command=write_register)

    run = subparsers.add_parser("run", help="run a lesson and write it as a notebook and a page")
    run.add_argument("lesson", metavar="NN", help="number of the lesson, such as 03")
    shop = run.add_mutually_exclusive_group()
    shop.add_argument("--seed", type=_seed, metavar="N", help="run it for the shop with this seed")
    shop.add_argument("--student", metavar="ID", help="run it for this student's own shop")
    run.add_argument(
        "--out", type=Path, default=Path("crmlab-run"), metavar="DIR", help="folder to write to (crmlab-run)"
    )
    run.add_argument("--force", action="store_true", help="replace files that are there")
    run.set_defaults(command=run_lesson)

    lab = subparsers.add_parser("lab", help="open the course in JupyterLab, in a copy of your own")
    lab.add_argument(
        "--folder", type=Path, default=Path("crmlab-course"), metavar="DIR", help="your copy (crmlab-course)"
    )
    lab.add_argument("options", nargs="*", metavar="-- OPTIONS", help="options for JupyterLab, such as -- --no-browser")
    lab.set_defaults(command=open_lab)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a seed is a whole number from 0, not {text!r}")
    return int(text)


def _told(command: Command) -> Command:
    """Turn what a user can mend into one sentence and exit code 2."""

    @functools.wraps(command)
    def told(arguments: argparse.Namespace) -> int:
        from crmlab.course.execute import LessonRunError
        from crmlab.course.formulas import FormulaError
        from crmlab.course.source import SourceError

        try:
            return command(arguments)
        except (SourceError, LessonRunError, FormulaError, OSError) as error:
            print(f"crmlab: {error}", file=sys.stderr)
            return 2

    return told


class _Line:
    """Progress on a terminal: one line that is written over; nothing but whole lines anywhere else."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def now(self, text: str) -> None:
        if self._live:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def done(self, text: str) -> None:
        if self._live:
            print("\r\033[K", end="", file=sys.stderr)
        print(text, flush=True)


def _notebooks(arguments: argparse.Namespace) -> Path:
    from crmlab.paths import notebooks_folder

    folder: Path = arguments.folder or notebooks_folder()
    return folder


@_told
def build(arguments: argparse.Namespace) -> int:
    """Run lessons and write their notebooks."""
    from crmlab.course.build import build_all, write
    from crmlab.course.source import find_sources

    if arguments.check:
        return check(arguments)
    folder, line = _notebooks(arguments), _Line()
    for source in find_sources(folder / "source", tuple(arguments.lessons)):
        for built in build_all(source, folder, progress=line.now):
            state = "written" if write(built) else "unchanged"
            line.done(f"{built.path.relative_to(folder)}: {state}")
    return 0


@_told
def check(arguments: argparse.Namespace) -> int:
    """Run lessons and compare them with the notebooks that are there; exit code 1 when they differ."""
    import nbformat

    from crmlab.course.build import build_all, differences
    from crmlab.course.source import find_sources

    folder, line, bad = _notebooks(arguments), _Line(), 0
    for source in find_sources(folder / "source", tuple(arguments.lessons)):
        for built in build_all(source, folder, progress=line.now):
            name = built.path.relative_to(folder)
            if not built.path.exists():
                found = ["it is not there"]
            else:
                found = differences(built.notebook, nbformat.read(built.path, as_version=4))
            bad += bool(found)
            line.done(f"{name}: {'; '.join(found) if found else 'in step'}")
    if bad:
        print("Mend it with: crmlab course build", file=sys.stderr)
    return 1 if bad else 0


@_told
def lint(arguments: argparse.Namespace) -> int:
    """Hold sources and notebooks to the rules; exit code 1 when one is broken."""
    from crmlab.course.lint_source import lint_course

    found = lint_course(_notebooks(arguments), tuple(arguments.lessons))
    for finding in found:
        print(finding)
    print(f"{len(found)} broken rules" if found else "all rules kept")
    return 1 if found else 0


@_told
def style(arguments: argparse.Namespace) -> int:
    """Print the measures of the students' notebooks as a table."""
    import nbformat

    from crmlab.course.build import target
    from crmlab.course.measure import HEADER, as_row
    from crmlab.course.source import find_sources

    folder = _notebooks(arguments)
    sources = find_sources(folder / "source", tuple(arguments.lessons))
    notebooks = [nbformat.read(target(source, folder, edition="student"), as_version=4) for source in sources]
    print(HEADER)
    for source, notebook in zip(sources, notebooks, strict=True):
        print(as_row(source.name, [notebook]))
    print(as_row("all", notebooks))
    return 0


@_told
def write_register(arguments: argparse.Namespace) -> int:
    """Run the trials; write the register's page and the numbers of its verdicts, or tell whether both are in step."""
    from crmlab.course import trials
    from crmlab.course.register import as_markdown, read_register
    from crmlab.paths import notebooks_folder

    out: Path = arguments.out or notebooks_folder().parent / "docs" / "register.md"
    kept = trials.as_json(trials.trials())
    texts = {out: as_markdown(read_register(), json.loads(kept))}
    if arguments.out is None:
        texts[Path(trials.__file__).with_name(trials.NUMBERS)] = kept
    differ = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if arguments.check:
        print(f"{out.name}: {'differs from the table' if differ else 'in step'}")
        return 1 if differ else 0
    for path in differ:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8", newline="\n")
    print(f"{out.name}: {'written' if differ else 'unchanged'}")
    return 0


@_told
def run_lesson(arguments: argparse.Namespace) -> int:
    """Run one lesson and write notebook and page."""
    from crmlab.course.publish import publish
    from crmlab.course.source import find_sources
    from crmlab.paths import notebooks_folder

    (source,) = find_sources(notebooks_folder() / "source", (arguments.lesson,))
    line = _Line()
    published = publish(
        source,
        arguments.out,
        seed=arguments.seed,
        student=arguments.student,
        force=arguments.force,
        progress=lambda done, count: line.now(f"lesson {source.number}: cell {done} of {count}"),
    )
    line.done(f"{published.notebook}\n{published.page}")
    for remark in published.remarks:
        print(f"In this shop {remark}.")
    return 0


@_told
def open_lab(arguments: argparse.Namespace) -> int:
    """Copy the course to a folder, leaving the student's own work alone, and open JupyterLab there."""
    from crmlab.course.workplace import copy_course
    from crmlab.paths import notebooks_folder

    folder: Path = arguments.folder
    copied = copy_course(notebooks_folder(), folder)
    if not copied:
        print("crmlab: this installation has no notebooks; build them with: crmlab course build", file=sys.stderr)
        return 2
    fresh = sum(each.state in ("new", "updated") for each in copied)
    print(f"Your copy of the course is in {folder.resolve()} ({fresh} of {len(copied)} notebooks new or newer).")
    for each in copied:
        if each.state == "yours":
            print(f"{each.name}: the course has a newer version; yours is kept. Rename yours to get the new one.")
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return _start([sys.executable, "-m", "jupyterlab", *root, *arguments.options, copied[0].name], folder)


def _start(command: list[str], folder: Path) -> int:
    """Run a program in a folder, in the place of this one where the system allows: it gets the signals then."""
    if os.name == "posix":
        os.chdir(folder)
        os.execv(command[0], command)
    return subprocess.call(command, cwd=folder)
