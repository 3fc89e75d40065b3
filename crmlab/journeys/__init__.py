"""Journeys: where customers are on their way with the firm, how they move on, fall asleep, and how to follow up.

Rules with thresholds as arguments, on one row per customer (`crmlab.features` makes it from a log of any engine).
"""

from crmlab.grading import transitions
from crmlab.journeys.cadence import best_interval, contact_worth, next_contacts, response_by_follow_ups
from crmlab.journeys.dimensions import DIMENSIONS, dimensions, quantity_and_quality
from crmlab.journeys.prospects import KINDS, non_customers
from crmlab.journeys.sleep import DEPTHS, sleep_depth, sleep_limits
from crmlab.journeys.stages import STAGES, Chain, chain, funnel, stages

__all__ = [
    "DEPTHS",
    "DIMENSIONS",
    "KINDS",
    "STAGES",
    "Chain",
    "best_interval",
    "chain",
    "contact_worth",
    "dimensions",
    "funnel",
    "next_contacts",
    "non_customers",
    "quantity_and_quality",
    "response_by_follow_ups",
    "sleep_depth",
    "sleep_limits",
    "stages",
    "transitions",
]
