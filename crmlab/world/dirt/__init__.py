"""Dirt in a firm's files, switched on by kind and rate, with a log of every cell."""

from __future__ import annotations

from crmlab.world.dirt.files import DirtyShown
from crmlab.world.dirt.switches import TIERS, Switches, switches

__all__ = ["TIERS", "DirtyShown", "Switches", "switches"]
