"""A model card: what a model was made from, how good it is, for whom, and what it cannot say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmlab.churn.checks import as_labels, as_probabilities
from crmlab.churn.measures import auc, brier, calibration, calibration_slope, error_and_miss, lift, wilson
from crmlab.tables import TableError

FEWEST_OF_A_GROUP = 30
"""Smallest group for which figures are given; a smaller one would show chance."""


@dataclass(frozen=True)
class ModelCard:
    """A model card: text and the tables that it is made from.

    Attributes
    ----------
    markdown : str
        The card.
    groups : DataFrame
        Measures by group of customers; empty where no groups were given.
    """

    markdown: str
    groups: pd.DataFrame

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __str__(self) -> str:
        return self.markdown


def model_card(
    name: str,
    y_true: Any,
    probability: Any,
    *,
    data: str,
    window: str,
    threshold: float,
    groups: pd.DataFrame | None = None,
    purpose: str = "Choosing customers to contact before they leave.",
    limits: tuple[str, ...] = (),
) -> ModelCard:
    """Write the card of a model, from predictions for customers that it has not seen.

    Parameters
    ----------
    name : str
        Name of the model.
    y_true : array_like of bool, shape (n,)
        Who left.
    probability : array_like of float, shape (n,)
        Predicted probability of leaving.
    data : str
        Where the rows come from and when.
    window : str
        Cut-off, gap and label window in words.
    threshold : float
        Probability from which on customers are contacted.
    groups : DataFrame, optional
        Columns by which to look for unequal treatment (region, age group), one row per customer.
    purpose : str
        What the model is for.
    limits : tuple of str
        Further limits, beside those that hold for every model of this kind.

    Returns
    -------
    ModelCard

    References
    ----------
    Mitchell et al. (2019), Model cards for model reporting, FAT* '19.
    """
    left = as_labels(y_true)
    predicted = as_probabilities(probability, len(left))
    named = predicted >= threshold
    rates = error_and_miss(left, named)
    area, slope, score = auc(left, predicted), calibration_slope(left, predicted), brier(left, predicted)
    by_group = _by_group(left, predicted, named, groups) if groups is not None else pd.DataFrame()
    lines = [
        f"# Model card: {name}",
        f"**Purpose.** {purpose}",
        f"**Data.** {data} {len(left):,} customers not used in training; {left.mean():.1%} of them left.",
        f"**Window.** {window}",
        "## How good",
        _table(
            pd.DataFrame(
                [
                    ("Area under the ROC curve", f"{area.estimate:.3f}", f"{area.low:.3f} to {area.high:.3f}"),
                    ("Calibration slope (1 is right)", f"{slope.estimate:.2f}", f"{slope.low:.2f} to {slope.high:.2f}"),
                    ("Brier score", f"{score.brier:.4f}", f"{score.uncertainty:.4f} without a model"),
                    ("Lift of the best tenth", f"{lift(left, predicted):.2f}", ""),
                    (f"Error rate at {threshold:.2f}", _percent(rates.error_rate), f"{named.sum():,} contacted"),
                    (f"Miss rate at {threshold:.2f}", _percent(rates.miss_rate), ""),
                ],
                columns=["measure", "estimate", "95% interval or comparison"],
            )
        ),
        "## Predicted and observed",
        _table(calibration(left, predicted, bins=5).round(3)),
    ]
    if len(by_group):
        lines += [
            "## For whom",
            _table(by_group.reset_index().round(3)),
            "Groups whose intervals of the miss rate do not overlap are not served alike; find out why before use.",
        ]
    lines += [
        "## Limits",
        "\n".join(
            f"- {each}"
            for each in (
                "It says who is likely to leave, not whom a contact would keep: that takes an experiment.",
                "It holds while customers behave as in the data above; compare both with `churn.drift_report`.",
                "Columns that are filled later than the cut-off would flatter it; see `churn.audit_leakage`.",
                *limits,
            )
        ),
    ]
    return ModelCard("\n\n".join(lines) + "\n", by_group)


def _by_group(left: np.ndarray, predicted: np.ndarray, named: np.ndarray, groups: pd.DataFrame) -> pd.DataFrame:
    if len(groups) != len(left):
        raise TableError(f"groups has {len(groups):,} rows for {len(left):,} labels.")
    rows = []
    for column in groups.columns:
        values = groups[column].astype("string").fillna("(missing)").to_numpy()
        for value in sorted(set(values)):
            inside = values == value
            y, p, contacted = left[inside], predicted[inside], named[inside]
            row: dict[str, Any] = {"column": column, "group": value, "customers": int(inside.sum())}
            if inside.sum() >= FEWEST_OF_A_GROUP:
                row |= {"rate": y.mean(), "predicted": p.mean(), "contacted": contacted.mean()}
                if 0 < y.sum() < len(y):
                    low, high = wilson(int((y & ~contacted).sum()), int(y.sum()))
                    row |= {
                        "auc": auc(y, p).estimate,
                        "miss_rate": error_and_miss(y, contacted).miss_rate,
                        "miss_low": float(low),
                        "miss_high": float(high),
                    }
            rows.append(row)
    return pd.DataFrame(rows).set_index(["column", "group"])


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1%}"


def _table(table: pd.DataFrame) -> str:
    """Return a table in Markdown."""
    shown = table.astype(object).where(table.notna(), "–")
    head = "| " + " | ".join(str(name) for name in table.columns) + " |"
    rule = "|" + "---|" * len(table.columns)
    rows = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in shown.itertuples(index=False)]
    return "\n".join([head, rule, *rows])
