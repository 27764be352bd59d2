"""Symmetries that the equations have at single points, found by evaluating them: changes of sign and exchanges of unknowns.

Declared symmetries hold for all parameters; ``h = 0`` adds a change of sign, equal populations add exchanges. They only say where
to look for further roots, so a symmetry that is missed, or seen where there is none, makes no wrong root.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from meanfield.solve.problem import Array, Problem

_MOST = 6  # unknowns; signs and exchanges of more are too many to try
_ALIKE = 1e-7  # relative difference of residuals that rough quadrature may make
_GENERIC = (0.7548776662, 0.3247179572)  # multiples of these, modulo 1, are places without any symmetry of their own


@dataclass(frozen=True)
class Image:
    """The map x -> signs x[order], and at which points (P,) it takes roots to roots."""

    order: NDArray[np.intp]
    signs: Array
    holds: NDArray[np.bool_]

    def __call__(self, x: Array) -> Array:
        """Images (Q, n) of x (Q, n)."""
        return x[:, self.order] * self.signs


@lru_cache(maxsize=64)
def _candidates(free: tuple[bool, ...]) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Orders and signs: changes of sign of any of the ``free`` unknowns, exchanges of two with any signs, of two pairs at once."""
    n, found = len(free), []
    same, places = tuple(range(n)), [i for i in range(n) if free[i]]
    for size in range(1, len(places) + 1):
        found += [(same, tuple(-1 if i in some else 1 for i in same)) for some in combinations(places, size)]
    pairs = [pair for pair in combinations(range(n), 2) if free[pair[0]] == free[pair[1]]]
    for i, j in pairs:
        for a, b in product((1, -1), repeat=2) if free[i] else [(1, 1)]:
            found.append((_exchanged(same, (i, j)), tuple({i: a, j: b}.get(k, 1) for k in same)))
    for first, second in combinations(pairs, 2):
        if not set(first) & set(second):
            found.append((_exchanged(_exchanged(same, first), second), (1,) * n))
    return tuple(found)


def _exchanged(order: tuple[int, ...], pair: tuple[int, int]) -> tuple[int, ...]:
    swap = {pair[0]: pair[1], pair[1]: pair[0]}
    return tuple(order[swap.get(k, k)] for k in range(len(order)))


def images_of(problem: Problem, p: Array) -> list[Image]:
    """What maps roots to roots at some of the points p (P, m): there the residuals at two generic places and at their images have
    the same sizes, in whatever order."""
    n = len(problem.names)
    if not 1 < n <= _MOST:
        return []
    tries = [(np.array(o, dtype=np.intp), np.array(s, dtype=float)) for o, s in _candidates(tuple(~np.isfinite(problem.lower)))]
    holds = np.ones((len(tries), len(p)), dtype=bool)
    for place in _GENERIC:
        x = 0.2 + np.arange(1.0, n + 1) * place % 1.0
        every = np.stack([x, *(x[order] * signs for order, signs in tries)])
        at = np.repeat(p, len(every), axis=0)
        with np.errstate(all="ignore"):
            r = np.abs(problem.residual(np.tile(every, (len(p), 1)), at)).reshape(len(p), len(every), n)
        r.sort(axis=2)
        with np.errstate(invalid="ignore"):
            distance = np.abs(r[:, 1:] - r[:, :1]).max(axis=2)
        holds &= (distance <= _ALIKE * (1.0 + r[:, :1].max(axis=2))).T
    return [Image(order, signs, held) for (order, signs), held in zip(tries, holds, strict=True) if held.any()]
