"""Pair averages and confluent divided differences from Hermite coefficients: recipes made once, applied block by block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import Coefficients
from meanfield.compile.grid import Grid
from meanfield.compile.group import EPS, Array, Dot, NodeErrors, summed_products
from meanfield.quadrature.hermite import binomials, homogeneous, powers

AT_VARIANCE = -1  # the point at which the pair coincides
SUM, QUOTIENT, AVERAGE = "sum", "quotient", "average"  # what a term is


@dataclass(frozen=True)
class PairTerm:
    """``<f(u) g(v)>`` at covariance ``points[0]``, or its divided difference at several points; ``<f(u)>`` if there is none.

    f, g: expressions in the law's variable. points: sorted indices into the group's covariances; -1 is the variance.
    """

    f: sp.Expr
    g: sp.Expr
    points: tuple[int, ...]

    @property
    def order(self) -> int:
        return len(self.points) - 1

    @cached_property
    def at_variance(self) -> int:
        """How often the variance is among the points."""
        return self.points.count(AT_VARIANCE)

    @cached_property
    def others(self) -> tuple[int, ...]:
        return tuple(p for p in self.points if p != AT_VARIANCE)


class Recipe:
    """How the terms of a group are computed from coefficients: with ``quotient``, divided differences between one
    covariance and the variance by the confluent Newton table, else (and always otherwise) as polynomials in the correlation.
    """

    def __init__(
        self,
        terms: Sequence[PairTerm],
        variable: sp.Symbol,
        quotient: bool,
        prefix: str,
        kind: type[Coefficients] = Coefficients,
    ) -> None:
        self.terms = list(terms)
        by_quotient = [quotient and t.order > 0 and t.at_variance > 0 and len(set(t.others)) == 1 for t in terms]
        averages: dict[sp.Expr, int] = {}
        pairs, places = [], []
        for t, divided in zip(self.terms, by_quotient, strict=True):
            pairs.append((t.f, t.g) if divided or t.order <= 0 else (t.f.diff(variable, t.order), t.g.diff(variable, t.order)))
            wanted = [t.f] if not t.points else _diagonal(t, variable) if divided else []
            places.append([averages.setdefault(body, len(averages)) for body in wanted])
        functions = [h for t, pair in zip(self.terms, pairs, strict=True) if t.points for h in pair]
        self.coefficients = kind(functions, variable, prefix + "z", list(averages))
        plain = [place[0] for t, place in zip(self.terms, places, strict=True) if not t.points]
        self.plain_moments = self.coefficients.moments_of(plain)
        position = self.coefficients.position
        keys = [tuple(sorted((position[f], position[g]))) if t.points else () for t, (f, g) in zip(terms, pairs, strict=True)]
        self.products = list(dict.fromkeys(k for k in keys if k))
        self.sums, self.newton = Sums(), NewtonTables()
        self.steps: list[tuple[str, int, PairTerm, list[int]]] = []  # kind, place among those, term, places of averages
        for key, t, divided, place in zip(keys, self.terms, by_quotient, places, strict=True):
            k = self.products.index(key) if key else -1
            if divided:
                self.steps.append((QUOTIENT, self.newton.place(self.sums, k, t, place), t, place))
            elif key:
                self.steps.append((SUM, self.sums.place(k, t.points), t, place))
            else:
                self.steps.append((AVERAGE, place[0], t, place))

    def rows(
        self,
        grid: Grid,
        rho: Sequence[Array],
        weights: Array,
        table: Array,
        parameters: Sequence[Array],
        keep: bool,
        half: bool = False,
    ) -> tuple[Array, Array]:
        """What the terms are made of at a block of points, (R, B): sums, then averages; and bounds on their rounding errors (zero
        unless ``keep``). half: the law is symmetric about 0, and the grid holds its nodes z >= 0 only."""
        sigma = grid.sigma
        # The grid is wide enough for coefficients: nothing of a plain average lies beyond it.
        dot = Dot(weights, NodeErrors(grid.mean, sigma, grid.z, (0.0, 0.0)) if keep else None, self.plain_moments)
        a, averages = self.coefficients.evaluate(grid, sigma, dot, table, parameters, half)
        products = [a[i] * a[j] for i, j in self.products]
        tables = self.sums.tables(rho, table.shape[0])
        found = np.array([*self.sums.of(products, tables), *averages])
        noise = np.zeros_like(found)
        if keep:
            for at in {at for kind, at, _, _ in self.steps if kind == SUM}:
                noise[at] = self.sums.rounding(at, products, tables)
            for at, bound in enumerate(self.coefficients.noise(dot, sigma.size), len(self.sums.pairs)):
                noise[at] = bound
        return found, noise

    def assembled(self, rows: Array, noise: Array, sigma: Array, rho: Sequence[Array]) -> tuple[Array, Array]:
        """Values (T, P) of the terms and bounds (T, P) on their rounding errors, from rows (R, P) and their bounds."""
        count, var = len(self.sums.pairs), sigma * sigma
        gaps = [var * (1 - r) for r in rho]
        quotients = self.newton.values(list(rows[:count]), list(rows[count:]), var, gaps)
        values, bounds = np.empty((len(self.terms), sigma.size)), np.empty((len(self.terms), sigma.size))
        for i, (kind, at, t, place) in enumerate(self.steps):
            if kind == QUOTIENT:
                values[i] = quotients[at]
                bounds[i] = np.abs(rows[count + place[0]]) * (16 * EPS) / gaps[t.others[0]] ** t.order
            else:
                row = at if kind == SUM else count + at
                values[i], bounds[i] = rows[row], noise[row]
        return values, bounds


def _diagonal(t: PairTerm, variable: sp.Symbol) -> list[sp.Expr]:
    """``f^(j) g^(j)``, whose averages are the derivatives of the pair average at the variance."""
    return [t.f.diff(variable, j) * t.g.diff(variable, j) if j else t.f * t.g for j in range(t.at_variance)]


class Sums:
    """Sums over k of products of coefficients (K, B) times a table: powers of the correlation at one covariance, their j-th
    derivatives there, or homogeneous polynomials of several. Each table and each sum is listed once."""

    def __init__(self) -> None:
        self.keys: list[tuple[tuple[int, ...], int]] = []  # points and order of the derivative
        self.pairs: list[tuple[int, int]] = []  # of product and table

    def place(self, k: int, points: tuple[int, ...], derivative: int = 0) -> int:
        """The place of a sum in the list."""
        key = (points, derivative)
        if key not in self.keys:
            self.keys.append(key)
        pair = (k, self.keys.index(key))
        if pair not in self.pairs:
            self.pairs.append(pair)
        return self.pairs.index(pair)

    def tables(self, rho: Sequence[Array], count: int) -> list[Array]:
        """What products are summed against, (count, B), key by key."""
        known = _Tables(rho, count)
        return [known.of(points, derivative) for points, derivative in self.keys]

    def of(self, products: Sequence[Array], tables: Sequence[Array]) -> list[Array]:
        """The sums (B,)."""
        return [summed_products(products[k], tables[t]) for k, t in self.pairs]

    def rounding(self, at: int, products: Sequence[Array], tables: Sequence[Array]) -> Array:
        """Bound (B,) on the rounding error of the sum at a place."""
        k, t = self.pairs[at]
        return np.einsum("kb,kb->b", np.abs(products[k]), np.abs(tables[t])) * (8 * EPS)


class _Tables:
    """Tables (count, B) of polynomials of the correlations, each made once."""

    def __init__(self, rho: Sequence[Array], count: int) -> None:
        self.rho, self.count = rho, count
        self.size = rho[0].size if rho else 1
        self._known: dict[tuple[int, int, int], Array] = {}

    def of(self, points: tuple[int, ...], derivative: int) -> Array:
        """The j-th derivative of ``rho^k`` at one point; at several the homogeneous polynomials, over ``(k+1)...(k+n)``."""
        others = [p for p in points if p != AT_VARIANCE]
        if len(points) == 1:
            return self._derivative(others[0], derivative) if others else np.ones((self.count, self.size))
        return self._polynomials(points, others) * _rising(self.count, len(points) - 1)

    def _derivative(self, point: int, order: int) -> Array:
        table = self._homogeneous(point, 1, 0)
        if order == 0:
            return table
        out = np.empty_like(table)
        out[:order] = 0.0
        np.multiply(table[:-order], _falling(self.count, order), out=out[order:])
        return out

    def _polynomials(self, points: tuple[int, ...], others: Sequence[int]) -> Array:
        """Complete homogeneous polynomials of correlations, 1 at the variance."""
        if not others:
            return np.ascontiguousarray(np.broadcast_to(binomials(self.count, len(points) - 1)[:, None], (self.count, self.size)))
        if len(set(others)) == 1:
            return self._homogeneous(others[0], len(others), len(points) - len(others))
        if len(set(points)) == 2:
            return _between(points, self.rho, self.count)
        return _homogeneous(self.count, [np.ones(self.size) if p == AT_VARIANCE else self.rho[p] for p in points])

    def _homogeneous(self, point: int, p: int, q: int) -> Array:
        """``h_k(rho p times, 1 q times)``: sums over k of those with one 1 less."""
        if (point, p, q) not in self._known:
            if q:
                table = np.cumsum(self._homogeneous(point, p, q - 1), axis=0)
            elif p > 1:
                table = self._homogeneous(point, 1, 0) * binomials(self.count, p - 1)[:, None]
            else:
                table = powers(self.rho[point], self.count).T
            self._known[point, p, q] = table
        return self._known[point, p, q]


def _between(points: tuple[int, ...], rho: Sequence[Array], count: int) -> Array:
    """Homogeneous polynomials of two correlations a (p times) and b (q times): ``b^k h_k(a/b.., 1..)``."""
    first, second = sorted(set(points))
    swap = np.abs(rho[first]).max(initial=0.0) > np.abs(rho[second]).max(initial=0.0)
    low, high = (second, first) if swap else (first, second)
    a, b = rho[low], rho[high]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(b != 0, a / np.where(b != 0, b, 1.0), 0.0)
    return (powers(b, count) * homogeneous(count, ratio, points.count(low), points.count(high))).T


@lru_cache(maxsize=256)
def _rising(count: int, n: int) -> Array:
    """``1/((k+1)...(k+n))`` for k = 0..count-1, (count, 1): ``c_{k+n}/var^n = a_k[f^(n)] a_k[g^(n)]/((k+1)...(k+n))``."""
    k, out = np.arange(count), np.ones(count)
    for j in range(1, n + 1):
        out = out * (k + j)
    return 1 / out[:, None]


@lru_cache(maxsize=256)
def _falling(count: int, j: int) -> Array:
    """``k (k-1) ... (k-j+1)`` for k = j..count-1, (count - j, 1)."""
    k, out = np.arange(j, count), np.ones(count - j)
    for i in range(j):
        out = out * (k - i)
    return out[:, None]


def _homogeneous(count: int, points: Sequence[Array]) -> Array:
    """Complete homogeneous polynomials of several points, by the recursion ``h_k += r h_{k-1}`` point by point."""
    table = np.zeros((count, points[0].size))
    table[0] = 1.0
    for r in points:
        for k in range(1, count):
            table[k] += r * table[k - 1]
    return table


@dataclass(frozen=True)
class Entry:
    """Of a Newton table: an average (place) or a derivative of order ``order`` at a covariance (place of its sum) times
    ``factor``, or the divided difference of two earlier entries over the gap between the variance and covariance ``point``."""

    kind: str
    at: int
    factor: float = 1.0
    order: int = 0
    other: int = 0
    point: int = 0


class NewtonTables:
    """Confluent Newton tables on p copies of a covariance and q of the variance, shared by terms: the list of their entries, in
    an order in which each follows from earlier ones."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._known: dict[tuple[int, int, int, int], int] = {}

    def place(self, sums: Sums, k: int, t: PairTerm, diagonal: Sequence[int]) -> int:
        """The place of a term in the list."""
        return self._entry(sums, k, t.others[0], diagonal, len(t.others), t.at_variance)

    def _entry(self, sums: Sums, k: int, point: int, diagonal: Sequence[int], i: int, j: int) -> int:
        key = (k, point, i, j)
        if key not in self._known:
            if i == 0:
                entry = Entry(AVERAGE, diagonal[j - 1], 1 / math.factorial(j - 1))
            elif j == 0:
                entry = Entry(SUM, sums.place(k, (point,), i - 1), 1 / math.factorial(i - 1), i - 1)
            else:
                upper = self._entry(sums, k, point, diagonal, i - 1, j)
                lower = self._entry(sums, k, point, diagonal, i, j - 1)
                entry = Entry(QUOTIENT, upper, other=lower, point=point)
            self._known[key] = len(self.entries)
            self.entries.append(entry)
        return self._known[key]

    def values(self, sums: Sequence[Any], averages: Sequence[Any], var: Any, gaps: Sequence[Any]) -> list[Any]:
        """All entries, arrays (B,) or numbers as all that is given; gaps: between the variance and each covariance."""
        found: list[Any] = []
        for e in self.entries:
            if e.kind == AVERAGE:
                found.append(averages[e.at] * e.factor)
            elif e.kind == SUM:
                found.append(sums[e.at] * (e.factor / var**e.order) if e.order else sums[e.at])
            else:
                found.append((found[e.at] - found[e.other]) / gaps[e.point])
        return found
