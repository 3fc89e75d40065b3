"""The leakage audit on 100 simulated tables: how many planted leaks it finds, and how many honest columns it flags."""

from __future__ import annotations

from crmlab import churn
from tests.churn.planted import planted_deployment, planted_table

SEEDS = range(50)


def test_leaks_of_six_kinds_are_found_and_honest_columns_left_alone() -> None:
    """At least 95% of the leaks, at most 5% of the honest columns: what issue and documentation promise."""
    planted, found, honest, flagged = 0, 0, 0, 0
    missed: dict[str, int] = {}
    for seed in SEEDS:
        for rate in (0.05, 0.3):
            table = planted_table(seed, rate=rate)
            audit = churn.audit_leakage(
                table.X, table.y, deployment=planted_deployment(table, seed) if seed % 2 else None, **table.options
            )
            for name, kind in table.leaks.items():
                planted += 1
                found += bool(audit.loc[name, "suspect"])
                if not audit.loc[name, "suspect"]:
                    missed[kind] = missed.get(kind, 0) + 1
            clean = audit.drop(index=[*table.leaks, "noise_0"])
            honest += len(clean)
            flagged += int(clean["suspect"].sum())
            if seed % 2:
                assert audit.loc["noise_0", "suspect"], "empty in use"
    print(f"found {found} of {planted}; missed {missed}; flagged {flagged} of {honest} honest columns")
    assert found >= 0.95 * planted, missed
    assert flagged <= 0.05 * honest
