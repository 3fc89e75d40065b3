"""The lint: for every rule a notebook or source that breaks it, and one that does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from crmlab.course.lint import Budget, lint_notebook
from crmlab.course.lint_source import Ids, lint_source
from crmlab.course.measure import measure
from crmlab.course.prose import quantities, words
from crmlab.course.source import read_source

WIDE = Budget(cells=(1, 50), words=(0, 5_000))
GOOD_ALT = "Revenue rises from January to June and then stays level."


def markdown(text: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_markdown_cell(text)


def code(text: str, count: int | None, *outputs: Any) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(text, execution_count=count, outputs=list(outputs))


def shown(**data: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", {key.replace("_", "/"): value for key, value in data.items()})


def good_cells() -> list[nbformat.NotebookNode]:
    picture = shown(text_html=f'<img alt="{GOOD_ALT}" src="data:image/png;base64,AA">', text_plain="<Figure>")
    return [
        markdown("# Title\n\nSee [below](#What-was-seen)."),
        code("x = 1", 1, picture),
        markdown("## What was seen"),
    ]


def messages(cells: list[nbformat.NotebookNode], budget: Budget = WIDE, path: Path = Path("03_x.ipynb")) -> str:
    found = lint_notebook(nbformat.v4.new_notebook(cells=cells), path, budget=budget)
    return "\n".join(map(str, found))


def test_a_good_notebook_breaks_no_rule() -> None:
    assert messages(good_cells()) == ""


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ([markdown("   ")], "cell 4: an empty cell"),
        ([code("y = 2", None)], "ran as number None, not 2"),
        ([code("y = 2", 3)], "ran as number 3, not 2"),
        ([markdown("Sales: {{x}}")], "a placeholder"),
        ([code("y", 2, nbformat.v4.new_output("stream", name="stderr", text="careful"))], "writes a warning: careful"),
        ([code("y", 2, nbformat.v4.new_output("error", ename="KeyError"))], "ends in an error: KeyError"),
        ([code("y", 2, shown(text_plain="see /home/ada/x.csv"))], "a folder of the machine"),
        ([code("y", 2, shown(image_png="AAAA"))], "a bare picture"),
        ([code("y", 2, shown(text_html='<img src="x.png">'))], "says too little: 'none'"),
        ([code("y", 2, shown(text_html='<img alt="img" src="x.png">'))], "says too little: 'img'"),
        ([markdown("![chart](#Title)")], "says too little: 'chart'"),
        ([markdown("#### Deep")], "skips a level"),
        ([markdown("# Another")], "a second title"),
        ([markdown("[gone](nowhere.ipynb)")], "a file that is not there: nowhere.ipynb"),
        ([markdown("[gone](#Nothing)")], "a heading that is not there: #Nothing"),
        ([markdown("[bad](http:/x)")], "not a good web address"),
        ([code("a", 2), code("b", 3), code("c", 4)], "cell 6: the third code cell in a row"),
        ([code("\n".join("abcdefghijklmnopq"), 2)], "17 lines of code; 15 are allowed"),
    ],
)
def test_every_rule_is_noticed(extra: list[nbformat.NotebookNode], message: str) -> None:
    assert message in messages([*good_cells(), *extra])


def test_budgets() -> None:
    tight = messages(good_cells(), Budget(cells=(20, 30), words=(700, 1_000), median_lines=0))
    assert "3 cells; 20 to 30 are allowed" in tight
    assert "words of prose; 700 to 1,000 are allowed" in tight
    assert "the median code cell has 1 lines; 0 are allowed" in tight


def test_a_title_is_needed() -> None:
    assert "the first cell has no title" in messages([markdown("Hello"), code("x", 1)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Exercise 3.2 of lesson 03 tests Q021 and C064, the 4P and 4Cs.", []),
        ("We call 200 customers at 40 € each.", ["200", "40"]),
        ("It is {{x:.0%}}, says `f(12)`, $a^2$ and [a page](p2.md).", []),
        ("Two thirds of it, half of them, twice as much.", ["thirds", "half", "twice"]),
        ("1. first\n2. second", []),
        ("5,000 customers, 3.5 points", ["5,000", "3.5"]),
        ("In 2025, on 1 January 2026, 12 customers of 2,025", ["12", "2,025"]),
    ],
)
def test_quantities(text: str, expected: list[str]) -> None:
    assert quantities(text) == expected


def test_words_of_both_languages() -> None:
    assert words("Sales fell by 12 %.") == 4
    assert words("客户关系") == 2


def source(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "91_small.py"
    path.write_text(text, encoding="utf-8")
    return read_source(path)


GOOD_SOURCE = """# %% [markdown] lang="en" given="80"
# # Title
# They say 80 %. It is {{share:.0%}}.

# %%
lesson = crm.lesson("91")

# %%
### BEGIN SOLUTION
guess = 3
### END SOLUTION
#: guess = ...
lesson.predict("9.a", guess)

# %%
lesson.compare("9.a", 4)

# %%
### BEGIN SOLUTION
best = 3
### END SOLUTION
#: best = ...
lesson.check("9.1", best)
"""
IDS = Ids(("9.1",), ("9.a",))


def source_messages(tmp_path: Path, text: str, ids: Ids = IDS) -> str:
    return "\n".join(map(str, lint_source(source(tmp_path, text), ids)))


def test_a_good_source_breaks_no_rule(tmp_path: Path) -> None:
    assert source_messages(tmp_path, GOOD_SOURCE) == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("They say 80 %", "They say 80 % or 70 %", "cell 1: '70' is neither computed ({{…}}) nor declared"),
        ("They say 80 %", "They say so", "given='80' does not occur"),
        ("{{share:.0%}}", "two thirds", "'thirds' is neither"),
        ('lesson.compare("9.a", 4)', 'lesson.compare("9.a", best)\nf("a long text in code")', "is prose"),
        ('"9.1", best', '"9.7", best', "checks the exercises ['9.7']; its exercises module has ['9.1']"),
        ('compare("9.a", 4)', 'compare("9.b", 4)', "compares ['9.b']"),
        ('crm.lesson("91")', 'crm.lesson("92")', "opens its lesson 0 times"),
    ],
)
def test_every_rule_for_sources_is_noticed(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD_SOURCE
    assert message in source_messages(tmp_path, GOOD_SOURCE.replace(old, new))


def test_an_answer_may_not_be_needed_later(tmp_path: Path) -> None:
    assert "cell 6: uses 'best', the answer of cell 5" in source_messages(
        tmp_path, GOOD_SOURCE + "\n# %%\nprint(best)\n"
    )
    text = GOOD_SOURCE + "\n# %% [markdown]\n# It is {{best + 1}}.\n"
    assert "cell 6: uses 'best'" in source_messages(tmp_path, text)


def test_comparing_comes_after_predicting(tmp_path: Path) -> None:
    text = GOOD_SOURCE.replace('lesson.compare("9.a", 4)', "pass").replace(
        'lesson = crm.lesson("91")', 'lesson = crm.lesson("91")\nlesson.compare("9.a", 4)'
    )
    assert "compares 9.a before it was predicted" in source_messages(tmp_path, text)


def test_languages_must_be_complete(tmp_path: Path) -> None:
    english, chinese = '# %% [markdown] lang="en"\n# Text\n\n', '# %% [markdown] lang="zh"\n# 文\n\n'
    assert lint_source(source(tmp_path, english + chinese)) == []
    assert lint_source(source(tmp_path, english + chinese + "# %%\nx = 1\n\n" + english + chinese)) == []
    assert "every place needs each" in str(lint_source(source(tmp_path, english + chinese + english))[0])


def test_measures() -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[markdown("one two three"), code("a\n\nb", 1), code("c", 2), markdown("four"), code("d\n" * 21, 3)]
    )
    style = measure([notebook])
    assert (style.cells, style.code_cells, style.lines_median, style.lines_longest) == (5, 3, 2, 21)
    assert (style.words, style.longest_run) == (4, 2)
    assert style.after_prose == pytest.approx(2 / 3)
    assert style.over_20 == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="no code cell"):
        measure([nbformat.v4.new_notebook(cells=[markdown("x")])])
