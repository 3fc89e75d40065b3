# %% [markdown] lang="en" given="3"
# # A tiny lesson
#
# We add 3 numbers. The sum will be seen below.

# %% [markdown] lang="zh" given="3"
# # 小課
#
# 我們把 3 個數加起來。

# %%
numbers = [1, 2, 4]  # the numbers
total = sum(numbers)
total

# %% [markdown] lang="en" holds="total > 5; max(numbers) < total"
# ## What was seen
#
# The sum is {{total:.1f}}, and its text {{str(total) + "!"}}; more than the largest.

# %% [markdown] lang="zh"
# ## 看到了什麼
#
# 總和是 {{total:.1f}}。

# %%
### BEGIN SOLUTION
answer = total * 2
### END SOLUTION
#: answer = ...  # two times the sum
print(answer)

# %% [markdown] tags=["solution"]
# The solution adds it to itself.
