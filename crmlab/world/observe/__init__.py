"""Tables that a run shows only when asked: surveys, reviews, complaints, studies, and what lies behind them.

Each maker takes the `Records` of a simulation and returns the firm's table and the truth behind it.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from crmlab.world.observe.exits import exit_survey
from crmlab.world.observe.indicators import indicators
from crmlab.world.observe.people import contact_details
from crmlab.world.observe.prospect import prospects
from crmlab.world.observe.records import Records
from crmlab.world.observe.review import reviews
from crmlab.world.observe.studies import conjoint_tasks, maxdiff_tasks, needs
from crmlab.world.observe.survey import surveys
from crmlab.world.observe.ticket import tickets

Maker = Callable[[Records], tuple[pd.DataFrame, pd.DataFrame]]

MAKERS: dict[str, Maker] = {
    "surveys": surveys,
    "reviews": reviews,
    "tickets": tickets,
    "exit_survey": exit_survey,
    "needs": needs,
    "conjoint_tasks": conjoint_tasks,
    "maxdiff_tasks": maxdiff_tasks,
    "prospects": prospects,
    "indicators": indicators,
    "contact_details": contact_details,
}
"""Maker of each table."""

BEHIND = {
    "surveys": "surveys",
    "reviews": "reviews",
    "problems": "tickets",
    "departures": "exit_survey",
    "needs": "needs",
    "part_worths": "conjoint_tasks",
    "item_utilities": "maxdiff_tasks",
    "prospects": "prospects",
    "indicators": "indicators",
    "persons": "contact_details",
}
"""Table of the firm behind which each table of the truth lies."""
