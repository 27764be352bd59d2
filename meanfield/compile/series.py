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
from meanfield.compile.group import EPS, Array, Dot, NodeErrors
from meanfield.quadrature.hermite import homogeneous, powers

AT_VARIANCE = -1  # the point at which the pair coincides


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

    def __init__(self, terms: Sequence[PairTerm], variable: sp.Symbol, quotient: bool, prefix: str) -> None:
        self.terms = list(terms)
        self.by_quotient = [quotient and t.order > 0 and t.at_variance > 0 and len(set(t.others)) == 1 for t in terms]
        averages: dict[sp.Expr, int] = {}
        pairs, places = [], []
        for t, divided in zip(self.terms, self.by_quotient, strict=True):
            pairs.append((t.f, t.g) if divided or t.order <= 0 else (t.f.diff(variable, t.order), t.g.diff(variable, t.order)))
            wanted = [t.f] if not t.points else _diagonal(t, variable) if divided else []
            places.append([averages.setdefault(body, len(averages)) for body in wanted])
        functions = [h for t, pair in zip(self.terms, pairs, strict=True) if t.points for h in pair]
        self.coefficients = Coefficients(functions, variable, prefix + "z", list(averages))
        plain = [place[0] for t, place in zip(self.terms, places, strict=True) if not t.points]
        self.plain_moments = self.coefficients.moments_of(plain)
        position = self.coefficients.position
        keys = [tuple(sorted((position[f], position[g]))) if t.points else () for t, (f, g) in zip(terms, pairs, strict=True)]
        self.products = list(dict.fromkeys(k for k in keys if k))
        self.steps = [
            (self.products.index(k) if k else -1, t, divided, place)
            for k, t, divided, place in zip(keys, self.terms, self.by_quotient, places, strict=True)
        ]

    def apply(
        self,
        grid: Grid,
        sigma: Array,
        rho: Sequence[Array],
        weights: Array,
        table: Array,
        parameters: Sequence[Array],
        keep: bool,
        half: bool = False,
    ) -> tuple[Array, Array]:
        """Values (T, B) of the terms and bounds (T, B) on their rounding errors (zero unless ``keep``). half: the law is
        symmetric about 0, and the grid holds its nodes z >= 0 only."""
        # The grid is wide enough for coefficients: nothing of a plain average lies beyond it.
        dot = Dot(weights, NodeErrors(grid.mean, sigma, grid.z, (0.0, 0.0)) if keep else None, self.plain_moments)
        a, averages = self.coefficients.evaluate(grid, sigma, dot, table, parameters, half)
        sums = _Sums([a[i] * a[j] for i, j in self.products], rho, keep)
        quotients = _Quotients(sums, averages, sigma * sigma)
        values, noise = np.empty((len(self.terms), sigma.size)), np.zeros((len(self.terms), sigma.size))
        plain = self.coefficients.noise(dot, sigma.size) if keep else []
        for i, (k, t, divided, place) in enumerate(self.steps):
            if divided:
                values[i] = quotients(k, t, place)
                if keep:
                    noise[i] = np.abs(averages[place[0]]) * (16 * EPS) / (sigma * sigma * (1 - rho[t.others[0]])) ** t.order
            elif k < 0:
                values[i] = averages[place[0]]
                if keep:
                    noise[i] = plain[place[0]]
            else:
                values[i] = sums.weighted(k, t.points)
                if keep:
                    noise[i] = sums.rounding(k, t.points)
        return values, noise


def _diagonal(t: PairTerm, variable: sp.Symbol) -> list[sp.Expr]:
    """``f^(j) g^(j)``, whose averages are the derivatives of the pair average at the variance."""
    return [t.f.diff(variable, j) * t.g.diff(variable, j) if j else t.f * t.g for j in range(t.at_variance)]


class _Sums:
    """Sums of products of coefficients against powers, their derivatives, and homogeneous polynomials; each made once."""

    def __init__(self, products: list[Array], rho: Sequence[Array], keep: bool) -> None:
        self.products, self.rho, self.keep = products, rho, keep
        self.weights: dict[tuple[int, ...], Array] = {}
        self.derivatives: dict[tuple[int, int, int], Array] = {}

    def weighted(self, k: int, points: tuple[int, ...]) -> Array:
        products = self.products[k]
        return _row_sums(products, self._weight(points, products.shape))

    def rounding(self, k: int, points: tuple[int, ...]) -> Array:
        """Bound on the rounding error of `weighted`."""
        products = self.products[k]
        return _row_sums(np.abs(products), np.abs(self._weight(points, products.shape))) * (8 * EPS)

    def _weight(self, points: tuple[int, ...], shape: tuple[int, int]) -> Array:
        if points not in self.weights:
            size, count = shape
            others = [p for p in points if p != AT_VARIANCE]
            if len(points) == 1:
                table = np.ones(shape) if not others else powers(self.rho[others[0]], count)
            elif len(set(others)) <= 1:
                r = self.rho[others[0]] if others else np.ones(size)
                table = homogeneous(count, r, len(others), len(points) - len(others)) / _rising(count, len(points) - 1)
            elif len(set(points)) == 2:
                table = self._between(points, count) / _rising(count, len(points) - 1)
            else:
                every = [np.ones(size) if p == AT_VARIANCE else self.rho[p] for p in points]
                table = _homogeneous(count, every) / _rising(count, len(points) - 1)
            self.weights[points] = table
        return self.weights[points]

    def _between(self, points: tuple[int, ...], count: int) -> Array:
        """Homogeneous polynomials of two correlations a (p times) and b (q times): ``b^k h_k(a/b.., 1..)``."""
        first, second = sorted(set(points))
        a, b = self.rho[first], self.rho[second]
        swap = np.abs(a).max(initial=0.0) > np.abs(b).max(initial=0.0)
        low, high = (second, first) if swap else (first, second)
        p, q = points.count(low), points.count(high)
        a, b = self.rho[low], self.rho[high]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(b != 0, a / np.where(b != 0, b, 1.0), 0.0)
        return powers(b, count) * homogeneous(count, ratio, p, q)

    def derivative(self, k: int, point: int, j: int) -> Array:
        """``d^j/d rho^j sum_k c_k rho^k`` at one covariance."""
        key = (k, point, j)
        if key not in self.derivatives:
            products = self.products[k]
            count = products.shape[1]
            if j >= count:
                return np.zeros(products.shape[0])
            base = self._weight((point,), (products.shape[0], count))[:, : count - j]
            self.derivatives[key] = _row_sums(products[:, j:], base * _falling(count, j) if j else base)
        return self.derivatives[key]


@lru_cache(maxsize=256)
def _rising(count: int, n: int) -> Array:
    """``(k+1)...(k+n)`` for k = 0..count-1: ``c_{k+n}/var^n = a_k[f^(n)] a_k[g^(n)]/((k+1)...(k+n))``."""
    k, out = np.arange(count), np.ones(count)
    for j in range(1, n + 1):
        out = out * (k + j)
    return out


@lru_cache(maxsize=256)
def _falling(count: int, j: int) -> Array:
    """``k (k-1) ... (k-j+1)`` for k = j..count-1."""
    k, out = np.arange(j, count), np.ones(count - j)
    for i in range(j):
        out = out * (k - i)
    return out


def _homogeneous(count: int, points: Sequence[Array]) -> Array:
    """Complete homogeneous polynomials of several points, by the recursion ``h_k += r h_{k-1}`` point by point."""
    table = np.zeros((points[0].size, count))
    table[:, 0] = 1.0
    for r in points:
        for k in range(1, count):
            table[:, k] += r * table[:, k - 1]
    return table


def _row_sums(a: Array, b: Array) -> Array:
    """``sum_j a_ij b_ij``."""
    return np.einsum("ij,ij->i", a, b) if len(a) > 1 else np.array([a[0] @ b[0]])


class _Quotients:
    """Confluent Newton tables on p copies of a covariance and q of the variance, shared by terms; floats for a single point."""

    def __init__(self, sums: _Sums, averages: Sequence[Array], var: Array) -> None:
        self.sums, self.single = sums, var.size == 1
        self.averages, self.var = [self._plain(a) for a in averages], self._plain(var)
        self.known: dict[tuple[int, int, int, int], Any] = {}
        self.gaps: dict[int, Any] = {}

    def _plain(self, values: Array) -> Any:
        return float(values[0]) if self.single else values

    def _gap(self, point: int) -> Any:
        if point not in self.gaps:
            self.gaps[point] = self.var * (1 - self._plain(self.sums.rho[point]))
        return self.gaps[point]

    def __call__(self, k: int, t: PairTerm, diagonal: Sequence[int]) -> Any:
        point = t.others[0]
        gap = self._gap(point)
        if self.single and gap == 0:
            return math.nan

        def entry(i: int, j: int) -> Any:
            key = (k, point, i, j)
            if key not in self.known:
                if i == 0:
                    self.known[key] = self.averages[diagonal[j - 1]] / math.factorial(j - 1)
                elif j == 0:
                    derivative = self._plain(self.sums.derivative(k, point, i - 1))
                    self.known[key] = derivative / (self.var ** (i - 1) * math.factorial(i - 1))
                else:
                    self.known[key] = (entry(i - 1, j) - entry(i, j - 1)) / gap
            return self.known[key]

        return entry(len(t.others), t.at_variance)
