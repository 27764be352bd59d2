"""Averages over a sample: ``(1/N) sum_i f(x_i)`` for the action of a given state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp

from meanfield.compile.grid import Grid
from meanfield.compile.group import EPS, Array, Dot
from meanfield.compile.moments import Moments
from meanfield.errors import ParameterError


class SampleLaw:
    """Sample averages of bodies over the data called ``name``: shape (N,) shared by all points, or (P, N)."""

    def __init__(self, name: str, bodies: Sequence[sp.Expr], variable: sp.Symbol, prefix: str) -> None:
        self.name = name
        self.moments = Moments(bodies, variable, prefix)
        self.inputs: list[sp.Expr] = list(self.moments.parameters)
        self.outputs = list(self.moments.moment_symbols)
        self.values = self.moments.values
        self.data: Array | None = None

    def evaluate(self, inputs: Sequence[Array], level: int, rounding: list[Array] | None = None) -> list[Array]:
        if self.data is None:
            raise ParameterError(f"this model averages over data {self.name!r}: hand it in as an array of shape (N,) or (points, N)")
        size = inputs[0].size if inputs else 1
        count = self.data.shape[-1]
        grid = Grid(np.zeros(size), np.ones(size), np.broadcast_to(self.data, (size, count)))
        dot = Dot(np.full(count, 1.0 / count), keep=rounding is not None)
        out = self.moments.run(grid, dot, *[p[:, None] for p in inputs])[0]
        if rounding is not None:
            rounding.extend(np.asarray(a) * (4 * EPS) for a in dot.absolute or [])
        return [np.broadcast_to(o, (size,)) for o in out]
