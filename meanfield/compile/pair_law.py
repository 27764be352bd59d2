"""Averages over a normal pair of equal mean and variance, and divided differences of them in the covariance.

One table of the transfer function per point gives Hermite coefficients ``a_k[f]``; every pair average is then the
polynomial ``sum_k a_k[f] a_k[g] rho^k`` (Mehler), and every confluent divided difference in the covariance follows without
quotient from complete homogeneous polynomials. Where correlations stay away from 1 the plain quotient is as accurate and
needs far fewer coefficients. Laws too wide for any series are left to the product rule. The choice is made point by point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import projection
from meanfield.compile.generators import Analyticity, analyticity
from meanfield.compile.grid import UniformGrid
from meanfield.compile.group import Array, Checks
from meanfield.compile.pair_choice import NOTHING, WIDE, Way, choice
from meanfield.compile.series import PairTerm, Recipe
from meanfield.compile.wide_pairs import wide_pair_terms

Law = tuple[Array, Array, list[Array], Sequence[Array]]  # mean, standard deviation, correlations, parameters


class PairLaw:
    """Pair averages and divided differences over one law ``(mean, var)``.

    inputs: mean, var, covariances, parameters of the bodies. One output per term.
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
        self.needed = replace(self.facts, pole_order=max(1.0, self.facts.pole_order - 2.0))
        self.symmetric = all(c.moments.parities is not None for c in every)
        self.inputs = [mean, var, *covs, *functions.moments.parameters]

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        if inputs[0].size == 1:
            mean, sigma, rho = self._one_law(inputs)
        else:
            mean, var = inputs[0], np.maximum(inputs[1], 0.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                rho = [np.where(var > 0, np.clip(c / var, -1.0, 1.0), 0.0) for c in inputs[2 : 2 + self.n_covs]]
            sigma = np.sqrt(var)
        parameters = inputs[2 + self.n_covs :]
        law = (mean, sigma, rho, parameters)
        keep = checks is not None
        values, noise = self._alone(law, level, keep) if sigma.size == 1 else self._batch(law, level, keep)
        if checks is not None:
            checks.rounding.extend(noise)
        return list(values)

    def _one_law(self, inputs: Sequence[Array]) -> tuple[Array, Array, list[Array]]:
        """Mean, standard deviation and correlations at a single point, each (1,)."""
        var = max(inputs[1].item(), 0.0)
        covs = [c.item() for c in inputs[2 : 2 + self.n_covs]]
        rho = [np.array([min(max(c / var, -1.0), 1.0) if var > 0 and c == c else (c - c)]) for c in covs]
        return inputs[0], np.array([var**0.5]), rho

    def _alone(self, law: Law, level: int, keep: bool) -> tuple[Array, Array]:
        """Values and rounding errors (T, 1) at a single point."""
        mean, sigma, rho, parameters = law
        ways = choice(self.needed, self.grids, level)
        kind = ways.one(float(sigma[0]), max((abs(float(r[0])) for r in rho), default=0.0))
        if kind >= 0:
            kind += self.symmetric and mean[0] == 0
            return self._block(*law, ways.ways[kind], level, keep)
        if kind == WIDE and np.isfinite(mean[0]):
            return wide_pair_terms(self, mean, sigma, rho, parameters, level)
        return np.full((len(self.terms), 1), np.nan), np.full((len(self.terms), 1), np.nan)

    def _batch(self, law: Law, level: int, keep: bool) -> tuple[Array, Array]:
        mean, sigma, rho, parameters = law
        ways = choice(self.needed, self.grids, level)
        largest = np.abs(rho[0]) if len(rho) == 1 else np.max(np.abs(rho), axis=0) if rho else np.zeros_like(sigma)
        kind = ways.kind(sigma, largest)
        if self.symmetric:
            kind[(mean == 0) & (kind >= 0)] += 1
        kind[~np.isfinite(mean)] = NOTHING
        values, noise = np.full((2, len(self.terms), sigma.size), np.nan)
        for at, way in ways.blocks(kind):
            part = (mean[at], sigma[at], [r[at] for r in rho], [p[at] for p in parameters])
            values[:, at], noise[:, at] = self._block(*part, way, level, keep)
        for k in np.flatnonzero(kind == WIDE):
            at = slice(k, k + 1)
            values[:, at], noise[:, at] = wide_pair_terms(
                self, mean[at], sigma[at], [r[at] for r in rho], [p[at] for p in parameters], level
            )
        return values, noise

    def _block(
        self,
        mean: Array,
        sigma: Array,
        rho: list[Array],
        parameters: Sequence[Array],
        way: Way,
        level: int,
        keep: bool,
    ) -> tuple[Array, Array]:
        z, weights, table = projection(way.step, way.cutoff, way.count, way.half)
        grid = UniformGrid(mean, sigma, z)
        return self.recipes[way.quotient].apply(grid, sigma, rho, weights, table, parameters, keep, way.half)


__all__ = ["PairLaw", "PairTerm"]
