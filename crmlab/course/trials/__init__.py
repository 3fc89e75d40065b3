"""The small simulations behind the register's verdicts: every number that a verdict states is computed here.

One module a lesson, ``lesson_NN.py``, with a function ``trials`` that returns the values of the placeholders of its
verdicts: money in €, shares from 0 to 1. Names are unique over all lessons.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module


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
