"""The need gate: a sale needs all must-haves, and then as many nice-to-haves as possible."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from crmlab.tables import TableError, require_columns


def need_gate(needs: pd.DataFrame, *, must: str = "must", met: str = "met") -> pd.DataFrame:
    """Return for each customer whether all must-haves are met, and how many nice-to-haves.

    Parameters
    ----------
    needs : DataFrame
        One row per customer and need: ``customer_id``, ``need``, and two columns of true and false.
    must : str
        Column that says whether the need is a must-have.
    met : str
        Column that says whether the offer meets it.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id``: ``musts``, ``musts_met``, ``open`` (all must-haves met; so for those who have none),
        ``nices``, ``nices_met``, ``nice_share`` (missing for those without nice-to-haves), ``missing`` (the unmet
        must-haves, separated by ``|``; empty when open).

    Raises
    ------
    TableError
        If a column is missing, or a customer has a need twice.

    Examples
    --------
    >>> needs = pd.DataFrame({
    ...     "customer_id": [1, 1, 2, 2], "need": ["fits", "cheap", "fits", "cheap"],
    ...     "must": [True, False, True, True], "met": [True, False, True, False],
    ... })
    >>> need_gate(needs)["open"].tolist()
    [True, False]
    """
    table = _checked(needs, must, met)
    is_must, is_met = table[must].astype(bool), table[met].astype(bool)
    customer = table["customer_id"]
    counts = pd.DataFrame(
        {
            "musts": is_must.groupby(customer).sum(),
            "musts_met": (is_must & is_met).groupby(customer).sum(),
            "nices": (~is_must).groupby(customer).sum(),
            "nices_met": (~is_must & is_met).groupby(customer).sum(),
        }
    )
    counts.insert(2, "open", counts["musts"] == counts["musts_met"])
    counts["nice_share"] = counts["nices_met"] / counts["nices"].where(counts["nices"] > 0)
    blocked = table[is_must & ~is_met]
    names = blocked["need"].astype(str).groupby(blocked["customer_id"]).agg("|".join)
    counts["missing"] = names.reindex(counts.index, fill_value="")
    return counts


def opening_value(needs: pd.DataFrame, *, must: str = "must", met: str = "met") -> pd.DataFrame:
    """Return for each need how many gates it keeps shut, and how many would open if it alone were met.

    A must-have that many miss is worth little to mend while the same people miss another one as well.

    Parameters
    ----------
    needs : DataFrame
        As for `need_gate`.
    must, met : str
        Its columns.

    Returns
    -------
    DataFrame
        Indexed by need, most openings first: ``must_share`` (share of customers for whom it is a must-have),
        ``met_share`` (share for whom it is met), ``blocks`` (customers who miss it as a must-have), ``opens``
        (customers for whom it is the only thing missing).
    """
    table = _checked(needs, must, met)
    is_must, is_met = table[must].astype(bool), table[met].astype(bool)
    missing = is_must & ~is_met
    only = missing & (missing.groupby(table["customer_id"]).transform("sum") == 1)
    by_need = table["need"].astype(str)
    found = pd.DataFrame(
        {
            "must_share": is_must.groupby(by_need).mean(),
            "met_share": is_met.groupby(by_need).mean(),
            "blocks": missing.groupby(by_need).sum(),
            "opens": only.groupby(by_need).sum(),
        }
    )
    return found.sort_values(["opens", "blocks"], ascending=False, kind="stable").rename_axis("need")


def opens_for(needs: pd.DataFrame, offers: pd.DataFrame, *, must: str = "must") -> pd.DataFrame:
    """Return which offer opens the gate for whom.

    Parameters
    ----------
    needs : DataFrame
        ``customer_id``, ``need`` and `must`.
    offers : DataFrame
        One row per offer, one column per need: whether the offer meets it. The index names the offers.
    must : str
        Column that says whether the need is a must-have.

    Returns
    -------
    DataFrame
        Customers × offers, true where all must-haves are met. Its column means are the reach of each offer.

    Raises
    ------
    TableError
        If an offer says nothing about a need.
    """
    require_columns(needs, ["customer_id", "need", must], table="needs")
    asked = needs["need"].astype(str)
    require_columns(offers, sorted(asked.unique()), table="offers")
    musts = needs[needs[must].astype(bool)]
    meets = offers.astype(bool).T.loc[musts["need"].astype(str).tolist()]
    meets.index = pd.Index(musts["customer_id"], name="customer_id")
    everybody = pd.Index(needs["customer_id"].unique(), name="customer_id").sort_values()
    return meets.groupby(level=0).all().reindex(everybody, fill_value=True)


def purchase_probability(gate: pd.DataFrame, *, base: float, slope: float) -> pd.Series:
    """Return the chance of a purchase: none while the gate is shut, then the more the more nice-to-haves are met.

    Parameters
    ----------
    gate : DataFrame
        Result of `need_gate`.
    base : float
        Log-odds of a purchase when the gate is open and no nice-to-have is met.
    slope : float
        What all nice-to-haves together add to the log-odds.

    References
    ----------
    Gilbride & Allenby (2004), Marketing Science 23, 391–406 (conjunctive screening, then compensatory choice).
    """
    require_columns(gate, ["open", "nice_share"], table="need gate")
    chance = expit(base + slope * gate["nice_share"].fillna(1.0).to_numpy(float))
    return pd.Series(np.where(gate["open"].to_numpy(bool), chance, 0.0), index=gate.index, name="purchase_probability")


def _checked(needs: pd.DataFrame, must: str, met: str) -> pd.DataFrame:
    require_columns(needs, ["customer_id", "need", must, met], table="needs")
    if not len(needs):
        raise TableError("The needs table is empty.")
    twice = needs[["customer_id", "need"]].duplicated()
    if twice.any():
        row = needs[twice].iloc[0]
        raise TableError(f"Customer {row['customer_id']!r} has the need {row['need']!r} twice.")
    for name in (must, met):
        if needs[name].isna().any():
            raise TableError(f"'{name}' is missing in {int(needs[name].isna().sum()):,} rows of the needs table.")
    return needs
