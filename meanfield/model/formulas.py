"""Formulas for starts: the larger and the smaller of two expressions, without the comparisons that SymPy's Max and Min make."""

import sympy as sp


def larger(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """``max(a, b)``."""
    return (a + b + sp.Abs(a - b)) / 2


def smaller(a: sp.Expr, b: sp.Expr) -> sp.Expr:
    """``min(a, b)``."""
    return (a + b - sp.Abs(a - b)) / 2
