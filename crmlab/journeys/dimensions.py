"""Four things to manage (select, acquire, keep, extend), and growth by number and by quality of customers."""

from __future__ import annotations

import pandas as pd

from crmlab.features import DateLike, as_day, check, label_windows, rfm
from crmlab.grading.checks import numbers_of
from crmlab.grading.engines import in_pandas
from crmlab.tables import TableError

DIMENSIONS = ("select", "acquire", "keep", "extend")
"""Select, acquire and keep customers, and extend what they are worth."""


def dimensions(
    transactions: pd.DataFrame, *, as_of: DateLike, horizon: int = 365, value_share: float = 0.2
) -> pd.DataFrame:
    """Return one figure for each of the four dimensions of managing customers, for the days after a cut-off.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of pandas, Polars or PyArrow, reaching at least `horizon` days beyond `as_of` and before
        it.
    as_of : date or str
        Last day of the time before.
    horizon : int, default 365
        Days of the time after, and of the time before that it is compared with.
    value_share : float, default 0.2
        Share of the new customers that counts as well chosen when they are the best of all customers' spending.

    Returns
    -------
    DataFrame
        Indexed by ``dimension``: ``measure`` (in words), ``figure``. Select: share of new customers who spend as much
        as the best fifth of the old. Acquire: new customers per old one. Keep: share of the customers of the time
        before who order again. Extend: spending of those kept, after over before.

    Raises
    ------
    TableError
        If a time has no customers.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": [1, 2, 1, 3], "net": [10.0, 10.0, 20.0, 30.0],
    ...                        "ts": pd.to_datetime(["2024-06-01", "2024-07-01", "2025-03-01", "2025-12-31"])})
    >>> dimensions(orders, as_of="2024-12-31", horizon=365)["figure"].tolist()
    [1.0, 0.5, 0.5, 2.0]
    """
    if not 0 < value_share < 1:
        raise ValueError(f"value_share must be between 0 and 1, not {value_share!r}.")
    transactions = in_pandas(transactions, name="transactions")
    check(transactions)
    day = as_day(as_of)
    width = pd.Timedelta(days=horizon)
    wall = transactions["ts"].dt.tz_localize(None) if transactions["ts"].dt.tz is not None else transactions["ts"]
    recent = transactions[(wall >= day - width + pd.Timedelta(days=1))]
    _, ahead = label_windows(recent, as_of=day, horizon=horizon)
    before = rfm(recent, as_of=day).set_index("customer_id")["monetary_net"]
    ahead = ahead.set_index("customer_id")
    everybody = rfm(transactions, as_of=day + width).set_index("customer_id")
    new = everybody[everybody["first_order"] > day]
    kept = ahead.index[ahead["stayed"]]
    if not len(before):
        raise TableError("Nobody ordered in the days before as_of.")
    spent = ahead.loc[kept, "spend_ahead"]
    best = ahead["spend_ahead"].quantile(1 - value_share)
    good = new["monetary_net"] >= max(best, 1e-9)
    rows = [
        ("select", "share of new customers who spend like the best fifth of the old", good.mean() if len(new) else 0.0),
        ("acquire", "new customers per old one", len(new) / len(before)),
        ("keep", "share of the old who ordered again", len(kept) / len(before)),
        (
            "extend",
            "spending of those kept, after over before",
            spent.sum() / before.loc[kept].sum() if len(kept) else 0,
        ),
    ]
    table = pd.DataFrame(rows, columns=["dimension", "measure", "figure"]).set_index("dimension")
    return table.assign(figure=table["figure"].astype(float))


def quantity_and_quality(before: pd.Series, after: pd.Series) -> pd.Series:
    """Divide growth of revenue into more customers and better customers.

    The product of the two changes is shared equally, so that the order in which they are looked at means nothing.

    Parameters
    ----------
    before, after : Series
        Revenue of each customer in two periods of equal length, in €; only those who ordered.

    Returns
    -------
    Series
        ``growth``, ``by_number`` and ``by_value`` in €; the last two add up to the first.

    Raises
    ------
    TableError
        If a period is empty or not finite.

    Examples
    --------
    >>> quantity_and_quality(pd.Series([10.0, 10.0]), pd.Series([15.0, 15.0, 15.0])).to_dict()
    {'growth': 25.0, 'by_number': 12.5, 'by_value': 12.5}
    """
    first, second = numbers_of(in_pandas(before)), numbers_of(in_pandas(after))
    number = (len(second) - len(first)) * (first.mean() + second.mean()) / 2
    value = (second.mean() - first.mean()) * (len(first) + len(second)) / 2
    return pd.Series({"growth": second.sum() - first.sum(), "by_number": number, "by_value": value})
