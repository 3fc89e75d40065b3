"""The command line: ``crmlab report``, and the commands of the course."""

from crmlab.cli.main import main

__all__ = ["main"]
