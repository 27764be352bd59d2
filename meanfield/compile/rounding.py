"""How much rounding inside functions such as exp or a normal tail may change a scalar expression.

A function multiplies what rounding left of its argument: ``exp(100)`` has a hundred times the relative error of 100, and
the normal tail at h standard deviations h^2 times. Bounds are expressions themselves, in units of the machine epsilon.
"""

from __future__ import annotations

import sympy as sp

from meanfield.averages.opaque import Opaque
from meanfield.compile.group import EPS
from meanfield.transfer.probabilities import gauss_density, gauss_edge, gauss_tail, orthant

GAUSSIAN = (gauss_density, gauss_edge, gauss_tail, orthant)
UNITS = 4  # bounds are multiplied by so many epsilons
_OWN = 4  # of a function, in units in the last place


def function_rounding(expr: sp.Expr) -> sp.Expr:
    """Bound on the rounding error that functions bring into ``expr``, over epsilon; symbols count as exact."""
    functions = sorted(_outermost(expr), key=sp.default_sort_key)
    marks = {f: sp.Dummy(f"f{i}", real=True) for i, f in enumerate(functions)}
    marked, back = expr.xreplace(marks), {m: f for f, m in marks.items()}
    return sp.Add(*(sp.Abs(marked.diff(m)).xreplace(back) * bound(f) for f, m in marks.items()))


def _outermost(expr: sp.Basic) -> set[sp.Function]:
    if isinstance(expr, sp.Function) and not isinstance(expr, sp.Abs | sp.sign | sp.Max | sp.Min):
        return {expr}
    return set().union(*map(_outermost, expr.args))


def bound(expr: sp.Expr) -> sp.Expr:
    """Bound on the rounding error of evaluating ``expr`` as it stands, over epsilon."""
    if expr.is_Symbol or expr.is_Integer:
        return sp.S.Zero
    if expr.is_number:
        return sp.Abs(expr)
    if expr.is_Add:
        # The sum of two numbers is rounded once, whatever cancels.
        own = sp.Abs(expr) if len(expr.args) == 2 else sp.Add(*map(sp.Abs, expr.args))
        return sp.Add(own, *map(bound, expr.args))
    if expr.is_Mul:
        rest = [sp.Mul(*(a for a in expr.args if a is not b)) for b in expr.args]
        return sp.Add(len(rest) * sp.Abs(expr), *(bound(b) * sp.Abs(r) for b, r in zip(expr.args, rest, strict=True)))
    if expr.is_Pow and expr.exp.is_number:
        return 2 * sp.Abs(expr) + sp.Abs(expr.exp * expr.base ** (expr.exp - 1)) * bound(expr.base)
    if isinstance(expr, sp.Function):
        return _of_function(expr)
    return _OWN * sp.Abs(expr)


def _of_function(f: sp.Function) -> sp.Expr:
    if isinstance(f, Opaque):  # it knows best
        return _OWN * sp.Abs(f) + f.uncertainty / (UNITS * EPS)
    # The probability of a quadrant is a difference from that of a half line.
    total = _OWN * (gauss_tail(*f.args[:2]) if isinstance(f, orthant) else sp.Abs(f))
    for i, argument in enumerate(f.args, 1):
        inner = bound(argument)
        if inner != 0:
            slope = f.fdiff(i)
            total += 0 if slope.has(sp.DiracDelta, sp.Derivative) else sp.Abs(slope) * inner
    # The ratio mean/sqrt(variance) is rounded inside a Gaussian function even where both are exact.
    if isinstance(f, GAUSSIAN):
        total += sp.Abs(f.args[0] * f.fdiff(1))
    return total
