"""A transaction log to a report that a shop owner enjoys: one page, one notebook, one table, one summary."""

from crmlab.report.analysis import Analysis, analyse
from crmlab.report.folder import FILES, write_report

__all__ = ["FILES", "Analysis", "analyse", "write_report"]
