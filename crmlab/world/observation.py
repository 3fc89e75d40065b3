"""What the firm's tables show: the only place where information is lost.

Months become dates, latent values are left out, and what had not yet happened on the last day is not in the tables.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from crmlab.streams import normal, uniform
from crmlab.world.catalogue import Catalogue, order_lines
from crmlab.world.setup import Setup
from crmlab.world.simulation import Columns, carried

Moments = npt.NDArray[np.datetime64]
Money = npt.NDArray[np.float64]
_DAY = np.timedelta64(86_400, "s")


def month_start(setup: Setup, month: npt.ArrayLike) -> Moments:
    """Return the first moment of each month of the simulation, as datetime64[s]."""
    first = np.datetime64(setup.scenario.start_date, "M")
    return (first + np.asarray(month).astype("timedelta64[M]")).astype("datetime64[s]")


def moment(setup: Setup, time: npt.NDArray[np.float64]) -> Moments:
    """Return the moment at each time in months from the start of month 0; not a time where it is missing."""
    known = np.where(np.isnan(time), 0.0, time)
    month = np.floor(known).astype(np.int64)
    start = month_start(setup, month)
    seconds = (month_start(setup, month + 1) - start).astype(np.int64)
    out = start + np.floor((known - month) * seconds).astype("timedelta64[s]")
    return np.where(np.isnan(time), np.datetime64("NaT", "s"), out)


def day_of(moments: Moments) -> Moments:
    """Return the day of each moment, as datetime64[s] at midnight."""
    return moments.astype("datetime64[D]").astype("datetime64[s]")


def observe_block(setup: Setup, catalogue: Catalogue, customers: Columns, orders: Columns) -> tuple[Columns, Columns]:
    """Turn the orders of a block into what they cost and brought, with dates.

    Parameters
    ----------
    setup : Setup
        The simulation.
    catalogue : Catalogue
        The products.
    customers, orders : dict of arrays
        As recorded.

    Returns
    -------
    orders : dict of arrays, shape (m,)
        Columns of `transactions` and `deliveries`, the number of ``lines`` and the true ``profit`` of each order.
    lines : dict of arrays
        In the sequence of orders: ``product`` (place in the catalogue), ``quantity``, ``unit_price``, ``discount``.
    """
    ids, month, number = orders["customer_id"], orders["month"], orders["number"].astype(np.int64)
    order_id = _order_ids(ids)
    lines = order_lines(setup, catalogue, customers, orders)
    of = lines["order"]
    unit_price = np.round(catalogue.list_price[lines["product"]] * orders["price"][of].astype(np.float64), 2)
    line_value = np.round(lines["quantity"] * unit_price, 2)
    line_discount = np.round(line_value * orders["promotion"][of].astype(np.float64), 2)
    goods = lines["quantity"] * np.round(catalogue.list_price[lines["product"]], 2)

    def total(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.bincount(of, weights=values, minlength=len(ids)).astype(np.float64)  # an empty one counts in integers

    gross, discount = np.round(total(line_value), 2), np.round(total(line_discount), 2)
    net = np.round(gross - discount, 2)
    cost = np.round(total(goods) * orders["goods"], 2)

    def draw(mechanism: str, k: int = 0) -> npt.NDArray[np.float32]:
        return uniform(ids, seed=setup.seed_luck, mechanism=mechanism, month=month, draw=number * 8 + k)

    ts = moment(setup, month + orders["time"])
    dates = _delivery(setup, ts, orders["delay"], draw)
    r = setup.scenario.returns
    chance = r.probability * np.exp(-r.experience * (orders["experience"] - setup.scenario.experience.base))
    sent_back = draw("return") < chance
    share = np.where(draw("return", 1) < r.whole, 1.0, 0.5)
    refunded = np.where(sent_back, np.round(net * share, 2), 0.0)
    wait = 1 + np.floor(draw("return", 2) * r.wait_days).astype(np.int64)
    profit = net - cost - orders["shipping"] - refunded - np.where(orders["member"], net * orders["reward"], 0.0)
    profit -= np.where(orders["ticket"] > 0, orders["ticket_cost"], 0.0) + net * orders["serve_rate"]
    profit += resale_value(setup, net, cost, refunded)
    observed: Columns = {
        "order_id": order_id,
        "customer_id": ids,
        "month": month,
        "ts": ts,
        "items": total(lines["quantity"]).astype(np.int64),
        "gross": gross,
        "discount": discount,
        "net": net,
        "cost": cost,
        "promo_id": np.where(orders["promotion"] > 0, month.astype(np.int64) + 1, 0),
        "return_date": np.where(refunded > 0, dates["delivered"] + wait * _DAY, np.datetime64("NaT", "s")),
        "refunded": refunded,
        "profit": profit,
        "branch": customers["branch"][orders["row"]],
        "lines": np.bincount(of, minlength=len(ids)),
        **dates,
    }
    shown: Columns = {
        "product": lines["product"].astype(np.int32),
        "quantity": lines["quantity"].astype(np.int32),
        "unit_price": unit_price,
        "discount": line_discount,
    }
    return observed, shown


def resale_value(setup: Setup, net: Money, cost: Money, refunded: Money) -> Money:
    """Return what goods sent back are still worth to the firm, in euro: a part of what they had cost it.

    Parameters
    ----------
    setup : Setup
        The simulation.
    net, cost, refunded : float64 array, shape (m,)
        Of each order, in euro.
    """
    return setup.scenario.returns.resale * cost * np.divide(refunded, net, out=np.zeros(len(net)), where=net > 0)


def customers_table(setup: Setup, customers: Columns, orders: Columns) -> pd.DataFrame:
    """Return the customers table, one row per customer on file on the last day."""
    p, ids, z = setup.scenario.demographics, customers["customer_id"], customers["z"]
    known, noise = np.sqrt(p.trait_share), np.sqrt(1 - p.trait_share)

    def blur(trait: int, k: int) -> npt.NDArray[np.float64]:
        return known * z[:, trait] + noise * normal(ids, seed=setup.seed_people, mechanism="demographics", draw=k)

    def cut(score: npt.NDArray[np.float64], names: list[str], ends: npt.ArrayLike) -> Any:
        return pd.Categorical.from_codes(np.searchsorted(np.asarray(ends), score), categories=pd.Index(names))

    birth = np.round(p.birth_year_mean + p.birth_year_spread * blur(4, 0)).astype(np.int64)  # the young look for deals
    # Nobody is younger than 18 when the firm begins: who would be is as much older.
    youngest = setup.scenario.start_date.year - setup.scenario.firm.history_months // 12 - 18
    birth = np.where(birth > youngest, 2 * youngest - birth, birth)
    stated = uniform(ids, seed=setup.seed_people, mechanism="demographics", draw=1) < p.birth_year_stated
    regions = list(p.regions)
    region_ends = ndtri(np.arange(1, len(regions)) / len(regions))
    channels = [*setup.scenario.channels, "referral"]
    referrer = customers["referrer"]
    return pd.DataFrame(
        {
            "customer_id": ids,
            "signup_date": day_of(moment(setup, customers["arrival"])),
            "channel": pd.Categorical.from_codes(customers["channel"], categories=pd.Index(channels)),
            "referrer_id": pd.arrays.IntegerArray(referrer, referrer == 0),
            "birth_year": pd.arrays.IntegerArray(birth, ~stated),
            "region": cut(-blur(0, 2), regions, region_ends),
            "device": cut(blur(8, 3), ["phone", "tablet", "desktop"], [0.3, 0.6]),
            "email_optin": customers["subscribed"],
            "member_since": day_of(moment(setup, customers["member_since"])),
            "segment_crm": _tier(setup, ids, orders),
        }
    )


def products_table(setup: Setup, catalogue: Catalogue) -> pd.DataFrame:
    """Return the products table: what the firm carries in at least one month."""
    level = setup.policy.months["assortment"].astype(np.float32)
    breadth = carried(setup.scenario, level)
    offered = breadth[None, :] > np.arange(len(setup.scenario.categories))[:, None]  # category × month
    if setup.policy.has_exceptions("assortment"):
        offered[:] = True
    first_month = np.where(offered.any(axis=1), offered.argmax(axis=1), -1)
    names = list(setup.scenario.categories)
    month = first_month[catalogue.category]
    before = month_start(setup, 0) - (30 + np.floor(catalogue.age * 1500)).astype(np.int64) * _DAY
    return pd.DataFrame(
        {
            "product_id": catalogue.product_id,
            "product_name": catalogue.name,
            "category": pd.Categorical.from_codes(catalogue.category, categories=pd.Index(names)),
            "list_price": np.round(catalogue.list_price, 2),
            "cost": np.round(catalogue.list_price * (1 - setup.scenario.firm.margin), 2),
            "launch_date": np.where(month > 0, month_start(setup, np.maximum(month, 0)), before),
        }
    )[month >= 0].sort_values("product_id", ignore_index=True)


def transactions_table(setup: Setup, orders: Columns) -> pd.DataFrame:
    """Return the transactions table; a return after the last day has not happened yet."""
    returned = orders["return_date"] < month_start(setup, setup.months)
    promo = orders["promo_id"]
    plain = ("order_id", "customer_id", "ts", "items", "gross", "discount", "net", "cost")
    stores = [f"branch {number}" for number in range(1, setup.scenario.branches.count + 1)] or ["web site"]
    columns = {
        **{name: orders[name] for name in plain},
        "promo_id": pd.arrays.IntegerArray(promo, promo == 0),
        "returned": returned,
        "return_date": np.where(returned, orders["return_date"], np.datetime64("NaT", "s")),
        "refunded": np.where(returned, orders["refunded"], 0.0),
        "store_or_site": pd.Categorical.from_codes(np.maximum(orders["branch"], 0), categories=pd.Index(stores)),
    }
    return pd.DataFrame(columns, copy=False)


def deliveries_table(setup: Setup, orders: Columns) -> pd.DataFrame:
    """Return the deliveries table: what has arrived by the last day."""
    arrived = orders["delivered"] < month_start(setup, setup.months)
    plain = ("order_id", "promised", "shipped", "delivered", "carrier", "delay_days")
    columns: dict[str, Any] = {name: orders[name][arrived] for name in plain}
    carriers = pd.Index(setup.scenario.delivery.carriers)
    columns["carrier"] = pd.Categorical.from_codes(columns["carrier"], categories=carriers)
    return pd.DataFrame(columns, copy=False)


def order_lines_table(setup: Setup, catalogue: Catalogue, orders: Columns, lines: Columns) -> pd.DataFrame:
    """Return the order lines table."""
    count = orders["lines"]
    first = np.cumsum(count) - count
    product = lines["product"]
    names = pd.Index(list(setup.scenario.categories))
    columns = {
        "order_id": np.repeat(orders["order_id"], count),
        "line": np.arange(len(product)) - np.repeat(first, count) + 1,
        "product_id": catalogue.product_id[product],
        "category": pd.Categorical.from_codes(catalogue.category.astype(np.int8)[product], categories=names),
        "quantity": lines["quantity"].astype(np.int64),
        "unit_price": lines["unit_price"],
        "discount": lines["discount"],
    }
    return pd.DataFrame(columns, copy=False)


def _order_ids(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return order ids that number each customer's orders: they must not depend on who else is simulated."""
    # Orders come month by month, within a month by customer and time: a stable sort keeps time within customers.
    by_customer = np.argsort(ids, kind="stable")
    ordered = ids[by_customer]
    starts = (
        np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ids) else np.zeros(0, np.int64)
    )
    rank = np.arange(len(ids)) - np.repeat(starts, np.diff(np.append(starts, len(ids))))
    out = np.empty(len(ids), np.int64)
    out[by_customer] = ordered * 10_000 + rank + 1
    return out


def _delivery(setup: Setup, ts: Moments, delay: npt.NDArray[np.float32], draw: Any) -> Columns:
    """Return dates of deliveries: late ones miss the promised day by their delay, others come up to two days early."""
    d = setup.scenario.delivery
    day = day_of(ts)
    promised = day + d.promise_days * _DAY
    late_days = np.ceil(delay).astype(np.int64)
    early = np.floor(draw("delivery") * min(3, d.promise_days)).astype(np.int64)
    delivered = promised + np.where(late_days > 0, late_days, -early) * _DAY
    in_transit = 1 + (draw("delivery", 1) < 0.5)
    return {
        "promised": promised,
        "shipped": np.maximum(delivered - in_transit * _DAY, day),
        "delivered": delivered,
        "carrier": np.floor(draw("delivery", 2) * len(d.carriers)).astype(np.int64),
        "delay_days": late_days,
    }


def _tier(setup: Setup, ids: npt.NDArray[np.int64], orders: Columns) -> Any:
    """Return the firm's own tier from the sales of the last twelve months, set with some error."""
    p = setup.scenario.crm_tiers
    recent = orders["month"] >= setup.months - 12
    buyer = np.searchsorted(ids, orders["customer_id"][recent])
    sales = np.bincount(buyer, weights=orders["net"][recent], minlength=len(ids))
    seen = sales * np.exp(p.noise * normal(ids, seed=setup.seed_people, mechanism="crm_tier"))
    code = np.select([seen >= p.gold, seen >= p.silver, seen > 0], [0, 1, 2], 3)
    return pd.Categorical.from_codes(code, categories=pd.Index(["gold", "silver", "bronze", "sleeping"]))
