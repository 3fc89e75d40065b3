"""Which column of a file plays which role: told by the user, else found by name, else by content, and always shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from crmlab.reading.dates import EARLIEST, parse_dates
from crmlab.reading.names import OPTIONS, ROLES, name_fit
from crmlab.reading.values import BLANK, parse_numbers
from crmlab.reading.words import option
from crmlab.tables import TableError, nearest

# Share of the filled cells that must read as a date or a number before a column is believed to hold them.
_ENOUGH = 0.5
_MOST = 0.9
# A status has few values; a column with more is a free text or a place.
_STATUS_KINDS = 30


@dataclass(frozen=True)
class Profile:
    """What a column holds in the sample: shares of the filled cells, how many kinds of values, and a few of them."""

    name: str
    filled: float
    dates: float
    numbers: float
    decimals: float
    distinct: float
    kinds: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class ColumnMapping:
    """Which column plays which role, and why.

    Attributes
    ----------
    columns : dict of str to str
        Role (see `crmlab.reading.names.ROLES`) → column name in the file.
    why : dict of str to str
        Role → ``"told"``, ``"name"`` or ``"content"``.
    unused : list of str
        Columns of the file that play no role.
    """

    columns: dict[str, str]
    why: dict[str, str]
    unused: list[str]

    def table(self) -> pd.DataFrame:
        """Return the mapping as a table: role, question, column, how it was found, option that changes it."""
        return pd.DataFrame(
            [
                {
                    "role": role,
                    "question": ROLES[role],
                    "column": column,
                    "found_by": self.why[role],
                    "option": f"--{OPTIONS[role]}",
                }
                for role, column in self.columns.items()
            ]
        )


def profile(name: str, column: pa.ChunkedArray) -> Profile:
    """Describe the content of one column of the sample."""
    kind = column.type
    values = column.to_pandas()
    if pa.types.is_dictionary(kind):
        kind, values = kind.value_type, values.astype(object)
    present = values.dropna()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = present.astype(str).str.strip()
        present = texts[~texts.str.lower().isin(list(BLANK))]
    filled = len(present) / max(len(values), 1)
    examples = tuple(str(value)[:20] for value in pd.unique(present)[:3])
    kinds = int(present.nunique())
    distinct = kinds / max(len(present), 1)
    if pa.types.is_temporal(kind):
        return Profile(name, filled, 1.0, 0.0, 0.0, distinct, kinds, examples)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = present.astype(float)
        decimals = float((numbers % 1 != 0).mean()) if len(numbers) else 0.0
        text = present.astype(str).str.replace(r"\.0$", "", regex=True)
    elif pa.types.is_boolean(kind):
        return Profile(name, filled, 0.0, 0.0, 0.0, distinct, kinds, examples)
    else:
        text = present.astype(str)
        numbers = pd.Series(parse_numbers(text).values)
        decimals = float((numbers % 1 > 0).mean()) if len(numbers) else 0.0
    text = text.iloc[:2000].reset_index(drop=True)
    moments = parse_dates(text).values
    good = ~np.isnat(moments) & (moments >= np.datetime64(EARLIEST)) & (moments < np.datetime64("2100-01-01"))
    return Profile(
        name,
        filled,
        float(good.mean()) if len(good) else 0.0,
        float(numbers.notna().mean()) if len(numbers) else 0.0,
        decimals,
        distinct,
        kinds,
        examples,
    )


def find_columns(
    sample: pa.Table, *, told: Mapping[str, str | int | None], has_header: bool, source: str
) -> ColumnMapping:
    """Find the column of each role.

    Parameters
    ----------
    sample : pyarrow.Table
        The first rows.
    told : mapping of str to str or int
        Role → column as named by the user: its name, or its number counted from 1.
    has_header : bool
        Whether the names come from the file.
    source : str
        What the file is called in messages.

    Returns
    -------
    ColumnMapping

    Raises
    ------
    TableError
        If a named column does not exist, or customer, date or amount cannot be told; says what is there and how to name
        it.
    """
    profiles = {name: profile(name, sample[name]) for name in sample.column_names}
    columns = {
        role: _column(str(column), profiles, role, source) for role, column in told.items() if column is not None
    }
    why = dict.fromkeys(columns, "told")
    if has_header:
        for role, name in _by_name(profiles, set(columns.values()), set(ROLES) - set(columns)):
            columns[role], why[role] = name, "name"
    if not columns.get("unit_price") or not columns.get("quantity"):
        _by_content(profiles, columns, why)
    _check(profiles, columns, has_header, source)
    ordered = {role: columns[role] for role in ROLES if role in columns}
    return ColumnMapping(ordered, why, [name for name in profiles if name not in ordered.values()])


def _column(told: str, profiles: Mapping[str, Profile], role: str, source: str) -> str:
    names = list(profiles)
    if told in profiles:
        return told
    if told.isdigit() and 1 <= int(told) <= len(names):
        return names[int(told) - 1]
    near = nearest(told, names)
    hint = f" (did you mean {near!r}?)" if near else ""
    listed = ", ".join(repr(name) for name in names)
    raise TableError(f"{source} has no column {told!r} for --{OPTIONS[role]}{hint}; it has: {listed}.")


def _believable(profile: Profile, role: str) -> bool:
    """Tell whether the content of a column can play a role at all."""
    if profile.filled == 0:
        return False
    if role == "ts":
        return profile.dates >= _ENOUGH
    if role in ("quantity", "unit_price", "amount", "refunded"):
        return profile.numbers >= _ENOUGH and not (profile.dates > _MOST and profile.decimals == 0)
    if role == "status":
        return profile.numbers < _ENOUGH and profile.kinds <= _STATUS_KINDS
    if role == "customer_id":
        return profile.decimals < _ENOUGH
    if role == "order_id":
        # Shopify calls the number of an order "Name"; anywhere else that is a person.
        return any(sign.isdigit() for example in profile.examples for sign in example)
    return True


def _by_name(profiles: Mapping[str, Profile], taken: set[str], roles: set[str]) -> list[tuple[str, str]]:
    """Give each role the free column whose name fits best, the best fit of all first."""
    fits = sorted(
        (
            (name_fit(name, role), -position, role, name)
            for role in roles
            for position, (name, profile) in enumerate(profiles.items())
            if name not in taken and _believable(profile, role)
        ),
        key=lambda fit: (-fit[0], -fit[1], list(ROLES).index(fit[2])),
    )
    found: dict[str, str] = {}
    for fit, _, role, name in fits:
        if fit > 0 and role not in found and name not in taken:
            found[role] = name
            taken = taken | {name}
    return list(found.items())


def _by_content(profiles: Mapping[str, Profile], columns: dict[str, str], why: dict[str, str]) -> None:
    """Fill in date, amount and customer where exactly one free column can be meant."""

    def free(test: str) -> list[str]:
        taken = set(columns.values())
        tests = {
            "ts": lambda p: p.dates >= _MOST,
            "amount": lambda p: p.numbers >= _MOST and p.decimals > 0.05,
            # A customer comes back: fewer distinct values than rows, but more than a handful.
            "customer_id": lambda p: p.decimals == 0 and p.dates < _ENOUGH and 0.02 < p.distinct < 0.95,
        }
        return [name for name, p in profiles.items() if name not in taken and p.filled > _ENOUGH and tests[test](p)]

    for role in ("ts", "amount", "customer_id"):
        if role in columns or (role == "amount" and {"unit_price", "quantity"} <= set(columns)):
            continue
        candidates = free(role)
        if len(candidates) == 1:
            columns[role], why[role] = candidates[0], "content"


def _check(profiles: Mapping[str, Profile], columns: Mapping[str, str], has_header: bool, source: str) -> None:
    missing = [role for role in ("customer_id", "ts") if role not in columns]
    if "amount" not in columns and not {"unit_price", "quantity"} <= set(columns):
        missing.append("amount")
    if missing:
        questions = {"customer_id": "the customer", "ts": "the date", "amount": "the money"}
        wanted = " and ".join(questions[role] for role in missing)
        listed = ", ".join(
            f"{name!r}" + (f" ({', '.join(p.examples)})" if p.examples else " (empty)") for name, p in profiles.items()
        )
        head = "" if has_header else "it has no header, so its columns are numbered; "
        options = " ".join(f"--{OPTIONS[role]} COLUMN" for role in missing)
        raise TableError(
            f"{source}: cannot tell which column holds {wanted}; {head}its columns are {listed}; "
            f"name them with {options}."
        )
    dates = profiles[columns["ts"]]
    if dates.dates == 0:
        raise TableError(
            f"{source}: no value of the column {dates.name!r} can be read as a date (for example "
            f"{', '.join(repr(e) for e in dates.examples) or 'all are empty'}); name another with "
            f"{option('date=…', '--date')}."
        )
    for role in ("amount", "quantity", "unit_price"):
        if role in columns and profiles[columns[role]].numbers == 0:
            column = profiles[columns[role]]
            raise TableError(
                f"{source}: no value of the column {column.name!r} can be read as a number (for example "
                f"{', '.join(repr(e) for e in column.examples) or 'all are empty'}); name another with "
                f"--{OPTIONS[role]} COLUMN."
            )
