"""What the plan asks of a group of averages: all averages over one law, evaluated in one go for a batch of points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import sympy as sp

Array = np.ndarray

EPS = float(np.finfo(float).eps)
BLOCK_ELEMENTS = 32768  # values per pass over nodes: a few arrays of this size stay in the cache
SKETCH, ROUGH, WORKING, TIGHT, FINE = -2, -1, 0, 1, 2
# Tolerances of the quadrature, before refinement shows what it really is; FINE refines the steps of TIGHT.
TOLERANCES = {SKETCH: 1e-5, ROUGH: 1e-7, WORKING: 1e-11, TIGHT: 1e-13, FINE: 1e-16}


def _keep_memory() -> None:
    """Let the C library keep the memory of temporaries.

    Common ones map and unmap every array as large as a block, and the faults of its fresh pages cost more than what is computed
    in it; once a larger array has been freed, here one that was never touched, they reuse such memory.
    """
    np.empty(1 << 21)


_keep_memory()


def refinement(certain: bool) -> float:
    """By how much FINE steps are shorter than TIGHT ones. Where analyticity is known, convergence is exponential, and the
    distance of the two rules bounds the error of the finer one by far; else their steps differ by 2."""
    return 1.5 if certain else 2.0


@dataclass
class Checks:
    """What a group tells beside its outputs, in their order: bounds (P,) on their rounding errors, and, unless it leaves that
    to a second evaluation, their values by a coarser rule on some of the same nodes."""

    rounding: list[Array] = field(default_factory=list)
    coarse: list[Array] = field(default_factory=list)


class Group(Protocol):
    """``evaluate`` maps inputs (P,) to outputs (P,).

    inputs: scalar expressions in unknowns, parameters and outputs of earlier groups. outputs: symbols that stand for the
    results. level: SKETCH and ROUGH for the first iterations, WORKING for the last ones; TIGHT and FINE, two nested rules, for
    claims. checks: if given, the group fills it.
    """

    inputs: list[sp.Expr]
    outputs: list[sp.Symbol]

    def evaluate(self, inputs: Sequence[Array], level: int, checks: Checks | None = None) -> list[Array]: ...


WIDTHS_PER_OCTAVE = 2


def by_width(sigma: Array, floor: float = 1e-3) -> Iterator[tuple[Array | slice, float]]:
    """Groups of points whose law has about the same width, with the width (on a ladder) for which the rule is made.

    floor: below this width all laws are alike.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rung = np.ceil(WIDTHS_PER_OCTAVE * np.log2(np.maximum(sigma, floor)))
    rung = np.where(np.isfinite(rung), rung, 0.0).astype(np.int16)
    if rung.size == 0:
        return
    if rung.size == 1:
        yield slice(None), 2.0 ** (float(rung[0]) / WIDTHS_PER_OCTAVE)
        return
    order = np.argsort(rung, kind="stable")
    rung = rung[order]
    starts = [0, *(np.flatnonzero(rung[1:] != rung[:-1]) + 1).tolist()]
    for a, b in zip(starts, [*starts[1:], rung.size], strict=True):
        yield order[a:b], 2.0 ** (float(rung[a]) / WIDTHS_PER_OCTAVE)


def pieces(index: Array | slice, size: int) -> Iterator[Array | slice]:
    """``index`` in parts of at most ``size`` points (a slice stands for all points of a small batch and stays whole)."""
    if isinstance(index, slice):
        yield index
        return
    parts = -(-index.size // size)
    for k in range(parts):
        yield index[index.size * k // parts : index.size * (k + 1) // parts]


class Dot:
    """Weighted sums (B,) of values (n, B) over the nodes, with weights (n,) or (n, B); with ``errors`` set, bounds on what
    rounding and the cut-off leave of them too.

    wanted: the places, in the order of calls, of the sums whose bounds are looked at; None for all. coarse: which of the nodes
    make a coarser rule, and the `Dot` of that; its sums are kept in ``coarse_sums``.
    """

    def __init__(
        self,
        weights: Array,
        errors: NodeErrors | None = None,
        wanted: frozenset[int] | None = None,
        coarse: tuple[slice, Dot] | None = None,
    ) -> None:
        self.weights, self.errors, self.wanted, self.coarse = weights, errors, wanted, coarse
        self.bounds: list[Array] = []
        self.coarse_sums: list[Array] = []

    def __call__(self, values: Array) -> Array:
        if self.coarse is not None:
            some, rule = self.coarse
            self.coarse_sums.append(rule(values[some]))
        if self.errors is not None and self.wanted is not None and len(self.bounds) not in self.wanted:
            self.bounds.append(np.zeros(self.errors.shape[1]))
        elif self.errors is not None:
            self.bounds.append(self.errors.bound(np.broadcast_to(values, self.errors.shape), self.weights))
        return self.sum(values)

    def sum(self, values: Array) -> Array:
        """Nothing but the sums (B,)."""
        if self.weights.ndim == 1:
            return summed_rows(self.weights, values) if values.ndim == 2 else self.weights @ values
        alike = values.shape == self.weights.shape
        return summed_products(values if alike else np.broadcast_to(values, self.weights.shape), self.weights)


def summed_products(a: Array, b: Array) -> Array:
    """Sums (B,) of the products of (n, B) and (n, B). One chain of thousands would lose more than bounds on rounding say: some
    products at a time, and then those sums."""
    if len(a) <= 4 * _CHAIN:
        return np.einsum("ij,ij->j", a, b)
    whole = len(a) - len(a) % _CHAIN
    parts = [x[:whole].reshape(-1, _CHAIN, x.shape[1]) for x in (a, b)]
    return np.einsum("kij,kij->kj", *parts).sum(axis=0) + np.einsum("ij,ij->j", a[whole:], b[whole:])


def summed_rows(weights: Array, values: Array) -> Array:
    """``weights @ values``, (n,) and (n, B), in two stages as well."""
    if len(values) <= 4 * _CHAIN:
        return weights @ values
    whole = len(values) - len(values) % _CHAIN
    parts = weights[:whole].reshape(-1, 1, _CHAIN) @ values[:whole].reshape(-1, _CHAIN, values.shape[1])
    return np.asarray(parts.sum(axis=0)[0] + weights[whole:] @ values[whole:])


_NO_GAP = 1e-300  # edges of panels may fall together but for a denormal number
_STRIDE = 4
_CHAIN = 64  # values that are added one after the other


class NodeErrors:
    """What is uncertain about sums over the nodes ``x = mean + sigma z``: weights and values are rounded, x is rounded (which
    matters where the integrand is steep on the scale of x), and the integrand goes on beyond the last nodes.

    z: (n,) or (n, B). ends: factors of |f| at the first and the last node.
    """

    def __init__(self, mean: Array, sigma: Array, z: Array, ends: tuple[Array | float, Array | float]) -> None:
        self.shape = (z.shape[0], mean.size)
        self.ends = ends
        self.relative = EPS * (4 + z * z)
        # Of equally spaced nodes every fourth is enough for sizes and slopes: only their first digits matter.
        self.stride = _STRIDE if z.ndim == 1 else 1
        with np.errstate(divide="ignore", invalid="ignore"):
            self.offset = np.where(sigma > 0, 2 * EPS * np.abs(mean) / sigma, 0.0)
            gap = np.diff(z[:: self.stride], axis=0)
            self.inverse_gap = np.where(gap > _NO_GAP, self.stride / gap, 0.0)
        self.distance = 2 * EPS * np.abs(z[:: self.stride][1:])
        self._tables: tuple[Array, Array] | None = None

    def bound(self, values: Array, weights: Array, tilt: Array | None = None) -> Array:
        """(B,) for values (n, B) and weights (n,) or (n, B), times those of a tilt (n, B) if there is one."""
        some = values[:: self.stride]
        change = some[1:] - some[:-1]
        np.abs(change, out=change)
        size, first, last = np.abs(some), np.abs(values[0]), np.abs(values[-1])
        with np.errstate(invalid="ignore", over="ignore"):
            if tilt is not None:
                change *= tilt[:: self.stride][1:]
                size *= tilt[:: self.stride]
                first, last = first * tilt[0], last * tilt[-1]
            if weights.ndim == 1:
                rounded, slopes = self._shared(weights)
                steep = slopes @ change
                total = rounded @ size + self.offset * steep[0] + steep[1]
            else:
                slope = weights[:: self.stride][1:] * self.inverse_gap
                total = (size * weights * self.relative).sum(axis=0)
                total += (change * slope * (self.offset + self.distance)).sum(axis=0)
            return total + first * self.ends[0] + last * self.ends[1]

    def _shared(self, weights: Array) -> tuple[Array, Array]:
        if self._tables is None:
            slope = weights[:: self.stride][1:] * self.inverse_gap
            rounded = (self.stride * weights * self.relative)[:: self.stride]
            self._tables = rounded, np.stack([slope, slope * self.distance])
        return self._tables
