# %% [markdown] lang="en" given="300 10 50"
# # Segmentation
#
# **Which groups deserve a different offer?** Two offers wait for January: a *club price*, 10% off for good, and a *consultant*,
# who calls and knows what you bought. One each, at most; or none. An agency has fed all 300 things that you count about your
# customers into a computer. Its slide shows four groups with faces, and an offer for each.
#
# By the end you will know what the slide is worth, and will have cut groups of your own that earn more. (50 minutes.)

# %%
import pandas as pd

import crmlab as crm

lesson = crm.lesson("04")
run, book = lesson.run, lesson.data.book
habits = run.indicators.set_index("customer_id")
later = habits.pop("value_next")
habits.iloc[:, :6].head(3)

# %% [markdown] lang="en" given="half"
# ## Look: rules first
#
# One row per customer, as of 30 June 2025, and {{habits.shape[1]}} indicators without a name (`run.indicator_list` has their
# descriptions). `later` is what each spent in the half-year that followed.
#
# People sorted customers long before computers. Car dealers have eight schemes: by warranty, car and hobby, region, visits and
# spending, private or official use, purpose, values, habit of entry. All are in `crm.segmentation`; two fit this shop.

# %%
grade = crm.segmentation.by_visits_and_spend(book, visits="orders", spend="revenue")
region = crm.segmentation.by_region(book["region"])
rules = {"visits and spend": grade, "region": region}
pd.concat({name: later.groupby(rule, observed=True).mean() for name, rule in rules.items()}).round().to_frame("€ later")

# %% [markdown] lang="en" given="100" holds="later[grade == 'A'].mean() > 6 * later[grade == 'C'].mean(); later.groupby(region, observed=True).mean().max() < 4 * later.groupby(region, observed=True).mean().min()"
# Grades foresee spending, regions far less well. Both are stable: a rule gives the same groups again. But who *spends* much is not
# who *wants* a club price.
#
# ## Try: the agency's groups
#
# The agency used *k-means*: four centres, and everybody goes to the nearest. Suppose it had drawn another sample of the same
# customers. Guess: of 100, how many would be grouped with the same people again?

# %%
### BEGIN SOLUTION
guess = 95
### END SOLUTION
#: guess = ...  # from 0 to 100
lesson.predict("4.a", guess)

# %%
crm.explorers.segmentation.clusters(habits, lesson.data.scores)

# %% [markdown] lang="en"
# Look for gaps in the cloud. There are none, so the borders are the method's. Move the number of groups, then the sample.
# (The two scores come later.)

# %%
k_means = crm.segmentation.Segmenter(k=4)
agency, again = (k_means.fit(habits.sample(frac=1, replace=True, random_state=n)).predict(habits) for n in (1, 2))
together = crm.segmentation.compare(agency, again).table.max(axis=1).sum() / len(habits)
lesson.compare("4.a", 100 * together)

# %% [markdown] lang="en" given="300 half" holds="together < 0.95"
# {{together:.0%}}. The others would get another persona, and another offer. What do 300 indicators
# know?
#
# ## Do: indicators that count, and some that cheat
#
# Ask them a question with an answer: who bought again in the half-year that followed? Before any model, ask of each indicator
# what only people can answer: *could it have known?*

# %%
listed = run.indicator_list.set_index("indicator")
trusted = list(lesson.data.order_book)  # made from our own orders
audit = crm.segmentation.screen_leaks(habits, later > 0, as_of="2025-06-30", updated=listed["updated"], trusted=trusted)
leaks = audit[audit["leaks"]]
leaks.join(listed["description"])[["description", "reason"]]

# %% [markdown] lang="en" holds="len(leaks) >= 7"
# {{len(leaks)}} are *leaking*: written after the day that they claim to describe. A win-back mail goes only to those who stayed
# away. Some admit it by their date; others only by being too good. Keep them for another question: which buyers
# will go on?
#
# Without them, which behaviour contributes how much? Below that, a race: record more and more, and watch the customers from whom the
# model has *not* learned.

# %%
clean = habits.drop(columns=leaks.index)
share = crm.segmentation.contributions(clean, later > 0)["share"]
share.head(4).to_frame().join(listed["description"]).round(3)

# %%
crm.explorers.segmentation.indicator_lab(habits, later > 0, leaks=list(leaks.index), first=trusted)

# %% [markdown] lang="en" given="half dozens" holds="share.iloc[0] > 0.5"
# One indicator, *{{listed.loc[share.index[0], "description"]}}*, holds {{share.iloc[0]:.0%}}. Beyond some dozens, more columns help with known
# customers and harm with others.
#
# But buying again is only half of the offer. Who cares about the *price*? In lesson 02 people kept some needs and
# gave up others; {{lesson.data.price_first.index.isin(habits.index).sum()}} of these customers answered. Which indicators go with how early
# they kept a fair price? Those tell it of everybody: a *typing score*.

# %%
price_first = lesson.data.price_first
told = crm.segmentation.tells(clean, price_first)
scores = pd.concat(
    [crm.segmentation.typing_score(clean, answer) for answer in ((later > 0).rename("again"), price_first)], axis=1
)
display(told[told["counts"]].join(listed["description"]).round(2).head(5))
crm.segmentation.choose_k(scores, references=5, resamples=5)[["gap", "silhouette", "stability", "advice"]].round(2)

# %% [markdown] lang="en" holds="told['counts'].sum() >= 3"
# {{told["counts"].sum()}} of {{clean.shape[1]}} indicators count. And how many groups? The advisers disagree, as they do where
# no gaps are. The number is your choice; we take four, to be fair to the agency.
#
# In the laboratory we can try each offer on everybody, with the same luck. What does it add to the profit of 2026?

# %%
groups = pd.Series(crm.segmentation.Segmenter(k=4).fit(scores).labels_, index=scores.index)
columns = ["again", "price", "orders", "revenue", "days_silent"]
crm.plots.segment_profile(crm.segmentation.profile(book.join(scores), groups, columns=columns))

# %%
year, autumn = lesson.data.next_year, lesson.data.autumn
offers = {"club price": {"price": 0.9}, "consultant": {"personal_care": 0.8}}
effects = {
    name: year.treatment_effect(year.do(start=24, **levers), horizon=12, replications=16)["value_effect"]
    for name, levers in offers.items()
}
effects = pd.DataFrame(effects).reindex(habits.index, fill_value=0.0).assign(nothing=0.0)
effects.groupby(groups).mean().round(2)

# %% [markdown] lang="en" given="20" holds="effects['club price'].groupby(groups).mean().max() > 6; effects['club price'].groupby(groups).mean().min() < 0"
# € per head. In one group the club price earns {{effects["club price"].groupby(groups).mean().max():.0f}} €, in another it is
# a gift that costs {{-effects["club price"].groupby(groups).mean().min():.0f}} €. Name the groups by what you would *do* for them.
#
# ## Your turn
#
# **Exercise 4.1.** Each group gets the offer that earns most with it. By how much does that beat the best single offer for
# everybody, in € a year?
#
# **Exercise 4.2.** Last autumn some got a code for 20% off, most of them by the channels social and price comparison.
# `autumn` says by which `channel` each had joined, who `got` it and who `came`. All in one pot, it changed the share who came
# by {{autumn.groupby("got")["came"].mean().diff().iloc[-1]:+.1%}}. By how much within channels, weighed by their customers?

# %%
### BEGIN SOLUTION
total = effects.groupby(groups).sum()
more = total.max(axis=1).sum() - effects.sum().max()
### END SOLUTION
#: more = ...  # €
lesson.check("4.1", more)

# %%
### BEGIN SOLUTION
rates = autumn.groupby(["channel", "got"])["came"].mean().unstack()
raised = ((rates[True] - rates[False]) * autumn["channel"].value_counts(normalize=True)).sum()
### END SOLUTION
#: raised = ...  # a share: 0.05 would be five points
lesson.check("4.2", raised)

# %% [markdown] lang="en"
# **Exercise 4.3.** The decision. Write a rule from a table like `book.join(scores)` to the ids of those who get the club
# price. `check` tries it on other shops.


# %%
def who_gets_it(customers):
    ### BEGIN SOLUTION
    return customers.index[customers["price"] > -0.25]
    ### END SOLUTION
    #: return ...  # ids, such as customers.index[customers["orders"] > 3]


lesson.check("4.3", who_gets_it)

# %% [markdown] lang="en"
# ## On trial
#
# **“Only clear classification lets a firm win, keep and develop customers.”** What is each cut worth, if each group
# gets what suits it best? (A *Gaussian mixture* gives probabilities, *latent classes* take answers in categories.)


# %%
def worth(cut):
    return effects.groupby(cut).sum().max(axis=1).sum()


true = run.truth.traits.set_index("customer_id")["segment"].loc[habits.index].to_numpy(object)
cuts = {"one offer": 0 * groups, "by grade": grade.astype(str), "the agency": agency}
cuts |= {"our four": groups, "true segments": true, "each alone": effects.index}
for method in ("gaussian", "latent_class"):
    cuts[f"our four, {method}"] = crm.segmentation.Segmenter(k=4, method=method).fit_predict(scores)
value = pd.Series({name: worth(cut) for name, cut in cuts.items()})
value.round().to_frame("€ in 2026")

# %% [markdown] lang="en" given="100" holds="value['the agency'] < 1.35 * value['one offer']; value['our four'] > 1.2 * value['one offer']; value['our four'] > value['the agency']; value['our four'] < value['each alone']"
# *Verdict: conditional.* The agency's four add {{value["the agency"] / value["one offer"] - 1:+.0%}} to one
# offer for all, ours {{value["our four"] / value["one offer"] - 1:+.0%}}. A cut pays as far as it divides by
# *response*; by method, the
# same scores earn {{value.filter(like="our four").min():,.0f}} to {{value.filter(like="our four").max():,.0f}} €. How much
# people differ there was put in: **assumed**.
#
# **“A field that only payers have makes its users look like payers.”** The best honest indicator alone ranks
# {{audit.loc[~audit["leaks"], "power"].max():.0%}} of pairs rightly, the best leaking one {{audit["power"].max():.0%}}. *Verdict:
# assumed*, since we planted them; that screening found {{len(leaks)}} is a result. **“The crucial behaviours hide among those
# added after the first 100.”** Of the {{told["counts"].sum()}} that go with the price, {{(told[told["counts"]].index > "indicator_100").sum()}} do.
# *Verdict: assumed*: places were drawn by lot.
#
# ## Reveal: what was true
#
# The shop has true segments. How near did we come? No method knows them; the fairest yardstick learns the true segment of *other*
# customers, from the same columns. And the plan, played customer by customer:

# %%
from crmlab.oracles import segment_ceiling

rand = {name: crm.segmentation.compare(true, cuts[name]).rand for name in ("the agency", "our four")}
rand["best attainable"] = segment_ceiling(clean, true).rand
display(pd.Series(rand).round(2).to_frame("adjusted Rand index"))
best = groups.map(effects.groupby(groups).mean().idxmax(axis=1))
plan = pd.DataFrame({"customer_id": habits.index})
plan["price"] = (best == "club price").map({True: 0.9, False: 1.0}).to_numpy()
plan["personal_care"] = (best == "consultant").map({True: 0.8, False: 0.3}).to_numpy()
played = year.treatment_effect(year.do(plan, start=24), horizon=12, replications=16)["value_effect"]
pd.Series({"planned": value["our four"], "played": played.loc[habits.index].sum()}).round().to_frame("€ in 2026")

# %% [markdown] lang="en" given="0 1 21 6" holds="rand['our four'] < rand['best attainable']; value['our four'] > 0.9 * value['true segments']"
# The *adjusted Rand index* is 1 for the same groups and 0 for chance. We reached {{rand["our four"]:.2f}} of an attainable
# {{rand["best attainable"]:.2f}}, the agency {{rand["the agency"]:.2f}}. And yet our groups earn
# {{value["our four"]:,.0f}} €, the true segments {{value["true segments"]:,.0f}} €. The truth was a cut through characters; ours
# is one through the offer. Ask not whether groups are true, but what you will do for each.
#
# ## Key ideas
#
# - *Segmentation* (客户细分) serves an offer. Begin with the offer.
# - *Leaking indicators* (剔除不符合的行为字段) know the answer. Dates and common sense find them; keep them for other questions.
# - Look at many indicators (行为指标), keep few, and judge on customers not used. Add and remove (反复加减统计维度).
# - Where a cloud has no gaps, groups are cut and not found: try another sample.
# - Compare within channels before you compare channels: *Simpson's paradox* (辛普森悖论).
#
# References: Smith (1956), *Journal of Marketing* 21; Dolnicar & Leisch (2010), *Marketing Letters* 21; Kaufman et al. (2012), *ACM
# Transactions on Knowledge Discovery from Data* 6. Next: where customers are on their way.
