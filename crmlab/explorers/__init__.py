"""Explorers: pictures with controls; one module per lesson."""

from __future__ import annotations

from crmlab.explorers.explorer import Control, Explorer

__all__ = ["Control", "Explorer"]
