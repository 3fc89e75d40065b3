"""Products, and how the value of an order becomes order lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crmlab.streams import normal, uniform
from crmlab.world.population import draw_needs
from crmlab.world.scenario import Scenario
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns, carried

MOST_LINES = 14
"""Lines that an order can have; the last one takes what is left of its value."""

PRICE_STEP = 0.5
"""List prices are multiples of this less five cents: 7.95 €, 8.45 €, …"""

MOST_UNITS = 3
"""Units in each line but the last."""


@dataclass(frozen=True)
class Catalogue:
    """All products, in the sequence of categories and, within one, of list prices; arrays of shape (products,).

    `popularity` adds up within each category, going on from category to category; `first` has one more entry than there
    are categories and says where each begins. `affordable` has one row per category: the place after its last product
    that costs no more than 0, 1, 2, … price steps less five cents.
    """

    product_id: npt.NDArray[np.int64]
    name: list[str]
    category: npt.NDArray[np.int64]
    list_price: npt.NDArray[np.float64]
    popularity: npt.NDArray[np.float64]
    first: npt.NDArray[np.int64]
    affordable: npt.NDArray[np.int64]
    age: npt.NDArray[np.float64]


def make_catalogue(scenario: Scenario, *, seed: int) -> Catalogue:
    """Make the firm's products: each kind of a category comes in every product line.

    Parameters
    ----------
    scenario : Scenario
        Categories, prices and popularity.
    seed : int
        Seed of the people, whose firm it is.
    """
    lines = scenario.catalogue.lines
    ids, names, categories, prices, weights, ages = [], [], [], [], [], []
    for number, category in enumerate(scenario.categories.values()):
        count = len(category["kinds"]) * len(lines)
        product = 1000 * (number + 1) + np.arange(1, count + 1)
        price = category["median_price"] * np.exp(
            scenario.catalogue.price_spread * normal(product, seed=seed, mechanism="catalogue").astype(np.float64)
        )
        steps = np.maximum(np.round(price / PRICE_STEP), 1)
        price = PRICE_STEP * steps - 0.05
        rank = np.argsort(np.argsort(uniform(product, seed=seed, mechanism="catalogue", draw=1))) + 1
        by_price = np.lexsort((product, price))
        ids.append(product[by_price])
        named = [f"{kind[0].upper()}{kind[1:]} {line}" for kind in category["kinds"] for line in lines]
        names += [named[place] for place in by_price]
        categories.append(np.full(count, number))
        prices.append(price[by_price])
        weights.append((rank**-scenario.catalogue.popularity_exponent)[by_price])
        ages.append(uniform(product, seed=seed, mechanism="catalogue", draw=2).astype(np.float64)[by_price])
    first = np.concatenate([[0], np.cumsum([len(part) for part in ids])])
    limits = PRICE_STEP * np.arange(max(part.max() for part in prices) // PRICE_STEP + 2) - 0.05 + 1e-9
    return Catalogue(
        product_id=np.concatenate(ids),
        name=names,
        category=np.concatenate(categories),
        list_price=np.concatenate(prices),
        popularity=np.cumsum(np.concatenate(weights)),
        first=first,
        affordable=np.stack(
            [low + np.searchsorted(part, limits, side="right") for low, part in zip(first, prices, strict=False)]
        ),
        age=np.concatenate(ages),
    )


def order_lines(setup: Setup, catalogue: Catalogue, customers: Columns, orders: Columns) -> Columns:
    """Divide the value of each order into whole units of products.

    Each line spends a part of what is left on a product that the customer can still afford; the last one is rounded up
    or down at random so that the expected value of the lines is the value of the order.

    Parameters
    ----------
    setup : Setup
        The simulation.
    catalogue : Catalogue
        The products.
    customers, orders : dict of arrays
        As recorded for one block; customers ascending.

    Returns
    -------
    dict of arrays
        ``order`` (place in `orders`), ``product`` (place in the catalogue), ``quantity``, in the sequence of orders and
        lines.
    """
    needs = draw_needs(setup.scenario, customers["customer_id"], seed=setup.seed_people)
    wanted = _wanted(setup.scenario, needs[orders["row"]], orders["assortment"])
    left = orders["value"].astype(np.float64)
    cheapest = catalogue.list_price[catalogue.first[:-1]]
    empty = np.ones(len(left), bool)
    chosen: list[tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]] = []
    for line in range(MOST_LINES):
        last = line == MOST_LINES - 1
        rows = np.arange(len(left)) if last else np.flatnonzero(left >= cheapest.min())

        def draw(number: int, rows: npt.NDArray[np.intp] = rows, line: int = line) -> npt.NDArray[np.float32]:
            return uniform(
                orders["customer_id"][rows],
                seed=setup.seed_luck,
                mechanism="order_line",
                month=orders["month"][rows],
                draw=orders["number"][rows].astype(np.int64) * 64 + line * 4 + number,
            )

        category = (wanted[rows] < draw(0)[:, None]).sum(axis=1)
        # The last line is one of the cheaper products of its category, so that rounding matters little.
        budget = np.maximum(left[rows], 1.3 * cheapest[category]) if last else left[rows]
        product, affordable = _choose(catalogue, category, budget, draw(1))
        price = catalogue.list_price[product]
        if last:
            quantity = np.floor(left[rows] / price + draw(2)).astype(np.int64)
            quantity = np.maximum(quantity, empty)  # an order has at least one line
        else:
            quantity = np.where(affordable, np.clip(left[rows] * (0.35 + 0.65 * draw(2)) // price, 1, MOST_UNITS), 0)
            quantity = quantity.astype(np.int64)
            left[rows] -= quantity * price
        bought = quantity > 0
        empty[rows[bought]] = False
        chosen.append((rows[bought], product[bought], quantity[bought]))
    order, product, quantity = (np.concatenate(parts) for parts in zip(*chosen, strict=True))
    return _merge(order, product, quantity, len(catalogue.product_id))


def _wanted(
    scenario: Scenario, needs: npt.NDArray[np.float32], assortment: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return cumulated chances of the categories carried, for each order."""
    breadth = carried(scenario, assortment)
    wanted = np.empty_like(needs)
    total = np.full(len(needs), 1e-6, np.float32)  # never nothing, even where no need is covered
    for number in range(needs.shape[1]):
        total = total + needs[:, number] * np.clip(breadth - number, np.float32(0), np.float32(1))
        wanted[:, number] = total
    wanted /= total[:, None]
    return wanted


def _choose(
    catalogue: Catalogue,
    category: npt.NDArray[np.int64],
    budget: npt.NDArray[np.float64],
    u: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Choose a product of the category by popularity among those that cost no more than the budget."""
    row = np.minimum((budget + 0.05) / PRICE_STEP + 1e-9, catalogue.affordable.shape[1] - 1).astype(np.int64)
    end = catalogue.affordable[category, row]
    first = catalogue.first[category]
    affordable = end > first
    end = np.maximum(end, first + 1)
    before = np.where(first > 0, catalogue.popularity[first - 1], 0.0)
    target = before + u * (catalogue.popularity[end - 1] - before)
    return np.clip(np.searchsorted(catalogue.popularity, target, side="right"), first, end - 1), affordable


def _merge(
    order: npt.NDArray[np.int64], product: npt.NDArray[np.int64], quantity: npt.NDArray[np.int64], products: int
) -> Columns:
    """Put lines of the same product in the same order together."""
    key = order * products + product
    by_key = np.argsort(key, kind="stable")
    key, quantity = key[by_key], quantity[by_key]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.int64)
    return {
        "order": key[starts] // products,
        "product": key[starts] % products,
        "quantity": np.add.reduceat(quantity, starts) if len(key) else quantity,
    }
