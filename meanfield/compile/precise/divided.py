"""Divided differences: a linear combination of values and derivatives, at a precision that pays for the cancellation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp

from meanfield.averages.scope import open_body
from meanfield.compile.precise.field import Field, Number


@dataclass(frozen=True)
class Term:
    """``weight`` times the ``order``-th derivative of the function at ``point`` (index into the distinct points)."""

    point: int
    order: int
    weight: Number


@dataclass(frozen=True)
class Combination:
    """A divided difference as ``sum weight f^(order)(point)``; ``neglected`` is the last term of a series that was cut."""

    points: list[Number]
    terms: list[Term]
    neglected: Term | None = None

    def lost_digits(self, field: Field) -> float:
        """Digits that cancel in the sum, if f and its derivatives are of order one."""
        return max((field.log10(t.weight) for t in self.terms), default=0.0)


def combination(field: Field, points: Sequence[Number], digits: float) -> Combination:
    """The divided difference at ``points`` for a result of ``digits`` digits.

    Exact while the gaps cost fewer digits than about the result has; below that, the Taylor series about the most frequent
    point (there a few terms suffice).
    """
    distinct = sorted(set(points))
    counts = [sum(p == d for p in points) for d in distinct]
    order = len(points) - 1
    gap = max((b - a for a, b in zip(distinct, distinct[1:])), default=field.constant(sp.S.Zero))
    if not gap:
        return Combination(distinct, [Term(0, order, field.number(1) / math.factorial(order))])
    smallest = min(b - a for a, b in zip(distinct, distinct[1:]))
    if -order * field.log10(smallest) < digits + 25:
        return Combination(distinct, _exact(field, distinct, counts))
    centre = distinct[counts.index(max(counts))]
    if distinct[-1] - distinct[0] > 1e-3:
        return Combination(distinct, _exact(field, distinct, counts))
    count = math.ceil((digits + 4) / -field.log10(distinct[-1] - distinct[0])) + 2
    series = _series(field, [p - centre for p in points], count)
    terms = [Term(0, order + k, h / math.factorial(order + k)) for k, h in enumerate(series)]
    return Combination([centre], terms[:-1], terms[-1])


def _exact(field: Field, distinct: list[Number], counts: list[int]) -> list[Term]:
    """Weights of f^(k)(c_i) by running the table of divided differences on unit vectors."""
    flat = [i for i, c in enumerate(counts) for _ in range(c)]
    one = field.number(1)
    table: list[dict[tuple[int, int], Number]] = [{(i, 0): one} for i in flat]
    for level in range(1, len(flat)):
        for k in range(len(flat) - level):
            first, last = flat[k], flat[k + level]
            if first == last:
                table[k] = {(first, level): one / math.factorial(level)}
                continue
            gap = distinct[last] - distinct[first]
            keys = {*table[k], *table[k + 1]}
            table[k] = {key: (table[k + 1].get(key, 0) - table[k].get(key, 0)) / gap for key in keys}
    return [Term(i, k, w) for (i, k), w in sorted(table[0].items(), key=lambda item: item[0])]


def _series(field: Field, deviations: Sequence[Number], count: int) -> list[Number]:
    """Complete homogeneous symmetric polynomials h_0 ... h_(count-1) of the deviations."""
    sums = [field.number(1)] + [field.number(0)] * (count - 1)
    for x in deviations:
        for k in range(1, count):
            sums[k] = sums[k] + x * sums[k - 1]
    return sums


@lru_cache(maxsize=1024)
def derivative(node_body: sp.Expr, order: int, at: sp.Symbol) -> sp.Expr:
    """The ``order``-th derivative of the function of a divided difference, at the symbol ``at``."""
    if order:
        return derivative(node_body, order - 1, at).diff(at)
    return open_body(node_body, [at])


_POINTS: list[sp.Symbol] = []


def point_symbol(index: int) -> sp.Symbol:
    """A symbol that stands for a numeric point; the same ones are used again and again so that derivatives stay cached."""
    while len(_POINTS) <= index:
        _POINTS.append(sp.Dummy(f"C_{len(_POINTS)}", real=True))
    return _POINTS[index]
