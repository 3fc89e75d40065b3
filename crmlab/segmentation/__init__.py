"""Segments: eight ways to classify customers by rule, clusters found in data, and the lab of indicators.

Rules say for every customer, mixed cases too, where they belong. Clusters are fitted with scikit-learn behind one
interface (`Segmenter`), counted (`choose_k`), described (`profile`, `name_segments`), compared (`compare`), and given
to new customers (``Segmenter.predict``). What a survey learned from some, `typing_score` tells of all.
"""

from crmlab.segmentation.choose import choose_k
from crmlab.segmentation.clusters import Segmenter
from crmlab.segmentation.describe import compare, name_segments, profile
from crmlab.segmentation.lab import add_and_remove, contributions, screen_leaks
from crmlab.segmentation.latent import LatentClasses
from crmlab.segmentation.schemes import (
    SCHEMES,
    by_car_and_hobby,
    by_entry,
    by_purpose,
    by_region,
    by_use,
    by_values,
    by_visits_and_spend,
    by_warranty,
)
from crmlab.segmentation.score import tells, typing_score

__all__ = [
    "SCHEMES",
    "LatentClasses",
    "Segmenter",
    "add_and_remove",
    "by_car_and_hobby",
    "by_entry",
    "by_purpose",
    "by_region",
    "by_use",
    "by_values",
    "by_visits_and_spend",
    "by_warranty",
    "choose_k",
    "compare",
    "contributions",
    "name_segments",
    "profile",
    "screen_leaks",
    "tells",
    "typing_score",
]
