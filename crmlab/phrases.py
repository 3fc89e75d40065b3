"""Words shown to a reader, in the reader's language.

English is the key: code says ``say("It is {number}.", number=3)``, and a catalogue ``translations/<language>.toml``, a
line ``"English" = "translation"`` each, gives the other languages. A phrase without translation stays English, so that
a half-translated course still works. Prose of the lessons is not here: it stands, language by language, in their text.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en", "zh")
"""Languages that a course can be built in; the first is the one that code is written in."""


def language() -> str:
    """Return the language in use: the environment variable ``CRMLAB_LANGUAGE``, else English.

    Raises
    ------
    ValueError
        If the variable names a language that is not one of `LANGUAGES`.
    """
    chosen = os.environ.get("CRMLAB_LANGUAGE", "") or LANGUAGES[0]
    if chosen not in LANGUAGES:
        raise ValueError(f"CRMLAB_LANGUAGE is {chosen!r}; allowed are {', '.join(LANGUAGES)}.")
    return chosen


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return the translations of one language, by English phrase; empty for English and where there are none yet.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.
    """
    file = resources.files("crmlab").joinpath("translations", f"{language}.toml")
    if not file.is_file():
        return {}
    return {str(key): str(value) for key, value in tomllib.loads(file.read_text(encoding="utf-8")).items()}


def say(text: str, **values: Any) -> str:
    """Return `text` in the language in use, with `values` filled in.

    Parameters
    ----------
    text : str
        An English phrase; ``{name}`` and ``{name:,.0f}`` are places for values.
    **values
        What goes there.

    Examples
    --------
    >>> say("{orders:,} orders", orders=12_000)
    '12,000 orders'
    """
    there = catalogue(language()).get(text, text)
    return there.format(**values) if values else there
