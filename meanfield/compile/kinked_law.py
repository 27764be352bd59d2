"""Averages over a normal pair of equal mean and variance of functions with kinks, and divided differences of them.

Hermite coefficients by panels that end at the kinks, with what delta functions in derivatives add to them; the series of the
pair average is as long as the correlation asks for, whatever the function. Where the correlation is near 1 it would be too
long: there the product rule of `kinked_pairs` is short, and divided differences are integrals over few covariances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp

from meanfield.averages import Average, Gaussian
from meanfield.averages.divided_difference import divided_difference
from meanfield.averages.scope import close, nodes, substitute
from meanfield.compile.coefficients import Coefficients
from meanfield.compile.grid import Grid
from meanfield.compile.group import FINE, ROUGH, Array, Checks
from meanfield.compile.kinks import kink_terms
from meanfield.compile.pair_choice import PAIR_TOLERANCES, QUOTIENT_GAP
from meanfield.compile.series import AT_VARIANCE, PairTerm, Recipe
from meanfield.compile.source import array_names, code, function
from meanfield.quadrature.gauss import normal_panels
from meanfield.quadrature.hermite import hermite_cutoff, hermite_functions
from meanfield.transfer import Applied

if TYPE_CHECKING:
    from meanfield.compile.plan import Program

_M, _S, _U, _V = (sp.Symbol(name, real=True) for name in ("_mean", "_var", "_u", "_v"))
_SMALLEST_COUNT = 24
_PER_OCTAVE = 2  # of numbers of coefficients
_LONGEST = 4.0  # half length of a panel, in standard deviations,
_POLES = 0.4  # and in them the least half width of the strip of analyticity
_ELEMENTS = 1 << 18  # of the projections of a block
_WIDEST = 256.0  # standard deviation; beyond, an iterate has wandered off


class KinkedPairLaw:
    """The group of such averages over one law ``(mean, var)``; inputs: mean, var, covariances; outputs as those of `PairLaw`."""

    def __init__(
        self, mean: sp.Expr, var: sp.Expr, covs: Sequence[sp.Expr], terms: Sequence[PairTerm], variable: sp.Symbol, prefix: str
    ) -> None:
        self.terms, self.variable = list(terms), variable
        self.recipe = Recipe(terms, variable, True, prefix, KinkedCoefficients)
        self.inputs = [mean, var, *covs]
        self.outputs = [sp.Symbol(f"{prefix}p{i}", real=True) for i in range(len(terms))]
        tokens = {a.token for t in terms for f in (t.f, t.g) for a in nodes(f, Applied)}
        self.strip = min(1.0 if t.traits.strip is None else t.traits.strip for t in tokens)
        self.kinks = np.array(sorted({k.location for t in tokens for k in t.traits.kinks}))
        self._programs: dict[bool, Program] = {}

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        mean, var = inputs[0], np.maximum(inputs[1], 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = np.array([np.where(var > 0, np.clip(c / var, -1.0, 1.0), 0.0) for c in inputs[2:]]).reshape(-1, var.size)
        sigma, level = np.sqrt(var), max(level, ROUGH)
        values, noise = np.full((2, len(self.terms), sigma.size), np.nan)
        known = np.isfinite(mean) & (sigma < _WIDEST) & np.isfinite(rho).all(axis=0)
        far = known & (np.abs(rho).max(axis=0, initial=0.0) <= 1 - QUOTIENT_GAP)
        for at, way in self._blocks(sigma, rho, np.flatnonzero(far), level):
            values[:, at], noise[:, at] = self._series(mean[at], sigma[at], [r[at] for r in rho], way, checks is not None)
        near = (rho > 1 - QUOTIENT_GAP).all(axis=0)
        for close_by in (True, False):
            at = np.flatnonzero(known & ~far & (near == close_by))
            if at.size:
                columns = [mean[at], var[at], *(r[at] * var[at] for r in rho)]
                values[:, at], noise[:, at] = self._directly(columns, level, close_by, checks is not None)
        if checks is not None:
            checks.rounding.extend(noise)
        return list(values)

    def _blocks(self, sigma: Array, rho: Array, far: Array, level: int) -> Iterator[tuple[Array, _Way]]:
        """Points with as many coefficients and as many panels, in parts that fit the cache."""
        largest = np.abs(rho[:, far]).max(axis=0, initial=0.0)
        tol = PAIR_TOLERANCES[level] * QUOTIENT_GAP**2
        with np.errstate(divide="ignore"):
            count = np.maximum(-log(tol) / -np.log(np.maximum(largest, 1e-300)), _SMALLEST_COUNT)
            width = np.minimum(_LONGEST, self.strip / (_POLES * sigma[far]))
        reach = hermite_cutoff(PAIR_TOLERANCES[level])
        key = np.stack([np.ceil(_PER_OCTAVE * np.log2(count)), np.ceil(_PER_OCTAVE * np.log2(reach / width))])
        for rung, panels in np.unique(key, axis=1).T:
            index = far[(key == [[rung], [panels]]).all(axis=0)]
            way = _way(float(rung), ceil(2 ** (panels / _PER_OCTAVE)), reach, level)
            rows = max(1, _ELEMENTS // (way.count * way.nodes * (way.edges.size - 1 + self.kinks.size)))
            for first in range(0, index.size, rows):
                yield index[first : first + rows], way

    def _series(self, mean: Array, sigma: Array, rho: Sequence[Array], way: _Way, keep: bool) -> tuple[Array, Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            breaks = (self.kinks - mean[:, None]) / sigma[:, None]
        z, weights = normal_panels(breaks, way.edges, way.nodes)
        grid = Grid(mean, sigma, np.ascontiguousarray(z.T))
        table = Projection(grid.z, np.ascontiguousarray(weights.T), way.count)
        rows, bounds = self.recipe.rows(grid, rho, table.weights, table, [], keep)  # type: ignore[arg-type]
        return self.recipe.assembled(rows, bounds, sigma, rho)

    def _directly(self, columns: Sequence[Array], level: int, near: bool, keep: bool) -> tuple[Array, Array | float]:
        if near not in self._programs:
            from meanfield.compile.plan import Program

            covs = [sp.Symbol(f"_cov{i}", real=True) for i in range(len(self.inputs) - 2)]
            exprs = [self._written(t, covs) for t in self.terms]
            # Two kinks a little apart are a feature of their own on the way to the variance.
            self._programs[near] = Program(exprs, [_M, _S, *covs], series=False, near=near and self.kinks.size == 1)
        if not keep:
            return np.array(self._programs[near](columns, level)), 0.0
        values, noise = self._programs[near].with_rounding(columns, level)
        return np.array(values), noise

    def _written(self, t: PairTerm, covs: Sequence[sp.Symbol]) -> sp.Expr:
        """A term as an expression in the law."""
        if not t.points:
            return Average(close(t.f, [self.variable]), Gaussian([_M], [[_S]]))
        product = close(substitute(t.f, {self.variable: _U}) * substitute(t.g, {self.variable: _V}), [_U, _V])
        points = [_S if p == AT_VARIANCE else covs[p] for p in t.points]
        return divided_difference(lambda C: Average(product, Gaussian([_M, _M], [[_S, C], [C, _S]])), *points)


@dataclass(frozen=True)
class _Way:
    """Number of coefficients, edges of equal panels and number of nodes of each."""

    count: int
    edges: Array
    nodes: int


@lru_cache(maxsize=512)
def _way(rung: float, panels: int, reach: float, level: int) -> _Way:
    count = ceil(2 ** (rung / _PER_OCTAVE)) + (8 if level == FINE else 4)
    half = reach / panels
    # Waves of the last Hermite function, and poles at _POLES of the half length or the normal density.
    nodes = half * sqrt(count) - log(PAIR_TOLERANCES[level]) / (2 * log(_POLES + sqrt(1 + _POLES**2)))
    return _Way(count, np.linspace(-reach, reach, panels + 1), ceil(nodes * (1.2 if level == FINE else 1.0) / 4) * 4)


class Projection:
    """``projection @ values`` (n, B) -> coefficients (K, B), for nodes z (n, B) of each point's own and their weights."""

    def __init__(self, z: Array, weights: Array, count: int) -> None:
        self.weights, self.shape = weights, (count, z.shape[0])
        self.table = np.empty((count, *z.shape))
        self.table[0] = weights
        if count > 1:
            np.multiply(z, weights, out=self.table[1])
        for k in range(1, count - 1):
            row = np.multiply(z, self.table[k], out=self.table[k + 1])
            row -= sqrt(k) * self.table[k - 1]
            row *= 1 / sqrt(k + 1)

    def __matmul__(self, values: Array) -> Array:
        return np.einsum("knb,nb->kb", self.table, values)


class KinkedCoefficients(Coefficients):
    """Coefficients of functions with kinks: delta functions add the Hermite functions at their places."""

    def projected(self, arrays: Sequence[Array], grid: Grid, table: Array) -> list[Array]:
        found = super().projected(arrays, grid, table)
        for f, a in zip(self.tables, found, strict=True):
            for location, m, weight in f.token.kink_terms(f.order):
                a += weight * _delta_coefficients(location, m, grid, table.shape[0])
        return found

    def means(self, moments: Sequence[Array], grid: Grid) -> list[Array]:
        found = super().means(moments, grid)
        with np.errstate(all="ignore"):
            for k, run in self._at_kinks:
                added = run(grid.mean, grid.sigma**2)
                found[k] = found[k] + np.where(np.isfinite(added), added, 0.0)  # nothing varies
        return found

    @cached_property
    def _at_kinks(self) -> list[tuple[int, Callable[[Array, Array], Array]]]:
        """What delta functions add to the averages that hold some, by their places."""
        terms = [kink_terms(body, self.variable, _M, _S) for body in (*self.zeroth, *self.averages)]
        text = "def added({}, {}):\n    return {}"
        return [
            (k, function(text.format(_M.name, _S.name, code(t)), "added", array_names())) for k, t in enumerate(terms) if t != 0
        ]


def _delta_coefficients(location: float, m: int, grid: Grid, count: int) -> Array:
    """``int dx N(x) he_k(z)/sqrt(k!) delta^(m)(x - location)``, (count, B)."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.nan_to_num((location - grid.mean) / grid.sigma, nan=99.0, posinf=99.0, neginf=-99.0)
        table = hermite_functions(z, count + m)[m:] * (np.exp(-(z**2) / 4) / sqrt(2 * np.pi) / grid.sigma ** (m + 1))
    k = np.arange(count)
    rising = np.sqrt(np.prod([k + j for j in range(1, m + 1)], axis=0)) if m else np.ones(count)
    return np.where(np.isfinite(table), table, 0.0) * rising[:, None]
