"""Reading what shops export: any transaction log to one table of orders, with an account of every row set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlab.reading.log import TransactionLog, read_transactions

__all__ = ["TransactionLog", "read_transactions"]


def __getattr__(name: str) -> Any:
    # The command line needs the names of the roles for its help, and not pandas.
    if name not in __all__:
        raise AttributeError(f"module 'crmlab.reading' has no attribute {name!r}; it has {', '.join(__all__)}")
    from crmlab.reading import log

    return getattr(log, name)
