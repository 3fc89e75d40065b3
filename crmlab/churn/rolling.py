"""Evaluating a model origin by origin, with progress, and without losing what is done when it is interrupted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from crmlab.churn.checks import as_labels
from crmlab.churn.framing import RollingOrigins
from crmlab.churn.measures import auc, brier, lift


def rolling_evaluation(
    model: BaseEstimator,
    X: pd.DataFrame,
    y: Any,
    *,
    origins: RollingOrigins,
    folder: str | Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> pd.DataFrame:
    """Train on the past and test on the next cut-off, for one cut-off after another.

    Parameters
    ----------
    model : estimator
        A scikit-learn classifier or pipeline; cloned for each origin.
    X : DataFrame, shape (n, columns)
        Customers at several cut-offs.
    y : array_like of bool, shape (n,)
        Who left in the window after its cut-off.
    origins : RollingOrigins
        Cut-off of each row, and the window.
    folder : str or Path, optional
        Where to keep each finished origin. Called again with the same model and data after an interruption, it goes on
        where it stopped; another model or other data in the same folder are kept apart.
    progress : callable, optional
        Called with a text and the share done; by default a bar on the terminal.

    Returns
    -------
    DataFrame
        Indexed by ``as_of``: ``trained_on`` and ``customers`` (rows), ``rate`` of leaving, ``auc`` with ``auc_low`` and
        ``auc_high``, ``lift`` of the best tenth (NaN where all or none left), ``brier``.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> cut_offs = pd.to_datetime(["2025-01-01"] * 60 + ["2025-03-01"] * 60)
    >>> X = pd.DataFrame({"recency": list(range(60)) * 2})
    >>> y = [day % 4 == 0 and day > 20 for day in range(60)] * 2
    >>> table = rolling_evaluation(LogisticRegression(), X, y, origins=RollingOrigins(cut_offs, horizon=30),
    ...                            progress=lambda text, share: None)
    >>> table["trained_on"].tolist()
    [60]
    """
    left = as_labels(y, name="y")
    if len(left) != len(X):
        raise ValueError(f"y has {len(left):,} labels for {len(X):,} rows.")
    store = _Store(Path(folder), _digest(model, X, left, origins)) if folder is not None else None
    rows = []
    with _shown(progress) as report:
        for number, ((train, test), origin) in enumerate(zip(origins.split(X), origins.origins, strict=True)):
            report(f"Testing {origin.date()}", number / len(origins.origins))
            row = store.read(origin) if store else None
            if row is None:
                row = _one_origin(model, X, left, train, test)
                if store:
                    store.write(origin, row)
            rows.append({"as_of": origin, **row})
        report("Done", 1.0)
    return pd.DataFrame(rows).set_index("as_of")


def _one_origin(
    model: BaseEstimator, X: pd.DataFrame, left: np.ndarray, train: np.ndarray, test: np.ndarray
) -> dict[str, float]:
    if len(np.unique(left[train])) < 2:
        raise ValueError(f"all {len(train):,} training rows have label {int(left[train][0])}: nothing can be learnt.")
    fitted = clone(model).fit(X.iloc[train], left[train])
    chance = fitted.predict_proba(X.iloc[test])[:, 1]
    truth = left[test]
    both = 0 < truth.sum() < len(truth)
    area = auc(truth, chance) if both else (np.nan, np.nan, np.nan)
    return {
        "trained_on": len(train),
        "customers": len(test),
        "rate": float(truth.mean()),
        **dict(zip(("auc", "auc_low", "auc_high"), area, strict=True)),
        "lift": lift(truth, chance) if both else np.nan,
        "brier": brier(truth, chance).brier,
    }


def _digest(model: BaseEstimator, X: pd.DataFrame, left: np.ndarray, origins: RollingOrigins) -> str:
    """Return a name for this model on these data: another one must not be taken for it."""
    found = hashlib.sha256(repr((type(model).__name__, model.get_params(deep=True))).encode())
    found.update(repr(list(X.columns)).encode())
    found.update(pd.util.hash_pandas_object(X, index=False).to_numpy().tobytes())
    found.update(np.packbits(left).tobytes())
    found.update(origins.as_of.asi8.tobytes() + origins.known.asi8.tobytes())
    return found.hexdigest()[:16]


class _Store:
    """Finished origins, one small file each; a file is there whole or not at all."""

    def __init__(self, folder: Path, digest: str) -> None:
        self.folder = folder / f"rolling-{digest}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def _path(self, origin: pd.Timestamp) -> Path:
        return self.folder / f"{origin:%Y-%m-%d}.json"

    def read(self, origin: pd.Timestamp) -> dict[str, float] | None:
        path = self._path(origin)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def write(self, origin: pd.Timestamp, row: dict[str, float]) -> None:
        path = self._path(origin)
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(row), encoding="utf-8")
        os.replace(unfinished, path)


class _shown:  # noqa: N801 – reads as a function
    """A progress function: the caller's, or a bar on the terminal."""

    def __init__(self, progress: Callable[[str, float], None] | None) -> None:
        self._given = progress

    def __enter__(self) -> Callable[[str, float], None]:
        if self._given is not None:
            return self._given
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), transient=True)
        self._bar.start()
        task = self._bar.add_task("", total=1.0)
        return lambda text, share: self._bar.update(task, description=text, completed=share)

    def __exit__(self, *error: object) -> None:
        if self._given is None:
            self._bar.stop()
