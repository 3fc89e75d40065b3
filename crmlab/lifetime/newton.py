"""Newton's method with a trust region inside a box: for a handful of parameters and a likelihood with its curvature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Evaluation = tuple[float, Floats, Floats]


@dataclass(frozen=True)
class Maximum:
    """Where a search ended.

    Attributes
    ----------
    point, value, gradient, hessian
        The best point and what was found there.
    converged : bool
        Whether nothing is left to gain.
    at_edge : array of bool
        Which coordinates stand at an edge of the box and would go on.
    iterations : int
        Evaluations needed.
    """

    point: Floats
    value: float
    gradient: Floats
    hessian: Floats
    converged: bool
    at_edge: npt.NDArray[np.bool_]
    iterations: int


def maximise(
    evaluate: Callable[[Floats], Evaluation],
    start: Floats,
    *,
    low: float,
    high: float,
    tolerance: float = 1e-9,
    max_iterations: int = 200,
) -> Maximum:
    """Climb to a maximum.

    Parameters
    ----------
    evaluate : function
        Gives value, gradient and Hessian at a point.
    start : array
        Where to begin.
    low, high : float
        Edges of the box, the same for every coordinate.
    tolerance : float
        A gradient smaller than this in every free coordinate ends the search.
    max_iterations : int
        Evaluations allowed.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, chapter 4.

    Examples
    --------
    >>> hill = lambda z: (-float((z - 1) @ (z - 1)), -2 * (z - 1), -2 * np.eye(2))
    >>> maximise(hill, np.zeros(2), low=-5, high=5).point
    array([1., 1.])
    """
    point = np.clip(start, low, high)
    value, gradient, hessian = evaluate(point)
    if not np.isfinite(value):
        raise FloatingPointError("the likelihood has no finite value at the start")
    radius, converged, count, stalled = 1.0, False, 1, 0
    while count < max_iterations:
        edge = ((point <= low) & (gradient < 0)) | ((point >= high) & (gradient > 0))
        free = ~edge
        if not free.any() or np.abs(gradient[free]).max() <= tolerance:
            converged = True
            break
        step = np.zeros_like(point)
        step[free] = _trust_step(gradient[free], hessian[np.ix_(free, free)], radius)
        trial = np.clip(point + step, low, high)
        step = trial - point
        promised = float(gradient @ step + 0.5 * step @ hessian @ step)
        length = float(np.linalg.norm(step))
        if length < 1e-13 or abs(promised) < 1e-16 * (1 + abs(value)):
            converged = True  # what is left to gain is below the rounding of the value
            break
        new_value, new_gradient, new_hessian = evaluate(trial)
        count += 1
        usable = np.isfinite(new_value) and np.isfinite(new_gradient).all() and np.isfinite(new_hessian).all()
        gained = new_value - value if usable else -np.inf
        if usable and (gained > 0 or abs(gained) <= 1e-14 * (1 + abs(value))):
            point, value, gradient, hessian = trial, new_value, new_gradient, new_hessian
            stalled = stalled + 1 if gained <= 1e-12 * (1 + abs(value)) else 0
            if stalled == 4:
                converged = True  # a plateau
                break
        ratio = gained / promised if promised > 0 else -1.0
        if ratio < 0.25 and abs(gained) > 1e-14 * (1 + abs(value)):
            radius = 0.25 * length
        elif ratio > 0.75 and length > 0.8 * radius:
            radius = min(2.5 * radius, 6.0)
        if radius < 1e-12:
            break
    edge = ((point <= low) & (gradient < 0)) | ((point >= high) & (gradient > 0))
    return Maximum(point, value, gradient, hessian, converged, edge, count)


def _trust_step(gradient: Floats, hessian: Floats, radius: float) -> Floats:
    """Return the step of at most `radius` that maximises the quadratic model, also where it curves upwards."""
    curvature, axes = np.linalg.eigh(-hessian)
    along = axes.T @ gradient
    floor = 1e-12 * max(1e-12, float(np.abs(curvature).max()))
    damping = max(0.0, floor - float(curvature[0]))
    if damping == 0.0 and np.linalg.norm(along / curvature) <= radius:
        return axes @ (along / curvature)
    lower, upper = damping, damping + max(float(np.linalg.norm(gradient)) / radius, floor) + floor
    while np.linalg.norm(along / (curvature + upper)) > radius:
        upper *= 4.0
    for _ in range(60):
        middle = 0.5 * (lower + upper)
        if np.linalg.norm(along / (curvature + middle)) > radius:
            lower = middle
        else:
            upper = middle
        if upper - lower <= 1e-3 * upper:
            break
    return axes @ (along / (curvature + upper))
