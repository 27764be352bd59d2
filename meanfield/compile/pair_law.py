"""Averages over a normal pair of equal mean and variance, and divided differences of them in the covariance.

One table of the transfer function per point gives Hermite coefficients ``a_k[f]``; every pair average is then the
polynomial ``sum_k a_k[f] a_k[g] rho^k`` (Mehler), and every confluent divided difference in the covariance follows without
quotient from complete homogeneous polynomials. Where correlations stay away from 1 the plain quotient is as accurate and
needs far fewer coefficients. Laws too wide for any series are left to the product rule. The choice is made point by point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from math import isfinite, nan
from typing import NamedTuple, TypeVar

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import projection
from meanfield.compile.generators import Analyticity, analyticity
from meanfield.compile.grid import UniformGrid
from meanfield.compile.group import Array, Checks
from meanfield.compile.pair_choice import NOTHING, WIDE, Choice, choice
from meanfield.compile.series import PairTerm, Recipe
from meanfield.compile.single import Single
from meanfield.compile.wide_pairs import WidePairs

_FEW = 2  # points of a block that are sooner done one by one
T = TypeVar("T")


class Law(NamedTuple):
    """Of a batch of points: gaps are the distances of the covariances from the variance."""

    mean: Array
    sigma: Array
    rho: Sequence[Array]
    gaps: Sequence[Array]
    parameters: Sequence[Array]

    def numbers(self, k: int) -> tuple[list[float], list[float], list[float]]:
        """The correlations, gaps and parameters of one point."""
        rho, gaps, parameters = ([a.item(k) for a in some] for some in self[2:])
        return rho, gaps, parameters


class PairLaw:
    """Pair averages and divided differences over one law ``(mean, var)``.

    inputs: mean, var, covariances, their distances from var, parameters of the bodies. One output per term.
    """

    def __init__(
        self, mean: sp.Expr, var: sp.Expr, covs: Sequence[sp.Expr], terms: Sequence[PairTerm], variable: sp.Symbol, prefix: str
    ) -> None:
        self.terms, self.variable = list(terms), variable
        self.divided = any(t.order > 0 for t in terms)
        self.recipes = {False: Recipe(terms, variable, False, prefix)}
        if self.divided:
            self.recipes[True] = Recipe(terms, variable, True, prefix)
        functions = self.recipes[False].coefficients
        self.outputs = [sp.Symbol(f"{prefix}p{i}", real=True) for i in range(len(self.terms))]
        self.n_covs = len(covs)
        every = [r.coefficients for r in self.recipes.values()]
        self.grids = tuple(analyticity([*c.tables, *c.zeroth, *c.averages], variable) for c in every)
        # Only Jacobians hold the highest derivatives, and they need not be right to the last digit.
        self.facts: Analyticity = analyticity([*functions.tables, *functions.zeroth], variable)
        self.wide = WidePairs(terms, variable, self.facts)
        self.needed = replace(self.facts, pole_order=max(1.0, self.facts.pole_order - 2.0))
        self.symmetric = all(c.moments.parities is not None for c in every)
        # Their distances from the variance come by themselves: next to it they are known better than what they are differences of.
        self.inputs = [mean, var, *covs, *(sp.expand(var - c) for c in covs), *functions.moments.parameters]
        self._choices: dict[int, Choice] = {}

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        mean, var = inputs[0], np.maximum(inputs[1], 0.0)
        covs, gaps, parameters = self._parts(inputs)
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = [np.where(var > 0, np.clip(c / var, -1.0, 1.0), 0.0) for c in covs]
        law = Law(mean, np.sqrt(var), rho, gaps, parameters)
        values, noise = self._batch(law, level, checks is not None)
        if checks is not None:
            checks.rounding.extend(noise)
        return list(values)

    def evaluate_one(self, inputs: Sequence[float], level: int) -> list[float]:
        """The same at a single point, in numbers."""
        var = max(inputs[1], 0.0)
        covs, gaps, parameters = self._parts(inputs)
        rho = [min(max(c / var, -1.0), 1.0) if var > 0 and c == c else c - c for c in covs]
        return self._alone(inputs[0], var**0.5, rho, gaps, parameters, level)

    def _parts(self, inputs: Sequence[T]) -> tuple[Sequence[T], Sequence[T], Sequence[T]]:
        """Covariances, distances and parameters."""
        first, last = 2 + self.n_covs, 2 + 2 * self.n_covs
        return inputs[2:first], inputs[first:last], inputs[last:]

    def _alone(
        self, mean: float, sigma: float, rho: Sequence[float], gaps: Sequence[float], parameters: Sequence[float], level: int
    ) -> list[float]:
        ways = self._ways(level)
        kind = ways.one(sigma, max(map(abs, rho), default=0.0)) if isfinite(mean) else NOTHING
        if kind >= 0:
            way = ways.ways[kind + (self.symmetric and mean == 0)]
            return self._singles[way.quotient].values(mean, sigma, rho, parameters, way)
        if kind == WIDE:
            return self.wide.values(mean, sigma, gaps, parameters, level, False)[0].tolist()
        return [nan] * len(self.terms)

    @cached_property
    def _singles(self) -> dict[bool, Single]:
        return {quotient: Single(recipe) for quotient, recipe in self.recipes.items()}

    def _ways(self, level: int) -> Choice:
        """Kept here too: to hash what it depends on takes a while."""
        if level not in self._choices:
            self._choices[level] = choice(self.needed, self.grids, level)
        return self._choices[level]

    def _batch(self, law: Law, level: int, keep: bool) -> tuple[Array, Array]:
        mean, sigma, rho, _, parameters = law
        ways = self._ways(level)
        largest = np.abs(rho[0]) if len(rho) == 1 else np.max(np.abs(rho), axis=0) if rho else np.zeros_like(sigma)
        kind = ways.kind(sigma, largest)
        if self.symmetric:
            kind[(mean == 0) & (kind >= 0)] += 1
        kind[~np.isfinite(mean)] = NOTHING
        values, noise = np.full((2, len(self.terms), sigma.size), np.nan)
        parts: dict[bool, list[tuple[Array, Array, Array]]] = {quotient: [] for quotient in self.recipes}
        for at, way in ways.blocks(kind):
            if not keep and at.size <= _FEW:
                for k in at.tolist():
                    values[:, k], noise[:, k] = self._alone(mean.item(k), sigma.item(k), *law.numbers(k), level), 0.0
                continue
            z, weights, table = projection(way.step, way.cutoff, way.count, way.half)
            grid, here = UniformGrid(mean[at], sigma[at], z), [r[at] for r in rho]
            own = [p[at] for p in parameters]
            parts[way.quotient].append((at, *self.recipes[way.quotient].rows(grid, here, weights, table, own, keep, way.half)))
        for quotient, some in parts.items():
            if some:  # what is left to do for each point is done for all at once
                at, rows, bounds = (np.concatenate(part, axis=-1) for part in zip(*some, strict=True))
                values[:, at], noise[:, at] = self.recipes[quotient].assembled(rows, bounds, sigma[at], [r[at] for r in rho])
        for k in np.flatnonzero(kind == WIDE).tolist():
            values[:, k], noise[:, k] = self.wide.values(mean.item(k), sigma.item(k), *law.numbers(k)[1:], level, keep)
        return values, noise


__all__ = ["PairLaw", "PairTerm"]
