"""Pair averages where the law is so wide, and the correlation so near 1, that a Hermite series would be too long.

The rotated product rule needs few nodes along ``u - v`` there. Divided differences are integrated over [0, 1]
(Hermite-Genocchi), or taken as quotients where the covariances are far apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from meanfield.compile.generators import Analyticity
from meanfield.compile.grid import Grid
from meanfield.compile.group import FINE, ROUGH, TOLERANCES, Array
from meanfield.compile.moments import Moments
from meanfield.compile.series import AT_VARIANCE, PairTerm
from meanfield.quadrature.pairs import pair_average

if TYPE_CHECKING:
    from meanfield.compile.pair_law import PairLaw

_INTEGRAL_NODES = 24


def wide_pair_terms(
    group: PairLaw, mean: Array, sigma: Array, rho: Sequence[Array], parameters: Sequence[Array], level: int
) -> tuple[Array, Array]:
    """Values and errors (T, 1) of a group's terms at one point."""
    product = _Product(
        group.variable, group.facts, float(mean[0]), float(sigma[0]) ** 2, [float(p[0]) for p in parameters], TOLERANCES[level]
    )
    correlations = [float(r[0]) for r in rho]
    results = [_term(product, t, correlations, {ROUGH: 10, FINE: 48}.get(level, _INTEGRAL_NODES)) for t in group.terms]
    return np.array([[v] for v, _ in results]), np.array([[e] for _, e in results])


def _term(product: _Product, t: PairTerm, rho: list[float], count: int) -> tuple[float, float]:
    points = [1.0 if p == AT_VARIANCE else rho[p] for p in t.points]
    if not points:
        values, errors = product(t.f, sp.S.One, np.zeros(1))
        return float(values[0]), float(errors[0])
    if t.order == 0:
        values, errors = product(t.f, t.g, np.array(points))
        return float(values[0]), float(errors[0])
    distinct = sorted(set(points))
    f, g = (_derivative(h, product.variable, t.order) for h in (t.f, t.g))
    if len(distinct) == 1:
        values, errors = product(f, g, np.array(distinct))
        return float(values[0]) / factorial(t.order), float(errors[0])
    if len(distinct) > 2:
        return float("nan"), float("nan")
    low, high = distinct
    p, q = points.count(low), points.count(high)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    # 1 - s = u^2 resolves the layer of width 1/(1 - rho) that forms at the variance.
    u, du = (nodes + 1) / 2, weights / 2
    s = 1 - u * u
    weight = 2 * u * du * (1 - s) ** (p - 1) * s ** (q - 1) / (factorial(p - 1) * factorial(q - 1))
    values, errors = product(f, g, low + s * (high - low))
    return float(weight @ values), float(weight @ errors)


class _Product:
    """``<f(u) g(v)>`` at several correlations by the rotated product rule; repeated requests are remembered."""

    def __init__(
        self, variable: sp.Symbol, facts: Analyticity, mean: float, var: float, parameters: list[float], tol: float
    ) -> None:
        self.variable, self.facts, self.mean, self.var, self.parameters, self.tol = (
            variable,
            facts,
            mean,
            var,
            tuple(parameters),
            tol,
        )
        self.known: dict[tuple[sp.Expr, sp.Expr, bytes], tuple[Array, Array]] = {}

    def __call__(self, f: sp.Expr, g: sp.Expr, rho: Array) -> tuple[Array, Array]:
        key = (f, g, rho.tobytes())
        if key not in self.known:
            mean, var = np.full(rho.size, self.mean), np.full(rho.size, self.var)
            facts = self.facts
            f_of, g_of = (_callable(h, self.variable, self.parameters) for h in (f, g))
            self.known[key] = pair_average(
                f_of,
                g_of,
                mean,
                var,
                rho * self.var,
                strip=facts.strip,
                pole_order=facts.pole_order,
                imaginary_growth=facts.growth,
                tol=max(self.tol, 1e-13),
            )
        return self.known[key]


@lru_cache(maxsize=256)
def _callable(f: sp.Expr, variable: sp.Symbol, parameters: tuple[float, ...]) -> Callable[[Array], Array]:
    moments = Moments([], variable, "h", [f])

    def values(x: Array) -> Array:
        grid = Grid(np.zeros(1), np.ones(1), x.reshape(1, -1))
        return np.broadcast_to(moments.run(grid, None, *parameters)[1][0], (1, x.size)).reshape(x.shape)

    return values


@lru_cache(maxsize=256)
def _derivative(f: sp.Expr, variable: sp.Symbol, order: int) -> sp.Expr:
    return f.diff(variable, order)
