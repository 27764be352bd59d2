"""What becomes of ``E |det|`` and of eigenvalues near 1 where the edge of a random matrix's spectrum passes 1.

Of ``J diag(phi') - 1``, J with N independent rows, ``E |det|`` has another form where the spectrum's edge lies beyond 1 (its
exponent depends on a saddle point z > 0) than where it does not (z = 0). Between the two both are off, over a width
``N^(-1/2)``. For independent normal entries of equal variance (Ginibre's real ensemble) ``exp(-x^2/2) E |det(J - x)|`` is the
density of real eigenvalues at x of a matrix with one row more, whose edge is known (A. Edelman, E. Kostlan & M. Shub, J. Amer.
Math. Soc. 7, 247, 1994):

    E |det| = (its form inside) times  passage(t) = erfc(sqrt(2) t)/2 + exp(-t^2) erfc(-t) / (2 sqrt(2)).

``t^2`` is N times the difference of the two exponents, that inside being continued to z < 0; t > 0 outside. The mean density of
complex eigenvalues falls like ``erfc(sqrt(2) t)/2``. That spectra of other profiles have the same edge in these terms is local
universality, which is not proved here.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, erfcx

__all__ = ["OUTSIDE", "log_passage", "log_passage_slope", "outside", "unstable"]

Array = NDArray[np.float64]

OUTSIDE = float(-np.log(2.0) / 2)
"""Limit of ``log_passage(t) + t^2`` for large t."""
_FAR = 12.0  # beyond it in t nothing is left of the edge


def log_passage(t: Array) -> Array:
    """Logarithm of ``passage``."""
    return np.asarray(np.log(_scaled(t)) - np.maximum(t, 0.0) ** 2)


def log_passage_slope(t: Array) -> Array:
    """Derivative of `log_passage`: 0 inside, -2 t outside."""
    up = np.maximum(t, 0.0) ** 2
    scaled = -np.exp(up - 2 * t * t) / np.sqrt(2 * np.pi) - t * np.exp(up - t * t) * erfc(-t) / np.sqrt(2)
    return np.asarray(scaled / _scaled(t))


def _scaled(t: Array) -> Array:
    """``passage(t) exp(max(t, 0)^2)``."""
    positive = np.maximum(t, 0.0)
    first = np.where(t > 0, erfcx(np.sqrt(2) * positive) * np.exp(-(positive**2)), erfc(np.sqrt(2) * t))
    return np.asarray(first / 2 + np.exp(positive**2 - t * t) * erfc(-t) / (2 * np.sqrt(2)))


def outside(t: Array) -> Array:
    """``int_t^inf erfc(sqrt(2) u)/2 du``: eigenvalues beyond an edge at -t, -t inside and next to nothing outside."""
    x = np.sqrt(2) * t
    return np.asarray((np.exp(-x * x) / np.sqrt(np.pi) - x * erfc(x)) / (2 * np.sqrt(2)))


def unstable(t: Array) -> Array:
    """The same for eigenvalues beyond a tangent of the edge: ``(3/4) int outside(t + u^2) du``, ``(-t)^(3/2)`` inside."""
    at, values = _table()
    near = np.where(t > _FAR, 0.0, np.interp(t, at, values))
    far = np.maximum(-t, 0.0) ** 1.5 * (1 + 3 / (32 * np.maximum(t * t, 1.0)))
    return np.asarray(np.where(t < -_FAR, far, near))


@lru_cache(maxsize=1)
def _table() -> tuple[Array, Array]:
    at = np.linspace(-_FAR, _FAR, 4801)
    node, weight = np.polynomial.legendre.leggauss(96)
    u = np.sqrt(2 * _FAR) * (node + 1) / 2
    return at, 1.5 * outside(at[:, None] + u**2) @ weight * np.sqrt(2 * _FAR) / 2
