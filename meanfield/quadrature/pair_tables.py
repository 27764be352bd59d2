"""Averages of f(u) h(v) over a normal pair of equal laws at many correlations at once: a table of the product, then two sums.

In ``X = (u + v)/2`` and ``Y = (u - v)/2`` the pair is independent, with the variances ``var (1 + rho)/2`` and
``var (1 - rho)/2``. The table ``f(X + Y) h(X - Y)`` knows neither the variance nor the correlations: it is made once, and a
point costs two small matrix products. For wide laws, whose Hermite series is long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import asinh, ceil, log, pi, sinh

import numpy as np

from meanfield.quadrature.rule import Array
from meanfield.quadrature.trapezoid import gaussian_cutoff, trapezoid_step

Function = Callable[[Array], Array]
_BLOCK = 32768  # elements of a temporary that stays in cache


@dataclass(frozen=True)
class PairTable:
    """X (a,), Y (b,) >= 0, their weights, and the product (a, b), symmetrised in Y."""

    X: Array
    Y: Array
    X_weights: Array
    Y_weights: Array
    product: Array
    narrowest: float


def pair_table(
    f: Function,
    h: Function,
    width: float,
    narrowest: float,
    *,
    strip: float,
    pole_order: float,
    tol: float,
    centred: bool,
    widest: float | None = None,
) -> PairTable:
    """The table for laws of standard deviation up to ``width`` (and not below a half of it), and correlations for which the
    standard deviation of Y is at least ``narrowest``, at most ``widest`` (default: any). strip, pole_order: of f and h. centred:
    for means of 0 only."""
    cutoff = gaussian_cutoff(tol)
    far = _extent(f, h, cutoff * width, tol)
    end = min(cutoff * min(widest or width, width), far)
    step = trapezoid_step(strip, width / 2, tol, pole_order=2 * pole_order) * width / 2
    X, X_weights = _outwards(step, min(cutoff * width, far), end, strip)
    # Equally spaced in theta, Y resolves ``narrowest`` near 0 and the singularities of the product at Y = +-X + i strip beyond.
    scale, small = 2 * strip / pi, min(narrowest, strip) / 2
    step_theta = _theta_step(tol)
    last = end / scale + log(scale / small) if end > 30 * scale else asinh(sinh(end / scale) * scale / small)
    theta = step_theta * np.arange(ceil(last / step_theta) + 1)
    # ratio = small/scale sinh(theta), by logarithms where it is large.
    ratio = small / scale * np.sinh(np.minimum(theta, 300.0))
    Y = np.where(theta < 300.0, scale * np.arcsinh(ratio), scale * (theta + log(small / scale)))
    Y_weights = np.where(theta < 300.0, small * np.cosh(np.minimum(theta, 300.0)) / np.hypot(1, ratio), scale) * step_theta * 2
    Y_weights[0] /= 2
    product = f(X[:, None] + Y) * h(X[:, None] - Y)
    product = (product + f(X[:, None] - Y) * h(X[:, None] + Y)) / 2
    if centred:
        count = X.size // 2
        product = np.concatenate([product[count : count + 1], product[count + 1 :] + product[count - 1 :: -1]])
        X, X_weights = X[count:], X_weights[count:]
    return PairTable(X, Y, X_weights, Y_weights, product, narrowest)


def _outwards(step: float, reach: float, core: float, strip: float) -> tuple[Array, Array]:
    """Nodes X and weights up to ``reach``: equally spaced by ``step`` up to ``core``, where the product has its singularities at
    X = +-Y + i strip; beyond they recede, and the spacing grows in proportion."""
    growth = 2 * strip
    turn = core + 4 * growth
    if turn + growth >= reach:
        X = np.float64(step) * np.arange(-ceil(reach / step), ceil(reach / step) + 1)
        return X, np.full(X.size, step)
    last = turn + growth * log(reach / growth)
    theta = np.float64(step) * np.arange(-ceil(last / step), ceil(last / step) + 1)
    bend = np.exp((np.abs(theta) - turn) / growth)
    fall = np.exp((-np.abs(theta) - turn) / growth)
    return theta + growth * np.sign(theta) * (bend - fall), step * (1 + bend + fall)


def table_averages(table: PairTable, mean: Array | float, var: Array | float, apart: Array) -> Array:
    """``<f(u) h(v)>`` of laws mean, var ((m,) or numbers) where ``1 - rho`` is ``apart`` (m,): (m,). Nearer to 0 than the table
    resolves it is extrapolated by a parabola, over a distance that is nothing to f and h."""
    mean, var = np.broadcast_to(mean, apart.shape), np.broadcast_to(var, apart.shape)
    least = 2 * table.narrowest**2 / var
    close = apart < least
    found = _averages(table, mean, var, np.where(close, least, apart))
    if close.any():
        mean, var, least = mean[close], var[close], least[close]
        values = [found[close], *(_averages(table, mean, var, k * least) for k in (2.0, 3.0))]
        t = apart[close] / least
        found[close] = (t - 2) * (t - 3) / 2 * values[0] - (t - 1) * (t - 3) * values[1] + (t - 1) * (t - 2) / 2 * values[2]
    return found


def _averages(table: PairTable, mean: Array, var: Array, apart: Array) -> Array:
    out = np.empty(apart.size)
    block = max(1, _BLOCK // table.X.size)
    for start in range(0, apart.size, block):
        part = slice(start, start + block)
        S, D = (var[part] * (2 - apart[part]) / 2)[:, None], (var[part] * apart[part] / 2)[:, None]
        along = np.exp((table.X - mean[part, None]) ** 2 / (-2 * S)) * table.X_weights
        across = np.exp(table.Y**2 / (-2 * D)) * table.Y_weights
        out[part] = np.einsum("ij,ij->i", along @ table.product, across) / (2 * pi * np.sqrt(S * D)[:, 0])
    return out


def _extent(f: Function, h: Function, reach: float, tol: float) -> float:
    """Beyond it in X or Y the product is negligible, because f and h decay; infinite if they do not."""
    x = np.linspace(0.0, reach, 2001)
    size = np.max([np.abs(f(x)), np.abs(f(-x)), np.abs(h(x)), np.abs(h(-x))], axis=0)
    kept = np.flatnonzero(size > tol * 1e-3 * size.max())
    return float(x[kept[-1]]) + float(x[1])


def _theta_step(tol: float) -> float:
    """In theta a Gaussian that is much wider than Y's smallest scale is ``exp(-c exp(2 theta))``, bounded up to Im = pi/4."""
    return 2 * pi * (pi / 4) / -log(tol)
