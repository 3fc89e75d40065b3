"""Trials of lesson 04: what groups are worth, which indicators tell or leak, what leaks are good for."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from threadpoolctl import threadpool_limits

from crmlab import segmentation
from crmlab.exercises import lesson_04
from crmlab.oracles import segment_ceiling

SHOPS = 3


@cache
def _shop(seed: int) -> lesson_04.Data:
    return lesson_04.Data(seed=seed)


@threadpool_limits.wrap(limits=1)
def trials() -> dict[str, float]:
    """Run the trials."""
    return {**_money(), **_indicators(), **_another_question()}


def _money() -> dict[str, float]:
    """Q165 and Q148: what the best offer for each group is worth in a year, by how the groups were cut."""
    rows = []
    for seed in range(SHOPS):
        shop = _shop(seed)
        choices = shop.effects.assign(nothing=0.0)
        true = shop.run.truth.traits.set_index("customer_id")["segment"].loc[choices.index].to_numpy(object)
        drawn = shop.table.sample(frac=1, replace=True, random_state=1)
        agency = segmentation.Segmenter(k=lesson_04.GROUPS).fit(drawn).predict(shop.table)
        cuts = {"agency": agency, "four": shop.groups, "true": true, "alone": choices.index}
        row = {name: choices.groupby(cut).sum().max(axis=1).sum() for name, cut in cuts.items()}
        row["one"] = choices.sum().max()
        row["rand"] = segmentation.compare(true, shop.groups).rand
        row["rand_agency"] = segmentation.compare(true, agency).rand
        row["rand_best"] = segment_ceiling(_clean(shop), true).rand
        rows.append(row)
    mean = {str(name): float(value) for name, value in pd.DataFrame(rows).mean().items()}
    return {f"segments_{name}": value for name, value in mean.items()}


def _indicators() -> dict[str, float]:
    """Q017 and Q018: what tells among the first 100 and after, how well few and many rank, which leaks are found."""
    found, flagged, honest, told, later, areas = 0, 0, 0, 0, 0, []
    alone = []
    for seed in range(SHOPS):
        shop = _shop(seed)
        leaks = set(shop.run.truth.indicators.query("role == 'leaking'")["indicator"])
        suspects = set(shop.audit.index[shop.audit["leaks"]])
        found += len(suspects & leaks)
        flagged += len(suspects - leaks)
        clean = _clean(shop)
        honest += clean.shape[1]
        counts = segmentation.tells(clean, shop.price_first)["counts"]
        told += int(counts.sum())
        later += int((counts[counts].index > "indicator_100").sum())
        first = [name for name in clean if str(name) <= "indicator_100"]
        sets = ([*shop.order_book], first, list(clean))
        areas.append([_area(clean[columns], shop.again) for columns in sets])
        alone.append((shop.audit.loc[list(clean), "power"].max(), shop.audit.loc[list(leaks), "power"].max()))
    book, hundred, everything = np.mean(areas, axis=0)
    own, leaking = np.mean(alone, axis=0)
    return {
        "leaks_found": found / SHOPS,
        "leaks_flagged": flagged / honest,
        "leaks_alone": float(leaking),
        "honest_alone": float(own),
        "told_later": later / told,
        "told_count": told / SHOPS,
        "area_book": float(book),
        "area_hundred": float(hundred),
        "area_all": float(everything),
    }


def _another_question() -> dict[str, float]:
    """Q080: of those who bought in the half-year, who buys in the next one; told without and with the leaking ones."""
    without, with_them = [], []
    for seed in range(SHOPS):
        shop = _shop(seed)
        orders = shop.next_year.simulate().transactions
        buyers = shop.again.index[shop.again]
        half = orders[(orders["ts"] >= "2026-01-01") & (orders["ts"] < "2026-07-01")]
        again = pd.Series(buyers.isin(half["customer_id"]), index=buyers)
        without.append(_area(_clean(shop).loc[buyers], again))
        with_them.append(_area(shop.table.loc[buyers], again))
    return {"again_without": float(np.mean(without)), "again_with": float(np.mean(with_them))}


def _clean(shop: lesson_04.Data) -> pd.DataFrame:
    truth = shop.run.truth.indicators
    return shop.table.drop(columns=truth.loc[truth["role"] == "leaking", "indicator"])


def _area(indicators: pd.DataFrame, target: pd.Series) -> float:
    """Return the area under the ROC curve on customers not learned from: a penalised logistic regression on ranks."""
    values: npt.NDArray[np.float64] = indicators.rank().to_numpy(np.float64)
    ranks = ndtri((values - 0.5) / len(values))
    model = LogisticRegression(C=0.02, l1_ratio=1.0, solver="liblinear", random_state=0)
    happened = target.to_numpy(bool)
    score = cross_val_predict(model, ranks, happened, cv=5, method="decision_function")
    return float(roc_auc_score(happened, score))
