"""Reading what shops export: any transaction log to one table of orders, with an account of every row set aside."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlab.reading.log import TransactionLog, read_transactions
    from crmlab.reading.peek import peek

__all__ = ["TransactionLog", "peek", "read_transactions"]


def __getattr__(name: str) -> Any:
    # The command line needs the names of the roles for its help, and not pandas.
    if name not in __all__:
        raise AttributeError(f"module 'crmlab.reading' has no attribute {name!r}; it has {', '.join(__all__)}")
    if name == "peek":
        # Not "from crmlab.reading import peek": the module has the name of its function.
        return importlib.import_module("crmlab.reading.peek").peek
    from crmlab.reading import log

    return getattr(log, name)
