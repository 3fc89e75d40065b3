"""Explorers of lesson 02: the ask-then-match shop game of the drill-bit story, and the 4P mix simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import matplotlib.figure
import numpy as np
import pandas as pd

from crmlab.exercises.drill_shop import QUESTIONS, Outcome, drill_customers, sales_by_questions, sell
from crmlab.explorers.explorer import Control, Explorer
from crmlab.needs import FOUR_C, P_OF_C, Conjoint, Costs, best_mix, market
from crmlab.phrases import say
from crmlab.plots import COLOURS, set_alt_text
from crmlab.plots.canvas import fresh_settings, percent_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VISITORS = 400
"""Customers of the shop game, of whom the first twelve can be met one by one."""

_MET = 12


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

    def render(questions: int, impatience: float, customer: int) -> Figure:
        by_questions = sales_by_questions(visitors, impatience=impatience / 100)
        a = sell(visitors, questions=0, impatience=impatience / 100)
        b = sell(visitors, questions=questions, impatience=impatience / 100)
        with matplotlib.rc_context(fresh_settings()):
            figure = matplotlib.figure.Figure(figsize=(7.0, 3.4))
            _draw_sales(figure.add_axes((0.09, 0.16, 0.42, 0.70)), by_questions, questions)
            story = _story(visitors.iloc[customer - 1], a, b, customer, questions)
            _draw_story(figure.add_axes((0.56, 0.04, 0.43, 0.92)), story)
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


def _draw_sales(ax: Axes, table: pd.DataFrame, questions: int) -> None:
    sold = table["sold"].to_numpy()
    ax.axhline(sold[0], color=COLOURS["vermilion"], linewidth=1.6, linestyle=(0, (4, 2)))
    ax.text(len(sold) - 1, sold[0] + 0.02, say("A pitches"), color=COLOURS["vermilion"], ha="right", va="bottom")
    ax.plot(table.index, sold, color=COLOURS["blue"], linewidth=2, marker="o", markersize=4)
    ax.plot([questions], [sold[questions]], "o", color=COLOURS["blue"], markersize=11)
    ax.annotate(
        f"{sold[questions]:.0%}",
        (questions, sold[questions]),
        textcoords="offset points",
        xytext=(0, 10),
        ha="center",
        fontweight="bold",
        color=COLOURS["blue"],
    )
    ax.set_title(say("Customers who buy from B"))
    ax.set(xlabel=say("Questions asked before the offer"), xticks=table.index, ylim=(0, 1.05), xlim=(-0.4, 6.4))
    percent_axis(ax.yaxis)
    ax.grid(axis="y")


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


def _draw_story(ax: Axes, lines: list[str]) -> None:
    from textwrap import fill

    ax.set_axis_off()
    wrapped = "\n\n".join(fill(line, 44) for line in lines)
    ax.text(
        0.0,
        0.97,
        wrapped,
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

    def render(reveal: bool, **levels: Any) -> Figure:
        offer = pd.DataFrame([levels])[names].astype({study.price: float})
        found = market(study, pd.concat([offer, competitors]), size=size, costs=costs)
        ours = found.iloc[0]
        seen = _perceived(study, worth, offer.iloc[0], decisions)
        top = _perceived(study, worth, best[names], decisions) if reveal else None
        with matplotlib.rc_context(fresh_settings()):
            figure = matplotlib.figure.Figure(figsize=(7.0, 3.3))
            _draw_perceptions(figure.add_axes((0.17, 0.17, 0.30, 0.66)), seen, top)
            shares = [*found["share"], 1 - found["share"].sum()]
            brands = [say("ours"), *map(str, competitors.index), say("nothing")]
            _draw_shares(figure.add_axes((0.58, 0.17, 0.40, 0.66)), brands, shares)
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


def _draw_perceptions(ax: Axes, seen: dict[str, float], top: dict[str, float] | None) -> None:
    names = [say(c) for c in seen]
    place = np.arange(len(names))[::-1]
    ax.barh(place, list(seen.values()), color=COLOURS["sky"], height=0.6)
    if top is not None:
        ax.plot(list(top.values()), place, "D", color=COLOURS["vermilion"], markersize=7, label=say("best mix"))
        ax.legend(loc="lower right", bbox_to_anchor=(1.02, 1.10), borderpad=0, handletextpad=0.2)
    ax.set(yticks=place, yticklabels=names, xlim=(-4, 104), xticks=[0, 50, 100])
    ax.set_xlabel(say("worst to best level shown"))
    ax.set_title(say("As customers see it"), fontsize=9.5)
    ax.tick_params(axis="y", length=0)


def _draw_shares(ax: Axes, brands: list[str], shares: list[float]) -> None:
    colours = [COLOURS["blue"], *[COLOURS["silver"]] * (len(brands) - 1)]
    bars = ax.bar(brands, shares, color=colours, width=0.65)
    ax.bar_label(bars, labels=[f"{share:.0%}" for share in shares], padding=2)
    ax.set_ylim(0, 0.85)
    percent_axis(ax.yaxis)
    ax.set_ylabel(say("Share of customers"))
    ax.tick_params(axis="x", length=0)
