"""Overflow-safe functions that transfer functions and their Gaussian averages are written in.

Each is a SymPy function whose derivatives are polynomials in a few generators, with a vectorised NumPy
implementation and an `mpmath` implementation at the current precision. The tables `NUMPY_FUNCTIONS` and
`MPMATH_FUNCTIONS` map the names that code printers emit to those implementations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from meanfield.transfer import probabilities

__all__ = [
    "CODED",
    "MPMATH_FUNCTIONS",
    "NOT_CODED",
    "NUMPY_FUNCTIONS",
    "erf_integral",
    "heaviside0",
    "lncosh",
    "logistic",
    "softplus",
    "softplus_integral",
]


class _Safe(sp.Function):
    """A real function of one real argument that is never evaluated symbolically."""

    nargs = 1
    is_real = True
    is_commutative = True


class lncosh(_Safe):
    """`ln cosh x`, the antiderivative of `tanh`; exact to rounding for tiny and for huge x."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.tanh(self.args[0])


class erf_integral(_Safe):
    """`x erf(sqrt(pi) x/2) - (2/pi) (1 - exp(-pi x^2/4))`, the antiderivative of `erf(sqrt(pi) x/2)` that vanishes at 0, and
    exact to rounding there."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.erf(sp.sqrt(sp.pi) * self.args[0] / 2)


class logistic(_Safe):
    """`1 / (1 + exp(-x))`."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return self * logistic(-self.args[0])  # 1 - self would cancel where self saturates


class softplus(_Safe):
    """`ln(1 + exp x)`, the antiderivative of `logistic`."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return logistic(self.args[0])


class softplus_integral(_Safe):
    """`-Li_2(-exp x)`, the antiderivative of `softplus` that vanishes at minus infinity."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return softplus(self.args[0])


class heaviside0(_Safe):
    """`theta(x)` with `theta(0) = 0`. Its derivative is the almost-everywhere one, 0: a transfer function
    keeps the delta function as the jump of a `Kink`."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.S.Zero

    def _latex(self, printer: Any) -> str:
        return rf"\theta\left({printer._print(self.args[0])}\right)"


def _lncosh(x: Any) -> Any:
    a = np.abs(x)
    near = np.sinh(0.5 * np.minimum(a, 1.0))
    # ln cosh x = ln(1 + 2 sinh(x/2)^2) does not cancel near 0; the other form does not overflow.
    return np.where(a < 1.0, np.log1p(2.0 * near * near), a + np.log1p(np.exp(-2.0 * a)) - np.log(2.0))


def _erf_integral(x: Any) -> Any:
    return x * _erf(np.sqrt(np.pi) / 2 * np.asarray(x)) + (2 / np.pi) * np.expm1(-np.pi / 4 * np.square(x))


def _logistic(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(np.asarray(x) < 0.0, e, 1.0) / (1.0 + e)


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _softplus_integral(x: Any) -> Any:
    from scipy.special import spence

    u = np.exp(-np.abs(x))
    # spence(1 + u) rounds 1 + u: the Taylor series of -Li_2(-u) keeps the relative accuracy of small u.
    series = u * np.polyval([1 / 81, -1 / 64, 1 / 49, -1 / 36, 1 / 25, -1 / 16, 1 / 9, -1 / 4, 1.0], u)
    decaying = np.where(u < 0.02, series, -spence(1.0 + u))
    return np.where(np.asarray(x) <= 0.0, decaying, 0.5 * np.square(x) + np.pi**2 / 6 - decaying)


def _heaviside0(x: Any) -> Any:
    return np.heaviside(x, 0.0)


def _sech(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return 2.0 * e / (1.0 + e * e)


def _erf(x: Any) -> Any:
    from scipy.special import erf

    return erf(x)


def _mp_lncosh(x: Any) -> Any:
    near = 2 * mpmath.sinh(x / 2) ** 2
    if abs(mpmath.re(x)) < 1:
        return mpmath.log1p(near)
    a = -x if mpmath.re(x) < 0 else x
    return a + mpmath.log1p(mpmath.exp(-2 * a)) - mpmath.ln2


def _mp_erf_integral(x: Any) -> Any:
    return x * mpmath.erf(mpmath.sqrt(mpmath.pi) * x / 2) + 2 / mpmath.pi * mpmath.expm1(-mpmath.pi * x**2 / 4)


def _mp_logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def _mp_softplus(x: Any) -> Any:
    return x + mpmath.log1p(mpmath.exp(-x)) if mpmath.re(x) > 0 else mpmath.log1p(mpmath.exp(x))


def _mp_softplus_integral(x: Any) -> Any:
    if mpmath.re(x) > 0:
        return x**2 / 2 + mpmath.pi**2 / 6 + mpmath.polylog(2, -mpmath.exp(-x))
    return -mpmath.polylog(2, -mpmath.exp(x))


def _mp_heaviside0(x: Any) -> Any:
    return mpmath.mpf(1 if x > 0 else 0)


NUMPY_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "erf": _erf,
    "erf_integral": _erf_integral,
    "heaviside0": _heaviside0,
    "lncosh": _lncosh,
    "logistic": _logistic,
    "sech": _sech,
    "softplus": _softplus,
    "softplus_integral": _softplus_integral,
    **probabilities.NUMPY_FUNCTIONS,
}
"""Vectorised implementations, by the name that SymPy's NumPy printers emit. `scipy` is imported on first use."""

CODED = frozenset(
    [sp.tanh, sp.sech, sp.exp, sp.log, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.asin, sp.acos, sp.atan, sp.asinh, sp.acosh, sp.atanh]
    + [sp.erf, sp.erfc, sp.sign, sp.floor, sp.Abs, sp.Heaviside, sp.Max, sp.Min, sp.Piecewise]
)
"""SymPy's functions that generated code can compute, besides powers and the functions of this module."""

NOT_CODED = (
    "no function that can be computed here; write it with powers, "
    + ", ".join(sorted(f.__name__ for f in CODED))
    + ", or approximate it by these"
)

MPMATH_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "erf_integral": _mp_erf_integral,
    "heaviside0": _mp_heaviside0,
    "lncosh": _mp_lncosh,
    "logistic": _mp_logistic,
    "softplus": _mp_softplus,
    "softplus_integral": _mp_softplus_integral,
    **probabilities.MPMATH_FUNCTIONS,
}
"""Implementations at mpmath's current precision, by the name that SymPy's mpmath printer emits."""
