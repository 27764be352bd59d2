"""Averages that do not exist are refused with a sentence, wherever their laws are evaluated.

Two things make a Gaussian average diverge: the body grows faster than every Gaussian decays (``exp(x^3)``), or it has a pole on
the real axis (``1/x``). A body that grows like ``exp(a x^2)`` is another matter: it depends on the variance
(`meanfield.averages.exponentials`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import mpmath
import sympy as sp

from meanfield.averages import Average, Gaussian
from meanfield.averages.passes import explicit
from meanfield.averages.scope import nodes, open_body, own, substitute
from meanfield.errors import AverageError
from meanfield.transfer import Applied, analysis, rectified_power
from meanfield.transfer.token import X

_REAL_POLES = (sp.tan, sp.cot, sp.sec, sp.csc, sp.coth, sp.csch)
_GRID = [k / 8 for k in range(-400, 401)]
_ZERO = 1e-13
_NEAR = 8.0  # beyond, slopes of saturating functions are small without vanishing


@lru_cache(maxsize=4096)
def refuse_divergent(node: Average) -> None:
    """Raise `AverageError` if the average of ``node`` exists for no variance. Bodies with parameters are believed."""
    if not isinstance(node.measure, Gaussian):
        return
    body = substitute(node.body, {X: sp.Symbol("x_", real=True)})  # a parameter of the name is not the variable
    for i in own(body):
        variables = [X if k == i else sp.Dummy(f"x{k}", real=True) for k in range(node.measure.dimension)]
        opened = open_body(body, variables)
        for factor in sp.Mul.make_args(opened):
            reason = _grows(factor, X) or _is_singular(factor, opened, X)
            if reason:
                raise AverageError(f"the average {node} {reason}")


def _grows(factor: sp.Expr, x: sp.Symbol) -> str:
    """Why an exponential beats every Gaussian, or an empty string."""
    if not isinstance(factor, (sp.exp, sp.sinh, sp.cosh)):
        return ""
    argument = factor.args[0]
    poly = argument.as_poly(x)
    if poly is not None:
        lead, degree = poly.LC(), poly.degree()
        decays = isinstance(factor, sp.exp) and degree % 2 == 0 and lead.is_negative is not False
        if degree > 2 and lead.is_number and not decays:
            return f"does not converge: {factor} grows faster than a Gaussian decays"
        return (
            f"must be written with exp to tell where it converges: {factor}"
            if degree == 2 and not isinstance(factor, sp.exp)
            else ""
        )
    value = _number(argument, x)
    if value is None:
        return ""
    for sign in (-1, 1):
        near, far = (value(sign * at) for at in (30.0, 300.0))
        if far > 0 and far > 150 * max(near, 1.0):  # a hundred times for a square
            return f"does not converge: {factor} grows faster than a Gaussian decays"
    return ""


def _is_singular(factor: sp.Expr, body: sp.Expr, x: sp.Symbol) -> str:
    """Why the body is singular where a denominator vanishes, or an empty string."""
    if isinstance(factor, _REAL_POLES) and factor.has(x):
        return f"does not converge: {factor} has poles on the real line"
    base, power = factor.as_base_exp()
    if not (power.is_number and power.is_negative and base.has(x)):
        return ""
    poly = base.as_poly(x)
    one_sided = any(rectified_power(a.token) is not None for a in nodes(body, Applied))  # the pole may lie where the body vanishes
    if poly is not None and not one_sided and not poly.free_symbols_in_domain <= {x} and poly.degree() % 2 == 1:
        return f"does not converge: 1/({base}) has a pole on the real line"
    own_factors = sp.Mul(*(f for f in sp.Mul.make_args(body) if f.free_symbols == {x}))
    value, whole = _number(base, x), _number(own_factors, x)
    if value is None or whole is None:
        return ""
    for root in _zeros(value, poly):
        sizes = [abs(whole(root + d)) for d in (1e-3, 1e-6)]
        if sizes[1] < 8 * max(sizes[0], 1e-300):
            continue  # a zero of the numerator takes the pole away
        if sizes[1] < 500 * sizes[0]:  # of a pole it would be a thousand times
            return f"converges, but 1/({base}) is singular at x = {root:.6g}, which no rule here resolves"
        return f"does not converge: 1/({base}) is singular at x = {root:.6g}"
    return ""


def _zeros(value: Callable[[float], float], poly: sp.Poly | None) -> list[float]:
    """Real zeros of a function, as far as a scan of the axis shows them."""
    if poly is not None and not poly.free_symbols_in_domain:
        return [float(r) for r in poly.nroots(n=15, maxsteps=200) if abs(sp.im(r)) < 1e-12]
    samples = [value(at) for at in _GRID]
    exact = [at for at, v in zip(_GRID, samples, strict=True) if abs(v) < _ZERO and abs(at) <= _NEAR]
    found = []
    for a, b, u, v in zip(_GRID, _GRID[1:], samples, samples[1:]):
        if u * v < 0 and math.isfinite(u * v):
            found.append(_bisected(value, a, b))
    return exact + found


def _bisected(value: Callable[[float], float], a: float, b: float) -> float:
    low = value(a)
    for _ in range(60):
        middle = (a + b) / 2
        if value(middle) * low > 0:
            a = middle
        else:
            b = middle
    return (a + b) / 2


def _number(expr: sp.Expr, x: sp.Symbol) -> Callable[[float], float] | None:
    """``expr`` as a function of a float; None if it holds parameters or averages."""
    if expr.free_symbols != {x} or any(nodes(expr, Average)):
        return None
    try:
        exact = analysis.evaluator(explicit(expr))
    except AverageError:  # a delta function at a kink
        return None

    def value(at: float) -> float:
        try:
            return float(mpmath.re(exact(at)))
        except OverflowError:
            return math.inf
        except analysis.FAILURES:
            return math.nan

    return value
