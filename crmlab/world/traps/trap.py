"""What a trap is: a way to read a table that misleads, with the number it gives, the better way, and the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmlab.world.world import World


@dataclass(frozen=True, slots=True)
class Finding:
    """What a trap does in one world.

    Attributes
    ----------
    naive : float
        What the naive analysis says.
    right : float
        What the right analysis says.
    truth : float
        What is.
    """

    naive: float
    right: float
    truth: float

    @property
    def size(self) -> float:
        """How far the naive analysis misses the truth."""
        return self.naive - self.truth


@dataclass(frozen=True)
class Trap:
    """A trap that the tables hold.

    Attributes
    ----------
    name : str
        Its name.
    columns : tuple of str
        Columns concerned, ``table.column``.
    quantity : str
        What `Finding` measures, with its unit.
    naive, right : str
        Both analyses in words.
    answer : str
        What is right to say.
    switch : str
        How it is switched on and off, in words.
    examine : function
        From a world in which the trap is set to a `Finding`.
    on, off : mapping of str to value
        Numbers of the scenario that set the trap and that take it away; where there are none it is in the nature of
        the data, or the analysis chooses what it looks at.
    """

    name: str
    columns: tuple[str, ...]
    quantity: str
    naive: str
    right: str
    answer: str
    switch: str
    examine: Callable[[World], Finding]
    on: Mapping[str, Any] = field(default_factory=dict)
    off: Mapping[str, Any] = field(default_factory=dict)

    def set(self, world: World) -> World:
        """Return the world with the trap set."""
        return world.changed(self.on) if self.on else world

    def removed(self, world: World) -> World:
        """Return the world without the trap, where it can be taken away."""
        return world.changed(self.off) if self.off else world

    def describe(self, world: World) -> dict[str, Any]:
        """Return the trap with its numbers in a world, for ``traps.json``."""
        found = self.examine(self.set(world))
        return {
            "trap": self.name,
            "columns": list(self.columns),
            "quantity": self.quantity,
            "naive_analysis": self.naive,
            "right_analysis": self.right,
            "naive": round(found.naive, 4),
            "right": round(found.right, 4),
            "truth": round(found.truth, 4),
            "size": round(found.size, 4),
            "answer": self.answer,
            "switch": self.switch,
        }
