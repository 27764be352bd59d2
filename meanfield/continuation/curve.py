"""The curve of solutions: ``F(x, path(lambda)) = 0`` in ``u = (x, lambda)``, one unknown more than equations."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from meanfield.compile import FINE, TIGHT, Kernel
from meanfield.continuation.path import Path
from meanfield.solve.extension import extended
from meanfield.solve.problem import EPS, Array, Problem, rounding_claims

_STEP = 1e-6  # of differences by the parameter, where a problem has no derivative of its own


class Along:
    """A problem whose last unknown is the coordinate of a path; the Jacobian (P, n, n + 1) has one column more than rows.

    The base point p (P, m) holds the parameters that stay; what it says of those that move is ignored.
    """

    def __init__(self, problem: Problem, path: Path) -> None:
        self.inner, self.path = problem, path
        self.names = (*problem.names, path.name)
        self.parameter_names = problem.parameter_names
        self.lower: Array = np.append(np.asarray(problem.lower, dtype=float), -np.inf)

    def residual(self, u: Array, p: Array) -> Array:
        """(P, n)."""
        return self.inner.residual(u[:, :-1], self.path.points(p, u[:, -1]))

    def residual_jacobian(self, u: Array, p: Array) -> tuple[Array, Array]:
        """(P, n) and (P, n, n + 1)."""
        x, q = np.ascontiguousarray(u[:, :-1]), self.path.points(p, u[:, -1])
        together = getattr(self.inner, "residual_slopes", None)
        if together is not None:
            residual, jacobian, by_parameter = together(x, q, self.path.index)
        else:
            residual, jacobian = self.inner.residual_jacobian(x, q)
            by_parameter = self._by_parameter(x, q)
        if not self.path.plain:
            by_parameter = (by_parameter * self.path.slopes(u[:, -1])[:, None, :]).sum(axis=2, keepdims=True)
        return residual, np.concatenate([jacobian, by_parameter], axis=2)

    def _by_parameter(self, x: Array, q: Array) -> Array:
        """(P, n, k)."""
        derivative = getattr(self.inner, "parameter_derivative", None)
        if derivative is not None and self.path.plain:
            i = self.path.index[0]
            return np.asarray(derivative(x, q), dtype=float)[:, :, i : i + 1]
        index = list(self.path.index)
        if derivative is not None:
            return np.asarray(derivative(x, q), dtype=float)[:, :, index]
        count, twice = len(x), np.concatenate([x, x])
        columns = np.empty((*x.shape, len(index)))
        for k, i in enumerate(index):
            step = _STEP * np.maximum(1.0, np.abs(q[:, i]))
            beside = np.concatenate([q, q])
            beside[:count, i] += step
            beside[count:, i] -= step
            values = self.inner.residual(twice, beside)
            columns[:, :, k] = (values[:count] - values[count:]) / (beside[:count, i] - beside[count:, i])[:, None]
        return columns

    def claims(self, u: Array, p: Array) -> Array:
        """(P, n): bound on the error of the residual; rounding only, where the problem claims none."""
        claims = getattr(self.inner, "claims", None)
        if claims is not None:
            return np.asarray(claims(u[:, :-1], self.path.points(p, u[:, -1])), dtype=float)
        residual, jacobian = self.residual_jacobian(u, p)
        at = rounding_claims(self.inner, u[:, :-1], self.path.points(p, u[:, -1]), residual, jacobian[:, :, :-1])
        # An estimate, from few samples of a scatter: sums of many terms may be off by more.
        return 4 * (at + 4 * EPS * np.abs(jacobian[:, :, -1] * u[:, -1:]))


def scale_at(u: Array, floor: Array) -> Array:
    """Units (..., N) in which steps from u are measured: an unknown by its size or its floor, the coordinate by its own.

    Many unknowns count together as three do: so steps do not shrink when an equation is discretised more finely.
    """
    scale = np.maximum(np.abs(u), floor)
    if u.shape[-1] > 4:
        scale[..., :-1] *= sqrt((u.shape[-1] - 1) / 3.0)
    return scale


class Curve:
    """What continuation walks on: `Along`, continued beyond the lower edges of the unknowns.

    ``fine`` and ``check``: the same by the best rules there are and by the next coarser ones, for events and claims.
    n equations, n + 1 unknowns u.
    """

    def __init__(self, problem: Problem, path: Path) -> None:
        self.problem, self.path = problem, path
        self.at: Any = extended(Along(problem, path))
        self.fine: Any = self.at
        self.check: Any = self.at
        if isinstance(problem, Kernel):
            self.fine, self.check = (extended(Along(problem.at(level), path)) for level in (FINE, TIGHT))
        self.names = (*problem.names, path.name)
        self.n = len(problem.names)
        self.lower: Array = np.append(np.asarray(problem.lower, dtype=float), -np.inf)
        self.edged = bool(np.isfinite(self.lower).any())

    def residual_jacobian(self, u: Array, p: Array) -> tuple[Array, Array]:
        """(P, n) and (P, n, n + 1), extended."""
        with np.errstate(all="ignore"):
            return self.at.residual_jacobian(u, p)  # type: ignore[no-any-return]
