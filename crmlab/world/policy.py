"""What the firm does: the value of each lever, per month and, where wanted, per customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.tables import nearest, require_columns
from crmlab.world.scenario import Entry, Scenario, schema


@dataclass(frozen=True, slots=True)
class CustomerLever:
    """Values of one lever for some customers in the months from `start` to before `stop`."""

    customers: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    start: int
    stop: int | None


@dataclass(frozen=True)
class Policy:
    """Levers by month, and exceptions for single customers.

    Attributes
    ----------
    neutral : dict of str to float
        Value of each lever in the scenario; it holds before month 0.
    months : dict of str to array, shape (months,)
        Value of each lever in each month. After the last month its last value goes on.
    exceptions : dict of str to tuple
        By lever, in the order in which they were made; the last one that concerns a customer counts.
    """

    neutral: dict[str, float]
    months: dict[str, npt.NDArray[np.float64]]
    exceptions: dict[str, tuple[CustomerLever, ...]] = field(default_factory=dict)

    def value(self, lever: str, month: int, customers: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the value of a lever for some customers in a month.

        Parameters
        ----------
        lever : str
            Name of the lever.
        month : int
            Month of the simulation; negative ones are the firm's history.
        customers : int64 array, shape (n,)
            Ids.

        Returns
        -------
        float32 array, shape (1,) or (n,)
            One value where it is the same for all.
        """
        path = self.months[lever]
        firm = self.neutral[lever] if month < 0 else path[min(month, len(path) - 1)]
        out = np.array([firm], dtype=np.float32)
        for exception in self.exceptions.get(lever, ()):
            if exception.start <= month and (exception.stop is None or month < exception.stop):
                place = np.minimum(np.searchsorted(exception.customers, customers), len(exception.customers) - 1)
                concerned = exception.customers[place] == customers
                if concerned.any():
                    out = np.where(concerned, exception.values[place], out)
        return out

    def of_firm(self, month: int) -> tuple[float, ...]:
        """Return the value of every lever in a month, for customers without an exception."""
        if month < 0:
            return tuple(self.neutral[lever] for lever in self.months)
        return tuple(float(path[min(month, len(path) - 1)]) for path in self.months.values())

    def lasting(self, months: int, *, exceptions: bool) -> Policy:
        """Return the same policy over another number of months; with fewer, what comes later is cut off.

        Parameters
        ----------
        months : int
            How many.
        exceptions : bool
            Whether to keep the exceptions for single customers.
        """
        paths = {
            lever: np.concatenate([path[:months], np.full(max(0, months - len(path)), path[-1])])
            for lever, path in self.months.items()
        }
        return replace(self, months=paths, exceptions=self.exceptions if exceptions else {})

    def has_exceptions(self, *levers: str) -> bool:
        """Return whether any of the levers differs between customers."""
        return any(self.exceptions.get(lever) for lever in levers)

    def ever(self, lever: str) -> bool:
        """Return whether a lever is above 0 for anybody in any month."""
        exceptions = self.exceptions.get(lever, ())
        return bool((self.months[lever] > 0).any()) or any((e.values > 0).any() for e in exceptions)

    def table(self) -> pd.DataFrame:
        """Return the policy table: one row per month, what the firm did for customers without an exception."""
        count = len(next(iter(self.months.values())))
        out = pd.DataFrame({"month": np.arange(count, dtype=np.int64), **self.months})
        out["programme"] = out["programme"] >= 0.5
        return out[["month", *schema()["levers"]]]

    def channel_budgets(self) -> pd.DataFrame:
        """Return the budget of each channel, usual = 1: one row per month, one column per channel."""
        own = {lever.partition(":")[2]: path for lever, path in self.months.items() if ":" in lever}
        firm = self.months["channel_budget"] / self.neutral["channel_budget"]
        return pd.DataFrame({channel: firm * path for channel, path in own.items()}).rename_axis("month")


def neutral_policy(scenario: Scenario, months: int) -> Policy:
    """Return the policy in which every lever stays where the scenario puts it.

    Parameters
    ----------
    scenario : Scenario
        Gives the values.
    months : int
        Months of the simulation.
    """
    neutral = {lever: float(value) for lever, value in scenario.levers.items()}
    neutral |= {f"channel_budget:{channel}": 1.0 for channel in scenario.channels}
    return Policy(neutral, {lever: np.full(months, value) for lever, value in neutral.items()})


def changed_policy(
    policy: Policy,
    levers: Mapping[str, Any],
    *,
    start: int,
    stop: int | None,
    customers: pd.DataFrame | None = None,
) -> Policy:
    """Return `policy` with some levers changed from month `start` to before month `stop`.

    Parameters
    ----------
    policy : Policy
        What the firm would do otherwise.
    levers : mapping of str to float or array
        One value, or one for each month concerned. `channel_budget` may also be a mapping of channels to these: each
        multiplies the budget of that channel alone.
    start, stop : int
        Months concerned; without `stop` the change lasts, also beyond the last month.
    customers : DataFrame, optional
        ``customer_id`` and one column per lever, for the customers with values of their own; a column ``month`` says to
        which month a row applies, without it a row applies to all months concerned.

    Returns
    -------
    Policy

    Raises
    ------
    ValueError
        If a lever is unknown, a value impossible or a length wrong.
    """
    count = len(next(iter(policy.months.values())))
    _check_span(start, stop, count)
    last = count if stop is None else stop
    months = dict(policy.months)
    for lever, wanted in _by_channel(policy, levers).items():
        values = _allowed(lever, wanted)
        if values.ndim > 1 or values.size not in (1, last - start):
            raise ValueError(
                f"{lever}: got {values.size} values; "
                f"give one, or one for each of the {last - start} months from {start} on"
            )
        path = months[lever].copy()
        path[start:last] = values
        months[lever] = path
    changed = replace(policy, months=months)
    return changed if customers is None else _with_exceptions(changed, customers, start, stop)


def _by_channel(policy: Policy, levers: Mapping[str, Any]) -> dict[str, Any]:
    """Replace a budget by channel by one lever for each channel."""
    out = dict(levers)
    if isinstance(out.get("channel_budget"), Mapping):
        known = [lever.partition(":")[2] for lever in policy.months if ":" in lever]
        for channel, wanted in out.pop("channel_budget").items():
            if channel not in known:
                guess = nearest(str(channel), known)
                hint = f" Did you mean {guess!r}?" if guess else ""
                raise ValueError(
                    f"channel_budget: there is no channel {channel!r}; there are {', '.join(known)}.{hint}"
                )
            out[f"channel_budget:{channel}"] = wanted
    return out


def _with_exceptions(policy: Policy, table: pd.DataFrame, start: int, stop: int | None) -> Policy:
    require_columns(table, ["customer_id"], table="customer levers")
    levers = [column for column in table.columns if column not in ("customer_id", "month")]
    if not levers:
        raise ValueError(f"the table of customers has no lever; its columns may be {', '.join(schema()['levers'])}")
    spans: list[tuple[pd.DataFrame, int, int | None]] = [(table, start, stop)]
    if "month" in table.columns:
        count = len(next(iter(policy.months.values())))
        for month in table["month"].unique():
            _check_span(int(month), int(month) + 1, count)
        spans = [(table[table["month"] == month], int(month), int(month) + 1) for month in sorted(set(table["month"]))]
    exceptions = dict(policy.exceptions)
    for rows, low, high in spans:
        rows = rows.sort_values("customer_id")
        ids = rows["customer_id"].to_numpy(np.int64)
        if len(ids) and (np.diff(ids) == 0).any():
            raise ValueError(f"customer_id {ids[:-1][np.diff(ids) == 0][0]} has more than one row for the same month")
        for lever in levers if len(ids) else []:
            values = _allowed(lever, rows[lever].to_numpy(dtype=float)).astype(np.float32)
            exceptions[lever] = (*exceptions.get(lever, ()), CustomerLever(ids, values, low, high))
    return replace(policy, exceptions=exceptions)


def _allowed(lever: str, wanted: Any) -> npt.NDArray[np.float64]:
    known: dict[str, Entry] = schema()["levers"]
    general = lever.partition(":")[0]
    if general not in known:
        guess = nearest(lever, known)
        hint = f" Did you mean {guess!r}?" if guess else ""
        raise ValueError(f"lever {lever!r} is unknown; there are {', '.join(sorted(known))}.{hint}")
    values = np.asarray(wanted, dtype=np.float64)
    entry = known[general]
    wrong = ~((values >= entry.smallest) & (values <= entry.largest))  # missing values are wrong too
    if wrong.any():
        raise ValueError(
            f"{lever}={values[wrong].flat[0]:g} is impossible; "
            f"allowed are values from {entry.smallest:g} to {entry.largest:g}"
        )
    return values


def _check_span(start: int, stop: int | None, count: int) -> None:
    if not 0 <= start < count:
        raise ValueError(f"start={start} is outside the simulation; allowed are months 0 to {count - 1}")
    if stop is not None and not start < stop <= count:
        raise ValueError(f"stop={stop} is impossible; allowed are months {start + 1} to {count}")
