"""Newton's method on extended systems, in batches, with the claimed errors of their roots.

Residuals are exact; of the matrix the columns by u are differences, which costs one evaluation of a batch and changes how fast the
iteration converges, not what it converges to. The other columns are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meanfield.continuation.corrector import solved
from meanfield.continuation.systems import Sheet, System
from meanfield.solve.problem import EPS, Array

_DIFFERENCE = 3e-6  # relative step of the differences
_BATCH = 4_000_000  # numbers in the Jacobians of one batch of evaluations
_ITERATIONS = 12
_NOTHING = 1e-20
_BESIDE = 1e-3  # how far off another root would be looked for
# After so many iterations steps that shrink by no better factor are those of Newton's method at a singular root.
_TRANSIENT, _SLOW = 4, 0.25
_CAUTION = 10.0  # the margin for how steps shrink, where the next one is only expected
_FAST = 1e-3  # by which factor steps must shrink for the matrix to be kept
ON_EDGE = 1e-12  # an unknown this close to its edge lies on it
_UNLIKE = 0.2  # matrices whose quotient differs from 1 by more than this are not the same derivative


@dataclass(frozen=True)
class Special:
    """y (P, D); error (P, D), claimed; found (P,). Where nothing was found y is the last iterate and the error inf."""

    y: Array
    error: Array
    found: Any


def settle(system: System, y: Array, sheet: Sheet) -> Special:
    """Newton on an extended system from near its roots, with the claimed error of every unknown."""
    y = np.array(y, dtype=float)
    start = y.copy()
    found = np.zeros(len(y), dtype=bool)
    before, last = np.full(len(y), 1.0), np.full(len(y), np.inf)
    matrix = np.full((*y.shape, y.shape[1]), np.nan)
    with np.errstate(all="ignore"):
        active = np.arange(len(y))
        for turn in range(_ITERATIONS):
            if active.size == 0:
                break
            part = Sheet(sheet.p[active], sheet.reference[active])
            residual, slopes = system.slopes(y[active], part)
            old = ~(last[active] <= _FAST * before[active])  # a matrix from nearby serves as long as the steps shrink fast
            stale = active[old]
            if stale.size:
                matrix[stale] = slopes_of(system, y[stale], Sheet(sheet.p[stale], sheet.reference[stale]), slopes[old])
            step = solved(*_equilibrated(matrix[active], -residual))
            extent = np.abs(y[active]) + 1.0
            size = (np.abs(step) / extent).max(axis=1)
            y[active] += np.where(np.isfinite(step), step, 0.0)
            shrunk = size / last[active]
            # Rounding, or so small that the next step, which shrinks at least as much, would be rounding.
            done = (size <= 1e-13) | ((size <= 1e-8) & ((shrunk >= 0.1) | (_CAUTION * shrunk * size <= 1e-13) & (turn > 0)))
            lost = ~np.isfinite(size) | (size > 10 * last[active])
            lost |= (turn > _TRANSIENT) & (size > _SLOW * last[active])  # the root of a singular system
            before[active], last[active] = np.minimum(last[active], 1.0), size
            found[active[done]] = True
            active = active[~done & ~lost]
        found[active[last[active] <= 1e-9]] = True
        far = (np.abs(y - start) > 0.5 * (np.abs(start) + 1.0)).any(axis=1)
        rows = np.flatnonzero(found & ~far)
        error = np.full(y.shape, np.inf)
        y[rows], error[rows] = _claimed(system, y[rows], Sheet(sheet.p[rows], sheet.reference[rows]), matrix[rows])
    return Special(y, error, np.isfinite(error).all(axis=1))


def _claimed(system: System, y: Array, sheet: Sheet, matrix: Array) -> tuple[Array, Array]:
    """Roots y (P, D) after the step that their residual tells, and error bounds (P, D): residual and its noise through the inverse.
    Inf where there is no such bound.

    The matrix is made of differences; where shorter ones give another matrix, it is no derivative. On an edge of the domain
    that happens at double roots, along the directions in which the slope itself vanishes: there noise counts by its root.
    """
    if len(y) == 0:
        return y, np.zeros(y.shape)
    residual, slopes = system.slopes(y, sheet)
    noise = system.noise(y, sheet) + np.abs(residual)
    inverse = solved(matrix, np.zeros(matrix.shape) + np.eye(matrix.shape[1]))
    bound = (np.abs(inverse) * noise[:, None, :]).sum(axis=2) + 2 * EPS * np.abs(y)
    shorter = slopes_of(system, y, sheet, slopes, 0.25)
    unlike = np.abs(inverse @ (shorter - matrix)).max(axis=2) > _UNLIKE
    size = len(system.curve.lower)
    on_edge = (np.abs(y[:, :size] - system.curve.lower) <= ON_EDGE).any(axis=1)
    bound = np.where(unlike, np.maximum(bound, 2 * np.sqrt(bound * _steps(system, y))), bound)
    # What can hardly be told from 0 is not told from it.
    bound = np.where(np.abs(y) < _NOTHING, np.maximum(bound, np.abs(y)), bound)
    odd = unlike.any(axis=1)
    double = on_edge & odd
    if double.any():
        double &= ~_on_a_line(system, y, sheet, shorter, noise)
    known = np.isfinite(bound).all(axis=1) & (double | ~odd)
    step = (inverse @ residual[:, :, None])[:, :, 0]
    return np.where((known & ~odd)[:, None], y - step, y), np.where(known[:, None], bound, np.inf)


def _on_a_line(system: System, y: Array, sheet: Sheet, matrix: Array, noise: Array) -> Any:
    """(P,) whether roots are not alone: whether there are others on either side, along the null vector of the matrix."""
    null = np.linalg.svd(np.nan_to_num(matrix))[2][:, -1]
    beside = [np.abs(system.residual(y + sign * _BESIDE * null, sheet)) for sign in (1, -1)]
    return (np.maximum(*beside) <= 10 * noise + _NOTHING).all(axis=1)


def _steps(system: System, y: Array) -> Array:
    """(P, D) steps of differences: relative, and no longer than half-way to an edge unless the point lies on it."""
    step = _DIFFERENCE * np.maximum(np.abs(y), 0.1)
    size = len(system.curve.lower)
    room = y[:, :size] - system.curve.lower
    inside = np.isfinite(room) & (room > ON_EDGE)
    step[:, :size] = np.where(inside, np.minimum(step[:, :size], 0.5 * np.abs(room)), step[:, :size])
    return step


def _equilibrated(matrix: Array, rhs: Array) -> tuple[Array, Array]:
    size = np.abs(matrix).max(axis=2)
    size = np.where((size > 0) & np.isfinite(size), size, 1.0)
    return matrix / size[:, :, None], rhs / size


def slopes_of(system: System, y: Array, sheet: Sheet, known: Array, shorter: float = 1.0) -> Array:
    """(P, D, D): the matrix of an extended system. known (P, D, D - N): its columns by all unknowns but u; those by u are
    differences, central, or inward on an edge of the domain."""
    count, size = y.shape
    n = system.curve.n
    u, lower, step = y[:, : n + 1], system.curve.lower, shorter * _steps(system, y)[:, : n + 1]
    at_edge = (u - step < lower) & (u > lower - step)
    above, below = u + step, np.where(at_edge, u, u - step)
    out = np.empty((count, size, size))
    out[:, :, n + 1 :] = known
    per = max(1, _BATCH // max(1, 2 * count * n * (n + 1)))
    for first in range(0, n + 1, per):
        last = min(first + per, n + 1)
        every, times = np.arange(last - first), 2 * (last - first)
        moved = np.repeat(y, times, axis=0).reshape(count, 2, last - first, size)
        moved[:, 0, every, first + every], moved[:, 1, every, first + every] = above[:, first:last], below[:, first:last]
        flat = Sheet(np.repeat(sheet.p, times, axis=0), np.repeat(sheet.reference, times, axis=0))
        values = system.residual(moved.reshape(-1, size), flat).reshape(moved.shape)
        width = (above - below)[:, first:last, None]
        out[:, :, first:last] = ((values[:, 0] - values[:, 1]) / width).transpose(0, 2, 1)
    return out
