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
    """u (P, N) and the Jacobian (P, n, N) near it; ahead (P, N): the scaled unit tangent there, oriented like the normal;
    converged (P,); iterations (P,); first, last (P,): sizes of corrections."""

    u: Array
    jacobian: Array
    ahead: Array
    converged: Any
    iterations: Any
    first: Array
    last: Array


def bordered(jacobian: Array, row: Array, scale: Array) -> Array:
    """(P, N, N): the Jacobian in scaled unknowns, each row divided by its largest entry, and ``row`` below it."""
    return _equilibrated(jacobian, row, scale)[0]


def _equilibrated(jacobian: Array, row: Array, scale: Array) -> tuple[Array, Array]:
    """The bordered system, and what its rows but the last were divided by (P, n)."""
    with np.errstate(all="ignore"):  # of points that have no finite values the system is NaN
        scaled = jacobian * scale[:, None, :]
        size = np.abs(scaled).max(axis=2)
        size = np.where(size > 0, size, 1.0)
        return np.concatenate([scaled / size[:, :, None], row[:, None, :]], axis=1), size


def solve_bordered(jacobian: Array, row: Array, scale: Array, top: Array, bottom: Array) -> Array:
    """Scaled solution (P, N) of the bordered system with right side (top (P, n), bottom (P,)); NaN where it is singular."""
    matrix, size = _equilibrated(jacobian, row, scale)
    with np.errstate(all="ignore"):
        return solved(matrix, np.concatenate([top / size, bottom[:, None]], axis=1))


def solved(matrix: Array, rhs: Array) -> Array:
    """Solutions of small linear systems for right sides (P, N) or (P, N, k), NaN for those that are singular or not finite."""
    columns = rhs if rhs.ndim == 3 else rhs[:, :, None]
    try:
        if np.isfinite(matrix).all() and np.isfinite(columns).all():
            return np.asarray(np.linalg.solve(matrix, columns).reshape(rhs.shape))
    except np.linalg.LinAlgError:
        pass  # one of them is singular
    out = np.full(columns.shape, np.nan)
    for k in np.flatnonzero(np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(columns).all(axis=(1, 2))):
        try:
            out[k] = np.linalg.solve(matrix[k], columns[k])
        except np.linalg.LinAlgError:
            continue
    return out.reshape(rhs.shape)


def correct(
    curve: Curve, p: Array, start: Array, normal: Array, scale: Array, *, tol: float = 1e-9, max_iterations: int = 6
) -> Corrected:
    """Newton from ``start`` (P, N) in the planes with the scaled unit ``normal`` (P, N), until a correction is below ``tol``.

    The last correction is applied: with quadratic convergence the point is better than ``tol`` by far.
    """
    count, size = start.shape
    out = Corrected(
        np.array(start),
        np.full((count, size - 1, size), np.nan),
        np.full(start.shape, np.nan),
        np.zeros(count, dtype=bool),
        np.zeros(count, dtype=int),
        np.full(count, np.nan),
        np.full(count, np.inf),
    )
    rows = np.arange(count)  # of the points that still move; what follows is theirs
    u, last = out.u, out.last
    with np.errstate(all="ignore"):
        for turn in range(1, max_iterations + 1):
            residual, slope = curve.residual_jacobian(u, p)
            step, ahead = _step_and_tangent(slope, normal, scale, residual)
            length = np.sqrt((step**2).sum(axis=1))
            moved = np.isfinite(length)
            u = np.where(moved[:, None], u + step * scale, u)
            if turn == 1:
                out.first[:] = length
            done = moved & (length <= tol)
            ended = done | ~moved | (length > _GROWTH * last) | (turn == max_iterations)
            last = length
            if not ended.any():
                continue
            at = rows[ended]
            out.u[at], out.jacobian[at], out.ahead[at] = u[ended], slope[ended], ahead[ended]
            out.converged[at], out.iterations[at], out.last[at] = done[ended], turn, length[ended]
            if len(at) == len(rows):
                break
            rows, u, p, normal, scale, last = (a[~ended] for a in (rows, u, p, normal, scale, last))
    return out


def _step_and_tangent(slope: Array, normal: Array, scale: Array, residual: Array) -> tuple[Array, Array]:
    """Newton's correction, scaled, and the scaled unit tangent (P, N) each: two right sides of one system."""
    matrix, size = _equilibrated(slope, normal, scale)
    sides = np.zeros((*normal.shape, 2))
    sides[:, :-1, 0], sides[:, -1, 1] = -residual / size, 1.0
    both = solved(matrix, sides)
    ahead = both[:, :, 1]
    return both[:, :, 0], ahead / np.sqrt((ahead**2).sum(axis=1, keepdims=True))
