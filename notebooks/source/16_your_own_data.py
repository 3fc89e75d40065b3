# %% [markdown] lang="en" given="30"
# # Your own data
#
# **What about my own customers?** So far every shop was ours, and we knew the truth. Now comes a file. It may be yours: any
# list of orders that a shop system, a till or a spreadsheet exports, as CSV, Excel or Parquet. Nothing leaves your computer.
#
# We begin with the export of a shop that you do not know. Then put the path of your own file in its place below, and run
# everything again. By the end you will know who carries the shop, who is going quiet, and what such a file cannot tell.
# (30 minutes.)

# %%
import crmlab as crm

lesson = crm.lesson("16")
source = lesson.data.export  # or the path of your own file, such as "orders.csv"

# %%
lesson.data.export.head()

# %% [markdown] lang="en"
# ## Look: what is in the file?
#
# Read it as you would read a letter. Dates are text, with the day first. Amounts carry a sign and a comma where Python wants a
# point. Some rows name no buyer, some were cancelled, some repeat the one before.
#
# ## Try: how much of it is any good?
#
# Before you read it in, guess: which percentage of the rows can be used as they are?

# %%
### BEGIN SOLUTION
guess = 99
### END SOLUTION
#: guess = ...  # per cent
lesson.predict("16.a", guess)

# %%
log = crm.read_transactions(source)
lesson.data.log = log  # the exercises below are about this file
lesson.compare("16.a", 100 * log.counts["rows_used"] / log.counts["rows_read"])

# %% [markdown] lang="en"
# {{log.counts["rows_read"]:,}} rows were read and {{log.counts["rows_used"]:,}} are used. Two things must be looked at before any
# method. First: which column was taken for what? A wrong guess here spoils everything after it, and an option corrects it:
# `crm.read_transactions(source, customer="Buyer")`.

# %%
log.mapping.table()[["question", "column", "found_by"]]

# %% [markdown] lang="en"
# Second: where did every row go? Nothing may be dropped in silence. Each line of the account is a reason, with rows and money.

# %%
log.account[["reason", "rows", "money", "treatment"]]

# %%
for note in log.notes:
    print("–", note)

# %% [markdown] lang="en"
# **Exercise 16.1.** How many rows name no customer?

# %%
### BEGIN SOLUTION
nobody = log.counts["rows_without_customer"]
### END SOLUTION
#: nobody = ...  # a number of rows
lesson.check("16.1", nobody)

# %% [markdown] lang="en"
# ## Do: the shop, then its customers
#
# From here on it is lesson 03 again, on a file that nobody made for you. First the months. Look for gaps: a month without sales is
# more often a missing export than a quiet shop.

# %%
orders = log.transactions
crm.plots.revenue(crm.features.monthly_revenue(orders), currency=log.currency)

# %%
customers = crm.features.rfm(orders).set_index("customer_id")
crm.plots.lorenz(customers["monetary_net"], what="sales")

# %% [markdown] lang="en"
# When has a customer gone? In a bakery after a week, with a car dealer after years. The file itself can tell: look at the
# pauses between two orders of one person, and ask which pause hardly anybody comes back from.

# %%
gaps = crm.features.order_gaps(orders)
frozen_after = crm.grading.suggest_frozen_after(gaps)
windows = crm.features.spend_windows(orders, as_of=orders["ts"].max(), days=365).set_index("customer_id")
customers = customers.join(windows)
customers["zone"] = crm.grading.zones(customers, frozen_after=frozen_after)
crm.plots.zones(customers, currency=log.currency)

# %% [markdown] lang="en" given="fifth"
# In this shop the limit is {{frozen_after}} days: a pause that only few of those who came back ever needed.
#
# ## Your turn
#
# **Exercise 16.2.** How much have the customers who are frozen now brought in all, less refunds?
#
# **Exercise 16.3.** Which share of sales, less refunds, does the best fifth of customers bring?

# %%
### BEGIN SOLUTION
asleep = customers.loc[customers["zone"] == "frozen", "monetary_net"].sum()
### END SOLUTION
#: asleep = ...  # an amount of money
lesson.check("16.2", asleep)

# %%
### BEGIN SOLUTION
best_fifth = crm.grading.top_share(customers["monetary_net"])
### END SOLUTION
#: best_fifth = ...  # a share from 0 to 1
lesson.check("16.3", best_fifth)

# %% [markdown] lang="en"
# Who deserves a call this week? Not the largest, and not those who left long ago: regular customers who have now been silent
# for longer than ever before.

# %%
rfm = customers.reset_index()
calls = crm.grading.next_best_call(rfm, gaps, frozen_after=frozen_after, count=8)
calls[["customer_id", "call_reason", "value_at_stake"]]

# %% [markdown] lang="en"
# ## On trial: nothing
#
# There is no reveal in this lesson. A file holds what happened; it does not hold what would have happened. Whether a call keeps
# anybody, whether the best of last year were lucky, why somebody left: for these you need an experiment, and lessons that are
# still to come.
#
# ## Key ideas
#
# - Look at the file before you compute: which column is what, and where every row went.
# - Money belongs to a customer only after refunds and cancellations (退货、取消).
# - Silence is measured by the shop's own rhythm (购买间隔).
# - A ranking says whom to look at first. It does not say what a call will change.
# - State the limits with the numbers.
#
# The same as a page to print, with one command in a terminal: `crmlab report orders.csv --out my-report`. Method of the account and of
# refunds: the report's own documentation. Back to [lesson 03](03_customer_value.ipynb).
