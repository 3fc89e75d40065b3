"""Histories drawn from each model: to try a method where the answer is known, and to see what chance alone does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmlab.lifetime.rows import Floats


def draw_histories(
    model: str,
    parameters: Mapping[str, float],
    T: npt.ArrayLike,
    *,
    seed: int | np.random.Generator = 0,
) -> pd.DataFrame:
    """Draw one history per customer from a model, with what a firm does not see beside it.

    Parameters
    ----------
    model : str
        ``"bg_nbd"``, ``"pareto_nbd"``, ``"bg_bb"``, ``"shifted_beta_geometric"`` or ``"gamma_gamma"``.
    parameters : mapping
        Parameters by name, such as ``model.params_``.
    T : array
        Time observed, one per customer; for ``bg_bb`` and ``shifted_beta_geometric`` whole periods; for
        ``gamma_gamma`` the number of orders that each mean value is taken over.
    seed : int or Generator
        Of the random numbers.

    Returns
    -------
    DataFrame
        The columns that the model of that name reads; also ``order_rate`` and ``left_after`` (time of leaving,
        infinite for who stays; after how many repeat orders for ``bg_nbd``) for models of repeat orders.

    Raises
    ------
    ValueError
        If the model is unknown.

    Examples
    --------
    >>> draw_histories("pareto_nbd", {"r": 0.6, "alpha": 10, "s": 0.6, "beta": 12}, [39, 39, 39], seed=1)["x"].tolist()
    [0.0, 0.0, 1.0]
    """
    draw = {
        "bg_nbd": _bg_nbd,
        "pareto_nbd": _pareto_nbd,
        "bg_bb": _bg_bb,
        "shifted_beta_geometric": _shifted_beta_geometric,
        "gamma_gamma": _gamma_gamma,
    }
    if model not in draw:
        raise ValueError(f"model must be one of {', '.join(map(repr, draw))}, not {model!r}.")
    rng = np.random.default_rng(seed)
    return draw[model](dict(parameters), np.asarray(T, dtype=np.float64), rng)


def _bg_nbd(p: dict[str, float], T: Floats, rng: np.random.Generator) -> pd.DataFrame:
    n = len(T)
    rate = rng.gamma(p["r"], 1 / p["alpha"], n)
    leaves_after = _geometric(_beta(p["a"], p["b"], n, rng), rng)
    possible = rng.poisson(rate * T).astype(np.float64)  # orders if nobody could leave
    x = np.minimum(possible, leaves_after)
    # The k-th of n uniform times has a beta distribution.
    t_x = np.where(x > 0, T * rng.beta(np.maximum(x, 1), np.maximum(possible - x, 0) + 1), 0.0)
    return pd.DataFrame({"x": x, "t_x": t_x, "T": T, "order_rate": rate, "left_after": leaves_after})


def _pareto_nbd(p: dict[str, float], T: Floats, rng: np.random.Generator) -> pd.DataFrame:
    n = len(T)
    rate = rng.gamma(p["r"], 1 / p["alpha"], n)
    with np.errstate(divide="ignore"):
        life = rng.exponential(1.0, n) / rng.gamma(p["s"], 1 / p["beta"], n)
    x = rng.poisson(rate * np.minimum(T, life)).astype(np.float64)
    t_x = np.where(x > 0, np.minimum(T, life) * rng.random(n) ** (1 / np.maximum(x, 1)), 0.0)
    return pd.DataFrame({"x": x, "t_x": t_x, "T": T, "order_rate": rate, "left_after": life})


def _bg_bb(p: dict[str, float], T: Floats, rng: np.random.Generator) -> pd.DataFrame:
    n, periods = len(T), int(T.max())
    chance = _beta(p["alpha"], p["beta"], n, rng)
    leaves_after = _geometric(_beta(p["gamma"], p["delta"], n, rng), rng) - 1  # periods lived
    when = np.arange(1, periods + 1)
    there = (when <= np.minimum(T, leaves_after)[:, None]) & (rng.random((n, periods)) < chance[:, None])
    x = there.sum(axis=1).astype(np.float64)
    t_x = (there * when).max(axis=1).astype(np.float64)
    return pd.DataFrame({"x": x, "t_x": t_x, "T": T, "order_rate": chance, "left_after": leaves_after})


def _shifted_beta_geometric(p: dict[str, float], T: Floats, rng: np.random.Generator) -> pd.DataFrame:
    ends = _geometric(_beta(p["alpha"], p["beta"], len(T), rng), rng)
    return pd.DataFrame({"periods": np.minimum(ends, T), "lost": ends <= T})


def _gamma_gamma(p: dict[str, float], x: Floats, rng: np.random.Generator) -> pd.DataFrame:
    spend_rate = rng.gamma(p["q"], 1 / p["v"], len(x))
    total = rng.gamma(p["p"] * np.maximum(x, 1e-9)) / spend_rate
    return pd.DataFrame({"x": x, "mean_value": np.where(x > 0, total / np.maximum(x, 1), 0.0)})


def _beta(a: float, b: float, n: int, rng: np.random.Generator) -> Floats:
    return np.clip(rng.beta(a, b, n), 1e-12, 1 - 1e-12)


def _geometric(chance: Floats, rng: np.random.Generator) -> Floats:
    """Trials until the first success, from 1; as a float, so that the very patient do not overflow."""
    return np.floor(np.log(rng.random(len(chance))) / np.log1p(-chance)) + 1
