"""The radial distribution of a bulk spectrum as a node that carries its value, its error and its derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from meanfield.averages import Opaque
from meanfield.quadrature.gauss import gauss_legendre
from meanfield.transfer import Transfer

__all__ = ["Law", "RadialCDF", "Row"]

Array = NDArray[np.float64]

_STEPS = 100  # of Newton's method for h; a row needs about 6
_WIDTH = 9.0  # half width of the grid, in standard deviations
_PANEL_NODES = 48  # of Gauss-Legendre between kinks
_LEVELS = 8  # of twice the nodes each
_RESOLVED = 1e-12  # between two levels: the finer one is good enough
_EPS = float(np.finfo(float).eps)


class RadialCDF(Opaque):
    """``RadialCDF(r, g, mean, var, alpha, gamma, phi)``: the fraction F of eigenvalues within r of the centre, ``1 - h`` with
    ``<s^2/(r^2 + h s^2)> = 1``, or 1 beyond the edge ``r^2 = <s^2>``. See `meanfield.dynamics.spectra.radial_cdf`."""

    @staticmethod
    def evaluate(*args: Any) -> Array:
        return _gathered(args, lambda row, laws: 1.0 - _solution(row, laws)[1])

    def _sympystr(self, printer: Any) -> str:
        return f"P(|lambda + 1| < {printer._print(self.args[0])})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"P\left(\left|\lambda + 1\right| < {printer._print(self.args[0])}\right)"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _eval_derivative(self, s: sp.Symbol) -> sp.Expr:
        # The transfer function is an argument that cannot be differentiated.
        return sp.Add(*(self.fdiff(i) * a.diff(s) for i, a in enumerate(self.args[:-1], 1) if a.has(s)))

    @staticmethod
    def partial(index: int, *args: Any) -> Array:
        """``dF/dp = (dm/dp) / (dm/dh)`` of ``m = <s^2/(r^2 + h s^2)>``; 0 where F is constant."""
        return _gathered(args, lambda row, laws: _slope(index, row, laws))

    @staticmethod
    def claim(*args: Any) -> Array:
        """Difference to a rule with half the nodes, and the rounding of ``m`` and of its solution."""

        def bound(row: Row, laws: Laws) -> float:
            _, h, m_h, gap = _solution(row, laws)
            rounding = 8 * _EPS * (2 + h) * (1 + 1 / max(abs(m_h), _EPS)) if row.r > 0 else 0.0
            return gap + rounding

        return _gathered(args, bound)


@dataclass(frozen=True)
class Law:
    """Nodes y, weights that sum to 1, and s^2 = (g phi')^2 at the nodes."""

    y: Array
    weight: Array
    s_squared: Array
    phi: Transfer


@dataclass(frozen=True)
class Row:
    """The arguments of one value; ``law`` tabulates the law of s, with twice the nodes at each level."""

    r: float
    g: float
    mean: float
    var: float
    alpha: float
    gamma: float

    def law(self, phi: Transfer, level: int = 0) -> Law:
        sigma = float(np.sqrt(max(self.var, 0.0)))
        nodes = (_split if phi.traits.kinks and sigma > 0 else _equidistant)(self.mean, sigma, phi, level)
        y, log_weight = nodes
        value, slope = phi.jet([0, 1], y)
        log_weight = log_weight + np.log1p(self.alpha * slope**2) / 2 + self.gamma * value**2
        weight = np.exp(log_weight - log_weight.max())
        return Law(y, weight / weight.sum(), (self.g * slope) ** 2, phi)


class Laws:
    """The law of a row at its levels, each made once."""

    def __init__(self, row: Row, phi: Transfer) -> None:
        self.row, self.phi = row, phi
        self._made: dict[int, Law] = {}

    def __call__(self, level: int) -> Law:
        if level not in self._made:
            self._made[level] = self.row.law(self.phi, level)
        return self._made[level]


def _gathered(args: Any, value: Any) -> Array:
    """``value(row, laws)`` for every row of the broadcast arguments; equal laws are made once."""
    phi = args[-1]
    columns = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in args[:-1]))
    out = np.empty(columns[0].shape)
    flat = out.reshape(-1)
    for k, (row, laws) in enumerate(_rows(columns, phi)):
        flat[k] = value(row, laws) if laws is not None else np.nan
    return out


def _rows(columns: Any, phi: Transfer) -> Iterator[tuple[Row, Laws | None]]:
    before: tuple[float, ...] = ()
    laws: Laws | None = None
    for values in zip(*(c.ravel().tolist() for c in columns), strict=True):
        row = Row(*values)
        if values[1:] != before:
            laws = Laws(row, phi) if np.isfinite(values).all() else None
            before = values[1:] if laws is not None else ()
        yield row, laws


def _equidistant(mean: float, sigma: float, phi: Transfer, level: int) -> tuple[Array, Array]:
    """Nodes and log weights of a Gaussian; equidistant ones converge exponentially for analytic integrands.

    The poles of ``s^2/(r^2 + h s^2)`` lie about half as far from the axis as those of phi (for tanh, at pi/4 or further), unless
    phi' has zeros: then, for small r, near these.
    """
    if sigma == 0:
        return np.full(1, mean), np.zeros(1)
    step = 0.06 * min(phi.traits.strip or 1.0, 2.0, sigma / 0.12)
    half = int(np.ceil(_WIDTH * sigma / step) * 2.0**level) + 1
    z = np.linspace(-_WIDTH, _WIDTH, 2 * half + 1)
    return mean + sigma * z, -(z**2) / 2


def _split(mean: float, sigma: float, phi: Transfer, level: int) -> tuple[Array, Array]:
    """Gauss-Legendre on panels that end at the kinks and are not longer than the strip of the smooth pieces."""
    kinks = [(k.location - mean) / sigma for k in phi.traits.kinks]
    edges = np.unique(np.clip([-_WIDTH, *kinks, *np.arange(-8.0, 9.0, 2.0), _WIDTH], -_WIDTH, _WIDTH))
    x, w = gauss_legendre(int(_PANEL_NODES * 2.0**level))
    length = np.diff(edges)[:, None] / 2
    z = (edges[:-1, None] + length * (1 + x)).ravel()
    return mean + sigma * z, -(z**2) / 2 + np.log((length * w).ravel())


def _solution(row: Row, laws: Laws) -> tuple[Law, float, float, float]:
    """The law at the first level that resolves it, h, dm/dh, and how far h is from what half the nodes gave."""
    last, _ = _root(row, laws(-1))
    for level in range(_LEVELS):
        h, m_h = _root(row, laws(level))
        gap, last = abs(h - last), h
        if gap <= _RESOLVED:
            break
    return laws(level), h, m_h, gap


def _root(row: Row, law: Law) -> tuple[float, float]:
    """h, and dm/dh there. ``1/m`` is concave and increasing in h: from h = 0 Newton's method never overshoots."""
    if row.r <= 0:
        return 1.0, -1.0
    h, r_squared = 0.0, row.r**2
    for _ in range(_STEPS):
        terms = law.s_squared / (r_squared + h * law.s_squared)
        m, m_h = float(law.weight @ terms), -float(law.weight @ terms**2)
        if m <= 1:
            break
        step = m * (m - 1) / -m_h
        h += step
        if step <= 4 * _EPS:
            break
    return min(h, 1.0), m_h


def _slope(index: int, row: Row, laws: Laws) -> float:
    law, h, m_h, _ = _solution(row, laws)
    if row.r <= 0 or h <= 0 or m_h == 0:
        return 0.0
    s, r_squared = law.s_squared, row.r**2
    terms = s / (r_squared + h * s)
    by_s = r_squared / (r_squared + h * s) ** 2  # d terms / d s^2
    if index == 0:
        m_p = float(law.weight @ (-2 * row.r * s / (r_squared + h * s) ** 2))
    elif index == 1:
        m_p = float(law.weight @ (by_s * 2 * s)) / row.g
    elif row.var <= 0 and index in (2, 3):
        m_p = _by_price(index, row, law, h, by_s)
    else:
        score = _score(index, row, law)
        m_p = float(law.weight @ (terms * score) - (law.weight @ terms) * (law.weight @ score))
    return m_p / m_h


def _score(index: int, row: Row, law: Law) -> Array:
    """Derivative of the law's log density by mean, variance, alpha or gamma, up to a constant."""
    away = law.y - row.mean
    if index == 2:
        return np.asarray(away / row.var)
    if index == 3:
        return np.asarray((away / row.var) ** 2 / 2)
    value, slope = law.phi.jet([0, 1], law.y)
    return np.asarray(slope**2 / (2 * (1 + row.alpha * slope**2)) if index == 4 else value**2)


def _by_price(index: int, row: Row, law: Law, h: float, by_s: Array) -> float:
    """Slopes in mean and variance where the variance vanishes: ``<f'>`` and ``<f''>/2`` of f(y) = s^2/(r^2 + h s^2)."""
    first, second, third = law.phi.jet([1, 2, 3], law.y)
    s_1 = 2 * row.g**2 * first * second
    s_2 = 2 * row.g**2 * (second**2 + first * third)
    if index == 2:
        return float(law.weight @ (by_s * s_1))
    curved = -2 * h * by_s / (row.r**2 + h * law.s_squared) * s_1**2
    return float(law.weight @ (curved + by_s * s_2)) / 2
