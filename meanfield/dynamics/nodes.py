"""Nodes along the fall of an autocovariance, and exact linear operators on functions of them.

The autocovariance falls from Delta_0 to Delta_inf; ``r = (Delta - Delta_inf)/(Delta_0 - Delta_inf)`` falls from 1 to 0. Every
function of the problem (stiffness, kinetic energy, the decaying ground state after its power of r) is an analytic function of
r on [0, 1], but may be steep near r = 1: its singularities lie beyond r = 1 at a distance ``width^2``. With
``1 - r = sinh(beta y)^2 / sinh(beta)^2`` it is a smooth even function of y on [0, 1], hence a polynomial in
``z = 2 y^2 - 1`` up to an exponentially small rest. A kink of the transfer function makes W a function of ``sqrt(1 - r)`` with odd
powers too (two jumps that meet, ``arccos r``, say): there ``z = 2 y - 1``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import asinh

import numpy as np

Array = np.ndarray

_FLAT = 0.05  # below, sinh(beta y)/sinh(beta) is y for all purposes


@dataclass(frozen=True, eq=False)
class Nodes:
    """``count`` Chebyshev nodes z (n,), falling from r = 0 to r = 1, and matrices (n, n) that act on values at them.

    even: whether functions are even in y, as they are without kinks.
    r, x: r and ``1 - r`` at the nodes. slope: d/dr. mean: ``(1/r) int_0^r f``. lever: ``(1/r^2) int_0^r (r - s) f(s) ds``.
    above: ``1/(1 - r) int_r^1 f``. root: ``(1/y) int_r^1 f ds / (2 sqrt(1 - s))``. start: the row that gives the value at r = 1,
    rise, rise_by_r: d/dz and d/dr there. bend: second derivative by r. half: the row that gives the value at r = 1/2.
    coefficients: those of Chebyshev polynomials in z.
    """

    beta: float
    even: bool
    z: Array
    y: Array
    r: Array
    x: Array
    slope: Array
    mean: Array
    lever: Array
    above: Array
    root: Array
    start: Array
    rise: Array
    rise_by_r: Array
    bend: Array
    half: Array
    coefficients: Array

    def y_of(self, t: Array) -> Array:
        """y where ``1 - r = t^2``."""
        return t if self.beta < _FLAT else np.arcsinh(t * np.sinh(self.beta)) / self.beta

    def interpolated(self, values: Array, t: Array) -> Array:
        """Functions known at the nodes (P, n), where ``1 - r = t^2`` (P, K): (P, K)."""
        c = values @ self.coefficients.T
        return np.asarray(np.polynomial.chebyshev.chebval(_z(self.y_of(t), self.even), c.T[:, :, None], tensor=False))


def stretch(width: float, rungs: int = 4) -> float:
    """The beta for functions that are steep over ``width`` in ``sqrt(1 - r)``, on a ladder of so many rungs per octave."""
    if width >= 1.5:
        return 0.0
    return asinh(1 / 2.0 ** (np.floor(rungs * np.log2(width)) / rungs))


@lru_cache(maxsize=128)
def nodes(count: int, beta: float, even: bool = True) -> Nodes:
    """The nodes and operators of a rung; cached."""
    theta = np.pi * (2 * np.arange(count) + 1) / (2 * count)
    z = np.cos(theta)
    # Without cancellation where y is small, and 1 - y too.
    y, below = np.cos(theta / 2), 2 * np.sin(theta / 4) ** 2
    if not even:
        y, below = y**2, np.sin(theta / 2) ** 2
    r, x = _r(y, below, beta), _x(y, beta)
    to, slope = _barycentric(z)
    legendre, weights = np.polynomial.legendre.leggauss(count + 24)

    def segment(low: Array, high: Array) -> tuple[Array, Array, Array]:
        """Quadrature nodes (J, m) between z's, their weights for an integral over r, and r there."""
        at = low[:, None] + (high - low)[:, None] * (legendre + 1) / 2
        inner = _y(at, even)
        gap = (1 - at) / 2 / (1 + inner if even else 1.0)  # 1 - y
        return at, (high - low)[:, None] * weights / 2 * _rate(inner, beta, even), _r(inner, gap, beta)

    low_r, w, s = segment(z, np.ones(count))
    table = to(low_r)
    mean = np.einsum("jm,jml->jl", w / (w.sum(axis=1)[:, None]), table)
    lever = np.einsum("jm,jml->jl", w * (r[:, None] - s) / r[:, None] ** 2, table)
    high_r, w, _ = segment(-np.ones(count), z)
    above = np.einsum("jm,jml->jl", w / w.sum(axis=1)[:, None], to(high_r))
    # In y: dr / (2 sqrt(1 - r)) = d sqrt(1 - r) = sqrt(1 - r)'(y) dy.
    inner = y[:, None] * (legendre + 1) / 2
    root = np.einsum("jm,jml->jl", weights / 2 * _sqrt_rate(inner, beta), to(_z(inner, even)))
    half = np.array([_z(np.array(_y_half(beta)), even)])
    start = to(np.array([[-1.0]]))[0, 0]
    by_r = slope / -_rate(y, beta, even)[:, None]
    return Nodes(
        beta, even, z, y, r, x, by_r, mean, lever, above, root,
        start, start @ slope, start @ by_r, by_r @ by_r, to(half[None])[0, 0], _transform(theta),
    )  # fmt: skip


def _z(y: Array, even: bool) -> Array:
    return np.asarray(2 * y**2 - 1 if even else 2 * y - 1)


def _y(z: Array, even: bool) -> Array:
    return np.asarray(np.sqrt((1 + z) / 2) if even else (1 + z) / 2)


def _x(y: Array, beta: float) -> Array:
    """``1 - r``."""
    return y * y if beta < _FLAT else (np.sinh(beta * y) / np.sinh(beta)) ** 2


def _r(y: Array, below: Array, beta: float) -> Array:
    """r, given y and ``below = 1 - y``."""
    if beta < _FLAT:
        return below * (1 + y)
    down = 2 * np.cosh(beta * (1 + y) / 2) * np.sinh(beta * below / 2)
    return down * (np.sinh(beta) + np.sinh(beta * y)) / np.sinh(beta) ** 2


def _rate(y: Array, beta: float, even: bool) -> Array:
    """``-dr/dz``: an even function of y, or y times one."""
    by_z = 1.0 if even else 2 * y
    if beta < _FLAT:
        return np.full_like(y, 0.5) * by_z
    safe = np.where(y > 1e-9, y, 1.0)
    ratio = np.where(y > 1e-9, np.sinh(2 * beta * safe) / safe, 2 * beta)
    return beta * ratio / (4 * np.sinh(beta) ** 2) * by_z


def _sqrt_rate(y: Array, beta: float) -> Array:
    """``d sqrt(1 - r)/dy``."""
    return np.ones_like(y) if beta < _FLAT else beta * np.cosh(beta * y) / np.sinh(beta)


def _y_half(beta: float) -> float:
    return float(np.sqrt(0.5) if beta < _FLAT else np.arcsinh(np.sqrt(0.5) * np.sinh(beta)) / beta)


def _barycentric(z: Array) -> tuple[Callable[[Array], Array], Array]:
    """Interpolation from the Chebyshev nodes z to any points (..., ) -> (..., n), and the matrix of d/dz."""
    n = z.size
    c = (-1.0) ** np.arange(n) * np.sin(np.pi * (2 * np.arange(n) + 1) / (2 * n))

    def to(points: Array) -> Array:
        gap = points[..., None] - z
        hit = np.abs(gap) < 1e-300
        ratio = c / np.where(hit, 1.0, gap)
        out = ratio / ratio.sum(axis=-1, keepdims=True)
        return np.where(hit.any(axis=-1, keepdims=True), hit.astype(float), out)

    gap = z[:, None] - z
    np.fill_diagonal(gap, 1.0)
    d = (c[None, :] / c[:, None]) / gap
    np.fill_diagonal(d, 0.0)
    np.fill_diagonal(d, -d.sum(axis=1))
    return to, d


def _transform(theta: Array) -> Array:
    """Chebyshev coefficients from values at the nodes."""
    n = theta.size
    table = 2 / n * np.cos(np.arange(n)[:, None] * theta)
    table[0] /= 2
    return table
