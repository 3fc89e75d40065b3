"""The two ceilings of prediction: what can be known at all, and what can be known from the firm's tables.

A model is judged against the second. It may only be compared with either on the same customers.
"""

from crmlab.oracles.ceilings import ceilings, observed_future
from crmlab.oracles.history import observable_history
from crmlab.oracles.latent import latent_oracle
from crmlab.oracles.observable import ObservableOracle
from crmlab.oracles.segments import SegmentCeiling, segment_ceiling

__all__ = [
    "ObservableOracle",
    "SegmentCeiling",
    "ceilings",
    "latent_oracle",
    "observable_history",
    "observed_future",
    "segment_ceiling",
]
