"""Averages over a normal pair of equal mean and variance, and divided differences of them in the covariance.

One table of the transfer function per point gives Hermite coefficients ``a_k[f]``; every pair average is then the
polynomial ``sum_k a_k[f] a_k[g] rho^k`` (Mehler), and every confluent divided difference in the covariance follows without
quotient from complete homogeneous polynomials. Where correlations stay away from 1 the plain quotient is as accurate and
needs far fewer coefficients. Laws too wide for any series are left to the product rule. The choice is made point by point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import coarse_step, projection
from meanfield.compile.generators import Analyticity, analyticity
from meanfield.compile.grid import UniformGrid
from meanfield.compile.group import BLOCK_ELEMENTS, FINE, TIGHT, TOLERANCES, Array
from meanfield.compile.series import PairTerm, Recipe
from meanfield.quadrature.hermite import hermite_cutoff, hermite_step

LARGEST_COUNT = 1280
_COUNTS_PER_OCTAVE = 2
_WIDTHS_PER_OCTAVE = 2
LARGEST_VARIANCE = 4096.0  # iterates that wander off beyond are given up: nothing is computed for them
QUOTIENT_GAP = 0.05  # quotients lose a factor 1/gap^2 of accuracy
CHEAP_COUNT = 96  # below this many coefficients the series is used whatever the correlation


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
        self.facts: Analyticity = analyticity([*functions.tables, *functions.zeroth], variable)
        self.outputs = [sp.Symbol(f"{prefix}p{i}", real=True) for i in range(len(self.terms))]
        self.n_covs = len(covs)
        # Only Jacobians hold the highest derivatives, and they need not be right to the last digit.
        self.needed = replace(self.facts, pole_order=max(1.0, self.facts.pole_order - 2.0))
        self.inputs = [mean, var, *covs, *functions.moments.parameters]

    def evaluate(self, inputs: Sequence[Array], level: int, rounding: list[Array] | None = None) -> list[Array]:
        mean, var = inputs[0], np.maximum(inputs[1], 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = [np.where(var > 0, np.clip(c / var, -1.0, 1.0), 0.0) for c in inputs[2 : 2 + self.n_covs]]
        sigma, parameters = np.sqrt(var), inputs[2 + self.n_covs :]
        choice = Choice(self.needed, mean, sigma, rho, self.divided, level)
        values, noise = np.full((2, len(self.terms), sigma.size), np.nan)
        for index, widest, count, quotient in choice.blocks():
            at = slice(None) if index.size == sigma.size == 1 else index
            law = (mean[at], sigma[at], [r[at] for r in rho], [p[at, None] for p in parameters])
            values[:, at], noise[:, at] = self._block(*law, widest, count, quotient, level, rounding is not None)
        for index in choice.too_wide():
            from meanfield.compile.wide_pairs import wide_pair_terms

            law = (mean[index], sigma[index], [r[index] for r in rho], [p[index] for p in parameters])
            values[:, index], noise[:, index] = wide_pair_terms(self, *law, level)
        if rounding is not None:
            rounding.extend(noise)
        return list(values)

    def _block(
        self,
        mean: Array,
        sigma: Array,
        rho: list[Array],
        parameters: list[Array],
        widest: float,
        count: int,
        quotient: bool,
        level: int,
        keep: bool,
    ) -> tuple[Array, Array]:
        facts = self.facts
        tol = TOLERANCES[min(level, TIGHT)]
        step = hermite_step(facts.strip, widest, tol, count, pole_order=facts.pole_order, imaginary_growth=facts.growth)
        step = coarse_step(step) / (2 if level == FINE else 1)
        z, weights, table = projection(step, hermite_cutoff(TOLERANCES[level]), count)
        return self.recipes[quotient].apply(UniformGrid(mean, sigma, z), sigma, rho, weights, table, parameters, keep)


class Choice:
    """Which points form blocks with a common number of coefficients, and how divided differences are evaluated there."""

    def __init__(self, facts: Analyticity, mean: Array, sigma: Array, rho: list[Array], divided: bool, level: int) -> None:
        tol = TOLERANCES[level]
        largest = np.abs(rho[0]) if len(rho) == 1 else np.max(np.abs(rho), axis=0) if rho else np.zeros_like(sigma)
        series = coefficient_counts(facts, sigma, largest, tol)
        full = coefficient_counts(facts, sigma, np.ones_like(sigma), tol) if divided else series
        self.quotient = divided & (full > np.maximum(CHEAP_COUNT, 1.3 * series + 32)) & (largest < 1 - QUOTIENT_GAP)
        if self.quotient.any():  # what the quotient divides by must be made up for
            gap = np.maximum(1 - largest, QUOTIENT_GAP)
            series = np.where(self.quotient, coefficient_counts(facts, sigma, largest, tol * gap**2), series)
        count = np.where(self.quotient, series, full)
        self.sigma = sigma
        finite = np.isfinite(count) & (sigma**2 <= LARGEST_VARIANCE) & np.isfinite(mean) & np.isfinite(largest)
        self.usable = finite & (count <= LARGEST_COUNT)
        self.wide = finite & ~self.usable
        self.count = count

    def too_wide(self) -> list[Array]:
        """Points, a few at a time, for which the series would be too long."""
        chosen = np.flatnonzero(self.wide)
        return [chosen[i : i + 1] for i in range(chosen.size)]

    def blocks(self) -> Iterator[tuple[Array, float, int, bool]]:
        """Index arrays with the width for which the grid is made, the number of coefficients, and whether quotients are used.

        All three are on ladders and depend on the point alone, never on the others in the batch.
        """
        chosen = np.flatnonzero(self.usable)
        if chosen.size == 0:
            return
        rungs = np.ceil(_COUNTS_PER_OCTAVE * np.log2(np.maximum(self.count[chosen], 8.0)))
        widths = np.ceil(_WIDTHS_PER_OCTAVE * np.log2(np.maximum(self.sigma[chosen], 0.125)))
        keys = (rungs * 256 + widths + 64) * 2 + self.quotient[chosen]
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.diff(keys[order], prepend=np.nan) != 0)
        for a, b in zip(starts, [*starts[1:], chosen.size], strict=True):
            first = order[a]
            count = 8 * int(np.ceil(2.0 ** (rungs[first] / _COUNTS_PER_OCTAVE) / 8))
            widest = 2.0 ** (widths[first] / _WIDTHS_PER_OCTAVE)
            size = max(1, BLOCK_ELEMENTS // max(64, count))
            for i in range(a, b, size):
                yield chosen[order[i : min(i + size, b)]], widest, count, bool(self.quotient[chosen[first]])


def coefficient_counts(facts: Analyticity, sigma: Array, rho: Array, tol: float | Array) -> Array:
    """Number of coefficients for a truncation error of about ``tol``, point by point.

    Poles at distance d (in standard deviations) give ``a_k^2 ~ d^(2p) k^(p-3/2) exp(-2 d sqrt(k))``, an entire function that
    grows like ``exp(c y^2)`` gives ``(2 c var/(1 + 2 c var))^k``, others of exponential type decay factorially.
    """
    level = -np.log(tol)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Never -0, which a correlation of 1 would give: level / rate is +inf there.
        rate = np.abs(np.log(np.maximum(np.abs(rho), 1e-300)))
        if np.isfinite(facts.strip):
            return np.ceil(_pole_counts(facts, sigma, rate, level) + 6)
        if facts.growth:
            rate = rate + np.log1p(1 / np.maximum(2 * facts.growth * sigma**2, 1e-300))
            return np.ceil((level + np.log(np.maximum(1 / rate, 1.0))) / rate + 6)
        return np.ceil(np.minimum(level / rate, 3 * sigma**2 + 2 * level) + 6)


def _pole_counts(facts: Analyticity, sigma: Array, rate: Array, level: float | Array) -> Array:
    d = facts.strip / np.maximum(sigma, 1e-12)
    fixed = np.minimum(d * d / 2, 3.0) + np.log(4 * np.pi) + 2 * facts.pole_order * np.log(d)
    extra: Array | float = 0.0
    k = np.ones_like(sigma)
    for _ in range(3):
        total = level + extra
        root = 2 * total / (2 * d + np.sqrt(4 * d * d + 4 * rate * total))
        k = np.maximum(root * root, 1.0)
        extra = np.log(np.maximum(1 / (rate + d / np.sqrt(k)), 1.0)) + (facts.pole_order - 1.5) * np.log(k) + fixed
        extra = np.clip(extra, -0.8 * level, 2 * level)
    return k


__all__ = ["PairLaw", "PairTerm"]
