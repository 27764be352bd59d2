"""The sources' pseudo-time relaxation x' = -x + F(x) of a fixed-point map, batched, with adaptive explicit Euler steps.

It reaches attracting fixed points only (of the pseudo-time, not of the network). Use it where the sources do, or for
a few steps from a poor start before Newton. With a change of variable u = forward(x) the flow is
u' = -u + forward(F(x)), e.g. u = (Delta_0^2 - Delta_inf^2) / 2 in Mastrogiuseppe & Ostojic, Neuron 99 (2018) 609.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.solve.problem import Array, Problem, points_of
from meanfield.solve.status import Status

FixedPointMap = Callable[[Array, Array], ArrayLike]


@dataclass(frozen=True)
class Change:
    """A change of variables: forward x -> u and backward u -> x, both (P, n) -> (P, n) and inverse to each other."""

    forward: Callable[[Array], ArrayLike]
    backward: Callable[[Array], ArrayLike]


@dataclass(frozen=True)
class Relaxed:
    """x (P, n); distance (P,), max |F(x) - x| in the variables of the flow; status (P,) codes; steps (P,); time (P,)."""

    x: Array
    distance: Array
    status: NDArray[np.int8]
    steps: NDArray[np.int64]
    time: Array


def relax(
    fixed_point_map: FixedPointMap,
    x0: ArrayLike,
    p: ArrayLike,
    *,
    change: Change | None = None,
    step: float = 0.5,
    adaptive: bool = True,
    tol: float = 1e-10,
    max_steps: int = 1000,
) -> Relaxed:
    """Follow x' = -x + F(x, p) from x0 (P, n) until |F(x) - x| <= tol (1 + |x|).

    step: pseudo-time step, 1 is plain iteration of F. adaptive: halve a point's step when its distance grows, lengthen
    it (up to 1) while it shrinks. A point whose F is not finite even for tiny steps ends with status NAN; one whose
    distance neither shrinks nor converges ends with MAX_ITERATIONS. A wandering flow is not an error: the pseudo-time
    may well oscillate.
    """
    x_start = np.array(x0, dtype=float, ndmin=2)
    parameters = np.array(p, dtype=float, ndmin=2)
    if len(parameters) == 1:
        parameters = np.broadcast_to(parameters, (len(x_start), parameters.shape[1]))
    with np.errstate(all="ignore"):
        return _flow(fixed_point_map, x_start, parameters, change or _IDENTITY, step, adaptive, tol, max_steps)


_IDENTITY = Change(lambda x: x, lambda u: u)


def _flow(
    fixed_point_map: FixedPointMap,
    x: Array,
    p: Array,
    change: Change,
    step: float,
    adaptive: bool,
    tol: float,
    max_steps: int,
) -> Relaxed:
    def velocity(u: Array, at: NDArray[np.intp]) -> Array:
        there = np.asarray(change.backward(u), dtype=float)
        return np.asarray(change.forward(np.asarray(fixed_point_map(there, p[at]), dtype=float)), dtype=float) - u

    count = len(x)
    u = np.array(change.forward(x), dtype=float)
    active = np.arange(count)
    v = velocity(u, active)
    h, time, steps = np.full(count, float(step)), np.zeros(count), np.zeros(count, dtype=np.int64)
    status = np.full(count, Status.MAX_ITERATIONS.code, dtype=np.int8)
    for _ in range(max_steps + 1):
        size = np.abs(v[active]).max(axis=1)
        status[active[(np.abs(v[active]) <= tol * (1.0 + np.abs(u[active]))).all(axis=1)]] = Status.CONVERGED.code
        status[active[~np.isfinite(size) | (h[active] < 1e-8 * step)]] = Status.NAN.code
        active = active[status[active] == Status.MAX_ITERATIONS.code]
        if active.size == 0 or steps[active].max() >= max_steps:
            break
        trial = u[active] + h[active, None] * v[active]
        slope = velocity(trial, active)
        before, after = np.abs(v[active]).max(axis=1), np.abs(slope).max(axis=1)
        finite = np.isfinite(trial).all(axis=1) & np.isfinite(after)
        calm = finite & (after <= before)
        # A growing distance may be genuine (the flow leaves an unstable point): accept it once the step is small.
        taken = finite & (calm | (h[active] <= 0.1 * step)) if adaptive else finite
        moved = active[taken]
        u[moved], v[moved] = trial[taken], slope[taken]
        time[moved] += h[moved]
        steps[active] += 1
        if adaptive:
            h[active] = np.where(calm, np.minimum(1.25 * h[active], 1.0), np.where(taken, h[active], 0.5 * h[active]))
        else:
            h[active[~taken]] *= 0.5
    at_rest = np.asarray(change.backward(u), dtype=float)
    return Relaxed(at_rest, np.abs(v).max(axis=1), status, steps, time)


def fixed_point_map_of(problem: Problem) -> FixedPointMap:
    """F(x, p) = x - residual(x, p), for problems written as residual = x - F(x)."""
    return lambda x, p: x - problem.residual(x, p)


def warm_up(problem: Problem, p: ArrayLike, x0: ArrayLike, *, steps: int = 5, step: float = 0.5) -> Array:
    """A few relaxation steps from poor starts x0 (P, n); points that would leave the finite numbers stay put."""
    parameters, start = points_of(problem, p, x0)
    return relax(fixed_point_map_of(problem), start, parameters, step=step, max_steps=steps).x
