"""What makes customers satisfied and loyal, and what silence costs.

Plain functions of answers and tables; none knows the world the data come from. What holds for all of them:

- An `Estimate` is a number with an interval, 95% unless another level is asked for; tables have ``low`` and ``high``.
- Answers are numbers. `read_ratings` turns text such as "5 – very satisfied" into numbers and makes "not applicable"
  missing; everywhere else text is an error that says so.
- Missing answers are left out, respondent by respondent. A constant item, too few respondents, or drivers of which one
  follows from the others are errors that name the column and what to do.
"""

from crmlab.loyalty.answers import convert_scale, nps, read_ratings, straight_liners, top_box
from crmlab.loyalty.asymmetry import disconfirmation, importance_performance, penalty_reward
from crmlab.loyalty.bonds import BONDS, bond_hazards, bond_worth
from crmlab.loyalty.causes import cause_shares, coded_shares, corrected_shares
from crmlab.loyalty.curves import compare_ratings, kinked_curve, loyalty_by_rating, spline_curve
from crmlab.loyalty.desk import service_desk
from crmlab.loyalty.drivers import METHODS, drivers, rank_stability
from crmlab.loyalty.estimates import Estimate, difference_of_shares, mean, share
from crmlab.loyalty.halo import halo_diagnosis, remove_halo
from crmlab.loyalty.iceberg import capture_recapture, complaint_rank, iceberg, recovery_effect, silent_share
from crmlab.loyalty.indicators import INDICATORS, satisfaction_indicators
from crmlab.loyalty.points import points_ledger, points_liability
from crmlab.loyalty.programme import (
    difference_in_differences,
    invitation_effect,
    matched_difference,
    naive_difference,
)
from crmlab.loyalty.reliability import alpha_interval, cronbach_alpha, item_total, mcdonald_omega
from crmlab.loyalty.service_profit import service_profit_loop
from crmlab.loyalty.waiting import answered_within, hours_open, waiting_curve
from crmlab.loyalty.weighting import effective_respondents, response_weights

__all__ = [
    "BONDS",
    "INDICATORS",
    "METHODS",
    "Estimate",
    "alpha_interval",
    "answered_within",
    "bond_hazards",
    "bond_worth",
    "capture_recapture",
    "cause_shares",
    "coded_shares",
    "compare_ratings",
    "complaint_rank",
    "convert_scale",
    "corrected_shares",
    "cronbach_alpha",
    "difference_in_differences",
    "difference_of_shares",
    "disconfirmation",
    "drivers",
    "effective_respondents",
    "halo_diagnosis",
    "hours_open",
    "iceberg",
    "importance_performance",
    "invitation_effect",
    "item_total",
    "kinked_curve",
    "loyalty_by_rating",
    "matched_difference",
    "mcdonald_omega",
    "mean",
    "naive_difference",
    "nps",
    "penalty_reward",
    "points_ledger",
    "points_liability",
    "rank_stability",
    "read_ratings",
    "recovery_effect",
    "remove_halo",
    "response_weights",
    "satisfaction_indicators",
    "service_desk",
    "service_profit_loop",
    "share",
    "silent_share",
    "spline_curve",
    "straight_liners",
    "top_box",
    "waiting_curve",
]
