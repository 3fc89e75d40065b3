"""The files of a firm as they really are: each table with its dirt, made when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crmlab.world.dirt import orders, people
from crmlab.world.dirt.cells import NO_DAY, Sheet, empty_log
from crmlab.world.dirt.switches import Switches
from crmlab.world.observe.shown import Shown

if TYPE_CHECKING:
    from crmlab.world.run import Run

_KEYS = {
    "customers": "customer_id",
    "transactions": "order_id",
    "contact_details": "customer_id",
    "tickets": "ticket_id",
    "reviews": "order_id",
}

_MAY_BE_MISSING = {
    "customers": ("birth_year", "region", "device", "channel"),
    "transactions": ("cost", "store_or_site"),
    "contact_details": ("first_name", "phone", "street", "city"),
    "tickets": ("reason",),
    "reviews": ("coded_cause",),
}
_CATEGORIES = {
    "customers": ("channel", "region", "device"),
    "transactions": ("store_or_site",),
    "tickets": ("reason",),
}
_MOMENTS = {"tickets": "opened_ts", "reviews": "posted_date"}

# Numbers of the draws of each kind of dirt; 1 is taken by duplicates.
_MISSING, _TYPOS, _SPELLING, _TESTERS = 2, 3, 4, 5


class DirtyShown(Shown):
    """Tables with dirt in them, made from clean ones.

    Parameters
    ----------
    run : Run
        The clean run.
    rates : Switches
        How much dirt of each kind.
    seed : int
        Seed of the dirt.
    """

    def __init__(self, run: Run, rates: Switches, seed: int) -> None:
        super().__init__(lambda: run.shown.records)
        self._run, self._rates, self._seed = run, rates, seed
        self._sheets: dict[str, Sheet] = {}

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the firm, dirty where it is one of those that get dirty."""
        if name == "dirt_log":
            return self._log()
        return self.sheet(name).table if name in _KEYS else self._run.shown.table(name)

    def truth(self, name: str) -> pd.DataFrame:
        """Return a table of the truth; the second ids of persons are among it."""
        if name != "persons":
            return self._run.shown.truth(name)
        clean = self._run.truth.persons
        second = self.doubles[["customer_id", "person_id"]].assign(re_registered=True)
        return pd.concat([clean, second], ignore_index=True)

    @cached_property
    def doubles(self) -> pd.DataFrame:
        """Who registered once more."""
        return people.re_registrations(
            self._run.transactions, self._run.customers, self._rates.duplicates, seed=self._seed
        )

    def sheet(self, name: str) -> Sheet:
        """Return a table with the log of its dirt."""
        if name not in self._sheets:
            sheet = Sheet(name, getattr(self._run, name), _KEYS[name], seed=self._seed)
            first: dict[str, Callable[[Sheet], None]] = {
                "customers": self._customers,
                "transactions": self._transactions,
                "contact_details": self._contact_details,
            }
            if name in first:
                first[name](sheet)
            else:
                people.move(sheet, self.doubles, _MOMENTS[name])
            self._scatter(sheet)
            if name == "transactions":
                orders.mix_formats(sheet, self._rates.date_formats)
            self._sheets[name] = sheet
        return self._sheets[name]

    def _log(self) -> pd.DataFrame:
        parts = [log for name in _KEYS if len(log := self.sheet(name).log)]
        log = pd.concat(parts, ignore_index=True) if parts else empty_log()
        return log.astype(dict.fromkeys(("table", "column", "dirt"), "category"))

    @cached_property
    def testers(self) -> pd.DataFrame:
        """Accounts of the firm's own testers: ``customer_id`` and the day on which they were made."""
        clean = self._run.customers
        count = round(self._rates.test_accounts * len(clean))
        first = max(int(clean["customer_id"].max()), int(self.doubles["customer_id"].max() if len(self.doubles) else 0))
        ids = first + 1 + np.arange(count)
        days = clean["signup_date"].to_numpy()[np.linspace(0, len(clean) - 1, count).astype(int)]
        return pd.DataFrame({"customer_id": ids, "signup_date": days})

    def _customers(self, sheet: Sheet) -> None:
        sheet.add(people.second_customers(self._run.customers, self.doubles, seed=self._seed), "duplicates")
        template = self._run.customers.iloc[np.zeros(len(self.testers), int)].reset_index(drop=True)
        rows = template.assign(
            customer_id=self.testers["customer_id"],
            signup_date=self.testers["signup_date"],
            referrer_id=pd.array([pd.NA] * len(template), dtype="Int64"),
            birth_year=pd.array([1900] * len(template), dtype="Int64"),
            member_since=NO_DAY,
        )
        sheet.add(rows, "test_accounts")

    def _contact_details(self, sheet: Sheet) -> None:
        p = self._run.world.scenario.people
        seed = self._run.world.seed
        rows = people.second_details(
            self._run.contact_details, self.doubles, seed=seed, chinese=p.chinese_names, household=p.households
        )
        sheet.add(rows, "duplicates")
        ids = self.testers["customer_id"]
        text: dict[str, Any] = {
            "customer_id": ids,
            "first_name": "Test",
            "last_name": "Test",
            "email": "test" + ids.astype("str") + "@example.com",
            "phone": "+999 00000000",
            "street": "Test Street 1",
            "postcode": "00000",
            "city": "Test",
        }
        sheet.add(pd.DataFrame(text).astype({k: "str" for k in text if k != "customer_id"}), "test_accounts")
        people.spell(sheet, self._rates.spelling, _SPELLING)

    def _transactions(self, sheet: Sheet) -> None:
        people.move(sheet, self.doubles, "ts")
        orders.add_test_orders(sheet, self.testers)
        orders.add_orphan_returns(sheet, self._rates.orphan_returns)
        orders.arrive_late(sheet, self._rates.late_rows)
        orders.slip_currency(sheet, self._rates.currency)
        orders.spoil_prices(sheet, self._rates.bad_prices)
        orders.change_unit(sheet, self._rates.unit_change)

    def _scatter(self, sheet: Sheet) -> None:
        """Leave cells out, and write categories in other ways."""
        for k, column in enumerate(_MAY_BE_MISSING.get(sheet.name, ())):
            rows = sheet.pick(self._rates.missing, _MISSING, k)
            sheet.change(column, rows, [None] * len(rows), "missing")
        for k, column in enumerate(_CATEGORIES.get(sheet.name, ())):
            rows = sheet.pick(self._rates.typos, _TYPOS, 2 * k)
            u = sheet.chance(_TYPOS, 2 * k + 1)[rows]
            values = [_other_spelling(text, p) for text, p in zip(sheet.table[column].iloc[rows], u, strict=True)]
            sheet.change(column, rows, values, "typos")


def _other_spelling(text: Any, u: float) -> Any:
    """Return a category as somebody else would type it."""
    if not isinstance(text, str):
        return text
    ways = [text.upper(), f" {text}", f"{text} ", text.capitalize() if text.islower() else text.lower()]
    return ways[int(u * 4)] if u < 0.8 else people.misspelt(text, (u - 0.8) / 0.2)
