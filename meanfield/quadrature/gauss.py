"""Gauss rules: Gauss-Legendre on panels split at kinks, on the unit interval with a layer at 1, and Gauss-Hermite."""

from __future__ import annotations

from functools import lru_cache
from math import pi, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meanfield.errors import QuadratureError
from meanfield.quadrature.rule import Array, Rule

CUTOFF = 9.0  # the normal density there is 1e-18


class UnitRule(NamedTuple):
    """Rule on [0, 1]: nodes s (n,), ``complement`` 1 - s without cancellation (n,), and weights (n,)."""

    nodes: Array
    complement: Array
    weights: Array


@lru_cache(maxsize=128)
def gauss_legendre(count: int) -> tuple[Array, Array]:
    """Nodes and weights (count,) of Gauss-Legendre on [-1, 1]; cached and read-only."""
    if count < 1:
        raise QuadratureError(f"a Gauss-Legendre rule needs at least one node, got {count}")
    # NumPy's weights are off by 1e-12 at the ends, relative; Newton in extended precision, where there is one, is not.
    x: NDArray[Any] = np.asarray(np.polynomial.legendre.leggauss(count)[0], dtype=np.longdouble)
    for _ in range(3):
        value, slope = _legendre(count, x)
        x = np.asarray(x - value / slope, dtype=np.longdouble)
    slope = _legendre(count, x)[1]
    nodes = np.asarray(x, dtype=float)
    weights = np.asarray(2 / ((1 - x) * (1 + x) * slope**2), dtype=float)
    nodes.setflags(write=False)
    weights.setflags(write=False)
    return nodes, weights


def _legendre(count: int, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """P_n(x) and P_n'(x) by the three-term recursion."""
    before, now = np.zeros_like(x), np.ones_like(x)
    for k in range(count):
        before, now = now, ((2 * k + 1) * x * now - k * before) / (k + 1)
    return now, count * (before - x * now) / ((1 - x) * (1 + x))


@lru_cache(maxsize=64)
def gauss_hermite(count: int) -> Rule:
    """Gauss-Hermite rule of the standard normal measure, exact for polynomials of degree 2 count - 1.

    Only for polynomials and mild integrands: for E tanh it needs 768 nodes at Delta = 10 where the trapezoid needs 103.
    """
    from scipy.special import roots_hermitenorm

    if count < 1:
        raise QuadratureError(f"a Gauss-Hermite rule needs at least one node, got {count}")
    nodes, weights = roots_hermitenorm(count)
    return Rule(nodes, weights / weights.sum())


@lru_cache(maxsize=64)
def half_gauss_hermite(count: int) -> tuple[Array, Array]:
    """Gauss rule of the standard normal measure on z >= 0, exact for polynomials of degree 2 count - 1, for few nodes: (count,)
    each, the weights add up to 1/2. By the Stieltjes procedure on a fine rule."""
    if not 1 <= count <= 40:
        raise QuadratureError(f"half a Gauss-Hermite rule has from 1 to 40 nodes, got {count}")
    x, w = gauss_legendre(400)
    z = (x + 1) * 7.0
    w = 7.0 * w * np.exp(-(z**2) / 2) / sqrt(2 * pi)
    diagonal, beside = np.zeros(count), np.zeros(count)
    before, now = np.zeros_like(z), np.ones_like(z) / sqrt(w.sum())
    for k in range(count):
        diagonal[k] = (w * z * now**2).sum()
        above = (z - diagonal[k]) * now - (beside[k - 1] * before if k else 0.0)
        beside[k] = sqrt((w * above**2).sum())
        before, now = now, above / beside[k]
    nodes, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1))
    weights = vectors[0] ** 2 * w.sum()
    nodes.setflags(write=False)
    weights.setflags(write=False)
    return nodes, weights


@lru_cache(maxsize=64)
def unit_interval(count: int, power: int = 2) -> UnitRule:
    """Gauss-Legendre on [0, 1] after ``1 - s = t^power``, which resolves a layer at s = 1.

    The s-integral of the regular energy equation has a layer of width 1/delta there: with power 2, 16 nodes give 3e-10
    at Delta_0 = 71 and 32 give 2e-16. power 1 is plain Gauss-Legendre.
    """
    if power < 1:
        raise QuadratureError(f"the power of the map 1 - s = t^power must be at least 1, got {power}")
    x, w = gauss_legendre(count)
    t = (x + 1) / 2
    complement = t**power
    rule = UnitRule(1 - complement, complement, w / 2 * power * t ** (power - 1))
    for array in rule:
        array.setflags(write=False)
    return rule


def panel_gauss(edges: Array, count: int) -> tuple[Array, Array]:
    """Composite Gauss-Legendre on the panels between sorted ``edges`` (..., E), per point: arrays (..., (E - 1) count).

    The weights are those of the ordinary integral. Panels of width zero are allowed and weigh nothing.
    """
    edges = np.asarray(edges, dtype=float)
    x, w = gauss_legendre(count)
    low, high = edges[..., :-1, None], edges[..., 1:, None]
    half = (high - low) / 2
    shape = (*edges.shape[:-1], -1)
    return ((low + high) / 2 + half * x).reshape(shape), (half * w).reshape(shape)


def normal_panels(breaks: Array, edges: Array, count: int) -> tuple[Array, Array]:
    """Nodes and weights (..., n) of the standard normal measure between ``edges`` (E,), split at ``breaks`` (..., B) too."""
    breaks = np.clip(np.nan_to_num(breaks, nan=edges[0], posinf=edges[-1], neginf=edges[0]), edges[0], edges[-1])
    every = np.concatenate([np.broadcast_to(edges, (*breaks.shape[:-1], edges.size)), breaks], axis=-1)
    every.sort(axis=-1)
    nodes, weights = panel_gauss(every, count)
    weights *= np.exp(-(nodes**2) / 2) / sqrt(2 * pi)
    return nodes, weights


def split_gauss(breaks: Array, cutoff: float = CUTOFF, count: int = 64, *, layers: Array | None = None) -> tuple[Array, Array]:
    """Rule of the standard normal measure for integrands with kinks: panels end at each point's own breakpoints.

    breaks: (..., B) locations in z; they are clipped into [-cutoff, cutoff], NaN and infinities included. ``layers``
    (..., B): widths of smooth layers around them (0: none): panels then also end at ``break +- layer``.
    Returns nodes and weights (..., n), n = panels times ``count``. The weights contain the density and add up to 1
    up to the truncation; 64 nodes a panel resolve the density over the whole line, 32 over half of it.
    """
    breaks = np.nan_to_num(np.asarray(breaks, dtype=float), nan=0.0, posinf=cutoff, neginf=-cutoff)
    parts = [breaks]
    if layers is not None:
        widths = np.nan_to_num(np.asarray(layers, dtype=float), nan=0.0, posinf=2 * cutoff)
        parts += [breaks - widths, breaks + widths]
    ends = np.full((*breaks.shape[:-1], 1), cutoff)
    edges = np.clip(np.concatenate([-ends, *parts, ends], axis=-1), -cutoff, cutoff)
    edges.sort(axis=-1)
    nodes, weights = panel_gauss(edges, count)
    weights *= np.exp(-(nodes**2) / 2) / sqrt(2 * pi)
    return nodes, weights
