"""The names under which shops export the columns of an order log, and how well a name fits a role."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib import resources

ROLES = {
    "customer_id": "who bought",
    "ts": "when",
    "order_id": "which order",
    "amount": "how much money",
    "quantity": "how many units",
    "unit_price": "price of one unit",
    "refunded": "how much was paid back",
    "product_id": "which product",
    "status": "whether it was paid, cancelled or returned",
}
"""The roles a column of an order log can play, with the question each answers."""

OPTIONS = {
    "customer_id": "customer",
    "ts": "date",
    "order_id": "order",
    "amount": "amount",
    "quantity": "quantity",
    "unit_price": "price",
    "refunded": "refund",
    "product_id": "product",
    "status": "status",
}
"""The option of `crmlab report` and argument of `read_transactions` that names the column of a role."""


def plain(name: str) -> str:
    """Return a name without case, spaces and punctuation, full-width letters made ordinary.

    Examples
    --------
    >>> plain("Customer ID"), plain("customer_id"), plain("客户 编号")
    ('customerid', 'customerid', '客户编号')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


@cache
def _known() -> dict[str, dict[str, int]]:
    raw = tomllib.loads(resources.files("crmlab.reading").joinpath("names.toml").read_text(encoding="utf-8"))
    return {role: {plain(name): rank for rank, name in reversed(list(enumerate(raw[role])))} for role in ROLES}


def name_fit(name: str, role: str) -> float:
    """Return how well a column name fits a role: 1 to 0.8 a known name, 0.7 to 0.5 a known name and more, else 0.

    Examples
    --------
    >>> name_fit("Customer ID", "customer_id")
    1.0
    >>> 0.5 < name_fit("invoice date (UTC)", "ts") < 0.8
    True
    >>> name_fit("colour", "ts")
    0.0
    """
    known = _known()[role]
    text = plain(name)
    if text in known:
        return 1.0 - 0.2 * known[text] / len(known)
    inside = [known[word] for word in known if len(word) >= _shortest(word) and word in text]
    return 0.7 - 0.2 * min(inside) / len(known) if inside else 0.0


def _shortest(word: str) -> int:
    """Return the length from which a name inside a longer one means something: two Chinese signs, five letters."""
    return 2 if not word.isascii() else 5


def known_name_count(line: str) -> int:
    """Return how many known column names a header line holds; tells apart encodings that all decode."""
    cells = [plain(cell) for cell in re.split(r"[,;\t|]", line)]
    return sum(any(cell in known for known in _known().values()) for cell in cells)
