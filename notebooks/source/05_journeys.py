# %% [markdown] lang="en" given="5 45 half"
# # Journeys
#
# **Whom do we wake?** Your manager has drawn a line in the calendar. Whoever has not ordered for half a year gets a parcel with
# samples and a kind letter, 5 € each. Nearly half of the file has crossed that line.
#
# Some of them never slept. Others left long before the line noticed. By the end you will have drawn a better one, and tried it on
# shops that you have not seen. (45 minutes.)

# %%
import crmlab as crm

lesson = crm.lesson("05")
run, people = lesson.run, lesson.data.people
people.sort_values("readiness", kind="stable").iloc[[0, 1, 2, -2, -1]]

# %% [markdown] lang="en" given="half"
# ## Look: eight stages
#
# The list holds customers and people who never bought. How far has each come? By rule: *imagined* (on the list),
# *expected* (has asked, and fits the portrait), *first deal*, *repeat* (two orders), *long-term* (four, over half a year),
# *advocate*, *strategic* (long-term, and brought two others), *partner*. The file knows nobody's
# purchases elsewhere and no partners, so two stages stay empty.

# %%
stage = crm.journeys.stages(people, long_term_days=180)
funnel = crm.journeys.funnel(stage)
display(funnel.round(2))
managed = crm.journeys.dimensions(run.transactions, as_of="2024-12-31")["figure"]
managed.round(2).to_frame().T

# %% [markdown] lang="en" given="half fifth"
# `reached` counts who came at least so far, `passed` their share of the stage before. Below are the four things that a firm
# manages, year by year. Of the newcomers {{managed["select"]:.0%}} spend like the best fifth of the old (*select*); there were
# {{managed["acquire"]:.2f}} for each old customer (*acquire*); {{managed["keep"]:.0%}} of the old came again (*keep*) and spent
# {{managed["extend"]:.2f}} times as much (*extend*).
#
# Now let half a year pass. What does the picture do when you show who is asleep?

# %%
crm.explorers.journeys.stage_flow(run.transactions)

# %% [markdown] lang="en" given="half"
# How far will a first deal go? Take the moves of half a year, with their intervals, and let them go on for ever: a *Markov chain*.
# Once as they are, once with sleep as an end.

# %%
import pandas as pd

then, now = lesson.data.earlier, lesson.data.customers_table
steps = ["first deal", "repeat", "long-term"]
moves = crm.grading.transitions(then["stage"], now["stage"], states=steps)
awake = [table["stage"].astype(str).where(table["sleep"] != "asleep", "asleep") for table in (then, now)]
with_sleep = crm.grading.transitions(*awake, states=[*steps, "asleep"])
blind = crm.journeys.chain(moves, goals=["long-term"]).reaches
seeing = crm.journeys.chain(with_sleep, goals=["long-term"], ends=["asleep"]).reaches
fell = with_sleep.loc[("first deal", "asleep")]
pd.DataFrame({"stages alone": blind, "sleep ends it": seeing}).loc[steps].round(2)

# %% [markdown] lang="en" given="half" holds="blind['first deal'] > 0.99; 0.15 < seeing['first deal'] < 0.45; 0.4 < (now['recency_days'] > 180).mean() < 0.5"
# Stages alone promise that every first deal becomes long-term. Nobody writes a letter when leaving, so in this table nobody
# leaves: *unobserved churn*. With sleep as an end it is {{seeing["first deal"]:.0%}}; in half a year {{fell["share"]:.0%}}
# ({{fell["low"]:.0%}} to {{fell["high"]:.0%}}) of first deals fell asleep.
#
# Cohorts follow everybody who began in one month.

# %%
retention = crm.features.cohort_retention(run.transactions, as_of="2025-12-31")
months = run.transactions["ts"].dt.to_period("M").astype(str)
ordered = pd.crosstab(run.transactions["customer_id"], months) > 0
first = ordered[ordered["2024-01"]]
july = {"everybody": first["2024-07"].mean(), "survivors": first.loc[first["2025-12"], "2024-07"].mean()}
crm.plots.cohorts(retention)

# %% [markdown] lang="en" given="100 180" holds="july['survivors'] > 1.2 * july['everybody']"
# Do not ask those who are still here how loyal people are. Of all who ordered in January 2024,
# {{july["everybody"]:.0%}} ordered in July; of those who still ordered in December 2025, {{july["survivors"]:.0%}} had.
# That is *survivorship*.
#
# ## Try: where does sleep begin?
#
# Go back to 30 June 2025. Guess: of 100 customers silent for more than 180 days, how many ordered again by the end of the year?

# %%
### BEGIN SOLUTION
guess = 30
### END SOLUTION
#: guess = ...  # from 0 to 100
lesson.predict("5.a", guess)

# %%
crm.explorers.journeys.sleep_thresholds(then)

# %% [markdown] lang="en"
# The level line is the calendar, the slanting one each customer's own rhythm. (The column of dots bought on one day only, and borrow
# the typical pause.) Make both bars equally high. Which line wakes fewer who would have come anyway?

# %%
lesson.compare("5.a", round(100 * then.loc[then["recency_days"] > 180, "came"].mean()))
gaps = crm.features.order_gaps(run.transactions, as_of="2025-06-30")
limits = crm.journeys.sleep_limits(gaps, shares=(0.8, 0.95, 0.99))
table = then.reset_index()
depths = {
    "calendar": crm.journeys.sleep_depth(table, fixed=[60, 120, 180]),
    "own rhythm": crm.journeys.sleep_depth(table, limits=limits),
}
came = {name: table.groupby(depth, observed=True)["came"].mean() for name, depth in depths.items()}
silence = table["recency_days"] / table["usual_days"]
as_many = table.loc[silence.nlargest((depths["calendar"] == "asleep").sum()).index, "came"].mean()
pd.DataFrame(came).round(3)

# %% [markdown] lang="en" given="half 80 95 99" holds="came['own rhythm']['asleep'] < came['calendar']['asleep'] - 0.01; abs(as_many - came['calendar']['asleep']) < 0.03"
# *Dozing*, *half asleep*, *asleep*: after silences that 80, 95 and 99% of pauses never reach. Of those asleep by their own rhythm,
# {{came["own rhythm"]["asleep"]:.1%}} came again; by the calendar, {{came["calendar"]["asleep"]:.1%}}. But the
# calendar puts more to sleep. With equal bars it is {{as_many:.1%}}: bare days tell nearly as well *whether* somebody is gone.
# The reveal will show what rhythm adds.
#
# ## Your turn
#
# **Exercise 5.1.** Of those who came as far as a first deal, which share came to a repeat order?
#
# **Exercise 5.2.** How many customers in `now` are asleep by the calendar (`sleep_fixed`), but not by their own rhythm
# (`sleep`)?

# %%
### BEGIN SOLUTION
repeated = funnel.loc["repeat", "reached"] / funnel.loc["first deal", "reached"]
### END SOLUTION
#: repeated = ...  # a share from 0 to 1
lesson.check("5.1", repeated)

# %%
### BEGIN SOLUTION
slow = ((now["sleep_fixed"] == "asleep") & (now["sleep"] != "asleep")).sum()
### END SOLUTION
#: slow = ...  # a number of customers
lesson.check("5.2", slow)

# %% [markdown] lang="en"
# Those who never bought are of three kinds: *quasi* lack nothing, *refusing* lack something, *unexplored* nobody has reached. Three
# distances, three policies: remove what stands between, change the product, go and look.
#
# **Exercise 5.3.** Of those who refuse, which share lacks the ability to pay, alone or not (column `lacks`)?

# %%
kinds = crm.journeys.non_customers(run.prospects)
display(kinds["kind"].value_counts().to_frame().T)
### BEGIN SOLUTION
refusing = kinds[kinds["kind"] == "refusing"]
cannot_pay = refusing["lacks"].str.contains("ability_to_pay").mean()
### END SOLUTION
#: cannot_pay = ...  # a share from 0 to 1
lesson.check("5.3", cannot_pay)

# %% [markdown] lang="en" given="5"
# **Exercise 5.4.** The decision. Write a rule that takes a table like `now` and returns the ids of those who get a parcel, 5 € each.
# Of those who have left, {{lesson.data.waking.reindex(now.index).query("left")["chance"].mean():.0%}} come back upon it, the sooner
# the likelier; who has not left is glad of the samples and orders as before. `check` counts a year's profit in shops with other
# people.


# %%
def whom_to_wake(customers):
    ### BEGIN SOLUTION
    silent = customers["sleep"] >= "dozing"
    return customers.index[silent & (customers["monetary"] > 150)]
    ### END SOLUTION
    #: return ...  # ids, such as customers.index[customers["sleep_fixed"] == "asleep"]


lesson.check("5.4", whom_to_wake)

# %% [markdown] lang="en"
# ## On trial
#
# **“Follow up too often and the customer is annoyed; too rarely, and the customer forgets you.”** First the
# idea, then the firm's record.

# %%
crm.explorers.journeys.follow_up_cadence()

# %%
record = lesson.data.follow_ups
seen = crm.journeys.response_by_follow_ups(record["follow_ups"], record["ordered"], most=5)
cadence = lesson.data.cadence
seen.round(3)

# %% [markdown] lang="en" given="5" holds="seen.loc[0, 'share'] < 0.6 * seen.loc[2:, 'ordered'].sum() / seen.loc[2:, 'people'].sum(); seen.loc[5, 'share'] > 2 * seen.loc[0, 'share']; cadence.idxmax() in (2, 3); cadence[5] < cadence.max()"
# Of those called 5 times or more {{seen.loc[5, "share"]:.0%}} ordered, of those never called
# {{seen.loc[0, "share"]:.0%}}. But the firm calls those who ask, and they were keen before. Had everybody who asked been given the
# same number of calls, {{cadence.idxmax()}} would have been best: {{cadence.max():.0f}} orders, against {{cadence[0]:.0f}} without
# a call and {{cadence[5]:.0f}} with 5. *Verdict: assumed.* Both forces are equations of this world; that the record hides the turn
# is a result.
#
# **“Not everyone who bought is a core customer; only who also brings others is strategic.”**

# %%
truth = run.world.expected(from_month=24, horizon=12, replications=8)["expected_value"]
brought = run.customers.dropna(subset="referrer_id").set_index("customer_id")["referrer_id"]
through = truth.reindex(brought.index).groupby(brought).sum().reindex(now.index, fill_value=0)
worth = pd.DataFrame({"own": truth.reindex(now.index), "of those brought": through})
left = lesson.data.waking["left"].reindex(now.index)
worth = worth.groupby(stage[now.index].cat.remove_unused_categories()).mean()
worth.assign(left=left.groupby(stage[now.index].cat.remove_unused_categories()).mean()).round(2)

# %% [markdown] lang="en" holds="worth.loc['first deal', 'own'] < 0.2 * worth.loc['long-term', 'own']; worth.loc['strategic'].sum() > 1.4 * worth.loc['long-term'].sum()"
# A coming year, in true profit: {{worth.loc["first deal", "own"]:.0f}} € after a first deal, {{worth.loc["long-term", "own"]:.0f}} €
# when long-term. *Verdict: confirmed.* The strategic bring {{worth.loc["strategic", "own"]:.0f}} € themselves and
# {{worth.loc["strategic", "of those brought"]:.0f}} € through others. *Verdict: conditional*: they are
# {{(stage == "strategic").sum()}} people.
#
# ## Reveal: what was true
#
# We know on which day each customer left, and what a parcel to each would bring.

# %%
waking = lesson.data.waking.reindex(now.index)
net = waking["gain"] - 5
lists = {
    "the calendar": now["sleep_fixed"] == "asleep",
    "calendar and money": (now["sleep_fixed"] == "asleep") & (now["monetary"] > 150),
    "own rhythm": now["sleep"] == "asleep",
    "rhythm and money": (now["sleep"] >= "dozing") & (now["monetary"] > 150),
    "the truth": net > 0,
}
rows = {name: [len(net[on]), (~left[on]).sum(), 5 * (net[on] < 0).sum(), net[on].sum()] for name, on in lists.items()}
earned = pd.DataFrame(rows, index=["parcels", "not gone", "wasted, €", "earned, €"]).T.astype(int)
display(left.groupby(now["sleep"]).mean().round(2).rename("truly gone").to_frame().T)
earned

# %% [markdown] lang="en" given="half 14 55" holds="earned.loc['rhythm and money', 'earned, €'] > 1.4 * earned.loc['the calendar', 'earned, €']; earned.loc['rhythm and money', 'earned, €'] > 1.1 * earned.loc['calendar and money', 'earned, €'] > 1.1 * earned.loc['the calendar', 'earned, €']; 0.1 < left[now['stage'] == 'long-term'].mean() < 0.35; lesson.data.noticed['own rhythm'] < 0.85 * lesson.data.noticed['calendar']"
# Of the calendar's parcels, {{earned.loc["the calendar", "not gone"]:,}} went to people who had not left. Quick customers (who
# paused for two weeks at most) had been gone for {{lesson.data.noticed["calendar"]:.0f}} days when it noticed; their own
# rhythm noticed after {{lesson.data.noticed["own rhythm"]:.0f}}. That is what rhythm adds: time, while a return is still likely.
#
# The calendar earns {{earned.loc["the calendar", "earned, €"]:,}} €, with an eye on money
# {{earned.loc["calendar and money", "earned, €"]:,}} €; rhythm and money {{earned.loc["rhythm and money", "earned, €"]:,}} €, though many
# of these only doze: being early is worth more than being sure. And {{left[now["stage"] == "long-term"].mean():.0%}} of the long-term
# customers were gone. A stage says how far somebody came, not whether they are still there.
#
# **“Whom to wake is a matter of analysis, not of gut.”** *Verdict: confirmed*, with two columns that every shop has. The
# truth would have earned {{earned.loc["the truth", "earned, €"]:,}} €.
#
# ## Key ideas
#
# - *Eight stages* (客户形成八个阶段): rules, with thresholds that you can state.
# - Leaving leaves no record; give it a state of its own, or every journey ends well.
# - *Dozing, half asleep, asleep* (瞌睡、半睡、沉睡客户): against each one's own rhythm.
# - *Quasi, refusing, unexplored* (准非客户、拒绝型非客户、从未探知的客户) need three policies.
# - *Follow-up frequency* (跟进频率): only contacts given at random show what one more would do.
#
# References: Pfeifer & Carraway (2000), *Journal of Interactive Marketing* 14; Ascarza (2018), *Journal of Marketing Research* 55. Next:
# what makes them loyal.
