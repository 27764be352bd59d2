"""Averages over a sample: ``(1/N) sum_i f(x_i)`` for the action of a given state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp

from meanfield.compile.grid import Grid
from meanfield.compile.group import EPS, Array, Checks
from meanfield.compile.moments import Moments
from meanfield.errors import ParameterError

_BLOCK = 1 << 20  # values per pass


class Sample:
    """Several states, ``values`` (S, N), of which the points of an evaluation pick theirs: point k belongs to the state
    ``rows[k // repeat]``."""

    def __init__(self, values: Array) -> None:
        self.values = values
        self.rows: Array = np.arange(len(values))
        self.repeat = 1


class Mean:
    """Means over the first axis, by pairwise summation; keeps the means of absolute values too if asked, for rounding bounds."""

    def __init__(self, shape: tuple[int, int], keep: bool) -> None:
        self.shape = shape
        self.absolute: list[Array] | None = [] if keep else None

    def __call__(self, values: Array) -> Array:
        values = np.asfortranarray(np.broadcast_to(values, self.shape))
        if self.absolute is not None:
            self.absolute.append(np.abs(values).mean(axis=0))
        return np.asarray(values.mean(axis=0))


class SampleLaw:
    """Sample averages of bodies over the data called ``name``: shape (N,) shared by all points, (P, N), or a `Sample`."""

    def __init__(self, name: str, bodies: Sequence[sp.Expr], variable: sp.Symbol, prefix: str) -> None:
        self.name = name
        self.moments = Moments(bodies, variable, prefix)
        self.inputs: list[sp.Expr] = list(self.moments.parameters)
        self.outputs = list(self.moments.moment_symbols)
        self.values = self.moments.values
        self.data: Array | Sample | None = None

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]:
        if self.data is None:
            raise ParameterError(f"this model averages over data {self.name!r}: give it as an array of shape (N,) or (points, N)")
        if isinstance(self.data, Sample):
            return self._of_states(self.data, inputs, None if checks is None else checks.rounding)
        rounding = None if checks is None else checks.rounding
        size = inputs[0].size if inputs else len(np.atleast_2d(self.data))
        return self._run(np.broadcast_to(self.data, (size, self.data.shape[-1])), inputs, rounding)

    def _of_states(self, sample: Sample, inputs: Sequence[Array], rounding: list[Array] | None) -> list[Array]:
        """Points that differ in a coordinate only, and not in what the averages depend on, share their averages."""
        repeat, rows = sample.repeat, sample.rows
        shared = all(np.array_equal(np.repeat(i[::repeat], repeat), i) for i in inputs) if repeat > 1 else False
        if not shared:
            return self._blocks(sample.values, np.repeat(rows, repeat), inputs, rounding)
        noise: list[Array] | None = None if rounding is None else []
        out = self._blocks(sample.values, rows, [i[::repeat] for i in inputs], noise)
        if rounding is not None:
            rounding.extend(np.repeat(n, repeat) for n in noise or [])
        return [np.repeat(o, repeat) for o in out]

    def _blocks(self, values: Array, rows: Array, inputs: Sequence[Array], rounding: list[Array] | None) -> list[Array]:
        step = max(1, _BLOCK // max(1, values.shape[1]))
        parts: list[list[Array]] = []
        noises: list[list[Array]] = []
        for first in range(0, max(1, len(rows)), step):
            piece = slice(first, first + step)
            noise: list[Array] | None = None if rounding is None else []
            parts.append(self._run(values[rows[piece]], [i[piece] for i in inputs], noise))
            noises.append(noise or [])
        if rounding is not None:
            rounding.extend(np.concatenate(n) for n in zip(*noises, strict=True))
        return [np.concatenate(p) for p in zip(*parts, strict=True)]

    def _run(self, data: Array, inputs: Sequence[Array], rounding: list[Array] | None) -> list[Array]:
        size, count = data.shape
        mean = Mean((count, size), keep=rounding is not None)
        grid = Grid(np.zeros(size), np.ones(size), data.T)
        out = self.moments.run(grid, mean, *inputs)[0]
        if rounding is not None:
            # The functions' own rounding, and that of a sum in pairs.
            rounding.extend(np.asarray(a) * ((4 + np.log2(count)) * EPS) for a in mean.absolute or [])
        return list(out)
