"""Trials of lesson 00: what better service does to profit."""

from __future__ import annotations

from crmlab.recovery import effect
from crmlab.world import World

SERVICE = 0.7
"""Level of the lever service on trial; usual is 0.6."""


def trials() -> dict[str, float]:
    """Run the trials: Q043, profit of the first year, and value of the same customers in five."""
    world = World("cosmetics", customers=2_000, months=24, seed=7)
    served = world.do(service=SERVICE, start=12)
    first = effect(world.simulate(), served.simulate(), start=12).loc["profit"].to_dict()
    before, after = (each.expected(from_month=12, replications=16)["expected_value"].sum() for each in (world, served))
    return {
        "service_first_year": float(first["difference"] / first["without"]),
        "service_first_year_error": float(first["standard_error"] / first["without"]),
        "service_five_years": float(after / before - 1),
    }
