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

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import projection
from meanfield.compile.generators import Analyticity, analyticity
from meanfield.compile.grid import UniformGrid
from meanfield.compile.group import Array, Checks
from meanfield.compile.pair_choice import NOTHING, WIDE, Choice, choice
from meanfield.compile.series import PairTerm, Recipe
from meanfield.compile.single import Single
from meanfield.compile.wide_pairs import wide_pair_terms

_FEW = 2  # points of a block that are sooner done one by one
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
        self._choices: dict[int, Choice] = {}

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        mean, var = inputs[0], np.maximum(inputs[1], 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = [np.where(var > 0, np.clip(c / var, -1.0, 1.0), 0.0) for c in inputs[2 : 2 + self.n_covs]]
        law = (mean, np.sqrt(var), rho, inputs[2 + self.n_covs :])
        values, noise = self._batch(law, level, checks is not None)
        if checks is not None:
            checks.rounding.extend(noise)
        return list(values)

    def evaluate_one(self, inputs: Sequence[float], level: int) -> list[float]:
        """The same at a single point, in numbers."""
        var = max(inputs[1], 0.0)
        rho = [min(max(c / var, -1.0), 1.0) if var > 0 and c == c else c - c for c in inputs[2 : 2 + self.n_covs]]
        return self._alone(inputs[0], var**0.5, rho, inputs[2 + self.n_covs :], level)

    def _alone(self, mean: float, sigma: float, rho: Sequence[float], parameters: Sequence[float], level: int) -> list[float]:
        ways = self._ways(level)
        kind = ways.one(sigma, max(map(abs, rho), default=0.0)) if isfinite(mean) else NOTHING
        if kind >= 0:
            way = ways.ways[kind + (self.symmetric and mean == 0)]
            return self._singles[way.quotient].values(mean, sigma, rho, parameters, way)
        if kind == WIDE:
            law = np.array([mean]), np.array([sigma]), [np.array([r]) for r in rho], [np.array([p]) for p in parameters]
            return wide_pair_terms(self, *law, level, False)[0][:, 0].tolist()
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
        mean, sigma, rho, parameters = law
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
                    one = mean.item(k), sigma.item(k), [r.item(k) for r in rho], [p.item(k) for p in parameters]
                    values[:, k], noise[:, k] = self._alone(*one, level), 0.0
                continue
            z, weights, table = projection(way.step, way.cutoff, way.count, way.half)
            grid, here = UniformGrid(mean[at], sigma[at], z), [r[at] for r in rho]
            own = [p[at] for p in parameters]
            parts[way.quotient].append((at, *self.recipes[way.quotient].rows(grid, here, weights, table, own, keep, way.half)))
        for quotient, some in parts.items():
            if some:  # what is left to do for each point is done for all at once
                at, rows, bounds = (np.concatenate(part, axis=-1) for part in zip(*some, strict=True))
                values[:, at], noise[:, at] = self.recipes[quotient].assembled(rows, bounds, sigma[at], [r[at] for r in rho])
        for at in np.flatnonzero(kind == WIDE)[:, None]:
            values[:, at], noise[:, at] = wide_pair_terms(
                self, mean[at], sigma[at], [r[at] for r in rho], [p[at] for p in parameters], level, keep
            )
        return values, noise


__all__ = ["PairLaw", "PairTerm"]
