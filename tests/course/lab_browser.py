"""A real JupyterLab in a real browser, for tests: start it, run a notebook, move its controls, look."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)

# Headless, and silent towards the rest of the world.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

START_SECONDS = 60
RUN_MILLISECONDS = 90_000
MOVE_MILLISECONDS = 20_000


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    address: str
    token: str
    folder: Path

    def url(self, name: str) -> str:
        return f"{self.address}/lab/tree/{name}?reset&token={self.token}"


def blank_copy(source: Path, target: Path) -> None:
    """Copy a notebook without outputs and counts, so that what is seen was made by this browser's run."""
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, target)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_lab(folder: Path, scratch: Path) -> Iterator[Lab]:
    """Start JupyterLab on `folder`, with settings of its own, and stop it at the end."""
    token, port = secrets.token_hex(8), _free_port()
    # Lab draws only the cells in view; a test looks at all of them. Nor does it want news.
    _setting(scratch, "notebook-extension/tracker", {"windowingMode": "none"})
    _setting(scratch, "apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(scratch / "workspaces"),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}"),
        *(f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    log = (scratch / "jupyterlab.log").open("w", encoding="utf-8")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    lab = Lab(f"http://127.0.0.1:{port}", token, folder)
    try:
        _wait(lab, process, scratch / "jupyterlab.log")
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _setting(scratch: Path, name: str, values: dict[str, Any]) -> None:
    path = scratch / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")


def _wait(lab: Lab, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{lab.address}/api/status?token={lab.token}", timeout=2).close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def open_and_run(page: Any, lab: Lab, name: str) -> None:
    """Open a notebook, wait for its kernel, run all cells and wait for the last of them, or for one that fails."""
    page.goto(lab.url(name))
    # The indicator says idle before there is a kernel at all: the kernel's name decides.
    page.wait_for_function(
        """() => {
            const kernel = document.querySelector('.jp-KernelName'), bar = document.querySelector('#jp-main-statusbar');
            return kernel && !/No Kernel/.test(kernel.textContent) && bar && /Idle/.test(bar.textContent);
        }""",
        timeout=RUN_MILLISECONDS,
    )
    page.keyboard.press("Control+B")  # the file browser away: the notebook gets the width
    page.locator('.lm-MenuBar-itemLabel:text-is("Run")').click()
    page.locator('.lm-Menu-itemLabel:text-is("Run All Cells")').click()
    page.wait_for_function(
        """() => {
            const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent);
            const failed = document.querySelector('[data-mime-type="application/vnd.jupyter.error"]');
            return failed || (prompts.length > 0 && prompts.every(text => /^\\[\\d+\\]:$/.test(text)));
        }""",
        timeout=RUN_MILLISECONDS,
    )


def saved(page: Any, lab: Lab, name: str) -> nbformat.NotebookNode:
    """Save the open notebook as a reader does, and return what is then in its file."""
    path = lab.folder / name
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+S")
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(ValueError):  # half written
            if path.stat().st_mtime_ns != before:
                return nbformat.read(path, as_version=4)
        page.wait_for_timeout(100)
    raise RuntimeError(f"{name} was not saved")


def trouble(page: Any) -> list[str]:
    """Return what the notebook shows of errors and warnings."""
    found: list[str] = page.eval_on_selector_all(
        '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]',
        "nodes => nodes.map(node => node.textContent.slice(0, 500))",
    )
    return found


_WATCH = """control => {
    const box = control.closest('.widget-vbox');
    const before = box.querySelector('img').src;
    window.crmlabMove = new Promise(resolve => {
        let start = null;
        const pressed = () => { if (start === null) start = performance.now(); };
        document.addEventListener('keydown', pressed, {capture: true, once: true});
        const watcher = new MutationObserver(async () => {
            const image = box.querySelector('img');
            if (!image || image.src === before || start === null) return;
            watcher.disconnect();
            await image.decode();
            resolve({milliseconds: performance.now() - start, alt: image.alt, width: image.naturalWidth});
        });
        watcher.observe(box, {childList: true, subtree: true, attributes: true});
    });
}"""

CONTROLS = ", ".join(
    f".widget-vbox {kind}" for kind in (".noUi-handle", "input[type=checkbox]", "input[type=radio]:not(:checked)")
)


def move(page: Any, control: Any, keys: tuple[str, ...]) -> dict[str, Any] | None:
    """Press keys on a control until its picture changes; return time, description and width, or None."""
    control.scroll_into_view_if_needed()
    control.focus()
    for key in keys:
        control.evaluate(_WATCH)
        page.keyboard.press(key)
        moved: dict[str, Any] | None = page.evaluate(
            "limit => Promise.race([window.crmlabMove, new Promise(r => setTimeout(() => r(null), limit))])",
            MOVE_MILLISECONDS if key == keys[-1] else 1_500,
        )
        if moved:
            return moved
    return None


def keys_of(control: Any) -> tuple[str, ...]:
    """Return the keys that move a control: forwards first, then back in case it stands at its end.

    The buttons of a choice are stops of their own for the tabulator; the space bar chooses the one that has the focus.
    """
    tag = control.evaluate("node => node.tagName + ' ' + (node.type || '')").lower()
    if "checkbox" in tag or "radio" in tag:
        return ("Space",)
    return ("ArrowRight", "ArrowRight", "ArrowLeft")


def whole_screenshot(page: Any, path: Path) -> None:
    """Keep a picture of the whole notebook, however long it is."""
    height = page.evaluate(
        """() => Math.max(...[...document.querySelectorAll('.jp-WindowedPanel-outer, .jp-NotebookPanel-notebook')]
            .map(panel => panel.scrollHeight)) + 120"""
    )
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"], "height": min(int(height), 16_000)})
    page.evaluate("() => document.querySelectorAll('.jp-WindowedPanel-outer').forEach(panel => panel.scrollTo(0, 0))")
    page.wait_for_timeout(500)
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(path))
    page.set_viewport_size(size)
