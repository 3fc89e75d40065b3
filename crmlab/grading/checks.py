"""Checks that all grading shares: numbers that are finite, parts of a whole, options in their range."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmlab.tables import TableError, require_columns

# Cumulative shares are quotients of floating-point sums; a share this little above a cut is the cut itself.
ROUNDING = 1e-9


def numbers_of(values: pd.Series) -> np.ndarray:
    """Return the values as float64, none missing or infinite."""
    name = f"'{values.name}'" if values.name is not None else "values"
    if not len(values):
        raise TableError(f"{name} is empty: there is nobody to grade.")
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        raise TableError(f"{name} must hold numbers, not {values.dtype} (the first value is {values.iloc[0]!r}).")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = int((~np.isfinite(numbers)).sum())
    if wrong:
        raise TableError(f"{name} has {wrong:,} of {len(numbers):,} values that are missing or infinite.")
    return numbers


def parts_of_whole(values: pd.Series) -> np.ndarray:
    """Return the values in increasing order, checked for being shares of a whole."""
    amounts = np.sort(numbers_of(values))
    if amounts[0] < 0:
        raise TableError(
            f"{int((amounts < 0).sum()):,} of {len(amounts):,} values are negative: shares have no meaning."
        )
    if amounts[-1] == 0:
        raise TableError("All values are zero: there is nothing to share.")
    return amounts


def check_share(name: str, share: float) -> None:
    """Raise unless 0 < share ≤ 1."""
    if not 0 < share <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1, not {share!r}.")


def require_gaps(gaps: pd.DataFrame) -> None:
    """Raise unless `gaps` has what an order_gaps table needs."""
    require_columns(gaps, ["customer_id", "gap_days"], table="order_gaps")
