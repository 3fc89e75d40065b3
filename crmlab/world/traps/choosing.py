"""Traps of selection: who gets mail, who joins the programme, who is treated, who was on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crmlab.world.traps.trap import Finding, Trap

if TYPE_CHECKING:
    from crmlab.world.run import Run
    from crmlab.world.world import World


def _orders(run: Run, low: int, high: int) -> pd.Series:
    """Return the orders of every customer on file in some months; 0 where there are none."""
    ts, start = run.transactions["ts"], pd.Timestamp(run.world.scenario.start_date)
    inside = (ts >= start + pd.DateOffset(months=low)) & (ts < start + pd.DateOffset(months=high))
    count = run.transactions.loc[inside, "customer_id"].value_counts()
    return count.reindex(run.customers["customer_id"], fill_value=0).sort_index()


def _expected(run: Run, low: int, high: int) -> pd.Series:
    """Return what every customer was expected to order in some months, given who lived."""
    months = run.truth.months
    inside = months[(months["month"] >= low) & (months["month"] < high)]
    expected = (inside["order_rate"] * inside["exposure"]).groupby(inside["customer_id"]).sum()
    return expected.reindex(run.customers["customer_id"], fill_value=0.0).sort_index()


def _everybody(run: Run) -> np.ndarray:
    return run.customers["customer_id"].sort_values().to_numpy()


def _on_file(run: Run, month: int) -> np.ndarray:
    day = pd.Timestamp(run.world.scenario.start_date) + pd.DateOffset(months=month)
    return run.customers.loc[run.customers["signup_date"] < day, "customer_id"].sort_values().to_numpy()


def _coin(ids: np.ndarray, seed: int, chance: float | np.ndarray = 0.5) -> np.ndarray:
    return np.random.default_rng(seed).random(len(ids)) < chance


def _email_confounding(world: World) -> Finding:
    """Slope of monthly orders on monthly mails."""
    half = world.months // 2
    run = world.simulate()
    span = world.months - half
    ids = run.customers["customer_id"].to_numpy()
    month = (run.emails["sent_ts"].dt.year - world.scenario.start_date.year) * 12 + run.emails["sent_ts"].dt.month - 1
    mails = run.emails.loc[month >= half, "customer_id"].value_counts().reindex(ids, fill_value=0) / span
    ordered = _orders(run, half, world.months).reindex(ids) / span
    got = mails > 0
    naive = float(np.polyfit(mails[got], ordered[got], 1)[0])
    fair = world.changed({"email.targeting": 0.0})
    many = _coin(ids, world.seed + 1)
    usual = float(world.scenario.levers.emails)
    table = pd.DataFrame({"customer_id": ids, "emails": np.where(many, usual + 1, usual - 1)})
    tested = _orders(fair.do(table, start=half).simulate(), half, world.months).reindex(ids, fill_value=0) / span
    right = float((tested[many].mean() - tested[~many].mean()) / 2)
    ends = [_orders(fair.do(emails=usual + step, start=half).simulate(), half, world.months).sum() for step in (-1, 1)]
    truth = (ends[1] - ends[0]) / 2 / span / len(ids)
    return Finding(naive, right, float(truth))


def _programme_selection(world: World) -> Finding:
    """Relative difference in the orders of the last third that membership makes to members."""
    late = world.months * 2 // 3
    run = world.simulate()
    orders, ids = _orders(run, late, world.months), _everybody(run)
    start = pd.Timestamp(world.scenario.start_date) + pd.DateOffset(months=late)
    lately = run.transactions[run.transactions["ts"] < start].groupby("customer_id")["ts"].max()
    active = pd.Series(ids).isin(lately[lately >= start - pd.DateOffset(months=6)].index).to_numpy()
    joined = run.customers.set_index("customer_id")["member_since"].reindex(ids) < start
    member = joined.to_numpy() & active
    naive = orders[member].mean() / orders[active & ~joined.to_numpy()].mean() - 1
    without = world.do(programme=0, start=late).simulate()
    truth = orders[member].sum() / _orders(without, late, world.months).reindex(ids, fill_value=0)[member].sum() - 1
    # For half of the members, drawn by lot, the programme ends.
    lot = _coin(ids, world.seed + 1)
    table = pd.DataFrame({"customer_id": ids[member & lot], "programme": 0.0})
    tested = _orders(world.do(table, start=late).simulate(), late, world.months).reindex(ids, fill_value=0)
    right = tested[member & ~lot].mean() / tested[member & lot].mean() - 1
    return Finding(float(naive), float(right), float(truth))


_CAMPAIGN = {"organic": 0.10, "search": 0.25, "social": 0.65, "price_comparison": 0.85, "partner": 0.05}
_CAMPAIGN_DEPTH = 0.04
_CAMPAIGN_MONTHS = 3


def _simpson(world: World) -> Finding:
    """Difference in the share of customers who order within a campaign of three months."""
    start = world.months // 2
    stop = start + _CAMPAIGN_MONTHS
    plain = world.simulate()
    ids = _on_file(plain, start)
    channel = plain.customers.set_index("customer_id")["channel"].reindex(ids).astype("str")
    treated = _coin(ids, world.seed + 1, channel.map(_CAMPAIGN).fillna(0.1).to_numpy())
    table = pd.DataFrame({"customer_id": ids[treated], "promotion": _CAMPAIGN_DEPTH})
    run = world.do(table, start=start, stop=stop).simulate()
    bought = (_orders(run, start, stop).reindex(ids) > 0).astype(float)
    naive = bought[treated].mean() - bought[~treated].mean()
    strata = pd.DataFrame({"channel": channel.to_numpy(), "treated": treated, "bought": bought.to_numpy()})
    rates = strata.groupby(["channel", "treated"])["bought"].mean().unstack()
    weight = strata["channel"].value_counts(normalize=True).reindex(rates.index)
    right = ((rates[True] - rates[False]) * weight).sum() / weight[rates.notna().all(axis=1)].sum()
    everybody = pd.DataFrame({"customer_id": ids, "promotion": _CAMPAIGN_DEPTH})
    all_treated = _orders(world.do(everybody, start=start, stop=stop).simulate(), start, stop).reindex(ids) > 0
    truth = all_treated.mean() - (_orders(plain, start, stop).reindex(ids) > 0).mean()
    return Finding(float(naive), float(right), float(truth))


def _regression_to_the_mean(world: World) -> Finding:
    """Relative change in the orders of the best tenth from one quarter to the next."""
    run, start = world.simulate(), world.months - 9
    first, second, last = (_orders(run, start + 3 * k, start + 3 * k + 3) for k in range(3))
    best = first.rank(method="first", ascending=False) <= len(first) / 10
    truth = _expected(run, start + 6, start + 9)[best].sum() / _expected(run, start + 3, start + 6)[best].sum() - 1
    return Finding(
        float(second[best].sum() / first[best].sum() - 1),
        float(last[best].sum() / second[best].sum() - 1),
        float(truth),
    )


def _promo_illusion(world: World) -> Finding:
    """Relative change by a month at 20% off: naive in that month's orders, right in the year's profit."""
    start = world.months // 2
    plain = world.simulate()
    run = world.do(promotion=0.2, start=start, stop=start + 1).simulate()
    naive = _orders(run, start, start + 1).sum() / _orders(run, start - 1, start).sum() - 1
    stop = min(start + 12, world.months)

    def profit(of: Run) -> pd.Series:
        months = of.truth.months
        inside = months[(months["month"] >= start) & (months["month"] < stop)]
        return inside.groupby("customer_id")["profit"].sum()

    ids = _on_file(plain, start)
    lot = _coin(ids, world.seed + 1)
    table = pd.DataFrame({"customer_id": ids[lot], "promotion": 0.2})
    tested = profit(world.do(table, start=start, stop=start + 1).simulate()).reindex(ids, fill_value=0.0)
    right = tested[lot].mean() / tested[~lot].mean() - 1
    truth = profit(run).reindex(ids, fill_value=0.0).sum() / profit(plain).reindex(ids, fill_value=0.0).sum() - 1
    return Finding(float(naive), float(right), float(truth))


def _heavy_users(world: World) -> Finding:
    """Relative difference in later orders of those who had a late delivery."""
    half = world.months // 2
    run = world.simulate()
    ids = _on_file(run, half)
    day = pd.Timestamp(world.scenario.start_date) + pd.DateOffset(months=half)
    early = run.deliveries.merge(run.transactions[["order_id", "customer_id", "ts"]], on="order_id")
    early = early[early["ts"] < day]
    count = early["customer_id"].value_counts().reindex(ids, fill_value=0)
    late = early.loc[early["delay_days"] > 0, "customer_id"].value_counts().reindex(ids, fill_value=0) > 0
    later = _orders(run, half, world.months).reindex(ids)
    bought = count > 0
    naive = later[bought & late].mean() / later[bought & ~late].mean() - 1
    # Only the last order counts: everybody has one, heavy users too.
    last = early.sort_values("ts").groupby("customer_id").tail(1).set_index("customer_id")
    strata = pd.DataFrame({"late": last["delay_days"] > 0, "count": count.reindex(last.index).clip(upper=12)})
    strata["later"] = later.reindex(last.index)
    mean = strata.groupby(["count", "late"])["later"].mean().unstack()
    weight = strata.loc[strata["late"], "count"].value_counts().reindex(mean.index, fill_value=0)
    weight = weight[mean.notna().all(axis=1)]
    mean = mean.loc[weight.index]
    right = (mean[True] * weight).sum() / (mean[False] * weight).sum() - 1
    # What really follows: every customer's own later orders with deliveries at their best and as they are.
    better = _orders(world.do(logistics=1.0, start=0).simulate(), half, world.months).reindex(ids, fill_value=0)
    truth = later[bought & late].sum() / better[bought & late].sum() - 1
    return Finding(float(naive), float(right), float(truth))


TRAPS = (
    Trap(
        "email_confounding",
        ("emails.customer_id", "transactions.customer_id"),
        "orders per month for one more mail per month",
        "slope of orders on mails over customers",
        "a random half gets two more mails than the other half",
        "The firm writes most to those who order most: the slope is theirs, not the mail's.",
        "email.targeting, 0 or 1",
        _email_confounding,
        on={"email.targeting": 1.0},
        off={"email.targeting": 0.0},
    ),
    Trap(
        "programme_selection",
        ("customers.member_since", "transactions.customer_id"),
        "relative effect of membership on the orders of active members",
        "orders of members against those of other active customers",
        "for half of the members, drawn by lot, the programme ends",
        "Good customers join: most of the gap was there before.",
        "programme.order_rate, programme.commitment and programme.bought; 0 makes members a random sample",
        _programme_selection,
        off={"programme.order_rate": 0.0, "programme.commitment": 0.0, "programme.bought": 0.0},
    ),
    Trap(
        "simpson_by_channel",
        ("customers.channel", "transactions.promo_id"),
        "effect of a campaign on the share of customers who order in three months",
        "all who got it against all who did not",
        "within each channel, weighted by its customers",
        "The campaign went to channels whose customers order less: in each it helps, over all it seems to hurt.",
        "a table of customers for World.do; drawn with equal chances in all channels the trap is gone",
        _simpson,
    ),
    Trap(
        "regression_to_the_mean",
        ("transactions.customer_id", "transactions.ts"),
        "relative change of the orders of the best tenth from one quarter to the next",
        "the best tenth of a period, in that period and in the next one",
        "chosen in one period, compared in the next two",
        "Who is on top was lucky too: a fall follows without any cause.",
        "in the nature of chance",
        _regression_to_the_mean,
    ),
    Trap(
        "promo_illusion",
        ("transactions.promo_id", "transactions.net"),
        "relative change by a month at 20% off: in the orders of that month (naive), in the profit of the year (right)",
        "the month of the promotion against the month before",
        "profit of a year, of a random half that got it against the other half",
        "A part of the orders would have come anyway, another was brought forward, and all of them were cheaper.",
        "World.do(promotion=…); promotion.lift and promotion.borrowed",
        _promo_illusion,
    ),
    Trap(
        "heavy_users_fail_more",
        ("deliveries.delay_days", "transactions.customer_id"),
        "relative change of later orders after a late delivery",
        "customers who ever had one against those who never had",
        "by the last order only, among customers with as many orders",
        "Who orders often meets more late parcels: bad luck looks like a mark of good customers.",
        "delivery.late",
        _heavy_users,
    ),
)
