"""Traps that the tables hold for those who read them too quickly; each with its numbers in any world."""

from __future__ import annotations

from crmlab.world.traps import asking, choosing, foreseeing
from crmlab.world.traps.trap import Finding, Trap

TRAPS: dict[str, Trap] = {trap.name: trap for trap in (*asking.TRAPS, *choosing.TRAPS, *foreseeing.TRAPS)}
"""All traps by name."""

__all__ = ["TRAPS", "Finding", "Trap"]
