"""What all models of buying until one leaves unseen share: their reading of a history, and their forecasts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.polynomial.legendre import leggauss
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from crmlab.lifetime.estimator import LifetimeModel, blocks, check_level
from crmlab.lifetime.rows import Floats, Rows, complain, group_rows, read_rows
from crmlab.tables import TableError

MOST_ORDERS = 100_000
"""No interval reaches beyond this many orders."""


class RepeatModel(LifetimeModel):
    """A model of repeat orders in which a customer buys until he leaves, and nobody sees him leave.

    Once alive at the end of the history, the unknown rates of a customer are independent of when the orders were, and
    everything ahead follows from the number of orders `x` and the time `T`.
    """

    _columns: ClassVar[tuple[str, ...]] = ("x", "t_x", "T")
    _scaled_columns: ClassVar[tuple[str, ...]] = ("t_x", "T")

    # ── for subclasses ────────────────────────────────────────────────────────────────────────────────────────────

    def _log_odds_left(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Logarithm of P(left) / P(alive)."""
        raise NotImplementedError

    def _mean_if_alive(self, x: Floats, T: Floats, horizon: float) -> Floats:
        """Orders expected in (T, T + horizon] of a customer alive at T."""
        raise NotImplementedError

    def _rates_if_alive(self, x: Floats, T: Floats, after: Floats) -> Floats:
        """Orders expected per unit of time at T + after of a customer alive at T; rows customers, columns times."""
        raise NotImplementedError

    def _counts_if_alive(self, x: Floats, T: Floats, horizon: float) -> Iterator[Floats]:
        """Chance of 0, 1, 2, … orders in (T, T + horizon] of customers alive at T."""
        raise NotImplementedError

    # ── checks ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check(self, rows: Rows) -> None:
        check_histories(rows)

    def _prepare(self, data: list[Floats], weights: Floats) -> None:
        if not weights @ data[0] > 0:
            raise TableError(
                "Nobody ordered again: every x is 0, so nothing says how often customers order or when they leave. "
                "Take a longer time, or customers who have been there for longer."
            )

    def _start(self, data: list[Floats], weights: Floats) -> Floats:
        raise NotImplementedError

    def _doubt(self, data: list[Floats], weights: Floats) -> None:
        from crmlab.lifetime.checks import doubts_about_orders  # it uses the forecasts of this module

        for doubt in doubts_about_orders(self, data[0], data[2], weights):
            self._warn(doubt)

    # ── per customer ──────────────────────────────────────────────────────────────────────────────────────────────

    def p_alive(self, summary: Any) -> pd.Series:
        """Return the chance that each customer is still one at the end of his history.

        Parameters
        ----------
        summary : data frame
            As for `fit`; the customers may be others.

        Returns
        -------
        Series
            Probabilities, indexed by ``customer_id`` where the table has one.

        Notes
        -----
        In BG/NBD a customer can leave only after a repeat order, so that one who never came back counts as alive
        with certainty. That is an assumption of the model and not news about this customer; `ParetoNBD` has it not.
        """
        rows = self._read(summary)
        return pd.Series(self._alive(rows), index=rows.index, name="p_alive")

    def expected_orders(self, summary: Any, *, horizon: float) -> pd.Series:
        """Return the orders expected of each customer in the next time.

        Parameters
        ----------
        summary : data frame
            As for `fit`; the customers may be others.
        horizon : float
            How far to look beyond `T`, in its unit.

        Returns
        -------
        Series
            Expected number of orders, indexed by ``customer_id`` where the table has one.
        """
        rows = self._read(summary)
        check_horizon(horizon)
        mean = self._by_history(rows, lambda x, T: self._mean_if_alive(x, T, horizon))
        return pd.Series(self._alive(rows) * mean, index=rows.index, name="expected_orders")

    def discounted_orders(self, summary: Any, *, discount_rate: float, horizon: float | None = None) -> pd.Series:
        """Return the orders expected of each customer, later ones counting for less.

        Parameters
        ----------
        summary : data frame
            As for `fit`.
        discount_rate : float
            Per unit of `T`: an order at T + t counts (1 + discount_rate)^−t. 10% a year and weeks are
            1.1**(7 / 365.25) − 1.
        horizon : float, optional
            How far to look beyond `T`; without end when left out, which needs a positive rate.

        Returns
        -------
        Series
            Discounted expected orders, indexed by ``customer_id`` where the table has one.

        References
        ----------
        Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4).
        """
        rows = self._read(summary)
        check_discount(discount_rate, horizon)
        ahead = self._by_history(rows, lambda x, T: self._discounted_if_alive(x, T, discount_rate, horizon))
        return pd.Series(self._alive(rows) * ahead, index=rows.index, name="discounted_orders")

    def order_probabilities(self, summary: Any, *, horizon: float, most: int = 10) -> pd.DataFrame:
        """Return the chances of 0, 1, … orders of each customer in the next time.

        Parameters
        ----------
        summary : data frame
            As for `fit`.
        horizon : float
            How far to look beyond `T`, in its unit.
        most : int
            Largest number of orders with a column of its own.

        Returns
        -------
        DataFrame
            One row per customer, columns 0 to `most`; what is missing to 1 is the chance of more.
        """
        rows = self._read(summary)
        check_horizon(horizon)
        check_most(most)
        alive = self._alive(rows)
        chances = np.empty((len(rows), most + 1))
        (x, T), _, where = group_rows([rows.columns["x"], rows.columns["T"]])
        for k, chance in zip(range(most + 1), self._counts_if_alive(x, T, horizon), strict=False):
            chances[:, k] = alive * chance[where]
        chances[:, 0] += 1 - alive
        return pd.DataFrame(chances, index=rows.index, columns=range(most + 1))

    def order_intervals(self, summary: Any, *, horizon: float, level: float = 0.9) -> pd.DataFrame:
        """Return between which numbers of orders each customer will end up, given the history.

        Parameters
        ----------
        summary : data frame
            As for `fit`.
        horizon : float
            How far to look beyond `T`, in its unit.
        level : float
            Chance of ending up inside, at least.

        Returns
        -------
        DataFrame
            ``lower`` and ``upper``, whole numbers, both inside. At most (1 − level) / 2 of the chance lies below
            and as much above; as orders are whole, less often does. The parameters are taken as known.
        """
        rows = self._read(summary)
        check_horizon(horizon)
        check_level(level)
        low, high = (1 - level) / 2, 1 - (1 - level) / 2
        alive = self._alive(rows)
        (x, T), _, where = group_rows([rows.columns["x"], rows.columns["T"]])
        below = np.zeros(len(x))
        lower, upper = np.full(len(rows), -1), np.full(len(rows), -1)
        for k, chance in zip(range(MOST_ORDERS), self._counts_if_alive(x, T, horizon), strict=False):
            below += chance
            reached = 1 - alive * (1 - below[where])
            lower[(lower < 0) & (reached >= low - 1e-12)] = k
            upper[(upper < 0) & (reached >= high - 1e-12)] = k
            if (upper >= 0).all():
                break
        return pd.DataFrame({"lower": lower, "upper": upper}, index=rows.index)

    # ── of somebody new ───────────────────────────────────────────────────────────────────────────────────────────

    def repeat_orders(self, time: Any) -> Any:
        """Return the repeat orders expected of a new customer within some time after the first order.

        Parameters
        ----------
        time : float or array
            In the unit of `T`.
        """
        check_is_fitted(self)
        times = np.atleast_1d(np.asarray(time, dtype=np.float64))
        if (times < 0).any() or not np.isfinite(times).all():
            raise ValueError(f"time must not be negative, not {time!r}.")
        nothing = np.zeros(1)
        out = np.array([self._mean_if_alive(nothing, nothing, float(t))[0] for t in times])
        return float(out[0]) if np.ndim(time) == 0 else out.reshape(np.shape(time))

    def repeat_order_probabilities(self, time: float, *, most: int = 10) -> Floats:
        """Return the chances that a new customer places 0, 1, …, `most` repeat orders within some time.

        Parameters
        ----------
        time : float
            In the unit of `T`.
        most : int
            Largest number of orders.
        """
        check_is_fitted(self)
        check_horizon(time)
        check_most(most)
        nothing = np.zeros(1)
        return np.array([p[0] for p in _first(self._counts_if_alive(nothing, nothing, float(time)), most + 1)])

    # ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, summary: Any) -> Rows:
        check_is_fitted(self)
        rows = read_rows(summary, self._columns, name=self._table)
        self._check(rows)
        return rows

    def _alive(self, rows: Rows) -> Floats:
        data, _, where = group_rows([rows.columns[name] for name in self._columns])
        parts = [self._log_odds_left(*(values[part] for values in data)) for part in blocks(len(data[0]))]
        return expit(-np.concatenate(parts))[where]

    def _by_history(self, rows: Rows, of: Any) -> Floats:
        (x, T), _, where = group_rows([rows.columns["x"], rows.columns["T"]])
        return np.concatenate([of(x[part], T[part]) for part in blocks(len(x))])[where]

    def _discounted_if_alive(self, x: Floats, T: Floats, discount_rate: float, horizon: float | None) -> Floats:
        """Sum the rate over the future; 96 nodes in the logarithm of time leave an error below 1e-9."""
        force = np.log1p(discount_rate)
        end = 30.0 / force if horizon is None else float(horizon)
        scale = max(float(self.params_[self._scaled[0]]), end * 1e-4)
        nodes, weights = leggauss(96)
        longest = np.log1p(end / scale)
        u = 0.5 * longest * (nodes + 1)
        times = scale * np.expm1(u)
        step = 0.5 * longest * weights * (times + scale) * np.exp(-force * times)
        return np.concatenate([self._rates_if_alive(x[part], T[part], times) @ step for part in blocks(len(x), 2_048)])


def check_histories(rows: Rows) -> None:
    """Raise a `TableError` where x, t_x and T contradict one another."""
    x, t_x, T = rows.columns["x"], rows.columns["t_x"], rows.columns["T"]
    complain(
        (x < 0) | (x != np.floor(x)),
        rows,
        "x is not a whole number of repeat orders",
        "The first order does not count; orders of one day count once.",
    )
    complain((t_x < 0) | (T < t_x), rows, "t_x does not lie between 0 and T", "All times run from the first order.")
    complain(
        (x == 0) & (t_x > 0), rows, "t_x is positive without a repeat order", "It is 0 until somebody orders again."
    )
    if not (T > 0).any():
        raise TableError("Every T is 0: all customers ordered first on the last day, so nothing has been observed.")


def check_horizon(horizon: float) -> None:
    """Raise a `ValueError` unless `horizon` is a positive finite number."""
    number = isinstance(horizon, int | float | np.integer | np.floating)
    if not (number and np.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be a positive number, in the unit of T, not {horizon!r}.")


def check_discount(discount_rate: float, horizon: float | None) -> None:
    """Raise a `ValueError` unless rate and horizon give a finite sum."""
    if horizon is not None:
        check_horizon(horizon)
    if not (0 <= discount_rate < np.inf):
        raise ValueError(f"discount_rate must not be negative, not {discount_rate!r}.")
    if horizon is None and not discount_rate > 0:
        raise ValueError("A horizon without end needs a positive discount_rate; give a rate, or a horizon.")


def check_most(most: int) -> None:
    """Raise a `ValueError` unless `most` is a whole number from 0."""
    if not isinstance(most, int | np.integer) or not 0 <= most <= MOST_ORDERS:
        raise ValueError(f"most must be a whole number from 0 to {MOST_ORDERS:,}, not {most!r}.")


def _first(parts: Iterator[Floats], count: int) -> Iterator[Floats]:
    return (part for _, part in zip(range(count), parts, strict=False))
