"""Tables as attributes of a run and of its truth, made when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from crmlab.tables import vocabulary
from crmlab.world.observe import BEHIND, MAKERS
from crmlab.world.observe.records import Records
from crmlab.world.observe.survey import survey_wave


class Shown:
    """Tables made from the records of a simulation, each with the truth behind it, once and only when asked for.

    Parameters
    ----------
    records : function
        Without argument; returns the `Records`. A data set from files simulates its world again for them.
    stored : mapping of str to function
        Tables that need not be made: by name, functions that return them.
    """

    def __init__(
        self, records: Callable[[], Records], stored: Mapping[str, Callable[[], pd.DataFrame]] | None = None
    ) -> None:
        self._records = records
        self._stored = dict(stored or {})
        self._made: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}

    @cached_property
    def records(self) -> Records:
        """The records of the simulation."""
        return self._records()

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the firm."""
        if name == "dirt_log":
            return pd.DataFrame({column: pd.Series(dtype="str") for column in vocabulary()["dirt_log"].columns})
        return self._stored[name]() if name in self._stored else self._pair(name)[0]

    def truth(self, name: str) -> pd.DataFrame:
        """Return a table of the truth."""
        return self._stored[f"truth_{name}"]() if f"truth_{name}" in self._stored else self._pair(BEHIND[name])[1]

    def _pair(self, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        if name not in self._made:
            self._made[name] = MAKERS[name](self.records)
        return self._made[name]


class FirmTables:
    """Tables of the firm that are made when first asked for; what their columns mean stands in `crmlab.tables`."""

    shown: Shown

    @cached_property
    def surveys(self) -> pd.DataFrame:
        """One row per customer invited to a wave of the satisfaction survey."""
        return self.shown.table("surveys")

    @cached_property
    def reviews(self) -> pd.DataFrame:
        """One row per review posted."""
        return self.shown.table("reviews")

    @cached_property
    def tickets(self) -> pd.DataFrame:
        """One row per complaint filed."""
        return self.shown.table("tickets")

    @cached_property
    def exit_survey(self) -> pd.DataFrame:
        """One row per lost customer who said why."""
        return self.shown.table("exit_survey")

    @cached_property
    def needs(self) -> pd.DataFrame:
        """One row per respondent of the study of needs and need."""
        return self.shown.table("needs")

    @cached_property
    def conjoint_tasks(self) -> pd.DataFrame:
        """One row per alternative shown in the choice tasks."""
        return self.shown.table("conjoint_tasks")

    @cached_property
    def maxdiff_tasks(self) -> pd.DataFrame:
        """One row per item shown in the best–worst tasks."""
        return self.shown.table("maxdiff_tasks")

    @cached_property
    def prospects(self) -> pd.DataFrame:
        """One row per person on the firm's list who is not a customer."""
        return self.shown.table("prospects")

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """One row per customer with hundreds of indicators, and what the customer spent afterwards."""
        return self.shown.table("indicators")

    @cached_property
    def contact_details(self) -> pd.DataFrame:
        """One row per customer: name, e-mail, telephone and address."""
        return self.shown.table("contact_details")

    @cached_property
    def dirt_log(self) -> pd.DataFrame:
        """One row per cell that is not as it was, and per row that was added or is missing; see `Run.dirty`."""
        return self.shown.table("dirt_log")

    @property
    def indicator_list(self) -> pd.DataFrame:
        """One row per indicator: what the firm's list says about it."""
        return self.shown.truth("indicators")[["indicator", "description", "updated"]]

    def survey(self, month: int, *, wave: int = 1, **changes: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return a survey sent at the end of any month, and the truth behind it.

        Parameters
        ----------
        month : int
            Month of the simulation.
        wave : int
            Number of the wave in the table.
        **changes : float or list
            Numbers of the scenario's section ``survey`` that are other in this survey, such as ``item_halo=0``.

        Returns
        -------
        surveys, truth : DataFrame

        Raises
        ------
        ValueError
            If the month is not one of the simulation or a number has no such name.
        """
        records = self.shown.records
        if not 0 <= month < records.setup.months:
            raise ValueError(f"month={month!r} is impossible; it must lie between 0 and {records.setup.months - 1}")
        known = records.scenario.survey
        for name in changes:
            if name not in known:
                raise ValueError(f"{name!r} is no number of a survey; there are {', '.join(known)}")
        return survey_wave(records, month, wave, **changes)


class TrueTables:
    """Truth behind the tables that are made when first asked for."""

    shown: Shown

    @cached_property
    def surveys(self) -> pd.DataFrame:
        """One row per customer invited: true satisfaction, chance of answering, the answer nobody may have given."""
        return self.shown.truth("surveys")

    @cached_property
    def reviews(self) -> pd.DataFrame:
        """One row per delivered order: stars and causes, posted or not."""
        return self.shown.truth("reviews")

    @cached_property
    def problems(self) -> pd.DataFrame:
        """One row per order that was late or failed: who kept silent, who told whom."""
        return self.shown.truth("problems")

    @cached_property
    def departures(self) -> pd.DataFrame:
        """One row per customer who left in the months of the simulation, with the cause."""
        return self.shown.truth("departures")

    @cached_property
    def needs(self) -> pd.DataFrame:
        """One row per respondent and need: must-have or nice-to-have, importance, level that meets it."""
        return self.shown.truth("needs")

    @cached_property
    def part_worths(self) -> pd.DataFrame:
        """One row per respondent, attribute and level of the choice tasks."""
        return self.shown.truth("part_worths")

    @cached_property
    def item_utilities(self) -> pd.DataFrame:
        """One row per respondent and item of the best–worst tasks."""
        return self.shown.truth("item_utilities")

    @cached_property
    def prospects(self) -> pd.DataFrame:
        """One row per person on the list: true kind, and what follow-ups would do."""
        return self.shown.truth("prospects")

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """One row per indicator: whether it says something, nothing, or what nobody could know then."""
        return self.shown.truth("indicators")

    @cached_property
    def persons(self) -> pd.DataFrame:
        """One row per customer id: who it really is."""
        return self.shown.truth("persons")
