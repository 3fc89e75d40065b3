"""Run a lesson's notebook: fill the placeholders of its prose, try the conditions, keep what is the same every time."""

from __future__ import annotations

import ast
import os
import re
import tempfile
from collections.abc import Callable
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

PLACEHOLDER = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)

CELL_TIMEOUT = 120
"""Seconds that one cell may take: a lesson as a whole should need no more than sixty."""

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class LessonRunError(RuntimeError):
    """A lesson that does not run, or says what is not so; the message names the cell and the reason."""


class _LessonClient(NotebookClient):
    """A notebook client that fills in Markdown cells on its way."""

    broken_conditions: list[str]
    progress: Callable[[int, int], None]

    async def async_execute_cell(
        self, cell: Any, cell_index: int, execution_count: int | None = None, store_history: bool = True
    ) -> Any:
        self.progress(cell_index + 1, len(self.nb.cells))
        if cell.cell_type == "markdown":
            await self._fill(cell)
            return cell
        return await super().async_execute_cell(cell, cell_index, execution_count, store_history)

    async def _fill(self, cell: Any) -> None:
        """Compute the placeholders and try the conditions of one Markdown cell in the kernel."""
        conditions = [each.strip() for each in cell.metadata.pop("holds", "").split(";") if each.strip()]
        placeholders = PLACEHOLDER.findall(cell.source)
        if not conditions and not placeholders:
            return
        wanted = {f"p{i}": f'f"""{{{text}}}"""' for i, text in enumerate(placeholders)}
        wanted |= {f"h{i}": f"bool({text})" for i, text in enumerate(conditions)}
        assert self.kc is not None
        # store_history=False: the reader's counts must not show that the builder asked.
        request = self.kc.execute("pass", store_history=False, user_expressions=wanted)
        reply = await self.async_wait_for_reply(await request if hasattr(request, "__await__") else request)
        assert reply is not None
        answers = reply["content"]["user_expressions"]
        for key, answer in answers.items():
            if answer["status"] != "ok":
                text = placeholders[int(key[1:])] if key[0] == "p" else conditions[int(key[1:])]
                raise LessonRunError(f"'{text}' in {_begin(cell)}: {answer['ename']}: {answer['evalue']}")
        values = iter(ast.literal_eval(answers[f"p{i}"]["data"]["text/plain"]) for i in range(len(placeholders)))
        cell.source = PLACEHOLDER.sub(lambda _: next(values), cell.source)
        for i, text in enumerate(conditions):
            if answers[f"h{i}"]["data"]["text/plain"] != "True":
                self.broken_conditions.append(f"'{text}' is not so, but {_begin(cell)} is written as if it were")


def _begin(cell: Any) -> str:
    words = " ".join(cell.source.split())
    return f"the cell that begins “{words[:60]}…”"


def execute(
    notebook: nbformat.NotebookNode,
    *,
    language: str = "en",
    strict: bool = True,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> list[str]:
    """Run a notebook in place, in a fresh kernel of the Python in use.

    What differs from run to run or belongs to a live page only is left out: times, widget state, the version of Python.

    Parameters
    ----------
    notebook : NotebookNode
        As `crmlab.course.source.assemble` makes it.
    language : str
        Language of the messages.
    strict : bool
        Whether a condition of the prose that does not hold is an error.
    progress : callable
        Called with the number of the cell that begins, and of cells in all.

    Returns
    -------
    list of str
        Conditions that did not hold; empty when `strict`.

    Raises
    ------
    LessonRunError
        If a cell or placeholder fails, or a condition does not hold and `strict` is set.
    """
    client = _LessonClient(notebook, timeout=CELL_TIMEOUT, kernel_name="python3", record_timing=False)
    client.broken_conditions = []
    client.progress = progress
    environment = {**os.environ, "CRMLAB_LANGUAGE": language}
    # What the kernel's own machinery writes (about its sockets, say) is of interest only when it dies.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as log:
        try:
            client.execute(env=environment, stderr=log)
        except CellExecutionError as error:
            traceback = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # without the colours of a terminal
            raise LessonRunError(f"A cell failed: {error.ename}: {error.evalue}\n{traceback}") from error
        except DeadKernelError as error:
            log.seek(0)
            raise LessonRunError(f"The kernel died.\n{log.read()[-2_000:]}") from error
    if strict and client.broken_conditions:
        raise LessonRunError("; ".join(client.broken_conditions))
    settle(notebook)
    return client.broken_conditions


def settle(notebook: nbformat.NotebookNode) -> None:
    """Drop what a saved notebook must not keep: widget state and views, and what the kernel says about itself.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    """
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python", "file_extension": ".py"}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(_WIDGET_VIEW, None)
