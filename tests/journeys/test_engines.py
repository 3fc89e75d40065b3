"""Journeys on tables of every engine, unsorted, repeated, of the future, of one customer, empty: answer or reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from crmlab import TableError, features, grading, journeys
from tests.features.engines import ENGINES, LAZY, to_pandas
from tests.features.test_parity import one_log
from tests.orders import START

AS_OF = START + pd.Timedelta(days=150)
IN_MEMORY = [engine for engine in ENGINES if engine not in LAZY]

PEOPLE = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 4, 5],
        "orders": [0, 0, 1, 6, 6],
        "tenure_days": [0, 0, 0, 500, 500],
        "readiness": [0.1, 0.8, 0.0, 0.0, 0.0],
        "referrals": [0, 0, 0, 0, 3],
        "is_partner": [False, False, False, True, False],
    }
)
PROSPECTS = pd.DataFrame(
    {
        "portrait_match": [0.9, 0.9, 0.4],
        "need_strength": [0.8, 0.8, 0.8],
        "ability_to_pay": [0.7, 0.2, 0.9],
        "access": [0.6, 0.6, 0.05],
        "inquiries": [1, 2, 0],
    }
)
CONTACTS = pd.DataFrame(
    {
        "customer_id": [1, 2, 3],
        "last_contact": pd.to_datetime(["2025-01-01", "2025-01-20", "2025-01-02"]),
        "interval_days": [14.0, 14.0, np.inf],
    }
)


def _gaps() -> pd.DataFrame:
    return features.order_gaps(one_log(), as_of=AS_OF)


def _asleep(table: Any) -> Any:
    return journeys.sleep_depth(table, limits=journeys.sleep_limits(_gaps()))


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[], pd.DataFrame]]] = {
    "stages": (journeys.stages, lambda: PEOPLE),
    "non_customers": (journeys.non_customers, lambda: PROSPECTS),
    "next_contacts": (lambda table: journeys.next_contacts(table, as_of="2025-01-31"), lambda: CONTACTS),
    "sleep_limits": (journeys.sleep_limits, _gaps),
    "sleep_depth, own rhythm": (_asleep, lambda: features.rfm(one_log(), as_of=AS_OF)),
    "sleep_depth, fixed": (
        lambda table: journeys.sleep_depth(table, fixed=[10, 30, 90]),
        lambda: features.rfm(one_log(), as_of=AS_OF),
    ),
    "dimensions": (
        lambda table: journeys.dimensions(table, as_of=START + pd.Timedelta(days=90), horizon=90),
        one_log,
    ),
}
every_function = pytest.mark.parametrize("function", FUNCTIONS)


def values(answer: Any) -> list[Any]:
    """Return the values of an answer, row by row, whatever it is kept in."""
    if isinstance(answer, pl.Series | pa.ChunkedArray):
        answer = pd.Series(answer.to_pandas() if isinstance(answer, pl.Series) else answer.to_pylist())
    if isinstance(answer, pd.Series):
        return answer.astype(str).tolist()
    table = answer if isinstance(answer, pd.DataFrame) else to_pandas(answer)
    columns = [
        table[name].astype(float).round(9).fillna(-1.0)
        if pd.api.types.is_numeric_dtype(table[name])
        else table[name].astype(str)
        for name in table.columns
    ]
    return [tuple(row) for row in zip(*columns, strict=True)]


@every_function
@pytest.mark.parametrize("engine", IN_MEMORY)
def test_tables_in_memory_give_the_same(engine: str, function: str) -> None:
    call, make = FUNCTIONS[function]
    table = make()
    answer = call(ENGINES[engine](table))
    assert values(answer) == values(call(table))
    kind = {"Polars": (pl.Series, pl.DataFrame), "PyArrow": (pa.ChunkedArray, pa.Table)}
    # A table indexed by customer or by name stays one of pandas: the others have no index.
    if function not in ("sleep_limits", "dimensions"):
        assert isinstance(answer, kind.get(engine, (pd.Series, pd.DataFrame)))


@every_function
@pytest.mark.parametrize("engine", LAZY)
def test_plans_are_refused_and_not_run(engine: str, function: str) -> None:
    call, make = FUNCTIONS[function]
    with pytest.raises(TableError, match="table is a plan"):
        call(ENGINES[engine](make()))


@every_function
@pytest.mark.parametrize("engine", IN_MEMORY)
def test_nobody_is_an_error(engine: str, function: str) -> None:
    call, make = FUNCTIONS[function]
    with pytest.raises(TableError, match=r"no rows|is empty"):
        call(ENGINES[engine](make().iloc[:0]))


@every_function
@pytest.mark.parametrize("engine", IN_MEMORY)
def test_one_customer_is_enough(engine: str, function: str) -> None:
    call, make = FUNCTIONS[function]
    table = make()
    alone = table.assign(customer_id=7) if function in ("dimensions", "sleep_limits") else table.iloc[:1]
    assert values(call(ENGINES[engine](alone))) == values(call(alone))
    assert len(values(call(alone)))


@every_function
def test_the_order_of_the_rows_means_nothing(function: str) -> None:
    call, make = FUNCTIONS[function]
    table = make()
    answer, shuffled = call(table), call(table.sample(frac=1, random_state=2))
    if function in ("sleep_limits", "dimensions", "next_contacts"):
        assert values(answer) == values(shuffled)
    else:
        assert values(shuffled.loc[answer.index]) == values(answer)


@every_function
@pytest.mark.parametrize("engine", IN_MEMORY)
def test_a_column_that_is_missing_is_named(engine: str, function: str) -> None:
    call, make = FUNCTIONS[function]
    needed = {
        "stages": "orders",
        "non_customers": "access",
        "next_contacts": "last_contact",
        "sleep_limits": "gap_days",
    }
    name = needed.get(function, "net" if function == "dimensions" else "recency_days")
    with pytest.raises(TableError, match=name):
        call(ENGINES[engine](make().drop(columns=name)))


@pytest.mark.parametrize("engine", IN_MEMORY)
def test_what_lies_in_the_future_or_is_there_twice_is_an_error(engine: str) -> None:
    make = ENGINES[engine]
    silent = pd.DataFrame({"customer_id": [1, 2], "recency_days": [5, -3]})
    with pytest.raises(TableError, match="1 of 2 customers have negative recency_days"):
        journeys.sleep_depth(make(silent), fixed=[10, 30, 90])
    with pytest.raises(TableError, match="not after 2025-01-10"):
        journeys.next_contacts(make(CONTACTS), as_of="2025-01-10")
    with pytest.raises(TableError, match="1 rows of the contacts table repeat"):
        journeys.next_contacts(make(pd.concat([CONTACTS, CONTACTS.iloc[:1]])), as_of="2025-01-31")
    with pytest.raises(TableError, match="1 of 2 rows of the order_gaps table have no gap_days above 0"):
        journeys.sleep_limits(make(pd.DataFrame({"customer_id": [1, 2], "gap_days": [5, 0]})))


@pytest.mark.parametrize("engine", IN_MEMORY)
def test_a_time_zone_changes_nothing(engine: str) -> None:
    zoned = CONTACTS.assign(last_contact=CONTACTS["last_contact"].dt.tz_localize("Asia/Shanghai"))
    due = journeys.next_contacts(ENGINES[engine](zoned), as_of="2025-01-31")
    assert values(due) == values(journeys.next_contacts(CONTACTS, as_of="2025-01-31"))
    call, make = FUNCTIONS["dimensions"]
    log = make()
    assert values(call(ENGINES[engine](log.assign(ts=log["ts"].dt.tz_localize("Asia/Shanghai"))))) == values(call(log))


def test_columns_of_other_engines() -> None:
    received, ordered = pd.Series([0, 0, 1, 1, 3]), pd.Series([False, True, True, False, True])
    expected = values(journeys.response_by_follow_ups(received, ordered).reset_index())
    stage = journeys.stages(PEOPLE).astype(str)
    for column in (pl.from_pandas, lambda values: pa.chunked_array([pa.array(values)])):
        assert values(journeys.response_by_follow_ups(column(received), column(ordered))) == expected
        assert values(journeys.funnel(column(stage))) == values(journeys.funnel(stage).reset_index())
        parts = journeys.quantity_and_quality(column(pd.Series([10.0, 10.0])), column(pd.Series([15.0] * 3)))
        assert parts.to_dict() == {"growth": 25.0, "by_number": 12.5, "by_value": 12.5}
        with pytest.raises(TableError, match="must be pandas columns, both indexed by customer"):
            grading.transitions(column(stage), column(stage))


@pytest.mark.parametrize("engine", IN_MEMORY)
def test_moves_may_come_from_any_engine(engine: str) -> None:
    moves = grading.transitions(pd.Series(list("aab")), pd.Series(list("abb")), states=["a", "b"])
    found = journeys.chain(ENGINES[engine](moves.reset_index()), goals=["b"])
    assert found.reaches.to_dict() == journeys.chain(moves, goals=["b"]).reaches.to_dict()
    with pytest.raises(TableError, match="share"):
        journeys.chain(ENGINES[engine](pd.DataFrame({"before": ["a"], "after": ["b"]})), goals=["b"])
