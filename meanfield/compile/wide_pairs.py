"""Pair averages where the law is so wide, and the correlation so near 1, that a Hermite series would be too long.

The rotated product rule needs few nodes along ``u - v`` there. Divided differences are integrated over [0, 1]
(Hermite-Genocchi), or taken as quotients where the covariances are far apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from meanfield.compile.grid import Grid
from meanfield.compile.group import FINE, ROUGH, TOLERANCES, Array
from meanfield.compile.moments import Moments
from meanfield.compile.series import AT_VARIANCE, PairTerm
from meanfield.quadrature.pairs import pair_average

if TYPE_CHECKING:
    from meanfield.compile.pair_law import PairLaw

_INTEGRAL_NODES = 24


@dataclass(frozen=True)
class _Request:
    """``<f(u) g(v)>`` at correlations rho (R,); the term's value is ``weight @`` these averages."""

    f: sp.Expr
    g: sp.Expr
    rho: Array
    weight: Array


def wide_pair_terms(
    group: PairLaw, mean: Array, sigma: Array, rho: Sequence[Array], parameters: Sequence[Array], level: int, claims: bool
) -> tuple[Array, Array]:
    """Values and errors (T, 1) of a group's terms at one point, infinite ones without ``claims``.

    Terms that need averages at the same correlations share their nodes, and all functions there one pass.
    """
    level = max(level, ROUGH)
    correlations, count = [float(r[0]) for r in rho], {ROUGH: 10, FINE: 48}.get(level, _INTEGRAL_NODES)
    requests = [_request(group.variable, t, correlations, count) for t in group.terms]
    values, errors = np.full((2, len(requests), 1), np.nan)
    shared: dict[bytes, list[int]] = {}
    for k, request in enumerate(requests):
        if request is not None:
            shared.setdefault(request.rho.tobytes(), []).append(k)
    for rows in shared.values():
        some = [r for r in (requests[k] for k in rows) if r is not None]
        found = _averages(group, some, float(mean[0]), float(sigma[0]) ** 2, tuple(float(p[0]) for p in parameters), level, claims)
        for k, request, value, error in zip(rows, some, *found, strict=True):
            values[k], errors[k] = request.weight @ value, np.abs(request.weight) @ error
    return values, errors


def _request(variable: sp.Symbol, t: PairTerm, rho: list[float], count: int) -> _Request | None:
    """What a term is made of; None for a divided difference over more than two different points."""
    points = [1.0 if p == AT_VARIANCE else rho[p] for p in t.points]
    if not points:
        return _Request(t.f, sp.S.One, np.zeros(1), np.ones(1))
    if t.order == 0:
        return _Request(t.f, t.g, np.array(points), np.eye(1, len(points))[0])
    distinct = sorted(set(points))
    f, g = (_derivative(h, variable, t.order) for h in (t.f, t.g))
    if len(distinct) == 1:
        return _Request(f, g, np.array(distinct), np.array([1 / factorial(t.order)]))
    if len(distinct) > 2:
        return None
    low, high = distinct
    p, q = points.count(low), points.count(high)
    nodes, weights = np.polynomial.legendre.leggauss(count)
    # 1 - s = u^2 resolves the layer of width 1/(1 - rho) that forms at the variance.
    u, du = (nodes + 1) / 2, weights / 2
    s = 1 - u * u
    weight = 2 * u * du * (1 - s) ** (p - 1) * s ** (q - 1) / (factorial(p - 1) * factorial(q - 1))
    return _Request(f, g, low + s * (high - low), weight)


def _averages(
    group: PairLaw, requests: Sequence[_Request], mean: float, var: float, parameters: tuple[float, ...], level: int, claims: bool
) -> tuple[Array, Array]:
    """Averages and errors (K, R) of requests at the same correlations."""
    functions = tuple(dict.fromkeys(h for r in requests for h in (r.f, r.g)))
    table = function_values(functions, group.variable, parameters)
    first, second = ([functions.index(h) for h in side] for side in ([r.f for r in requests], [r.g for r in requests]))
    rho = requests[0].rho
    return pair_average(
        lambda x: table(x)[first],
        lambda x: table(x)[second],
        np.full(rho.size, mean),
        np.full(rho.size, var),
        rho * var,
        strip=group.facts.strip,
        pole_order=group.facts.pole_order,
        imaginary_growth=group.facts.growth,
        tol=max(TOLERANCES[level], 1e-13),
        claims=claims,
    )


@lru_cache(maxsize=256)
def function_values(functions: tuple[sp.Expr, ...], variable: sp.Symbol, parameters: tuple[float, ...]) -> Callable[[Array], Array]:
    """All functions at once, stacked along the first axis."""
    moments = Moments([], variable, "h", list(functions))

    def values(x: Array) -> Array:
        grid = Grid(np.zeros(1), np.ones(1), x.reshape(-1, 1))
        rows = moments.run(grid, None, *parameters)[1]
        return np.stack([np.broadcast_to(row, (x.size, 1)).reshape(x.shape) for row in rows])

    return values


@lru_cache(maxsize=256)
def _derivative(f: sp.Expr, variable: sp.Symbol, order: int) -> sp.Expr:
    return f.diff(variable, order)
