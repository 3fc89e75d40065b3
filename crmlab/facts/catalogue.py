"""All facts in the sequence of their numbers."""

from __future__ import annotations

from collections.abc import Iterable

from crmlab.facts import buying, limit_case, marketing, optimum, profit, relations, satisfaction, service
from crmlab.facts.fact import Fact

_THEMES = (limit_case, buying, profit, satisfaction, service, marketing, optimum, relations)

FACTS: tuple[Fact, ...] = tuple(
    sorted((fact for theme in _THEMES for fact in theme.FACTS), key=lambda fact: (fact.number, fact.part))
)
"""Every row of the table of facts."""


def chosen_facts(names: Iterable[str] | None = None) -> tuple[Fact, ...]:
    """Return the facts with some names.

    Parameters
    ----------
    names : iterable of str, optional
        Numbers, or numbers with a letter; all facts by default.

    Returns
    -------
    tuple of Fact

    Raises
    ------
    ValueError
        If a name is unknown.

    Examples
    --------
    >>> [fact.name for fact in chosen_facts(["24", "7a"])]
    ['7a', '24a', '24b']
    """
    if names is None:
        return FACTS
    wanted = {str(name).strip() for name in names}
    known = {fact.name for fact in FACTS} | {str(fact.number) for fact in FACTS}
    for name in wanted - known:
        raise ValueError(f"there is no fact {name!r}; there are {', '.join(fact.name for fact in FACTS)}")
    return tuple(fact for fact in FACTS if wanted & {fact.name, str(fact.number)})
