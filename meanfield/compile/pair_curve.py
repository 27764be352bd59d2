"""Pair averages as functions of the covariance: many covariances for every point, from one table of the transfer function.

As in `pair_law` the Hermite series is used where it is short enough; laws that are too wide for it have a table of the
product, which all their correlations share (`meanfield.quadrature.pair_tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import Coefficients, projection
from meanfield.compile.generators import analyticity
from meanfield.compile.grid import UniformGrid
from meanfield.compile.group import Array, Dot
from meanfield.compile.pair_choice import NOTHING, WIDE, Way, choice
from meanfield.compile.wide_pairs import function_values
from meanfield.quadrature.hermite import powers
from meanfield.quadrature.pair_tables import PairTable, pair_table, table_averages

_LONGEST_SERIES = 640  # coefficients; from there on correlations above _NEAR are read from a table
_NEAR = 0.9
_TABLE_TOLERANCE = 1e-15
_WIDEST = 256.0  # standard deviation; beyond, an iterate has wandered off


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
        length = np.array([*(w.count for w in ways.ways), np.inf, np.inf])  # the last for kinds that are no series
        sigma, largest, smallest = np.sqrt(var[at]), rho[at].max(axis=1), rho[at].min(axis=1)
        kind = ways.kind(sigma, np.maximum(largest, -smallest))
        series = ways.kind(sigma, np.minimum(largest, _NEAR))
        split = ((kind == WIDE) | (length[kind] > _LONGEST_SERIES)) & (series >= 0) & (smallest >= -_NEAR)
        kind = np.where(split, np.where(smallest > _NEAR, NOTHING, series), kind)
        if self.symmetric:
            kind[(mean[at] == 0) & (kind >= 0)] += 1
        limit = np.where(split, _NEAR, 1.0)
        for part, way in ways.blocks(kind):
            rows = at[part]
            kept = np.minimum(rho[rows], limit[part][:, None])
            out[:, rows] = self._series(mean[rows], np.sqrt(var[rows]), kept, [p[rows] for p in parameters], way, level)
        for k in np.flatnonzero(split | (kind == WIDE)):
            row = at[k]
            near = np.flatnonzero(rho[row] > _NEAR) if split[k] else np.arange(rho.shape[1])
            if near.size:
                here = tuple(float(p[row]) for p in parameters)
                out[:, row, near] = self._tables(float(mean[row]), float(var[row]), 1 - rho[row, near], here, bool(split[k]))
        return out

    def _series(self, mean: Array, sigma: Array, rho: Array, parameters: list[Array], way: Way, level: int) -> Array:
        z, weights, table = projection(way.step, way.cutoff, way.count, way.half)
        a, _ = self.coefficients.evaluate(UniformGrid(mean, sigma, z), sigma, Dot(weights), table, parameters, way.half)
        places = self.coefficients.position
        c = np.stack([a[places[f]] * a[places[h]] for f, h in self.products])
        if (rho == rho[0]).all():
            return np.asarray(c.transpose(0, 2, 1) @ powers(rho[0], way.count).T)
        return np.stack([c[:, :, i] @ powers(row, way.count).T for i, row in enumerate(rho)], axis=1)

    def _tables(self, mean: float, var: float, apart: Array, parameters: tuple[float, ...], near: bool) -> Array:
        width, narrowest = var**0.5, (var * max(float(apart.min()), 1e-7) / 2) ** 0.5
        rungs = 2.0 ** np.ceil(np.log2(width)), 2.0 ** np.floor(np.log2(narrowest))
        strip = self.facts.strip
        if strip == inf:  # of an entire function, the distance over which it grows by e^4 may stand for it
            strip = 2.0 / max(self.facts.growth**0.5, self.facts.rate, 0.5)
        facts = (float(strip), float(self.facts.pole_order))
        widest = float(rungs[0] * ((1 - _NEAR) / 2) ** 0.5) if near else None
        return np.stack(
            [
                table_averages(
                    _cached(f, h, self.variable, parameters, *map(float, rungs), widest, *facts, mean == 0), mean, var, apart
                )
                for f, h in self.products
            ]
        )


@lru_cache(maxsize=24)
def _cached(
    f: sp.Expr,
    h: sp.Expr,
    variable: sp.Symbol,
    parameters: tuple[float, ...],
    width: float,
    narrowest: float,
    widest: float | None,
    strip: float,
    pole_order: float,
    centred: bool,
) -> PairTable:
    values = function_values((f, h), variable, parameters)
    return pair_table(
        lambda x: values(x)[0],
        lambda x: values(x)[1],
        width,
        narrowest,
        strip=strip,
        pole_order=pole_order,
        tol=_TABLE_TOLERANCE,
        centred=centred,
        widest=widest,
    )


__all__ = ["PairCurve"]
