"""Roots next to a nearly singular one: at a fold, a pitchfork or a transcritical point roots come together.

Rough quadrature, with which roots are searched, cannot tell roots that lie nearer to each other than the square root of its
error. So where the Jacobian of a root is nearly singular its neighbours are computed, by Lyapunov-Schmidt reduction: along the
weakest direction v of the Jacobian, with left vector u, the equations F(x + t v + w) = h u with v . w = 0 have one solution
(w, h) for every small t, and the roots are the zeros of h(t) = s t + c_2 t^2 + c_3 t^3 + ... with s the smallest singular value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meanfield.compile import FINE, Kernel
from meanfield.solve.extension import extended
from meanfield.solve.linear import determinant, solve
from meanfield.solve.newton import newton
from meanfield.solve.problem import Array, Problem

_NEARLY = 3e-3  # singular value: neighbours of roots above it are too far for rough quadrature to confuse them
_LENGTHS = (1e-2, 1e-3)  # relative t at which h is measured
_FARTHEST = 0.2  # relative distance of a neighbour that the cubic can still predict
_STEPS = 6  # of Newton's method for (w, h)


@dataclass(frozen=True)
class Reduction:
    """h(t) of each row, in equilibrated units: slope (Q,), the displacements (Q, n) at +t and -t, and h there."""

    slope: Array
    ahead: Array
    behind: Array
    above: Array
    below: Array


def nearly_singular(kernel: Kernel, jacobian: Array, extent: Array, below: float = _NEARLY) -> NDArray[np.intp]:
    """Rows whose neighbours rough quadrature may have missed: the Jacobian (Q, n, n) has a small singular value."""
    with np.errstate(all="ignore"):  # infinite slopes, a matrix of zeros
        matrix, _, usable = _equilibrated(jacobian, extent, places_of(kernel))
        whole = np.sqrt((matrix**2).sum(axis=(1, 2)))
        least = np.abs(determinant(matrix)) / whole ** (matrix.shape[1] - 1)  # the smallest singular value is not below it
    return np.flatnonzero(usable & ~(least > below))


def places_of(kernel: Kernel) -> list[int]:
    """Of the equations ``u = F``, which come first: the position of u among the unknowns."""
    return [kernel.unknowns.index(u) for u in kernel.model.equations]


def _equilibrated(jacobian: Array, extent: Array, places: list[int]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Jacobian in units of the unknowns' sizes and of its rows, the sizes of the rows, and where it is finite (identity elsewhere).

    An equation ``u = F`` is measured by the size of u: divided by its own largest slope, an equation that hardly depends
    on anything at a multiple root would look regular.
    """
    scaled = jacobian * extent[:, None, :]
    size = np.abs(scaled).max(axis=2)
    size[:, : len(places)] = np.maximum(size[:, : len(places)], extent[:, places])
    size = np.where(size > 0, size, 1.0)
    matrix = scaled / size[:, :, None]
    usable: NDArray[np.bool_] = np.asarray(np.isfinite(matrix).all(axis=(1, 2)))
    return np.where(usable[:, None, None], matrix, np.eye(extent.shape[1])), size, usable


def neighbours(kernel: Kernel, p: Array, x: Array, scale: Array) -> tuple[NDArray[np.intp], Array, Array]:
    """Roots near nearly singular roots x (Q, n) at parameters p (Q, m): rows of ``x`` that they are near to (R,), the roots
    (R, n) and their Jacobians (R, n, n) by the finest quadrature. A root may occur several times, and again as itself."""
    problem = extended(kernel.at(FINE))
    rows, starts = predicted(problem, p, x, scale, places_of(kernel))
    run = newton(problem, p[rows], starts, scale=scale[rows])
    keep = run.converged & (np.abs(run.x - x[rows]) <= 2 * _FARTHEST * (np.abs(x) + scale)[rows]).all(axis=1)
    return rows[keep], run.x[keep], run.jacobian[keep]


def predicted(
    problem: Problem, p: Array, x: Array, scale: Array, places: list[int], jacobian: Array | None = None
) -> tuple[NDArray[np.intp], Array]:
    """Where the cubic h(t) has its other zeros: rows (R,) and starts (R, n). jacobian: at x, where it is known with more digits."""
    extent = np.abs(x) + scale
    found, starts = [np.zeros(0, dtype=np.intp)], [np.zeros((0, x.shape[1]))]
    with np.errstate(all="ignore"):
        for length in _LENGTHS:
            h = reduced(problem, p, x, extent, places, length, jacobian)
            even, odd = (h.above + h.below) / (2 * length**2), (h.above - h.below - 2 * h.slope * length) / (2 * length**3)
            for t in _zeros(odd, even, h.slope):
                rows = np.flatnonzero(np.abs(t) <= _FARTHEST)
                turn = (t[rows] / length)[:, None]
                straight, bent = (h.ahead - h.behind)[rows] / 2, (h.ahead + h.behind)[rows] / 2
                move = straight * turn + bent * turn**2
                good = np.isfinite(move).all(axis=1)
                found.append(rows[good])
                starts.append((x[rows] + extent[rows] * move)[good])
    return np.concatenate(found), np.concatenate(starts)


def _zeros(cubic: Array, square: Array, slope: Array) -> tuple[Array, Array]:
    """Both zeros of slope + square t + cubic t^2, without cancellation; NaN where there is none."""
    root = np.sqrt(square**2 - 4 * cubic * slope)
    sum_ = -(square + np.copysign(root, square)) / 2
    return slope / sum_, sum_ / cubic


def reduced(
    problem: Problem, p: Array, x: Array, extent: Array, places: list[int], length: float, known: Array | None = None
) -> Reduction:
    """Measure h at t = +-length by Newton's method for the bordered system. known: Jacobian at x from which the slope comes."""
    r, jacobian = problem.residual_jacobian(x, p)
    matrix, size, usable = _equilibrated(jacobian if known is None else known, extent, places)
    left, values, right = np.linalg.svd(matrix)
    u, v, slope = left[:, :, -1], right[:, -1], np.where(usable, values[:, -1], np.nan)
    base = (u * r / size).sum(axis=1)  # what is left of the residual at the root, and no feature of h
    ends = []
    for t in (length, -length):
        y, h = t * v, np.zeros(len(x))
        for _ in range(_STEPS):
            r, jacobian = problem.residual_jacobian(x + extent * y, p)
            border = np.zeros((len(x), x.shape[1] + 1, x.shape[1] + 1))
            border[:, :-1, :-1] = jacobian * extent[:, None, :] / size[:, :, None]
            border[:, :-1, -1], border[:, -1, :-1] = -u, v
            rest = np.concatenate([r / size - h[:, None] * u, ((v * y).sum(axis=1) - t)[:, None]], axis=1)
            fine = np.isfinite(border).all(axis=(1, 2)) & np.isfinite(rest).all(axis=1)
            border[~fine], rest[~fine] = np.eye(border.shape[1]), np.nan
            step = solve(border, rest)
            y, h = y - step[:, :-1], h - step[:, -1]
        ends.append((y, h - base))
    (ahead, above), (behind, below) = ends
    return Reduction(slope, ahead, behind, above, below)
