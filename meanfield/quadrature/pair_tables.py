"""Averages of f(u) h(v) over a normal pair of equal laws at many correlations at once: a table of the product, then two sums.

In ``X = (u + v)/2`` and ``Y = (u - v)/2`` the pair is independent, with the variances ``var (1 + rho)/2`` and
``var (1 - rho)/2``. The table ``f(X + Y) h(X - Y)`` knows neither the variance nor the correlations: it is made once, and a
point costs two small matrix products. For wide laws, whose Hermite series is long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import asinh, ceil, inf, log, pi, sinh

import numpy as np

from meanfield.quadrature.rule import Array
from meanfield.quadrature.trapezoid import gaussian_cutoff, trapezoid_step

Function = Callable[[Array], Array]
_BLOCK = 32768  # elements of a temporary that stays in cache


@dataclass(frozen=True)
class PairTable:
    """X (a,), Y (b,) >= 0, their weights, and the products (K, a, b), symmetrised in Y."""

    X: Array
    Y: Array
    X_weights: Array
    Y_weights: Array
    products: Array
    narrowest: float


def pair_table(
    functions: Function,
    pairs: Sequence[tuple[int, int]],
    width: float,
    narrowest: float,
    *,
    strip: float,
    pole_order: float,
    tol: float,
    centred: bool,
    mean: float = 0.0,
    degree: float = 0.0,
    rate: float = 0.0,
    widest: float = inf,
    refine: float = 1.0,
    largest: float = inf,
) -> PairTable | None:
    """The table of the products ``f_i(u) f_j(v)`` (i, j in ``pairs``); ``functions`` gives all f stacked along a new first axis.

    For laws of standard deviation up to ``width`` (and not below a half of it), means up to ``mean`` in size (``centred``: of 0
    only), and correlations for which the standard deviation of Y is at least ``narrowest``, at most ``widest`` (default: any).
    strip, pole_order: of the f; degree, rate: of their growth, ``|x|^degree exp(rate |x|)``. refine: steps are as much shorter
    than ``tol`` asks for. None if the table would have more than ``largest`` entries.
    """
    cutoff = gaussian_cutoff(tol / 100, degree=2 * degree, rate=2 * rate * width)
    reach = cutoff * width + abs(mean)
    far = _extent(functions, _samples(reach, strip), tol)
    # Below ``narrowest`` averages are extrapolated from up to 3^(1/2) times it.
    end = min(cutoff * min(max(widest, 2 * narrowest), width), far)
    reach = min(reach, far)
    step = trapezoid_step(strip, width / 2, tol, pole_order=2 * pole_order) * width / 2 / refine
    Y, Y_weights = _graded(end, narrowest, strip, _theta_step(tol) / refine)
    even, turn = _evenly(step, reach), end + 8 * strip
    for X, X_weights in [_outwards(step, reach, turn, strip), even] if reach > turn + 2 * strip else [even]:
        if centred:
            X, X_weights = X[X.size // 2 :], X_weights[X.size // 2 :].copy()
            X_weights[1:] *= 2
        if X.size * Y.size * len(pairs) > largest:
            return None
        parities = _parities(functions, _samples(float(X[-1]), strip)) if centred else None
        table = PairTable(X, Y, X_weights, Y_weights, _products(functions, pairs, X, Y, centred, parities), narrowest)
        if X_weights.max() <= 2 * step or _resolved(table, functions, pairs, even, width, mean, tol):
            break
    return table


def _samples(reach: float, strip: float) -> Array:
    """From 0 to ``reach``, so close that nothing the functions do is missed."""
    return np.linspace(0.0, reach, max(2001, ceil(8 * reach / strip)))


def _products(
    functions: Function, pairs: Sequence[tuple[int, int]], X: Array, Y: Array, centred: bool, parities: list[float] | None
) -> Array:
    """Of the f at X + Y and X - Y, (K, a, b), symmetrised in Y and, if ``centred``, in X, by ``parities`` if there are any."""
    products = np.zeros((len(pairs), X.size, Y.size))
    sides = (X,) if not centred or parities is not None else (X, -X)
    block = max(1, _BLOCK // Y.size)
    for side, start in product(sides, range(0, X.size, block)):
        here = side[start : start + block, None]
        plus, minus = functions(here + Y), functions(here - Y)
        for rows, (i, j) in zip(products[:, start : start + block], pairs, strict=True):
            if parities is None or parities[i] == parities[j]:  # else the other side has the opposite sign
                rows += plus[i] * minus[j] if i == j else (plus[i] * minus[j] + minus[i] * plus[j]) / 2
    return products / len(sides)


def _parities(functions: Function, x: Array) -> list[float] | None:
    """1 for even, -1 for odd functions, as ``x`` and -x show; None if there is one that is neither."""
    values, mirrored = functions(x), functions(-x)
    size = 1e-14 * np.abs(values).max(axis=1, keepdims=True)
    even, odd = ((np.abs(values - sign * mirrored) <= size).all(axis=1) for sign in (1.0, -1.0))
    return np.where(even, 1.0, -1.0).tolist() if (even | odd).all() else None


def _graded(end: float, narrowest: float, strip: float, step: float) -> tuple[Array, Array]:
    """Nodes Y >= 0 up to ``end`` and weights. Equally spaced in theta, they resolve ``narrowest`` near 0 and the singularities of
    the product at Y = +-X + i strip beyond."""
    scale, small = 2 * strip / pi, min(narrowest, strip) / 2
    last = end / scale + log(scale / small) if end > 30 * scale else asinh(sinh(end / scale) * scale / small)
    theta = step * np.arange(ceil(last / step) + 1)
    # ratio = small/scale sinh(theta), by logarithms where it is large.
    ratio = small / scale * np.sinh(np.minimum(theta, 300.0))
    Y = np.where(theta < 300.0, scale * np.arcsinh(ratio), scale * (theta + log(small / scale)))
    weights = np.where(theta < 300.0, small * np.cosh(np.minimum(theta, 300.0)) / np.hypot(1, ratio), scale) * step * 2
    weights[0] /= 2
    return Y, weights


def _evenly(step: float, reach: float) -> tuple[Array, Array]:
    X = np.float64(step) * np.arange(-ceil(reach / step), ceil(reach / step) + 1)
    return X, np.full(X.size, step)


def _outwards(step: float, reach: float, turn: float, strip: float) -> tuple[Array, Array]:
    """Nodes X and weights up to ``reach``: equally spaced by ``step`` where the product has its singularities at
    X = +-Y + i strip; from ``turn`` on they recede, and the spacing grows in proportion."""
    growth = 2 * strip
    last = turn + growth * log(reach / growth)
    theta = np.float64(step) * np.arange(-ceil(last / step), ceil(last / step) + 1)
    bend = np.exp((np.abs(theta) - turn) / growth)
    fall = np.exp((-np.abs(theta) - turn) / growth)
    return theta + growth * np.sign(theta) * (bend - fall), step * (1 + bend + fall)


def _resolved(
    table: PairTable,
    functions: Function,
    pairs: Sequence[tuple[int, int]],
    even: tuple[Array, Array],
    width: float,
    mean: float,
    tol: float,
) -> bool:
    """Whether X may recede: whether, at a few Y, it gives what equal spacing gives, for the widest and the narrowest law. What
    goes on far out, like a wave, or is narrow there, needs equal spacing; nodes that recede would not even show it."""
    some = slice(None, None, max(1, (table.Y.size - 1) // 2))  # both ends and the middle
    X, X_weights = even
    full = _products(functions, pairs, X, table.Y[some], False, None)
    sizes = np.abs(full)
    for sigma in (width, width / 2):
        for centre in {0.0, mean, -mean}:
            weights = np.exp(((X - centre) / sigma) ** 2 / -2) * X_weights
            receding = np.exp(((table.X - centre) / sigma) ** 2 / -2) * table.X_weights
            apart = np.abs(receding @ table.products[:, :, some] - weights @ full).max(axis=1)
            if (apart > 100 * tol * (weights @ sizes).max(axis=1)).any():
                return False
    return True


def table_averages(table: PairTable, mean: Array | float, var: Array | float, apart: Array, *, absolute: bool = False) -> Array:
    """Averages (K, m) of the products over laws mean, var ((m,) or numbers) where ``1 - rho`` is ``apart`` (m,); with
    ``absolute`` those of their sizes. Nearer to 0 than the table resolves they are extrapolated by a parabola, over a distance
    that is nothing to the functions."""
    products = np.abs(table.products) if absolute else table.products
    laws = np.empty((2, apart.size))
    laws[0], laws[1] = mean, var
    least = 2 * table.narrowest**2 / laws[1]
    close = apart < least
    if not close.any():
        return _averages(table, products, laws, apart)
    # The parabola is the same for all of one law.
    own, which = (
        (laws[:, :1], [0]) if np.ndim(mean) == np.ndim(var) == 0 else np.unique(laws[:, close], axis=1, return_inverse=True)
    )
    nodes = (np.array([1.0, 2.0, 3.0])[:, None] * 2 * table.narrowest**2 / own[1]).ravel()
    every = _averages(
        table, products, np.concatenate([laws[:, ~close], np.tile(own, 3)], axis=1), np.concatenate([apart[~close], nodes])
    )
    found = np.empty((len(products), apart.size))
    found[:, ~close] = every[:, : -nodes.size]
    first, second, third = every[:, -nodes.size :].reshape(len(products), 3, -1)[:, :, which].transpose(1, 0, 2)
    t = (apart / least)[close]
    found[:, close] = (t - 2) * (t - 3) / 2 * first - (t - 1) * (t - 3) * second + (t - 1) * (t - 2) / 2 * third
    return found


def _averages(table: PairTable, products: Array, laws: Array, apart: Array) -> Array:
    mean, var = laws
    out = np.empty((len(products), apart.size))
    block = max(1, _BLOCK // table.X.size)
    for start in range(0, apart.size, block):
        part = slice(start, start + block)
        S, D = (var[part] * (2 - apart[part]) / 2)[:, None], (var[part] * apart[part] / 2)[:, None]
        along = np.exp((table.X - mean[part, None]) ** 2 / (-2 * S)) * table.X_weights
        across = np.exp(table.Y**2 / (-2 * D)) * table.Y_weights
        out[:, part] = np.einsum("kij,ij->ki", along @ products, across) / (2 * pi * np.sqrt(S * D)[:, 0])
    return out


def _extent(functions: Function, x: Array, tol: float) -> float:
    """Beyond it in X or Y all products are negligible, because all functions decay, as ``x`` shows; its end if they do not."""
    sizes = np.maximum(np.abs(functions(x)), np.abs(functions(-x)))
    kept = np.flatnonzero((sizes > tol * 1e-3 * sizes.max(axis=1, keepdims=True)).any(axis=0))
    return float(x[kept[-1] if kept.size else 0]) + float(x[1])


def _theta_step(tol: float) -> float:
    """In theta a Gaussian that is much wider than Y's smallest scale is ``exp(-c exp(2 theta))``, bounded up to Im = pi/4."""
    return 2 * pi * (pi / 4) / -log(tol)
