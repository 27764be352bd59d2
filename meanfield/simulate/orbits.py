"""The dynamics beside the fixed points of one network: how far from the origin it moves, and what steers it.

There is no mean-field equation for the second question. The source's observation is that the velocity at x points along the flow
that is linearised at the nearest fixed point, ``y'(x*) (x - x*)`` (Stubenrauch et al., arXiv:2210.07877).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import ParameterError
from meanfield.simulate.fixed_points import FixedPoints, System

__all__ = ["Steering", "orbit", "steering"]

Array = NDArray[np.float64]


def orbit(
    system: System, *, time: float = 200.0, interval: float = 1.0, transient: float = 50.0, seed: int = 0, accuracy: float = 1e-6
) -> Array:
    """Points of a trajectory from a random start of unit variance, every ``interval`` after a ``transient``: (T, N).

    Integrated by SciPy's Dormand-Prince method with the local relative and absolute accuracy given.
    """
    from scipy.integrate import solve_ivp

    start = np.random.default_rng(seed).normal(size=len(system.J))
    times = transient + np.arange(0.0, time, interval)
    velocity = lambda t, x: system.velocity(x[None])[0][0]
    run = solve_ivp(velocity, (0.0, times[-1]), start, t_eval=times, rtol=accuracy, atol=accuracy)
    return np.asarray(run.y.T, dtype=float)


@dataclass(frozen=True)
class Steering:
    """Cosines (T,) of the angle between the velocity at each point of an orbit and three directions.

    linearised: the flow linearised at the nearest fixed point. control: the same at a fixed point chosen at random. towards: the
    straight line to the nearest fixed point. nearest: its number in `FixedPoints.points`. distance: to it, squared, over N.
    """

    linearised: Array
    control: Array
    towards: Array
    nearest: NDArray[np.intp]
    distance: Array

    @property
    def means(self) -> tuple[float, float, float]:
        """Averages over the orbit of linearised, control and towards."""
        return float(self.linearised.mean()), float(self.control.mean()), float(self.towards.mean())


def steering(found: FixedPoints, x: Array, seed: int = 0) -> Steering:
    """How the velocity at the points x (T, N) of an orbit compares with what the fixed points of its network impose.

    seed: of the choice of the random fixed points. Raises `ParameterError` if no fixed point was found.
    """
    if not found.count:
        raise ParameterError("no fixed point was found, so none is near; take more starts or a larger g")
    points, system = found.points, found.system
    velocity, _ = system.velocity(x)
    squared = (x**2).sum(axis=1)[:, None] - 2 * x @ points.T + (points**2).sum(axis=1)
    nearest = squared.argmin(axis=1)
    other = np.random.default_rng(seed).integers(len(points), size=len(x))
    (slope,) = system.phi.jet([1], points)
    linear = [(x - points[k]) * slope[k] @ system.J.T - (x - points[k]) for k in (nearest, other)]
    return Steering(
        _cosine(velocity, linear[0]),
        _cosine(velocity, linear[1]),
        _cosine(velocity, points[nearest] - x),
        nearest,
        np.maximum(squared[np.arange(len(x)), nearest], 0.0) / x.shape[1],
    )


def _cosine(a: Array, b: Array) -> Array:
    lengths = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    cosines: Array = (a * b).sum(axis=1) / np.where(lengths > 0, lengths, np.inf)
    return cosines
