"""Grading customers: who counts how much, who is moving away, and whom to call first.

Plain functions of one value or one row per customer, without fitted state. Money is in the currency of the input.
Tables and columns of pandas, Polars and PyArrow are taken and answered in kind by those that grade all customers.
"""

from crmlab.grading.calls import next_best_call, suggest_frozen_after
from crmlab.grading.classes import ZONES, abc, rfm_scores, zones
from crmlab.grading.inequality import concentration, gini, lorenz, top_share
from crmlab.grading.potential import CELLS, grade_customers, reasons_to_grade, value_potential
from crmlab.grading.service import allocate_hours, priority_waits
from crmlab.grading.tail import LongTail, long_tail, whale_curve, zipf_shares
from crmlab.grading.transitions import transitions, zone_transitions

__all__ = [
    "CELLS",
    "ZONES",
    "LongTail",
    "abc",
    "allocate_hours",
    "concentration",
    "gini",
    "grade_customers",
    "long_tail",
    "lorenz",
    "next_best_call",
    "priority_waits",
    "reasons_to_grade",
    "rfm_scores",
    "suggest_frozen_after",
    "top_share",
    "transitions",
    "value_potential",
    "whale_curve",
    "zipf_shares",
    "zone_transitions",
    "zones",
]
