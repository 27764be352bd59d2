"""Pair averages as functions of the covariance: many covariances for every point, from one table of the transfer function.

As in `pair_law` the Hermite series is used where it is short enough; laws that are too wide for it have a table of the
product, which all their correlations share (`meanfield.quadrature.pair_tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import Coefficients, projection
from meanfield.compile.generators import analyticity
from meanfield.compile.grid import UniformGrid
from meanfield.compile.group import Array, Dot
from meanfield.compile.pair_choice import NOTHING, WIDE, Way, choice
from meanfield.compile.wide_tables import Request, wide_table
from meanfield.quadrature.hermite import powers
from meanfield.quadrature.pair_tables import table_averages

_LONGEST_SERIES = 640  # coefficients; from there on correlations above _NEAR are read from a table
_NEAR = 0.9
_SAME = 4 * float(np.finfo(float).eps)  # correlations this near to one another differ by their rounding only
_WIDEST = 2048.0  # standard deviation; beyond, an iterate has wandered off


class PairCurve:
    """``<f(u) h(v)>`` for products ``(f, h)`` of functions of ``variable``, over pairs of one mean and variance.

    parameters: the other symbols in f and h.
    """

    def __init__(self, products: Sequence[tuple[sp.Expr, sp.Expr]], variable: sp.Symbol, prefix: str) -> None:
        self.products, self.variable = list(products), variable
        self.coefficients = Coefficients([h for pair in products for h in pair], variable, prefix + "z")
        self.parameters = self.coefficients.moments.parameters
        self.facts = analyticity([*self.coefficients.tables, *self.coefficients.zeroth], variable)
        self.needed = replace(self.facts, pole_order=max(1.0, self.facts.pole_order - 2.0))
        self.symmetric = self.coefficients.moments.parities is not None

    def evaluate(self, mean: Array, var: Array, cov: Array, parameters: Sequence[Array], level: int) -> Array:
        """Values (T, P, m) of the products at covariances (P, m) of laws mean, var (P,); parameters (P,) each. NaN where a
        covariance is impossible or a law beyond reach."""
        out = np.full((len(self.products), *cov.shape), np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = cov / var[:, None]
            good = (var > 0) & (np.abs(rho) <= 1).all(axis=1) & np.isfinite(mean) & (var < _WIDEST**2)
        at = np.flatnonzero(good)
        if at.size == 0:
            return out
        sigma = np.sqrt(var[at])
        ways = choice(self.needed, (self.facts,), level)
        sigma, largest, smallest = np.sqrt(var[at]), rho[at].max(axis=1), rho[at].min(axis=1)
        kind = ways.kind(sigma, np.maximum(largest, -smallest))
        series = ways.kind(sigma, np.minimum(largest, _NEAR))
        split = ((kind == WIDE) | (ways.lengths[kind] > _LONGEST_SERIES)) & (series >= 0) & (smallest >= -_NEAR)
        kind = np.where(split, np.where(smallest > _NEAR, NOTHING, series), kind)
        if self.symmetric:
            kind[(mean[at] == 0) & (kind >= 0)] += 1
        limit = np.where(split, _NEAR, 1.0)
        for part, way in ways.blocks(kind):
            rows = at[part]
            kept = np.minimum(rho[rows], limit[part][:, None])
            out[:, rows] = self._series(mean[rows], np.sqrt(var[rows]), kept, [p[rows] for p in parameters], way, level)
        wide = split | (kind == WIDE)
        if wide.any():
            chosen = (rho[at] > np.where(split, _NEAR, -np.inf)[:, None]) & wide[:, None]
            self._from_tables(out, at, chosen, split, mean, var, rho, parameters)
        return out

    def _from_tables(
        self,
        out: Array,
        at: Array,
        chosen: Array,
        split: Array,
        mean: Array,
        var: Array,
        rho: Array,
        parameters: Sequence[Array],
    ) -> None:
        """Fill in what tables give: places ``chosen`` of the rows ``at``. Rows that share tables go through them together."""
        apart = 1 - rho[at]
        nearest = np.where(chosen, apart, np.inf).min(axis=1)
        width = 2.0 ** np.ceil(np.log2(np.sqrt(var[at])))
        narrowest = 2.0 ** np.floor(np.log2(np.sqrt(var[at] * np.clip(nearest, 1e-7, 2.0) / 2)))
        offset = width / 2 * np.ceil(np.abs(mean[at]) / (width / 2))
        groups: dict[tuple[float, ...], list[int]] = {}
        for k in np.flatnonzero(chosen.any(axis=1)).tolist():
            values = (float(p[at[k]]) for p in parameters)
            groups.setdefault((width[k], narrowest[k], split[k], offset[k], *values), []).append(k)
        for (widest, least, near, mean_size, *here), members in groups.items():
            row, column = np.nonzero(chosen[members])
            rows = at[members][row]
            Y_widest = float(widest) * ((1 - _NEAR) / 2) ** 0.5 if near else inf
            wanted = float(widest), float(least), float(mean_size), Y_widest
            table = wide_table(Request(tuple(self.products), self.variable, self.facts, tuple(here), *wanted))
            assert table is not None
            out[:, rows, column] = table_averages(table, mean[rows], var[rows], apart[members][row, column])

    def _series(self, mean: Array, sigma: Array, rho: Array, parameters: list[Array], way: Way, level: int) -> Array:
        z, weights, table = projection(way.step, way.cutoff, way.count, way.half)
        a, _ = self.coefficients.evaluate(UniformGrid(mean, sigma, z), sigma, Dot(weights), table, parameters, way.half)
        places = self.coefficients.position
        c = np.stack([a[places[f]] * a[places[h]] for f, h in self.products])
        if np.abs(rho - rho[0]).max() <= _SAME:
            return np.asarray(c.transpose(0, 2, 1) @ powers(rho[0], way.count).T)
        return np.stack([c[:, :, i] @ powers(row, way.count).T for i, row in enumerate(rho)], axis=1)


__all__ = ["PairCurve"]
