"""Facts of buying: how unequal customers are (7, 9)."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample

Numbers = npt.NDArray[np.float64]


def yearly(sample: Sample) -> tuple[Numbers, Numbers]:
    """Return, per customer, value at list prices and number of orders of the months 1 to 12.

    Parameters
    ----------
    sample : Sample
        Whose cohort of the cosmetics seller.
    """
    customers, _, orders = sample.recorded()
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


def top_fifth_revenue(sample: Sample, scenario: str) -> float:
    """Return the share of a year's revenue from the best fifth of its buyers."""
    return top_share(yearly(sample)[0] if scenario == "cosmetics" else sample.year(scenario)["revenue"].to_numpy())


def frequency_value_correlation(sample: Sample, scenario: str) -> float:
    """Return the correlation of a customer's number of orders and mean order value in a year."""
    if scenario == "cosmetics":
        value, count = yearly(sample)
    else:
        value, count = (sample.year(scenario)[name].to_numpy() for name in ("sales", "orders"))
    bought = count > 0
    return float(np.corrcoef(count[bought], value[bought] / count[bought])[0, 1])


_MCCARTHY = "McCarthy & Winer (2019)"

FACTS = [
    *(
        Fact(
            7,
            part,
            scenario,
            f"share of a year's revenue from the best fifth of its buyers{note}",
            round(target - width, 2),
            round(target + width, 2),
            f"{_MCCARTHY}: {target}",
            calibrated,
            partial(top_fifth_revenue, scenario=scenario),
        )
        for part, scenario, note, target, width, calibrated in [
            ("a", "cosmetics", "", 0.68, 0.07, True),
            ("b", "online_shop", "", 0.68, 0.07, False),
            ("c", "car_service", "", 0.68, 0.11, True),
            ("d", "subscription", ", fees included", 0.59, 0.07, True),
            ("e", "marketplace", "", 0.68, 0.07, True),
        ]
    ),
    *(
        Fact(
            9,
            part,
            scenario,
            "correlation of frequency and order value",
            -0.06,
            0.06,
            "assumption of the gamma-gamma model (Fader, Hardie & Lee 2005)",
            False,
            partial(frequency_value_correlation, scenario=scenario),
        )
        for part, scenario in [("a", "cosmetics"), ("b", "online_shop")]
    ),
]
