"""Extended systems whose regular roots are the special points of a curve, and Newton's method on them, in batches.

    fold          F(u) = 0,        F_x(u) v = 0,                      v . v_0 = 1
    branch point  F(u) + b w = 0,  w F_x(u) = 0,  w F_lambda(u) = 0,  w . w_0 = 1       (b = 0 at the root)
    zero          F(u) = 0,        f(u) = 0
    Hopf          F(u) = 0,        A(u) (v + i w) = i omega (v + i w),  v . v_0 = 1,  w . v_0 = 0

The residuals are exact (they hold F and its exact Jacobian); the matrix of Newton's method is made of their differences, which
costs one evaluation of a batch and changes how fast the iteration converges, not what it converges to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from meanfield.continuation.corrector import solved
from meanfield.continuation.curve import Curve
from meanfield.solve.problem import EPS, Array

_DIFFERENCE = 3e-6  # relative step of the differences
_BATCH = 4_000_000  # numbers in the Jacobians of one batch of evaluations
_ITERATIONS = 12
_NOTHING = 1e-20
_BESIDE = 1e-3  # how far off another root would be looked for
# After so many iterations steps that shrink by no better factor are those of Newton's method at a singular root.
_TRANSIENT, _SLOW = 4, 0.25
_FAST = 1e-3  # by which factor steps must shrink for the matrix to be kept
ON_EDGE = 1e-12  # an unknown this close to its edge lies on it
_UNLIKE = 0.2  # matrices whose quotient differs from 1 by more than this are not the same derivative


@dataclass(frozen=True)
class Sheet:
    """Where an extended system is evaluated: base points p (P, m) and reference vectors (P, r)."""

    p: Array
    reference: Array


class System(Protocol):
    """residual (P, D) of unknowns y (P, D), whose first N are u; noise: a bound on its error."""

    @property
    def curve(self) -> Curve: ...

    def residual(self, y: Array, sheet: Sheet) -> Array: ...

    def noise(self, y: Array, sheet: Sheet) -> Array: ...


@dataclass(frozen=True)
class Fold:
    """y = (u, v): reference v_0 (P, n)."""

    curve: Curve

    def residual(self, y: Array, sheet: Sheet) -> Array:
        n = self.curve.n
        f, j = self.curve.fine.residual_jacobian(y[:, : n + 1], sheet.p)
        v = y[:, n + 1 :]
        return np.concatenate(
            [f, (j[:, :, :n] * v[:, None, :]).sum(axis=2), (v * sheet.reference).sum(axis=1, keepdims=True) - 1.0], axis=1
        )

    def noise(self, y: Array, sheet: Sheet) -> Array:
        n = self.curve.n
        f, j = noise_of(self.curve, y[:, : n + 1], sheet.p)
        v = np.abs(y[:, n + 1 :])
        return np.concatenate([f, (j[:, :, :n] * v[:, None, :]).sum(axis=2), np.full((len(y), 1), 4 * EPS)], axis=1)


@dataclass(frozen=True)
class BranchPoint:
    """y = (u, b, w): reference w_0 (P, n)."""

    curve: Curve

    def residual(self, y: Array, sheet: Sheet) -> Array:
        n = self.curve.n
        f, j = self.curve.fine.residual_jacobian(y[:, : n + 1], sheet.p)
        b, w = y[:, n + 1 : n + 2], y[:, n + 2 :]
        return np.concatenate(
            [f + b * w, (j * w[:, :, None]).sum(axis=1), (w * sheet.reference).sum(axis=1, keepdims=True) - 1.0], axis=1
        )

    def noise(self, y: Array, sheet: Sheet) -> Array:
        n = self.curve.n
        f, j = noise_of(self.curve, y[:, : n + 1], sheet.p)
        w = np.abs(y[:, n + 2 :])
        return np.concatenate([f, (j * w[:, :, None]).sum(axis=1), np.full((len(y), 1), 4 * EPS)], axis=1)


@dataclass(frozen=True)
class Zero:
    """y = u, with ``value(u, p) -> (P,), (P,)``, the values that vanish and bounds on their errors; no reference."""

    curve: Curve
    value: Callable[[Array, Array], tuple[Array, Array]]

    def residual(self, y: Array, sheet: Sheet) -> Array:
        f, _ = self.curve.fine.residual_jacobian(y, sheet.p)
        return np.concatenate([f, self.value(y, sheet.p)[0][:, None]], axis=1)

    def noise(self, y: Array, sheet: Sheet) -> Array:
        return np.concatenate([self.curve.fine.claims(y, sheet.p), self.value(y, sheet.p)[1][:, None]], axis=1)


@dataclass(frozen=True)
class Hopf:
    """y = (u, v, w, omega) with ``matrix(u, p) -> (P, n, n)``, the Jacobian of the dynamics; reference v_0 (P, n)."""

    curve: Curve
    matrix: Callable[[Array, Array], Array]
    check: Callable[[Array, Array], Array] | None = None  # by the next coarser rules

    def _parts(self, y: Array) -> tuple[Array, Array, Array, Array]:
        n = self.curve.n
        return y[:, : n + 1], y[:, n + 1 : 2 * n + 1], y[:, 2 * n + 1 : 3 * n + 1], y[:, 3 * n + 1 :]

    def residual(self, y: Array, sheet: Sheet) -> Array:
        u, v, w, omega = self._parts(y)
        f, _ = self.curve.fine.residual_jacobian(u, sheet.p)
        a = self.matrix(u, sheet.p)
        real, imaginary = (a * v[:, None, :]).sum(axis=2) + omega * w, (a * w[:, None, :]).sum(axis=2) - omega * v
        along, across = ((x * sheet.reference).sum(axis=1, keepdims=True) for x in (v, w))
        return np.concatenate([f, real, imaginary, along - 1.0, across], axis=1)

    def noise(self, y: Array, sheet: Sheet) -> Array:
        u, v, w, omega = self._parts(y)
        a, scatter = scattered(self.matrix, u, sheet.p)
        off = 16 * EPS * np.abs(a) + scatter
        if self.check is not None:
            off = off + np.abs(a - self.check(u, sheet.p))
        both = np.abs(v) + np.abs(w)
        size = (off * both[:, None, :]).sum(axis=2) + 16 * EPS * np.abs(omega) * both
        return np.concatenate([self.curve.fine.claims(u, sheet.p), size, size, np.full((len(y), 2), 4 * EPS)], axis=1)


def noise_of(curve: Curve, u: Array, p: Array) -> tuple[Array, Array]:
    """Bounds on the errors of the residual (P, n) and of the Jacobian (P, n, N) by the finest rules.

    That of the Jacobian is what the next coarser rules differ by, and rounding: what terms that cancel leave is seen in the
    scatter between neighbouring floating-point numbers.
    """
    fine, scatter = scattered(lambda at, q: curve.fine.residual_jacobian(at, q)[1], u, p)
    bound = 8 * EPS * np.abs(fine).max(axis=2, keepdims=True) * np.ones_like(fine)
    if curve.check is not curve.fine:
        bound = bound + np.abs(fine - curve.check.residual_jacobian(u, p)[1])
    return curve.fine.claims(u, p), bound + scatter


def scattered(function: Callable[[Array, Array], Array], u: Array, p: Array) -> tuple[Array, Array]:
    """function(u, p), and a bound on its rounding error from its scatter between neighbouring floating-point numbers."""
    near = np.concatenate([u, u * (1 + 3 * EPS), u * (1 - 5 * EPS)])
    value, *seen = np.split(function(near, np.tile(p, (3, 1))), 3)
    return value, 2 * np.maximum(*(np.abs(other - value) for other in seen))


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
            old = ~(last[active] <= _FAST * before[active])  # a matrix from nearby serves as long as the steps shrink fast
            stale = active[old]
            if stale.size:
                matrix[stale] = differences(system, y[stale], Sheet(sheet.p[stale], sheet.reference[stale]))
            step = solved(*_equilibrated(matrix[active], -system.residual(y[active], part)))
            extent = np.abs(y[active]) + 1.0
            size = (np.abs(step) / extent).max(axis=1)
            y[active] += np.where(np.isfinite(step), step, 0.0)
            done = (size <= 1e-13) | ((size <= 1e-8) & (size >= 0.1 * last[active]))
            lost = ~np.isfinite(size) | (size > 10 * last[active])
            lost |= (turn > _TRANSIENT) & (size > _SLOW * last[active])  # the root of a singular system
            before[active], last[active] = np.minimum(last[active], 1.0), size
            found[active[done]] = True
            active = active[~done & ~lost]
        found[active[last[active] <= 1e-9]] = True
        far = (np.abs(y - start) > 0.5 * (np.abs(start) + 1.0)).any(axis=1)
        rows = np.flatnonzero(found & ~far)
        error = np.full(y.shape, np.inf)
        error[rows] = _claimed(system, y[rows], Sheet(sheet.p[rows], sheet.reference[rows]), matrix[rows])
    return Special(y, error, np.isfinite(error).all(axis=1))


def _claimed(system: System, y: Array, sheet: Sheet, matrix: Array) -> Array:
    """Error bounds (P, D) of roots y (P, D): residual and its noise through the inverse. Inf where there is no such bound.

    The matrix is made of differences; where shorter ones give another matrix, it is no derivative. On an edge of the domain
    that happens at double roots, along the directions in which the slope itself vanishes: there noise counts by its root.
    """
    if len(y) == 0:
        return np.zeros(y.shape)
    noise = system.noise(y, sheet) + np.abs(system.residual(y, sheet))
    inverse = solved(matrix, np.zeros(matrix.shape) + np.eye(matrix.shape[1]))
    bound = (np.abs(inverse) * noise[:, None, :]).sum(axis=2) + 2 * EPS * np.abs(y)
    shorter = differences(system, y, sheet, 0.25)
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
    return np.where(known[:, None], bound, np.inf)


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


def differences(system: System, y: Array, sheet: Sheet, shorter: float = 1.0) -> Array:
    """(P, D, D): the matrix of an extended system from differences, central, or inward on an edge of the domain."""
    count, size = y.shape
    n = system.curve.n
    step = shorter * _steps(system, y)
    lower = np.concatenate([system.curve.lower, np.full(size - n - 1, -np.inf)])
    at_edge = (y - step < lower) & (y > lower - step)
    above, below = y + step, np.where(at_edge, y, y - step)
    out = np.empty((count, size, size))
    per = max(1, _BATCH // max(1, 2 * count * n * (n + 1)))
    for first in range(0, size, per):
        columns = np.arange(first, min(first + per, size))
        moved = np.repeat(y[:, None, None, :], 2, axis=1).repeat(len(columns), axis=2)
        for k, j in enumerate(columns):
            moved[:, 0, k, j], moved[:, 1, k, j] = above[:, j], below[:, j]
        times = 2 * len(columns)
        flat = Sheet(np.repeat(sheet.p, times, axis=0), np.repeat(sheet.reference, times, axis=0))
        values = system.residual(moved.reshape(-1, size), flat).reshape(count, 2, len(columns), size)
        width = (above - below)[:, columns, None]
        out[:, :, columns] = ((values[:, 0] - values[:, 1]) / width).transpose(0, 2, 1)
    return out
