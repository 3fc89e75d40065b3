"""The observable oracle: the best prediction from the firm's tables alone, learned from very many other customers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from crmlab.oracles.history import day_of_month, observable_history
from crmlab.streams import derive_seed
from crmlab.world import World

PART = 20_000
"""Customers simulated at a time for training: what bounds the memory."""

_KEPT: dict[tuple[Any, ...], ObservableOracle] = {}


class ObservableOracle:
    """A learner that has seen so many other customers of the same firm that hardly anything is left to learn.

    Gradient boosting on `observable_history`, trained on people of other seeds under the same policy. It is a lower
    bound of the true ceiling; how far it is still rising shows in `half_`.

    Parameters
    ----------
    customers : int
        Other customers to learn from. A million come close to the ceiling and take minutes; the default is what a
        lesson can wait for.

    Attributes
    ----------
    customers_ : int
        Customers learned from; a fifth as many again were held out for the two tables below.
    full_, half_ : dict
        ``auc`` (area under the ROC curve of silence), ``auc_se`` (its standard error) and ``log_loss`` on the customers
        held out, learned from all others and from half of them. Their difference says what twice as many customers
        bring; if each doubling brings at most half of what the last one brought, an infinite number brings no more
        than that difference once again.
    """

    def __init__(self, *, customers: int = 20_000) -> None:
        self.customers = customers

    @threadpool_limits.wrap(limits=1)  # threads that wait for a busy core cost ten times what they save
    def fit(self, world: World, *, as_of: int, horizon: int) -> Self:
        """Learn from other customers of a world.

        Parameters
        ----------
        world : World
            The firm: scenario and policy. Its own customers are not looked at.
        as_of : int
            Months lived.
        horizon : int
            Months of the future.
        """
        X, orders = _others(world, as_of, horizon, self.customers * 6 // 5)
        X = X.dropna(axis=1, how="all")  # what no customer has, in this kind of business, teaches nothing
        held = np.arange(len(X)) % 6 == 5
        rest = np.flatnonzero(~held)
        self.as_of_, self.horizon_ = as_of, horizon
        self.customers_ = len(rest)
        silent = orders == 0
        self._columns = list(X.columns)
        tables = []
        for rows in (rest[::2], rest):
            self._silence = _classifier(len(rows)).fit(X.to_numpy()[rows], silent[rows])
            chance = self._silence.predict_proba(X.to_numpy()[held])[:, 1]
            tables.append(quality(silent[held], chance))
        self.half_, self.full_ = tables
        self._orders = _regressor(len(rest)).fit(X.to_numpy()[rest], orders[rest])
        return self

    @threadpool_limits.wrap(limits=1)
    def predict(self, run: Any) -> pd.DataFrame:
        """Return the prediction for each customer of a run from its tables up to the day.

        Parameters
        ----------
        run : Run
            Simulated or loaded; of at least as many months.

        Returns
        -------
        DataFrame
            Indexed by ``customer_id``: ``silent``, the probability of no order in the horizon, and ``orders``.
        """
        X = observable_history(run, as_of=self.as_of_).reindex(columns=self._columns)
        chance = self._silence.predict_proba(X.to_numpy())[:, 1]
        return pd.DataFrame({"silent": chance, "orders": self._orders.predict(X.to_numpy())}, index=X.index)

    @classmethod
    def of(cls, world: World, *, as_of: int, horizon: int, customers: int = 20_000) -> ObservableOracle:
        """Return a fitted oracle, the same one on the next call with the same scenario, policy and arguments.

        Parameters
        ----------
        world : World
            The firm.
        as_of, horizon, customers : int
            As for `fit` and the class.
        """
        scenario = tuple((path, str(value)) for path, value, _, _ in world.scenario.numbers())
        key = (scenario, world.policy.to_csv(), world.seed, as_of, horizon, customers)
        if key not in _KEPT:
            _KEPT[key] = cls(customers=customers).fit(world, as_of=as_of, horizon=horizon)
        return _KEPT[key]


def quality(happened: npt.NDArray[np.bool_], chance: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return how good chances of an event are: area under the ROC curve with its standard error, and log loss.

    Parameters
    ----------
    happened : bool array, shape (n,)
        Whether it did.
    chance : array, shape (n,)
        The probability given to it.

    Returns
    -------
    dict
        ``auc``, ``auc_se`` (Hanley & McNeil 1982), ``log_loss``.
    """
    a = float(roc_auc_score(happened, chance))
    yes, no = int(happened.sum()), int((~happened).sum())
    one, two = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (yes - 1) * (one - a * a) + (no - 1) * (two - a * a)) / (yes * no)
    clipped = np.clip(chance, 1e-6, 1 - 1e-6)
    return {"auc": a, "auc_se": float(np.sqrt(variance)), "log_loss": float(log_loss(happened, clipped))}


def _others(world: World, as_of: int, horizon: int, count: int) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return histories and later orders of other people."""
    histories, orders = [], []
    for part, low in enumerate(range(0, count, PART)):
        other = world.with_people(
            seed=derive_seed(world.seed, 1_000_000 + part) >> 1,
            customers=min(PART, count - low),
            months=as_of + horizon,
        )
        run = other.simulate()
        history = observable_history(run, as_of=as_of)
        later = run.transactions[run.transactions["ts"] >= pd.Timestamp(day_of_month(run, as_of))]
        counts = later["customer_id"].value_counts().reindex(history.index, fill_value=0)
        histories.append(history)
        orders.append(counts.to_numpy(np.int64))
    return pd.concat(histories, ignore_index=True), np.concatenate(orders)


def _classifier(n: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(**_settings(n))


def _regressor(n: int) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(loss="poisson", **_settings(n))


def _settings(n: int) -> dict[str, Any]:
    """Return settings that let more data say more."""
    large = n > 300_000
    return {
        "learning_rate": 0.06 if large else 0.08,
        "max_iter": 400 if large else 120,
        "max_leaf_nodes": 63 if large else 15,
        "min_samples_leaf": 100 if large else 50,
        "l2_regularization": 1.0,
        "early_stopping": True,
        "n_iter_no_change": 15,
        "validation_fraction": 0.1,
        "random_state": 0,
    }
