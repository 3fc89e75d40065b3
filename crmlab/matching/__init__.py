"""Who is who in a firm's file: duplicates by probabilistic matching, persons, and one view of each customer."""

from __future__ import annotations

from crmlab.matching.pairs import duplicate_pairs, tidy_contacts
from crmlab.matching.persons import agreement, same_person
from crmlab.matching.view import customer_view

__all__ = ["agreement", "customer_view", "duplicate_pairs", "same_person", "tidy_contacts"]
