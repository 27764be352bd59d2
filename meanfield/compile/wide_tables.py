"""Tables of products for pair averages over wide laws, of symbolic functions, shared through a cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import inf

import numpy as np
import sympy as sp

from meanfield.compile.generators import Analyticity
from meanfield.compile.grid import Grid
from meanfield.compile.group import Array
from meanfield.compile.kept import Kept
from meanfield.compile.moments import Moments
from meanfield.quadrature.pair_tables import PairTable, pair_table

_TOLERANCE = 1e-15
_MEMORY, _KEY = 1 << 28, 1 << 12  # bytes of the tables that are kept, and of what they are kept by


@dataclass(frozen=True)
class Request:
    """Which table: the products ``(f, h)``, analyticity of all f and h, and what `pair_table` asks for. mean: the largest size of
    means, 0 for laws that are symmetric about 0."""

    products: tuple[tuple[sp.Expr, sp.Expr], ...]
    variable: sp.Symbol
    facts: Analyticity
    parameters: tuple[float, ...]
    width: float
    narrowest: float
    mean: float
    widest: float = inf
    tol: float = _TOLERANCE
    refine: float = 1.0
    largest: float = inf

    def made(self) -> PairTable | None:
        functions = tuple(dict.fromkeys(f for product in self.products for f in product))
        pairs = [(functions.index(f), functions.index(h)) for f, h in self.products]
        # Of an entire function, the distance over which it grows by e^4 may stand for the strip, and of its sum with others.
        strip = min(float(self.facts.strip), 2.0 / max(self.facts.growth**0.5, self.facts.rate, 0.5))
        return pair_table(
            function_values(functions, self.variable, self.parameters),
            pairs,
            self.width,
            self.narrowest,
            strip=strip,
            pole_order=float(self.facts.pole_order),
            tol=self.tol,
            centred=self.mean == 0,
            mean=self.mean,
            degree=self.facts.degree,
            rate=self.facts.rate,
            widest=self.widest,
            refine=self.refine,
            largest=self.largest,
        )


_kept: Kept[PairTable | None] = Kept(_MEMORY, lambda table: _KEY + (0 if table is None else table.products.nbytes))


def wide_table(request: Request) -> PairTable | None:
    """The table; those asked for last are kept."""
    return _kept.get(request, request.made)


@lru_cache(maxsize=256)
def function_values(functions: tuple[sp.Expr, ...], variable: sp.Symbol, parameters: tuple[float, ...]) -> Callable[[Array], Array]:
    """All functions at once, stacked along the first axis."""
    moments = Moments([], variable, "h", list(functions))

    def values(x: Array) -> Array:
        rows = moments.run(Grid(np.zeros(1), np.ones(1), x.reshape(-1, 1)), None, *parameters)[1]
        every = np.empty((len(rows), *x.shape))
        for place, row in zip(every, rows, strict=True):
            place[...] = row.reshape(x.shape) if np.size(row) == x.size else row
        return every

    return values
