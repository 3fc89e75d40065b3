"""How dirty a firm's files are: one rate per kind of dirt, and three tiers by name."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from crmlab.tables import nearest


@dataclass(frozen=True, slots=True)
class Switches:
    """Rates of dirt, each a chance per cell or row from 0 to 1 unless said otherwise.

    Attributes
    ----------
    missing : float
        Cells that may be missing and are.
    duplicates : float
        Customers with at least two orders who registered once more, with another e-mail; their later orders are under
        the new id.
    spelling : float
        Names and addresses with a slip of the keyboard.
    typos : float
        Categories written in another way.
    date_formats : float
        Moments in another format or time zone; the column is then text.
    currency : float
        Orders entered in another currency.
    bad_prices : float
        Orders whose value is negative or zero.
    late_rows : float
        Orders that came late: behind younger ones, or not at all yet.
    test_accounts : float
        Accounts of the firm's own testers, as a share of customers.
    orphan_returns : float
        Returns booked as rows of their own, without the order, as a share of orders.
    bot_clicks : float
        Mails in which a program followed the links.
    prefetched : float
        Mails whose pictures were loaded by a mail program, which counts as an opening.
    unit_change : float
        Part of the time at whose end the cost of goods is written in cents.
    """

    missing: float = 0.0
    duplicates: float = 0.0
    spelling: float = 0.0
    typos: float = 0.0
    date_formats: float = 0.0
    currency: float = 0.0
    bad_prices: float = 0.0
    late_rows: float = 0.0
    test_accounts: float = 0.0
    orphan_returns: float = 0.0
    bot_clicks: float = 0.0
    prefetched: float = 0.0
    unit_change: float = 0.0


_REALISTIC = Switches(
    missing=0.03,
    duplicates=0.03,
    spelling=0.01,
    typos=0.01,
    date_formats=0.02,
    currency=0.002,
    bad_prices=0.002,
    late_rows=0.01,
    test_accounts=0.001,
    orphan_returns=0.002,
    bot_clicks=0.02,
    prefetched=0.3,
)

TIERS = {
    "clean": Switches(),
    "realistic": _REALISTIC,
    "hard": Switches(**{f.name: min(1.0, 3 * getattr(_REALISTIC, f.name)) for f in fields(Switches)}),
}
TIERS["hard"] = replace(TIERS["hard"], prefetched=0.5, unit_change=0.25)
"""Tiers of difficulty. Three in a hundred customers registered twice is what firms report; ``hard`` has three times
the rates of ``realistic``, and a change of units."""


def switches(tier: str, rates: dict[str, float]) -> Switches:
    """Return a tier with some rates changed.

    Parameters
    ----------
    tier : str
        ``clean``, ``realistic`` or ``hard``.
    rates : dict of str to float
        Other rates.

    Raises
    ------
    ValueError
        If the tier or a kind of dirt does not exist, or a rate is impossible.

    Examples
    --------
    >>> switches("clean", {"duplicates": 0.05}).duplicates
    0.05
    """
    if tier not in TIERS:
        raise ValueError(f"tier={tier!r} is unknown; there are {', '.join(TIERS)}")
    known = [f.name for f in fields(Switches)]
    for name, rate in rates.items():
        if name not in known:
            guess = nearest(name, known)
            hint = f" Did you mean {guess!r}?" if guess else ""
            raise ValueError(f"{name!r} is no kind of dirt; there are {', '.join(known)}.{hint}")
        if not 0 <= rate <= 1:
            raise ValueError(f"{name}={rate!r} is impossible; a rate lies between 0 and 1")
    return replace(TIERS[tier], **rates)
