"""What can be proved about a smooth expression in `X`: its strip of analyticity and its growth.

Both are conservative: what cannot be proved is not claimed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import sympy as sp

from meanfield.transfer.functions import MPMATH_FUNCTIONS, lncosh, logistic, softplus, softplus_integral
from meanfield.transfer.token import X

__all__ = ["FAILURES", "centre", "degree", "evaluator", "strip"]

FAILURES = (ArithmeticError, ValueError, TypeError, NameError, NotImplementedError)
"""What `evaluator` raises where an expression has no value or no code."""

_ENTIRE = (sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.erf, sp.erfc)
_STRIPS = {
    sp.tanh: math.pi / 2,
    sp.sech: math.pi / 2,
    lncosh: math.pi / 2,
    logistic: math.pi,
    softplus: math.pi,
    softplus_integral: math.pi,
    sp.atan: 1.0,
    sp.asinh: 1.0,
}
_DEGREES = {
    **dict.fromkeys((sp.tanh, sp.sech, logistic, sp.atan, sp.sin, sp.cos, sp.erf, sp.erfc), 0),
    **dict.fromkeys((lncosh, softplus, sp.asinh, sp.log), 1),
    softplus_integral: 2,
}
_Interval = tuple[float, float]


def evaluator(expr: sp.Expr) -> Callable[[float], complex]:
    """`expr` as a function of a number, in mpmath."""
    code = sp.lambdify(X, expr, modules=[MPMATH_FUNCTIONS, "mpmath"])
    return lambda x: mpmath.mpmathify(code(mpmath.mpf(x)))


def strip(expr: sp.Expr, interval: _Interval = (-math.inf, math.inf)) -> tuple[float, float] | None:
    """`(a, c)`: analytic nearer than a to the interval, growing there as `exp(c y^2)`; None if not provable."""
    if not expr.has(X) or expr == X:
        return math.inf, 0.0
    head = expr.func
    if head in (sp.Add, sp.Mul):
        known = [strip(arg, interval) for arg in expr.args]
        if None in known:
            return None
        growth = [k[1] for k in known if k]
        return min(k[0] for k in known if k), max(growth) if head is sp.Add else sum(growth)
    if head is sp.Pow and expr.exp.is_Integer and expr.exp > 0:
        base = strip(expr.base, interval)
        return base and (base[0], base[1] * int(expr.exp))
    if head is sp.log or (head is sp.Pow and not expr.exp.has(X)):
        return _around_zeros(expr.args[0], interval)
    if head in _ENTIRE:
        return _entire(expr, interval)
    if head in _STRIPS and (slope := _affine_slope(expr.args[0])) is not None:
        return _STRIPS[head] / abs(slope), 0.0
    return None


def centre(expr: sp.Expr) -> float | None:
    """The real part of all singularities of `expr`, where it is steep; None if they have none in common, or not provably."""
    found = _real_parts(expr)
    return found.pop() if found is not None and len(found) == 1 else None


def _real_parts(expr: sp.Expr) -> set[float] | None:
    if not expr.has(X) or expr == X:
        return set()
    head = expr.func
    if head in (sp.Add, sp.Mul) or (head is sp.Pow and expr.exp.is_Integer and expr.exp > 0):
        parts = [_real_parts(arg) for arg in expr.args]
        return None if None in parts else {place for part in parts if part for place in part}
    if head is sp.Pow and not expr.exp.has(X) and expr.base.is_polynomial(X):
        return {round(complex(root).real, 12) + 0.0 for root in sp.Poly(expr.base, X).nroots(maxsteps=200)}
    if head in _STRIPS and _affine_slope(expr.args[0]) is not None:
        slope, shift = sp.Poly(expr.args[0], X).all_coeffs()
        return {float(-shift / slope) + 0.0}
    return None


def _around_zeros(base: sp.Expr, interval: _Interval) -> tuple[float, float] | None:
    if not base.is_polynomial(X):
        return None
    roots = [complex(root) for root in sp.Poly(base, X).nroots(maxsteps=200)]
    low, high = interval
    return min((abs(z - min(max(z.real, low), high)) for z in roots), default=math.inf), 0.0


def _entire(expr: sp.Expr, interval: _Interval) -> tuple[float, float] | None:
    u = expr.args[0]
    if not u.is_polynomial(X):
        inner = strip(u, interval)
        return inner if inner and math.isfinite(inner[0]) else None
    poly = sp.Poly(u, X)
    lead = float(poly.LC())
    if poly.degree() == 1:
        return math.inf, lead**2 if expr.func in (sp.erf, sp.erfc) else 0.0
    return (math.inf, max(-lead, 0.0)) if poly.degree() == 2 and expr.func is sp.exp else None


def _affine_slope(u: sp.Expr) -> float | None:
    return float(sp.Poly(u, X).LC()) if u.is_polynomial(X) and sp.degree(u, X) == 1 else None


def degree(expr: sp.Expr, side: int) -> float:
    """A power of |x| that bounds `expr` towards `side * oo`; infinite if none is proved."""
    if not expr.has(X):
        return 0
    if expr.is_polynomial(X):
        return int(sp.degree(expr, X))
    head = expr.func
    if head is sp.Add:
        return max(degree(arg, side) for arg in expr.args)
    if head is sp.Mul:
        return sum(degree(arg, side) for arg in expr.args)
    if head is sp.Pow and expr.exp.is_number and (expr.exp > 0 or expr.base.is_polynomial(X)):
        return degree(expr.base, side) * float(expr.exp)
    if head is sp.exp and expr.args[0].is_polynomial(X):
        poly = sp.Poly(expr.args[0], X)
        return 0 if poly.LC() * side ** poly.degree() < 0 else math.inf
    power = _DEGREES.get(head, math.inf)
    return power * max(degree(expr.args[0], side), 1) if power else 0
