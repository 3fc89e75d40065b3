"""Compute the facts on several seeds, and show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from crmlab.facts.catalogue import FACTS
from crmlab.facts.fact import RULE, Fact, Result, judge
from crmlab.facts.sample import Sample

CUSTOMERS, SEEDS = 60_000, 3
Progress = Callable[[str, float], None]


def check_facts(
    facts: Sequence[Fact] = FACTS,
    *,
    seeds: int = SEEDS,
    customers: int = CUSTOMERS,
    processes: int = 1,
    progress: Progress = lambda stage, share: None,
) -> list[Result]:
    """Compute facts on the seeds 1, 2, and so on; those left open get twice as many seeds, and then four times.

    Parameters
    ----------
    facts : sequence of Fact
        Which ones.
    seeds : int
        How many seeds to begin with, at least 2.
    customers : int
        Customers of a cohort.
    processes : int
        Processes that share the seeds; of no influence on the result.
    progress : function
        Told what is being done and which share of all is done.

    Returns
    -------
    list of Result
        In the sequence of `facts`.
    """
    if seeds < 2:
        raise ValueError(f"seeds={seeds} is impossible; at least 2 are needed to know the Monte-Carlo error")
    if customers < 1_000:
        raise ValueError(f"customers={customers} is too few; groups of them would be empty below 1000")
    results: dict[str, Result] = {}
    values: dict[str, list[float]] = {fact.name: [] for fact in facts}
    undecided, done = list(facts), 0
    for look in (1, 2, 4):
        numbers = range(done + 1, look * seeds + 1)
        for column in _columns(undecided, numbers, customers, processes, progress):
            for fact, value in zip(undecided, column, strict=True):
                values[fact.name].append(value)
        results |= {fact.name: judge(fact, values[fact.name]) for fact in undecided}
        undecided, done = [fact for fact in undecided if results[fact.name].verdict == "open"], look * seeds
        if not undecided:
            break
    return [results[fact.name] for fact in facts]


def _columns(
    facts: Sequence[Fact], numbers: range, customers: int, processes: int, progress: Progress
) -> Iterator[list[float]]:
    """Compute facts on some seeds, one column of values for each."""
    if processes > 1:
        work = partial(_by_name, [fact.name for fact in facts], customers)
        with ProcessPoolExecutor(min(processes, len(numbers))) as pool:
            for place, column in enumerate(pool.map(work, numbers), start=1):
                progress(f"Seeds {numbers[0]} to {numbers[-1]}", place / len(numbers))
                yield column
        return
    for place, seed in enumerate(numbers):

        def told(done: int, place: int = place, seed: int = seed) -> None:
            progress(f"Seed {seed}", (place + done / len(facts)) / len(numbers))

        yield _one_seed(facts, customers, seed, told)


def _by_name(names: Sequence[str], customers: int, seed: int) -> list[float]:
    """Compute in another process, which knows the facts by name."""
    known = {fact.name: fact for fact in FACTS}
    return _one_seed([known[name] for name in names], customers, seed, lambda done: None)


def _one_seed(facts: Sequence[Fact], customers: int, seed: int, told: Callable[[int], None]) -> list[float]:
    sample, values = Sample(seed, customers), []
    for place, fact in enumerate(facts):
        told(place)
        values.append(float(fact.compute(sample)))
    return values


def print_results(results: Sequence[Result]) -> None:
    """Print one line per fact: verdict, value with error, range, what it is, source.

    Parameters
    ----------
    results : sequence of Result
        From `check_facts`.
    """
    for result in results:
        fact = result.fact
        print(
            f"{result.verdict:4} {fact.name:>4} {result.mean:8.4g} ±{result.error:<8.2g} "
            f"[{_bound(fact.low)}, {_bound(fact.high)}] {fact.scenario}: {fact.meaning} – {fact.source}"
            f"{' (calibrated)' if fact.calibrated else ''}{f'; known to miss: {fact.miss}' if fact.miss else ''}"
        )
    print(_summary(results))


def _summary(results: Sequence[Result]) -> str:
    count = {verdict: sum(result.verdict == verdict for result in results) for verdict in ("in", "open", "out")}
    return f"{count['in']} of {len(results)} rows in, {count['open']} open, {count['out']} out."


def page(results: Sequence[Result], *, seeds: int, customers: int) -> str:
    """Return the results as a page of Markdown.

    Parameters
    ----------
    results : sequence of Result
        From `check_facts`.
    seeds, customers : int
        How they were computed.
    """
    lines = [
        "# What the worlds show beside what has been published",
        "",
        f"Written by `crmlab bench facts --page docs/facts.md`, on {seeds} seeds with cohorts of {customers:,} "
        "customers that join in month 0. Do not edit it.",
        "",
        RULE,
        "",
        "**Calibrated** means that numbers of the scenario were set to meet this very figure: that the world then "
        "shows it is no evidence for the figure, only a check that the world does what it was made to do. A row that "
        "counts as **evidence** came out unforced: it speaks for the world.",
        "",
        f"**{_summary(results)}** {sum(not result.fact.calibrated for result in results)} of them count as evidence.",
        "",
        "| | fact | scenario | figure | 95% ± | seeds | range | source and its figure | counts as | verdict |",
        "|---|---|---|---:|---:|---:|---|---|---|---|",
    ]
    for result in results:
        fact, bounds = result.fact, f"{_bound(result.fact.low)} to {_bound(result.fact.high)}"
        cells = [fact.name, fact.meaning, fact.scenario, f"{result.mean:.4g}", f"{result.error:.2g}"]
        cells += [str(len(result.values)), bounds, fact.source, "calibrated" if fact.calibrated else "evidence"]
        lines.append(f"| {' | '.join([*cells, result.verdict])} |")
    for fact in (result.fact for result in results if result.fact.miss):
        lines += ["", f"{fact.name} is known to miss its range: {fact.miss}."]
    return "\n".join(lines).replace("-inf to", "up to").replace(" to inf", " and more") + "\n"


def _bound(value: float) -> str:
    return f"{value:g}".replace("-", "−") if abs(value) != float("inf") else f"{value}"
