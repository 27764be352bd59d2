"""Hermite coefficients on a trapezoid grid: one matrix product gives every pair average as a polynomial.

With he_k the probabilists' Hermite polynomials, ``a_k[f] = int Dz f(mu + sqrt(Delta_0) z) he_k(z)/sqrt(k!)`` and
Mehler's formula, <f(x) g(y)> = sum_k a_k[f] a_k[g] rho^k for a normal pair of correlation rho, and
a_k[f'] = sqrt(k+1) a_{k+1}[f]/sqrt(Delta_0).
"""

from __future__ import annotations

from functools import lru_cache
from math import inf, lgamma, log, pi, sqrt

import numpy as np

from meanfield.errors import QuadratureError
from meanfield.quadrature.rule import Array
from meanfield.quadrature.trapezoid import gaussian_trapezoid, ladder_floor

LARGEST_COUNT = 20000
_RESCALE = 1e120
_LOOK = 8  # recursions after which sizes are looked at: within them they grow by |z|^8
SMALL_POWERS = 512  # so many are sooner computed one by one


def hermite_functions(z: Array, count: int) -> Array:
    """``he_k(z)/sqrt(k!) exp(-z^2/4)`` for k = 0..count-1: shape (count, n). Orthonormal for ``dz/sqrt(2 pi)``.

    Stable to k of several thousand and |z| of about 100: the recursion is forward stable inside the turning point
    |z| = 2 sqrt(k) and follows the dominant solution outside; a scale per node keeps exp(-z^2/4) from underflowing
    before the polynomial has grown.
    """
    z = np.asarray(z, dtype=float)
    if count < 1:
        raise QuadratureError(f"the number of Hermite functions must be at least 1, got {count}")
    table = np.empty((count, z.size))
    scale = -(z**2) / 4
    factor = np.exp(scale)
    before, now = np.zeros_like(z), np.ones_like(z)
    for k in range(count):
        np.multiply(now, factor, out=table[k])
        before, now = now, (z * now - sqrt(k) * before) / sqrt(k + 1)
        if k % _LOOK:
            continue
        large = np.abs(now) > _RESCALE
        if large.any():
            now[large] /= _RESCALE
            before[large] /= _RESCALE
            scale[large] += log(_RESCALE)
            factor = np.exp(scale)
    return table


def hermite_step(
    strip: float, sigma: float, tol: float, count: int, *, pole_order: float = 1, imaginary_growth: float = 0.0
) -> float:
    """Step for which all coefficients a_k[f], k < count, are right to about ``tol``; rounded down to the ladder.

    The Fourier transform of he_k(z)/sqrt(k!) times the density is at most exp(-(omega - sqrt(k))^2/2): it shifts
    the frequencies that must be resolved by sqrt(count). Arguments as in ``trapezoid_step``.
    """
    level = max(1.0, -log(tol))
    level += max(0.0, pole_order - 1) * log(level)
    distance = strip / sigma if sigma > 0 else inf
    if distance < sqrt(2 * level):
        frequency = level / distance + distance / 2
    else:
        growth = imaginary_growth * sigma**2 if strip == inf else 0.0
        frequency = sqrt(2 * level * (1 + 2 * growth))
    return ladder_floor(2 * pi / (frequency + sqrt(count)))


def hermite_cutoff(tol: float) -> float:
    """Half width of the grid for coefficients of bounded f: their integrands decay like exp(-z^2/4) only, for any k."""
    return sqrt(4 * max(1.0, -log(tol)))


def hermite_table(h: float, cutoff: float, count: int) -> tuple[Array, Array]:
    """Nodes (n,) and the matrix W (n, count) with ``f(nodes) @ W = (a_0[f], ..., a_{count-1}[f])``.

    h is rounded down to the ladder. The cutoff must be wider than for plain averages: see ``hermite_cutoff``.
    """
    if not 1 <= count <= LARGEST_COUNT:
        raise QuadratureError(f"the number of Hermite coefficients must lie in 1..{LARGEST_COUNT}, got {count}")
    nodes = gaussian_trapezoid(h, cutoff).nodes
    table = hermite_functions(nodes, count)
    table *= np.exp(-(nodes**2) / 4) * (ladder_floor(h) / sqrt(2 * pi))
    return nodes, table.T


def hermite_count(
    strip_over_sigma: float,
    rho: float,
    tol: float,
    *,
    pole_order: float = 1,
    growth: float = 0.0,
    frequency: float = 1.0,
) -> int:
    """Number K of terms for which ``sum_{k >= K} a_k^2 |rho|^k`` is below about ``tol`` (for f of order one).

    Poles at distance d = strip_over_sigma (in z) give a_k ~ d^p k^(p/2 - 3/4) exp(-d sqrt(k)). Entire f (d = inf): with
    ``growth`` = c sigma^2 (``imaginary_growth`` times the variance) a_k^2 ~ [2 growth/(1 + 2 growth)]^k; with growth 0,
    f is taken as of exponential type ``frequency`` (sigma times the type), a_k^2 ~ frequency^(2k)/k!.
    Raises ``QuadratureError`` for |rho| > 1, where the series diverges.
    """
    if not (strip_over_sigma > 0 and abs(rho) <= 1):
        raise QuadratureError(
            f"the Hermite series needs strip/sigma > 0 and |rho| <= 1, got {strip_over_sigma!r} and rho = {rho!r}: "
            "evaluate this pair average by the rotated product rule"
        )
    level = max(1.0, -log(tol))
    rate = -log(max(abs(rho), 1e-300))
    if strip_over_sigma < inf:
        return _count_poles(strip_over_sigma, rate, level, pole_order)
    if growth > 0:
        rate += log((1 + 2 * growth) / (2 * growth))
        return _capped((level - min(0.0, log(rate))) / rate + 4)
    k = 1.0
    while k < LARGEST_COUNT and 2 * k * log(max(frequency, 1e-3)) - lgamma(k + 1) - k * rate > -level:
        k += 1 + k // 16
    return _capped(k + 4)


def _count_poles(distance: float, rate: float, level: float, pole_order: float) -> int:
    # A pole of order p and strength 1 in x has strength d^p in z, so a_k ~ d^p k^((p - 1)/2 - 1/4) exp(-d sqrt(k));
    # the tail sum contributes one over the decay rate of a term. Solve rate k + 2 d sqrt(k) = level + logarithms by a
    # few substitutions.
    k, extra = 1.0, 0.0
    for _ in range(6):
        b, c = 2 * distance, level + extra
        root = 2 * c / (b + sqrt(b * b + 4 * rate * c))
        k = max(1.0, root * root)
        tail = 1 / (rate + distance / sqrt(k))
        extra = log(max(tail, 1.0)) + (pole_order - 1.5) * log(k) + 2 * pole_order * log(max(distance, 1e-3))
        extra += distance**2 / 2 + log(4 * pi)
        extra = max(extra, -0.8 * level)
    return _capped(k + 4)


def _capped(k: float) -> int:
    return int(min(max(k, 8.0), float(LARGEST_COUNT))) + 1


def powers(r: Array, count: int) -> Array:
    """``r**k`` for k = 0..count-1, shape (P, count), by doubling, with about the error that the rounding of r itself brings.

    It is the transpose of a contiguous (count, P), and so is what `homogeneous` returns.
    """
    r = np.atleast_1d(np.asarray(r, dtype=float))
    if r.size * count <= SMALL_POWERS:
        return np.asarray(r ** np.arange(float(count))[:, None]).T
    table = np.empty((count, r.size))
    table[0] = 1.0
    filled, factor = 1, r
    while filled < count:
        more = min(filled, count - filled)
        np.multiply(table[:more], factor, out=table[filled : filled + more])
        filled, factor = filled + more, factor * factor
    return table.T


def homogeneous(count: int, r: Array, p: int, q: int) -> Array:
    """Complete homogeneous symmetric polynomials h_k(r repeated p times, 1 repeated q times), k = 0..count-1.

    Shape (P, count) for r of shape (P,). They are the divided differences of monomials, f[r^p.., 1^q..] =
    sum_k f_{k+p+q-1} h_k, so confluent divided differences of a Hermite series (in units of the variance) are
    polynomials: no quotient, no cancellation for r -> 1. r may be negative or slightly above 1.
    """
    if p < 0 or q < 0:
        raise QuadratureError(f"repetitions must not be negative, got p = {p}, q = {q}")
    r = np.atleast_1d(np.asarray(r, dtype=float))
    if p == 0:
        table = np.zeros((count, r.size))
        table[:1] = 1.0
    else:
        table = powers(r, count).T
        if p > 1:
            table *= binomials(count, p - 1)[:, None]
    for _ in range(q):
        np.cumsum(table, axis=0, out=table)
    return table.T


@lru_cache(maxsize=64)
def binomials(count: int, p: int) -> Array:
    """``binom(k + p, p)`` for k = 0..count-1, shape (count,); read-only."""
    table = np.ones(count)
    for j in range(1, p + 1):
        table = table * (np.arange(count) + j) / j
    table.setflags(write=False)
    return table
