# %% [markdown] lang="en"
# # The register
#
# Every concept and every claim of the course: what it says, where it is met, and, for claims, what came out when it was put on
# trial. Names are given in English and Chinese.

# %%
import pandas as pd

from crmlab.course.register import as_table

pd.set_option("display.max_colwidth", None)
register = as_table()
register.groupby([register.index.str[0], "status"]).size().rename("entries").to_frame()

# %% [markdown] lang="en"
# C counts concepts, Q claims. *Taught* carries a lesson; *in the data* is met in a table or a mechanism; *planned* waits for
# its lesson. A claim is *confirmed* or *refuted* only when the world's equations left it open, *conditional* when it depends,
# *assumed* when it was put in by hand, *not testable* when nothing varies that could decide it.
#
# ## Look something up

# %%
found = register[register["zh_hans"].str.contains("价值") & (register["status"] != "planned")]
found[["en", "zh_hans", "lessons", "summary"]]

# %% [markdown] lang="en"
# ## Claims on trial
#
# The numbers behind the verdicts come from small simulations, kept when the register is written.
# `crmlab.course.trials.trials()` runs them again.

# %%
from crmlab.course.trials import kept_numbers

numbers = kept_numbers()
pd.Series(numbers, name="number").round(3).to_frame()

# %%
tried = register[register["verdict"] != ""]
tried.assign(verdict=[text.format(**numbers) for text in tried["verdict"]])[["status", "summary", "verdict"]]
