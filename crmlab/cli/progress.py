"""Progress on the terminal: a bar where there is a screen, a line per stage where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crmlab.reading.raw import Progress


@contextmanager
def terminal_progress(console: Any) -> Iterator[Progress]:
    """Give a progress function that shows on `console` what is being done.

    Parameters
    ----------
    console : rich.console.Console
        Where to show it.
    """
    if not console.is_terminal:
        seen: set[str] = set()

        def line(stage: str, share: float) -> None:
            if stage not in seen:
                seen.add(stage)
                console.print(f"{stage} …", markup=False)

        yield line
        return
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    with Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("", total=1.0)

        def move(stage: str, share: float) -> None:
            bar.update(task, description=stage, completed=share, total=1.0 if share > 0 else None)

        yield move
