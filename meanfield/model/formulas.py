"""Functions for starts that SymPy does not evaluate: its own Max, Min and nested cosines compare and simplify at length."""

import sympy as sp


class maximum(sp.Function):
    """``max(a, b)``, never evaluated symbolically."""

    nargs = 2
    is_real = True
    is_commutative = True


class minimum(sp.Function):
    """``min(a, b)``, never evaluated symbolically."""

    nargs = 2
    is_real = True
    is_commutative = True


class trisected(sp.Function):
    """``cosh(acosh(x)/3)``, which is ``cos(acos(x)/3)`` for -1 <= x <= 1: the largest root w of ``4 w^3 - 3 w = x``. Smaller x
    count as -1. Never evaluated symbolically."""

    nargs = 1
    is_real = True
    is_commutative = True
