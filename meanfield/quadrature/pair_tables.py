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
    f: Function, h: Function, width: float, narrowest: float, *, strip: float, pole_order: float, tol: float, centred: bool
) -> PairTable:
    """The table for laws of standard deviation up to ``width`` (and not below a half of it), and correlations for which the
    standard deviation of Y is at least ``narrowest``. strip, pole_order: of f and h. centred: for means of 0 only."""
    reach = gaussian_cutoff(tol) * width
    far = _extent(f, h, reach, tol)
    step = trapezoid_step(strip, width / 2, tol, pole_order=2 * pole_order) * width / 2
    count = ceil(min(reach, far) / step)
    X = np.float64(step) * np.arange(-count, count + 1)
    # Equally spaced in theta, Y resolves ``narrowest`` near 0 and the singularities of the product at Y = +-X + i strip beyond.
    scale, small = 2 * strip / pi, min(narrowest, strip) / 2
    step_theta = _theta_step(tol)
    last = asinh(sinh(min(reach, far) / scale) * scale / small)
    theta = step_theta * np.arange(ceil(last / step_theta) + 1)
    ratio = small / scale * np.sinh(theta)
    Y = scale * np.arcsinh(ratio)
    Y_weights = small * np.cosh(theta) / np.sqrt(1 + ratio**2) * step_theta * 2
    Y_weights[0] /= 2
    product = f(X[:, None] + Y) * h(X[:, None] - Y)
    product = (product + f(X[:, None] - Y) * h(X[:, None] + Y)) / 2
    X_weights = np.full(X.size, step)
    if centred:
        product = np.concatenate([product[count : count + 1], product[count + 1 :] + product[count - 1 :: -1]])
        X, X_weights = X[count:], X_weights[count:]
    return PairTable(X, Y, X_weights, Y_weights, product, narrowest)


def table_averages(table: PairTable, mean: float, var: float, apart: Array) -> Array:
    """``<f(u) h(v)>`` where ``1 - rho`` is ``apart`` (m,): (m,). Nearer to 0 than the table resolves it is extrapolated by a
    parabola, over a distance that is nothing to f and h."""
    least = 2 * table.narrowest**2 / var
    close = apart < least
    if not close.any():
        return _averages(table, mean, var, apart)
    places = np.append(np.where(close, least, apart), least * np.arange(1.0, 4.0))
    found = _averages(table, mean, var, places)
    t = apart[close] / least
    weights = np.stack([(t - 2) * (t - 3) / 2, -(t - 1) * (t - 3), (t - 1) * (t - 2) / 2])
    found[: apart.size][close] = found[-3:] @ weights
    return found[: apart.size]


def _averages(table: PairTable, mean: float, var: float, apart: Array) -> Array:
    S, D = var * (2 - apart) / 2, var * apart / 2
    along = np.exp(-((table.X - mean) ** 2) / (2 * S[:, None])) * (table.X_weights / np.sqrt(2 * pi * S)[:, None])
    across = np.exp(-(table.Y**2) / (2 * D[:, None])) * (table.Y_weights / np.sqrt(2 * pi * D)[:, None])
    return np.asarray(((along @ table.product) * across).sum(axis=1))


def _extent(f: Function, h: Function, reach: float, tol: float) -> float:
    """Beyond it in X or Y the product is negligible, because f and h decay; infinite if they do not."""
    x = np.linspace(0.0, reach, 2001)
    size = np.max([np.abs(f(x)), np.abs(f(-x)), np.abs(h(x)), np.abs(h(-x))], axis=0)
    kept = np.flatnonzero(size > tol * 1e-3 * size.max())
    return float(x[kept[-1]]) + float(x[1])


def _theta_step(tol: float) -> float:
    """In theta a Gaussian that is much wider than Y's smallest scale is ``exp(-c exp(2 theta))``, bounded up to Im = pi/4."""
    return 2 * pi * (pi / 4) / -log(tol)
