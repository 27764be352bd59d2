"""An evaluator of averages that knows nothing of the library's rules: it opens every binder and sums over a tensor grid.

Arrays carry one axis per integration variable, the innermost binder first, so nested laws may depend on outer variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages import Average, DividedDifference, Empirical, Functional, Gaussian, LogNorm, Tilted, Uniform
from meanfield.averages.scope import open_body
from meanfield.transfer import NUMPY_FUNCTIONS, Applied

_CHEBYSHEV = 20
_SHORTEST = 0.1


def normal_grid(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Hermite nodes and weights of the standard normal measure."""
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    return z, w / np.sqrt(2 * np.pi)


def unit_grid(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    s, w = np.polynomial.legendre.leggauss(nodes)
    return (1 + s) / 2, w / 2


def confluent(f: Any, points: list[Any]) -> Any:
    """``f[points]`` of a vectorised ``f``: the polynomial through Chebyshev nodes at Opitz's bidiagonal matrix of the points."""
    points = np.stack(np.broadcast_arrays(*points)).astype(float)
    low, high = points.min(0), points.max(0)
    half = np.maximum((high - low) / 2, _SHORTEST)  # high derivatives of a polynomial over a short interval would be all noise
    t = np.cos(np.pi * (np.arange(_CHEBYSHEV) + 0.5) / _CHEBYSHEV)
    at = (low + high) / 2 + half * t.reshape(-1, *[1] * low.ndim)
    values = f(at)
    values = np.broadcast_to(values, np.broadcast_shapes(np.shape(values), at.shape))
    basis = np.cos(np.outer(np.arange(_CHEBYSHEV), np.arccos(t))) * 2 / _CHEBYSHEV
    basis[0] /= 2
    coefficients = np.tensordot(basis, values, 1)
    scaled = (points - (low + high) / 2) / half
    size = len(points)
    matrix = np.zeros((*low.shape, size, size)) + np.eye(size, k=1)
    matrix[..., range(size), range(size)] = np.moveaxis(scaled, 0, -1)
    b1 = b2 = np.zeros_like(matrix)
    for c in coefficients[:0:-1]:
        b1, b2 = c[..., None, None] * np.eye(size) + 2 * matrix @ b1 - b2, b1
    value = coefficients[0][..., None, None] * np.eye(size) + matrix @ b1 - b2
    return value[..., 0, -1] / half ** (size - 1)


@dataclass
class Reference:
    """Brute-force value of an expression. ``samples`` are the data behind `Functional` and `Empirical` laws by name."""

    nodes: int = 16
    samples: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __call__(self, expr: Any, values: Mapping[Any, float]) -> float:
        return float(self.value(sp.sympify(expr), {s: np.asarray(float(v)) for s, v in values.items()}, 0))

    def value(self, e: sp.Basic, env: dict[Any, Any], rank: int) -> Any:
        if isinstance(e, Average):
            xs, weights, dimension = self.law(e.measure, env, rank)
            inside = self.under(e.body, xs, env, rank + dimension)
            return np.sum(weights * inside, axis=tuple(range(dimension)))
        if isinstance(e, LogNorm):
            (y,), weights, _ = self.law(e.measure.base, env, rank)
            return np.log(np.sum(weights * np.exp(self.under(e.measure.log_tilt, [y], env, rank + 1)), axis=0))
        if isinstance(e, DividedDifference):
            points = [self.value(p, env, rank) for p in e.points]
            points = [np.broadcast_to(p, np.broadcast_shapes(np.shape(p), (1,) * rank)) for p in points]
            return confluent(lambda c: self.under(e.body, [c], env, rank + 1), points)
        if isinstance(e, Applied):
            x = np.asarray(self.value(e.argument, env, rank), dtype=float)
            return e.token.jet([e.order], x)[0]
        if e in env:
            return env[e]
        if e.is_number:
            return float(e)
        args = [self.value(a, env, rank) for a in e.args]
        if isinstance(e, sp.Add):
            return sum(args)
        if isinstance(e, sp.Mul):
            return np.prod(np.broadcast_arrays(*args), axis=0)
        if isinstance(e, sp.Pow):
            return args[0] ** args[1]
        name = {"asin": "arcsin", "Abs": "abs"}.get(e.func.__name__, e.func.__name__)
        return (NUMPY_FUNCTIONS.get(name) or getattr(np, name))(*args)

    def under(self, body: sp.Basic, values: list[Any], env: dict[Any, Any], rank: int) -> Any:
        """Value of the body of a binder, its variables opened to fresh symbols."""
        names = [sp.Dummy(real=True) for _ in values]
        return self.value(open_body(body, names), {**env, **dict(zip(names, values, strict=True))}, rank)

    def law(self, law: Any, env: dict[Any, Any], rank: int) -> tuple[list[Any], Any, int]:
        """Values of the variables on the new axes in front, their weights, and how many axes that are."""
        if isinstance(law, Gaussian):
            return self.gaussian(law, env, rank)
        if isinstance(law, Tilted):
            xs, weights, _ = self.gaussian(law.base, env, rank)
            weights = weights * np.exp(self.under(law.log_tilt, xs, env, rank + 1))
            return xs, weights / weights.sum(axis=0), 1
        if isinstance(law, Functional | Empirical):
            data = self.samples[law.name]
            return [data.reshape(-1, *[1] * rank)], 1 / data.size, 1
        assert isinstance(law, Uniform), law
        s, w = unit_grid(self.nodes)
        return [s.reshape(-1, *[1] * rank)], w.reshape(-1, *[1] * rank), 1

    def gaussian(self, law: Gaussian, env: dict[Any, Any], rank: int) -> tuple[list[Any], Any, int]:
        n = law.dimension
        mean = [self.value(m, env, rank) for m in law.mean]
        entries = np.broadcast_arrays(*(self.value(c, env, rank) for c in law.cov))
        cov = np.moveaxis(np.stack(entries).reshape(n, n, *entries[0].shape), (0, 1), (-2, -1))
        spread, vectors = np.linalg.eigh(cov)
        root = vectors * np.sqrt(np.maximum(spread, 0))[..., None, :]
        z, w = normal_grid(self.nodes)
        axes = [z.reshape(*[-1 if j == k else 1 for j in range(n)], *[1] * rank) for k in range(n)]
        weights = np.prod(np.broadcast_arrays(*(np.reshape(w, a.shape) for a in axes)), axis=0)
        return [m + sum(root[..., i, k] * axes[k] for k in range(n)) for i, m in enumerate(mean)], weights, n
