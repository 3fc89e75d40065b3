"""Facts of buying: how unequal customers are (7, 9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample

Numbers = npt.NDArray[np.float64]


def yearly(sample: Sample, scenario: str = "cosmetics") -> tuple[Numbers, Numbers]:
    """Return, per customer, value at list prices and number of orders of the months 1 to 12.

    Parameters
    ----------
    sample : Sample
        Whose cohort.
    scenario : str
        Name.
    """
    customers, _, orders = sample.recorded(scenario)
    inside = (orders["month"] >= 1) & (orders["month"] < 13)
    place = np.searchsorted(customers["customer_id"], orders["customer_id"][inside])
    n = len(customers["customer_id"])
    value = np.bincount(place, orders["value"][inside].astype(np.float64), n).astype(np.float64)
    return value, np.bincount(place, minlength=n).astype(np.float64)


def top_share(values: Numbers) -> float:
    """Return the share of a total that the best fifth of those with more than nothing have.

    Parameters
    ----------
    values : array, shape (n,)
        One per customer.
    """
    bought = np.sort(values[values > 0])[::-1]
    return float(bought[: len(bought) // 5].sum() / bought.sum())


def top_fifth_revenue(sample: Sample) -> float:
    """Return the share of a year's revenue from the best fifth of its buyers."""
    return top_share(yearly(sample)[0])


def frequency_value_correlation(sample: Sample) -> float:
    """Return the correlation of a customer's number of orders and mean order value in a year."""
    value, count = yearly(sample)
    bought = count > 0
    return float(np.corrcoef(count[bought], value[bought] / count[bought])[0, 1])


FACTS = [
    Fact(
        7,
        "a",
        "cosmetics",
        "share of a year's revenue from the best fifth of its buyers",
        0.61,
        0.75,
        "McCarthy & Winer (2019): 0.68",
        True,
        top_fifth_revenue,
    ),
    Fact(
        9,
        "a",
        "cosmetics",
        "correlation of frequency and order value",
        -0.06,
        0.06,
        "assumption of the gamma-gamma model (Fader, Hardie & Lee 2005)",
        False,
        frequency_value_correlation,
    ),
]
