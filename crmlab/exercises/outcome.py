"""What a check says: one of three outcomes, shown as a quiet box in a notebook and as a line of text anywhere else."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Literal

from crmlab.phrases import say

Status = Literal["not tried", "not yet", "right", "note"]

# Okabe–Ito colours; the sign carries the meaning for those who do not see them.
_LOOK: dict[Status, tuple[str, str]] = {
    "not tried": ("○", "#777777"),
    "not yet": ("△", "#d55e00"),
    "right": ("●", "#009e73"),
    "note": ("▷", "#0072b2"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a check, a hint or a prediction.

    Attributes
    ----------
    subject : str
        Id of the exercise or prediction.
    status : {"not tried", "not yet", "right", "note"}
        ``"note"`` is for hints and predictions, which are neither right nor wrong.
    message : str
        What the student reads; words in backticks are code.
    mistake : str
        Name of the mistake where it is a known one, else empty.
    """

    subject: str
    status: Status
    message: str
    mistake: str = ""

    @property
    def heading(self) -> str:
        """Id, outcome and, where known, the name of the mistake."""
        if self.status == "note":
            return self.subject
        return f"{self.subject} · {say(self.status)}" + (f" – {say(self.mistake)}" if self.mistake else "")

    def __repr__(self) -> str:
        return f"{_LOOK[self.status][0]} {self.heading}: {self.message}"

    def _repr_html_(self) -> str:
        sign, colour = _LOOK[self.status]
        message = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(self.message)).replace("\n", "<br>")
        box = f"border-left:4px solid {colour};padding:.35em .9em;margin:.3em 0;max-width:46em"
        mark = f'<span aria-hidden="true" style="color:{colour}">{sign}</span>'
        heading = html.escape(self.heading)
        return f'<div role="status" style="{box}"><strong>{mark} {heading}</strong><br>{message}</div>'
