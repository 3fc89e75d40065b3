"""The indicator lab: which of hundreds of indicators count, which know the answer already, which can go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from crmlab import churn
from crmlab.features import DateLike, as_day
from crmlab.segmentation.checks import outcome_of, require_pandas
from crmlab.tables import TableError

POWER = 0.85
"""Area under the ROC curve of one indicator alone that is too good to be true for the spending of single customers."""

SURPLUS = 0.25
"""Correlation with what the order book leaves open: habits that show a trait through noise stay below 0.2."""


@threadpool_limits.wrap(limits=1)  # threads that wait for a busy core cost ten times what they save
def screen_leaks(
    indicators: pd.DataFrame,
    target: Any,
    *,
    as_of: DateLike | None = None,
    updated: Mapping[str, Any] | pd.Series | None = None,
    trusted: Sequence[str] = (),
    power: float = POWER,
    surplus: float = SURPLUS,
) -> pd.DataFrame:
    """Look for indicators that know the target because they were written after it.

    Three questions are asked of each. When was it last updated: after the day that the customers are described on? Is
    it too good: alone nearly as good as the answer, or with a value that nearly always comes with it? And does it know
    much that `trusted` indicators do not, such as those from the firm's own order book? What is flagged
    has to be looked at by somebody who knows how it comes about. It should be kept: for another target, such as whether
    a buyer buys again, it may be perfectly honest.

    Parameters
    ----------
    indicators : DataFrame
        One row per customer, one column per indicator.
    target : array_like of bool
        What is to be told, such as whether the customer bought afterwards.
    as_of : date or str, optional
        Day that the indicators are meant to describe; needed with `updated`.
    updated : mapping of str to date, optional
        Indicator → day of its last update.
    trusted : sequence of str
        Indicators whose making is known; they are not suspected, and serve to judge the others.
    power : float, default 0.85
        Area under the ROC curve from which one indicator alone is too good, 0.5 to 1.
    surplus : float, default 0.25
        Correlation with what the trusted ones leave open from which an indicator knows too much.

    Returns
    -------
    DataFrame
        Indexed by ``indicator``, suspects first: ``leaks`` (bool), ``reason``, ``power``.

    Raises
    ------
    TableError
        If lengths differ, the target has one value only, or `updated` names what is not there.
    ValueError
        If `updated` is given without `as_of`.

    References
    ----------
    Kaufman, Rosset, Perlich & Stitelman (2012), Leakage in data mining, ACM TKDD 6(4): 15.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> bought = generator.random(400) < 0.5
    >>> table = pd.DataFrame({"visits": generator.poisson(3 + bought), "receipts": bought * 1})
    >>> screen_leaks(table, bought)["leaks"].to_dict()
    {'receipts': True, 'visits': False}
    """
    _, happened = _checked(indicators, target)
    audit = churn.audit_leakage(indicators, happened, thresholds=churn.Thresholds(power=power, unique=1.1))
    late = pd.Series(False, index=audit.index)
    if updated is not None:
        if as_of is None:
            raise ValueError("updated needs as_of: the day that the indicators are meant to describe.")
        dates = pd.Series(updated)
        if unknown := sorted(set(dates.index) - set(audit.index)):
            raise TableError(
                f"updated names indicators that are not in the table: {', '.join(map(repr, unknown[:5]))}."
            )
        late.loc[dates.index] = (pd.to_datetime(dates) > as_day(as_of) + pd.Timedelta(hours=23.999)).to_numpy()
    if unknown := sorted(set(trusted) - set(audit.index)):
        raise TableError(f"trusted names indicators that are not there: {', '.join(map(repr, unknown[:5]))}.")
    suspect = audit["suspect"].astype(bool)
    more = pd.Series(0.0, index=audit.index)
    if trusted:
        more.loc[indicators.columns] = _surplus(indicators, happened, list(trusted))
    reason = np.select(
        [late, suspect & (audit["power"] >= power), suspect, more >= surplus],
        [
            "updated after the day it is meant to describe",
            [f"alone it ranks {area:.1%} of pairs rightly" for area in audit["power"]],
            "one of its values nearly always comes with the same outcome",
            [f"correlates by {excess:.2f} with what the trusted ones leave open" for excess in more],
        ],
        default="",
    )
    leaks = (late | suspect | (more >= surplus)) & ~audit.index.isin(list(trusted))
    found = pd.DataFrame({"leaks": leaks, "reason": reason, "power": audit["power"]})
    found.index.name = "indicator"
    found["reason"] = found["reason"].where(found["leaks"], "")
    return found.sort_values(["leaks", "power"], ascending=[False, False], kind="stable")


@threadpool_limits.wrap(limits=1)
def contributions(
    indicators: pd.DataFrame, target: Any, *, folds: int = 5, repeats: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Return the share of each indicator in what all together tell about the target.

    A penalised logistic regression is fitted on some customers; on the others each indicator is shuffled, and the loss
    of area under the ROC curve is its contribution. Two indicators that say the same share one contribution, so a low
    share does not mean useless: see `add_and_remove`.

    Parameters
    ----------
    indicators : DataFrame
        One row per customer, one numeric column per indicator, leaks removed.
    target : array_like of bool
        What is to be told.
    folds : int, default 5
        Parts that take turns as the customers judged.
    repeats : int, default 3
        Shuffles in each part.
    seed : int, default 0
        Seed of parts and shuffles.

    Returns
    -------
    DataFrame
        Indexed by ``indicator``, largest first: ``loss`` (area), ``error`` (its standard error over parts) and
        ``share`` (of the sum of positive losses; they add up to 1).

    Raises
    ------
    TableError
        If lengths differ, there are no columns, or the target has one value only.

    References
    ----------
    Breiman (2001), Random forests, Machine Learning 45: 5–32, on permutation importance.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> table = pd.DataFrame(generator.normal(size=(400, 3)), columns=["a", "b", "c"])
    >>> contributions(table, table["b"] + generator.normal(size=400) > 0).index[0]
    'b'
    """
    data, happened = _checked(indicators, target, least=folds)
    generator = np.random.default_rng(seed)
    losses = []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(data, happened):
        model = _model(len(train)).fit(data[train], happened[train])
        scaled = model[:-1].transform(data[test])
        weights = model[-1].coef_[0]
        score = scaled @ weights
        whole = roc_auc_score(happened[test], score)
        lost = np.zeros(data.shape[1])
        for column in np.flatnonzero(weights):  # a column that the penalty dropped loses nothing
            for _ in range(repeats):
                moved = weights[column] * (generator.permutation(scaled[:, column]) - scaled[:, column])
                lost[column] += (whole - roc_auc_score(happened[test], score + moved)) / repeats
        losses.append(lost)
    table = np.array(losses)
    loss = table.mean(axis=0)
    positive = np.maximum(loss, 0)
    found = pd.DataFrame(
        {
            "loss": loss,
            "error": table.std(axis=0, ddof=1) / np.sqrt(folds),
            "share": positive / positive.sum() if positive.sum() else positive,
        },
        index=pd.Index(indicators.columns.astype(str), name="indicator"),
    )
    return found.sort_values("share", ascending=False, kind="stable")


@threadpool_limits.wrap(limits=1)
def add_and_remove(
    indicators: pd.DataFrame,
    target: Any,
    *,
    start: Sequence[str] = (),
    rounds: int = 10,
    candidates: int = 30,
    gain: float = 0.002,
    seed: int = 0,
) -> pd.DataFrame:
    """Add and remove indicators round by round, and keep a log with a score that no choice has seen.

    In each round the candidate that helps most on the choosing customers is added, then any member whose removal costs
    less than `gain` is dropped. A third of the customers is never used for a choice: its score says what the set is
    worth. The choosing score is the more flattering the more rounds have used it.

    Parameters
    ----------
    indicators : DataFrame
        One row per customer, one numeric column per indicator, leaks removed.
    target : array_like of bool
        What is to be told.
    start : sequence of str
        Indicators in the set at the beginning.
    rounds : int, default 10
        Rounds at most; ends earlier when nothing helps by `gain`.
    candidates : int, default 30
        Indicators tried in a round: those that tell most by themselves about what the set gets wrong.
    gain : float, default 0.002
        Area under the ROC curve that an indicator must bring.
    seed : int, default 0
        Seed of the division of customers.

    Returns
    -------
    DataFrame
        One row per round: ``round``, ``added``, ``removed`` (names, comma-separated), ``indicators`` (number in the
        set), ``chosen_on`` and ``held_out`` (areas), ``set`` (list of names).

    Raises
    ------
    TableError
        As `contributions`; also if `start` names what is not there.

    References
    ----------
    Pudil, Novovičová & Kittler (1994), Floating search methods in feature selection, Pattern Recognition Letters 15.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> table = pd.DataFrame(generator.normal(size=(600, 4)), columns=["a", "b", "c", "d"])
    >>> log = add_and_remove(table, table["b"] + generator.normal(size=600) > 0, rounds=3)
    >>> log["added"].iloc[0]
    'b'
    """
    data, happened = _checked(indicators, target, least=6)
    names = [str(name) for name in indicators.columns]
    if unknown := sorted(set(start) - set(names)):
        raise TableError(f"start names indicators that are not in the table: {', '.join(map(repr, unknown))}.")
    rows = np.arange(len(data))
    seen, held = train_test_split(rows, test_size=1 / 3, stratify=happened, random_state=seed)
    fit, choose = train_test_split(seen, test_size=0.5, stratify=happened[seen], random_state=seed)

    def score(columns: list[int], train: np.ndarray, test: np.ndarray) -> float:
        if not columns:
            return 0.5
        model = _model(len(train), penalised=False).fit(data[train][:, columns], happened[train])
        return float(roc_auc_score(happened[test], model.decision_function(data[test][:, columns])))

    members = [names.index(name) for name in start]
    now = score(members, fit, choose)
    log = []
    for number in range(1, rounds + 1):
        if members:
            model = _model(len(fit), penalised=False).fit(data[fit][:, members], happened[fit])
            wrong = happened[fit] - model.predict_proba(data[fit][:, members])[:, 1]
        else:
            wrong = happened[fit] - happened[fit].mean()
        spread = data[fit].std(axis=0)
        told = np.abs((data[fit] - data[fit].mean(axis=0)).T @ wrong) / np.where(spread > 0, spread, np.inf)
        told[members] = -1
        tried = [int(i) for i in np.argsort(-told, kind="stable")[:candidates] if told[i] > 0]
        scores = {column: score([*members, column], fit, choose) for column in tried}
        best = max(scores, key=lambda column: scores[column], default=None)
        if best is None or scores[best] - now < gain:
            break
        members, now = [*members, best], scores[best]
        removed = []
        for column in list(members[:-1]):
            without = [member for member in members if member != column]
            if (left := score(without, fit, choose)) > now - gain / 2:
                members, now = without, left
                removed.append(names[column])
        log.append(
            {
                "round": number,
                "added": names[best],
                "removed": ", ".join(removed),
                "indicators": len(members),
                "chosen_on": now,
                "held_out": score(members, seen, held),
                "set": [names[member] for member in members],
            }
        )
    columns = ["round", "added", "removed", "indicators", "chosen_on", "held_out", "set"]
    return pd.DataFrame(log, columns=columns)


def _surplus(indicators: pd.DataFrame, happened: np.ndarray, trusted: list[str]) -> np.ndarray:
    """Return how far each indicator correlates with the part of the target that the trusted ones do not tell."""
    data, _ = _checked(indicators, happened)
    ranks = QuantileTransformer(
        n_quantiles=min(100, len(data)), output_distribution="normal", subsample=2**62
    ).fit_transform(data)
    known = ranks[:, [indicators.columns.get_loc(name) for name in trusted]]
    model = LogisticRegression(C=1.0, max_iter=500).fit(known, happened)
    rest = happened - model.predict_proba(known)[:, 1]
    design = np.column_stack([np.ones(len(known)), known])
    own = ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]
    spread = own.std(axis=0) * rest.std()
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.abs((own - own.mean(axis=0)).T @ (rest - rest.mean())) / len(rest) / spread
    return np.where(spread > 1e-9, correlation, 0.0)


def _checked(indicators: pd.DataFrame, target: Any, *, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays, or say what is wrong with them; `least` customers are needed with each outcome."""
    require_pandas(indicators, "indicators")
    if not indicators.shape[1]:
        raise TableError("indicators has no columns.")
    happened = outcome_of(target, customers=len(indicators), least=least)
    if texts := [str(name) for name in indicators if not pd.api.types.is_numeric_dtype(indicators[name].dtype)]:
        raise TableError(f"Indicators must be numbers; these are not: {', '.join(map(repr, texts[:5]))}.")
    data = indicators.to_numpy(dtype=float)
    if not np.isfinite(data).all():
        raise TableError(f"{int((~np.isfinite(data)).any(axis=0).sum())} indicators have missing or infinite values.")
    return data, happened


def _model(rows: int, *, penalised: bool = True) -> Any:
    """Return a logistic regression on ranks: indicators are counts, shares and amounts of every size."""
    shape = QuantileTransformer(n_quantiles=min(100, rows), output_distribution="normal", subsample=2**62)
    regression = (
        # liblinear visits columns in random order; without a seed two calls differ in the fourth digit.
        LogisticRegression(C=0.02, l1_ratio=1.0, solver="liblinear", random_state=0)
        if penalised
        else LogisticRegression(C=1.0)
    )
    return make_pipeline(shape, StandardScaler(), regression)
