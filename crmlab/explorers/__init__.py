"""Explorers: pictures with controls; one module per lesson, named after its topic."""

from __future__ import annotations

from crmlab.explorers import (
    churn_drivers,
    churn_prediction,
    complaints_and_recovery,
    customer_value,
    four_cs_to_four_ps,
    journeys,
    lifetime_value,
    loyalty_drivers,
    segmentation,
    start_here,
    your_own_data,
)
from crmlab.explorers.explorer import Control, Explorer

__all__ = [
    "Control",
    "Explorer",
    "churn_drivers",
    "churn_prediction",
    "complaints_and_recovery",
    "customer_value",
    "four_cs_to_four_ps",
    "journeys",
    "lifetime_value",
    "loyalty_drivers",
    "segmentation",
    "start_here",
    "your_own_data",
]
