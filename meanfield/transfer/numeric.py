"""Generated code for the values of a transfer function: NumPy for arrays, mpmath for any precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import sympy as sp
from sympy.printing.numpy import NumPyPrinter

from meanfield.transfer.functions import MPMATH_FUNCTIONS, NUMPY_FUNCTIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from meanfield.transfer.token import Transfer

__all__ = ["array_function", "at_precision", "jet"]

BLOCK = 8192
"""Points per pass: all temporaries of a pass stay in cache."""

DEEPEST = 4096
"""Binary digits beyond which `mp` no longer suspects that digits were lost to cancellation."""

_x = sp.Symbol("x", real=True)

# What generated code may name. (By the name "numpy" SymPy imports all of its parts, f2py and the tests among them: .1 s.)
_NUMPY = {name: value for name, value in vars(np).items() if not name.startswith("_")}


def jet(phi: Transfer, orders: tuple[int, ...], x: Any) -> list[NDArray[np.float64]]:
    """`[phi^(k)(x) for k in orders]`, each of the shape of x."""
    x = np.asarray(x, dtype=float)
    code = _cached(phi, ("numpy", orders), lambda: _numpy_code(phi, orders))
    flat = np.ascontiguousarray(x).reshape(-1)
    out = [np.empty(flat.shape) for _ in orders]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # in branches that are not taken
        for start in range(0, flat.size, BLOCK):
            part = slice(start, start + BLOCK)
            for target, value in zip(out, code(flat[part]), strict=True):
                target[part] = value
    return [target.reshape(x.shape) for target in out]


def at_precision(phi: Transfer, order: int, x: Any) -> Any:
    """`phi^(order)(x)` at mpmath's current precision, whatever cancels inside."""
    code = _cached(phi, ("mpmath", order), lambda: _mpmath_code(phi, order))
    x, goal = mpmath.mpmathify(x), mpmath.mp.prec
    work, value = goal + 16, None
    while True:
        with mpmath.workprec(work):
            value, before = code(x), value
            # A zero may be cancellation (1 - tanh(40)^2): only the largest precision makes it believable.
            settled = before and value and abs(value - before) <= mpmath.ldexp(abs(value), 4 - goal)
        if settled or work > DEEPEST:
            return +value
        work *= 2


def _numpy_code(phi: Transfer, orders: tuple[int, ...]) -> Callable[[Any], list[Any]]:
    exprs = [phi.explicit(order, _x) for order in orders]
    return array_function(_x, exprs, _plan)


class _Printer(NumPyPrinter):
    def _print_Float(self, expr: sp.Float) -> str:
        return repr(float(expr))  # SymPy prints fifteen digits, which is another number


def array_function(x: sp.Symbol, exprs: Any, cse: Any = False) -> Callable[[Any], Any]:
    """Code for arrays; ``exprs`` and ``cse`` as of `sympy.lambdify`."""
    names = {name: name for name in NUMPY_FUNCTIONS}
    settings = {"fully_qualified_modules": False, "inline": True, "allow_unknown_functions": True, "user_functions": names}
    return sp.lambdify(x, exprs, modules=[NUMPY_FUNCTIONS, _NUMPY], cse=cse, printer=_Printer(settings))


def _mpmath_code(phi: Transfer, order: int) -> Callable[[Any], Any]:
    code = sp.lambdify(_x, phi.explicit(order, _x), modules=[MPMATH_FUNCTIONS, "mpmath"])
    return lambda x: mpmath.mpmathify(code(x))


def _plan(exprs: list[sp.Expr]) -> tuple[list[tuple[sp.Symbol, sp.Expr]], list[sp.Expr]]:
    """Common subexpressions such that generators are computed once and all powers are products.

    NumPy's `x**3` is 20 times slower than `x*x*x`, and SymPy's `cse` sees no relation between `r**-3/2` and `r**-5/2`.
    """
    exprs = [sp.sympify(expr) for expr in exprs]
    heads = sorted(set().union(*(_generators(expr) for expr in exprs)), key=sp.default_sort_key)
    names = {head: sp.Symbol(f"g{i}") for i, head in enumerate(heads)}
    renamed = [sp.horner(e) if e.is_polynomial(*e.free_symbols) else e for e in (_rename(e, names) for e in exprs)]
    replacements, reduced = sp.cse(renamed, symbols=sp.numbered_symbols("c"), list=True)
    return (
        [(name, head) for head, name in names.items()] + [(s, _unrolled(e)) for s, e in replacements],
        [_unrolled(expr) for expr in reduced],
    )


def _generators(expr: sp.Expr) -> set[sp.Expr]:
    """Outermost functions and inverse square roots of `expr`."""
    if isinstance(expr, (sp.Function, sp.exp)):
        return {expr}
    if isinstance(expr, sp.Pow) and getattr(expr.exp, "q", 1) == 2:
        return {sp.Pow(expr.base, sp.sign(expr.exp) / 2)}
    return set().union(*map(_generators, expr.args)) if expr.args else set()


def _rename(expr: sp.Expr, names: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    if expr in names:
        return names[expr]
    if isinstance(expr, sp.Pow) and getattr(expr.exp, "q", 1) == 2:
        return names[sp.Pow(expr.base, sp.sign(expr.exp) / 2)] ** abs(expr.exp.p)
    return expr.func(*(_rename(arg, names) for arg in expr.args)) if expr.args else expr


def _unrolled(expr: sp.Expr) -> sp.Expr:
    """Small integer powers as products."""
    if not expr.args:
        return expr
    args = [_unrolled(arg) for arg in expr.args]
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer and 2 < expr.exp <= 16:
        return sp.Mul(*[args[0]] * int(expr.exp), evaluate=False)
    return expr.func(*args, evaluate=False) if isinstance(expr, (sp.Add, sp.Mul)) else expr.func(*args)


def _cached(phi: Transfer, key: Any, build: Callable[[], Any]) -> Any:
    # Kept on the token itself, not by equality: equal tokens may carry different metadata.
    if key not in phi.compiled:
        phi.compiled[key] = build()
    return phi.compiled[key]
