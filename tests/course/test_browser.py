"""Every lesson in a real JupyterLab: run all, compare outputs, move every control by keyboard, see the picture change.

Screenshots and times are kept in ``artefacts/browser`` (not committed). Times are reported, never judged.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from crmlab.course.build import output_differences
from crmlab.course.execute import settle
from tests.course.lab_browser import (
    CHROMIUM,
    CONTROLS,
    FLAGS,
    Lab,
    blank_copy,
    keys_of,
    move,
    open_and_run,
    running_lab,
    saved,
    trouble,
    whole_screenshot,
)

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
ARTEFACTS = ROOT / "artefacts" / "browser"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.locked,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("course")
    for lesson in LESSONS:
        blank_copy(lesson, folder / lesson.name)
    with running_lab(folder, tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_and_its_controls_move(lesson: Path, lab: Lab, page: Any) -> None:
    open_and_run(page, lab, lesson.name)
    whole_screenshot(page, ARTEFACTS / f"{lesson.stem}.png")
    assert trouble(page) == []
    again = saved(page, lab, lesson.name)
    settle(again)
    assert output_differences(again, nbformat.read(lesson, as_version=4)) == [], "mend it with: crmlab course build"

    times = []
    controls = page.locator(CONTROLS).all()
    for place, control in enumerate(controls):
        moved = move(page, control, keys_of(control))
        assert moved is not None, f"control {place + 1} of {lesson.stem} moved, and the picture stayed the same"
        assert moved["width"] > 300 and len(moved["alt"]) > 30
        times.append(moved["milliseconds"])
    assert trouble(page) == []

    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    report = {"lesson": lesson.stem, "controls": len(times), "milliseconds": [round(each) for each in times]}
    if times:
        report["median_milliseconds"] = round(statistics.median(times))
    (ARTEFACTS / f"{lesson.stem}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def test_every_lesson_is_here() -> None:
    sources = sorted((ROOT / "notebooks" / "source").glob("[0-9]*.py"))
    assert [path.stem for path in LESSONS] == [path.stem for path in sources]
