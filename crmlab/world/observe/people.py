"""Names and addresses: what a firm's file says about who somebody is. All of it is fictional."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.world.observe.records import Draws, Ids, Records

COLUMNS = ("first_name", "last_name", "email", "phone", "street", "postcode", "city")


@cache
def names() -> dict[str, Any]:
    """Return the parts of which names and addresses are made."""
    text = resources.files("crmlab.world.observe").joinpath("names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def contact_details(records: Records) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return names and addresses of all customers, and who is which person (here everybody is one of their own)."""
    people = records.scenario.people
    table = details(
        records.ids, seed=records.setup.seed_people, chinese=people.chinese_names, household=people.households
    )
    truth = pd.DataFrame(
        {"customer_id": records.ids, "person_id": records.ids, "re_registered": np.zeros(len(records.ids), bool)}
    )
    return table, truth


def details(ids: Ids, *, seed: int, chinese: float, household: float) -> pd.DataFrame:
    """Make names and addresses.

    Parameters
    ----------
    ids : int64 array, shape (n,)
        Customers.
    seed : int
        Seed of the people.
    chinese : float
        Part of customers with a Chinese name, half of them written in characters.
    household : float
        Chance that somebody lives with, and has the last name of, the customer with the id before.

    Returns
    -------
    DataFrame
        ``customer_id`` and `COLUMNS`, all text.
    """
    own = Draws(ids, seed=seed, mechanism="person")
    # Who shares a home has the head's last name, script and address; a head's head does not count.
    shares = own.uniform(0) < household
    heads_share = Draws(ids - 1, seed=seed, mechanism="person").uniform(0) < household
    home = np.where(shares & ~heads_share & (ids > 1), ids - 1, ids)
    at_home = Draws(home, seed=seed, mechanism="person")
    parts = names()
    is_chinese = at_home.uniform(1) < chinese
    script = (at_home.uniform(2) >= 0.5).astype(np.int64)  # 0: characters, 1: Latin letters
    first, first_plain = _names(parts, "first", is_chinese, script, own.uniform(3))
    last, last_plain = _names(parts, "last", is_chinese, script, at_home.uniform(4))
    number = np.floor(own.uniform(5) * 900 + 100).astype(np.int64)
    domain = _pick(parts["addresses"]["domains"], own.uniform(6))
    local = _lower(first_plain) + "." + _lower(last_plain)
    street = np.char.add(
        np.char.add(_pick(parts["addresses"]["streets"], at_home.uniform(7)), " "),
        _pick(parts["addresses"]["kinds"], at_home.uniform(8)),
    )
    house = np.floor(at_home.uniform(9) ** 2 * 180 + 1).astype(np.int64)
    city = np.floor(at_home.uniform(10) * len(parts["addresses"]["cities"])).astype(np.int64)
    postcode = (city + 1) * 1000 + np.floor(at_home.uniform(11) * 100).astype(np.int64) * 10
    phone = np.floor(own.uniform(12) * 1e4).astype(np.int64) * 10_000 + np.floor(own.uniform(13) * 1e4).astype(np.int64)
    return pd.DataFrame(
        {
            "customer_id": ids,
            "first_name": pd.Series(first, dtype="str"),
            "last_name": pd.Series(last, dtype="str"),
            "email": _text(local) + pd.Series(number).astype("str") + "@" + _text(domain),
            "phone": "+999 " + pd.Series(phone).astype("str").str.zfill(8),  # no country has this code
            "street": _text(street) + " " + pd.Series(house).astype("str"),
            "postcode": pd.Series(postcode).astype("str").str.zfill(5),
            "city": _text(np.asarray(parts["addresses"]["cities"])[city]),
        }
    )


def _names(
    parts: dict[str, Any], which: str, is_chinese: npt.NDArray[np.bool_], script: npt.NDArray[np.int64], u: Any
) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """Return names as written, and in Latin letters."""
    both = np.array([name.split("|") for name in parts["chinese"][which]])
    place = np.floor(u * len(both)).astype(np.int64)
    western = _pick(parts["western"][which], u)
    latin = np.where(is_chinese, both[place, 1], western)
    return np.where(is_chinese, both[place, script], western), latin


def _pick(names: list[str], u: Any) -> npt.NDArray[np.str_]:
    return np.asarray(names)[np.floor(u * len(names)).astype(np.int64)]


def _lower(values: npt.NDArray[np.str_]) -> Any:
    return _text(values).str.lower().str.replace(" ", "", regex=False)


def _text(values: Any) -> pd.Series:
    return pd.Series(values, dtype="str")
