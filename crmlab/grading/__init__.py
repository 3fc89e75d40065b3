"""Grading customers: who counts how much, who is moving away, and whom to call first.

Plain functions of one value or one row per customer, without fitted state. Money is in the currency of the input.
"""

from crmlab.grading.calls import next_best_call, suggest_frozen_after
from crmlab.grading.classes import ZONES, abc, rfm_scores, zones
from crmlab.grading.inequality import concentration, gini, lorenz, top_share

__all__ = [
    "ZONES",
    "abc",
    "concentration",
    "gini",
    "lorenz",
    "next_best_call",
    "rfm_scores",
    "suggest_frozen_after",
    "top_share",
    "zones",
]
