"""Tables that are made when asked for: the same bytes however computed, the vocabulary, and what they hide and show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmlab.tables import vocabulary
from crmlab.world import Run, World, load_scenario
from crmlab.world.observe import BEHIND, MAKERS
from crmlab.world.observe.causes import CAUSES
from tests.world.test_world import PANDAS_KINDS

ELSEWHERE = (
    "touchpoints",
    "costs",
    "branches",
    "vehicles",
    "accounts",
    "contacts",
    "subscriptions",
)  # have their own file
SHOWN = [(False, name) for name in MAKERS if name not in ELSEWHERE] + [(True, name) for name in BEHIND]
IDS = [("truth_" if true else "") + name for true, name in SHOWN]


def shown(run: Run, true: bool, name: str) -> pd.DataFrame:
    return getattr(run.truth if true else run, name)


@pytest.fixture(scope="module")
def in_parts(world) -> Run:
    return world.simulate(block_size=401)


@pytest.fixture(scope="module")
def some(world, run) -> Run:
    return world.simulate(customers=run.customers["customer_id"].iloc[::3])


@pytest.fixture(scope="module")
def large() -> Run:
    return World("cosmetics", customers=12_000, months=18, seed=4).simulate()


@pytest.mark.parametrize(("true", "name"), SHOWN, ids=IDS)
def test_blocks_do_not_matter(run, in_parts, true, name) -> None:
    pd.testing.assert_frame_equal(shown(run, true, name), shown(in_parts, true, name), check_exact=True)


@pytest.mark.parametrize(("true", "name"), SHOWN, ids=IDS)
def test_a_subset_has_its_rows(run, some, true, name) -> None:
    whole, part = shown(run, true, name), shown(some, true, name)
    if name != "prospects" and "indicator" not in whole:
        who = next((c for c in ("customer_id", "respondent") if c in whole), None)
        chosen = (
            whole[who].isin(some.customers["customer_id"])
            if who
            else whole["order_id"].isin(some.transactions["order_id"])
        )
        whole = whole[chosen].reset_index(drop=True)
    assert len(part)
    pd.testing.assert_frame_equal(part, whole, check_exact=True)


@pytest.mark.parametrize(("true", "name"), SHOWN, ids=IDS)
def test_tables_speak_the_vocabulary(run, true, name) -> None:
    table, described = shown(run, true, name), vocabulary()[f"truth_{name}" if true else name]
    further = load_scenario("cosmetics").conjoint
    columns = [c for c in table.columns if c not in further and not c.startswith("indicator_")]
    assert columns == list(described.columns)
    assert not table.duplicated(list(described.key)).any()
    assert table.index.equals(pd.RangeIndex(len(table)))
    for column in described.columns.values():
        values = table[column.name]
        if not column.nullable:
            assert values.notna().all(), column.name
        if column.dtype in PANDAS_KINDS:
            kinds = PANDAS_KINDS[column.dtype]
            assert str(values.dtype) in kinds if true else str(values.dtype) == kinds[column.nullable], column.name
        if column.dtype == "date":
            assert (values.dropna() == values.dropna().dt.normalize()).all(), column.name
        if column.unit in ("share", "probability"):
            assert values.between(0, 1).all(), column.name


def test_nothing_is_computed_unless_asked(world) -> None:
    fresh = world.simulate()
    assert not fresh.shown._made
    assert fresh.tickets is fresh.tickets
    assert set(fresh.shown._made) == {"tickets"}


def test_a_change_leaves_earlier_surveys_alone(world, run) -> None:
    changed = world.do(quality=0.9, start=12).simulate()
    assert changed.surveys[changed.surveys["wave"] <= 2].equals(run.surveys[run.surveys["wave"] <= 2])
    assert not changed.surveys.equals(run.surveys)


def test_who_answers_is_happier(large) -> None:
    """Response rises with satisfaction and with strong feelings: the mean of the answers is too high."""
    answers, truth = large.surveys, large.truth.surveys
    living = truth["still_customer"]
    assert not answers.loc[~living, "responded"].any()
    assert 0.18 < answers.loc[living, "responded"].mean() < 0.27
    # About 6,000 answers: a standard error of 0.015 points.
    assert answers["overall"].mean() - truth.loc[living, "overall"].mean() > 0.08
    assert 0.78 < (truth.loc[living, "overall"] >= 4).mean() < 0.90
    asked = answers["responded"]
    assert (answers.loc[asked, "overall"] == truth.loc[asked, "overall"]).all()


def test_halo_joins_what_is_apart(large) -> None:
    def across(**changes: float) -> float:
        items = large.survey(11, **changes)[0][[f"q{k}" for k in range(1, 10)]].dropna().astype(float)
        r = items.corr().to_numpy()
        dimension = np.arange(9) // 3
        return float(r[dimension[:, None] != dimension].mean())

    assert across() - across(item_halo=0.0) > 0.12


def test_more_service_shows_in_the_items_on_staff(run, world) -> None:
    better = world.do(service=1.0, start=6).simulate()
    gains = [
        better.truth.surveys.query("wave == 3")[name].mean() - run.truth.surveys.query("wave == 3")[name].mean()
        for name in ("communication", "product")
    ]
    assert gains[0] > gains[1] > 0


def test_items_are_missing_with_age_only_where_wanted(large) -> None:
    plain, _ = large.survey(11, missing=0.1)
    aged, _ = large.survey(11, missing=0.1, missing_age=0.6)
    for table, low, high in ((plain, -0.04, 0.04), (aged, 0.05, 0.5)):
        answers = (
            table[table["responded"]].merge(large.customers[["customer_id", "birth_year"]]).dropna(subset="birth_year")
        )
        gaps = answers[[f"q{k}" for k in range(1, 10)]].isna().mean(axis=1)
        old = answers["birth_year"] < 1975
        assert low < gaps[old].mean() - gaps[~old].mean() < high


def test_survey_refuses_what_it_does_not_know(run) -> None:
    with pytest.raises(ValueError, match="month=18 is impossible; it must lie between 0 and 17"):
        run.survey(18)
    with pytest.raises(ValueError, match="'halo' is no number of a survey; there are every_months"):
        run.survey(5, halo=0)


def test_posted_reviews_are_j_shaped(large) -> None:
    posted, every = (table["stars"].value_counts(normalize=True) for table in (large.reviews, large.truth.reviews))
    assert posted[5] > posted[4]
    assert posted[1] > posted[2]
    assert posted[1] > every[1], "the very unhappy write more often"
    both = large.deliveries.merge(large.truth.reviews, on="order_id")
    on_time = both.loc[both["delay_days"] == 0, "stars"].mean()
    assert on_time - both.loc[both["delay_days"] > 0, "stars"].mean() > 1.2


def test_texts_name_true_causes_and_agents_one(large) -> None:
    table = large.reviews.merge(large.truth.reviews[["order_id", "true_causes"]], on="order_id")
    bad = table[table["stars"] <= 3]
    assert table.loc[table["stars"] > 3, ["causes", "coded_cause", "true_causes"]].isna().all().all()
    assert bad["true_causes"].notna().all()
    assert bad["coded_cause"].notna().all()
    named, true = (bad[c].fillna("").str.split("|") for c in ("causes", "true_causes"))
    assert all(set(n) - {""} <= set(t) for n, t in zip(named, true, strict=True))
    assert (true.str.len() > 1).mean() > 0.1, "more than one cause is common"
    late = large.deliveries.set_index("order_id")["delay_days"].reindex(bad["order_id"]).to_numpy() > 0
    assert late[bad["true_causes"].str.contains("logistics").to_numpy()].all()


def test_few_problems_become_tickets(large) -> None:
    problems, tickets = large.truth.problems, large.tickets
    voice = problems["voice"].value_counts(normalize=True)
    assert 0.03 < voice["ticket"] < 0.07
    assert abs(voice["silent"] - voice["front_line"]) < 0.05
    assert tickets["order_id"].isin(problems.loc[problems["voice"] == "ticket", "order_id"]).all()
    assert (tickets["closed_ts"].dropna() > tickets["opened_ts"][tickets["closed_ts"].notna()]).all()
    assert (tickets["outcome"].isna() == tickets["closed_ts"].isna()).all()
    assert tickets["opened_ts"].max() < np.datetime64("2025-07-01")
    assert (tickets.loc[tickets["outcome"] == "unsatisfied", "compensation"] == 0).all()
    first = large.transactions.set_index("order_id")["ts"].reindex(tickets["order_id"].astype("int64"))
    assert (tickets["opened_ts"].to_numpy() > first.to_numpy()).all()


def test_stated_reasons_are_not_the_causes(large) -> None:
    truth, said = large.truth.departures, large.exit_survey
    assert said["customer_id"].isin(truth["customer_id"]).all()
    shares = truth[[f"share_{cause}" for cause in CAUSES]]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-9)
    true = truth["true_cause"].value_counts(normalize=True)
    # The drawn causes agree with the shares: 4 standard errors of a share.
    for cause in CAUSES:
        mean = truth[f"share_{cause}"].mean()
        assert abs(true.get(cause, 0) - mean) < 4 * np.sqrt(mean * (1 - mean) / len(truth)) + 1e-12, cause
    stated = said["stated_reason"].value_counts(normalize=True)
    assert stated["logistics"] > true["logistics"] + 0.03, "what is easy to name is named"
    assert stated["price"] > true.get("price", 0) + 0.03
    assert stated["assortment"] < true["assortment"]
    death = said.merge(truth)
    gone = pd.Timestamp("2024-01-01") + pd.to_timedelta(death["death_time"] * 365.25 / 12 - 3, unit="D")
    assert (death["sent_date"] > gone).all()


def test_dearer_goods_make_price_a_cause(world, run) -> None:
    assert run.truth.departures["share_price"].max() < 1e-6
    dear = world.do(price=1.3, start=6).simulate().truth.departures
    late = dear["death_time"] >= 7
    assert dear.loc[late, "share_price"].mean() > 0.01


def test_needs(run) -> None:
    table, truth = run.needs, run.truth.needs
    for rank in ("stated_rank", "forced_rank"):
        assert (table.groupby("customer_id")[rank].agg(lambda r: sorted(r) == list(range(1, 10)))).all()
    must = (truth["need_type"] == "must").groupby(truth["need"], observed=True).mean()
    wanted = {name: need["must"] for name, need in load_scenario("cosmetics").needs.items()}
    for name, share in wanted.items():
        assert must[name] == pytest.approx(share, abs=4 * np.sqrt(0.25 / 400))
    joined = table.merge(truth, on=["customer_id", "need"])
    ranks = joined.groupby("need_type", observed=True)[["stated_rank", "forced_rank"]].mean()
    gaps = ranks.loc["nice"] - ranks.loc["must"]
    assert gaps["forced_rank"] > gaps["stated_rank"] > 1, "forced choice tells must-haves better than a stated ranking"


def test_a_lever_meets_a_need(world, run) -> None:
    better = world.do(logistics=0.95, start=6).simulate()
    met = [r.needs.groupby("need", observed=True)["met"].mean() for r in (run, better)]
    assert met[1]["fast_delivery"] > met[0]["fast_delivery"] + 0.1
    assert met[1].drop("fast_delivery").equals(met[0].drop("fast_delivery"))


def test_the_choice_design_is_balanced(run) -> None:
    table = run.conjoint_tasks
    shown = table[table["alternative"] <= 3]
    seen = shown[~shown["holdout"]]
    for attribute, design in load_scenario("cosmetics").conjoint.items():
        counts = seen.groupby(["respondent", attribute], observed=True).size().unstack()
        assert counts.shape[1] == len(design["levels"])
        assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1
        assert not shown.duplicated(["respondent", "task", attribute]).any(), "no level twice in a task"
    assert (table.groupby(["respondent", "task"])["chosen"].sum() == 1).all()
    assert shown.loc[shown["holdout"]].groupby(["task", "alternative"])["price_shown"].nunique().max() == 1
    assert table.loc[table["alternative"] == 4, ["price_shown", "effect"]].isna().all().all()


def test_choices_follow_the_part_worths(run) -> None:
    """Choices are logit in the true utilities: their log likelihood is what it is expected to be."""
    table = run.conjoint_tasks
    worth = run.truth.part_worths.set_index(["respondent", "attribute", "level"])["part_worth"]
    utility = np.zeros(len(table))
    names = [*load_scenario("cosmetics").conjoint, "price"]
    real = (table["alternative"] <= 3).to_numpy()
    for name in names:
        level = table.loc[real, name if name != "price" else "price_shown"].map(
            lambda v: f"{v:g}" if isinstance(v, float) else v
        )
        key = pd.MultiIndex.from_arrays([table.loc[real, "respondent"], [name] * real.sum(), level.astype(str)])
        utility[real] += worth.reindex(key).to_numpy()
    assert np.isfinite(utility).all()
    group = table.groupby(["respondent", "task"]).ngroup().to_numpy()
    power = np.exp(utility)
    chance = power / np.bincount(group, power)[group]
    score = np.log(chance)
    expected = np.bincount(group, chance * score)
    variance = np.bincount(group, chance * score**2) - expected**2
    z = (score[table["chosen"]].sum() - expected.sum()) / np.sqrt(variance.sum())
    assert abs(z) < 4  # error rate 6e-5


def test_best_and_worst(run) -> None:
    table = run.maxdiff_tasks
    assert (table.groupby(["respondent", "item"], observed=True).size() == 3).all()
    assert (table.groupby(["respondent", "set"])["choice"].agg(lambda c: sorted(c) == [-1, 0, 0, 1])).all()
    counts = table.groupby("item", observed=True)["choice"].mean()
    true = run.truth.item_utilities.groupby("item", observed=True)["utility"].mean()
    assert np.corrcoef(counts, true.reindex(counts.index))[0, 1] > 0.98


def test_three_kinds_of_people_who_are_no_customers(large) -> None:
    table, truth = large.prospects, large.truth.prospects
    assert not table["prospect_id"].isin(large.customers["customer_id"]).any()
    assert set(truth["kind"]) == {"quasi", "refusing", "unexplored"}
    joined = table.merge(truth, on="prospect_id")
    mean = joined.groupby("kind", observed=True)[["inquiries", "chance", "need_strength", "access"]].mean()
    assert mean.loc["quasi", "chance"] > 3 * mean.loc["refusing", "chance"]
    assert mean.loc["unexplored", "inquiries"] == 0
    assert (truth["best_chance"] >= truth["chance"] - 1e-12).all()
    assert truth["best_follow_ups"].between(0, 12).all()
    assert 2 <= truth["best_follow_ups"].mean() <= 4


def test_indicators_say_much_little_nothing_or_too_much(large) -> None:
    table, truth = large.indicators, large.truth.indicators
    assert truth.shape[0] == 300
    assert list(large.indicator_list) == ["indicator", "description", "updated"]
    truth = truth[table[truth["indicator"]].nunique().to_numpy() > 1]  # nobody got a discount
    value = table["value_next"].rank()
    power = table[truth["indicator"]].corrwith(value, method="spearman").abs().to_numpy()
    strong = truth.assign(power=power).groupby("role", observed=True)["power"].agg(["mean", "max"])
    assert strong.loc["leaking", "mean"] > 0.5
    # 223 correlations of noise with about 6,000 customers: beyond 4.5 standard errors once in 600 worlds.
    assert strong.loc["noise", "max"] < 4.5 / np.sqrt(len(table))
    assert strong.loc["measured", "max"] > 0.3
    assert strong.loc["informative", "max"] > 0.08
    late = truth["updated"] > np.datetime64("2025-01-01")
    assert truth.loc[late, "role"].eq("leaking").all()
    assert late.sum() == 4, "half of the leaks tell by their date"
    net = large.transactions[large.transactions["ts"] >= "2025-01-01"].groupby("customer_id")["net"].sum()
    np.testing.assert_allclose(table["value_next"], net.reindex(table["customer_id"]).fillna(0), atol=1e-6)


def test_traits_can_be_read_from_informative_indicators(large) -> None:
    table, truth = large.indicators, large.truth.indicators
    elasticity = large.truth.traits.set_index("customer_id")["price_elasticity"].reindex(table["customer_id"])
    shows = truth.query("role == 'informative' and trait == 'price_elasticity'")["indicator"]
    r = table[shows].corrwith(elasticity.reset_index(drop=True), method="spearman").abs()
    assert len(shows) == 3
    assert r.min() > 0.5  # the square root of 0.4, less what counting in whole numbers costs


def test_indicators_need_months_before_their_target() -> None:
    with pytest.raises(ValueError, match="months=6 is too few for indicators: the last 6 months are the target"):
        World("cosmetics", customers=50, months=6).simulate().indicators  # noqa: B018


def test_subjects_are_a_fair_test(large) -> None:
    """Version and customer have nothing to do with each other; A is opened more often by the factor of the scenario."""
    table, truth = large.emails, large.truth.mails
    assert (table["send_id"] == truth["send_id"]).all()
    first = (table["subject_variant"] == "A").to_numpy()
    n = len(table)
    assert abs(first.mean() - 0.5) < 4 / np.sqrt(4 * n)
    chance = truth["open_chance"]
    error = chance.std() * 2 / np.sqrt(n)
    assert abs(chance[first].mean() - chance[~first].mean()) < 4 * error  # error rate 6e-5
    expected = 0.08 * 2 * chance.mean()
    gap = table.loc[first, "opened"].mean() - table.loc[~first, "opened"].mean()
    assert abs(gap - expected) < 4 * np.sqrt(4 * chance.mean() / n)
    assert abs(table["opened"].mean() - chance.mean()) < 4 * np.sqrt(chance.mean() / n)


def test_mails_are_consistent(large) -> None:
    table = large.emails
    assert table["sent_ts"].is_monotonic_increasing
    assert table["sent_ts"].dt.hour.between(9, 11).all()
    assert not (table["bounced"] & table["opened"]).any()
    for deed in ("clicked", "replied", "ordered"):
        assert (table.loc[table[deed], "opened"]).all(), deed
    gone = table.loc[table["unsubscribed"], ["customer_id", "sent_ts"]].merge(
        table[["customer_id", "sent_ts"]], on="customer_id", suffixes=("_left", "")
    )
    assert (gone["sent_ts"] <= gone["sent_ts_left"]).all(), "who has left the list gets no more mail"
    read = table[table["opened"]]
    living = large.truth.mails["open_chance"] > 0
    assert 0.13 < table.loc[living, "opened"].mean() < 0.20
    assert 0.08 < read["clicked"].mean() < 0.15
    after = table[table["ordered"]].merge(large.transactions[["customer_id", "ts"]], on="customer_id")
    wait = (after["ts"] - after["sent_ts"]).dt.total_seconds() / 86_400
    assert after[wait.between(0, 7)]["send_id"].nunique() == table["ordered"].sum()


def test_programs_open_and_click(large) -> None:
    dirty = large.dirty("clean", prefetched=0.3, bot_clicks=0.02)
    human, recorded = large.truth.mails, dirty.emails
    assert recorded["opened"].mean() > human["opened"].mean() + 0.2
    assert not (recorded["bounced"] & recorded["opened"]).any()
    assert set(dirty.dirt_log["dirt"]) == {"prefetched", "bot_clicks"}
