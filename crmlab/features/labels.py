"""What happened after a cut-off date, kept apart from what was known on it."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import narwhals as nw

from crmlab.features.engines import Table, finish, when
from crmlab.features.log import DateLike, Names, as_day, orders_of, past_of, read_log
from crmlab.tables import TableError


class Windows(NamedTuple):
    """A log divided at a day.

    Attributes
    ----------
    past : table
        The caller's rows up to `as_of`, all columns: what features may be made of. Later rows are not in it, so no
        function that is given it can see them.
    labels : table
        One row per customer of the past: what they did in the days after.
    """

    past: Table
    labels: Table


def label_windows(transactions: Table, *, as_of: DateLike, horizon: int, columns: Names | None = None) -> Windows:
    """Divide a log at a day into what was known and what was to be foretold.

    Parameters
    ----------
    transactions : DataFrame
        The transactions table, of any engine; `crmlab.features` says what holds for it.
    as_of : date or str
        Last day of the past.
    horizon : int
        Days after `as_of` that the labels look at: the first is the day after it.
    columns : dict, optional
        Canonical name → name in `transactions`, where they differ.

    Returns
    -------
    Windows
        ``past``, and ``labels`` with ``orders_ahead`` (count), ``spend_ahead`` (€, less refunds; a refund known later
        counts too) and ``stayed`` (whether there was an order) for each customer with an order up to `as_of`.

    Raises
    ------
    TableError
        As `rfm`; also if a table in memory ends before the horizon does: its labels would call customers lost who
        had no time to come back.
    ValueError
        If `horizon` is not a whole number of at least 1.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer_id": [1, 2, 1, 3], "net": [10.0, 5.0, 3.0, 1.0],
    ...                        "ts": pd.to_datetime(["2025-01-01", "2025-01-20", "2025-02-10", "2025-03-10"])})
    >>> past, labels = label_windows(orders, as_of="2025-01-31", horizon=30)
    >>> len(past), labels.to_dict("list")
    (2, {'customer_id': [1, 2], 'orders_ahead': [1, 0], 'spend_ahead': [3.0, 0.0], 'stayed': [True, False]})
    """
    if not isinstance(horizon, int) or isinstance(horizon, bool) or horizon < 1:
        raise ValueError(f"horizon must be a whole number of days, at least 1, not {horizon!r}.")
    last = as_day(as_of).date()
    end = last + dt.timedelta(days=horizon)
    log = read_log(transactions, as_of, columns=columns, until=end, orders=True)
    if log.newest is not None and log.newest < end:
        raise TableError(
            f"The transactions table ends on {log.newest}, before the horizon does ({end}): choose an earlier as_of "
            "or a shorter horizon."
        )
    known = nw.col("day") <= log.engine.day(last)
    labels = (
        orders_of(log)
        .with_columns(
            when(known, 1).alias("orders_known"),
            when(~known, 1).alias("orders_ahead"),
            when(~known, nw.col("kept")).alias("spend_ahead"),
        )
        .group_by("customer_id")
        .agg(nw.col("orders_known").sum(), nw.col("orders_ahead").sum(), nw.col("spend_ahead").sum())
        .filter(nw.col("orders_known") > 0)
        .with_columns((nw.col("orders_ahead") > 0).alias("stayed"), nw.col("orders_ahead").cast(nw.Int64))
    )
    names = ["customer_id", "orders_ahead", "spend_ahead", "stayed"]
    return Windows(
        past_of(transactions, as_of=last, columns=columns),
        finish(labels, log.engine, names, sort=["customer_id"], ids=["customer_id"]),
    )
