# %% [markdown] lang="en" given="45"
# # Complaints and recovery
#
# **What does silence cost?** The quarterly report has a green arrow: complaints are down. The board is pleased and sets a
# target for the service desk: *halve them by Christmas.* It would be easy. A form with more fields, a number that is harder to
# find.
#
# Before you say yes, find out whether a complaint is a cost, or the part of a cost that you can see. By the end you will
# have set a budget for the opposite, and it will have been tried in a shop you have never seen. (45 minutes.)

# %%
import crmlab as crm

lesson = crm.lesson("07")
run = lesson.run
run.tickets[["customer_id", "order_id", "opened_ts", "closed_ts", "reason", "outcome"]].head()

# %% [markdown] lang="en" given="half"
# ## Look: a quiet desk
#
# A line is a complaint, and `outcome` how it ended: *quick* means settled within a day, *satisfied* settled later. In two years
# there were {{len(run.tickets):,}}, from {{len(run.transactions):,}} orders.
#
# `lesson.data.orders` has a line for each order: whether it was `late`, whether anybody `complained`, the `path` it took
# (*silent*: late, and no word), and whether the customer `came` again within half a year.

# %%
orders = lesson.data.orders
quarters = orders.groupby(orders["ts"].dt.to_period("Q"))[["late", "complained"]].mean()
(1_000 * quarters).round(1).rename_axis("per 1,000 orders")

# %% [markdown] lang="en" given="100" holds="(quarters['late'] > 8 * quarters['complained']).all()"
# Two columns, and the first one never reached the board. The deliveries know every late parcel, whether or not
# anybody said a word.
#
# ## Try: how much ice?
#
# Guess before you count: of 100 late parcels, how many led to a complaint?

# %%
### BEGIN SOLUTION
guess = 20
### END SOLUTION
#: guess = ...  # from 0 to 100
lesson.predict("7.a", guess)

# %%
crm.explorers.complaints_and_recovery.iceberg(len(run.tickets), problems=4_000)

# %% [markdown] lang="en" given="4,000"
# Set the first control to your guess. Then suppose that there are 4,000 *problems*, hold them fixed and move it again: nothing gets
# better or worse, and the desk drowns or falls asleep.

# %%
late = orders[orders["late"]]
lesson.compare("7.a", 100 * late["complained"].mean())
everything = crm.loyalty.iceberg(len(run.tickets), asked=len(late), complained=late["complained"].sum())

# %% [markdown] lang="en" holds="late['complained'].mean() < 0.08; everything.low > 2000"
# {{late["complained"].mean():.1%}}. If people with a damaged bottle speak up as readily as people with a late parcel, then
# {{len(run.tickets):,}} complaints stand for {{everything.value:,.0f}} problems, between {{everything.low:,.0f}} and
# {{everything.high:,.0f}}. That is the *iceberg*: what you can see, used to weigh what you cannot.
#
# ## Do: what does silence do?
#
# Silence would be golden if the silent came back. Compare each path with theirs: the column `gain` is the difference in the
# share that ordered again.

# %%
known = orders.dropna(subset=["path", "came"])
recovery = crm.loyalty.recovery_effect(known["path"], known["came"] == 1)
recovery[["share", "gain", "gain_low", "gain_high", "customers"]].round(3)

# %% [markdown] lang="en" given="hundred 3" holds="recovery.loc['no problem', 'gain_low'] > 0.01; recovery.drop(['no problem', 'silent'])['customers'].max() < 150; (recovery['gain_high'] - recovery['gain_low'])['quick'] > 0.08"
# Without a problem, {{100 * recovery.loc["no problem", "gain"]:.1f}} more of a hundred come again, and that
# interval is narrow. The other lines tempt: is *quick* better than *satisfied*? With
# {{recovery.loc["quick", "customers"]:.0f}} in one group and {{recovery.loc["satisfied", "customers"]:.0f}} in the other the
# intervals swallow any story. A desk that hears so little cannot even learn what it is worth.
#
# What are people cross about, and how soon are they answered? Reviews of 3 stars or fewer give reasons. Of the tickets, those
# still open count as waiting.

# %%
bad = lesson.data.bad_reviews
waiting = crm.loyalty.hours_open(run.tickets, as_of="2025-12-31")
answered = crm.loyalty.answered_within(waiting["hours"], waiting["answered"], within=24)
crm.loyalty.cause_shares(bad["causes"], customers=bad["customer_id"]).round(3)

# %% [markdown] lang="en" given="35 half 6 24 1 1,000" holds="crm.loyalty.cause_shares(bad['causes'])['share'].sum() > 1.1; 0.2 < answered.value < 0.5"
# The shares add up to {{crm.loyalty.cause_shares(bad["causes"])["share"].sum():.0%}}: a review may have several causes. `mentions`
# adds up to 1. Both are true, of different things.
#
# Of the complaints, {{answered.value:.0%}} were closed within 24 hours. Two budgets could change the picture. One buys ears: a
# card, a message, a call after the order. We assume that each 35 cents an order make half of those still silent speak. The other
# buys hands: 6 € a complaint today; more money, more quick settlements. Here is a year of a shop that began with 1,000
# customers, had it always been run that way.

# %%
crm.explorers.complaints_and_recovery.recovery_budget(lesson.data.desk)

# %% [markdown] lang="en"
# ## Your turn
#
# **Exercise 7.1.** Which share of the customers with a late parcel kept silent?
#
# **Exercise 7.2.** How many problems stand behind the complaints about parcels that came *in time*?

# %%
### BEGIN SOLUTION
quiet_share = 1 - late["complained"].mean()
### END SOLUTION
#: quiet_share = ...  # a share from 0 to 1
lesson.check("7.1", quiet_share)

# %%
### BEGIN SOLUTION
hidden = (orders["complained"] & ~orders["late"]).sum() / late["complained"].mean()
### END SOLUTION
#: hidden = ...  # a number of problems
lesson.check("7.2", hidden)

# %% [markdown] lang="en"
# **Exercise 7.3.** In which share of the bad reviews that give a reason is logistics among the causes?

# %%
### BEGIN SOLUTION
named = crm.loyalty.cause_shares(bad["causes"]).loc["logistics", "share"]
### END SOLUTION
#: named = ...  # a share from 0 to 1
lesson.check("7.3", named)

# %% [markdown] lang="en"
# **Exercise 7.4.** The decision. The desk's budget stays as it is. How much do you spend on asking, in € an order? `check` tries it on another shop, luck
# removed.

# %%
### BEGIN SOLUTION
asking = 0.60
### END SOLUTION
#: asking = ...  # € an order; 0 is what the firm does now
lesson.check("7.4", asking)

# %% [markdown] lang="en" given="8"
# ## On trial
#
# **“Whoever is asked first stays responsible, and complaints are settled fast.”** A desk of two, 8 cases an hour, each with
# a chance of being passed on to a colleague. Minutes until a case is settled:

# %%
import pandas as pd

minutes = {}
for chance in [0.0, 0.1, 0.2]:
    cases = crm.loyalty.service_desk(cases_per_hour=8, minutes_per_case=11, agents=2, handover_chance=chance)
    minutes[chance] = 60 * (cases["finished"] - cases["arrived"]).mean()
pd.Series(minutes, name="minutes").rename_axis("handovers").round(0)

# %% [markdown] lang="en" given="quarter 25 90 98 half hundred" holds="minutes[0.2] > 2 * minutes[0.0]; 0.2 < crm.loyalty.cause_shares(bad['causes'])['share']['logistics'] < 0.36; recovery.loc['silent', 'share'] > 0.8; 0.75 < everything.value / len(run.truth.problems) < 1.33"
# Pass on one in five, and a case takes {{minutes[0.2] / minutes[0.0]:.1f}} times as long: work grows by a quarter, the line
# by far more. *Verdict: conditional.* At an idle desk a hand-over costs only its own time. That fast answers please is an
# equation of this world: **assumed**.
#
# **“25% of bad reviews come from logistics.”** It is named in
# {{crm.loyalty.cause_shares(bad["causes"]).loc["logistics", "share"]:.0%}} of them, noted as *the* cause in
# {{(bad["coded_cause"] == "logistics").mean():.0%}}, and {{crm.loyalty.cause_shares(bad["causes"]).loc["logistics", "mentions"]:.0%}} of all causes named. *Verdict: conditional*, on who counts what;
# how many parcels are late is an input.
#
# **“90 to 98% of the dissatisfied never complain; they switch.”** {{1 - late["complained"].mean():.0%}} kept
# silent: **assumed**, from published studies. That they switch is a matter of fact: {{recovery.loc["silent", "share"]:.0%}}
# ordered again within half a year, against {{recovery.loc["no problem", "share"]:.0%}} where nothing went wrong. *Verdict: conditional.*
# A few in a hundred go because of it.
#
# ## Reveal: what was true
#
# There were {{len(run.truth.problems):,}} problems; you said {{everything.value:,.0f}}.
# {{(run.truth.problems["voice"] == "front_line").mean():.0%}} were told to somebody, a driver, a voice on the telephone, and
# nobody wrote it down.
#
# Here is your shop again, same people, same luck, where customers have always been asked:
# {{len(lesson.data.asked_run.tickets):,}} complaints. The board would be horrified.

# %%
loud = lesson.data.asked_orders.dropna(subset=["path", "came"])
settled = crm.loyalty.recovery_effect(loud["path"], loud["came"] == 1)
felt = lesson.data.felt
settled[["share", "gain", "gain_low", "gain_high", "customers"]].round(3)

# %% [markdown] lang="en" given="hundred 19 20" holds="settled.loc['quick', 'gain_low'] > 0; abs(settled.loc['no problem', 'share'] - settled.loc['quick', 'share']) < 0.03; settled.loc['unsatisfied', 'gain_low'] < 0; lesson.data.desk.loc[0.5, 'profit'].iloc[-1] > 1.03 * lesson.data.desk.loc[0.5, 'profit'].iloc[0]; felt.loc['quick', 'satisfaction'] > felt.loc['no problem', 'satisfaction']"
# Now there is something to see. Quickly settled, a problem is as if it had not been; left unsettled, it cannot be told from
# silence. Does a good recovery win more than no mistake, the *recovery paradox*? Satisfaction was higher, truly,
# {{felt.loc["quick", "satisfaction"]:.2f}} against {{felt.loc["no problem", "satisfaction"]:.2f}}; in orders the two are level, to
# within three in a hundred. That was set to published studies: **assumed**.
#
# What silence costs: in the explorer's small shop, hearing 19 problems of 20 is worth
# {{lesson.data.desk.loc[0.5, "profit"].iloc[-1] - lesson.data.desk.loc[0.5, "profit"].iloc[0]:,.0f}} € a year,
# {{lesson.data.desk.loc[0.5, "profit"].iloc[-1] / lesson.data.desk.loc[0.5, "profit"].iloc[0] - 1:.0%}} of its profit, before
# the asking is paid. One table is left, for the board.

# %%
segment = run.truth.traits.set_index("customer_id")["segment"].reindex(orders["customer_id"]).to_numpy()
trouble = orders.index.isin(run.truth.problems["order_id"])
table = orders.assign(problems=trouble).groupby(segment, observed=True)[["problems", "complained"]].mean()
(1_000 * table).round(1).rename_axis("per 1,000 orders")

# %% [markdown] lang="en" given="10" holds="table['complained'].idxmin() == 'occasional'; table['problems'].max() < 1.2 * table['problems'].min(); table['complained'].max() > 1.8 * table['complained'].min()"
# Four kinds of customers, nearly the same trouble. The occasional ones complain
# {{table.loc["occasional", "complained"] / table["complained"].max():.0%}} as often as the loudest. Judge by complaints, and you
# would call them your happiest. The quiet are not the content.
#
# ## Key ideas
#
# - A complaint rate (投诉率) measures who speaks; do not reward a desk for silence.
# - *Iceberg*: complaints ÷ the share who complain (不满意客户投诉比例), with its interval.
# - *Service recovery* (补救) works when it is quick; ask first, then settle.
# - First asked is responsible (客户首问负责制): hand-overs cost most at a busy desk.
# - Say whether you count reviews, causes or codes.
#
# References: TARP (1986), *Consumer Complaint Handling in America*; de Matos, Henrique & Rossi (2007), *Journal of Service Research* 10. Next: what a customer is
# worth.
