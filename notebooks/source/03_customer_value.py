# %% [markdown] lang="en" given="200 60 45"
# # Customer value
#
# **Which customers matter most?** Next year your service desk may look after up to 200 customers in person: a call before
# each season, samples in the parcel. That costs 60 € a customer. Your manager's plan fits on a yellow note:
# *the 200 who spent most last year.*
#
# By the end you will know what the note costs, and your own rule will have been tried on unseen shops. (45 minutes.)

# %%
import crmlab as crm

lesson = crm.lesson("03")
run = lesson.run
run.transactions[["order_id", "customer_id", "ts", "items", "net", "refunded", "cost"]].head()

# %% [markdown] lang="en"
# ## Look: from orders to customers
#
# One line is one order: who, when, what was charged, paid back, and what the goods cost: {{len(run.transactions):,}} of them, from
# two years and {{len(run.customers):,}} customers on file. We need one line per customer, with the sales of 2025
# (`spend_recent`) beside those of 2024 (`spend_before`), both less refunds.

# %%
orders = run.transactions
rfm = crm.features.rfm(orders, as_of="2025-12-31")
windows = crm.features.spend_windows(orders, as_of="2025-12-31", days=365)
customers = rfm.merge(windows, on="customer_id").set_index("customer_id")
customers[["recency_days", "frequency", "monetary", "spend_before", "spend_recent"]].head()

# %% [markdown] lang="en"
# How long ago, how often, how much (before refunds): recency, frequency and monetary value, *RFM*. Customer
# {{customers.index[2]}}: {{customers["frequency"].iloc[2]}} orders in two years, the last one
# {{customers["recency_days"].iloc[2]}} days ago.
#
# Now line everybody up, smallest first. Which control changes the number at the right edge most?

# %%
crm.explorers.customer_value.concentration(orders, on_file=len(run.customers))

# %% [markdown] lang="en" given="500 fifth" holds="0.6 < crm.grading.top_share(customers.query('spend_recent > 0')['spend_recent']) < 0.8"
# The best fifth of those who bought last year hold
# {{crm.grading.top_share(customers.query('spend_recent > 0')['spend_recent']):.0%}} of the sales. Among everybody on file,
# buyers or not, it is {{crm.grading.top_share(customers["spend_recent"].reindex(run.customers["customer_id"], fill_value=0)):.0%}}.
# So whoever quotes such a share must say *of whom*.
#
# ## Try: will they be back?
#
# The plan needs large customers to be large again. Before you touch anything, guess: of the 500 who spent most in 2024, how
# many are among the top 500 of 2025?

# %%
### BEGIN SOLUTION
guess = 400
### END SOLUTION
#: guess = ...  # from 0 to 500
lesson.predict("3.a", guess)

# %%
crm.explorers.customer_value.luck(orders)

# %% [markdown] lang="en"
# Every dot is one of the best of 2024; the higher, the better in 2025. Shorten the periods and watch the dots
# scatter: a birthday makes a star of the month, hardly of the year.

# %%
best_2024 = customers.nlargest(500, "spend_before").index
best_2025 = customers.nlargest(500, "spend_recent").index
lesson.compare("3.a", len(best_2024.intersection(best_2025)))

# %% [markdown] lang="en" given="90" holds="len(best_2024.intersection(best_2025)) < 400; (customers.loc[best_2024.difference(best_2025), 'spend_recent'] == 0).mean() > 0.25"
# Of the {{len(best_2024.difference(best_2025))}} others,
# {{(customers.loc[best_2024.difference(best_2025), "spend_recent"] == 0).sum()}} bought nothing at all in 2025: some have left for
# good. Others did nothing wrong: two birthdays and a wedding had put them on top, and luck does not come back. That is
# *regression to the mean*. A firm cannot tell the two apart; the reveal will.
#
# ## Do: what is a year of sales worth?
#
# The past can tell. Take those who were customers for all of 2024. Group them by what they spent in it and by whether they
# had gone *quiet* by its end (no order for 90 days). How much of each euro came again in 2025?

# %%
import pandas as pd

then = crm.features.rfm(orders, as_of="2024-12-31").set_index("customer_id")
signup = run.customers.set_index("customer_id")["signup_date"]
history = customers.loc[then.index[signup[then.index] < "2024-01-01"]].copy()
history["state"] = (then["recency_days"] > 90).map({True: "quiet", False: "active"})
history["spent in 2024"] = pd.cut(history["spend_before"], [0, 250, 500, 1_000, 20_000])
groups = history.groupby(["spent in 2024", "state"], observed=True)
sums = groups[["spend_before", "spend_recent"]].sum()
again = (sums["spend_recent"] / sums["spend_before"]).unstack()
again.join(groups.size().unstack().add_suffix(", customers")).round(2)

# %% [markdown] lang="en" given="80 95" holds="again.iloc[0, 0] > again.iloc[-1, 0] > again.iloc[-1, 1]; again.iloc[0, 0] > 0.9 > again.iloc[-1, 0]"
# Read the last row: of each euro, large customers who were still active spent {{again.iloc[-1, 0]:.2f}} € again, quiet
# ones {{again.iloc[-1, 1]:.2f}} € (they are few, so read: little). Small active customers spent {{again.iloc[0, 0]:.2f}} € again, though some of
# them left: a poor year is bad luck as well. Silence weighs more than money.
#
# Most firms grade by money alone. *ABC analysis*: class A up to 80% of the sales, B up to 95%, C the rest. Move the cuts:
# nothing says where they belong.

# %%
crm.explorers.customer_value.classes(customers)

# %% [markdown] lang="en" given="180 half 80"
# Two other views use more. The RFM grid crosses how lately with how often. The *value zones* add direction: **value** (the largest, who hold 80% of the sales, and steady), **potential** (active, not yet large), **migrating** (less than half of the year
# before), **frozen** (silent for more than 180 days).

# %%
customers = customers.assign(**crm.grading.rfm_scores(customers))
crm.plots.rfm_grid(customers, value="spend_recent", what="sales in 2025")

# %%
customers["zone"] = crm.grading.zones(customers, frozen_after=180)
crm.plots.zones(customers, value="spend_recent", what="sales in 2025")

# %% [markdown] lang="en" given="tenth fifth"
# ## Your turn
#
# **Exercise 3.1.** Which share of the sales of 2025 came from the best tenth of those who bought?
# (`crm.grading.top_share(values, share=0.2)` gives the share of the best fifth.)
#
# **Exercise 3.2.** How many who were class A by their sales of 2024 are in the migrating zone now? (`crm.grading.abc(values)`
# and `customers["zone"]`)

# %%
### BEGIN SOLUTION
bought = customers[customers["spend_recent"] > 0]
best_tenth = crm.grading.top_share(bought["spend_recent"], share=0.1)
### END SOLUTION
#: best_tenth = ...  # a share from 0 to 1
lesson.check("3.1", best_tenth)

# %%
### BEGIN SOLUTION
class_2024 = crm.grading.abc(customers["spend_before"])
leaving = ((class_2024 == "A") & (customers["zone"] == "migrating")).sum()
### END SOLUTION
#: leaving = ...  # a number of customers
lesson.check("3.2", leaving)

# %% [markdown] lang="en" given="100"
# **Exercise 3.3.** Take the 100 largest customers of 2024. By which share did the sales of these people fall in 2025?

# %%
### BEGIN SOLUTION
best = customers.nlargest(100, "spend_before")
fall = 1 - best["spend_recent"].sum() / best["spend_before"].sum()
### END SOLUTION
#: fall = ...  # a share: 0.25 would be a quarter
lesson.check("3.3", fall)

# %% [markdown] lang="en" given="200 60 15"
# **Exercise 3.4.** The decision. Write a rule that takes a table like `customers` and returns the ids of at most 200 to
# look after in 2026. Each costs 60 € and adds 15% to the profit that the customer would have brought anyway. By the books,
# {{lesson.data.profit_rate:.0%}} of what good customers spend is profit, so care pays for itself from
# {{60 / (0.15 * lesson.data.profit_rate):,.0f}} € of *expected* sales on. `check` tries your rule on shops with other people.

# %%
break_even = 60 / (0.15 * lesson.data.profit_rate)  # expected sales in 2026


def whom_to_call(customers):
    ### BEGIN SOLUTION
    active = customers[customers["recency_days"] <= 90]
    expected = 0.83 * active["spend_recent"]
    return expected[expected > break_even].nlargest(200).index
    ### END SOLUTION
    #: return ...  # ids, such as customers.nlargest(200, "spend_recent").index


lesson.check("3.4", whom_to_call)

# %% [markdown] lang="en" given="80 20 fifth 10"
# ## On trial
#
# **“80% of the profit comes from 20% of the customers.”** A law would show in every shop. We run 10 small ones for a year
# and take the best fifth of those who bought, by sales and by true profit.


# %%
def best_fifth(seed):
    shop = crm.World("cosmetics", customers=1_500, months=12, seed=seed).simulate()
    sales = shop.transactions.groupby("customer_id")["net"].sum()
    profit = shop.truth.months.groupby("customer_id")["profit"].sum().loc[sales.index]
    top = profit.nlargest(round(len(profit) / 5))
    return {"sales": crm.grading.top_share(sales), "profit": top.sum() / profit.sum()}


trial = pd.DataFrame([best_fifth(seed) for seed in range(10)])
trial.agg(["min", "mean", "max"]).round(3)

# %% [markdown] lang="en" given="fifth" holds="(trial['profit'] > trial['sales']).all(); trial['sales'].max() < 0.8"
# *Verdict: conditional.* It is {{trial["sales"].mean():.0%}} of sales and {{trial["profit"].mean():.0%}} of profit, of those who
# bought within a year. How unequal customers are is an input of this world, set to published data: **assumed**. That profit is
# more concentrated than sales is a result: mail costs the same for small and large customers.
#
# **“Star products have little hold on people who buy online.”** Here the best fifth of products sell
# {{crm.grading.top_share(run.order_lines.groupby("product_id")["quantity"].sum()):.0%}} of the units, an input too. *Verdict:
# assumed.*
#
# ## Reveal: what was true
#
# The shop is simulated: we know who had left, and what each customer was worth on 1 January 2026, luck removed.

# %%
gone = run.truth.customers.set_index("customer_id")["death_time"] < 24  # months
top = customers.nlargest(500, "spend_before").copy()
top["fate"] = gone[top.index].map({True: "left", False: "stayed"})
fate = top.groupby("fate")[["spend_before", "spend_recent"]].sum()
fate["customers"] = top["fate"].value_counts()
fate["change"] = fate["spend_recent"] / fate["spend_before"] - 1
display(fate.round(2))
truth = run.truth.expected(from_month=24, horizon=12)["expected_value"].loc[customers.index]
customers["last year again"] = lesson.data.profit_rate * customers["spend_recent"]
manager = customers.nlargest(200, "spend_recent")
gain = 0.15 * truth - 60
lists = {"the note": manager.index, "the truth": gain[gain > 0].nlargest(200).index}
earned = pd.Series({name: gain[chosen].sum() for name, chosen in lists.items()})
earned["200 drawn blindly"] = 200 * gain[customers["spend_recent"] > 0].mean()
earned.round().to_frame("care earns, €")

# %% [markdown] lang="en" given="200 15 500 80 20 12" holds="fate.loc['left', 'change'] < -0.4; abs(fate.loc['stayed', 'change']) < 0.15; gain[manager.index].sum() < 0.75 * gain[gain > 0].nlargest(200).sum(); gain[customers['spend_recent'] > 0].mean() < 0"
# Of the 500 best, {{fate.loc["left", "customers"]}} left, and their sales fell by {{-fate.loc["left", "change"]:.0%}}; those of the
# others changed by {{fate.loc["stayed", "change"]:+.0%}}. So it was leaving: a year of many orders holds little luck. A month holds
# much more; put the explorer above to one.
#
# The note promised {{manager["last year again"].mean():,.0f}} € of profit from each of its 200; the truth was
# {{truth[manager.index].mean():,.0f}} €, since it pays for people who are gone. It would earn {{earned["the note"]:,.0f}} €; a list that knew
# the truth, {{earned["the truth"]:,.0f}} €.
#
# **“Grading customers saves resources.”** 200 buyers drawn blindly would lose
# {{-earned["200 drawn blindly"]:,.0f}} €. *Verdict: conditional.* It pays, and by how much depends on
# whether the grade looks ahead. (That care adds 15% was assumed.)
#
# ## Key ideas
#
# - Last year's best fall back: some leave, and luck does not come again, *regression to the mean* (均值回归).
# - *Grade* (客户分级) by what will come: amount, direction, silence.
# - The cuts of *ABC* (ABC分析法) and of the *value, potential, migrating, frozen* zones (价值、潜力、迁移、冰点客户) are yours.
# - The *80/20 rule* (二八法则) depends on whom you count, and for how long.
# - A grade is worth what its decision earns on unseen customers.
#
# References: Galton (1886), *Journal of the Anthropological Institute* 15; Schmittlein, Cooper & Morrison (1993), *Marketing
# Science* 12. Next: groups that deserve different offers.
