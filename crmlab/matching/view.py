"""The single customer view: everything that a firm's tables say of one person, in one row."""

from __future__ import annotations

import pandas as pd

from crmlab.tables import TableError, require_columns

# What stays the same for a person is taken from the oldest record that states it; what must not be lost, from any.
_FIXED = ("channel", "birth_year", "region", "device")


def customer_view(
    customers: pd.DataFrame, transactions: pd.DataFrame, *, persons: pd.Series | None = None, **others: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per person from the tables of a firm.

    Fixed data (channel, year of birth, region, device) come from the oldest record of a person that states them. Data
    that move (orders, sales, contacts) are counted over all records. Consent holds only where *every* record of a
    person gives it: who has said no once, has said no.

    Parameters
    ----------
    customers : DataFrame
        One row per record: ``customer_id``, ``signup_date``, and of ``channel``, ``birth_year``, ``region``,
        ``device``, ``email_optin`` what there is.
    transactions : DataFrame
        ``customer_id``, ``ts``, ``net``, ``refunded``.
    persons : Series, optional
        Person of each record, from `same_person`; each record is a person of its own when left out.
    **others : DataFrame
        Further tables with a ``customer_id``, such as ``tickets=…``: counted.

    Returns
    -------
    DataFrame
        Indexed by ``person_id``: ``records``, ``first_signup``, the fixed data, ``email_optin``; ``orders``, ``sales``
        (net less refunded, €), ``first_order``, ``last_order``; and a column per further table with its number of rows.

    Raises
    ------
    TableError
        If a column is missing, or a table names a record that `customers` has not.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": [1, 2], "signup_date": pd.to_datetime(["2025-03-01", "2025-01-01"]),
    ...                           "region": [None, "north"], "email_optin": [True, False]})
    >>> orders = pd.DataFrame({"customer_id": [1, 2], "ts": pd.to_datetime(["2025-03-02", "2025-01-05"]),
    ...                        "net": [20.0, 30.0], "refunded": [0.0, 5.0]})
    >>> view = customer_view(customers, orders, persons=pd.Series({1: 1, 2: 1}))
    >>> view[["records", "region", "email_optin", "orders", "sales"]].to_dict("records")
    [{'records': 2, 'region': 'north', 'email_optin': False, 'orders': 2, 'sales': 45.0}]
    """
    require_columns(customers, ["customer_id", "signup_date"], table="customers")
    require_columns(transactions, ["customer_id", "ts", "net", "refunded"], table="transactions")
    ids = pd.Index(customers["customer_id"])
    person = pd.Series(ids, index=ids) if persons is None else persons.reindex(ids)
    if person.isna().any():
        raise TableError(f"persons: {int(person.isna().sum()):,} records of customers are not in it.")
    person = person.rename("person_id")
    records = customers.set_index("customer_id").sort_values("signup_date", kind="stable")
    groups = records.groupby(person.reindex(records.index))
    view = pd.DataFrame({"records": groups.size(), "first_signup": groups["signup_date"].min()})
    for name in _FIXED:
        if name in records:
            view[name] = groups[name].first()
    if "email_optin" in records:
        view["email_optin"] = groups["email_optin"].min().astype(bool)
    orders = transactions.assign(person_id=_of(transactions, person, "transactions"))
    placed = orders.assign(sales=orders["net"] - orders["refunded"]).groupby("person_id")
    view["orders"] = placed["ts"].size().reindex(view.index, fill_value=0)
    view["sales"] = placed["sales"].sum().reindex(view.index, fill_value=0.0)
    view["first_order"], view["last_order"] = placed["ts"].min(), placed["ts"].max()
    for name, table in others.items():
        require_columns(table, ["customer_id"], table=name)
        view[name] = _of(table, person, name).value_counts().reindex(view.index, fill_value=0)
    return view.rename_axis("person_id")


def _of(table: pd.DataFrame, person: pd.Series, name: str) -> pd.Series:
    """Return the person of each row of a table."""
    found = table["customer_id"].map(person)
    if found.isna().any():
        raise TableError(f"{name}: {int(found.isna().sum()):,} rows name a record that customers has not.")
    return found
