"""The error that is claimed for each unknown of a root (DESIGN, 1.5).

To first order the error is |J^-1| times the claimed error of the residual, plus Newton's correction at the root, plus
the rounding of the unknowns. Near a fold the Jacobian changes over that distance; one more residual measures by how
much (Newton-Kantorovich), and the claim is inflated, or replaced by the bound of the quadratic equation along the
weakest direction. So a double root has a claim of about the square root of its residual's error, not zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from meanfield.solve.extension import extended
from meanfield.solve.linear import inverse
from meanfield.solve.problem import EPS, Array, Problem, points_of, residual_claims

_PROBE = 1e-4  # relative length over which the change of the Jacobian is measured, unless the error itself is longer
_REGULAR = 0.25  # Kantorovich: below it the Newton iteration from here is known to converge


@dataclass(frozen=True)
class Claim:
    """error (P, n): bound on |x - root| for each unknown, in its units; inf where nothing can be claimed.

    condition (P,): 1-norm condition number of the equilibrated Jacobian (columns times |x_j| + scale_j, then rows
    divided by their largest entry), so that units do not matter; inf if singular.
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
        condition = np.abs(matrix).sum(axis=1).max(axis=1) * np.abs(inverted).sum(axis=1).max(axis=1)
        relative = _Relative(inverted, bound / rows, r / rows)
        error = _with_curvature(problem, parameters, at, r, jacobian, extent, rows, matrix, relative)
        error = error * extent + 2 * EPS * np.abs(at)
    return Claim(np.where(np.isnan(error), np.inf, error), np.where(np.isnan(condition), np.inf, condition), r, jacobian)


class _Relative:
    """The linear error in equilibrated units (unknowns over their extent, residuals over their row)."""

    def __init__(self, inverted: Array, bound: Array, residual: Array) -> None:
        self.inverted, self.bound, self.residual = inverted, bound, residual
        correction = np.abs(_apply(inverted, residual))
        self.first = _apply(np.abs(inverted), bound) + correction
        self.good: NDArray[np.bool_] = np.isfinite(self.first).all(axis=1)
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


def _with_curvature(
    problem: Problem,
    p: Array,
    x: Array,
    r: Array,
    jacobian: Array,
    extent: Array,
    rows: Array,
    matrix: Array,
    linear: _Relative,
) -> Array:
    """The relative error (P, n) with the second order included; NaN where nothing can be said."""
    direction = linear.direction.copy()
    singular = ~linear.good & np.isfinite(matrix).all(axis=(1, 2))
    if singular.any():
        direction[singular] = np.linalg.svd(matrix[singular])[2][:, -1]
    length = np.abs(direction).max(axis=1)
    stretch = np.where(length > 0.0, np.maximum(_PROBE / np.maximum(length, 1e-300), 1.0), 0.0)
    stretch[singular] = _PROBE
    probe = direction * stretch[:, None] * extent
    bend = _bend(problem, p, x, r, jacobian, probe) / rows
    shrink = np.where(stretch > 0.0, 1.0 / np.maximum(stretch, 1e-300) ** 2, 0.0)[:, None]
    second = np.abs(_apply(linear.inverted, bend)) * shrink
    size = linear.first.max(axis=1)
    kantorovich = np.where(size > 0.0, second.max(axis=1) / np.where(size > 0.0, size, 1.0), 0.0)
    growth = 2.0 / (1.0 + np.sqrt(np.maximum(1.0 - 4.0 * kantorovich, 0.0)))
    error = linear.first + second * (growth**2)[:, None]
    near_fold = (linear.good & ~(kantorovich < _REGULAR)) | singular
    if near_fold.any():
        travelled = (np.abs(probe) / extent)[near_fold].max(axis=1)
        total = (linear.bound + np.abs(linear.residual))[near_fold]
        error[near_fold] = _fold_error(matrix[near_fold], total, bend[near_fold], probe[near_fold] / extent[near_fold])
        error[near_fold] = np.where((travelled > 0.0)[:, None], error[near_fold], np.nan)
    return error


def _bend(problem: Problem, p: Array, x: Array, r: Array, jacobian: Array, probe: Array) -> Array:
    """What the linear model misses at x + probe (at x - probe where the residual there is not finite)."""
    missed = problem.residual(x + probe, p) - r - _apply(jacobian, probe)
    bad = np.flatnonzero(~np.isfinite(missed).all(axis=1) & np.isfinite(r).all(axis=1))
    if bad.size:
        missed[bad] = problem.residual((x - probe)[bad], p[bad]) - r[bad] + _apply(jacobian[bad], probe[bad])
    return missed


def _fold_error(matrix: Array, total: Array, bend: Array, probe: Array) -> Array:
    """Relative error near a singular Jacobian, from its singular values s_k (ascending order of trust).

    Along the weakest direction v the displacement t obeys c t^2 <= s t + b, with c the measured curvature and b the
    residual's error on the left singular vector; the other directions are regular and feel b and the curvature.
    """
    left, s, right = np.linalg.svd(matrix)
    along = np.maximum(np.abs((right[:, -1] * probe).sum(axis=1)), 1e-300)
    projected = _apply(np.abs(left).transpose(0, 2, 1), total)
    curved = np.abs(_apply(left.transpose(0, 2, 1), bend)) / (along**2)[:, None]
    c, b = curved[:, -1], projected[:, -1]
    distance = np.where(c > 0.0, (s[:, -1] + np.sqrt(s[:, -1] ** 2 + 4.0 * c * b)) / (2.0 * c), np.inf)
    error = np.abs(right[:, -1]) * distance[:, None]
    for k in range(s.shape[1] - 1):
        amount = (projected[:, k] + curved[:, k] * distance**2) / s[:, k]
        error = error + np.abs(right[:, k]) * amount[:, None]
    return error
