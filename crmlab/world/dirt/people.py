"""Persons who are in the file twice, and slips in names and addresses."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.streams import uniform
from crmlab.world.dirt.cells import NO_DAY, Sheet, misspelt
from crmlab.world.observe.people import COLUMNS, details, names

DUPLICATE = 1
"""Number of the draws that decide on duplicates."""


def re_registrations(transactions: pd.DataFrame, customers: pd.DataFrame, rate: float, *, seed: int) -> pd.DataFrame:
    """Return who registered once more, and when.

    Parameters
    ----------
    transactions, customers : DataFrame
        Clean tables.
    rate : float
        Chance of each customer with at least two orders.
    seed : int
        Seed of the dirt.

    Returns
    -------
    DataFrame
        ``person_id`` (the first id), ``customer_id`` (the second) and ``since``, the moment of the first order under
        the second id.
    """
    orders = transactions[["customer_id", "ts"]].sort_values(["customer_id", "ts"], kind="stable", ignore_index=True)
    ids, start, count = np.unique(orders["customer_id"].to_numpy(), return_index=True, return_counts=True)
    u = [_draw(ids, seed, k) for k in range(3)]
    chosen = np.flatnonzero((u[0] < rate) & (count >= 2))
    first = 1 + np.floor(u[1][chosen] * (count[chosen] - 1)).astype(np.int64)  # orders that stay under the old id
    since = orders["ts"].to_numpy()[start[chosen] + first]
    # New ids are given in the sequence of registering, as a firm does, after all that there are.
    new = int(customers["customer_id"].max()) + 1 + np.argsort(np.argsort(since, kind="stable"), kind="stable")
    return pd.DataFrame({"person_id": ids[chosen], "customer_id": new, "since": since})


def move(sheet: Sheet, doubles: pd.DataFrame, when: str) -> None:
    """Put rows under the second id of a person, from the moment of its first order on."""
    table = sheet.table[["customer_id", when]].reset_index(drop=True)
    if not len(doubles):
        return
    place = pd.Index(doubles["person_id"]).get_indexer(table["customer_id"])
    since = doubles["since"].to_numpy()[np.maximum(place, 0)]
    rows = np.flatnonzero((place >= 0) & (table[when].to_numpy() >= since.astype(table[when].dtype)))
    sheet.change("customer_id", rows, doubles["customer_id"].to_numpy()[place[rows]], "duplicates")


def second_customers(customers: pd.DataFrame, doubles: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return the rows of the customers table that registering once more has made."""
    first = customers.set_index("customer_id").loc[doubles["person_id"]].reset_index(drop=True)
    ids = doubles["person_id"].to_numpy()
    rows = first.assign(
        customer_id=doubles["customer_id"].to_numpy(),
        signup_date=pd.Series(doubles["since"]).dt.normalize().to_numpy(),
        referrer_id=pd.array([pd.NA] * len(doubles), dtype="Int64"),
        email_optin=True,
        member_since=NO_DAY,
    )
    forgets = _draw(ids, seed, 10) < 0.3
    year = rows["birth_year"] + np.where(_draw(ids, seed, 11) < 0.05, 1, 0)
    rows["birth_year"] = year.mask(forgets)
    return rows[list(customers.columns)]


def second_details(
    contact: pd.DataFrame, doubles: pd.DataFrame, *, seed: int, chinese: float, household: float
) -> pd.DataFrame:
    """Return names and addresses as typed when registering once more: the same person, not the same letters."""
    ids = doubles["person_id"].to_numpy(np.int64)
    old = contact.set_index("customer_id").loc[ids].reset_index(drop=True)
    other = details(ids + 10_000_019, seed=seed, chinese=chinese, household=household)  # somebody else's address
    u = {name: _draw(ids, seed, 20 + k) for k, name in enumerate(COLUMNS)}
    slip = {name: _draw(ids, seed, 40 + k) for k, name in enumerate(COLUMNS)}
    first = [
        misspelt(name, s) if p < 0.25 else f"{name[0]}." if p < 0.40 else name
        for name, p, s in zip(old["first_name"], u["first_name"], slip["first_name"], strict=True)
    ]
    last = [
        misspelt(name, s) if p < 0.2 else name
        for name, p, s in zip(old["last_name"], u["last_name"], slip["last_name"], strict=True)
    ]
    moved = u["street"] < 0.25
    short = [street.replace(" Street", " St.").replace(" Road", " Rd.") for street in old["street"]]
    street = np.where(u["postcode"] < 0.3, short, old["street"])
    phone = np.where(u["phone"] < 0.35, other["phone"], old["phone"])
    compact = [number.replace(" ", "") for number in phone]
    return pd.DataFrame(
        {
            "customer_id": doubles["customer_id"].to_numpy(),
            "first_name": first,
            "last_name": last,
            "email": _second_address(old["email"], u["email"], slip["email"]),
            "phone": np.where(slip["phone"] < 0.5, compact, phone),
            "street": np.where(moved, other["street"], street),
            "postcode": np.where(moved, other["postcode"], old["postcode"]),
            "city": np.where(moved, other["city"], old["city"]),
        }
    ).astype(dict.fromkeys(COLUMNS, "str"))


def spell(sheet: Sheet, rate: float, kind: int) -> None:
    """Let slips of the keyboard into names and addresses."""
    for k, column in enumerate(("first_name", "last_name", "email", "street", "city")):
        rows = sheet.pick(rate, kind, 2 * k)
        u = sheet.chance(kind, 2 * k + 1)[rows]
        values = [misspelt(text, p) for text, p in zip(sheet.table[column].iloc[rows], u, strict=True)]
        sheet.change(column, rows, values, "spelling")


def _second_address(old: pd.Series, u: npt.NDArray[np.float64], v: npt.NDArray[np.float64]) -> list[str]:
    domains = names()["addresses"]["domains"]
    out = []
    for address, p, q in zip(old, u, v, strict=True):
        local, _, domain = address.partition("@")
        plain = local.rstrip("0123456789")
        others = [name for name in domains if name != domain]
        # Another provider, or another number at the same one.
        number = int(q * 90) + 10
        new = f"{plain}@{others[int(q * len(others))]}" if p < 0.6 else f"{plain}{number}@{domain}"
        out.append(new if new != address else f"{plain}.{number}@{domain}")
    return out


def _draw(ids: npt.NDArray[Any], seed: int, draw: int) -> npt.NDArray[np.float64]:
    return uniform(ids.astype(np.int64), seed=seed, mechanism="dirt", month=DUPLICATE, draw=draw).astype(np.float64)
