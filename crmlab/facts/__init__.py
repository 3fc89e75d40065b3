"""The stylised facts that the worlds are checked against: what a world shows, beside what has been published.

A fact marked calibrated is one to which numbers of a scenario were set: it shows that the world does what it was made
to do, and is no evidence for the fact.
"""

from crmlab.facts.catalogue import FACTS, chosen_facts
from crmlab.facts.check import check_facts, page, print_results
from crmlab.facts.fact import Fact, Result, judge
from crmlab.facts.sample import Sample, pareto_nbd_world

__all__ = [
    "FACTS",
    "Fact",
    "Result",
    "Sample",
    "check_facts",
    "chosen_facts",
    "judge",
    "page",
    "pareto_nbd_world",
    "print_results",
]
