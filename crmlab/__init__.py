"""crmlab: a laboratory for customer relationship management.

``import crmlab as crm`` costs next to nothing: each name below is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name → (module, attribute); an attribute of None is the module itself.
_PUBLIC: dict[str, tuple[str, str | None]] = {
    "Run": ("crmlab.world", "Run"),
    "ScenarioError": ("crmlab.world", "ScenarioError"),
    "TableError": ("crmlab.tables", "TableError"),
    "World": ("crmlab.world", "World"),
    "churn": ("crmlab.churn", None),
    "data": ("crmlab.data", None),
    "explorers": ("crmlab.explorers", None),
    "features": ("crmlab.features", None),
    "grading": ("crmlab.grading", None),
    "lesson": ("crmlab.exercises", "lesson"),
    "lifetime": ("crmlab.lifetime", None),
    "load": ("crmlab.data", "load"),
    "loyalty": ("crmlab.loyalty", None),
    "matching": ("crmlab.matching", None),
    "needs": ("crmlab.needs", None),
    "paths": ("crmlab.paths", None),
    "peek": ("crmlab.reading.peek", "peek"),
    "plots": ("crmlab.plots", None),
    "read_transactions": ("crmlab.reading", "read_transactions"),
    "recovery": ("crmlab.recovery", None),
    "report": ("crmlab.report", None),
    "tables": ("crmlab.tables", None),
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'crmlab' has no attribute {name!r}; it has {', '.join(sorted(_PUBLIC))}")
    module, attribute = _PUBLIC[name]
    loaded = importlib.import_module(module)
    value = loaded if attribute is None else getattr(loaded, attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
