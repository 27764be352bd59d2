"""Averages over several Gaussian variables whose body is no product of equal laws: a tensor rule in principal axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from meanfield.averages import Gaussian
from meanfield.averages.scope import nodes, open_body
from meanfield.compile.group import EPS, FINE, ROUGH, TIGHT, WORKING, Array, Checks
from meanfield.compile.source import array_names, code, function
from meanfield.errors import AverageError
from meanfield.transfer import Applied

_STEPS = {ROUGH: 0.6, WORKING: 0.35, TIGHT: 0.3, FINE: 0.15}
_CUTOFF = 8.5
_LARGEST_TENSOR = 3


class GeneralLaw:
    """Averages over a Gaussian vector of dimension 2 or 3 with any body; the covariance may be singular."""

    def __init__(self, law: Gaussian, members: Sequence[sp.Basic], scalar: Callable[[sp.Basic], sp.Basic], prefix: str) -> None:
        self.dimension = law.dimension
        if self.dimension > _LARGEST_TENSOR:
            raise AverageError(
                f"averages over {self.dimension} correlated variables are not supported; up to {_LARGEST_TENSOR} are"
            )
        self.variables = [sp.Symbol(f"X{i}", real=True) for i in range(self.dimension)]
        bodies = [scalar(open_body(m.body, self.variables)) for m in members]
        for token in {a.args[0] for b in bodies for a in nodes(b, Applied, inside=True)}:
            if token.traits.kinks:
                raise AverageError(
                    f"no closed form is known for an average of {token.name}, which has a kink, over {self.dimension} variables; "
                    "such averages need a smooth transfer function, or relu, step or threshold_power(n)"
                )
        from meanfield.averages.passes import explicit

        written = [explicit(b) for b in bodies]
        used = set().union(*(b.free_symbols for b in written)) - set(self.variables)
        self.parameters = sorted(used, key=lambda s: s.name)
        names = ", ".join([*(v.name for v in self.variables), *(p.name for p in self.parameters)])
        self.run = function(f"def bodies({names}):\n    return [{', '.join(code(b) for b in written)}]", "bodies", array_names())
        n = self.dimension
        self.inputs = [
            *(scalar(m) for m in law.mean),
            *(scalar(law.cov[i, j]) for i in range(n) for j in range(n)),
            *self.parameters,
        ]
        self.outputs = [sp.Symbol(f"{prefix}g{i}", real=True) for i in range(len(bodies))]

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        n, size = self.dimension, inputs[0].size
        out = np.full((len(self.outputs), size), np.nan)
        noise = np.zeros_like(out)
        for i in range(size):
            mean = np.array([v[i] for v in inputs[:n]])
            cov = np.array([v[i] for v in inputs[n : n + n * n]]).reshape(n, n)
            if not np.isfinite(mean.sum() + cov.sum()):
                continue
            x, w = tensor_nodes(mean, cov, _STEPS[level])
            values = self.run(*x, *[p[i] for p in inputs[n + n * n :]])
            out[:, i] = [np.broadcast_to(v, w.shape) @ w for v in values]
            noise[:, i] = [np.abs(np.broadcast_to(v, w.shape)) @ w * (8 * EPS) for v in values]
        if checks is not None:
            checks.rounding.extend(noise)
        return list(out)


def tensor_nodes(mean: Array, cov: Array, step: float) -> tuple[Array, Array]:
    """Nodes (n, M) and weights (M,) of a trapezoid tensor rule in principal axes; axes without variance have one node."""
    values, axes = np.linalg.eigh(cov)
    grids, weights = [], []
    for v in np.maximum(values, 0.0):
        s = float(np.sqrt(v))
        h = step / max(1.0, s)
        z = np.arange(-int(_CUTOFF / h), int(_CUTOFF / h) + 1) * h if s > 1e-12 else np.zeros(1)
        w = np.exp(-z * z / 2)
        grids.append(s * z)
        weights.append(w / w.sum())
    mesh = np.stack([g.ravel() for g in np.meshgrid(*grids, indexing="ij")])
    weight = weights[0]
    for w in weights[1:]:
        weight = np.multiply.outer(weight, w)
    return mean[:, None] + axes @ mesh, weight.ravel()
