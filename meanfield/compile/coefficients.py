"""Hermite coefficients of the functions that a group of pair averages needs, from as few tables as possible."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor, log2

import numpy as np
import sympy as sp

from meanfield.compile.grid import Grid
from meanfield.compile.group import Array, Dot
from meanfield.compile.kept import Kept
from meanfield.compile.moments import Moments
from meanfield.quadrature.hermite import hermite_table
from meanfield.transfer import Applied

_STEPS_PER_OCTAVE = 6
_LARGE, _ROOM = 1 << 20, 1 << 28  # entries of a table that is large, and bytes for all of them


class Coefficients:
    """``a_k[f] = int Dz f(mean + sigma z) he_k(z)/sqrt(k!)`` for several f at once, and plain averages on the same nodes.

    All derivatives of one transfer function come from the table of the highest: integrating up, ``a_k[F] = sigma
    a_{k-1}[F']/sqrt(k)``, is stable where differentiating would divide by sigma. The zeroth coefficient is a plain average.
    ``position[f]`` is the place of f in what ``evaluate`` returns.
    """

    def __init__(self, functions: Sequence[sp.Expr], variable: sp.Symbol, prefix: str, averages: Sequence[sp.Expr] = ()) -> None:
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
        self.above = [self.position[Applied(t, k + 1, variable)] for t, k in chain]
        self.zeroth = lifted
        self.averages = list(averages)
        self.moments = Moments([*lifted, *averages], variable, prefix, self.tables)

    def _is_plain(self, f: sp.Expr) -> bool:
        return isinstance(f, Applied) and f.args[2] == self.variable

    def evaluate(
        self, grid: Grid, sigma: Array, dot: Dot, table: Array, parameters: Sequence[Array], half: bool = False
    ) -> tuple[list[Array], list[Array]]:
        """Coefficients (K, B) of every function at a grid (n, B), and the averages (B,); ``dot`` averages over the nodes,
        ``table`` (K, n) projects. half: the grid holds one half of a symmetric law, so that odd averages vanish."""
        moments, arrays = self.moments.run(grid, dot, *parameters)
        arrays = [a if np.shape(a) == grid.shape else np.broadcast_to(a, grid.shape) for a in arrays]
        if half:
            assert self.moments.parities is not None
            odd, odd_tables = self.moments.parities
            for k in odd:
                moments[k] = np.zeros(grid.shape[1])
            found = [of_parity(table, a, is_odd) for a, is_odd in zip(arrays, odd_tables, strict=True)]
        else:
            found = self.projected(arrays, grid, table)
        means = self.means(moments, grid)
        scale = sigma * _inverse_roots(table.shape[0])
        for mean, above in zip(means, self.above, strict=False):
            up = np.empty_like(found[0])
            up[0] = mean
            np.multiply(found[above][:-1], scale, out=up[1:])
            found.append(up)
        return found, means[len(self.above) :]

    def projected(self, arrays: Sequence[Array], grid: Grid, table: Array) -> list[Array]:
        """Coefficients (K, B) of the tables, whose values at the nodes are ``arrays``."""
        return [table @ a for a in arrays]

    def means(self, moments: Sequence[Array], grid: Grid) -> list[Array]:
        """The averages (B,) from the moments."""
        return self.moments.combine(moments, grid.shape[1])

    def moments_of(self, averages: Sequence[int]) -> frozenset[int]:
        """Places of the moments that these averages (places) are made of."""
        return self.moments.used_by([len(self.above) + k for k in averages])

    def noise(self, dot: Dot, size: int) -> list[Array]:
        """Bounds (B,) on the errors of the averages, from what ``dot`` has kept."""
        return self.moments.combine(dot.bounds, size, absolute=True)[len(self.above) :]


def of_parity(table: Array, values: Array, odd: bool) -> Array:
    """``table @ values`` for the values (n, ...) of an even or odd function, whose other coefficients are 0."""
    found = np.zeros((len(table), *values.shape[1:]))
    rows = slice(int(odd), None, 2)
    found[rows] = table[rows] @ values
    return found


@lru_cache(maxsize=64)
def _inverse_roots(count: int) -> Array:
    return 1 / np.sqrt(np.arange(1.0, count))[:, None]


def coarse_step(step: float) -> float:
    """``step`` rounded down to six values per octave, so that few tables serve all points."""
    return 2.0 ** (floor(log2(step) * _STEPS_PER_OCTAVE) / _STEPS_PER_OCTAVE)


Projection = tuple[Array, Array, Array]


def projection(step: float, cutoff: float, count: int, half: bool = False) -> Projection:
    """Nodes (n,), weights (n,) of the normal law and the projection (count, n). half: the nodes z >= 0 with doubled weights.

    Shared through a cache; of large ones it keeps few, and no more than was asked for.
    """
    if cutoff * count <= _LARGE * step:
        return _small(step, cutoff, count, half)
    return _large.get(
        (step, cutoff, count, half), lambda: _halved(*_made(step, cutoff, count)) if half else _made(step, cutoff, count)
    )


_large: Kept[Projection] = Kept(_ROOM, lambda arrays: sum(a.nbytes for a in arrays))


def _made(step: float, cutoff: float, count: int) -> Projection:
    z, table = hermite_table(step, cutoff, count)
    weights = np.exp(-z * z / 2)
    return z, weights / weights.sum(), np.ascontiguousarray(table.T)


@lru_cache(maxsize=1024)
def _small(step: float, cutoff: float, count: int, half: bool) -> Projection:
    """The first rows of a table whose length is a power of two."""
    z, weights, table = _rounded(step, cutoff, 1 << int(np.ceil(np.log2(max(count, 32)))), half)
    return z, weights, table[:count]


@lru_cache(maxsize=512)
def _rounded(step: float, cutoff: float, count: int, half: bool) -> Projection:
    return _halved(*_rounded(step, cutoff, count, False)) if half else _made(step, cutoff, count)


def _halved(z: Array, weights: Array, table: Array) -> Projection:
    middle = z.size // 2
    weights, table = 2 * weights[middle:], 2 * table[:, middle:]
    weights[0] /= 2
    table[:, 0] /= 2
    return z[middle:], weights, table
