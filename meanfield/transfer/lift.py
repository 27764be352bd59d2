"""From SymPy's own functions, as users type them, to transfer tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from meanfield.transfer import functions
from meanfield.transfer.erf import erf
from meanfield.transfer.logistic import logistic
from meanfield.transfer.relu import relu
from meanfield.transfer.softplus import softplus
from meanfield.transfer.step import step
from meanfield.transfer.tanh import tanh

__all__ = ["lift"]

_LIFTED: dict[type, Callable[[sp.Expr], sp.Expr]] = {
    sp.tanh: tanh,
    sp.erf: lambda u: erf(2 * u / sp.sqrt(sp.pi)),
    sp.Heaviside: step,
    functions.heaviside0: step,
    functions.lncosh: tanh.d(-1),
    functions.logistic: logistic,
    functions.softplus: softplus,
    functions.softplus_integral: softplus.d(-1),
}


def lift(expr: Any) -> sp.Expr:
    """`expr` with `sp.tanh(x)`, `sp.erf(x)`, `sp.Max(0, x)`, `sp.Heaviside(x)` and the safe functions as tokens.

    Sine, cosine, exponential and powers stay: as plain functions they already differentiate and print well.
    """
    expr = sp.sympify(expr, strict=True)
    expr = expr.replace(lambda e: type(e) in _LIFTED, lambda e: _LIFTED[type(e)](e.args[0]))
    return expr.replace(_is_rectified, lambda e: relu(next(arg for arg in e.args if arg != 0)))


def _is_rectified(expr: sp.Basic) -> bool:
    return isinstance(expr, sp.Max) and len(expr.args) == 2 and sp.S.Zero in expr.args
