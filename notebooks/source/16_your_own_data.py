# %% [markdown] lang="en" given="6 45"
# # Your own data
#
# **What about my own customers?** Your shop is about to print a catalogue, at 6 € a customer. All you have is a file that
# somebody saved from the till, and your manager wants a list by noon.
#
# By the end you can read such a file, say where every row went, and
# test a decision on it without knowing the truth. Then you change one line, and it is your own. (45 minutes.)

# %%
import crmlab as crm

lesson = crm.lesson("16")
FILE = lesson.data.practice_file()  # later: "my_orders.csv"; exercises go on speaking of the practice file
print(crm.peek(FILE))

# %% [markdown] lang="en"
# ## Look: what stands in it
#
# Nobody has cleaned it. The names are Chinese, the encoding is an old one, semicolons part the columns and commas the
# cents. Somebody has to find out who bought, when, and for how much. Look which column plays which role, and how it was found.

# %%
log = crm.read_transactions(FILE)
print(log)
log.mapping.table()

# %% [markdown] lang="en" holds="(log.mapping.table()['found_by'] == 'name').all(); log.description['encoding'] == 'gb18030'"
# Every column was found by its name; the encoding, {{log.description["encoding"].upper()}}, by its bytes. What is found can
# be overruled: `crm.read_transactions(FILE, customer="客户编号")` names a column, `customer=2` counts it from the left.
#
# A reader also assumes things. This one says which, and keeps an *account*: every row of the file once, with its money.

# %%
print(*log.notes, sep="\n")
log.account[["reason", "rows", "money", "matched", "treatment"]].round(2)

# %% [markdown] lang="en" holds="log.account['rows'].sum() == log.counts['rows_read']"
# The rows add up to {{log.account["rows"].sum():,}}, so none was lost in silence. Order numbers with a C took back
# {{-log.account.set_index("reason").loc["cancellation", "money"]:,.0f}} €; `matched` is the part whose sale was found. Some
# goods came back that were bought before the file begins: they change nothing.
#
# **Exercise 16.1.** How much money was set aside because its rows name no customer, in €?

# %%
### BEGIN SOLUTION
nameless = log.account.set_index("reason").loc["no customer", "money"]
### END SOLUTION
#: nameless = ...  # in €
lesson.check("16.1", nameless)

# %% [markdown] lang="en" given="100"
# ## Try: three switches
#
# Before you move anything, guess: of each 100 € that the sales in the file add up to, how many are left as net revenue,
# with a customer's name on them and not given back?

# %%
### BEGIN SOLUTION
guess = 95
### END SOLUTION
#: guess = ...  # from 0 to 100
lesson.predict("16.a", guess)

# %%
crm.explorers.your_own_data.decisions(FILE)

# %% [markdown] lang="en" holds="log.transactions['refunded'].sum() > log.account.set_index('reason').loc['no customer', 'money']"
# No switch is right by nature. Free goods add customers who never paid. Equal rows may be a page exported again, or two
# lipsticks scanned one by one. What was given back weighs most of all. Who gave it back?

# %%
taken_off = log.account["treatment"].str.startswith("taken off")
net = (log.transactions["net"] - log.transactions["refunded"]).sum()
lesson.compare("16.a", 100 * net / log.account.loc[~taken_off, "money"].sum())
report = crm.report.analyse(log)
customers = report.customers.set_index("customer_id")
customers.nlargest(3, "monetary")[["frequency", "monetary", "monetary_net", "abc", "abc_net", "zone"]]

# %% [markdown] lang="en" given="20" holds="customers.nlargest(1, 'monetary')['monetary_net'].iloc[0] < 0.1 * customers['monetary'].max(); customers.nlargest(1, 'monetary')['abc'].iloc[0] == 'A'"
# The best customer by *gross* sales, {{customers["monetary"].max():,.0f}} €, kept
# {{customers.nlargest(1, "monetary")["monetary_net"].iloc[0]:,.0f}} € of it (`abc` is the class by gross, `abc_net` by net sales). A list by gross sales sends a
# hamper to a typing error.
#
# ## Your turn
#
# **Exercise 16.2.** Take the 20 best customers by gross sales (`monetary`). Which share of their gross sales was given back?
#
# **Exercise 16.3.** By how much does net revenue fall, in €, when equal rows are dropped? Read the file again with
# `drop_duplicates=True`. Net revenue is `net` less `refunded`.

# %%
### BEGIN SOLUTION
best = customers.nlargest(20, "monetary")
given_back = 1 - best["monetary_net"].sum() / best["monetary"].sum()
### END SOLUTION
#: given_back = ...  # a share from 0 to 1
lesson.check("16.2", given_back)

# %%
### BEGIN SOLUTION
dropped = crm.read_transactions(FILE, drop_duplicates=True).transactions
fall = net - (dropped["net"] - dropped["refunded"]).sum()
### END SOLUTION
#: fall = ...  # in €
lesson.check("16.3", fall)

# %% [markdown] lang="en"
# ## Do: the course's methods
#
# They need four columns: customer, order, time, money. `analyse` has run them all. Who is in which
# zone, and do new customers come back?

# %%
crm.plots.zones(report.customers, currency=log.currency)

# %%
crm.plots.cohorts(report.cohorts)

# %% [markdown] lang="en"
# Skip the first row: the file begins there, so most who look new are old. Frozen begins at {{report.frozen_after}} days of silence here. Nobody chose that number: it was learned from the pauses in
# the file. The report also names whom to call: regulars who have never been silent for so long. `value_at_stake`: what each brought in a year.

# %%
columns = ["customer_id", "usual_gap_days", "longest_gap_days", "recency_days", "value_at_stake"]
report.calls[columns].head(4).round(0)

# %% [markdown] lang="en"
# ## Do: a test without truth
#
# Your file has no truth, but it has a yesterday. *Hide the last year*:
# describe customers as of a year ago, then open the year and see what each group really spent.

# %%
import pandas as pd

a_year_ago = report.as_of - pd.Timedelta(days=report.window_days)  # half of a short log
known = crm.features.rfm(log.transactions, as_of=a_year_ago).set_index("customer_id")
known["then"] = customers["spend_recent"]
known["days silent"] = pd.cut(known["recency_days"], [-1, 30, 60, 90, 120, 180, 366])
later = known.groupby("days silent", observed=True)["then"].agg(["size", "mean", "sem"])
later.round(1)

# %% [markdown] lang="en" given="6 10 twice" holds="report.window_days == 365; later['mean'].iloc[0] > 5 * later['mean'].iloc[-1]; later['mean'].iloc[-1] < 6 / (0.1 * lesson.data.profit_rate) < later['mean'].iloc[0]"
# Those who had ordered within a month spent {{later["mean"].iloc[0]:,.0f}} € in the year after, the longest silent
# {{later["mean"].iloc[-1]:,.0f}} €. `sem` is the standard error of a mean: where two means differ by less than twice as much,
# the table does not say which is larger.
#
# **Exercise 16.4.** The decision. A catalogue costs 6 € and adds 10% to the profit that its reader would have brought anyway.
# By the books, {{lesson.data.profit_rate:.0%}} of sales is profit, so it pays from
# {{6 / (0.10 * lesson.data.profit_rate):,.0f}} € of expected sales on. Today everybody in the file gets one. After how many days
# of silence should one get none? `check` tries your answer on another shop's messy file, whose truth it knows.

# %%
break_even = 6 / (0.10 * lesson.data.profit_rate) * report.window_days / 365  # sales of the window
### BEGIN SOLUTION
longest_silence = 90
### END SOLUTION
#: longest_silence = ...  # days
lesson.check("16.4", longest_silence)

# %% [markdown] lang="en"
# ## What this file can and cannot prove
#
# Whoever gets your list will not read this notebook. So a list travels with a *model card*: what went in, until when, and
# which choices were made (equal rows kept, returns taken off).

# %%
card = ["rows_read", "rows_used", "duplicate_rows", "first_date", "last_date", "frozen_after_days"]
pd.Series(report.summary)[card]

# %% [markdown] lang="en" given="100" holds="customers.nlargest(100, 'spend_before')['spend_recent'].sum() < customers.nlargest(100, 'spend_before')['spend_before'].sum()"
# And it says what the file cannot tell. It sees orders, not people: guests are missing, and a family shares a number. It sees
# sales, not profit. It cannot say who left, only who is silent. And its best do not stay so, by luck or by leaving: the 100 best of the year
# before spent {{1 - customers.nlargest(100, "spend_before")["spend_recent"].sum() / customers.nlargest(100, "spend_before")["spend_before"].sum():.0%}}
# less in the last one. What a catalogue *causes* stands in no log. That it adds a share was assumed; only an experiment can tell.
#
# ## Reveal: the practice file
#
# Your own file has none. This one has: the course has spoiled it itself.

# %%
lesson.data.export.dirt()

# %% [markdown] lang="en" given="19 3" holds="log.counts['duplicate_rows'] == lesson.data.export.truth['copy'].sum() + (lesson.data.export.truth.query('not copy')['kind'] == 'scanned').sum() // 2; lesson.data.export.truth['misread'].sum() > 0"
# Of the {{log.counts["duplicate_rows"]:,}} equal rows, {{lesson.data.export.truth["copy"].sum():,}} were a page exported again. The
# others were honest units. To keep all is wrong, to drop all is wrong, and the switch cannot tell them apart. Worse:
# of {{(lesson.data.export.truth["kind"] == "month_first").sum():,}} rows from a till that writes the month first, {{lesson.data.export.truth["misread"].sum():,}} now carry a wrong date (in the others the day
# gave it away, or equals the month), and the account is calm about it. Ask who made it.
#
# ## Now yours
#
# Put the path of your file where `FILE` is made, and run all again. What `read_transactions` has to be told, tell the
# explorer as well. Words, exercises and the reveal go on speaking of the practice file; tables and pictures speak of
# yours, and its customers' ids are text: `customers.loc["141"]`. Nothing leaves your machine. Or take it all in one command, as page, notebook and tables:
#
# `crmlab report my_orders.csv --drop-duplicates`
#
# ## Key ideas
#
# - Read a *transaction log* (交易流水) as it is; an account says where every row went.
# - *Data cleaning* (数据清洗) is deciding. Say what was decided and how much money hangs on it.
# - Rank by *net* (净额), not by *gross* (总额), or a typing error is your best customer.
# - Without truth, hide the last year: a *backtest* (回测) tries a rule on what it has not seen.
# - A *model card* (模型卡) goes with every list.
#
# References: Chen, Sain & Guo (2012), *Journal of Database Marketing* 19(3); Mitchell et al. (2019), *Model Cards for Model
# Reporting*, FAT*. Back to the start: [lesson 00](00_start_here.ipynb).
