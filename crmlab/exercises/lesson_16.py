"""Lesson 16, your own data: a practice file whose faults are known, exercises and prediction."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from crmlab import features
from crmlab.exercises.answers import Number
from crmlab.exercises.decision import Setting
from crmlab.exercises.exercise import Exercise, Mistake, Prediction
from crmlab.exercises.practice_file import PracticeExport, practice_export
from crmlab.exercises.session import LessonData
from crmlab.reading import TransactionLog, read_transactions
from crmlab.report import Analysis, analyse

TITLE = "your own data"

NAME = "practice_export.csv"
BEST = 20

CATALOGUE_COST = 6.0
CATALOGUE_LIFT = 0.10
EVERYBODY = 730

# The decision is tried on a shop with another seed, far from those that courses and students get.
_OTHER_SHOP = 3_000_000_000


@dataclass
class Data(LessonData):
    """The practice file of lesson 16: two years of a small shop, exported as shops export."""

    customers: int = 800
    _payoffs: dict[float, float] = field(default_factory=dict, repr=False)

    @cached_property
    def export(self) -> PracticeExport:
        """The practice export, with the truth of every row."""
        return practice_export(self.run, seed=self.seed)

    def practice_file(self, folder: str | Path | None = None) -> Path:
        """Write the practice file and return its path.

        Parameters
        ----------
        folder : path, optional
            Where to keep it; a temporary folder that goes with the session when left out. Nothing is overwritten.

        Returns
        -------
        Path

        Raises
        ------
        FileExistsError
            If another file of that name is in the folder.
        """
        return self.export.write(Path(self._temporary if folder is None else folder) / NAME)

    @cached_property
    def _temporary(self) -> str:
        folder = tempfile.mkdtemp(prefix="crmlab-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def log(self) -> TransactionLog:
        """The practice file as the lesson reads it first."""
        return read_transactions(self.practice_file())

    @cached_property
    def log_without_copies(self) -> TransactionLog:
        """The practice file without the rows that equal an earlier one."""
        return read_transactions(self.practice_file(), drop_duplicates=True)

    @cached_property
    def report(self) -> Analysis:
        """The report on the practice file."""
        return analyse(self.log)

    @cached_property
    def profit_rate(self) -> float:
        """Profit on each euro of sales in the last year: what the firm's books say."""
        months, orders = self.run.truth.months, self.run.transactions
        sales = orders.loc[orders["ts"] >= orders["ts"].max() - pd.Timedelta(days=365), "net"].sum()
        return float(months.loc[months["month"] >= self.months - 12, "profit"].sum() / sales)

    @cached_property
    def _catalogue(self) -> pd.DataFrame:
        """Silence by the other shop's own messy file, and what a catalogue to each customer there truly brings."""
        other = Data(seed=_OTHER_SHOP + self.seed)
        log = read_transactions(other.export.table)
        customers = features.rfm(log.transactions).set_index("customer_id")
        value = other.world.expected(from_month=other.months, horizon=12)["expected_value"]
        # Whoever has only had free samples is on no world's list of customers, and brings nothing.
        value = value.reindex(customers.index.astype(int), fill_value=0.0).to_numpy()
        return pd.DataFrame({"recency_days": customers["recency_days"], "gain": CATALOGUE_LIFT * value})

    def catalogue_profit(self, days: float) -> float:
        """Return what the catalogue earns in another shop, in €, if it goes to those silent for at most `days` days.

        Parameters
        ----------
        days : float
            The longest silence that still gets one.
        """
        if days not in self._payoffs:
            table = self._catalogue
            chosen = table[table["recency_days"] <= days]
            self._payoffs[days] = float((chosen["gain"] - CATALOGUE_COST).sum())
        return self._payoffs[days]


def _of_account(log: TransactionLog, reason: str, column: str) -> float:
    account = log.account
    return float(account.loc[account["reason"] == reason, column].sum())


def _set_aside(data: Data) -> float:
    account = data.log.account
    return float(account.loc[account["treatment"] == "set aside", "money"].sum())


def _best(data: Data) -> pd.DataFrame:
    return data.report.customers.nlargest(BEST, "monetary")


def _given_back(data: Data) -> float:
    best = _best(data)
    return float(1 - best["monetary_net"].sum() / best["monetary"].sum())


def _given_back_by_other_people(data: Data) -> float:
    table = data.report.customers
    return float(1 - table["monetary_net"].nlargest(BEST).sum() / table["monetary"].nlargest(BEST).sum())


def _given_back_by_all(data: Data) -> float:
    table = data.report.customers
    return float(1 - table["monetary_net"].sum() / table["monetary"].sum())


def net_revenue(log: TransactionLog) -> float:
    """Return revenue less what was paid back.

    Parameters
    ----------
    log : TransactionLog
        What was read.
    """
    return float((log.transactions["net"] - log.transactions["refunded"]).sum())


def _copies(data: Data) -> float:
    return net_revenue(data.log) - net_revenue(data.log_without_copies)


def _copies_gross(data: Data) -> float:
    return float(data.log.transactions["net"].sum() - data.log_without_copies.transactions["net"].sum())


EXERCISES = (
    Exercise(
        id="16.1",
        question="How much money was set aside because its rows name no customer, in €?",
        kind=Number(0, 1e9, "€", within=1.0),
        solve=lambda data: _of_account(data.log, "no customer", "money"),
        praise=(
            "{answer} from people whom the shop never asked for a name. They are in the shop's accounts and in none "
            "of the figures below: a customer table cannot speak of them."
        ),
        mistakes=(
            Mistake(
                "rows instead of euros",
                lambda data: _of_account(data.log, "no customer", "rows"),
                "{answer} is the number of their rows. What they are worth is in the column `money`.",
            ),
            Mistake(
                "everything set aside",
                _set_aside,
                "{answer} is all that was set aside, whatever the reason. One line of the account is about customers.",
            ),
        ),
        hints=(
            "The account has one line for each reason. You want the money of one line.",
            'Let the reasons be the index: `account = log.account.set_index("reason")`.',
            '`account.loc["no customer", "money"]`',
        ),
    ),
    Exercise(
        id="16.2",
        question=f"Which share of the gross sales of the {BEST} best customers was given back?",
        kind=Number(-1, 1, "share", within=0.002),
        solve=_given_back,
        praise=(
            "{answer}, nearly all of it one slip of the keyboard. Rank customers by `monetary_net`, or read the two "
            "columns side by side."
        ),
        mistakes=(
            Mistake(
                "other people",
                _given_back_by_other_people,
                "{answer} compares the best by gross with the best by net: other people. Choose once, by gross "
                "sales, and look at both columns of the same customers.",
            ),
            Mistake(
                "everybody",
                _given_back_by_all,
                "{answer} is the share of the whole shop. Take the best by `monetary` first.",
            ),
            Mistake(
                "what is left",
                lambda data: 1 - _given_back(data),
                "{answer} is what they kept. What was given back is the rest of it.",
            ),
        ),
        hints=(
            "Choose the customers by gross sales, then compare the gross and the net sales of these same people.",
            f'The best: `best = customers.nlargest({BEST}, "monetary")`.',
            '`1 - best["monetary_net"].sum() / best["monetary"].sum()`',
        ),
    ),
    Exercise(
        id="16.3",
        question="By how much does net revenue fall when equal rows are dropped, in €?",
        kind=Number(-1e9, 1e9, "€", within=0.5),
        solve=_copies,
        praise=(
            "{answer} hang on one switch, and nothing in the file says which way it belongs. Ask whoever made the "
            "export; until then, give both figures."
        ),
        mistakes=(
            Mistake(
                "gross revenue",
                _copies_gross,
                "{answer} is the fall of gross revenue. Some of the equal rows were given back: take `refunded` off.",
            ),
            Mistake(
                "the line of the account",
                lambda data: _of_account(data.log_without_copies, "copy of an earlier row", "money"),
                "{answer} is what the account says of the equal rows. Some of them had no customer, some take sales "
                "back: they were never part of net revenue. Compare the revenue of the two readings.",
            ),
            Mistake(
                "the revenue that is left",
                lambda data: net_revenue(data.log_without_copies),
                "{answer} is the net revenue without equal rows. By how much is that less than with them?",
            ),
            Mistake("the wrong way round", lambda data: -_copies(data), "{answer}: a fall is asked for, so turn it."),
        ),
        hints=(
            "Read the file a second time with the option, and compare the net revenue of both readings.",
            "The second reading: `dropped = crm.read_transactions(FILE, drop_duplicates=True)`. Net revenue of each is "
            "the sum of `net` less the sum of `refunded` in its `transactions`.",
            '`both = [log.transactions, dropped.transactions]`, then `net = [t["net"].sum() - t["refunded"].sum() '
            "for t in both]` and `net[0] - net[1]`.",
        ),
    ),
    Setting(
        id="16.4",
        question="After how many days of silence does a customer get no catalogue any more?",
        kind=Number(0, EVERYBODY, "days", within=0.5),
        payoff=lambda data, days: data.catalogue_profit(days),
        usual=EVERYBODY,
        grid=(30, 45, 60, 75, 90, 105, 120, 150, 180),
        solve=lambda data: 90,
        # Over ten shops 75 to 120 days reach 94 % of the best setting, 45 days or 150 in few of them.
        enough=0.94,
        praise="You did not need the truth of your own shop for it, only a year that you hid from yourself.",
        mistakes=(
            Mistake(
                "everybody",
                lambda data: EVERYBODY,
                "That is everybody in the file. Most of the long silent are gone, and paper costs the same for them.",
            ),
            Mistake(
                "frozen",
                lambda data: data.report.frozen_after,
                "That is where the report calls a customer frozen: hardly anybody who came back was ever silent for "
                "longer. It says who is gone, not for whom a catalogue pays. What does one have to bring?",
            ),
            Mistake(
                "euros instead of days",
                lambda data: CATALOGUE_COST / (CATALOGUE_LIFT * data.profit_rate),
                "That is the break-even, in € of sales. Find the groups of the table whose mean lies above it, and "
                "answer with the longest silence among them, in days.",
            ),
            Mistake(
                "only the freshest",
                lambda data: 10,
                "These customers are worth it, but they are few. Many who have been quiet for a month or two come "
                "back, and a catalogue to them would pay as well.",
            ),
        ),
        hints=(
            "A catalogue pays from a certain amount of expected sales on. Which groups of the table reach it?",
            "The break-even, in sales of the coming year, is in the cell: compare it with the column `mean`.",
            "Go down from the freshest group until the mean falls to the break-even and stays there; a small group "
            "that lies higher again is luck. The end of the last group above it, or the middle of the next, is fair.",
        ),
    ),
)

PREDICTIONS = (
    Prediction(
        id="16.a",
        question="Of each 100 € that the rows of the file add up to, how many are left as net revenue?",
        kind=Number(0, 100, "€"),
    ),
)
