"""Integrals of interpolating polynomials against a decaying exponential: the weights of exponential integrators.

``y' = -rate y + f`` advances by ``y(h) = exp(-rate h) y(0) + int_0^h exp(-rate (h - u)) f(u) du``; with f replaced by its
interpolating polynomial the decay itself is exact, whatever the step (Hochbruck & Ostermann, Acta Numerica 19 (2010) 209).
All positions are in units of the step h.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from meanfield.quadrature.rule import Array

__all__ = ["exponential_weights", "lagrange", "lattice_cubics", "unit_gauss"]


@cache
def unit_gauss(count: int = 12) -> tuple[Array, Array]:
    """Nodes and weights of the Gauss-Legendre rule on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1) / 2, w / 2


def lagrange(nodes: Sequence[float], x: Array) -> Array:
    """The polynomials that are 1 at one node and 0 at the others, at x (n,): shape (len(nodes), n)."""
    at = np.asarray(nodes, dtype=float)
    others = ~np.eye(at.size, dtype=bool)
    return np.array([np.prod((x[:, None] - at[o]) / (n - at[o]), axis=1) for n, o in zip(at, others)])


def exponential_weights(nodes: Sequence[float], h: float, rate: float = 1.0) -> Array:
    """Weights w with ``int_0^h exp(-rate (h - u)) f(u) du = sum_i w_i f(nodes_i h)`` for polynomials f below degree len(nodes).

    Twelve Gauss nodes are exact to rounding while ``rate h`` is at most about 2.
    """
    u, w = unit_gauss()
    return np.asarray(h * lagrange(nodes, u) @ (w * np.exp(-rate * h * (1 - u))))


@cache
def _lattice_inverse() -> Array:
    i, j = _lattice_powers()
    return np.asarray(np.linalg.inv(i[:, None] ** i * j[:, None] ** j), dtype=float)


@cache
def _lattice_powers() -> tuple[Array, Array]:
    points = [(i, j) for i in range(4) for j in range(4 - i)]
    return np.array([i for i, _ in points], dtype=float), np.array([j for _, j in points], dtype=float)


def lattice_cubics(x: Array, y: Array) -> Array:
    """Cubics in two variables that are 1 at one of the points (i, j), i + j <= 3, of a triangle and 0 at the nine others.

    x, y: (n,). Shape (10, n), points in the order (0, 0), (0, 1), (0, 2), (0, 3), (1, 0), ..., (3, 0).
    """
    i, j = _lattice_powers()
    monomials = np.asarray(x, dtype=float)[:, None] ** i * np.asarray(y, dtype=float)[:, None] ** j
    return np.asarray((monomials @ _lattice_inverse()).T)
