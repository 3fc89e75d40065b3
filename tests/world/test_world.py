"""The same world gives the same bytes however it is computed, and its tables hold together."""

from __future__ import annotations

import multiprocessing

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmlab.tables import vocabulary
from crmlab.world import Run, World, load_scenario

TABLES = ("customers", "transactions", "order_lines", "products", "deliveries", "policy")
TRUTH = ("traits", "months")


def everything(run: Run) -> dict[str, pd.DataFrame]:
    return run.tables | {f"truth_{name}": getattr(run.truth, name) for name in TRUTH}


def assert_same(one: Run, other: Run) -> None:
    for (name, left), right in zip(everything(one).items(), everything(other).values(), strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True, obj=name)


@settings(max_examples=5)
@given(block_size=st.integers(7, 3000))
def test_block_size_does_not_matter(world, run, block_size) -> None:
    if block_size < 100:  # as slow as it is small
        world, run = SMALL, SMALL.simulate()
    assert_same(run, world.simulate(block_size=block_size))


SMALL = World(customers=60, months=6, seed=5)


def test_processes_do_not_matter(world, run) -> None:
    assert_same(run, world.simulate(processes=2, block_size=500))


def test_neither_processes_nor_subsets_matter_to_villages(monkeypatch) -> None:
    monkeypatch.setattr("crmlab.world.acquisition.VILLAGE", 150)
    world = World("cosmetics", customers=500, months=8, seed=2)
    whole = world.simulate()
    assert whole.customers["customer_id"].is_monotonic_increasing
    if multiprocessing.get_start_method() == "fork":  # other processes know nothing of the patch
        assert_same(whole, world.simulate(processes=2, block_size=70))
    ids = whole.customers["customer_id"].sample(40, random_state=1)
    part = world.simulate(customers=ids).truth.months
    wanted = whole.truth.months[whole.truth.months["customer_id"].isin(ids)].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, wanted, check_exact=True)


@settings(max_examples=8)
@given(data=st.data())
def test_a_subset_has_the_rows_it_has_among_all(world, run, data) -> None:
    ids = data.draw(
        st.lists(st.sampled_from(sorted(run.customers["customer_id"])), min_size=1, max_size=200, unique=True)
    )
    part = everything(world.simulate(customers=ids))
    for name, whole in everything(run).items():
        if name in ("products", "policy"):
            wanted = whole
        elif "customer_id" in whole:
            wanted = whole[whole["customer_id"].isin(ids)]
        else:
            wanted = whole[whole["order_id"].isin(part["transactions"]["order_id"])]
        pd.testing.assert_frame_equal(part[name], wanted.reset_index(drop=True), check_exact=True, obj=name)


def test_a_longer_simulation_goes_on_where_a_shorter_one_ends(world, run) -> None:
    longer = World("cosmetics", customers=world.customers, months=world.months + 4, seed=world.seed).simulate()
    months = longer.truth.months
    pd.testing.assert_frame_equal(months[months["month"] < world.months].reset_index(drop=True), run.truth.months)
    before = longer.transactions.iloc[: len(run.transactions)]
    unchanging = ["order_id", "customer_id", "ts", "items", "net", "cost"]
    pd.testing.assert_frame_equal(before[unchanging], run.transactions[unchanging])


@pytest.mark.parametrize("change", [{"price": 0.8}, {"emails": 6}, {"assortment": 1.0}, {"programme": 0}])
def test_months_before_a_change_stay_as_they_are(world, run, change) -> None:
    changed = world.do(start=9, **change).simulate()
    cut = np.datetime64("2024-10-01")
    assert not changed.transactions["net"].equals(run.transactions["net"])
    for name in ("transactions", "deliveries"):
        date = "ts" if name == "transactions" else "delivered"
        one, other = (getattr(r, name) for r in (run, changed))
        if name == "transactions":
            stable = ["order_id", "customer_id", "ts", "items", "gross", "discount", "net", "cost"]
            one, other = one[stable], other[stable]
        one, other = (t[t[date] < cut].reset_index(drop=True) for t in (one, other))
        early = one["order_id"].isin(other["order_id"])
        assert early.all() or name == "deliveries"
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    for name in ("traits",):
        pd.testing.assert_frame_equal(*(getattr(r.truth, name).head(1000) for r in (run, changed)), check_exact=True)
    one, other = (r.truth.months[r.truth.months["month"] < 9].reset_index(drop=True) for r in (run, changed))
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_untouched_mechanisms_keep_their_draws(world, run) -> None:
    """More mail brings more orders; the orders that were there before keep their value and their delivery."""
    more = world.do(emails=5, start=6).simulate()
    months = run.truth.months.merge(more.truth.months, on=["customer_id", "month"], suffixes=("", "_more"))
    same = months[(months["orders"] == months["orders_more"]) & (months["month"] >= 6)]
    assert len(same) < len(months[months["month"] >= 6]), "the mail did something"
    one, other = (orders_of(r, same) for r in (run, more))
    assert (one["net"].to_numpy() == other["net"].to_numpy()).mean() == 1
    late = [orders_of(r, same).merge(r.deliveries, on="order_id")["delay_days"].to_numpy() for r in (run, more)]
    shorter = min(map(len, late))
    assert (late[0][: shorter // 2] == late[1][: shorter // 2]).all()


def orders_of(run: Run, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the orders of some customers and months, in the sequence of both."""
    orders = run.transactions
    month = (orders["ts"].dt.year - 2024) * 12 + orders["ts"].dt.month - 1
    return orders.assign(month=month).merge(cells[["customer_id", "month"]]).sort_values(["customer_id", "ts"])


def test_levers_per_customer_are_the_firms_levers(world, run) -> None:
    """A table that gives everybody the same values is the same as a lever of the firm, to the last bit."""
    values = {"price": 0.9, "quality": 0.8, "emails": 4.0, "service": 0.3, "follow_ups": 2.0, "personal_care": 0.8}
    everybody = pd.DataFrame({"customer_id": np.arange(1, 20_000), **values})
    by_table, by_firm = world.do(everybody, start=6).simulate(), world.do(start=6, **values).simulate()
    for name in ("customers", "transactions", "order_lines", "deliveries"):
        pd.testing.assert_frame_equal(getattr(by_table, name), getattr(by_firm, name), check_exact=True)
    pd.testing.assert_frame_equal(by_table.truth.months, by_firm.truth.months, check_exact=True)


def test_levers_of_some_customers_leave_the_others_alone(world, run) -> None:
    some = run.customers["customer_id"].iloc[:700:2]
    changed = world.do(pd.DataFrame({"customer_id": some, "promotion": 0.3, "month": 8})).simulate()
    one, other = run.truth.months, changed.truth.months
    # But for those whom one of the treated may have brought: recommendation ties customers together, on purpose.
    referred = [run.customers["customer_id"][run.customers["channel"] == "referral"] for run in (run, changed)]
    tied = {*some, *referred[0], *referred[1]}
    rest = [m[~m["customer_id"].isin(tied)].reset_index(drop=True) for m in (one, other)]
    pd.testing.assert_frame_equal(*rest, check_exact=True)
    treated = changed.transactions[changed.transactions["discount"] > 0]
    assert set(treated["customer_id"]) <= set(some)
    assert (treated["ts"].dt.strftime("%Y-%m") == "2024-09").all()


def test_other_luck_other_lives(world, run) -> None:
    other = world.with_luck(0).simulate()
    # Only recommendations, which are luck, bring other people, or the same people sooner.
    referred = [r.customers["customer_id"][r.customers["channel"] == "referral"] for r in (run, other)]
    people = [(r.truth.traits, r.customers[["customer_id", "signup_date"]]) for r in (run, other)]
    for one, two in zip(*people, strict=True):
        own = [t[~t["customer_id"].isin({*referred[0], *referred[1]})].reset_index(drop=True) for t in (one, two)]
        pd.testing.assert_frame_equal(*own)
    common = other.truth.months.merge(run.truth.months, on=["customer_id", "month"])
    assert 0.05 < (common["orders_x"] != common["orders_y"]).mean() < 0.9
    assert len({repr(world), repr(world.with_luck(0)), repr(world.with_luck(1))}) == 3


def test_another_seed_is_another_world(world, run) -> None:
    other = World("cosmetics", customers=world.customers, months=world.months, seed=world.seed + 1).simulate()
    assert not other.truth.traits["order_rate"].head(1000).equals(run.truth.traits["order_rate"].head(1000))


PANDAS_KINDS = {
    "id": ("int64", "Int64"),
    "int": ("int64", "Int64"),
    "float": ("float64", "float64"),
    "bool": ("bool", None),
    "date": ("datetime64[s]", "datetime64[s]"),
    "datetime": ("datetime64[s]", "datetime64[s]"),
    "category": ("category", "category"),
}


@pytest.mark.parametrize("name", [*TABLES, "truth_traits", "truth_months", "truth_customers"])
def test_tables_speak_the_vocabulary(run, name) -> None:
    table = run.truth.customers if name == "truth_customers" else everything(run)[name]
    described = vocabulary()[name]
    assert list(table.columns) == list(described.columns)
    assert not table.duplicated(list(described.key)).any()
    assert table.index.equals(pd.RangeIndex(len(table)))
    for column in described.columns.values():
        values = table[column.name]
        if not column.nullable:
            assert values.notna().all(), column.name
        if column.dtype in PANDAS_KINDS:
            assert str(values.dtype) == PANDAS_KINDS[column.dtype][column.nullable], column.name
        else:
            assert all(isinstance(value, str) for value in values), column.name
        if column.dtype == "date":
            assert (values.dropna() == values.dropna().dt.normalize()).all(), column.name
        if column.unit in ("share", "probability"):
            assert values.between(0, 1).all(), column.name


def test_tables_hold_together(run) -> None:
    orders, lines, deliveries, customers = run.transactions, run.order_lines, run.deliveries, run.customers
    assert orders["ts"].is_monotonic_increasing
    assert orders["customer_id"].isin(customers["customer_id"]).all()
    assert deliveries["order_id"].isin(orders["order_id"]).all()
    assert lines["product_id"].isin(run.products["product_id"]).all()
    value = (lines["quantity"] * lines["unit_price"]).groupby(lines["order_id"]).sum()
    wanted = orders.set_index("order_id")
    np.testing.assert_allclose(value.reindex(wanted.index), wanted["gross"], atol=0.005)
    np.testing.assert_allclose(
        lines.groupby("order_id")["discount"].sum().reindex(wanted.index), wanted["discount"], atol=0.005
    )
    assert (lines.groupby("order_id")["quantity"].sum().reindex(wanted.index) == wanted["items"]).all()
    assert (lines.groupby("order_id")["line"].max() == lines.groupby("order_id").size()).all()
    np.testing.assert_allclose(orders["net"], orders["gross"] - orders["discount"], atol=0.005)
    assert (orders[["gross", "net", "cost"]] > 0).all().all()
    assert (orders["refunded"] <= orders["net"]).all()
    assert ((orders["refunded"] > 0) == orders["returned"]).all()
    assert (orders["return_date"].notna() == orders["returned"]).all()
    assert 0.02 < orders["returned"].mean() < 0.10, "returns are real, and few"
    end = np.datetime64("2025-07-01")
    assert orders["ts"].max() < end
    assert deliveries["delivered"].max() < end
    assert orders["return_date"].max() < end
    dated = deliveries.merge(orders)
    assert (dated["ts"].dt.normalize() <= dated["shipped"]).all()
    assert (dated["shipped"] <= dated["delivered"]).all()
    assert ((dated["delivered"] > dated["promised"]) == (dated["delay_days"] > 0)).all()
    first = orders.groupby("customer_id")["ts"].min().dt.normalize()
    signup = customers.set_index("customer_id")["signup_date"]
    assert (first >= signup.reindex(first.index)).all()
    newcomers = signup[signup >= "2024-01-01"]
    assert first.reindex(newcomers.index).equals(newcomers.rename("ts")), "who joins, orders on that day"
    assert (
        customers["member_since"].dropna()
        >= signup.reindex(customers["customer_id"])[customers["member_since"].notna().to_numpy()].to_numpy()
    ).all()


def test_customers_join_before_and_after_the_first_day(world, run) -> None:
    old = run.customers["signup_date"] < "2024-01-01"
    assert old.sum() == world.customers
    assert (run.customers.loc[old, "customer_id"] <= world.customers).all()
    # 1.85 prospects per customer wait on the first day; 18 months at a hazard of 0.012 win 19% of them.
    assert 0.28 < (~old).sum() / world.customers < 0.45


def test_truth_agrees_with_the_tables(run) -> None:
    months = run.truth.months
    counted = run.transactions.groupby("customer_id").size()
    true = months.groupby("customer_id")["orders"].sum()
    assert true[true > 0].astype(int).equals(counted.reindex(true[true > 0].index).astype(int))
    death = run.truth.customers.set_index("customer_id")["death_time"]
    last_order = run.transactions.groupby("customer_id")["ts"].max()
    dead = death.dropna()
    in_months = (last_order.dt.year - 2024) * 12 + last_order.dt.month - 1
    both = in_months.index.intersection(dead.index)
    assert (in_months[both] <= np.floor(dead[both])).all(), "the dead order nothing"
    gross_profit = (run.transactions["net"] - run.transactions["cost"]).sum()
    assert 0.3 * gross_profit < months["profit"].sum() < gross_profit
    assert months["exposure"].between(0, 1).all()
    assert np.isfinite(months.select_dtypes("number")).all().all()


def test_an_uncoupled_cohort_begins_on_the_first_day() -> None:
    cohort = load_scenario("cosmetics").with_values({"firm.history_months": 0, "firm.coupling": 0.0})
    run = World(cohort, customers=500, months=4, seed=3).simulate()
    assert len(run.customers) == 500
    assert run.customers["signup_date"].between("2024-01-01", "2024-01-31").all()
    assert set(run.transactions["customer_id"]) == set(run.customers["customer_id"])
    rates = run.truth.months.groupby("customer_id")["order_rate"].agg(["min", "max"])
    np.testing.assert_allclose(rates["min"], rates["max"], rtol=1e-6, err_msg="without feedback a rate never changes")


IMPOSSIBLE = [
    ({"customers": 0}, "customers=0 is impossible; it must be a whole number from 1"),
    ({"customers": 10.5}, "customers=10.5 is impossible"),
    ({"months": True}, "months=True is impossible"),
    ({"seed": "7"}, "seed='7' is impossible"),
]


@pytest.mark.parametrize(("arguments", "message"), IMPOSSIBLE)
def test_impossible_worlds(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        World("cosmetics", **arguments)


def test_impossible_simulations(world) -> None:
    with pytest.raises(ValueError, match="ids must lie between 1 and"):
        world.simulate(customers=[0])
    with pytest.raises(ValueError, match="at least one"):
        world.simulate(customers=[])
    with pytest.raises(ValueError, match="processes=0 is impossible"):
        world.simulate(processes=0)
    never = next(i for i in range(world.customers + 1, 5000) if i not in set(world.simulate().customers["customer_id"]))
    with pytest.raises(ValueError, match="none of these customers joins"):
        world.simulate(customers=[never])
