"""Explorers of lesson 02: the ask-then-match shop game of the drill-bit story, and the 4P mix simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
import pandas as pd

from crmlab.exercises.drill_shop import QUESTIONS, Outcome, drill_customers, sales_by_questions, sell
from crmlab.explorers.canvas import Backdrop, Panel
from crmlab.explorers.explorer import Control, Explorer
from crmlab.needs import FOUR_C, P_OF_C, Conjoint, Costs, best_mix, market
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import fresh_settings, percent_axis

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VISITORS = 400
"""Customers of the shop game, of whom the first twelve can be met one by one."""

_MET = 12

_SALES = Panel((0.09, 0.16, 0.42, 0.70), x=(-0.4, 6.4), y=(0.0, 1.05))
_STORY = (0.560, 0.93)
_SEEN = Panel((0.17, 0.17, 0.30, 0.66), x=(-4.0, 104.0), y=(-0.47, 3.47))
_SHARES_HIGH = 0.85


def shop_game(seed: int = 0) -> Explorer:
    """Play both sellers of the drill-bit story: A recommends, B asks first.

    Parameters
    ----------
    seed : int
        Seed of the customers.

    Returns
    -------
    Explorer
        Controls ``questions`` that B asks, ``impatience`` of the customers, and the ``customer`` whose story is told.
    """
    visitors = drill_customers(VISITORS, seed=seed)
    still = Backdrop(_still_sales, size=(7.0, 3.4))

    def render(questions: int, impatience: float, customer: int) -> Figure:
        by_questions = sales_by_questions(visitors, impatience=impatience / 100)
        a = sell(visitors, questions=0, impatience=impatience / 100)
        b = sell(visitors, questions=questions, impatience=impatience / 100)
        with matplotlib.rc_context(fresh_settings()):
            figure = still.figure()
            _draw_sales(figure, by_questions, questions)
            story = _story(visitors.iloc[customer - 1], a, b, customer, questions)
            _draw_story(figure, story)
        best = int(by_questions["sold"].to_numpy().argmax())
        set_alt_text(
            figure,
            say(
                "Of {count} customers seller A sells to {a:.0%}, seller B to {b:.0%} (questions: {questions}), and "
                "{left:.0%} leave while being asked. B sells most with {best} questions: to {most:.0%}. {story}",
                count=VISITORS,
                a=a.bought.mean(),
                questions=questions,
                b=b.bought.mean(),
                left=b.left.mean(),
                best=best,
                most=by_questions["sold"].max(),
                story=" ".join(story),
            ),
        )
        return figure

    controls = (
        Control("questions", "Questions that B asks", "slider", 1, low=0, high=len(QUESTIONS)),
        Control("impatience", "Leave at each question", "slider", 5, low=0, high=25, unit="%"),
        Control("customer", "Meet customer", "slider", 1, low=1, high=_MET),
    )
    return Explorer("shop_game", controls, render)


def _still_sales(figure: Figure) -> None:
    ax = _SALES.axes(figure)
    ax.set_title(say("Customers who buy from B"))
    ax.set(xlabel=say("Questions asked before the offer"), xticks=range(len(QUESTIONS) + 1))
    percent_axis(ax.yaxis)
    ax.grid(axis="y")


def _draw_sales(figure: Figure, table: pd.DataFrame, questions: int) -> None:
    sold = table["sold"].to_numpy()
    last = len(sold) - 1
    red, blue = COLOURS["vermilion"], COLOURS["blue"]
    _SALES.line(figure, _SALES.x, (sold[0], sold[0]), color=red, linewidth=1.6, linestyle=(0, (4, 2)))
    figure.text(_SALES.across(last), _SALES.up(sold[0] + 0.02), say("A pitches"), color=red, ha="right", va="bottom")
    _SALES.line(figure, table.index, sold, color=blue, linewidth=2, marker="o", markersize=4)
    _SALES.line(figure, [questions], [sold[questions]], color=blue, marker="o", markersize=11)
    where = _SALES.across(questions), _SALES.up(sold[questions] + 0.07)
    figure.text(*where, f"{sold[questions]:.0%}", ha="center", va="bottom", fontweight="bold", color=blue)


def _story(person: pd.Series, a: Outcome, b: Outcome, customer: int, questions: int) -> list[str]:
    """Tell what happens to one customer with each seller, in a few sentences."""
    asked = [
        say("a {material} wall", material=say(str(person["material"]))),
        say("a hole of {width} mm", width=int(person["width"])),
        say("up to {budget:.0f} €", budget=float(person["budget"])),
        say("drills often") if person["often"] else say("drills once a year"),
        say("no brand in mind"),
        say("any colour"),
    ]
    lines = [say("Customer {number}: “A drill bit, please.”", number=customer)]
    lines.append(say("A recommends {bit}: {end}", bit=_bit(a, customer), end=_end(person, a, customer)))
    if questions:
        lines.append(say("B asks and hears: {answers}.", answers=", ".join(asked[:questions])))
    if b.left[customer]:
        lines.append(say("The customer loses patience and is gone."))
    else:
        lines.append(say("B offers {bit}: {end}", bit=_bit(b, customer), end=_end(person, b, customer)))
    return lines


def _bit(found: Outcome, customer: int) -> str:
    offer = found.offered.iloc[customer - 1]
    grade = say("professional") if offer["professional"] else say("standard")
    hardness = [say("wood"), say("brick"), say("concrete")][int(offer["hardness"]) - 1]
    return say(
        "the {grade} bit for {hardness}, {width} mm, {price:.0f} €",
        grade=grade,
        hardness=hardness,
        width=int(offer["width"]),
        price=float(offer["price"]),
    )


def _end(person: pd.Series, found: Outcome, customer: int) -> str:
    if found.bought[customer]:
        return say("sold, very satisfied.") if found.satisfaction[customer] == 1 else say("sold.")
    offer = found.offered.loc[customer]
    if offer["hardness"] < person["hardness"]:
        return say("a shake of the head, too soft for the wall.")
    if offer["width"] != person["width"]:
        return say("a shake of the head, the wrong width.")
    if offer["price"] > person["budget"]:
        return say("a shake of the head, too dear.")
    return say("the customer is gone.")


def _draw_story(figure: Figure, lines: list[str]) -> None:
    from textwrap import fill

    figure.text(
        *_STORY,
        "\n\n".join(fill(line, 44) for line in lines),
        va="top",
        fontsize=9,
        linespacing=1.35,
        bbox={"boxstyle": "round,pad=0.7", "facecolor": COLOURS["mist"], "edgecolor": "none"},
    )


def mix(study: Conjoint, *, decisions: dict[str, str], competitors: pd.DataFrame, costs: Costs, size: int) -> Explorer:
    """Turn the levers of the offer and see how customers perceive it, and what it sells and earns.

    Parameters
    ----------
    study : Conjoint
        Fitted tastes.
    decisions : dict of attribute to P
        Which of the four Ps each attribute is.
    competitors : DataFrame
        Offers that stay on the market.
    costs : Costs
        Costs of our offer.
    size : int
        Units that the market would buy if everybody bought one.

    Returns
    -------
    Explorer
        One control for each attribute, and ``reveal`` for the best mix.
    """
    names = list(study.attributes_)
    best = best_mix(study, size=size, costs=costs, competitors=competitors).iloc[0]
    worth = study.part_worths()["part_worth"]
    brands = [say("ours"), *map(str, competitors.index), say("nothing")]
    perceived = list(_perceived(study, worth, best[names], decisions))
    shares_at = Panel((0.58, 0.17, 0.40, 0.66), x=(-0.6, len(brands) - 0.4), y=(0.0, _SHARES_HIGH))

    def still_part(figure: Figure) -> None:
        _still_perceptions(figure, perceived)
        _still_shares(figure, shares_at, brands)

    still = Backdrop(still_part, size=(7.0, 3.3))

    def render(reveal: bool, **levels: Any) -> Figure:
        offer = pd.DataFrame([levels])[names].astype({study.price: float})
        found = market(study, pd.concat([offer, competitors]), size=size, costs=costs, confidence=None)
        ours = found.iloc[0]
        seen = _perceived(study, worth, offer.iloc[0], decisions)
        top = _perceived(study, worth, best[names], decisions) if reveal else None
        with matplotlib.rc_context(fresh_settings()):
            figure = still.figure()
            _draw_perceptions(figure, seen, top)
            _draw_shares(figure, shares_at, [*found["share"], 1 - found["share"].sum()])
            figure.text(
                0.58,
                0.93,
                say("Revenue {revenue:,.0f} €, profit {profit:,.0f} €", revenue=ours["revenue"], profit=ours["profit"]),
                fontweight="bold",
                fontsize=10.5,
            )
        text = say(
            "Offer: {levels}. Expected share {share:.0%}, revenue {revenue:,.0f} €, profit {profit:,.0f} €. Perceived, "
            "0 to 100: {seen}.",
            levels=", ".join(f"{level:g} €" if name == study.price else str(level) for name, level in levels.items()),
            share=ours["share"],
            revenue=ours["revenue"],
            profit=ours["profit"],
            seen=", ".join(f"{say(c)} {value:.0f}" for c, value in seen.items()),
        )
        if reveal:
            text += " " + say(
                "Best under the model: {levels}, profit {profit:,.0f} €.",
                levels=", ".join(f"{best[name]:g} €" if name == study.price else str(best[name]) for name in names),
                profit=best["profit"],
            )
        set_alt_text(figure, text)
        return figure

    controls = []
    for name, shown in study.attributes_.items():
        label = f"{say(decisions[name].capitalize())}: {say(name.removesuffix('_shown'))}"
        if name == study.price:
            prices = [float(price) for price in shown]  # type: ignore[arg-type]
            low, high = min(prices), max(prices)
            middle = float(np.sort(prices)[len(prices) // 2 - 1])
            controls.append(Control(name, label, "slider", middle, low=low, high=high, step=1, unit="€"))
        else:
            options = tuple(str(level) for level in shown)
            controls.append(Control(name, label, "choice", options[0], options=options))
    controls.append(Control("reveal", "Show the best mix", "switch", False))
    return Explorer("mix", tuple(controls), render)


def _perceived(study: Conjoint, worth: pd.Series, offer: pd.Series, decisions: dict[str, str]) -> dict[str, float]:
    """Return how each C of an offer is perceived: 0 for the worst levels shown, 100 for the best."""
    seen = {}
    for c in FOUR_C:
        names = [name for name in study.attributes_ if decisions[name] == P_OF_C[c]]
        if not names:
            continue
        low = sum(float(worth[name].min()) for name in names)
        high = sum(float(worth[name].max()) for name in names)
        own = 0.0
        for name in names:
            if name in study.coding_.linear:
                place = worth[name]
                own += float(np.interp(float(offer[name]), place.index.to_numpy(float), place.to_numpy(float)))
            else:
                own += float(worth[(name, offer[name])])
        seen[c] = 100 * (own - low) / (high - low)
    return seen


def _still_perceptions(figure: Figure, names: list[str]) -> None:
    ax = _SEEN.axes(figure)
    ax.set(yticks=np.arange(len(names))[::-1], yticklabels=[say(name) for name in names], xticks=[0, 50, 100])
    ax.set_xlabel(say("worst to best level shown"))
    ax.set_title(say("As customers see it"), fontsize=9.5)
    ax.tick_params(axis="y", length=0)


def _draw_perceptions(figure: Figure, seen: dict[str, float], top: dict[str, float] | None) -> None:
    place = np.arange(len(seen))[::-1]
    for at, value in zip(place, seen.values(), strict=True):
        _SEEN.bar(figure, value / 2, at - 0.3, 0.6, width=value, color=COLOURS["sky"], linewidth=0)
    if top is not None:
        mark = {"color": COLOURS["vermilion"], "marker": "D", "markersize": 7, "linestyle": "none"}
        _SEEN.line(figure, list(top.values()), place, **mark)
        left, _, width, _ = _SEEN.place
        figure.text(left + width, 0.94, "◆ " + say("best mix"), color=COLOURS["vermilion"], ha="right", va="bottom")


def _still_shares(figure: Figure, panel: Panel, brands: list[str]) -> None:
    ax = panel.axes(figure)
    ax.set_xticks(range(len(brands)), brands)
    percent_axis(ax.yaxis)
    ax.set_ylabel(say("Share of customers"))
    ax.tick_params(axis="x", length=0)


def _draw_shares(figure: Figure, panel: Panel, shares: list[float]) -> None:
    for at, share in enumerate(shares):
        colour = COLOURS["silver"] if at else COLOURS["blue"]
        panel.bar(figure, at, 0.0, share, width=0.65, color=colour, linewidth=0)
        figure.text(panel.across(at), panel.up(share + 0.015), f"{share:.0%}", ha="center", va="bottom")
