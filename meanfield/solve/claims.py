"""The error that is claimed for each unknown of a root (DESIGN, 1.5).

To first order the error is |J^-1| times the claimed error of the residual, plus Newton's correction at the root, plus
the rounding of the unknowns. Near a fold the Jacobian changes over that distance; one more residual measures by how
much (Newton-Kantorovich), and the claim is inflated, or replaced by the length over which the residual stays within
its error along the weakest direction. So a double root has a claim of about the square root of its residual's error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.solve.extension import extended
from meanfield.solve.linear import inverse
from meanfield.solve.problem import EPS, Array, Problem, points_of, residual_claims

_PROBE = (1e-4, 1e-2)  # the change of the Jacobian is measured over the error itself, clipped to this relative length
_REACH = 10.0 ** np.linspace(-9, 0, 28)  # relative distances tried along the weakest direction of a degenerate root
_MARGIN = 1.5  # on the curvature, which is measured on one side and along one direction only
_REGULAR = 0.25  # Kantorovich: below it the Newton iteration from here is known to converge


@dataclass(frozen=True)
class Claim:
    """error (P, n): bound on |x - root| for each unknown, in its units; inf where nothing can be claimed.

    condition (P,): 1-norm condition number of the Jacobian with its columns times |x_j| + scale_j, so that the units
    of the unknowns do not matter; inf if singular. The rows are not equilibrated here (they are inside the error
    estimate): a row that vanishes at a degenerate root must show.
    residual (P, n) and jacobian (P, n, n) at x.
    """

    error: Array
    condition: Array
    residual: Array
    jacobian: Array


def claim(
    problem: Problem,
    p: ArrayLike,
    x: ArrayLike,
    *,
    scale: ArrayLike = 1.0,
    evaluated: tuple[Array, Array] | None = None,
    bound: Array | None = None,
) -> Claim:
    """Claim the errors of approximate roots x (P, n) at parameters p (P, m).

    scale: typical size of each unknown. evaluated: residual and Jacobian at x, if they are known. bound: (P, n) bound
    on the error of the residual; default: what the problem claims, else an estimate of its rounding.
    """
    parameters, at = points_of(problem, p, x)
    problem = extended(problem)
    with np.errstate(all="ignore"):
        r, jacobian = evaluated if evaluated is not None else problem.residual_jacobian(at, parameters)
        extent = np.abs(at) + np.broadcast_to(np.asarray(scale, dtype=float), at.shape)
        if bound is None:
            bound = residual_claims(problem, at, parameters, r, jacobian)
        rows, matrix = _equilibrated(jacobian, extent)
        inverted = inverse(matrix)
        condition = _norm(matrix * rows[:, :, None]) * _norm(inverted / rows[:, None, :])
        linear = _Linear(inverted, bound / rows, r / rows)
        probe = _Probe(problem, parameters, at, r, jacobian, extent, rows)
        error = _with_curvature(probe, matrix, linear) * extent + 2 * EPS * np.abs(at)
    unknown = np.isnan(error) | ~np.isfinite(r).all(axis=1, keepdims=True)
    return Claim(np.where(unknown, np.inf, error), np.where(np.isnan(condition), np.inf, condition), r, jacobian)


def carried(slope: Array, error: Array) -> Array:
    """(P, Q) what errors (P, n) of the unknowns do to quantities with slopes (P, Q, n); inf where that is not known.

    An unknown that is exact carries none, even where the slope does not exist.
    """
    with np.errstate(all="ignore"):
        total = np.where(error[:, None, :] == 0, 0.0, np.abs(slope) * error[:, None, :]).sum(axis=2)
    return np.where(np.isnan(total), np.inf, total)


def _norm(matrix: Array) -> Array:
    """1-norms of (P, n, n)."""
    return np.abs(matrix).sum(axis=1).max(axis=1)


class _Linear:
    """The linear error in equilibrated units (unknowns over their extent, residuals over their row)."""

    def __init__(self, inverted: Array, bound: Array, residual: Array) -> None:
        self.inverted, self.bound, self.residual = inverted, bound, residual
        correction = np.abs(_apply(inverted, residual))
        self.first = _apply(np.abs(inverted), bound) + correction
        self.good: NDArray[np.bool_] = np.asarray(np.isfinite(self.first).all(axis=1))
        # The displacement that attains the largest of the linear errors, over all signs of the residual's error.
        worst = np.argmax(np.where(np.isfinite(self.first), self.first, 0.0), axis=1)
        sign = np.sign(inverted[np.arange(len(worst)), worst])
        self.direction = _apply(inverted, sign * (bound + np.abs(residual)))


def _apply(matrix: Array, vector: Array) -> Array:
    """(P, n, n) times (P, n), without BLAS: its answer may depend on the batch."""
    return (matrix * vector[:, None, :]).sum(axis=2)


def _equilibrated(jacobian: Array, extent: Array) -> tuple[Array, Array]:
    """Row sizes (P, n), and the Jacobian with columns times `extent` and rows over their sizes."""
    scaled = jacobian * extent[:, None, :]
    rows = np.abs(scaled).max(axis=2)
    rows = np.where(rows > 0.0, rows, 1.0)
    return rows, scaled / rows[:, :, None]


@dataclass(frozen=True)
class _Probe:
    """Residuals near x, in equilibrated units: what the linear model misses."""

    problem: Problem
    p: Array
    x: Array
    r: Array
    jacobian: Array
    extent: Array
    rows: Array

    def take(self, which: NDArray[np.bool_]) -> _Probe:
        """The points of a mask."""
        return _Probe(self.problem, *(a[which] for a in (self.p, self.x, self.r, self.jacobian, self.extent, self.rows)))

    def bend(self, direction: Array) -> Array:
        """r(x + d) - r(x) - J d for relative displacements d (P, n); at -d where the residual at d is not finite."""
        d = direction * self.extent
        missed = self.problem.residual(self.x + d, self.p) - self.r - _apply(self.jacobian, d)
        bad = np.flatnonzero(~np.isfinite(missed).all(axis=1) & np.isfinite(d).all(axis=1))
        if bad.size:
            back = self.problem.residual((self.x - d)[bad], self.p[bad])
            missed[bad] = back - self.r[bad] + _apply(self.jacobian[bad], d[bad])
        return missed / self.rows


def _with_curvature(probe: _Probe, matrix: Array, linear: _Linear) -> Array:
    """The relative error (P, n) with the second order included; NaN where nothing can be said."""
    direction = linear.direction.copy()
    singular = ~linear.good & np.isfinite(matrix).all(axis=(1, 2))
    if singular.any():
        direction[singular] = np.linalg.svd(matrix[singular])[2][:, -1]
    length = np.abs(direction).max(axis=1)
    stretch = np.where(length > 0.0, np.clip(length, *_PROBE) / np.where(length > 0.0, length, 1.0), 1.0)
    direction *= stretch[:, None]
    bend = probe.bend(direction)
    second = _MARGIN * np.abs(_apply(linear.inverted, bend)) / (stretch**2)[:, None]
    size = linear.first.max(axis=1)
    kantorovich = np.where(size > 0.0, second.max(axis=1) / np.where(size > 0.0, size, 1.0), 0.0)
    growth = 2.0 / (1.0 + np.sqrt(np.maximum(1.0 - 4.0 * kantorovich, 0.0)))
    error = linear.first + second * (growth**2)[:, None]
    fold = (linear.good & ~(kantorovich < _REGULAR)) | singular
    if fold.any():
        # A row that vanishes at the root is weighed by its curvature, else equilibration would hide the weak direction.
        moved = np.maximum(np.abs(direction).max(axis=1), 1e-300)
        weigh = np.maximum(1.0, np.nan_to_num(np.abs(bend) / (moved**2)[:, None], posinf=1.0))[fold]
        total = (linear.bound + np.abs(linear.residual))[fold]
        error[fold] = _fold_error(probe.take(fold), matrix[fold], total, weigh)
    return error


def _fold_error(probe: _Probe, matrix: Array, total: Array, weigh: Array) -> Array:
    """Relative error near a singular Jacobian, from its singular vectors (rows divided by `weigh`).

    Along the weakest direction v, how far can a root be? As far as the residual on the left singular vector stays
    within its error: measured on a geometric grid of t, both ways, so that a degenerate root of any order is covered
    (a parabola would be enough for a fold only). The other directions are regular: they feel their part of the
    residual's error and of the curvature. inf where the residual never leaves its error: a line of roots.
    """
    left, s, right = np.linalg.svd(matrix / weigh[:, :, None])
    transposed, weakest = left.transpose(0, 2, 1), right[:, -1]
    projected = _apply(np.abs(transposed), total / weigh)
    reach, curved = np.full(len(s), np.inf), projected.copy()
    open_rows: NDArray[np.bool_] = np.ones(len(s), dtype=bool)
    start, slope = _apply(transposed, probe.r / probe.rows / weigh), s[:, -1]  # J v = s u for the weakest pair
    for t in _REACH:
        bent = [_apply(transposed, probe.bend(sign * t * weakest) / weigh) for sign in (1.0, -1.0)]
        ahead = np.abs(start[:, -1] + t * slope + bent[0][:, -1])
        behind = np.abs(start[:, -1] - t * slope + bent[1][:, -1])
        curved = np.where(open_rows[:, None], np.fmax(curved, np.fmax(np.abs(bent[0]), np.abs(bent[1]))), curved)
        beyond = open_rows & ~(np.fmin(ahead, behind) <= 2.0 * projected[:, -1])
        reach[beyond] = t
        open_rows = open_rows & ~beyond
        if not open_rows.any():
            break
    error = np.abs(weakest) * reach[:, None]
    for k in range(s.shape[1] - 1):
        error = error + np.abs(right[:, k]) * ((projected[:, k] + curved[:, k]) / s[:, k])[:, None]
    return error
