"""The small simulations behind the register's verdicts: every number that a verdict states is computed here.

One module a lesson, ``lesson_NN.py``, with a function ``trials`` that returns the values of the placeholders of its
verdicts: money in €, shares from 0 to 1. Names are unique over all lessons.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module, resources


@cache
def trials() -> dict[str, float]:
    """Run the trials of all lessons.

    Returns
    -------
    dict of str to float
        Values for the placeholders of the verdicts.

    Raises
    ------
    ValueError
        If two lessons give a value the same name.
    """
    values: dict[str, float] = {}
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__)):
        found = import_module(f"{__name__}.{module}").trials()
        if twice := sorted(values.keys() & found.keys()):
            raise ValueError(f"trials of {module}: these names belong to another lesson already: {', '.join(twice)}")
        values |= found
    return values


NUMBERS = "numbers.json"
"""The values that the trials gave when the register was written last; a test runs the trials again and compares."""


def kept_numbers() -> dict[str, float]:
    """Return the values of `trials` as they were when the register was written last, without running anything.

    Returns
    -------
    dict of str to float
        Values for the placeholders of the verdicts.
    """
    text = resources.files(__name__).joinpath(NUMBERS).read_text(encoding="utf-8")
    numbers: dict[str, float] = json.loads(text)
    return numbers


def as_json(numbers: Mapping[str, float]) -> str:
    """Return the text in which values are kept: six digits, so that the last bits of another machine do not show.

    Parameters
    ----------
    numbers : mapping of str to float
        From `trials`.
    """
    return json.dumps({name: float(f"{numbers[name]:.6g}") for name in sorted(numbers)}, indent=1) + "\n"
