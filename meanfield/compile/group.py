"""What the plan asks of a group of averages: all averages over one law, evaluated in one go for a batch of points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import sympy as sp

Array = np.ndarray

EPS = float(np.finfo(float).eps)
BLOCK_ELEMENTS = 16384  # values per pass over nodes: a few arrays of this size stay in the second-level cache
ROUGH, WORKING, TIGHT, FINE = -1, 0, 1, 2
# Tolerances of the quadrature, before refinement shows what it really is; FINE halves the steps of TIGHT.
TOLERANCES = {ROUGH: 1e-7, WORKING: 1e-11, TIGHT: 1e-13, FINE: 1e-16}


class Group(Protocol):
    """``evaluate`` maps inputs (P,) to outputs (P,).

    inputs: scalar expressions in unknowns, parameters and outputs of earlier groups. outputs: symbols that stand for the
    results. level: ROUGH for the first iterations, WORKING for the last ones; TIGHT and FINE, two nested rules, for
    claims. If ``rounding`` is a list, the
    group appends, output by output, bounds (P,) on the rounding error of what it returns.
    """

    inputs: list[sp.Expr]
    outputs: list[sp.Symbol]

    def evaluate(self, inputs: Sequence[Array], level: int, rounding: list[Array] | None = None) -> list[Array]: ...


WIDTHS_PER_OCTAVE = 4


def by_width(sigma: Array) -> Iterator[tuple[Array | slice, float]]:
    """Groups of points whose law has about the same width, with the width (on a ladder) for which the rule is made."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rung = np.ceil(WIDTHS_PER_OCTAVE * np.log2(np.maximum(sigma, 1e-3)))
    rung = np.where(np.isfinite(rung), rung, 0.0).astype(np.int16)
    if rung.size == 0:
        return
    if rung.size == 1:
        yield slice(None), 2.0 ** (float(rung[0]) / WIDTHS_PER_OCTAVE)
        return
    order = np.argsort(rung, kind="stable")
    starts = np.flatnonzero(np.diff(rung[order], prepend=rung[order[0]] - 1))
    for a, b in zip(starts, [*starts[1:], rung.size], strict=True):
        yield order[a:b], 2.0 ** (float(rung[order[a]]) / WIDTHS_PER_OCTAVE)


def pieces(index: Array | slice, size: int) -> Iterator[Array | slice]:
    """``index`` in parts of at most ``size`` points (a slice stands for all points of a small batch and stays whole)."""
    if isinstance(index, slice):
        yield index
        return
    for start in range(0, index.size, size):
        yield index[start : start + size]


class Dot:
    """Weighted sums over the nodes; keeps the sums of absolute values too if asked, for rounding bounds."""

    def __init__(self, weights: Array, keep: bool = False) -> None:
        self.weights = weights
        self.absolute: list[Array] | None = [] if keep else None

    def __call__(self, values: Array) -> Array:
        if self.weights.ndim == 1:
            if self.absolute is not None:
                self.absolute.append(np.abs(values) @ self.weights)
            return values @ self.weights
        values = np.broadcast_to(values, self.weights.shape)
        if self.absolute is not None:
            self.absolute.append(np.einsum("ij,ij->i", np.abs(values), self.weights))
        return np.einsum("ij,ij->i", values, self.weights)
