"""Pair averages where the law is so wide, and the correlation so near 1, that a Hermite series would be too long.

A table of the product in ``(u + v)/2`` and ``(u - v)/2`` serves all correlations of a point and every point of about the same
width. Divided differences are integrated over [0, 1] (Hermite-Genocchi).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, factorial, floor, log1p, log2

import numpy as np
import sympy as sp

from meanfield.compile.generators import Analyticity
from meanfield.compile.group import EPS, FINE, ROUGH, TIGHT, TOLERANCES, WORKING, Array, refinement
from meanfield.compile.series import AT_VARIANCE, PairTerm
from meanfield.compile.wide_tables import Request, function_values, wide_table
from meanfield.quadrature.gauss import unit_interval
from meanfield.quadrature.pair_tables import table_averages
from meanfield.quadrature.pairs import pair_average
from meanfield.quadrature.trapezoid import gaussian_cutoff, gaussian_trapezoid, trapezoid_step

_NODES = {ROUGH: 0.5, WORKING: 0.8, TIGHT: 1.0, FINE: 1.3}  # of an integral over [0, 1], relative to what TIGHT needs
_LARGEST_TABLE = 1 << 24  # numbers; laws of such width whose correlation is far from 1 are left to the product rule
_OPPOSITE = 1.5  # 1 - rho from which (u + v)/2 is too narrow for a table
_ROUNDING = 16 * EPS


class WidePairs:
    """The terms of a pair law, one point at a time. facts: analyticity of all f and g."""

    def __init__(self, terms: Sequence[PairTerm], variable: sp.Symbol, facts: Analyticity) -> None:
        self.size, self.variable, self.facts = len(terms), variable, facts
        sharing: dict[tuple[int, ...], list[int]] = {}
        for k, t in enumerate(terms):
            sharing.setdefault(tuple(sorted(set(t.points) or {AT_VARIANCE})), []).append(k)
        # A divided difference over more than two different points has no table: its terms stay NaN.
        self.parts = [
            _Part.of([terms[k] for k in places], points, places, variable) for points, places in sharing.items() if len(points) <= 2
        ]

    def values(
        self, mean: float, sigma: float, gaps: Sequence[float], parameters: Sequence[float], level: int, claims: bool
    ) -> tuple[Array, Array]:
        """Values and bounds on their rounding errors (T,), infinite ones without ``claims``; gaps: distances of the covariances
        from the variance."""
        law = _Law(self.variable, self.facts, mean, sigma, tuple(parameters), max(level, ROUGH), claims)
        apart = [min(max(gap / sigma**2, 0.0), 2.0) for gap in gaps]
        values, errors = np.full((2, self.size), np.nan)
        for part in self.parts:
            values[part.places], errors[part.places] = law.terms(
                part, *(0.0 if p == AT_VARIANCE else apart[p] for p in part.points)
            )
        return values, errors


@dataclass(frozen=True)
class _Part:
    """Terms over the same one or two covariances; they share their correlations, and all functions there one pass.

    products: their different ``(f, g)``, differentiated as often as the terms ask for. which: of each term. powers: how often
    a term has each of two points.
    """

    points: tuple[int, ...]
    places: list[int]
    products: tuple[tuple[sp.Expr, sp.Expr], ...]
    which: list[int]
    powers: list[tuple[int, int]]
    factor: Array

    @classmethod
    def of(cls, terms: Sequence[PairTerm], points: tuple[int, ...], places: list[int], variable: sp.Symbol) -> _Part:
        pairs = [(t.f.diff(variable, t.order), t.g.diff(variable, t.order)) if t.points else (t.f, sp.S.One) for t in terms]
        products = tuple(dict.fromkeys(pairs))
        powers = [(t.points.count(points[0]), t.points.count(points[-1])) for t in terms]
        factor = np.array([1.0 / factorial(max(t.order, 0)) for t in terms])
        return cls(points, places, products, [products.index(pair) for pair in pairs], powers, factor)

    @cached_property
    def functions(self) -> tuple[tuple[sp.Expr, ...], list[int], list[int]]:
        """All of them, and the places of the f and of the g of each product."""
        every = tuple(dict.fromkeys(h for product in self.products for h in product))
        return every, [every.index(f) for f, _ in self.products], [every.index(g) for _, g in self.products]


@dataclass(frozen=True)
class _Law:
    variable: sp.Symbol
    facts: Analyticity
    mean: float
    sigma: float
    parameters: tuple[float, ...]
    level: int
    claims: bool

    def terms(self, part: _Part, *apart: float) -> tuple[Array, Array]:
        """Values and bounds (T,) of a part's terms, where 1 - rho is ``apart`` at its points."""
        if len(apart) == 2:
            return self._divided(part, *apart)
        at = self._coinciding(part) if part.points == (AT_VARIANCE,) else self._averages(part, np.array(apart))
        value, bound = (found[part.which, 0] * part.factor for found in at)
        return value, bound

    def _divided(self, part: _Part, first: float, second: float) -> tuple[Array, Array]:
        """Divided differences between two covariances."""
        # The wider (u - v)/2 is in units of what the functions vary over, the more nodes; in sqrt(1 - s), s = 1 at the larger
        # covariance, the averages are smooth.
        (near, far), order = ((first, second), 1) if first <= second else ((second, first), -1)
        share = self.sigma * (far / 2) ** 0.5 / min(self.facts.strip, 2.0)
        s, rest, weights = unit_interval(ceil(_NODES[self.level] * (8 + 16 * log1p(2 * share))))
        found, bounds = self._averages(part, near + rest * (far - near))
        weight = np.stack([weights * _bernstein(s, rest, *powers[::order]) for powers in part.powers])
        return (weight * found[part.which]).sum(axis=1), (weight * bounds[part.which]).sum(axis=1)

    def _averages(self, part: _Part, apart: Array) -> tuple[Array, Array]:
        """Averages and bounds (K, R) of the products at correlations 1 - ``apart`` (R,)."""
        table = wide_table(self._table(part, float(apart.min()), float(apart.max()))) if apart.max() <= _OPPOSITE else None
        if table is None:
            return self._by_product_rule(part, apart)
        found = table_averages(table, self.mean, self.sigma**2, apart)
        if not self.claims:
            return found, np.full(found.shape, np.inf)
        return found, _ROUNDING * table_averages(table, self.mean, self.sigma**2, apart, absolute=True)

    def _table(self, part: _Part, nearest: float, farthest: float) -> Request:
        """Of laws from a half to the whole of a power of two, so that points of about the same width share it."""
        width = 2.0 ** ceil(log2(self.sigma))
        unit = min(self.facts.strip, 1.0)  # what is wider needs no better resolution
        narrowest = 2.0 ** floor(log2(min(max(self.sigma * (nearest / 2) ** 0.5, 1e-3 * unit), unit)))
        return Request(
            part.products,
            self.variable,
            self.facts,
            self.parameters,
            width,
            narrowest,
            width / 2 * ceil(2 * abs(self.mean) / width - 1e-15),  # a mean of 0 but for rounding counts as one
            2.0 ** (ceil(2 * log2(max(self.sigma * (farthest / 2) ** 0.5, narrowest))) / 2),
            max(TOLERANCES[self.level], TOLERANCES[TIGHT]),
            refinement(self.facts.certain) if self.level == FINE else 1.0,
            _LARGEST_TABLE,
        )

    def _coinciding(self, part: _Part) -> tuple[Array, Array]:
        """Averages and bounds (K, 1) where the pair is one variable."""
        facts, tol = self.facts, max(TOLERANCES[self.level], TOLERANCES[TIGHT])
        step = trapezoid_step(facts.strip, self.sigma, tol, pole_order=2 * facts.pole_order, imaginary_growth=2 * facts.growth)
        if self.level == FINE:
            step /= refinement(facts.certain)
        rule = gaussian_trapezoid(step, gaussian_cutoff(tol, degree=2 * facts.degree, rate=2 * facts.rate * self.sigma) + 0.3)
        f, g, values = self._values(part)
        every = values(self.mean + self.sigma * rule.nodes)
        products = every[f] * every[g]
        return (products @ rule.weights)[:, None], _ROUNDING * (np.abs(products) @ rule.weights)[:, None]

    def _by_product_rule(self, part: _Part, apart: Array) -> tuple[Array, Array]:
        f, g, values = self._values(part)
        return pair_average(
            lambda x: values(x)[f],
            lambda x: values(x)[g],
            np.full(apart.size, self.mean),
            np.full(apart.size, self.sigma**2),
            (1 - apart) * self.sigma**2,
            strip=self.facts.strip,
            pole_order=self.facts.pole_order,
            imaginary_growth=self.facts.growth,
            tol=max(TOLERANCES[self.level], 1e-13),
            claims=self.claims,
        )

    def _values(self, part: _Part) -> tuple[list[int], list[int], Callable[[Array], Array]]:
        every, f, g = part.functions
        return f, g, function_values(every, self.variable, self.parameters)


def _bernstein(s: Array, rest: Array, near: int, far: int) -> Array:
    """The weight of a divided difference that has the nearer and the farther point so many times."""
    return s ** (near - 1) * rest ** (far - 1) / (factorial(near - 1) * factorial(far - 1))
