"""How many segments: four views of the same question, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from crmlab.segmentation.checks import require_pandas
from crmlab.segmentation.clusters import Segmenter
from crmlab.tables import TableError


@threadpool_limits.wrap(limits=1)  # threads that wait for a busy core cost ten times what they save
def choose_k(
    customers: pd.DataFrame,
    *,
    segmenter: Segmenter | None = None,
    ks: Sequence[int] = (2, 3, 4, 5, 6),
    references: int = 10,
    resamples: int = 10,
    sample: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return, for each number of segments, what speaks for it.

    The four rarely agree, and none of them knows what a segment is for. `stability` comes first: segments that another
    sample of the same customers would not show are no ground for an offer.

    Parameters
    ----------
    customers : DataFrame
        One row per customer.
    segmenter : Segmenter, optional
        Method and options; k-means when left out. Its k is set aside.
    ks : sequence of int, default (2, …, 6)
        Numbers to try, each at least 1.
    references : int, default 10
        Tables without any clusters to compare with.
    resamples : int, default 10
        Bootstrap samples.
    sample : int, default 2000
        Customers looked at, drawn at random from a larger table.
    seed : int, default 0
        Seed of all draws.

    Returns
    -------
    DataFrame
        Indexed by ``k``: ``gap`` and ``gap_error`` (how much tighter than in tables without clusters, logarithm; only
        for k-means), ``silhouette`` (−1 to 1; none for k = 1), ``bic`` (mixtures only, smaller is better),
        ``stability`` (mean adjusted Rand index of the segments of two bootstrap samples, given to all customers), and
        ``advice`` (which rule would choose this k).

    Raises
    ------
    TableError, ValueError
        As `Segmenter.fit`.

    References
    ----------
    Tibshirani, Walther & Hastie (2001), JRSS B 63(2): 411–423, the gap statistic. Rousseeuw (1987), silhouettes.
    Hennig (2007), Computational Statistics & Data Analysis 52(1), stability. Dolnicar & Leisch (2010), Marketing
    Letters 21(1), why stability matters for segments.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> table = pd.DataFrame(np.concatenate([generator.normal(m, 0.3, (60, 2)) for m in (0, 4, 8)]), columns=["a", "b"])
    >>> print(choose_k(table, ks=[2, 3, 4], references=2, resamples=2)["silhouette"].idxmax())
    3
    """
    if not len(ks) or min(ks) < 1:
        raise ValueError(f"ks must be whole numbers of at least 1, not {ks!r}.")
    require_pandas(customers)
    base = segmenter or Segmenter()
    generator = np.random.default_rng(seed)
    table = customers
    if len(table) > sample:
        table = table.iloc[np.sort(generator.choice(len(table), sample, replace=False))]
    rows = []
    for k in sorted(set(ks)):
        fitted = clone(base).set_params(k=int(k)).fit(table)
        data = fitted.prepare(table)
        several = 1 < len(set(fitted.labels_)) < len(data)
        numeric = base.method != "latent_class"
        gap, error = _gap(data, fitted, references, generator) if base.method == "kmeans" else (np.nan, np.nan)
        rows.append(
            {
                "k": int(k),
                "gap": gap,
                "gap_error": error,
                "silhouette": silhouette_score(data, fitted.labels_) if several and numeric else np.nan,
                "bic": fitted.model_.bic(data) if base.method != "kmeans" else np.nan,
                "stability": _stability(table, fitted, resamples, generator),
            }
        )
    found = pd.DataFrame(rows).set_index("k")
    found["advice"] = _advice(found)
    return found


def _gap(data: np.ndarray, fitted: Segmenter, references: int, generator: np.random.Generator) -> tuple[float, float]:
    """Compare the spread within clusters with that in boxes along the principal axes."""
    if fitted.model_.inertia_ < 1e-9 * len(data):  # as many segments as different customers: no spread to compare
        return np.nan, np.nan
    middle = data.mean(axis=0)
    _, _, axes = np.linalg.svd(data - middle, full_matrices=False)
    turned = (data - middle) @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    logs = []
    for _ in range(references):
        flat = generator.uniform(low, high, size=turned.shape) @ axes + middle
        again = clone(fitted.model_).set_params(n_init=3).fit(flat)
        logs.append(np.log(again.inertia_))
    return float(np.mean(logs) - np.log(fitted.model_.inertia_)), float(np.std(logs) * np.sqrt(1 + 1 / references))


def _stability(table: pd.DataFrame, fitted: Segmenter, resamples: int, generator: np.random.Generator) -> float:
    agreement = []
    for _ in range(resamples):
        drawn = [table.iloc[generator.integers(0, len(table), len(table))] for _ in range(2)]
        try:
            labels = [clone(fitted).set_params(n_init=3).fit(sample).predict(table) for sample in drawn]
        except TableError:  # a sample with fewer different customers than segments cannot show them
            agreement.append(0.0)
        else:
            agreement.append(adjusted_rand_score(*labels))
    return float(np.mean(agreement))


def _advice(found: pd.DataFrame) -> list[str]:
    said: dict[int, list[str]] = {int(k): [] for k in found.index}
    gap = found["gap"].to_numpy()
    if np.isfinite(gap).all():  # the smallest k whose gap the next one does not beat by more than its error
        enough = gap[:-1] >= gap[1:] - found["gap_error"].to_numpy()[1:]
        said[int(found.index[int(np.argmax(enough)) if enough.any() else len(gap) - 1])].append("gap")
    for name, best in (("silhouette", found["silhouette"].max()), ("bic", found["bic"].min())):
        if np.isfinite(best):
            said[int(found.index[(found[name] == best).to_numpy().argmax()])].append(name)
    several = found.loc[found.index > 1, "stability"]
    if len(several):
        said[int(several.index[int(several.to_numpy().argmax())])].append("stability")
    return [", ".join(names) for names in said.values()]
