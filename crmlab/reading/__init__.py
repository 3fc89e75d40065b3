"""Reading what shops export: any transaction log to one table of orders, with an account of every row set aside."""

from crmlab.reading.log import TransactionLog, read_transactions

__all__ = ["TransactionLog", "read_transactions"]
