"""Half-line and quadrant probabilities of Gaussian variables, the building blocks of closed averages.

All variables have mean `mu` and variance `Delta`; a pair `(x, y)` has covariance `C`. The three functions stay
finite where a variance vanishes, so a conditional law may degenerate (`C = Delta` or `C = -Delta`).
The density at 0 has its limit there: 0, or infinity where the mean vanishes as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from sympy.core.function import ArgumentIndexError

__all__ = ["conditional_variance", "gauss_density", "gauss_edge", "gauss_tail", "orthant", "pair_density"]


class _Gaussian(sp.Function):
    is_real = True
    is_nonnegative = True
    is_commutative = True


class gauss_tail(_Gaussian):
    """`gauss_tail(mu, Delta) = P(x > 0)`; the limit at `Delta = 0` is 0, 1/2 or 1."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        mu, Delta = self.args
        if argindex == 1:
            return gauss_edge(mu, Delta) / Delta
        return -mu * gauss_edge(mu, Delta) / (2 * Delta**2)


class gauss_edge(_Gaussian):
    """`gauss_edge(mu, Delta) = Delta p(0) = sqrt(Delta / 2 pi) exp(-mu^2 / 2 Delta)`, p the density of x."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        mu, Delta = self.args
        if argindex == 1:
            return -mu * self / Delta
        return self * (1 + mu**2 / Delta) / (2 * Delta)


class gauss_density(_Gaussian):
    """`gauss_density(mu, Delta) = p(0)`, p the density of x."""

    nargs = 2

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        mu, Delta = self.args
        if argindex == 1:
            return -mu / Delta * self
        return self * (mu**2 / Delta - 1) / (2 * Delta)


class orthant(_Gaussian):
    """`orthant(mu, Delta, C) = P(x > 0, y > 0)` for `|C| <= Delta`, `Delta > 0`.

    Equals `Q(h)^2 + int_0^{asin rho} exp(-h^2 / (1 + sin t)) dt / 2 pi`, `h = mu / sqrt(Delta)`,
    `rho = C / Delta` (Plackett), or `Q(h) - 2 T(h, sqrt((1 - rho) / (1 + rho)))` with Owen's T.
    """

    nargs = 3

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        mu, Delta, C = self.args
        edge = gauss_edge(mu, Delta) * gauss_tail(mu * (1 - C / Delta), Delta - C**2 / Delta) / Delta
        if argindex == 1:
            return 2 * edge
        if argindex == 2:
            return -mu * edge / Delta - C / Delta * pair_density(mu, Delta, C)
        if argindex == 3:
            return pair_density(mu, Delta, C)
        raise ArgumentIndexError(self, argindex)


class conditional_variance(_Gaussian):
    """`conditional_variance(Delta, given, C) = Delta - C^2/given`: of a variable of variance `Delta` where another, of variance
    `given` and covariance `C`, is known. It keeps its digits where the correlation is near 1."""

    nargs = 3

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        _, given, C = self.args
        return [sp.S.One, C**2 / given**2, -2 * C / given][argindex - 1]


def pair_density(mu: sp.Expr, Delta: sp.Expr, C: sp.Expr) -> sp.Expr:
    """Joint density of `(x, y)` at the origin; diverges where `|C| = Delta`."""
    return sp.exp(-(mu**2) / (Delta + C)) / (2 * sp.pi * sp.sqrt(Delta**2 - C**2))


def _ratio(mu: Any, Delta: Any) -> Any:
    """`mu / sqrt(Delta)`, with 0 for 0/0. Rounding may leave a conditional variance below 0: it stands for 0."""
    s = np.sqrt(np.maximum(Delta, 0.0))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(np.equal(mu, 0.0) & (s == 0.0), 0.0, np.divide(mu, s))


def _gauss_tail(mu: Any, Delta: Any) -> Any:
    from scipy.special import ndtr

    return ndtr(_ratio(mu, Delta))


def _gauss_edge(mu: Any, Delta: Any) -> Any:
    h = np.minimum(np.abs(_ratio(mu, Delta)), 1e100)
    return np.sqrt(np.maximum(Delta, 0.0) / (2 * np.pi)) * np.exp(-0.5 * h * h)


def _gauss_density(mu: Any, Delta: Any) -> Any:
    h = np.minimum(np.abs(_ratio(mu, Delta)), 1e100)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.exp(-0.5 * h * h) / np.sqrt(2 * np.pi * np.maximum(Delta, 0.0))
    return np.where(h == 1e100, 0.0, value)


def _orthant(mu: Any, Delta: Any, C: Any) -> Any:
    from scipy.special import ndtr, owens_t

    h = _ratio(mu, Delta)
    below, above = np.maximum(np.subtract(Delta, C), 0.0), np.maximum(np.add(Delta, C), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(below == 0.0, 0.0, np.sqrt(below / above))
    return ndtr(h) - 2.0 * owens_t(h, slope)


def _conditional_variance(Delta: Any, given: Any, C: Any) -> Any:
    s = np.sqrt(np.maximum(np.multiply(Delta, given), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.equal(given, 0.0), Delta, np.maximum(s - C, 0.0) * np.maximum(s + C, 0.0) / given)


def _mp_conditional_variance(Delta: Any, given: Any, C: Any) -> Any:
    return Delta - C**2 / given if given else Delta


def _mp_gauss_tail(mu: Any, Delta: Any) -> Any:
    if Delta == 0:
        return (1 + mpmath.sign(mu)) / mpmath.mpf(2)
    return mpmath.erfc(-mu / mpmath.sqrt(2 * Delta)) / 2


def _mp_gauss_edge(mu: Any, Delta: Any) -> Any:
    if Delta == 0:
        return mpmath.mpf(0)
    return mpmath.sqrt(Delta / (2 * mpmath.pi)) * mpmath.exp(-(mu**2) / (2 * Delta))


def _mp_gauss_density(mu: Any, Delta: Any) -> Any:
    if Delta == 0:
        return mpmath.mpf(0) if mu else mpmath.inf
    return mpmath.exp(-(mu**2) / (2 * Delta)) / mpmath.sqrt(2 * mpmath.pi * Delta)


def _mp_orthant(mu: Any, Delta: Any, C: Any) -> Any:
    h2 = mpmath.mpf(mu) ** 2 / Delta
    end = mpmath.asin(mpmath.mpf(C) / Delta)

    def plackett(t: Any) -> Any:
        s = 1 + mpmath.sin(t)
        return mpmath.exp(-h2 / s) if s else mpmath.mpf(h2 == 0)

    return _mp_gauss_tail(mu, Delta) ** 2 + mpmath.quad(plackett, [0, end]) / (2 * mpmath.pi)


NUMPY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "conditional_variance": _conditional_variance,
    "gauss_density": _gauss_density,
    "gauss_edge": _gauss_edge,
    "gauss_tail": _gauss_tail,
    "orthant": _orthant,
}
MPMATH_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "conditional_variance": _mp_conditional_variance,
    "gauss_density": _mp_gauss_density,
    "gauss_edge": _mp_gauss_edge,
    "gauss_tail": _mp_gauss_tail,
    "orthant": _mp_orthant,
}
