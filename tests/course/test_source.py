"""Lesson sources: what the format allows, and what each edition and language gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmlab import phrases
from crmlab.course.source import SourceError, assemble, edition_text, find_sources, read_source, translate_code

TINY = Path(__file__).parent / "sources" / "90_tiny.py"


def write(folder: Path, text: str, name: str = "91_small.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def texts(edition: str, language: str) -> list[str]:
    return [cell.source for cell in assemble(read_source(TINY), edition=edition, language=language).cells]


def test_editions_differ_only_where_a_blank_is() -> None:
    student, solution = texts("student", "en"), texts("solution", "en")
    assert student[:3] == solution[:3]
    assert student[3] == "answer = ...  # two times the sum\nprint(answer)"
    assert solution[3] == "answer = total * 2\nprint(answer)"
    assert len(student) == 4 and len(solution) == 5


def test_languages_share_the_code() -> None:
    english, chinese = texts("student", "en"), texts("student", "zh")
    assert [english[i] for i in (1, 3)] == [chinese[i] for i in (1, 3)]
    assert english[0].startswith("# A tiny lesson") and chinese[0].startswith("# 小課")


def test_ids_are_stable_and_depend_on_the_text() -> None:
    def ids() -> list[str]:
        return [cell.id for cell in assemble(read_source(TINY), edition="student").cells]

    assert ids() == ids()
    assert len(set(ids())) == len(ids())


def test_equal_cells_get_different_ids(tmp_path: Path) -> None:
    source = read_source(write(tmp_path, "# %%\nx = 1\n\n# %%\nx = 1\n"))
    first, second = assemble(source, edition="student").cells
    assert first.id != second.id


def test_a_blank_keeps_its_indentation() -> None:
    text = "def rank(table):\n    ### BEGIN SOLUTION\n    return table\n    ### END SOLUTION\n    #: return ...\n"
    assert edition_text(text, "student") == "def rank(table):\n    return ..."
    assert edition_text(text, "solution") == "def rank(table):\n    return table"


def test_comments_and_texts_of_code_are_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmlab.course.source.catalogue", lambda language: {"whole number": "整数", "store": "商店"})
    code = 'guess = ...  # whole number\nplace = "store"\nother = f("store", "shop")\n'
    wanted = 'guess = ...  # 整数\nplace = "商店"\nother = f("商店", "shop")\n'
    assert translate_code(code, "zh") == wanted


def test_say_falls_back_to_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMLAB_LANGUAGE", "zh")
    monkeypatch.setattr(phrases, "catalogue", lambda language: {"{n} orders": "{n} 张订单"})
    assert phrases.say("{n} orders", n=3) == "3 张订单"
    assert phrases.say("{n} mails", n=3) == "3 mails"


def test_an_unknown_language_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMLAB_LANGUAGE", "xx")
    with pytest.raises(ValueError, match=r"xx.*en, zh"):
        phrases.language()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('# %% [markdown] lang="fr"\n# Bonjour\n', "unknown language 'fr'"),
        ('# %% [markdown] colour="red"\n# Red\n', "unknown metadata"),
        ('# %% tags=["solutoin"]\nx = 1\n', "unknown tags"),
        ('# %% lang="en"\nx = 1\n', "belong to Markdown"),
        ("# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n", "needs a blank"),
        ("# %%\n#: x = ...\n", "a blank a solution"),
        ("# %%\n### BEGIN SOLUTION\nx = 1\n#: x = ...\n", "and together"),
        ("# %% [raw]\n# raw\n", "only Markdown and code"),
    ],
)
def test_sources_that_do_not_follow_the_format(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_source(write(tmp_path, text))


def test_names_and_numbers_of_sources(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="NN_topic"):
        read_source(write(tmp_path, "# %%\nx = 1\n", "lesson.py"))
    with pytest.raises(SourceError, match="no lesson source"):
        find_sources(tmp_path)
    write(tmp_path, "# %%\nx = 1\n")
    with pytest.raises(SourceError, match=r"no lesson 03.*91"):
        find_sources(tmp_path, ("3",))
    assert [source.name for source in find_sources(tmp_path)] == ["91_small"]


def test_a_language_that_is_not_there(tmp_path: Path) -> None:
    source = read_source(write(tmp_path, '# %% [markdown] lang="en"\n# English\n'))
    with pytest.raises(SourceError, match="only in en"):
        assemble(source, edition="student", language="zh")
