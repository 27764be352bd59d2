"""Pair averages and confluent divided differences from Hermite coefficients: recipes made once, applied block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import factorial

import numpy as np
import sympy as sp

from meanfield.compile.coefficients import Coefficients
from meanfield.compile.grid import Grid
from meanfield.compile.group import EPS, Array, Dot
from meanfield.compile.moments import Moments
from meanfield.quadrature.hermite import homogeneous, powers

AT_VARIANCE = -1  # the point at which the pair coincides


@dataclass(frozen=True)
class PairTerm:
    """``<f(u) g(v)>`` at covariance ``points[0]``, or its divided difference at several points.

    f, g: expressions in the law's variable. points: sorted indices into the group's covariances; -1 is the variance.
    """

    f: sp.Expr
    g: sp.Expr
    points: tuple[int, ...]

    @property
    def order(self) -> int:
        return len(self.points) - 1

    @property
    def at_variance(self) -> int:
        """How often the variance is among the points."""
        return self.points.count(AT_VARIANCE)

    @property
    def others(self) -> tuple[int, ...]:
        return tuple(p for p in self.points if p != AT_VARIANCE)


class Recipe:
    """How the terms of a group are computed from coefficients: with ``quotient``, divided differences between one
    covariance and the variance by the confluent Newton table, else (and always otherwise) as polynomials in the correlation.
    """

    def __init__(self, terms: Sequence[PairTerm], variable: sp.Symbol, quotient: bool, prefix: str) -> None:
        self.terms = list(terms)
        self.by_quotient = [quotient and t.order > 0 and t.at_variance > 0 and len(set(t.others)) == 1 for t in terms]
        pairs = [
            (t.f, t.g) if divided or t.order == 0 else (t.f.diff(variable, t.order), t.g.diff(variable, t.order))
            for t, divided in zip(self.terms, self.by_quotient, strict=True)
        ]
        self.coefficients = Coefficients([h for pair in pairs for h in pair], variable, prefix + "z")
        position = self.coefficients.position
        keys = [tuple(sorted((position[f], position[g]))) for f, g in pairs]
        self.products = list(dict.fromkeys(keys))
        self.product_of = [self.products.index(k) for k in keys]
        diagonal = [
            t.f.diff(variable, j) * t.g.diff(variable, j) if j else t.f * t.g
            for t, divided in zip(self.terms, self.by_quotient, strict=True)
            if divided
            for j in range(t.at_variance)
        ]
        self.diagonal = Moments(diagonal, variable, prefix + "w") if diagonal else None

    def apply(
        self,
        grid: Grid,
        sigma: Array,
        rho: Sequence[Array],
        weights: Array,
        table: Array,
        parameters: Sequence[Array],
        keep: bool,
    ) -> tuple[Array, Array]:
        """Values (T, B) of the terms and bounds (T, B) on their rounding errors (zero unless ``keep``)."""
        a = self.coefficients.evaluate(grid, sigma, weights, table, parameters)
        products = [a[i] * a[j] for i, j in self.products]
        sums = _Sums(products, rho, keep)
        high: list[Array] = []
        if self.diagonal is not None:
            high = self.diagonal.combine(self.diagonal.run(grid, Dot(weights), *parameters)[0], grid.shape[0])
        values, noise, used = np.empty((len(self.terms), sigma.size)), np.zeros((len(self.terms), sigma.size)), 0
        for i, (t, divided, k) in enumerate(zip(self.terms, self.by_quotient, self.product_of, strict=True)):
            if divided:
                here, used = high[used : used + t.at_variance], used + t.at_variance
                values[i], noise[i] = _quotient(sums, k, t, here, sigma**2, rho[t.others[0]])
            else:
                values[i], noise[i] = sums.weighted(k, t.points)
        return values, noise


class _Sums:
    """Sums of products of coefficients against powers, their derivatives, and homogeneous polynomials; each made once."""

    def __init__(self, products: list[Array], rho: Sequence[Array], keep: bool) -> None:
        self.products, self.rho, self.keep = products, rho, keep
        self.weights: dict[tuple[int, ...], Array] = {}
        self.derivatives: dict[tuple[int, int, int], Array] = {}

    def weighted(self, k: int, points: tuple[int, ...]) -> tuple[Array, Array]:
        products = self.products[k]
        weights = self._weight(points, products.shape)
        value = np.einsum("ij,ij->i", products, weights)
        noise = np.einsum("ij,ij->i", np.abs(products), np.abs(weights)) * (8 * EPS) if self.keep else np.zeros_like(value)
        return value, noise

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
            self.derivatives[key] = np.einsum("ij,ij,j->i", products[:, j:], base, _falling(count, j))
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


def _quotient(sums: _Sums, k: int, t: PairTerm, high: Sequence[Array], var: Array, rho: Array) -> tuple[Array, Array]:
    """The confluent Newton table on p copies of the covariance and q of the variance."""
    point, p, q = t.others[0], len(t.others), t.at_variance
    gap = var * (1 - rho)
    table: dict[tuple[int, int], Array] = {}
    for i in range(p + 1):
        for j in range(q + 1):
            if i == 0 and j > 0:
                table[i, j] = high[j - 1] / factorial(j - 1)
            elif j == 0 and i > 0:
                table[i, j] = sums.derivative(k, point, i - 1) / (var ** (i - 1) * factorial(i - 1))
            elif i > 0:
                table[i, j] = (table[i - 1, j] - table[i, j - 1]) / gap
    return table[p, q], np.abs(high[0]) * (16 * EPS) / gap**t.order
