"""Extended systems whose regular roots are the special points of a curve.

    fold          F(u) = 0,        F_x(u) v = 0,                      v . v_0 = 1
    branch point  F(u) + b w = 0,  w F_x(u) = 0,  w F_lambda(u) = 0,  w . w_0 = 1       (b = 0 at the root)
    zero          F(u) = 0,        f(u) = 0
    Hopf          F(u) = 0,        A(u) (v + i w) = i omega (v + i w),  v . v_0 = 1,  w . v_0 = 0

The residuals are exact (they hold F and its exact Jacobian), and so are their derivatives by all unknowns but u: for those by u
the second derivatives of F would be wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from meanfield.continuation.curve import Curve
from meanfield.solve.problem import EPS, Array


@dataclass(frozen=True)
class Sheet:
    """Where an extended system is evaluated: base points p (P, m) and reference vectors (P, r)."""

    p: Array
    reference: Array


class System(Protocol):
    """residual (P, D) of unknowns y (P, D), whose first N are u; noise: a bound on its error; slopes: the residual with its exact
    derivatives (P, D, D - N) by the unknowns that follow u."""

    @property
    def curve(self) -> Curve: ...

    def residual(self, y: Array, sheet: Sheet) -> Array: ...

    def slopes(self, y: Array, sheet: Sheet) -> tuple[Array, Array]: ...

    def noise(self, y: Array, sheet: Sheet) -> Array: ...


@dataclass(frozen=True)
class Fold:
    """y = (u, v): reference v_0 (P, n)."""

    curve: Curve

    def residual(self, y: Array, sheet: Sheet) -> Array:
        return self._with(y, sheet, *self.curve.fine.residual_jacobian(y[:, : self.curve.n + 1], sheet.p))

    def _with(self, y: Array, sheet: Sheet, f: Array, j: Array) -> Array:
        n = self.curve.n
        v = y[:, n + 1 :]
        return np.concatenate(
            [f, (j[:, :, :n] * v[:, None, :]).sum(axis=2), (v * sheet.reference).sum(axis=1, keepdims=True) - 1.0], axis=1
        )

    def slopes(self, y: Array, sheet: Sheet) -> tuple[Array, Array]:
        n = self.curve.n
        f, j = self.curve.fine.residual_jacobian(y[:, : n + 1], sheet.p)
        by_v = np.concatenate([np.zeros((len(y), n, n)), j[:, :, :n], sheet.reference[:, None, :]], axis=1)
        return self._with(y, sheet, f, j), by_v

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
        return self._with(y, sheet, *self.curve.fine.residual_jacobian(y[:, : self.curve.n + 1], sheet.p))

    def _with(self, y: Array, sheet: Sheet, f: Array, j: Array) -> Array:
        n = self.curve.n
        b, w = y[:, n + 1 : n + 2], y[:, n + 2 :]
        return np.concatenate(
            [f + b * w, (j * w[:, :, None]).sum(axis=1), (w * sheet.reference).sum(axis=1, keepdims=True) - 1.0], axis=1
        )

    def slopes(self, y: Array, sheet: Sheet) -> tuple[Array, Array]:
        n = self.curve.n
        f, j = self.curve.fine.residual_jacobian(y[:, : n + 1], sheet.p)
        b, w = y[:, n + 1 : n + 2], y[:, n + 2 :]
        by_b = np.concatenate([w, np.zeros((len(y), n + 2))], axis=1)
        by_w = np.concatenate([b[:, :, None] * np.eye(n), j.transpose(0, 2, 1), sheet.reference[:, None, :]], axis=1)
        return self._with(y, sheet, f, j), np.concatenate([by_b[:, :, None], by_w], axis=2)

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

    def slopes(self, y: Array, sheet: Sheet) -> tuple[Array, Array]:
        return self.residual(y, sheet), np.zeros((*y.shape, 0))

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
        return self._with(y, sheet, self.matrix(y[:, : self.curve.n + 1], sheet.p))

    def _with(self, y: Array, sheet: Sheet, a: Array) -> Array:
        u, v, w, omega = self._parts(y)
        f, _ = self.curve.fine.residual_jacobian(u, sheet.p)
        real, imaginary = (a * v[:, None, :]).sum(axis=2) + omega * w, (a * w[:, None, :]).sum(axis=2) - omega * v
        along, across = ((x * sheet.reference).sum(axis=1, keepdims=True) for x in (v, w))
        return np.concatenate([f, real, imaginary, along - 1.0, across], axis=1)

    def slopes(self, y: Array, sheet: Sheet) -> tuple[Array, Array]:
        n = self.curve.n
        u, v, w, omega = self._parts(y)
        a, turn = self.matrix(u, sheet.p), omega[:, :, None] * np.eye(n)
        nothing, none, ahead = np.zeros(a.shape), np.zeros((len(y), 1, n)), sheet.reference[:, None, :]
        by_v = np.concatenate([nothing, a, -turn, ahead, none], axis=1)
        by_w = np.concatenate([nothing, turn, a, none, ahead], axis=1)
        by_omega = np.concatenate([np.zeros(v.shape), w, -v, np.zeros((len(y), 2))], axis=1)
        return self._with(y, sheet, a), np.concatenate([by_v, by_w, by_omega[:, :, None]], axis=2)

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
    bound = scatter + 8 * EPS * np.abs(fine).max(axis=2, keepdims=True)
    if curve.check is not curve.fine:
        bound = bound + np.abs(fine - curve.check.residual_jacobian(u, p)[1])
    return curve.fine.claims(u, p), bound


def scattered(function: Callable[[Array, Array], Array], u: Array, p: Array) -> tuple[Array, Array]:
    """function(u, p), and a bound on its rounding error from its scatter between neighbouring floating-point numbers."""
    near = np.concatenate([u, u * (1 + 3 * EPS), u * (1 - 5 * EPS)])
    values = function(near, np.concatenate([p, p, p]))
    value, above, below = (values[k * len(u) : (k + 1) * len(u)] for k in range(3))
    return value, 2 * np.maximum(np.abs(above - value), np.abs(below - value))
