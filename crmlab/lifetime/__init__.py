"""What a customer is worth: models of buying and leaving, lifetime value, and the economics of keeping customers.

The models read one row per customer, as `crmlab.features.repeat_summary` makes it: ``x`` repeat orders, ``t_x`` time
from the first order to the last, ``T`` time from the first order to the end, ``mean_value`` mean value of a repeat
order.
"""

from crmlab.lifetime.bg_bb import BetaGeoBetaBinomial
from crmlab.lifetime.bg_nbd import BetaGeoNBD
from crmlab.lifetime.checks import frequency_table, holdout_table
from crmlab.lifetime.drawing import draw_histories
from crmlab.lifetime.estimator import LifetimeWarning
from crmlab.lifetime.gamma_gamma import GammaGamma
from crmlab.lifetime.pareto_nbd import ParetoNBD
from crmlab.lifetime.points import points_liability
from crmlab.lifetime.retention import (
    affordable_retention_cost,
    leaky_bucket,
    retention_elasticity,
    retention_gain,
    retention_value,
    steady_state,
)
from crmlab.lifetime.shifted_beta_geometric import ShiftedBetaGeometric
from crmlab.lifetime.value import (
    contract_value,
    customer_equity,
    lifetime_value,
    return_on_customers,
    survival_value,
    value_share,
)
from crmlab.lifetime.wallet import share_of_wallet

__all__ = [
    "BetaGeoBetaBinomial",
    "BetaGeoNBD",
    "GammaGamma",
    "LifetimeWarning",
    "ParetoNBD",
    "ShiftedBetaGeometric",
    "affordable_retention_cost",
    "contract_value",
    "customer_equity",
    "draw_histories",
    "frequency_table",
    "holdout_table",
    "leaky_bucket",
    "lifetime_value",
    "points_liability",
    "retention_elasticity",
    "retention_gain",
    "retention_value",
    "return_on_customers",
    "share_of_wallet",
    "steady_state",
    "survival_value",
    "value_share",
]
