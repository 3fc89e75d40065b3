"""Facts of marketing: what price, promotion and advertising do, and what becomes of mails (22 to 25)."""

from __future__ import annotations

import numpy as np

from crmlab.facts.fact import Fact
from crmlab.facts.sample import Sample, record_world
from crmlab.world import World
from crmlab.world.record import record_block
from crmlab.world.simulation import who_joins


def _quantities(sample: Sample, world: World) -> np.ndarray:
    """Return the value at list prices of the orders of each month: quantity at constant prices."""
    _, _, orders = record_world(world)
    return np.bincount(orders["month"], orders["value"].astype(np.float64), world.months)


def _usual(sample: Sample) -> np.ndarray:
    return sample.once("usual quantities", lambda: _quantities(sample, sample.cohort(months=13)))


def price_elasticity(sample: Sample) -> float:
    """Return the elasticity of quantity to a price 5% lower or higher for a year."""
    base = sample.cohort(months=13)
    up, down = (_quantities(sample, base.do(price=p, start=1))[1:].sum() for p in (1.05, 0.95))
    return float(np.log(up / down) / np.log(1.05 / 0.95))


def promotion_elasticity(sample: Sample) -> float:
    """Return the elasticity of quantity to the price of one month 5% lower by promotion, in that month."""
    promoted = _quantities(sample, sample.cohort(months=7).do(promotion=0.05, start=6, stop=7))
    return float((promoted[6] / _usual(sample)[6] - 1) / -0.05)


def promotion_dip(sample: Sample) -> float:
    """Return the part of the bump of a 20% promotion that is missing in the six months after it."""
    gain = _quantities(sample, sample.cohort(months=13).do(promotion=0.2, start=6, stop=7)) - _usual(sample)
    return float(-gain[7:].sum() / gain[6])


def _advertising(sample: Sample, stop: int, months: slice) -> float:
    more = _quantities(sample, sample.cohort(months=13).do(advertising=1.1, start=1, stop=stop))
    return float(np.log(more[months].sum() / _usual(sample)[months].sum()) / np.log(1.1))


def advertising_short(sample: Sample) -> float:
    """Return the elasticity of the same month's orders to advertising."""
    return _advertising(sample, 2, slice(1, 2))


def advertising_long(sample: Sample) -> float:
    """Return the elasticity of orders to advertising that stays, once its stock has built up."""
    return _advertising(sample, 13, slice(7, 13))


def _mails(sample: Sample) -> dict[str, float]:
    """Return opened, clicked and unsubscribed per mail to a living customer, over a year."""

    def make() -> dict[str, float]:
        world = sample.cohort(months=13, share=0.3)
        sums = dict.fromkeys(("sent", "opened", "clicked", "unsubscribed"), 0)
        for block in who_joins(world.setup).blocks(16_384):
            recorded = record_block(world.setup, block, mails=True)
            mails = recorded.mails
            # Mails to those who have left are sent too; the published figures are of lists that are kept clean.
            living = ~(recorded.customers["death_time"][mails["row"]] <= mails["month"])
            sums["sent"] += int(mails["sent"][living].sum())
            for name in ("opened", "clicked"):
                sums[name] += int(np.unpackbits(mails[name][living].astype(np.uint16).view(np.uint8)).sum())
            sums["unsubscribed"] += int((mails["unsubscribed"][living] >= 0).sum())
        return {name: count / sums["sent"] for name, count in sums.items()}

    return sample.once("mails", make)


def opened_per_mail(sample: Sample) -> float:
    """Return the share of mails to living customers that is opened."""
    return _mails(sample)["opened"]


def clicked_per_mail(sample: Sample) -> float:
    """Return the share of mails to living customers in which a link is followed."""
    return _mails(sample)["clicked"]


def unsubscribed_per_mail(sample: Sample) -> float:
    """Return the share of mails upon which a living customer leaves the list."""
    return _mails(sample)["unsubscribed"]


_BIJMOLT = "Bijmolt, Van Heerde & Pieters (2005)"
_SETHURAMAN = "Sethuraman, Tellis & Briesch (2011)"

FACTS = [
    Fact(
        22,
        "",
        "cosmetics",
        "price elasticity of quantity over a year",
        -2.87,
        -2.37,
        f"{_BIJMOLT}: −2.62",
        True,
        price_elasticity,
    ),
    Fact(
        23,
        "a",
        "cosmetics",
        "promotion elasticity of the month, at 5% off",
        -4.03,
        -3.23,
        f"{_BIJMOLT}: −3.63",
        True,
        promotion_elasticity,
    ),
    Fact(
        23,
        "b",
        "cosmetics",
        "part of the bump of 20% off that is missing later",
        0.20,
        0.45,
        "Van Heerde, Leeflang & Wittink (2004): about a third",
        True,
        promotion_dip,
    ),
    Fact(
        24,
        "a",
        "cosmetics",
        "advertising elasticity, same month",
        0.09,
        0.15,
        f"{_SETHURAMAN}: 0.12",
        True,
        advertising_short,
    ),
    Fact(
        24,
        "b",
        "cosmetics",
        "advertising elasticity, long run",
        0.19,
        0.29,
        f"{_SETHURAMAN}: 0.24",
        True,
        advertising_long,
    ),
    *(
        Fact(25, part, "cosmetics", f"mails {what}", low, high, f"Mailchimp, beauty: {target}", True, compute)
        for part, what, low, high, target, compute in [
            ("a", "opened", 0.1515, 0.1815, "0.1665", opened_per_mail),
            ("b", "clicked", 0.0162, 0.0222, "0.0192", clicked_per_mail),
            ("c", "upon which somebody unsubscribes", 0.0025, 0.0035, "0.0030", unsubscribed_per_mail),
        ]
    ),
]
