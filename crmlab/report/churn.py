"""Who may fall silent next: learned from one window of the log, tested on the next, listed only where it passed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmlab.churn import Estimate, auc, calibration, customer_pipeline
from crmlab.features import activity, rhythm
from crmlab.plots.canvas import plural

LEAST = 50
"""Customers who fell silent, and who did not, that each of the two windows needs: fewer teach chance."""

SHORTEST, LONGEST = 28, 180
"""Days between which the window lies: a month and a half-year."""

RANKS = 0.6
"""Area under the ROC curve that the lower end of its interval must exceed for a list to be given."""

FAR_OFF = 0.25
"""Relative error of the number of those expected to fall silent from which percentages are not to be trusted."""

_WINDOWS = (30, 90, 180, 365)


@dataclass(frozen=True)
class Churn:
    """Who may fall silent in the coming window, and how such a forecast came out in the last one.

    Attributes
    ----------
    window_days : int
        Days without an order that count as falling silent, from the rhythm of the log; asked are those who have ordered
        in as many days before.
    customers : DataFrame
        By ``customer_id``, most at stake first: ``days_silent``, ``risk`` of falling silent, ``revenue_before`` (after
        returns, last 365 days) and ``at_stake``, their product. Empty where the test was not passed.
    tested_from : Timestamp
        First day of the window of the test, which the model was not told.
    tested, silent : int
        Customers in the test, and those of them who fell silent.
    expected : float
        How many of them the model expected to.
    area, plain : Estimate
        Area under the ROC curve in the test, with its 95% interval: of the model, and of the days of silence alone.
    tenths : DataFrame
        See `crmlab.churn.calibration`.
    """

    window_days: int
    customers: pd.DataFrame
    tested_from: pd.Timestamp
    tested: int
    silent: int
    expected: float
    area: Estimate
    plain: Estimate
    tenths: pd.DataFrame

    @property
    def ranks(self) -> bool:
        """Whether the test was passed: the model tells those who fall silent from the others."""
        return self.area.low > RANKS

    @property
    def far_off(self) -> bool:
        """Whether percentages are not to be trusted."""
        return abs(self.expected / self.silent - 1) > FAR_OFF

    def summary(self) -> dict[str, object]:
        """Return the figures for ``summary.json``."""
        return {
            "window_days": self.window_days,
            "test_from": f"{self.tested_from:%Y-%m-%d}",
            "test_customers": self.tested,
            "test_silent": self.silent,
            "test_silent_expected": round(self.expected, 1),
            "test_auc": [round(float(each), 4) for each in self.area],
            "test_auc_days_of_silence": round(self.plain.estimate, 4),
            "list": self.ranks,
        }


def churn(orders: pd.DataFrame, until: pd.Timestamp, *, silence: int | None) -> tuple[Churn | None, str]:
    """Say who may fall silent where the log allows it.

    Parameters
    ----------
    orders : DataFrame
        One row per order: ``customer_id``, ``ts``, ``net``, ``refunded``. Orders wholly returned do not count.
    until : Timestamp
        The last day that counts.
    silence : int or None
        Days of silence after which a customer counts as frozen; None where the log shows no rhythm.

    Returns
    -------
    Churn or None
        None where the log is too short or too thin.
    str
        Why there is none, as a sentence; empty otherwise.

    Notes
    -----
    The model learns from those asked at one cut-off and is tested at the next, whose window begins when the first is
    over: nothing of the window foretold is known to it. For the list it learns from both.

    Examples
    --------
    >>> day = pd.Timestamp("2025-03-01")
    >>> churn(pd.DataFrame({"customer_id": ["a"], "ts": [day], "net": [5.0], "refunded": [0.0]}), day, silence=None)
    (None, 'Nobody came back, so that the file does not tell a long silence from a short one.')
    """
    if silence is None:
        return None, "Nobody came back, so that the file does not tell a long silence from a short one."
    window = int(np.clip(silence, SHORTEST, LONGEST))
    used = orders.loc[(orders["net"] > orders["refunded"]) & (orders["ts"] < until + pd.Timedelta(days=1))]
    span = (until - used["ts"].min().normalize()).days + 1 if len(used) else 0
    needed = 2 * window + max(window, 90)
    if span < needed:
        return None, (
            f"The file covers {plural(span, 'day')}; to learn who falls silent for {window} days, and to test it, "
            f"{needed} are needed."
        )
    cuts = [until - pd.Timedelta(days=window * back) for back in (2, 1)]
    known = span - 2 * window
    asked = [_customers(used, cut, window, known) for cut in cuts]
    fell = [_fell_silent(used, cut, window, customers.index) for cut, customers in zip(cuts, asked, strict=True)]
    for cut, labels in zip(cuts, fell, strict=True):
        few = min(int(labels.sum()), int((~labels).sum()))
        if few < LEAST:
            return None, (
                f"After {cut.day} {cut:%b %Y}, {plural(int(labels.sum()), 'customer')} fell silent and "
                f"{int((~labels).sum()):,} did not; a forecast needs {LEAST} of both at least."
            )
    risk = customer_pipeline(asked[0]).fit(asked[0], fell[0]).predict_proba(asked[1])[:, 1]
    both, labels = pd.concat(asked), pd.concat(fell)
    area = auc(fell[1], risk)
    now = _customers(used, until, window, known)
    if area.low > RANKS and len(now):
        chance = customer_pipeline(both).fit(both, labels).predict_proba(now)[:, 1]
    else:
        now, chance = now.iloc[:0], np.zeros(0)
    table = pd.DataFrame({"days_silent": now["days_since_last"], "risk": chance}, index=now.index)
    year = used[used["ts"] > until - pd.Timedelta(days=364)]
    brought = (year["net"] - year["refunded"]).groupby(year["customer_id"]).sum()
    table["revenue_before"] = brought.reindex(table.index, fill_value=0.0)
    table["at_stake"] = table["risk"] * table["revenue_before"]
    return (
        Churn(
            window_days=window,
            customers=table.sort_values("at_stake", ascending=False, kind="stable"),
            tested_from=cuts[1] + pd.Timedelta(days=1),
            tested=len(fell[1]),
            silent=int(fell[1].sum()),
            expected=float(risk.sum()),
            area=area,
            plain=auc(fell[1], asked[1]["days_since_last"]),
            tenths=calibration(fell[1], risk),
        ),
        "",
    )


def _customers(orders: pd.DataFrame, cut: pd.Timestamp, window: int, known: int) -> pd.DataFrame:
    """Return what the orders up to a day say of those who have ordered in the window before it.

    Only windows that lie in the file at each cut-off are counted, so that a column means the same at all of them.
    """
    before = orders[orders["ts"] < cut + pd.Timedelta(days=1)]
    lengths = [days for days in _WINDOWS if days <= known] or [known]
    table = activity(before, as_of=cut, windows=lengths, trend_days=min(90, known // 2)).set_index("customer_id")
    pace = rhythm(before, as_of=cut).set_index("customer_id")["usual_gap_days"]
    table = table.drop(columns="days_since_first").join(pace)
    table["silence_by_pace"] = table["days_since_last"] / (table["usual_gap_days"] + 1)
    return table[table["days_since_last"] < window].astype(float)


def _fell_silent(orders: pd.DataFrame, cut: pd.Timestamp, window: int, customers: pd.Index) -> pd.Series:
    """Return who of the customers orders nothing in the window after a day.

    The window may end after the last order of the log, never after the last day that counts.
    """
    after, end = cut + pd.Timedelta(days=1), cut + pd.Timedelta(days=window + 1)
    came = orders.loc[(orders["ts"] >= after) & (orders["ts"] < end), "customer_id"]
    return pd.Series(~customers.isin(came), index=customers)
