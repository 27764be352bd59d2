"""A problem that gives up on iterates far outside the range of its starts: they are costly and lead nowhere."""

from __future__ import annotations

import numpy as np

from meanfield.model import Model
from meanfield.solve.problem import Array, Problem
from meanfield.solve.starts import own_starts

_FAR_REACH = 1e4  # for transfer functions that do not saturate: variances grow without bound towards a run-away


class Within:
    """``problem`` with NaN where an unknown exceeds a limit of the point, which is the last of its parameters: see `limited`."""

    def __init__(self, problem: Problem, model: Model) -> None:
        self.problem, self.model = problem, model
        self.names, self.lower = problem.names, problem.lower
        self.parameter_names = (*problem.parameter_names, "limit")

    def limited(self, p: Array) -> Array:
        """The parameters (P, m) with the limit ``reach (1 + size)`` as one more column, ``size`` being the largest of the model's
        starts there, and ``reach`` the model's (10^4 for a phi that does not saturate)."""
        reach = self.model.reach if all(phi.traits.growth == "bounded" for phi in self.model.transfers) else _FAR_REACH
        starts = np.abs(own_starts(self.model, p))
        size = np.where(np.isfinite(starts), starts, 0.0).max(axis=(1, 2), initial=0.0)
        return np.concatenate([p, reach * (1.0 + size[:, None])], axis=1)

    def residual(self, x: Array, p: Array) -> Array:
        inside = (np.abs(x) <= p[:, -1:]).all(axis=1)
        if inside.all():
            return self.problem.residual(x, p[:, :-1])
        out = np.full(x.shape, np.nan)
        if inside.any():
            out[inside] = self.problem.residual(x[inside], p[inside, :-1])
        return out

    def residual_jacobian(self, x: Array, p: Array) -> tuple[Array, Array]:
        inside = (np.abs(x) <= p[:, -1:]).all(axis=1)
        if inside.all():
            return self.problem.residual_jacobian(x, p[:, :-1])
        r, jacobian = np.full(x.shape, np.nan), np.full((*x.shape, x.shape[1]), np.nan)
        if inside.any():
            r[inside], jacobian[inside] = self.problem.residual_jacobian(x[inside], p[inside, :-1])
        return r, jacobian

    def claims(self, x: Array, p: Array) -> Array:
        return self.problem.claims(x, p[:, :-1])  # type: ignore[attr-defined]
