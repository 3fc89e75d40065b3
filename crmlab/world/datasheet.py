"""The datasheet of a simulated data set: what it is for, how it was made, what is fiction, where its traps are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crmlab.world.traps import TRAPS
from crmlab.world.world import World

TRIED = 6_000
"""Customers with which traps are tried."""

BOUNDS = ("target_leakage",)
"""Traps whose truth is a bound that the right analysis stays below, no value to be met."""


def traps_of(world: World) -> list[dict[str, Any]]:
    """Return every trap with its numbers, for ``traps.json``.

    They come from a world of the same firm, months and seed with at least `TRIED` customers: in a small one the right
    analysis may miss by chance. A trap that needs more months or other tables than there are is there without numbers.
    """
    large = World(
        world.scenario,
        customers=max(TRIED, world.customers),
        months=world.months,
        seed=world.seed,
        luck_seed=world.luck_seed,
    )
    out = []
    for trap in TRAPS.values():
        absent = {"trap": trap.name, "columns": list(trap.columns), "answer": trap.answer}
        try:
            with np.errstate(invalid="ignore", divide="ignore"):
                tried = trap.describe(large)
        except (ValueError, ZeroDivisionError, KeyError, IndexError) as error:
            tried = absent | {"not_here": str(error)}
        if "not_here" not in tried and not all(math.isfinite(tried[key]) for key in ("naive", "right", "truth")):
            tried = absent | {"not_here": "nobody to compare: what the trap is about does not happen in this business"}
        out.append(tried)
    return out


def datasheet(world: World, rows: Mapping[str, int], traps: Sequence[Mapping[str, Any]]) -> str:
    """Return the datasheet in Markdown.

    Parameters
    ----------
    world : World
        What was simulated.
    rows : mapping of str to int
        Rows of each file.
    traps : sequence of dict
        From `traps_of`.
    """
    firm = world.scenario.firm
    lines = [
        f"# Datasheet of `{world.scenario.name}`",
        "",
        f"{firm.name}.",
        "",
        "## What it is for",
        "",
        "Learning and testing the analysis of customers where the truth is known: grading, segments, loyalty, churn, "
        "lifetime value, campaigns. It is of no use for learning facts about real customers.",
        "",
        "## How it was made",
        "",
        f"By `crmlab.World({world.scenario.name!r}, customers={world.customers}, months={world.months}, "
        f"seed={world.seed})`: {world.customers:,} customers on file on {world.scenario.start_date}, of whom "
        f"some had left by then, others join; {world.months} months are simulated. Who was on file joined in the "
        f"{firm.history_months} months before; what they did then is not in the files. The manifest has versions and "
        "hashes; `DICTIONARY.md` explains every column. Dirty files are made from these by name and seed: "
        '`crmlab.load(...).dirty("realistic", seed=0)`. Tables that are no file here (surveys, mails, needs and so on) '
        "are made when asked for, from the same world.",
        "",
        "| file | rows |",
        "|---|---|",
        *(f"| {file} | {count:,} |" for file, count in rows.items()),
        "",
        "## What is fiction",
        "",
        "All of it: nobody in it is real, names and addresses included. The mechanisms are plausible, their strengths "
        "were never estimated together. Of the numbers of the scenario,",
        "",
        *_sources(world),
        "",
        "A number that was set so that the world shows a figure is no evidence for that figure.",
        "`crmlab data describe` prints each number with its unit, meaning and source.",
        "",
        "## Traps",
        "",
        f"Each was tried in the same firm with {max(TRIED, world.customers):,} customers; `traps.json` has columns and "
        "both analyses. Not every trap is in the files as they are: some need a campaign, mails aimed at the best "
        "customers, doubled registrations or a market that drifts, which were added for the trial; `switch` in "
        "`traps.json` says how.",
        *_contracts(world),
        "",
        "| trap | what is measured | naive | right | truth | what is right to say |",
        "|---|---|---|---|---|---|",
    ]
    for trap in traps:
        if "not_here" in trap:
            lines.append(f"| {trap['trap']} | not in this data set | | | | {trap['answer']} |")
            continue
        numbers = " | ".join(f"{trap[key]:.4g}" for key in ("naive", "right", "truth"))
        lines.append(f"| {trap['trap']} | {trap['quantity']} | {numbers} | {trap['answer']} |")
    lines += [
        "",
        "The column `right` is what the right analysis finds without the truth; it need not hit it, and in the files, "
        "with fewer customers, chance may put it further away.",
        *_no_better(traps),
        "",
        "Licence: CC BY 4.0.",
    ]
    return "\n".join(lines) + "\n"


def _contracts(world: World) -> list[str]:
    if world.scenario.contract.term_months == 0:
        return []
    return ["`unobserved_churn` looks at orders alone: here `subscriptions.csv` has the end of each contract."]


def _no_better(traps: Sequence[Mapping[str, Any]]) -> list[str]:
    names = [
        f"`{trap['trap']}`"
        for trap in traps
        if "not_here" not in trap
        and trap["trap"] not in BOUNDS
        and abs(trap["right"] - trap["truth"]) > abs(trap["naive"] - trap["truth"])
    ]
    return [f"In this firm it was further from the truth than the naive one: {', '.join(names)}."] if names else []


def _sources(world: World) -> list[str]:
    kinds = {"published": 0, "published in sign": 0, "published in shape": 0, "calibrated": 0, "chosen": 0}
    centres = 0
    for path, _, entry, source in world.scenario.numbers():
        if entry.kind in ("number", "numbers", "count") and (kind := source.split(":")[0].strip()) in kinds:
            kinds[kind] += 1
            centres += kind == "calibrated" and path.startswith("segments.")
    return [
        f"- {kinds['published']} come from publications,",
        f"- {kinds['published in sign'] + kinds['published in shape']} have a sign or shape that was published, and a "
        "size that was chosen,",
        f"- {kinds['calibrated'] - centres} were set so that the world as a whole shows a figure, "
        "mostly a published one,",
        f"- {centres} are centres of segments, computed from the traits that this world draws,",
        f"- {kinds['chosen']} were chosen.",
    ]
