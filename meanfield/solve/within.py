"""A problem that gives up on iterates far outside the range of its starts: they are costly and lead nowhere."""

from __future__ import annotations

import numpy as np

from meanfield.solve.problem import Array, Problem

_REACH = 30.0  # times the largest start


class Within:
    """``problem`` with NaN where an unknown exceeds 30 times ``scale`` (P-independent, (n,)) or 30, whichever is larger."""

    def __init__(self, problem: Problem, scale: Array) -> None:
        self.problem, self.limit = problem, _REACH * np.maximum(scale, 1.0)
        self.names, self.parameter_names, self.lower = problem.names, problem.parameter_names, problem.lower

    def _inside(self, x: Array) -> np.ndarray:
        return (np.abs(x) <= self.limit).all(axis=1)

    def residual(self, x: Array, p: Array) -> Array:
        inside = self._inside(x)
        if inside.all():
            return self.problem.residual(x, p)
        out = np.full(x.shape, np.nan)
        if inside.any():
            out[inside] = self.problem.residual(x[inside], p[inside])
        return out

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        inside = self._inside(x)
        if inside.all():
            return self.problem.residual_jacobian(x, p)
        r, jacobian = np.full(x.shape, np.nan), np.full((*x.shape, x.shape[1]), np.nan)
        if inside.any():
            r[inside], jacobian[inside] = self.problem.residual_jacobian(x[inside], p[inside])
        return r, jacobian

    def claims(self, x: Array, p: Array) -> Array:
        return self.problem.claims(x, p)  # type: ignore[attr-defined]
