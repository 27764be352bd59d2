"""From a predicted point back to the curve: Newton's method on the bordered system, many points at once.

Written in scaled unknowns w = u / scale,

    [ F_u scale ]        [  -F  ]
    [           ]  dw =  [      ]          so that the point moves in the plane through the prediction, orthogonal to `normal`.
    [  normal^T ]        [   0  ]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.continuation.curve import Curve
from meanfield.solve.problem import Array

_GROWTH = 2.0  # a correction may grow by this factor from one iteration to the next before it counts as lost


@dataclass(frozen=True)
class Corrected:
    """u (P, N) and the Jacobian (P, n, N) near it; converged (P,); iterations (P,); first, last (P,): sizes of corrections."""

    u: Array
    jacobian: Array
    converged: Any
    iterations: Any
    first: Array
    last: Array


def bordered(jacobian: Array, row: Array, scale: Array) -> Array:
    """(P, N, N): the Jacobian in scaled unknowns, each row divided by its largest entry, and ``row`` below it."""
    with np.errstate(all="ignore"):  # of points that have no finite values the system is NaN
        scaled = jacobian * scale[:, None, :]
        size = np.abs(scaled).max(axis=2, keepdims=True)
        scaled = scaled / np.where(size > 0, size, 1.0)
    return np.concatenate([scaled, row[:, None, :]], axis=1)


def solve_bordered(jacobian: Array, row: Array, scale: Array, top: Array, bottom: Array) -> Array:
    """Scaled solution (P, N) of the bordered system with right side (top (P, n), bottom (P,)); NaN where it is singular."""
    with np.errstate(all="ignore"):
        size = np.abs(jacobian * scale[:, None, :]).max(axis=2)
        rhs = np.concatenate([top / np.where(size > 0, size, 1.0), bottom[:, None]], axis=1)
    return solved(bordered(jacobian, row, scale), rhs)


def solved(matrix: Array, rhs: Array) -> Array:
    """(P, N): solutions of small linear systems, NaN for those that are singular or not finite."""
    out = np.full(rhs.shape, np.nan)
    good = np.flatnonzero(np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(rhs).all(axis=1))
    if good.size == 0:
        return out
    try:
        out[good] = np.linalg.solve(matrix[good], rhs[good][:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        for k in good:
            try:
                out[k] = np.linalg.solve(matrix[k], rhs[k])
            except np.linalg.LinAlgError:
                continue
    return out


def correct(
    curve: Curve, p: Array, start: Array, normal: Array, scale: Array, *, tol: float = 1e-9, max_iterations: int = 6
) -> Corrected:
    """Newton from ``start`` (P, N) in the planes with the scaled unit ``normal`` (P, N), until a correction is below ``tol``.

    The last correction is applied: with quadratic convergence the point is better than ``tol`` by far.
    """
    count, size = start.shape
    u = np.array(start)
    jacobian = np.full((count, size - 1, size), np.nan)
    converged = np.zeros(count, dtype=bool)
    iterations = np.zeros(count, dtype=int)
    first, last = np.full(count, np.nan), np.full(count, np.inf)
    active = np.arange(count)
    with np.errstate(all="ignore"):
        for _ in range(max_iterations):
            residual, slope = curve.residual_jacobian(u[active], p[active])
            step = solve_bordered(slope, normal[active], scale[active], -residual, np.zeros(len(active)))
            jacobian[active] = slope
            length = np.sqrt((step**2).sum(axis=1))
            moved = np.isfinite(length)
            u[active[moved]] += (step * scale[active])[moved]
            iterations[active] += 1
            first[active] = np.where(np.isnan(first[active]), length, first[active])
            lost = ~moved | (length > _GROWTH * last[active])
            last[active] = length
            done = moved & (length <= tol)
            converged[active[done]] = True
            active = active[~done & ~lost]
            if active.size == 0:
                break
    return Corrected(u, jacobian, converged, iterations, first, last)
