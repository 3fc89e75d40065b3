"""What customers need, what to offer: need gate, priorities, MaxDiff, conjoint, 4C scorecard, 4C → 4P, non-customers.

Choices are explained by logit models; money is in the currency of the input. Nothing here knows the simulated world.
"""

from crmlab.needs.choices import DesignWarning, to_long
from crmlab.needs.conjoint import Conjoint
from crmlab.needs.design import ConjointDesign, conjoint_design, d_efficiency
from crmlab.needs.gate import need_gate, opening_value, opens_for, purchase_probability
from crmlab.needs.logit import MultinomialLogit
from crmlab.needs.market import Costs, best_mix, market
from crmlab.needs.maxdiff import MaxDiffDesign, MaxDiffLogit, maxdiff_counts, maxdiff_design
from crmlab.needs.noncustomers import KINDS, conversion_policy, non_customers, unseen_market
from crmlab.needs.priority import forced_choice_survey, forced_ranks, priorities, resource_weights
from crmlab.needs.scorecard import FOUR_C, P_OF_C, SURVEY_ITEMS, delivered_value, four_c_scorecard
from crmlab.needs.translate import translate

__all__ = [
    "FOUR_C",
    "KINDS",
    "P_OF_C",
    "SURVEY_ITEMS",
    "Conjoint",
    "ConjointDesign",
    "Costs",
    "DesignWarning",
    "MaxDiffDesign",
    "MaxDiffLogit",
    "MultinomialLogit",
    "best_mix",
    "conjoint_design",
    "conversion_policy",
    "d_efficiency",
    "delivered_value",
    "forced_choice_survey",
    "forced_ranks",
    "four_c_scorecard",
    "market",
    "maxdiff_counts",
    "maxdiff_design",
    "need_gate",
    "non_customers",
    "opening_value",
    "opens_for",
    "priorities",
    "purchase_probability",
    "resource_weights",
    "to_long",
    "translate",
    "unseen_market",
]
