"""Averages of transfer functions with kinks: where Price's theorem leaves products of delta functions, closed forms do not."""

from __future__ import annotations

import sympy as sp

from meanfield.averages.divided_difference import DividedDifference
from meanfield.averages.node import Average
from meanfield.averages.passes import closed_forms, parity
from meanfield.averages.scope import nodes
from meanfield.transfer import Applied


def has_kinks(expr: sp.Expr) -> bool:
    """True if a transfer function with a kink is averaged in ``expr``."""
    averages = nodes(expr, (Average, DividedDifference))
    return any(a.args[0].traits.kinks for n in averages for a in nodes(n, Applied, inside=True))


def holds_deltas(expr: sp.Expr) -> bool:
    """True if some average in ``expr`` holds delta functions at kinks."""
    left = nodes(expr, Average, inside=True)
    return any(a.args[0].kink_terms(int(a.args[1])) for n in left for a in nodes(n.args[0], Applied))


def closed_outside_differences(expr: sp.Basic) -> sp.Basic:
    """Closed forms everywhere but under a divided difference: its integrand gets them once it has been differentiated."""
    if isinstance(expr, DividedDifference):
        return expr
    if isinstance(expr, Average) or not expr.args:
        return closed_forms(expr)
    args = [closed_outside_differences(a) for a in expr.args]
    return expr if tuple(args) == expr.args else expr.func(*args)


def slope(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    """``d expr / d symbol`` in averages that exist, kinks or not.

    Price's theorem comes first: quotients by a variance that are left over from a derivative of a closed form have no value
    where the variance vanishes. Where it leaves delta functions (of ``<phi^2>`` it makes ``<phi''^2>``), the closed form is
    differentiated instead; it no longer knows phi.
    """
    priced = expr.diff(symbol)
    if not has_kinks(expr):
        return priced
    closed = closed_outside_differences(parity(priced))
    if not holds_deltas(closed):
        return priced
    return closed_outside_differences(parity(expr)).diff(symbol)
