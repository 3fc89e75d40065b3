"""Who is asked, when, and what counts as leaving: label windows, and validation that cannot look ahead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.features import DateLike, as_day
from crmlab.tables import TableError, require_columns


def label_contracts(
    subscriptions: pd.DataFrame, *, as_of: DateLike, horizon: int, gap: int = 0, end: str = "end", start: str = "start"
) -> pd.Series:
    """Return who cancels, for a business with contracts.

    Asked are the customers with a contract that runs on the evening of `as_of`. A customer leaves when the last of
    these contracts ends in the window of `horizon` days that begins `gap` days after `as_of`. Who ends within the gap
    is left out: too late to call, and no case of the window.

    Parameters
    ----------
    subscriptions : DataFrame
        ``customer_id``, start and end of each contract (missing end: still running).
    as_of : date or str
        Last day whose knowledge may be used; its day is included.
    horizon : int
        Length of the window in days.
    gap : int, default 0
        Days between `as_of` and the window: the time it takes to decide and call.
    end, start : str
        Names of the two columns.

    Returns
    -------
    Series of bool
        ``churned``, indexed by ``customer_id``.

    Raises
    ------
    TableError
        If a column is missing or holds no dates, or no contract runs.

    Examples
    --------
    >>> contracts = pd.DataFrame({"customer_id": [1, 2], "start": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...                           "end": pd.to_datetime(["2025-07-20", None])})
    >>> label_contracts(contracts, as_of="2025-06-30", horizon=30).to_dict()
    {1: True, 2: False}
    """
    require_columns(subscriptions, ["customer_id", start, end], table="subscriptions")
    check_window(horizon, gap)
    today = as_day(as_of)
    for name in (start, end):
        if not pd.api.types.is_datetime64_any_dtype(subscriptions[name].dtype):
            raise TableError(f"{name} must hold dates, not {subscriptions[name].dtype}: use pd.to_datetime.")
    running = subscriptions[(subscriptions[start] <= today) & ~(subscriptions[end] <= today)]
    if running.empty:
        raise TableError(f"No contract runs on {today.date()}.")
    last = running[end].fillna(pd.Timestamp.max.floor("D")).groupby(running["customer_id"]).max()
    begin = today + pd.Timedelta(days=gap)
    last = last[last > begin]
    return (last <= begin + pd.Timedelta(days=horizon)).rename("churned")


def recency_rule(recency: Any, *, days: float) -> npt.NDArray[np.bool_]:
    """Return who is taken to be leaving by the oldest rule: silent for more than some days.

    Parameters
    ----------
    recency : array_like of float
        Days since the last order.
    days : float
        Longest silence of a customer who counts as active.

    Examples
    --------
    >>> recency_rule([3, 95], days=90).tolist()
    [False, True]
    """
    silence = np.asarray(recency, dtype=np.float64)
    if np.isnan(silence).any():
        raise TableError(f"{int(np.isnan(silence).sum()):,} values of recency are missing.")
    return silence > days


def check_window(horizon: int, gap: int) -> None:
    """Raise a ValueError unless the window is possible."""
    if horizon < 1:
        raise ValueError(f"horizon must be at least 1 day, not {horizon!r}.")
    if gap < 0:
        raise ValueError(f"gap must not be negative, but is {gap!r}.")


class RollingOrigins:
    """Cross-validation that cannot look ahead, for scikit-learn's ``cv=``.

    The rows are customers at several cut-offs. Each fold tests one cut-off and trains on rows whose label windows were
    over by then. A customer may be in both, as in a firm's daily life: the past of the same people is known.

    Parameters
    ----------
    as_of : array_like of dates, shape (n,)
        Cut-off of each row.
    horizon : int
        Length of the label window in days.
    gap : int, default 0
        Days between the cut-off and the window.
    most : int, optional
        Test only the last so many cut-offs.

    Raises
    ------
    ValueError
        If no cut-off has training rows whose windows are over.

    Examples
    --------
    >>> cut_offs = pd.to_datetime(["2025-01-01"] * 2 + ["2025-02-01"] * 2 + ["2025-04-01"] * 2)
    >>> [(train.tolist(), test.tolist()) for train, test in RollingOrigins(cut_offs, horizon=31).split()]
    [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5])]
    """

    def __init__(self, as_of: Any, *, horizon: int, gap: int = 0, most: int | None = None) -> None:
        check_window(horizon, gap)
        self.as_of = pd.DatetimeIndex(pd.to_datetime(np.asarray(as_of))).normalize()
        if self.as_of.hasnans:
            raise TableError(f"{int(np.isnat(self.as_of.to_numpy()).sum()):,} rows have no cut-off.")
        known = self.as_of + pd.Timedelta(days=horizon + gap)  # evening on which the label is known
        dates = self.as_of.unique().sort_values()
        self.known = known
        self.origins = [date for date in dates if np.any(known <= date)][-most if most else 0 :]
        if not self.origins:
            raise ValueError(
                f"no cut-off lies {horizon + gap} days (gap + horizon) after an earlier one: there is nothing to learn "
                f"from. There are {len(dates)} cut-offs from {dates[0].date()} to {dates[-1].date()}."
            )

    def split(self, X: Any = None, y: Any = None, groups: Any = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the places of training and of test rows, fold by fold."""
        if X is not None and len(X) != len(self.as_of):
            raise ValueError(f"X has {len(X):,} rows, and there are {len(self.as_of):,} cut-offs.")
        for origin in self.origins:
            yield np.flatnonzero(self.known <= origin), np.flatnonzero(self.as_of == origin)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds."""
        return len(self.origins)
