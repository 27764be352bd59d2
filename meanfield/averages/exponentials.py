"""Exponentials of squares of the random variable are part of its law: ``<exp(a x^2) f(x)>`` is a constant times ``<f>`` under
another Gaussian, of variance ``v' = v/(1 - 2 a v)`` and mean ``m/(1 - 2 a v)``; it exists only for ``2 a v < 1``. The linear part
of such an exponent, as in ``exp(-(x - c)^2)``, goes with it: it moves the mean by ``b v'``.

A rule made for the old law would have to reach out to where the exponential has moved the bulk of the integrand. Exponentials
of the variable itself only move the mean; of one variable the rules know their rate (and f may decay, so that the bulk does not
move), of several the law takes them in.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from meanfield.averages.divided_difference import DividedDifference
from meanfield.averages.measures import Gaussian
from meanfield.averages.node import Average
from meanfield.averages.scope import Bound, dangling, nodes, own, shift
from meanfield.errors import AverageError
from meanfield.transfer import Applied, Transfer


def absorb_exponentials(expr: sp.Expr) -> sp.Expr:
    """Every Gaussian average in ``expr`` with the exponentials of its variables in the law. Divided differences stay as they
    are. Raises `AverageError` for an average that does not converge, where the variance is a number."""
    if isinstance(expr, DividedDifference) or not expr.args:
        return expr
    args = [absorb_exponentials(a) for a in expr.args]
    expr = expr if tuple(args) == expr.args else expr.func(*args)
    if isinstance(expr, Average) and isinstance(expr.measure, Gaussian):
        return _absorbed(expr)
    return expr


def existence(expr: sp.Basic) -> Iterator[tuple[Average, sp.Expr]]:
    """Averages that exist only where an expression is positive, each with that expression."""
    for node in nodes(expr, Average, inside=True):
        if isinstance(node.measure, Gaussian) and node.measure.dimension == 1 and not dangling(node):
            square = _split(node.body, 1)[1]
            if square != 0:
                yield node, sp.factor(1 - 2 * shift(square, -1, 1) * node.measure.cov[0, 0])


def _absorbed(node: Average) -> sp.Expr:
    law = node.measure
    slopes, square, constant, rest = _split(node.body, law.dimension)
    if not any(slopes) and square == 0 or any(own(s) for s in (*slopes, square, constant)):
        return node
    slope = sp.Matrix([shift(s, -1, 1) for s in slopes])
    square, constant = shift(square, -1, 1), shift(constant, -1, 1)
    mean, cov = sp.Matrix(law.mean), sp.Matrix(law.cov)
    if square == 0:
        exponent = sp.expand((slope.T * (2 * mean + cov * slope))[0, 0] / 2)
        return sp.exp(exponent + constant) * Average(rest, Gaussian(list(mean + cov * slope), cov))
    shrunk = 1 - 2 * square * cov[0, 0]
    if shrunk.is_number and shrunk.is_positive is False:
        raise AverageError(f"the average {node} does not converge: its body outgrows a Gaussian of variance {cov[0, 0]}")
    (m,), (b,), v = mean, slope, cov[0, 0]
    # Over one denominator: the terms of exp(-(x - c)^2/a) are large for small a, and cancel.
    exponent = sp.factor(sp.together((square * m**2 + b * m + b**2 * v / 2) / shrunk + constant))
    return sp.exp(exponent) / sp.sqrt(shrunk) * Average(rest, Gaussian([(m + b * v) / shrunk], cov / shrunk))


def _split(body: sp.Expr, dimension: int) -> tuple[list[sp.Expr], sp.Expr, sp.Expr, sp.Expr]:
    """Slopes b, a, c and the rest of ``body = exp(a x^2 + b x + c) rest`` in one variable, of ``exp(b x + c) rest`` in several."""
    slopes, square, constant, rest = [sp.S.Zero] * dimension, sp.S.Zero, sp.S.Zero, sp.S.One
    variables = [Bound(0, i) for i in range(dimension)]
    for factor in sp.Mul.make_args(body):
        exponent = _exponent(factor)
        poly = exponent.as_poly(*variables) if exponent is not None else None
        if poly is None or poly.total_degree() != (2 if dimension == 1 else 1):
            rest *= factor
            continue
        if dimension == 1:
            square += poly.coeff_monomial((2,))
        slopes = [s + poly.coeff_monomial(v) for s, v in zip(slopes, variables, strict=True)]
        constant += poly.coeff_monomial(1)
    return slopes, square, constant, rest


def _exponent(factor: sp.Expr) -> sp.Expr | None:
    """The exponent of a factor that is an exponential, with SymPy's or the library's function; else None."""
    base, power = factor.as_base_exp()
    if isinstance(base, Applied) and power.is_Integer and _is_exponential(base.args[0]):
        return power * base.args[2]
    return factor.args[0] if isinstance(factor, sp.exp) else None


def _is_exponential(token: Transfer) -> bool:
    return token.name == "exponential" and isinstance(token.definition, sp.exp)


__all__ = ["absorb_exponentials", "existence"]
