"""Pair averages where the law is so wide, and the correlation so near 1, that a Hermite series would be too long.

A table of the product in ``(u + v)/2`` and ``(u - v)/2`` serves all correlations of a point and every point of about the same
width. Divided differences are integrated over [0, 1] (Hermite-Genocchi), or taken as quotients where the covariances are far
apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, factorial, floor, log1p, log2
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from meanfield.compile.group import EPS, FINE, ROUGH, TIGHT, TOLERANCES, WORKING, Array, refinement
from meanfield.compile.series import AT_VARIANCE, PairTerm
from meanfield.compile.wide_tables import Request, function_values, wide_table
from meanfield.quadrature.gauss import unit_interval
from meanfield.quadrature.pair_tables import table_averages
from meanfield.quadrature.pairs import pair_average
from meanfield.quadrature.trapezoid import gaussian_cutoff, gaussian_trapezoid, trapezoid_step

if TYPE_CHECKING:
    from meanfield.compile.pair_law import PairLaw

_NODES = {ROUGH: 0.5, WORKING: 0.8, TIGHT: 1.0, FINE: 1.3}  # of an integral over [0, 1], relative to what TIGHT needs
_LARGEST_TABLE = 1 << 24  # numbers; laws of such width whose correlation is far from 1 are left to the product rule
_OPPOSITE = 1.5  # 1 - rho from which (u + v)/2 is too narrow for a table
_ROUNDING = 16 * EPS


@dataclass(frozen=True)
class _Averages:
    """``<f(u) g(v)>`` at correlations 1 - ``apart`` (R,); the term's value is ``weight @`` these averages."""

    f: sp.Expr
    g: sp.Expr
    apart: Array
    weight: Array


def wide_pair_terms(
    group: PairLaw, mean: Array, sigma: Array, rho: Sequence[Array], parameters: Sequence[Array], level: int, claims: bool
) -> tuple[Array, Array]:
    """Values and bounds on their rounding errors (T, 1) of a group's terms at one point, infinite ones without ``claims``.

    Terms that need averages at the same correlations share their nodes, and all functions there one pass.
    """
    law = _Law(group, float(mean[0]), float(sigma[0]), tuple(float(p[0]) for p in parameters), max(level, ROUGH), claims)
    requests = [law.request(t, [1 - float(r[0]) for r in rho]) for t in group.terms]
    values, errors = np.full((2, len(requests), 1), np.nan)
    shared: dict[bytes, list[int]] = {}
    for k, request in enumerate(requests):
        if request is not None:
            shared.setdefault(request.apart.tobytes(), []).append(k)
    for rows in shared.values():
        some = [r for r in (requests[k] for k in rows) if r is not None]
        for k, request, value, error in zip(rows, some, *law.averages(some), strict=True):
            values[k], errors[k] = request.weight @ value, np.abs(request.weight) @ error
    return values, errors


@dataclass(frozen=True)
class _Law:
    group: PairLaw
    mean: float
    sigma: float
    parameters: tuple[float, ...]
    level: int
    claims: bool

    def request(self, t: PairTerm, apart: list[float]) -> _Averages | None:
        """What a term is made of; None for a divided difference over more than two different points."""
        points = [0.0 if p == AT_VARIANCE else apart[p] for p in t.points]
        if not points:
            return _Averages(t.f, sp.S.One, np.zeros(1), np.ones(1))
        if t.order == 0:
            return _Averages(t.f, t.g, np.array(points), np.eye(1, len(points))[0])
        distinct = sorted(set(points))
        f, g = (_derivative(h, self.group.variable, t.order) for h in (t.f, t.g))
        if len(distinct) == 1:
            return _Averages(f, g, np.array(distinct), np.array([1 / factorial(t.order)]))
        if len(distinct) > 2:
            return None
        near, far = distinct
        p, q = points.count(far), points.count(near)
        # The wider (u - v)/2 is in units of what the functions vary over, the more nodes; in sqrt(1 - s) it is smooth.
        share = self.sigma * (far / 2) ** 0.5 / min(self.group.facts.strip, 2.0)
        s, rest, weights = unit_interval(ceil(_NODES[self.level] * (8 + 16 * log1p(2 * share))))
        weights = weights * rest ** (p - 1) * s ** (q - 1) / (factorial(p - 1) * factorial(q - 1))
        return _Averages(f, g, near + rest * (far - near), weights)

    def averages(self, requests: Sequence[_Averages]) -> tuple[Array, Array]:
        """Averages and bounds (K, R) of requests at the same correlations."""
        apart = requests[0].apart
        if apart.max() == 0:
            return self._coinciding(requests)
        products = tuple(dict.fromkeys((r.f, r.g) for r in requests))
        table = wide_table(self._table(products, float(apart.min()), float(apart.max()))) if apart.max() <= _OPPOSITE else None
        if table is None:
            return self._by_product_rule(requests)
        here = [products.index((r.f, r.g)) for r in requests]
        found = table_averages(table, self.mean, self.sigma**2, apart)[here]
        if not self.claims:
            return found, np.full(found.shape, np.inf)
        return found, _ROUNDING * table_averages(table, self.mean, self.sigma**2, apart, absolute=True)[here]

    def _table(self, products: tuple[tuple[sp.Expr, sp.Expr], ...], nearest: float, farthest: float) -> Request:
        """Of laws from a half to the whole of a power of two, so that points of about the same width share it."""
        facts, width = self.group.facts, 2.0 ** ceil(log2(self.sigma))
        narrowest = max(self.sigma * (nearest / 2) ** 0.5, 1e-3 * min(facts.strip, 1.0))
        return Request(
            products,
            self.group.variable,
            facts,
            self.parameters,
            width,
            2.0 ** floor(log2(narrowest)),
            width / 2 * ceil(2 * abs(self.mean) / width),
            2.0 ** ceil(log2(self.sigma * (farthest / 2) ** 0.5)),
            max(TOLERANCES[self.level], TOLERANCES[TIGHT]),
            refinement(facts.certain) if self.level == FINE else 1.0,
            _LARGEST_TABLE,
        )

    def _coinciding(self, requests: Sequence[_Averages]) -> tuple[Array, Array]:
        """Where the pair is one variable."""
        facts, tol = self.group.facts, max(TOLERANCES[self.level], TOLERANCES[TIGHT])
        step = trapezoid_step(facts.strip, self.sigma, tol, pole_order=2 * facts.pole_order, imaginary_growth=2 * facts.growth)
        if self.level == FINE:
            step /= refinement(facts.certain)
        rule = gaussian_trapezoid(step, gaussian_cutoff(tol, degree=2 * facts.degree, rate=2 * facts.rate * self.sigma) + 0.3)
        f, g, values = self._values(requests)
        products = values(self.mean + self.sigma * rule.nodes)
        products = products[f] * products[g]
        return (products @ rule.weights)[:, None], _ROUNDING * (np.abs(products) @ rule.weights)[:, None]

    def _by_product_rule(self, requests: Sequence[_Averages]) -> tuple[Array, Array]:
        facts, apart = self.group.facts, requests[0].apart
        f, g, values = self._values(requests)
        return pair_average(
            lambda x: values(x)[f],
            lambda x: values(x)[g],
            np.full(apart.size, self.mean),
            np.full(apart.size, self.sigma**2),
            (1 - apart) * self.sigma**2,
            strip=facts.strip,
            pole_order=facts.pole_order,
            imaginary_growth=facts.growth,
            tol=max(TOLERANCES[self.level], 1e-13),
            claims=self.claims,
        )

    def _values(self, requests: Sequence[_Averages]) -> tuple[list[int], list[int], Callable[[Array], Array]]:
        """Places of the f and of the g of each, and all these functions at once."""
        functions = tuple(dict.fromkeys(h for r in requests for h in (r.f, r.g)))
        table = function_values(functions, self.group.variable, self.parameters)
        return [functions.index(r.f) for r in requests], [functions.index(r.g) for r in requests], table


@lru_cache(maxsize=256)
def _derivative(f: sp.Expr, variable: sp.Symbol, order: int) -> sp.Expr:
    return f.diff(variable, order)
