# %% [markdown] lang="en" given="45"
# # Churn drivers
#
# **Why do online customers leave?** Your cosmetics shop on the web loses customers. The firm asks them why, the answers are
# on your manager's desk, and the plan is made: *late parcels drive people away; next year we spend on logistics.*
#
# They were asked, and they answered. What could be wrong with that? By the end you will know what the answers are worth
# and which of five remedies earns its money. (45 minutes.)

# %%
import crmlab as crm

lesson = crm.lesson("09")
run, lives, parcels = lesson.run, lesson.data.lives, lesson.data.orders
said = run.exit_survey["stated_reason"].value_counts(normalize=True)
said.round(3)

# %% [markdown] lang="en" given="half 180" holds="said.idxmax() == 'logistics'; len(lives) > 1000"
# ## Look: what they say, and how long they stay
#
# Who has ordered nothing for half a year gets the exit survey; {{len(run.exit_survey):,}} answered. The reasons are the textbook's
# *five factors* of online churn: **quality** of goods and `service` (fakes, goods below expectation), the **site** (slow,
# unclear, payment that feels unsafe), **logistics** (late, damaged, rude couriers), **after-sales** (disputed returns,
# nobody answers) and the **product line** (`assortment`: short and narrow). Then `price`, and `other`.
#
# `lives` follows everybody who joined in 2024 until 180 days of silence were full. Some are still there when the tables end; a
# *Kaplan–Meier* curve counts them for as long as they have been seen.

# %%
curve = crm.churn.kaplan_meier(lives["months"], lives["lost"])
crm.plots.survival(curve, what="not given up")

# %%
gone = crm.churn.cumulative_incidence(lives["months"], lives["reason"])
gone.iloc[-1].round(3)

# %% [markdown] lang="en" given="half 100" holds="crm.churn.survival_at(curve, 6.5).iloc[0] < 0.75; gone.iloc[-1]['no answer'] > 0.5"
# The cliff is made of people who ordered when they joined and then fell silent: half a year must pass before anybody can know.
# The table divides the lost by the reason they gave. Reasons *compete*: who has gone for one cannot go for another. And the
# great majority left without a word.
#
# ## Try: fix one thing, and live the year again
#
# Nobody can interview the silent. But this shop is simulated, so that the same people can live the same year again in a firm that
# does better. Guess first: of 100 who leave, how many would have stayed, had the firm done its best everywhere?

# %%
### BEGIN SOLUTION
guess = 70
### END SOLUTION
#: guess = ...  # from 0 to 100
lesson.predict("9.a", guess)

# %% [markdown] lang="en" given="1,000"
# The small shop began with 1,000 customers. Your manager's switch is on. Try each cause alone, then together; watch the money.

# %%
crm.explorers.churn_drivers.cause_switchboard(lesson.data.small)

# %%
hands = lesson.data.hands
lesson.compare("9.a", round(100 * (1 - hands)))

# %% [markdown] lang="en" holds="said['other'] < 0.5 * hands"
# {{hands:.0%}} leave whatever the firm does: people move, tastes change. In the survey, {{said["other"]:.0%}} say so: whoever is
# asked for a reason finds one.
#
# ## Do: what can the tables tell?
#
# No survey, then, but records. Do late parcels cost customers? Compare people who ever had one with people who never did.

# %%
people = parcels.groupby("customer_id").agg(late=("late", "any"), lost=("lost", "last"))
naive = people.groupby("late")["lost"].mean()
naive.round(3)

# %% [markdown] lang="en" holds="naive[True] < naive[False] - 0.1"
# Late parcels *keep* people? Of course not: who orders often has had a late parcel at some time, and has reasons to stay. The
# number of orders is a *confounder* (混杂因素). Ask parcel by parcel instead: is this the last one? That is a *hazard model* whose
# clock counts orders.

# %%
import numpy as np
import statsmodels.api as sm

columns = parcels[["late"]].assign(log_number=np.log(parcels["number"])).astype(float)
hazard = sm.Logit(parcels["lost"].astype(float), sm.add_constant(columns)).fit(disp=False)
odds = np.exp(hazard.conf_int().assign(ratio=hazard.params).set_axis(["low", "high", "odds_ratio"], axis=1))
odds.round(2)

# %% [markdown] lang="en" given="95 0.1" holds="odds.loc['late', 'low'] > 1; odds.loc['log_number', 'high'] < 1"
# With equally many orders behind them, the odds of leaving are {{odds.loc["late", "odds_ratio"]:.2f}} times as high after a late parcel
# (95%: {{odds.loc["late", "low"]:.2f}} to {{odds.loc["late", "high"]:.2f}}). So your manager has a point. But how large is it
# beside the others?
#
# Causes work together: who waited is lost sooner if nobody answers. So fix them in every possible sequence and take the mean of what
# each one keeps: its *Shapley value*. `alone` is fixed first, `last` after all others. The second table raises each lever by a
# step of 0.1 for a year. Is the largest cause the best one to work on?

# %%
table = lesson.data.causes
table[["kept", "standard_error", "share", "share_error", "alone", "last"]].round(3)

# %%
remedies = lesson.data.remedies
remedies[["cost", "gain", "profit", "kept", "per_euro"]].round(2)

# %% [markdown] lang="en" holds="table.loc['quality', 'alone'] > table.loc['quality', 'last']; lesson.data.compared['true'].drop('none of them').idxmax() == 'quality'; remedies['per_euro'].idxmax() == 'after_sales'; remedies.loc['quality', 'profit'] < 0; remedies.loc['logistics', 'profit'] < 0; set(remedies.index[-2:]) == {'quality', 'logistics'}"
# Shares add up to the whole: quality costs most customers, logistics {{table.loc["logistics", "share"]:.0%}} of all departures. By
# what a euro brings, the sequence is turned round. After-sales is paid for only where somebody complains; better goods and faster parcels are
# paid for every order, by people who would have stayed anyway. A wider line earns most: those who stay buy more.
#
# ## Your turn
#
# **Exercise 9.1.** Which share of those who joined in 2024 had not been given up after a year? (`crm.churn.survival_at`)
#
# **Exercise 9.2.** By how much is the share of `lost` higher after a late parcel than after one in time?

# %%
### BEGIN SOLUTION
still_there = crm.churn.survival_at(curve, 12).iloc[0]
### END SOLUTION
#: still_there = ...  # a share from 0 to 1
lesson.check("9.1", still_there)

# %%
### BEGIN SOLUTION
rate = parcels.groupby("late")["lost"].mean()
gap = rate[True] - rate[False]
### END SOLUTION
#: gap = ...  # a difference of two shares
lesson.check("9.2", gap)

# %% [markdown] lang="en"
# **Exercise 9.3.** Which reason in the survey can have driven nobody away in these two years? (`run.policy` lists what the firm did.)
#
# **Exercise 9.4.** `pair` says how many customers stay if only `after_sales` is fixed, only `quality`, or `both`. What is the Shapley
# value of after-sales between these two?

# %%
### BEGIN SOLUTION
reason = "price"
### END SOLUTION
#: reason = ...  # one of the reasons, in quotes
lesson.check("9.3", reason)

# %%
pair = lesson.data.together
### BEGIN SOLUTION
of_service = (pair.after_sales + pair.both - pair.quality) / 2
### END SOLUTION
#: of_service = ...  # a number of customers
lesson.check("9.4", of_service)

# %% [markdown] lang="en"
# **Exercise 9.5.** The decision. Against which causes does the firm take a step? `check` tries your plan in a shop that you have
# not seen, luck removed.

# %%
### BEGIN SOLUTION
plan = {"quality": False, "site": True, "logistics": False, "after_sales": True, "product_line": True}
### END SOLUTION
#: plan = {"quality": ..., "site": ..., "logistics": ..., "after_sales": ..., "product_line": ...}  # True or False
lesson.check("9.5", plan)

# %% [markdown] lang="en" given="thirds"
# ## On trial
#
# **“Two thirds leave because we do not care enough about them.”** Care is service, personal attention and after-sales. What do people
# say, and whom would perfect care have kept?

# %%
levers = {"care": ["service", "personal_care", "after_sales"]}
care = crm.recovery.causes(lesson.data.small, start=12, factors=levers, replications=3).loc["care"]
say_care = said[["service", "after_sales"]].sum()
care[["kept", "share", "share_error"]].round(3)

# %% [markdown] lang="en" holds="care['share'] < 0.4; table.loc['logistics', 'share'] < table.loc['quality', 'share']"
# {{say_care:.0%}} say so; perfect care would keep {{care["share"]:.0%}} of those who leave (standard error
# {{care["share_error"]:.1%}}). *Verdict: refuted here.* How strongly care
# binds is an input.
#
# **“Unmet needs are the most decisive cause of loss.”** All five causes together: {{1 - hands:.0%}}
# (standard error {{table["share_error"].iloc[-2]:.1%}}); for the rest no firm can do anything. *Verdict:
# conditional*, on what one calls a need. That satisfaction keeps people is an equation: **assumed**; how much, a result.
#
# **“Most firms lose customers through lagging logistics.”** That a late parcel hurts is **assumed**; how much of it there is, found:
# {{table.loc["logistics", "share"]:.0%}} of departures (standard error {{table.loc["logistics", "share_error"]:.1%}}), less than quality.
# *Verdict: conditional.*
#
# ## Reveal: what was true

# %%
compared = lesson.data.compared
crm.plots.stated_and_true(compared)

# %% [markdown] lang="en" holds="compared['stated'].drop('none of them').sum() > 2 * compared['true'].drop('none of them').sum(); said['price'] > 0.05; remedies.loc['logistics', 'profit'] < 0"
# The survey blames the firm for {{compared["stated"].drop("none of them").sum():.0%}}; the firm could have kept
# {{1 - hands:.0%}}. People name what is easy to name (*attribution bias*): {{said["price"]:.0%}} say price, which never moved.
#
# In money, a year of the small shop: your manager's step on logistics {{remedies.loc["logistics", "profit"]:+,.0f}} €; the steps that pay,
# taken together, {{remedies["profit"].clip(lower=0).sum():+,.0f}} €. Three years instead of one do not turn the sequence
# round.
#
# ## Key ideas
#
# - A stated reason (流失原因) is an answer, not a cause; the silent give none.
# - Compare like with like: number of orders first, then late or not.
# - *Survival* (生存曲线) counts those still there for as long as they have been seen.
# - *Shapley value*: the mean over all sequences in which causes (流失因素) are removed.
# - Rank remedies (对策) by what a euro brings, not causes by their size.
#
# References: Keaveney (1995), *Journal of Marketing*; Shapley (1953), *Contributions to the Theory of Games* II; Kaplan & Meier (1958), *Journal of
# the American Statistical Association*. Next: who is about to leave.
