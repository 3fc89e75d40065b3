"""Worlds too large for memory, written as partitioned Parquet: any number of processes, and a kill at any moment."""

from crmlab.large.folder import PART, LargeWorldError
from crmlab.large.write import write_large

__all__ = ["PART", "LargeWorldError", "write_large"]
