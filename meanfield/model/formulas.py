"""The larger and the smaller of two expressions, for starts: SymPy's own Max and Min compare and simplify at length."""

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
