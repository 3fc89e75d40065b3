"""Everything that the firm's tables say about a customer up to a day, as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]

WINDOWS = (31, 61, 92, 183, 365, 730)
"""Days before the day, in which things are counted."""


def day_of_month(run: Any, month: int) -> np.datetime64:
    """Return the first moment of a month of the simulation.

    Parameters
    ----------
    run : Run
        Whose scenario gives the first day.
    month : int
        Month.
    """
    return np.datetime64(run.world.scenario.start_date, "M") + np.timedelta64(month, "M")


def observable_history(run: Any, *, as_of: int) -> pd.DataFrame:
    """Return one row of numbers per customer: what the tables held on a day, and nothing that came later.

    Columns that the firm overwrites, such as its own tier, are left out: they say what is true on the last day.

    Parameters
    ----------
    run : Run
        Tables of at least that many months.
    as_of : int
        Months lived; the history ends before the first moment of this month.

    Returns
    -------
    DataFrame
        Indexed by ``customer_id``, float32; missing where there is nothing to count.
    """
    end = day_of_month(run, as_of).astype("datetime64[s]")
    customers = run.customers[run.customers["signup_date"] < pd.Timestamp(end)]
    ids = customers["customer_id"].to_numpy()
    columns = _profile(customers, end) | _orders(run.transactions, ids, end)
    columns |= _deliveries(run, ids, end) | _reviews(run.reviews, ids, end) | _tickets(run.tickets, ids, end)
    columns |= _surveys(run.surveys, ids, end)
    if len(run.subscriptions):
        columns |= _contracts(run.subscriptions, ids, end)
    if hasattr(run, "emails"):
        columns |= _mails(run.emails, ids, end)
    return pd.DataFrame(
        {name: np.asarray(values, np.float32) for name, values in columns.items()},
        index=pd.Index(ids, name="customer_id"),
    )


def _age(moments: pd.Series, end: np.datetime64) -> Numbers:
    """Return days before the end."""
    return (end - moments.to_numpy("datetime64[s]")).astype(np.float64) / 86_400


def _place(ids: npt.NDArray[np.int64], customers: pd.Series) -> npt.NDArray[np.int64]:
    return np.searchsorted(ids, customers.to_numpy(np.int64))


def _profile(customers: pd.DataFrame, end: np.datetime64) -> dict[str, Any]:
    member = customers["member_since"]
    columns: dict[str, Any] = {
        "tenure": _age(customers["signup_date"], end),
        "member_days": np.where(member < pd.Timestamp(end), _age(member, end), np.nan),
        "birth_year": customers["birth_year"].astype("Float64").to_numpy(np.float64, na_value=np.nan),
        "referred": customers["referrer_id"].notna(),
    }
    for name in ("channel", "region", "device"):
        codes = customers[name].astype("category")
        columns |= {f"{name}_{value}": codes == value for value in codes.cat.categories}
    return columns


def _windows(name: str, place: npt.NDArray[np.int64], age: Numbers, n: int, weights: Any = None) -> dict[str, Numbers]:
    out = {}
    for days in WINDOWS:
        inside = age <= days
        counted = np.ones(inside.sum()) if weights is None else np.asarray(weights, float)[inside]
        out[f"{name}_{days}"] = np.bincount(place[inside], counted, n).astype(np.float64)
    return out


def _last(place: npt.NDArray[np.int64], age: Numbers, values: Any, n: int) -> Numbers:
    """Return the value of the youngest row of each customer."""
    sequence = np.argsort(-age, kind="stable")
    out = np.full(n, np.nan)
    out[place[sequence]] = np.asarray(values, np.float64)[sequence]
    return out


def _mean(place: npt.NDArray[np.int64], values: Any, n: int) -> Numbers:
    count = np.bincount(place, minlength=n)
    total = np.bincount(place, np.asarray(values, np.float64), n)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _orders(transactions: pd.DataFrame, ids: npt.NDArray[np.int64], end: np.datetime64) -> dict[str, Any]:
    orders, n = transactions[transactions["ts"] < pd.Timestamp(end)], len(ids)
    place, age = _place(ids, orders["customer_id"]), _age(orders["ts"], end)
    net = orders["net"].to_numpy(np.float64)
    columns: dict[str, Any] = _windows("orders", place, age, n) | _windows("net", place, age, n, net)
    sequence = np.lexsort((age, place))  # by customer, the youngest order first
    ordered, ages = place[sequence], age[sequence]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else np.zeros(0, int)
    rank = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.append(starts, len(ordered))))
    for number in range(6):
        column = np.full(n, np.nan)
        column[ordered[rank == number]] = ages[rank == number]
        columns[f"age_of_order_{number}"] = column
    count = np.bincount(place, minlength=n)
    first = np.full(n, np.nan)
    first[ordered] = ages  # the last write is the oldest order
    gap = np.where(count > 1, (first - columns["age_of_order_0"]) / np.maximum(count - 1, 1), np.nan)
    columns |= {"orders": count, "first_order": first, "gap": gap, "overdue": columns["age_of_order_0"] / (gap + 1)}
    columns |= {"mean_net": _mean(place, net, n), "last_net": _last(place, age, net, n)}
    discount = orders["discount"].to_numpy(np.float64) / np.maximum(orders["gross"].to_numpy(np.float64), 0.01)
    back = (orders["return_date"] < pd.Timestamp(end)).to_numpy(float)
    columns |= {"discount": _mean(place, discount, n), "returned": _mean(place, back, n)}
    return columns | {
        "last_returned": _last(place, age, back, n),
        "returned_183": _windows("x", place, age, n, back)["x_183"],
    }


def _deliveries(run: Any, ids: npt.NDArray[np.int64], end: np.datetime64) -> dict[str, Any]:
    orders = run.transactions[["order_id", "customer_id"]]
    table = run.deliveries[run.deliveries["delivered"] < pd.Timestamp(end)].merge(orders, on="order_id")
    place, age, n = _place(ids, table["customer_id"]), _age(table["delivered"], end), len(ids)
    late = (table["delay_days"] > 0).to_numpy(float)
    return {
        "late": _mean(place, late, n),
        "last_delay": _last(place, age, table["delay_days"], n),
        **_windows("late", place, age, n, late),
    }


def _reviews(reviews: pd.DataFrame, ids: npt.NDArray[np.int64], end: np.datetime64) -> dict[str, Any]:
    table, n = reviews[reviews["posted_date"] < pd.Timestamp(end)], len(ids)
    place, age = _place(ids, table["customer_id"]), _age(table["posted_date"], end)
    return {
        "reviews": np.bincount(place, minlength=n),
        "stars": _mean(place, table["stars"], n),
        "last_stars": _last(place, age, table["stars"], n),
        "last_review": _last(place, age, age, n),
    }


def _tickets(tickets: pd.DataFrame, ids: npt.NDArray[np.int64], end: np.datetime64) -> dict[str, Any]:
    table, n = tickets[tickets["opened_ts"] < pd.Timestamp(end)], len(ids)
    place, age = _place(ids, table["customer_id"]), _age(table["opened_ts"], end)
    grade = table["outcome"].map({"unsatisfied": 0.0, "satisfied": 1.0, "quick": 2.0}).astype(float)
    grade = grade.where(table["closed_ts"] < pd.Timestamp(end))
    return {
        "tickets": np.bincount(place, minlength=n),
        "last_ticket": _last(place, age, age, n),
        "last_outcome": _last(place, age, grade, n),
    }


def _surveys(surveys: pd.DataFrame, ids: npt.NDArray[np.int64], end: np.datetime64) -> dict[str, Any]:
    table, n = surveys[(surveys["sent_date"] < pd.Timestamp(end)) & surveys["responded"]], len(ids)
    place, age = _place(ids, table["customer_id"]), _age(table["sent_date"], end)
    columns: dict[str, Any] = {"answers": np.bincount(place, minlength=n), "last_answer": _last(place, age, age, n)}
    for item in ("overall", "nps", "intention"):
        values = table[item].astype("Float64").to_numpy(np.float64, na_value=np.nan)
        columns[f"last_{item}"] = _last(place, age, values, n)
    return columns


def _contracts(table: pd.DataFrame, ids: npt.NDArray[np.int64], end: np.datetime64) -> dict[str, Any]:
    """Return the state of each customer's last contract; an end that had not come by the day is not known yet."""
    table, n = table[table["start"] < pd.Timestamp(end)].sort_values("start"), len(ids)
    place, age = _place(ids, table["customer_id"]), _age(table["start"], end)
    over = (table["end"] < pd.Timestamp(end)).to_numpy()
    return {
        "contracts": np.bincount(place, minlength=n),
        "contract_runs": _last(place, age, ~over, n),
        "contract_age": _last(place, age, age, n),
        "contract_since_end": _last(place, age, np.where(over, _age(table["end"], end), np.nan), n),
    }


def _mails(emails: pd.DataFrame, ids: npt.NDArray[np.int64], end: np.datetime64) -> dict[str, Any]:
    table, n = emails[emails["sent_ts"] < pd.Timestamp(end)], len(ids)
    place, age = _place(ids, table["customer_id"]), _age(table["sent_ts"], end)
    columns: dict[str, Any] = _windows("mails", place, age, n)
    for what in ("opened", "clicked"):
        columns |= _windows(what, place, age, n, table[what].to_numpy(float))
    opened = table["opened"].to_numpy(bool)
    columns["last_open"] = _last(place[opened], age[opened], age[opened], n)
    return columns | {"unsubscribed": np.bincount(place, table["unsubscribed"].to_numpy(float), n)}
