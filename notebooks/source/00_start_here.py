# %% [markdown] lang="en" given="tenth 20"
# # Start here
#
# **What is in this laboratory?** A shop that sells cosmetics. Its customers order, wait for parcels, are pleased or not, and
# one day stop coming. You can look at everything a firm would have on file. Then you can do what no firm can: run the same
# months again with another decision, and see what it really changed.
#
# The first decision is on your desk already: *should we cut prices by a tenth?* (20 minutes.)
#
# Run each grey cell with Shift + Enter, from top to bottom.

# %%
import crmlab as crm

lesson = crm.lesson("00")
run = lesson.run
run.transactions[["order_id", "customer_id", "ts", "items", "gross", "discount", "net"]].head()

# %% [markdown] lang="en"
# ## Look: what a firm knows
#
# Each line is one order: who, when, for how much. There are {{len(run.transactions):,}} orders in two years, and more
# tables beside them: {{", ".join(name.replace("_", " ") for name in run.tables if name != "transactions")}}. What joins them
# is `customer_id`. Everything the firm knows of one person, in one place, is the *single customer view*, and most of CRM
# begins there. Here is one life with the
# shop: of those who have been silent since May, the one with the most orders.

# %%
by_customer = run.transactions.groupby("customer_id")["ts"].agg(["size", "max"])
person = by_customer[by_customer["max"] < "2025-06-01"]["size"].idxmax()
one = run.transactions.query("customer_id == @person").merge(run.deliveries, on="order_id")
one[["ts", "items", "net", "returned", "promised", "delivered", "delay_days"]].tail(5)

# %% [markdown] lang="en"
# The last five of {{len(one)}} orders, {{one["net"].sum():,.0f}} € and {{(one["delay_days"] > 0).sum()}} late parcels in all. The last order is from
# {{one["ts"].max():%d %B %Y}}. Has this customer left, or is it a pause? Nobody told the firm; it must guess. Now step back
# and look at the whole shop.

# %%
crm.plots.revenue(crm.features.monthly_revenue(run.transactions))

# %% [markdown] lang="en"
# ## Your turn
#
# **Exercise 0.1.** What is an order worth on average, in €, as charged and before refunds (`net`)? Put your answer where the dots are. `check` says whether it is
# right and, where it can, which mistake was made; `lesson.hint("0.1")` helps, a little more at each call.

# %%
### BEGIN SOLUTION
order_value = run.transactions["net"].mean()
### END SOLUTION
#: order_value = ...  # in €
lesson.check("0.1", order_value)

# %% [markdown] lang="en" given="tenth"
# ## Try: four levers
#
# Now the price. Before you touch anything, write down a guess: if prices fall by a tenth from the second year on, by how
# many per cent do the orders of that year rise?

# %%
### BEGIN SOLUTION
guess = 10
### END SOLUTION
#: guess = ...  # per cent
lesson.predict("0.a", guess)

# %%
crm.explorers.start_here.cockpit(run.world)

# %% [markdown] lang="en"
# Grey is the firm as it was, blue the firm under your levers; until you move one, blue covers grey. People and luck are the same in both: whoever was about to
# have a birthday has it again. All that differs is your doing. The same in code, with `do`:

# %%
cheaper = run.world.do(price=0.9, start=12).simulate()
effect = crm.recovery.effect(run, cheaper, start=12)
lesson.compare("0.a", 100 * (effect.loc["orders", "with"] / effect.loc["orders", "without"] - 1))
effect.loc[["profit", "orders"], ["without", "with", "difference", "total"]].round(2)

# %% [markdown] lang="en" given="1 tenth" holds="effect.loc['profit', 'difference'] > 0; effect.loc['orders', 'with'] / effect.loc['orders', 'without'] > 1.1"
# Per customer, without the cut and with it; `total` is for the whole shop. These customers compare prices: orders rise by much more
# than prices fall. Profit rises as well, by {{effect.loc["profit", "total"]:,.0f}} € or
# {{effect.loc["profit", "difference"] / effect.loc["profit", "without"]:.1%}}. Same people, same luck: the cut did it, and for this
# shop the answer on your desk is yes. But is a tenth the best cut?
#
# **Exercise 0.2.** Which price index (1 is the price of today) earns the most in the second year? `check` tries it on a
# shop that you have not seen.

# %%
### BEGIN SOLUTION
best_price = 0.85
### END SOLUTION
#: best_price = ...  # between 0.5 and 1.5
lesson.check("0.2", best_price)

# %% [markdown] lang="en"
# ## On trial
#
# **“CRM lowers cost, keeps more customers and makes profit as large as it can be.”** A large claim, and we try one small
# piece of it: let the effort for service rise from {{run.policy["service"].iloc[0]:.1f}} to
# {{0.7:.1f}} (all that is possible would be {{1}}). What happens in the first year, and what over five years?

# %%
served = run.world.do(service=0.7, start=12)
first_year = crm.recovery.effect(run, served.simulate(), start=12)
worlds = {"without": run.world, "with": served}
value = {
    name: world.expected(from_month=12, horizon=60, replications=16)["expected_value"].sum()
    for name, world in worlds.items()
}
five_years = value["with"] / value["without"] - 1
first_year[["without", "with", "difference", "standard_error"]].round(3)

# %% [markdown] lang="en" holds="first_year.loc['satisfaction', 'difference'] > 0; first_year.loc['profit', 'difference'] < first_year.loc['profit', 'standard_error']; 0 < five_years"
# Customers are more satisfied and order more. Profit per customer moves by
# {{first_year.loc["profit", "difference"]:+.2f}} € in the first year: the better service costs what it brings. (`standard_error` says how
# much that would vary over other people.) Over five years (`horizon=60` months) the expected profit from
# the same customers changes by {{five_years:+.1%}}. *Verdict: conditional.* It pays if you may wait. That satisfied
# people stay longer is written into this world, so that link is **assumed**; how long it takes to pay is a result.
#
# ## Reveal: what was true
#
# One thing no firm ever sees: the customer from above, from within. `hazard` is the risk of leaving in the month, `exposure`
# the part of the month for which the customer was one, `satisfaction` is nought for somebody who gets what was expected.

# %%
inside = run.truth.months.query("customer_id == @person")
inside[["month", "orders", "satisfaction", "hazard", "exposure"]].tail(4).round(3)

# %% [markdown] lang="en" given="68 5" holds="inside['exposure'].iloc[-1] < 1"
# The table ends: the customer left for good in month {{inside["month"].iloc[-1]}}, after {{inside["exposure"].iloc[-1]:.0%}} of it,
# at a risk of {{inside["hazard"].iloc[-1]:.0%}}. Satisfied people leave more rarely, and some of them leave all the same. Every estimate in this course will be held against such a truth, and every decision paid in euro.
#
# ## Key ideas
#
# - *Customer relationship management* (客户关系管理) is strategy, way of working and technology at once; here, deciding by data.
# - All that is known of a customer belongs in one place (单一客户视图).
# - A firm sees what happened. What a decision *caused* needs the same months without it.
# - A guess before a look is how one learns to see.
#
# The numbers in the text are those of the course's shop. For a shop of your own write `crm.lesson("00", student="your name")`.
# `lesson.progress()` lists what is open. Reference: Reichheld & Sasser (1990), *Harvard Business Review* 68(5). Next:
# [lesson 03, customer value](03_customer_value.ipynb).
