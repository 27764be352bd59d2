"""Hermite coefficients of the functions that a group of pair averages needs, from as few tables as possible."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor, log2

import numpy as np
import sympy as sp

from meanfield.compile.grid import Grid
from meanfield.compile.group import Array, Dot
from meanfield.compile.moments import Moments
from meanfield.quadrature.hermite import hermite_table
from meanfield.transfer import Applied

_STEPS_PER_OCTAVE = 3


class Coefficients:
    """``a_k[f] = int Dz f(mean + sigma z) he_k(z)/sqrt(k!)`` for several f at once.

    All derivatives of one transfer function come from the table of the highest: integrating up, ``a_k[F] = sigma
    a_{k-1}[F']/sqrt(k)``, is stable where differentiating would divide by sigma. The zeroth coefficient is a plain average.
    ``position[f]`` is the place of f in what ``evaluate`` returns.
    """

    def __init__(self, functions: Sequence[sp.Expr], variable: sp.Symbol, prefix: str) -> None:
        self.variable = variable
        orders: dict[sp.Basic, set[int]] = {}
        for f in functions:
            if self._is_plain(f):
                orders.setdefault(f.args[0], set()).add(int(f.args[1]))
        others = list(dict.fromkeys(f for f in functions if not self._is_plain(f)))
        self.tables = [Applied(t, max(k), variable) for t, k in orders.items()] + others
        chain = [(t, k) for t, ks in orders.items() for k in range(max(ks) - 1, min(ks) - 1, -1)]
        lifted = [Applied(t, k, variable) for t, k in chain]
        every = [*self.tables, *lifted]
        self.position = {f: i for i, f in enumerate(every)}
        self._above = [self.position[Applied(t, k + 1, variable)] for t, k in chain]
        self.zeroth = lifted
        self.moments = Moments(lifted, variable, prefix, self.tables)

    def _is_plain(self, f: sp.Expr) -> bool:
        return isinstance(f, Applied) and f.args[2] == self.variable

    def evaluate(self, grid: Grid, sigma: Array, weights: Array, table: Array, parameters: Sequence[Array]) -> list[Array]:
        """Coefficients (B, K) of every function at a grid (B, n); ``weights`` (n,) average, ``table`` (n, K) projects."""
        moments, arrays = self.moments.run(grid, Dot(weights), *parameters)
        found = [np.broadcast_to(a, grid.shape) @ table for a in arrays]
        for mean, above in zip(self.moments.combine(moments, grid.shape[0]), self._above, strict=True):
            source = found[above]
            up = np.empty_like(source)
            up[:, 0] = mean
            np.multiply(source[:, :-1], sigma[:, None] * _inverse_roots(source.shape[1]), out=up[:, 1:])
            found.append(up)
        return found


@lru_cache(maxsize=64)
def _inverse_roots(count: int) -> Array:
    return 1 / np.sqrt(np.arange(1.0, count))


def coarse_step(step: float) -> float:
    """``step`` rounded down to three values per octave, so that few tables serve all points."""
    return 2.0 ** (floor(log2(step) * _STEPS_PER_OCTAVE) / _STEPS_PER_OCTAVE)


@lru_cache(maxsize=96)
def _full_table(step: float, cutoff: float, count: int) -> tuple[Array, Array, Array]:
    z, table = hermite_table(step, cutoff, count)
    weights = np.exp(-z * z / 2)
    return z, weights / weights.sum(), table


def projection(step: float, cutoff: float, count: int) -> tuple[Array, Array, Array]:
    """Nodes (n,), weights (n,) of the normal law and the projection (n, count); shared through a cache."""
    largest = 1 << int(np.ceil(np.log2(max(count, 32))))
    z, weights, table = _full_table(step, cutoff, largest)
    return z, weights, table[:, :count]
