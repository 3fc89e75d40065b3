"""The register: every concept and every claim of the course, what became of it, and where.

The table ``register.csv`` beside this file is edited by hand. Numbers in its verdicts are placeholders, such as
``{top_share:.0%}``, that `crmlab.course.trials` computes from simulated shops: no verdict can outlive its evidence.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources

CONCEPTS = 341
CLAIMS = 200

CONCEPT_STATUSES = {
    "taught": "carries a lesson",
    "in the data": "met in the tables or in the mechanism of the world, and explained here",
    "planned": "its lesson is not written yet",
}
CLAIM_STATUSES = {
    "confirmed": "the simulated shops bear it out, and nothing in their equations says so",
    "refuted": "the simulated shops contradict it",
    "conditional": "true under conditions that the verdict names",
    "assumed": "the equations of the world contain it: it could not come out otherwise",
    "not testable": "nothing in the world varies that could decide it; the verdict says what is missing",
    "planned": "its trial is not written yet",
}


class RegisterError(ValueError):
    """The register's table is not complete or not legal; the message names the entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One concept or claim.

    Attributes
    ----------
    id : str
        ``C001`` to ``C341`` for concepts, ``Q001`` to ``Q200`` for claims.
    en, zh_hans, zh_hant : str
        Name in English, simplified and traditional Chinese; of a claim, the name of its concept.
    lessons : str
        Numbers of the lessons that it belongs to, separated by spaces; empty when only the register speaks of it.
    status : str
        One of `CONCEPT_STATUSES` or `CLAIM_STATUSES`.
    seen_in : str
        Of a concept: columns, levers or functions in which it is met. Of a claim: the concept it is about.
    summary : str
        The concept or the claim in a sentence.
    verdict : str
        Of a claim: what came out, with numbers and conditions.
    """

    id: str
    en: str
    zh_hans: str
    zh_hant: str
    lessons: str
    status: str
    seen_in: str
    summary: str
    verdict: str

    @property
    def is_claim(self) -> bool:
        """Whether this is a claim rather than a concept."""
        return self.id.startswith("Q")


def read_register() -> list[Entry]:
    """Read and check the register.

    Returns
    -------
    list of Entry
        Concepts, then claims, in the order of their ids.

    Raises
    ------
    RegisterError
        If an id is missing, twice there or out of order, a status is not legal, or an entry whose status is not
        ``planned`` lacks its words.
    """
    text = resources.files("crmlab.course").joinpath("register.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return check([Entry(**{field.name: row[field.name].strip() for field in fields(Entry)}) for row in rows])


def check(entries: list[Entry]) -> list[Entry]:
    """Return `entries` when they are a complete and legal register.

    Parameters
    ----------
    entries : list of Entry
        What to check.

    Raises
    ------
    RegisterError
        As `read_register` says.
    """
    wanted = [f"C{n:03d}" for n in range(1, CONCEPTS + 1)] + [f"Q{n:03d}" for n in range(1, CLAIMS + 1)]
    there = [entry.id for entry in entries]
    if twice := sorted({each for each in there if there.count(each) > 1}):
        raise RegisterError(f"These ids occur twice: {', '.join(twice)}.")
    if missing := sorted(set(wanted) - set(there)):
        raise RegisterError(f"These ids are missing: {', '.join(missing[:10])}{' …' if len(missing) > 10 else ''}.")
    if there != wanted:
        raise RegisterError("The ids are not in order: C001 to C341, then Q001 to Q200, and no others.")
    for entry in entries:
        _check_entry(entry)
    return entries


def _check_entry(entry: Entry) -> None:
    legal = CLAIM_STATUSES if entry.is_claim else CONCEPT_STATUSES
    if entry.status not in legal:
        raise RegisterError(f"{entry.id}: the status {entry.status!r} is not one of {', '.join(legal)}.")
    if not (entry.en and entry.zh_hans and entry.zh_hant):
        raise RegisterError(f"{entry.id}: the name is missing in English or Chinese.")
    if not re.fullmatch(r"(\d\d[a-z]?( \d\d[a-z]?)*)?", entry.lessons):
        raise RegisterError(f"{entry.id}: lessons are two-digit numbers with spaces between, not {entry.lessons!r}.")
    if entry.status == "planned":
        return
    if not entry.summary.endswith("."):
        raise RegisterError(f"{entry.id}: an entry that is not planned has a summary, and it ends with a full stop.")
    if entry.is_claim and not entry.verdict.endswith("."):
        raise RegisterError(f"{entry.id}: a claim that is not planned has a verdict, and it ends with a full stop.")
    if not entry.is_claim and not entry.seen_in:
        raise RegisterError(f"{entry.id}: where is it met? seen_in is empty (– where there is nothing to see).")


def as_markdown(entries: list[Entry], numbers: Mapping[str, float]) -> str:
    """Return the register as a page.

    Parameters
    ----------
    entries : list of Entry
        The register.
    numbers : mapping of str to float
        Values for the placeholders of the verdicts.

    Raises
    ------
    RegisterError
        If a verdict asks for a number that is not there.
    """
    concepts = [entry for entry in entries if not entry.is_claim]
    claims = [entry for entry in entries if entry.is_claim]
    lines = [
        "# Register of concepts and claims",
        "",
        "Made by `crmlab course register` from `crmlab/course/register.csv`; edit that table, not this page.",
        "",
        "## What the words for the state of an entry mean",
        "",
        *(f"- Concept **{status}**: {meaning}." for status, meaning in CONCEPT_STATUSES.items()),
        *(f"- Claim **{status}**: {meaning}." for status, meaning in CLAIM_STATUSES.items()),
        "",
        f"So far {_count(concepts)} concepts and {_count(claims)} claims are treated.",
        "",
        "## Claims on trial",
        "",
    ]
    for entry in claims:
        if entry.status != "planned":
            lines += [
                f"### {entry.id}: {entry.summary}",
                "",
                f"*{entry.status.capitalize()}.* {_filled(entry, numbers)}",
                "",
                f"About {entry.en} · {_chinese(entry)} · {_lessons(entry)}",
                "",
            ]
    lines += [
        "## Concepts treated so far",
        "",
        "| | Concept | Chinese | In a sentence | Met in | Lessons |",
        "|---|---|---|---|---|---|",
    ]
    for entry in concepts:
        if entry.status != "planned":
            name = f"**{entry.en}**" if entry.status == "taught" else entry.en
            cells = (entry.id, name, _chinese(entry), entry.summary, entry.seen_in, entry.lessons)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += [
        "",
        "Names in bold carry a lesson.",
        "",
        "## Still to come",
        "",
        "| | Name | Chinese | Lessons |",
        "|---|---|---|---|",
    ]
    for entry in entries:
        if entry.status == "planned":
            cells = (entry.id, entry.en, _chinese(entry), entry.lessons or "register")
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _count(entries: list[Entry]) -> str:
    return f"{sum(entry.status != 'planned' for entry in entries)} of {len(entries)}"


def _filled(entry: Entry, numbers: Mapping[str, float]) -> str:
    try:
        return entry.verdict.format(**numbers)
    except (KeyError, ValueError, IndexError) as error:
        raise RegisterError(f"{entry.id}: its verdict asks for a number that no trial computes: {error}.") from error


def _chinese(entry: Entry) -> str:
    return entry.zh_hans if entry.zh_hans == entry.zh_hant else f"{entry.zh_hans} / {entry.zh_hant}"


def _lessons(entry: Entry) -> str:
    return f"lesson {entry.lessons.replace(' ', ', ')}" if entry.lessons else "the register only"
