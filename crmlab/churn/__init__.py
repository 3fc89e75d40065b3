"""Who is about to leave: label windows, a leakage audit, measures, money, survival, drift.

Everything here works on tables of any firm. What really caused a customer to leave is a question for experiments, or
for `crmlab.recovery` where the world is simulated. Models are scikit-learn's own.
"""

from crmlab.churn.card import ModelCard, model_card
from crmlab.churn.drift import Stability, drift_report, performance_over_time, stability
from crmlab.churn.framing import RollingOrigins, label_contracts, recency_rule
from crmlab.churn.leakage import KINDS, Thresholds, audit_leakage, shared_rows
from crmlab.churn.measures import (
    BrierParts,
    ErrorAndMiss,
    Estimate,
    auc,
    brier,
    calibration,
    calibration_slope,
    error_and_miss,
    lift,
    wilson,
)
from crmlab.churn.money import (
    BestThreshold,
    Empc,
    best_threshold,
    contact_list,
    cost_curve,
    empc,
    list_value,
    profit_curve,
)
from crmlab.churn.recipe import CustomerTable, Evaluation, customer_pipeline, evaluate, read_customers
from crmlab.churn.rolling import rolling_evaluation
from crmlab.churn.survival import cumulative_incidence, hazard_ratios, kaplan_meier, person_periods, survival_at

__all__ = [
    "KINDS",
    "BestThreshold",
    "BrierParts",
    "CustomerTable",
    "Empc",
    "ErrorAndMiss",
    "Estimate",
    "Evaluation",
    "ModelCard",
    "RollingOrigins",
    "Stability",
    "Thresholds",
    "auc",
    "audit_leakage",
    "best_threshold",
    "brier",
    "calibration",
    "calibration_slope",
    "contact_list",
    "cost_curve",
    "cumulative_incidence",
    "customer_pipeline",
    "drift_report",
    "empc",
    "error_and_miss",
    "evaluate",
    "hazard_ratios",
    "kaplan_meier",
    "label_contracts",
    "lift",
    "list_value",
    "model_card",
    "performance_over_time",
    "person_periods",
    "profit_curve",
    "read_customers",
    "recency_rule",
    "rolling_evaluation",
    "shared_rows",
    "stability",
    "survival_at",
    "wilson",
]
