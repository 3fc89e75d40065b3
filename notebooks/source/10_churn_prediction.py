# %% [markdown] lang="en" given="300 3 45 twice"
# # Churn prediction
#
# **Who is about to leave, and whom do we call?** Twice a year your team can call up to 300 customers who are about to
# fall silent. A call costs 3 €. Your manager has bought a model and says: *call the 300 with the highest risk.*
#
# The model is a good one. The list is not. By the end you will have built the first, mended the second, and caught a
# column that knew the future. (45 minutes.)

# %%
import crmlab as crm

lesson = crm.lesson("10")
orders = lesson.run.transactions


def customers_at(as_of):
    table = crm.features.activity(orders, as_of=as_of, windows=(30, 90, 180, 365))
    table["order_value"] = table["spend_365d"] / table["orders_365d"]
    return table[table["days_since_last"] < 180].set_index("customer_id")


summer = customers_at("2025-06-30")
summer[["days_since_last", "orders_90d", "orders_365d", "spend_365d", "order_value"]].head()

# %% [markdown] lang="en" given="180 half"
# ## Look: what is leaving?
#
# Nobody sends this shop a letter of notice. So we decide on a question that the log can answer: of those who ordered in the
# half-year up to a *cut-off* (30 June 2025), who orders *nothing in the 180 days after it*? Columns look back from the
# cut-off, the label looks forward. That is the whole art.


# %%
def fell_silent(as_of, customers):
    labels = crm.features.label_windows(orders, as_of=as_of, horizon=180).labels
    return ~labels.set_index("customer_id").loc[customers.index, "stayed"]


silent_summer = fell_silent("2025-06-30", summer)
crm.plots.leaving_by(summer["days_since_last"], silent_summer, what="fell silent")

# %% [markdown] lang="en" given="90 100 half" holds="silent_summer[summer['days_since_last'] > 150].mean() > 0.4"
# Of {{len(summer):,}} customers, {{silent_summer.mean():.0%}} fell silent. The longer nothing was heard from somebody, the
# likelier it stays so: the oldest rule of the trade, and not a bad one.
#
# ## Try: how wrong is the old rule?
#
# Many shops give up on whoever has been silent for 90 days. Guess before you look: of 100 such customers, how many order
# again within the half-year?

# %%
### BEGIN SOLUTION
guess = 20
### END SOLUTION
#: guess = ...  # from 0 to 100
lesson.predict("10.a", guess)

# %%
named = summer["days_since_last"] > 90
lesson.compare("10.a", 100 * (1 - silent_summer[named].mean()))

# %% [markdown] lang="en" given="half" holds="0.25 < 1 - silent_summer[named].mean() < 0.6"
# Silence is not departure: a rare buyer is silent most of the time. A model can know that, if it is shown how often
# people ordered before.
#
# ## Do: learn from one half-year, be tested on the next
#
# We learn from the customers at the end of 2024, whose half-year was over by June, and test on those of June.

# %%
winter = customers_at("2024-12-31")
silent_winter = fell_silent("2024-12-31", winter)
model = crm.churn.customer_pipeline(winter).fit(winter, silent_winter)

# %%
import pandas as pd

risk = pd.Series(model.predict_proba(summer)[:, 1], index=summer.index)
ranked = {"silence": summer["days_since_last"], "model": risk}
pd.DataFrame({name: crm.churn.auc(silent_summer, score)._asdict() for name, score in ranked.items()}).T.round(3)

# %% [markdown] lang="en" given="95 30" holds="crm.churn.auc(silent_summer, risk).low > crm.churn.auc(silent_summer, summer['days_since_last']).high - 0.02"
# Show the model one customer who fell silent and one who did not: it gives the higher risk to the right one in
# {{crm.churn.auc(silent_summer, risk).estimate:.0%}} of pairs, the days of silence alone in
# {{crm.churn.auc(silent_summer, summer["days_since_last"]).estimate:.0%}}. That is the *area under the ROC curve* (columns
# `low` and `high`: its 95% interval). Ranking is not enough for money, though. When the model says 30%, do 30% fall silent?

# %%
crm.plots.leaving_calibration(crm.churn.calibration(silent_summer, risk), what="fell silent")

# %% [markdown] lang="en" given="twice"
# Near enough to the diagonal to calculate with. Now with money. A call wakes some of those who
# would have fallen silent; who is woken orders twice. Choose who comes first on the list, then how many to call, and
# watch where the curve is highest.

# %%
order_profit = lesson.data.profit_rate * summer["order_value"]
crm.explorers.churn_prediction.threshold(
    silent_summer, days=summer["days_since_last"], risk=risk, order_profit=order_profit
)

# %% [markdown] lang="en"
# Two mistakes, two prices. The *error rate* is the share of the called who would have ordered anyway, the *miss rate* the
# share of the leavers who were not called. A longer list trades one for the other; money says when to stop.
#
# **Too good.** A colleague joins the export of the customer database to your table, and the model improves. Go through its
# columns: which one foretells, and which one knows?

# %%
export = lesson.data.export
crm.explorers.churn_prediction.leak_or_not(export, silent_summer)

# %%
audit = crm.churn.audit_leakage(
    export, silent_summer, as_of="2025-06-30", available={"tier": "2025-12-31", "win_back_mails": "2025-12-31"}
)
audit[["suspect", "kind", "power"]].round(2)

# %% [markdown] lang="en" given="30 90" holds="audit.loc['win_back_mails', 'power'] > 0.95; audit.loc[['tier', 'win_back_mails'], 'suspect'].all(); not audit.loc[['channel', 'region'], 'suspect'].any()"
# The export was made today. *We miss you* is mailed to whoever has been silent for long, so the mails of autumn tell who
# fell silent in summer; on 30 June there were none to learn from. That is *target leakage*. The tier gives no alarm by its
# numbers and is just as late: no statistic replaces the question *when is this filled?*
#
# ## Your turn
#
# **Exercise 10.1.** What is the error rate of the rule “silent for more than 90 days”? (`crm.churn.error_and_miss`)

# %%
### BEGIN SOLUTION
in_vain = crm.churn.error_and_miss(silent_summer, named).error_rate
### END SOLUTION
#: in_vain = ...  # a share from 0 to 1
lesson.check("10.1", in_vain)

# %% [markdown] lang="en" given="300"
# **Exercise 10.2.** What is the miss rate of the list of the 300 highest risks?
#
# **Exercise 10.3.** Which column of the export ranks best, and is worth nothing on the day of the decision?

# %%
### BEGIN SOLUTION
listed = summer.index.isin(risk.nlargest(300).index)
missed = crm.churn.error_and_miss(silent_summer, listed).miss_rate
### END SOLUTION
#: missed = ...  # a share from 0 to 1
lesson.check("10.2", missed)

# %%
### BEGIN SOLUTION
column = "win_back_mails"
### END SOLUTION
#: column = ...  # the name of a column, in quotes
lesson.check("10.3", column)

# %% [markdown] lang="en" given="300 3 twice"
# **Exercise 10.4.** The decision, on the last day of 2025. Write a rule that takes a table like `summer`, with two more
# columns: `risk`, and `order_profit`, what one order of the customer brings. It returns the ids of at most 300 to call. A
# call costs 3 € and wakes three in ten of those who would fall silent and have not left for good; who is woken orders
# twice. `check` tries your rule on shops with other people.


# %%
def whom_to_call(customers):
    ### BEGIN SOLUTION
    expected = 0.3 * customers["risk"] * 2 * customers["order_profit"]
    return expected[expected > 3].nlargest(300).index
    ### END SOLUTION
    #: return ...  # ids, such as customers.nlargest(300, "risk").index


lesson.check("10.4", whom_to_call)

# %% [markdown] lang="en"
# ## On trial
#
# **“The lower the error rate, the better the model; if it is high, the model cannot be used.”** We lengthen one and the
# same list. If the claim were true, the shortest list would be worth most.

# %%
worth = 0.3 * 2 * order_profit * risk


def of_list(calls):
    called = risk.index.isin(worth.nlargest(calls).index)
    rates = crm.churn.error_and_miss(silent_summer, called)
    earned = crm.churn.list_value(silent_summer, called, benefit=0.6 * order_profit, cost=3)
    return {"calls": calls, "error rate": rates.error_rate, "miss rate": rates.miss_rate, "profit": earned}


trial = pd.DataFrame([of_list(calls) for calls in (10, 50, 150, 300, 600, 1_200)])
riskiest_found = silent_summer.loc[risk.nlargest(300).index].sum() / silent_summer.sum()
trial.round(2)

# %% [markdown] lang="en" holds="trial['profit'].idxmax() > 1; trial['error rate'].iloc[int(trial['profit'].idxmax())] > 0.3; trial['miss rate'].is_monotonic_decreasing"
# *Verdict: refuted.* The most profitable of these lists has {{trial["calls"].iloc[int(trial["profit"].idxmax())]:,}} names
# and an error rate of {{trial["error rate"].iloc[int(trial["profit"].idxmax())]:.0%}}. A model that names one
# sure case has none at all. What an error costs decides, and here it costs a cheap call.
#
# **“The miss rate is the share of leavers that were predicted; the lower, the fewer were overlooked.”** The list of exercise
# 10.2 found {{riskiest_found:.0%}} of them and overlooked {{1 - riskiest_found:.0%}}. Lower is
# better for the second number only. *Verdict: refuted as printed*: the formula is that of the share found, *recall*.
#
# ## Reveal: what was true
#
# Because the shop is simulated we know each customer's true chance of silence in June, and who had left for good.

# %%
from crmlab.exercises.lesson_10 import chance_of_silence

truth = chance_of_silence(lesson.run, summer.index, month=18)
riskiest = truth.loc[risk.nlargest(300).index]
ceiling = crm.churn.auc(silent_summer, truth["chance"])
pd.crosstab(truth["gone"], silent_summer.rename("fell silent"))

# %% [markdown] lang="en" given="300 half 6 218" holds="riskiest['gone'].mean() > 1.5 * truth['gone'].mean(); ceiling.estimate > crm.churn.auc(silent_summer, risk).high; truth['gone'][silent_summer].mean() < 0.8"
# Somebody who knew every latent rate would rank {{ceiling.estimate:.0%}} of pairs right; your model
# {{crm.churn.auc(silent_summer, risk).estimate:.0%}}. The rest is hidden from any firm. Of those who fell silent, {{truth["gone"][silent_summer].mean():.0%}} had left before the half-year began; the others were still to be won.
# And of the 300 at the highest risk, {{riskiest["gone"].mean():.0%}} were gone for good already, against
# {{truth["gone"].mean():.0%}} of all: the list by risk calls people who no longer hear. That a call wakes three in
# ten was assumed; finding out takes an experiment.
#
# ## Key ideas
#
# - Fix *cut-off* and *label window* (标签窗口) first; columns look back, labels forward.
# - *Error rate* (错误率) and *miss rate* (遗漏率) are two mistakes with two prices; neither alone says whether a model can be used.
# - *Target leakage* (目标泄漏): ask of each column when it is filled.
# - Call where *risk × what is at stake* (流失风险) exceeds the cost, not where the risk is highest.
# - Silence is not departure: part of what you predict never happened.
#
# References: Kaufman et al. (2012), *ACM Transactions on Knowledge Discovery from Data* 6; Verbeke et al. (2012), *European
# Journal of Operational Research* 218. Next: winning back, where risk is not what a call can change.
