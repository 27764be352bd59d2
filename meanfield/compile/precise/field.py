"""Numbers of any precision and arrays of them: ``gmpy2`` where it is installed (ten times faster), else ``mpmath``.

Arrays are NumPy object arrays, so one code serves both; `Field.functions` has what is not an operator. A field must be
entered (``with field:``) before its numbers are used: precision is a property of the context, not of the number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from meanfield.errors import ParameterError
from meanfield.transfer import MPMATH_FUNCTIONS

try:
    import gmpy2
except ImportError:
    gmpy2 = None

_DOUBLE = 53  # bits of a double
_SHORT = 12  # significant digits of a decimal that someone has written, and not computed
Number = Any
"""A number of the field (``gmpy2.mpfr`` or ``mpmath.mpf``)."""
Values = Any
"""A number or a NumPy object array of numbers."""

_NATIVE = "exp expm1 log log1p sqrt tanh sinh cosh sin cos tan asin acos atan erf erfc asinh gamma".split()
_OTHER_NAMES = {"loggamma": "loggamma", "Abs": "fabs", "acosh": "acosh", "atanh": "atanh"}


class Field:
    """Arithmetic with ``bits`` binary digits. ``native=False`` forces mpmath even where gmpy2 is installed."""

    def __init__(self, bits: int, *, native: bool = True) -> None:
        self.bits = int(bits)
        self.native = native and gmpy2 is not None
        self.functions: dict[str, Callable[[Values], Values]] = {}
        self._stack: list[ExitStack] = []
        self._constants: dict[sp.Expr, Number] = {}

    def __enter__(self) -> Field:
        stack = ExitStack()
        stack.enter_context(mpmath.workprec(self.bits))
        if self.native:
            stack.enter_context(gmpy2.context(precision=self.bits))
        self._stack.append(stack)
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.pop().close()

    def number(self, x: Any) -> Number:
        """``x`` (number, decimal string, SymPy number) as a number of the field; raises `ParameterError` unless finite."""
        if isinstance(x, sp.Expr):
            return self.constant(x)
        try:
            if isinstance(x, np.generic):
                x = x.item()
            value = mpmath.mpmathify(x)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"expected a real number, got {x!r}") from error
        if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
            raise ParameterError(f"expected a finite real number, got {x!r}")
        return self.from_mpf(+value)

    def from_mpf(self, value: mpmath.mpf) -> Number:
        if not self.native:
            return value
        sign, mantissa, exponent, _ = value._mpf_
        if not mantissa and exponent:
            return gmpy2.mpfr("nan")
        out = gmpy2.mpfr(-mantissa if sign else mantissa)
        return gmpy2.mul_2exp(out, exponent) if exponent >= 0 else gmpy2.div_2exp(out, -exponent)

    def to_mpf(self, value: Number) -> mpmath.mpf:
        if not self.native or isinstance(value, mpmath.mpf):
            return mpmath.mpf(value)
        if not gmpy2.is_finite(value):
            return mpmath.mpf(str(value))
        mantissa, exponent = value.as_mantissa_exp()
        return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))

    def constant(self, expr: sp.Expr) -> Number:
        """A SymPy number such as 3/2 or pi."""
        if expr not in self._constants:
            if expr.is_Rational:
                value = self.number(int(expr.p)) / self.number(int(expr.q))
            elif expr.is_Float and expr._prec == _DOUBLE:
                value = self.written(float(expr))
            else:
                value = self.from_mpf(+mpmath.mpf(sp.N(expr, int(self.bits * 0.302) + 3)._mpf_))
            self._constants[expr] = value
        return self._constants[expr]

    def written(self, value: float) -> Number:
        """A double of an equation as the decimal that it was written as: 1.2 is 6/5, as it is for a parameter."""
        return self.number(decimal(value))

    def integers(self, first: int, last: int, step: int = 1) -> np.ndarray:
        """``first, first + step, ...`` up to and including ``last``, as numbers."""
        make = gmpy2.mpfr if self.native else mpmath.mpf
        return array([make(k) for k in range(first, last + 1, step)])

    def call(self, name: str, *args: Values) -> Values:
        """The function ``name`` (of SymPy, of this package's safe functions, or of mpmath), element by element."""
        if name not in self.functions:
            self.functions[name] = self._build(name)
        function = self.functions[name]
        if any(isinstance(a, np.ndarray) for a in args):
            return np.frompyfunc(function, len(args), 1)(*args)
        return function(*args)

    def _build(self, name: str) -> Callable[..., Number]:
        special = getattr(self, "_" + name, None)
        if special is not None:
            return special
        if self.native and name in _NATIVE:
            return getattr(gmpy2, name)
        source = MPMATH_FUNCTIONS.get(name) or getattr(mpmath, _OTHER_NAMES.get(name, name), None)
        if source is None:
            raise NotImplementedError(f"no implementation of the function {name} at arbitrary precision")
        if not self.native:
            return lambda *args: _real(source(*args))
        return lambda *args: self.from_mpf(+_real(source(*map(self.to_mpf, args))))

    def _Abs(self, x: Number) -> Number:
        return abs(x)

    def _sign(self, x: Number) -> Number:
        return self.number((x > 0) - (x < 0))

    def _heaviside0(self, x: Number) -> Number:
        return self.number(1 if x > 0 else 0)

    def _Heaviside(self, x: Number, at_zero: Number | None = None) -> Number:
        return self.number(1 if x > 0 else 0 if x < 0 else 0.5)

    def _lncosh(self, x: Number) -> Number:
        a = abs(x)
        if a < 1:
            s = self.call("sinh", a / 2)
            return self.call("log1p", 2 * s * s)
        return a + self.call("log1p", self.call("exp", -2 * a)) - self.constant(sp.log(2))

    def _logistic(self, x: Number) -> Number:
        return 1 / (1 + self.call("exp", -x))

    def _softplus(self, x: Number) -> Number:
        return (x if x > 0 else 0) + self.call("log1p", self.call("exp", -abs(x)))

    def _softplus_integral(self, x: Number) -> Number:
        decaying = -self._dilogarithm(-self.call("exp", -abs(x)))
        return decaying if x <= 0 else x * x / 2 + self.constant(sp.pi**2 / 6) - decaying

    def _dilogarithm(self, x: Number) -> Number:
        return gmpy2.li2(x) if self.native else mpmath.polylog(2, x).real

    @property
    def noise(self) -> Number:
        """What a sum of many rounded terms is off by, relative to the sum of their sizes: a thousand roundings."""
        return self.power_of_ten(3 - 0.301 * self.bits)

    def is_nan(self, x: Number) -> bool:
        return x != x

    def log10(self, x: Number) -> float:
        """log10 of |x| as a float, -inf for 0: safe far outside the range of floats."""
        x = abs(x)
        if not x:
            return -math.inf
        return float(self.call("log", x)) / math.log(10.0)

    def power_of_ten(self, exponent: float) -> Number:
        return self.from_mpf(mpmath.mpf(10) ** exponent)


def decimal(value: float) -> str:
    """The decimal that a double prints as. Products of short ones end in 0...02 by their rounding; that is left away."""
    short = f"{value:.15g}"
    digits = short.lower().partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    return short if len(digits) <= _SHORT else repr(value)


def _real(value: Any) -> mpmath.mpf:
    return mpmath.mpf("nan") if isinstance(value, mpmath.mpc) and value.imag else mpmath.mpf(value.real)


def array(items: list[Number]) -> np.ndarray:
    """An object array of shape (n,), also where the items look like sequences to NumPy."""
    out = np.empty(len(items), dtype=object)
    out[:] = items
    return out
