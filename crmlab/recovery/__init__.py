"""Estimates against the truth: what a decision really did, how good an estimate is, what a wrong choice costs.

This is for scoring only. No method may import it: a firm has no truth.
"""

from crmlab.recovery.causes import FACTORS, causes, remedies
from crmlab.recovery.effects import OUTCOMES, effect, individual_effects, total_effect
from crmlab.recovery.ranking import gain_curve, qini, ranking
from crmlab.recovery.scores import coverage, regret, score

__all__ = [
    "FACTORS",
    "OUTCOMES",
    "causes",
    "coverage",
    "effect",
    "gain_curve",
    "individual_effects",
    "qini",
    "ranking",
    "regret",
    "remedies",
    "score",
    "total_effect",
]
