"""A problem that gives up on iterates far outside the range of its starts: they are costly and lead nowhere."""

from __future__ import annotations

import numpy as np

from meanfield.model import Model
from meanfield.solve.problem import Array, Problem
from meanfield.solve.starts import own_starts

_REACH = 8.0  # times the largest start
_FAR_REACH = 1e4  # for transfer functions that do not saturate: variances grow without bound towards a run-away


class Within:
    """``problem`` with NaN where an unknown exceeds ``8 (1 + size)``, with ``size`` the largest of the model's starts there
    (10^4 in the place of 8 for a phi that does not saturate)."""

    def __init__(self, problem: Problem, model: Model) -> None:
        self.problem, self.model = problem, model
        self.names, self.parameter_names, self.lower = problem.names, problem.parameter_names, problem.lower
        self.reach = _REACH if all(phi.traits.growth == "bounded" for phi in model.transfers) else _FAR_REACH

    def _inside(self, x: Array, p: Array) -> np.ndarray:
        # The limit depends on the point alone, so that no point's result depends on its batch.
        starts = np.abs(own_starts(self.model, p))
        size = np.where(np.isfinite(starts), starts, 0.0).max(axis=(1, 2))
        return (np.abs(x) <= self.reach * (1.0 + size[:, None])).all(axis=1)

    def residual(self, x: Array, p: Array) -> Array:
        inside = self._inside(x, p)
        if inside.all():
            return self.problem.residual(x, p)
        out = np.full(x.shape, np.nan)
        if inside.any():
            out[inside] = self.problem.residual(x[inside], p[inside])
        return out

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        inside = self._inside(x, p)
        if inside.all():
            return self.problem.residual_jacobian(x, p)
        r, jacobian = np.full(x.shape, np.nan), np.full((*x.shape, x.shape[1]), np.nan)
        if inside.any():
            r[inside], jacobian[inside] = self.problem.residual_jacobian(x[inside], p[inside])
        return r, jacobian

    def claims(self, x: Array, p: Array) -> Array:
        return self.problem.claims(x, p)  # type: ignore[attr-defined]
