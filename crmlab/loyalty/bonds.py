"""Financial, social and structural bonds: by how much each multiplies the hazard of leaving, and what it is worth."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning

from crmlab.loyalty.estimates import as_flags, as_floats, check_level, normal_quantile
from crmlab.tables import TableError, require_columns

BONDS = ("financial", "social", "structural")
"""The three levels, weakest first in the books."""


def bond_hazards(
    spells: pd.DataFrame,
    *,
    bonds: Sequence[str] = BONDS,
    adjust_for: Sequence[str] = (),
    level: float = 0.95,
) -> pd.DataFrame:
    """Return by how much each bond multiplies the hazard of leaving, from spells of time.

    A proportional hazards model (Cox). A bond that grows with time needs a new spell whenever it changes: who stays
    long has had time to grow bonds, and a bond measured at the end would look like magic. Where customers choose their
    bonds, the multiplier is a comparison, not an effect.

    Parameters
    ----------
    spells : DataFrame
        One row per customer and spell: ``start`` and ``stop`` (months since joining), ``left`` (whether the spell
        ended by leaving), one column per bond (0 to 1, or yes and no), and the columns of `adjust_for` (numbers).
    bonds : sequence of str, default financial, social, structural
        Columns of the bonds.
    adjust_for : sequence of str, optional
        Columns that make customers comparable, such as the order rate before.
    level : float, default 0.95
        Probability that an interval covers.

    Returns
    -------
    DataFrame
        Index: bond, then what is adjusted for. ``multiplier`` (0.7: three in ten fewer leave at any time, per unit),
        ``low``, ``high``, ``p_value``, ``spells``.

    Raises
    ------
    TableError
        If a spell does not last, nobody left, a bond does not vary, or nobody leaves with it.

    References
    ----------
    Berry & Parasuraman (1991), Marketing Services. Cox (1972), Journal of the Royal Statistical Society B 34.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> social = rng.integers(0, 2, 1_000)
    >>> stop = rng.exponential(1 / (0.05 * np.where(social == 1, 0.5, 1.0)))
    >>> spells = pd.DataFrame({"start": 0.0, "stop": stop.clip(max=24), "left": stop < 24, "social": social})
    >>> round(float(bond_hazards(spells, bonds=["social"])["multiplier"]["social"]), 1)
    0.5
    """
    check_level(level)
    columns = [*bonds, *adjust_for]
    require_columns(spells, ["start", "stop", "left", *columns], table="spells")
    numbers = {name: as_floats(spells[name], name=f"'{name}'") for name in ["start", "stop", *columns]}
    left = as_flags(spells["left"], name="'left'")
    if any(np.isnan(values).any() for values in numbers.values()):
        raise TableError("The spells table has missing values: leave those spells out, or say what is known.")
    if not (numbers["stop"] > numbers["start"]).all():
        wrong = int((numbers["stop"] <= numbers["start"]).sum())
        raise TableError(f"{wrong:,} of {len(spells):,} spells stop no later than they start.")
    if not left.any():
        raise TableError("Nobody left during these spells: there is no hazard to compare.")
    flat = [name for name in columns if np.ptp(numbers[name]) == 0]
    if flat:
        raise TableError(f"{', '.join(map(repr, flat))} is the same in every spell.")
    design = np.column_stack([numbers[name] for name in columns])
    if np.linalg.matrix_rank(design - design.mean(axis=0)) < len(columns):
        raise TableError(f"The columns {', '.join(map(repr, columns))} are collinear: they cannot be told apart.")
    with warnings.catch_warnings():
        warnings.simplefilter("error", HessianInversionWarning)
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = PHReg(numbers["stop"], design, status=left.astype(int), entry=numbers["start"], ties="efron").fit()
        except (HessianInversionWarning, ConvergenceWarning, np.linalg.LinAlgError):
            raise TableError(
                "The hazards have no finite answer: with some bond nobody left, or everybody left first. Was the bond "
                "measured at the end? Split spells where it began."
            ) from None
    reach = normal_quantile(level) * fit.bse
    return pd.DataFrame(
        {
            "multiplier": np.exp(fit.params),
            "low": np.exp(fit.params - reach),
            "high": np.exp(fit.params + reach),
            "p_value": fit.pvalues,
            "spells": len(spells),
        },
        index=pd.Index(columns, name="bond"),
    )


def bond_worth(
    *,
    hazard: float,
    multiplier: float,
    margin: float,
    cost: float,
    start_cost: float = 0.0,
    imitated_after: float = np.inf,
    months: int = 60,
    yearly_discount: float = 0.10,
) -> float:
    """Return what a bond adds to the discounted margin of one customer, its cost taken off.

    Parameters
    ----------
    hazard : float
        Chance of leaving in a month without the bond, 0 to 1.
    multiplier : float
        What the bond makes of the hazard; from `bond_hazards`.
    margin : float
        Margin of an active customer, € per month.
    cost : float
        Cost of the bond, € per month and active customer; it is paid as long as the programme runs, imitated or not.
    start_cost : float, default 0
        Cost at the start, € per customer.
    imitated_after : float, default never
        Months until a rival offers the same: from then on the multiplier is 1.
    months : int, default 60
        Horizon.
    yearly_discount : float, default 0.10
        Discount rate per year.

    Returns
    -------
    float
        € per customer, against no bond.

    Examples
    --------
    >>> round(bond_worth(hazard=0.05, multiplier=0.8, margin=20, cost=1), 2)
    40.02
    >>> round(bond_worth(hazard=0.05, multiplier=0.8, margin=20, cost=1, imitated_after=3), 2)
    -7.82
    """
    if not 0 <= hazard <= 1 or multiplier < 0:
        raise ValueError(f"hazard must be in [0, 1] and multiplier 0 or more, not {hazard!r} and {multiplier!r}.")
    if months < 1 or imitated_after < 0 or yearly_discount <= -1:
        raise ValueError("months must be at least 1, imitated_after 0 or more, yearly_discount above −1.")
    month = np.arange(months)
    discount = (1 + yearly_discount) ** (-month / 12)
    with_bond = np.where(month < imitated_after, hazard * multiplier, hazard)
    alive = [
        np.concatenate([[1.0], np.cumprod(1 - np.clip(h, 0, 1))[:-1]]) for h in (np.full(months, hazard), with_bond)
    ]
    return float(np.sum(discount * (alive[1] * (margin - cost) - alive[0] * margin)) - start_cost)
