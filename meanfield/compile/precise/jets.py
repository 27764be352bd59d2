"""phi^(k) at many nodes: one exponential per node, all orders from it, no digit lost where phi saturates."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from meanfield.averages.scope import Bound
from meanfield.compile.precise.field import Field, Number, Values, array
from meanfield.errors import TransferError
from meanfield.transfer import Transfer, functions

_X = Bound(0, 0)
_P, _Q = sp.symbols("p q", real=True)

# phi, 1 - phi^2 and so on satisfy p' = polynomial(p, q): derivatives in p and q keep the relative accuracy of the small one.
_SATURATING = {
    "tanh": (sp.tanh(sp.Symbol("x", real=True)), 0, _P, {_P: _Q, _Q: -2 * _P * _Q}),
    "logistic": (functions.logistic(sp.Symbol("x", real=True)), 0, _P, {_P: _P * _Q, _Q: -_P * _Q}),
    "softplus": (functions.softplus(sp.Symbol("x", real=True)), 1, _P, {_P: _P * _Q, _Q: -_P * _Q}),
}


def applied(field: Field, token: Transfer, order: int, argument: sp.Expr, x: Values, memo: dict[Any, Values]) -> Values:
    """``token^(order)(x)``, classical part, for a number or an array x; ``memo`` belongs to one set of nodes."""
    from meanfield.compile.precise.interpret import Interpreter

    for kind, (definition, first, *_) in _SATURATING.items():
        if token.definition == definition and order >= first:
            key = (kind == "tanh", argument)
            if key not in memo:
                memo[key] = _pair(field, kind, x)
            p, q = memo[key]
            return Interpreter(field, {_P: p, _Q: q}, _no_binder)(_polynomial(kind, order - first))
    key = (token, argument)
    if key not in memo:
        memo[key] = Interpreter(field, {}, _no_binder, ((x,),))
    value = memo[key](token.explicit(order, _X))
    # A derivative may be a constant (relu'' = 0): give it the shape of the nodes.
    return array([value] * x.size) if isinstance(x, np.ndarray) and not isinstance(value, np.ndarray) else value


def one_sided(field: Field, token: Transfer, order: int, location: Number, side: int) -> Number:
    """Limit of ``token^(order)`` at ``location`` from the right (side +1) or left (-1), good to about the field's digits."""
    step = (abs(location) * 16 if location else 1) * field.power_of_ten(-0.301 * field.bits)
    return applied(field, token, order, sp.Symbol("x"), location + side * step, {})


@cache
def _polynomial(kind: str, order: int) -> sp.Expr:
    _, _, expr, rules = _SATURATING[kind]
    for _ in range(order):
        expr = sp.expand(sum((sp.diff(expr, s) * rule for s, rule in rules.items()), sp.S.Zero))
    return expr


def _pair(field: Field, kind: str, x: Values) -> tuple[Values, Values]:
    """(tanh x, 1 - tanh(x)^2) or (logistic(x), 1 - logistic(x)), both to full relative accuracy."""
    if not isinstance(x, np.ndarray):
        p, q = _pair(field, kind, array([x]))
        return p[0], q[0]
    positive = (x > 0).astype(bool)
    if kind != "tanh":
        e = field.call("exp", -abs(x))
        large = 1 / (1 + e)
        small = e * large
        return np.where(positive, large, small), np.where(positive, small, large)
    e = field.call("exp", -2 * abs(x))
    scale = 1 / (1 + e)
    t = (1 - e) * scale
    t = np.where(positive, t, -t)
    near = (abs(x) < 0.25).astype(bool)
    if near.any():
        t[near] = field.call("tanh", x[near])
    return t, 4 * e * scale * scale


def _no_binder(node: sp.Expr, frames: Any) -> Values:
    raise TransferError(f"a transfer function may not contain the average {node}")
