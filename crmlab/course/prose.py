"""What is said in a Markdown cell: its words, numbers, headings and links, apart from code, formulas and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crmlab.course.execute import PLACEHOLDER

_NOT_PROSE = re.compile(
    r"```.*?```"  # fenced code
    r"|`[^`]*`"  # code in a line
    r"|\$\$.*?\$\$|\$[^$]+\$"  # formulas
    r"|<[^>]+>"  # tags
    r"|\]\([^)]*\)"  # the address of a link
    r"|https?://\S+",
    re.DOTALL,
)

# Numbers that name something instead of counting it: 3.2 after "Exercise", 03 after "lesson", C064, 4P, years and days
# (a count of a thousand or more is written with its comma).
_NAMES = re.compile(
    r"\b(?:exercises?|lessons?|guess|figure|table|section|chapter)\s+\d+(?:\.\w+)?\b|\b\w*[A-Za-z]\d\w*\b|\b\d+[A-Za-z]\w*\b|^\s*\d+\.\s"
    r"|\b(?:\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) )?"
    r"(?:1[89]|20)\d\d\b(?![.,]\d)"
    r"|练习\s*\d+\.\w+|第\s*\d+\s*课",
    re.IGNORECASE | re.MULTILINE,
)

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

# Words that state a quantity. "One", "two" and "first" are left out: they count things that stand on the page.
_QUANTITY = re.compile(
    r"\b(half|halves|third|thirds|quarters?|fifths?|sixths?|tenths?|hundredths?|twice|thrice|double[sd]?|triple[sd]?|doubling"
    r"|dozens?|hundreds?|thousands?|millions?|(?:two|three|four|five|six|seven|eight|nine|ten)-?(?:fold| times))\b",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Return the prose of a Markdown cell, without code, formulas, tags, addresses and placeholders.

    Parameters
    ----------
    text : str
        Markdown, with or without placeholders.
    """
    return PLACEHOLDER.sub(" ", _NOT_PROSE.sub(" ", PLACEHOLDER.sub(" ", text)))


def words(text: str) -> int:
    """Count the words of a Markdown cell; a Chinese character counts as half a word.

    Parameters
    ----------
    text : str
        Markdown as a reader sees it.

    Examples
    --------
    >>> words("Sales fell by **12 %** in `store`.")
    5
    """
    prose = _NOT_PROSE.sub(" ", text)
    chinese = len(re.findall(r"[\u4e00-\u9fff]", prose))
    latin = len(re.findall(r"[^\W_]+(?:['’.,:/-][^\W_]+)*", re.sub(r"[\u4e00-\u9fff]", " ", prose)))
    return latin + (chinese + 1) // 2


def quantities(text: str) -> list[str]:
    """Return the numbers that stand literally in the prose of a source cell, as digits or words, in order.

    Parameters
    ----------
    text : str
        Markdown of a source.

    Examples
    --------
    >>> quantities("In lesson 3, exercise 3.2, {{share:.0%}} of 5,000 customers bought twice.")
    ['5,000', 'twice']
    """
    prose = _NAMES.sub(" ", plain(text))
    found = [(m.start(), m.group()) for m in _NUMBER.finditer(prose)] + [
        (m.start(), m.group().lower()) for m in _QUANTITY.finditer(prose)
    ]
    return [word for _, word in sorted(found)]


def headings(text: str) -> list[tuple[int, str]]:
    """Return level and words of every heading of a Markdown cell.

    Examples
    --------
    >>> headings("# One" + chr(10) + "text" + chr(10) + "## Two")
    [(1, 'One'), (2, 'Two')]
    """
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [(len(m[1]), m[2].strip()) for m in re.finditer(r"^(#{1,6})\s+(.+)$", without_code, flags=re.MULTILINE)]


def anchor(heading: str) -> str:
    """Return the anchor that JupyterLab and nbconvert give a heading.

    Examples
    --------
    >>> anchor("On trial: who *stays*?")
    'On-trial:-who-stays?'
    """
    return re.sub(r"[*`]", "", heading).strip().replace(" ", "-")


def links(text: str) -> Iterator[str]:
    """Yield the addresses of links and pictures in a Markdown cell.

    Examples
    --------
    >>> list(links("[a](b.md#c) and ![d](e.png)"))
    ['b.md#c', 'e.png']
    """
    for match in re.finditer(r"\]\(([^)\s]+)[^)]*\)", re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)):
        yield match[1]
