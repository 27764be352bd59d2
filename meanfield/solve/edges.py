"""Equations that have no value on an edge of their domain get that of their limit from inside.

Divided by a root that is known, as conservation of energy by ``Delta_0^2``, equations are 0/0 there, and smooth.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from meanfield.solve.problem import Array, Problem, residual_claims

_INSIDE = (1e-8, 2e-8)  # how far from the edge values are taken of which the limit is extrapolated
_NEARER = 1e-12  # and where it is looked whether there is one
_SMOOTH = 1e-3  # of values, or of 1: if they differ by more, there is none


class WithLimits:
    """`problem` with its limits on the lower edges of its unknowns; where it has values, or no limit, as it is."""

    def __init__(self, problem: Problem) -> None:
        self.problem: Any = problem
        self.names, self.parameter_names = problem.names, problem.parameter_names
        self.lower: Array = np.asarray(problem.lower, dtype=float)

    def residual(self, x: Array, p: Array) -> Array:
        """(P, n) residual."""
        value = self.problem.residual(x, p)
        rows, near, far, _ = self._beside(x, p, value)
        return _put(value, rows, 2 * near - far) if rows.size else value

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        """(P, n) residual and (P, n, n) Jacobian."""
        value, jacobian = self.problem.residual_jacobian(x, p)
        rows, near, far, places = self._beside(x, p, value)
        if not rows.size:
            return value, jacobian
        slopes = [self.problem.residual_jacobian(at, p[rows])[1] for at in places]
        return _put(value, rows, 2 * near - far), _put(jacobian, rows, 2 * slopes[0] - slopes[1])

    def parameter_derivative(self, x: Array, p: Array) -> Array:
        """(P, n, m) derivative by the parameters. AttributeError if the problem has none."""
        value = np.asarray(self.problem.parameter_derivative(x, p))
        rows, _, _, places = self._beside(x, p, value)
        if not rows.size:
            return value
        near, far = (self.problem.parameter_derivative(at, p[rows]) for at in places)
        return _put(value, rows, 2 * near - far)

    def claims(self, x: Array, p: Array) -> Array:
        """(P, n) bound on the error of the residual."""
        value = self._claims(x, p)
        rows, _, _, places = self._beside(x, p, value)
        if not rows.size:
            return value
        near, far = (self._claims(at, p[rows]) for at in places)
        return _put(value, rows, 2 * near + far)

    def _claims(self, x: Array, p: Array) -> Array:
        if hasattr(self.problem, "claims"):
            return np.asarray(self.problem.claims(x, p), dtype=float)
        return residual_claims(self.problem, x, p, *self.problem.residual_jacobian(x, p))

    def _beside(self, x: Array, p: Array, value: Array) -> tuple[Any, Array, Array, list[Array]]:
        """The rows (R,) on an edge where a value (P, ...) is none and there is a limit; residuals (R, n) at two places beside them,
        and these places (R, n)."""
        edge = x == self.lower
        if not edge.any():
            return _NOTHING
        rows = np.flatnonzero(edge.any(axis=1) & ~np.isfinite(value).reshape(len(x), -1).all(axis=1))
        if not rows.size:
            return _NOTHING
        with np.errstate(all="ignore"):
            places = [x[rows] + away * edge[rows] for away in (_NEARER, *_INSIDE)]
            nearer, near, far = (self.problem.residual(at, p[rows]) for at in places)
            off = np.maximum(np.abs(nearer - near), np.abs(far - near))
            smooth = (off <= _SMOOTH * np.maximum(1.0, np.abs(near))).all(axis=1)
        return rows[smooth], near[smooth], far[smooth], [at[smooth] for at in places[1:]]


_NOTHING: tuple[Any, Array, Array, list[Array]] = (np.zeros(0, dtype=int), np.zeros(0), np.zeros(0), [])


def _put(values: Array, rows: Any, new: Array) -> Array:
    out = np.array(values)
    out[rows] = new
    return out
