"""An explorer: a pure function ``render(**values) -> Figure`` and the table of its controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from crmlab.phrases import say
from crmlab.tables import nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Value = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Control:
    """One control of an explorer.

    Parameters
    ----------
    name : str
        Name of the argument of ``render``.
    label : str
        What a reader sees, without unit.
    kind : {"slider", "choice", "switch"}
        A slider for a number, a choice between words, a switch for yes or no.
    default : number, str or bool
        Value at the start.
    low, high, step : float
        Ends and step of a slider; whole numbers make a slider of whole numbers.
    options : tuple of str
        What a choice offers.
    unit : str
        Unit of the number, shown behind the label.

    Raises
    ------
    ValueError
        If the parts do not go together.
    """

    name: str
    label: str
    kind: Literal["slider", "choice", "switch"]
    default: Value
    low: float = 0
    high: float = 0
    step: float = 1
    options: tuple[str, ...] = ()
    unit: str = ""

    def __post_init__(self) -> None:
        if self.kind == "slider":
            fits = not isinstance(self.default, str | bool) and self.low <= self.default <= self.high
            if not fits or self.low >= self.high or self.step <= 0:
                raise ValueError(f"Slider {self.name!r}: low < high, step > 0 and low ≤ default ≤ high are needed.")
        elif self.kind == "choice" and self.default not in self.options:
            raise ValueError(f"Choice {self.name!r}: the default {self.default!r} is not among {self.options!r}.")
        elif self.kind == "switch" and not isinstance(self.default, bool):
            raise ValueError(f"Switch {self.name!r}: the default must be True or False, not {self.default!r}.")

    @property
    def caption(self) -> str:
        """Label and unit in the reader's language."""
        return say(self.label) + (f" ({say(self.unit)})" if self.unit else "")

    def ends(self) -> tuple[Value, ...]:
        """Return the values at which a test must draw: both ends of a slider, all options, on and off."""
        if self.kind == "slider":
            return (self.low, self.high)
        return self.options if self.kind == "choice" else (False, True)


@dataclass(frozen=True)
class Explorer:
    """A picture that answers when its controls are moved.

    In a notebook with a running kernel it shows widgets; elsewhere (a web page, a PDF, a notebook that was not run) the
    picture at the default values, with its description.

    Parameters
    ----------
    name : str
        Name, unique in the course.
    controls : tuple of Control
        Its controls, in the order of reading.
    render : callable
        ``render(**values)`` → Figure that carries a description; pure: equal values give equal pictures.
    """

    name: str
    controls: tuple[Control, ...]
    render: Callable[..., Figure]

    def defaults(self) -> dict[str, Value]:
        """Return the values at the start."""
        return {control.name: control.default for control in self.controls}

    def figure(self, **values: Value) -> Figure:
        """Draw the picture at `values`; controls that are not named keep their default.

        Raises
        ------
        ValueError
            If a value belongs to no control, or lies outside its limits.
        """
        known = {control.name: control for control in self.controls}
        for name, value in values.items():
            if name not in known:
                near = nearest(name, known)
                guess = f" Did you mean {near!r}?" if near else ""
                raise ValueError(f"Explorer {self.name!r} has no control {name!r}.{guess} It has: {', '.join(known)}.")
            control = known[name]
            if control.kind == "slider" and not control.low <= float(value) <= control.high:
                raise ValueError(f"{name} must lie between {control.low:g} and {control.high:g}; it is {value!r}.")
            if control.kind == "choice" and value not in control.options:
                raise ValueError(f"{name} must be one of {', '.join(control.options)}; it is {value!r}.")
        return self.render(**{**self.defaults(), **values})

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from crmlab.explorers.binding import mimebundle

        return mimebundle(self)

    def __repr__(self) -> str:
        return f"Explorer({self.name!r}: {', '.join(control.name for control in self.controls)})"
