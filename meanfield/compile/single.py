"""The terms of a `Recipe` at a single point: rows over nodes and coefficients, and numbers instead of arrays of one element."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import nan
from typing import Any

import numpy as np

from meanfield.compile.coefficients import of_parity, projection
from meanfield.compile.grid import Line
from meanfield.compile.group import Array
from meanfield.compile.pair_choice import Way
from meanfield.compile.series import AVERAGE, QUOTIENT, SUM, Recipe


class Single:
    """``values`` of the terms of a recipe, without bounds on rounding."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe, self.coefficients = recipe, recipe.coefficients
        self.matrix, self.constants = self.coefficients.moments.combination
        self.first, self.second = (np.array([pair[side] for pair in recipe.products], dtype=np.intp) for side in (0, 1))

    def values(self, mean: float, sigma: float, rho: Sequence[float], parameters: Sequence[float], way: Way) -> list[float]:
        """At one law, with correlations ``rho``; way: how, see `pair_choice`."""
        rows, averages = self._coefficients(mean, sigma, parameters, way)
        found: dict[str, Any] = {AVERAGE: averages, SUM: [], QUOTIENT: []}
        if len(self.first):
            tables = self.recipe.sums.tables([np.array([r]) for r in rho], way.count)
            every = ((rows[self.first] * rows[self.second]) @ np.concatenate(tables, axis=1)).tolist()
            found[SUM] = [every[k][t] for k, t in self.recipe.sums.pairs]
            var = sigma * sigma
            gaps = [var * (1 - r) or nan for r in rho]
            found[QUOTIENT] = self.recipe.newton.values(found[SUM], averages, var, gaps)
        return [found[kind][at] for kind, at, _, _ in self.recipe.steps]

    def _coefficients(self, mean: float, sigma: float, parameters: Sequence[float], way: Way) -> tuple[Array, list[float]]:
        """Those of every function (functions, K), and the averages."""
        z, weights, table = projection(way.step, way.cutoff, way.count, way.half)
        moments, arrays = self.coefficients.moments.run(Line(mean, sigma, z), weights.dot, *parameters)
        above = self.coefficients.above
        rows = np.empty((len(arrays) + len(above), way.count))
        arrays = [a if np.shape(a) == z.shape else np.broadcast_to(a, z.shape) for a in arrays]
        if way.half:
            assert self.coefficients.moments.parities is not None
            odd, odd_tables = self.coefficients.moments.parities
            for k in odd:
                moments[k] = np.zeros(())
            for i, is_odd in enumerate(odd_tables):
                rows[i] = of_parity(table, arrays[i], is_odd)
        else:
            for row, values in zip(rows, arrays, strict=False):
                np.matmul(table, values, out=row)
        means = (self.matrix @ moments + self.constants).tolist() if moments else self.constants.tolist()
        scale = sigma * _inverse_roots(way.count)
        for k, (value, higher) in enumerate(zip(means, above, strict=False), len(arrays)):
            rows[k, 0] = value
            np.multiply(rows[higher, :-1], scale, out=rows[k, 1:])
        return rows, means[len(above) :]


@lru_cache(maxsize=64)
def _inverse_roots(count: int) -> Array:
    return 1 / np.sqrt(np.arange(1.0, count))
