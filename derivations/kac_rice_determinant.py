"""The determinant of the Kac-Rice formula: its mean square at finite N by brute force, as an integral, and by sampling."""

from __future__ import annotations

import numpy as np
import sympy as sp
from quadrature import newton
from rules import normal_average

from meanfield.averages import E

_Z = sp.Symbol("z", positive=True)


def slopes(n: int) -> tuple[sp.Symbol, ...]:
    """``s_i = g phi'(x_i)``."""
    return sp.symbols(f"s_1:{n + 1}", positive=True)


def mean_square_determinant(n: int) -> sp.Expr:
    """``E det(1 + X Sigma)^2`` for X with independent normal entries of variance 1/N: expand, then Wick, entry by entry."""
    entries = sp.symbols(f"X_1:{n * n + 1}", real=True)
    X = sp.Matrix(n, n, entries) / sp.sqrt(n)
    determinant = (sp.eye(n) + X * sp.diag(*slopes(n))).det()
    return normal_average(sp.expand(determinant**2), list(entries))


def determinant_integral(n: int) -> sp.Expr:
    """``N int_0^inf dz exp(-N z) prod_i (1 + z s_i^2)``: multiply out, then ``N int dz exp(-N z) z^k = k!/N^k``."""
    product = sp.Poly(sp.Mul(*(1 + _Z * s**2 for s in slopes(n))), _Z)
    return sp.expand(sum(c * sp.factorial(k) / sp.Integer(n) ** k for (k,), c in product.terms()))


def exponent_of_integral(s_squared: sp.Expr, z: sp.Symbol) -> sp.Expr:
    """``(1/N) ln`` of the integrand: ``-z + <ln(1 + z s^2)>``. It is concave in z, and rises from 0 if ``<s^2> > 1``."""
    return -z + E(sp.log(1 + z * s_squared))


def sampled_determinant() -> list[tuple[float, float]]:
    """Monte Carlo average of ``det(1 + X Sigma)^2`` at N = 6 beside the exact value."""
    n, s = 6, np.linspace(0.3, 0.8, 6)
    X = np.random.default_rng(0).normal(size=(200_000, n, n)) / np.sqrt(n)
    sampled = np.mean(np.linalg.det(np.eye(n) + X * s) ** 2)
    return [(float(determinant_integral(n).subs(dict(zip(slopes(n), s, strict=True)))), sampled)]


def sampled_log_determinant() -> list[tuple[float, float]]:
    """``-z*/2 + <ln(1 + z* s^2)>/2`` of a sample of 1000 neurons, and ``(1/N) ln |det(1 + X Sigma)|`` of one matrix X."""
    rng = np.random.default_rng(2)
    s = 2.0 / np.cosh(rng.normal(size=1000))
    (z,) = newton(lambda u: [np.mean(s**2 / (1 + u[0] * s**2)) - 1], [0.3])
    X = rng.normal(size=(s.size, s.size)) / np.sqrt(s.size)
    return [(np.mean(np.log1p(z * s**2)) / 2 - z / 2, np.linalg.slogdet(np.eye(s.size) + X * s)[1] / s.size)]


def log_determinant_integral(s: np.ndarray) -> float:
    """``ln [N int dz exp(-N z) prod_i (1 + z s_i^2)]`` for a large sample, the integrand peaked about z*."""
    n, coarse = s.size, np.linspace(0, 3, 301)
    exponent = lambda z: np.mean(np.log1p(z[:, None] * s**2), axis=1) - z
    peak = coarse[np.argmax(exponent(coarse))]
    z = np.linspace(max(peak - 0.4, 0), peak + 0.4, 1601)
    h = exponent(z)
    return float(n * h.max() + np.log(n * np.sum(np.exp(n * (h - h.max()))) * (z[1] - z[0])))
