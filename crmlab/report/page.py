"""The report as one page that needs nothing else: no network, no script, every value escaped."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from importlib import resources
from typing import Any

import jinja2
import pandas as pd
from matplotlib.axes import Axes

from crmlab import __version__, plots
from crmlab.grading import ZONES
from crmlab.plots.canvas import money, percent, plural
from crmlab.report.analysis import Analysis
from crmlab.report.forecast import Forecast

# What each zone means for the shop; the rule in numbers stands beside it on the page.
_ZONE_MEANING = {
    "value": ("Among the largest and not falling", "Look after them: they carry the shop."),
    "potential": ("Active, not falling, not yet large", "Give them a reason for the next order."),
    "migrating": ("Still active, but spending much less than before", "Find out what changed before they are gone."),
    "frozen": ("Silent for too long", "Try one cheap offer to win them back, then let them rest."),
}


def page(analysis: Analysis, *, source: str) -> str:
    """Return ``report.html``.

    Parameters
    ----------
    analysis : Analysis
        From `crmlab.report.analyse`.
    source : str
        Name of the file, for the title.

    Returns
    -------
    str
        A whole HTML page, self-contained.
    """
    currency = analysis.log.currency
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "money": lambda amount: money(amount, currency),
        "exact": lambda amount: _exact(amount, currency),
        "percent": percent,
        "count": lambda number: f"{number:,.0f}",
        "day": _day,
        "plural": plural,
    }
    template = environment.from_string(
        resources.files("crmlab.report").joinpath("page.html.j2").read_text(encoding="utf-8")
    )
    return template.render(
        source=source,
        version=__version__,
        analysis=analysis,
        log=analysis.log,
        summary=analysis.summary,
        figures=_figures(analysis),
        account=analysis.log.account.to_dict("records"),
        mapping=analysis.log.mapping.table().to_dict("records"),
        classes=_classes(analysis.customers),
        refunds=_largest_refunds(analysis.customers),
        zones=_zones(analysis),
        calls=analysis.calls.to_dict("records"),
        concentration=analysis.concentration.to_dict("index"),
        cohort=_cohort(analysis.cohorts),
        forecast=analysis.forecast,
        ahead=_ahead(analysis.forecast),
        churn=analysis.churn,
        one_day=pd.Timedelta(days=1),
        leaving=[] if analysis.churn is None else analysis.churn.customers.head(10).reset_index().to_dict("records"),
    )


def _day(day: object) -> str:
    """Return a day as 9 Dec 2011."""
    moment = pd.Timestamp(day)  # type: ignore[arg-type]
    return f"{moment.day} {moment:%b %Y}"


def _exact(amount: float, currency: str) -> str:
    """Return an amount with two decimals and its sign in front."""
    if amount != amount:
        return "unknown"
    sign, gap = ("−" if amount < 0 else ""), (" " if currency.isalpha() else "")
    return f"{sign}{currency}{gap}{abs(amount):,.2f}"


def _figures(analysis: Analysis) -> dict[str, str]:
    """Draw every picture as SVG; each carries its description in words."""
    currency, customers = analysis.log.currency, analysis.customers
    pictures: dict[str, Callable[[], Axes]] = {
        "revenue": lambda: plots.revenue(analysis.months, currency=currency),
        "lorenz": lambda: plots.lorenz(customers["monetary"]),
        "abc": lambda: plots.abc(customers["monetary"], currency=currency),
        "rfm": lambda: plots.rfm_grid(customers, currency=currency),
        "zones": lambda: plots.zones(customers, currency=currency),
    }
    if analysis.shows_cohorts:
        pictures["cohorts"] = lambda: plots.cohorts(analysis.cohorts)
    ahead = analysis.forecast
    if ahead is not None:
        pictures["ahead"] = lambda: plots.calibration(
            ahead.tenths, what="orders per customer", names=("expected", "came")
        )
    leaving = analysis.churn
    if leaving is not None:
        pictures["leaving"] = lambda: plots.leaving_calibration(leaving.tenths, what="fell silent")
    return {name: plots.to_svg(draw().figure) for name, draw in pictures.items()}  # type: ignore[arg-type]


def _classes(customers: pd.DataFrame) -> list[dict[str, object]]:
    gross = customers["monetary"]
    return [
        {
            "name": name,
            "customers": int((customers["abc"] == name).sum()),
            "revenue": float(gross[customers["abc"] == name].sum()),
            "share": float(gross[customers["abc"] == name].sum() / gross.sum()),
            "customers_net": int((customers["abc_net"] == name).sum()),
        }
        for name in ("A", "B", "C")
    ]


def _largest_refunds(customers: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return the customers whose rank changes most when returns are taken off, the largest gross revenue first."""
    table = customers.assign(
        rank=customers["monetary"].rank(ascending=False, method="min").astype(int),
        rank_net=customers["monetary_net"].rank(ascending=False, method="min").astype(int),
        given_back=1 - customers["monetary_net"] / customers["monetary"].where(customers["monetary"] > 0),
    )
    table = table[(table["abc"] == "A") & (table["given_back"] > 0.5)].sort_values("rank")
    return table.head(5).to_dict("records")


def _zones(analysis: Analysis) -> list[dict[str, object]]:
    customers = analysis.customers
    return [
        {
            "name": zone,
            "meaning": _ZONE_MEANING[zone][0],
            "advice": _ZONE_MEANING[zone][1],
            "customers": int((customers["zone"] == zone).sum()),
            "revenue": float(customers.loc[customers["zone"] == zone, "monetary_net"].sum()),
        }
        for zone in ZONES
    ]


def _cohort(cohorts: pd.DataFrame) -> dict[str, object] | None:
    """Return the oldest cohort that has been seen for three whole months after its first, for a sentence."""
    after = cohorts[cohorts["complete"] & (cohorts["month_number"] == 3)]
    return None if after.empty else dict(after.iloc[0])


def _ahead(forecast: Forecast | None, most: int = 10) -> list[dict[Hashable, Any]]:
    """Return the customers expected to bring most in the coming year, beside what they brought in the last."""
    if forecast is None:
        return []
    by = "expected_revenue" if forecast.knows_revenue else "expected_orders"
    return forecast.customers.nlargest(most, by).reset_index().to_dict("records")
