"""Expressions in one symbol as nested lists and back: data that is read without ever being executed."""

from __future__ import annotations

from typing import Any

import sympy as sp

__all__ = ["from_data", "to_data"]

_FUNCTIONS = {f.__name__: f for f in (sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.erf, sp.Abs)}
_CONSTANTS = {"pi": sp.pi, "e": sp.E}
_OPERATIONS: dict[str, Any] = {"+": sp.Add, "*": sp.Mul, "^": sp.Pow}


def to_data(expr: sp.Expr, symbol: sp.Symbol) -> Any:
    """``s**2/4 + 1`` as ``["+", ["*", ["ratio", 1, 4], ["^", ["s"], 2]], 1]``. Raises `ValueError` for what is not on the list."""
    if expr == symbol:
        return ["s"]
    if isinstance(expr, sp.Integer):
        return int(expr)
    if isinstance(expr, sp.Rational):
        return ["ratio", int(expr.p), int(expr.q)]
    if isinstance(expr, sp.Float):
        return float(expr)
    for name, value in _CONSTANTS.items():
        if expr == value:
            return [name]
    for name, make in {**_OPERATIONS, **_FUNCTIONS}.items():
        if expr.func is make:
            return [name, *(to_data(a, symbol) for a in expr.args)]
    raise ValueError(f"{expr} cannot be saved: only arithmetic and {', '.join(_FUNCTIONS)} can")


def from_data(data: Any, symbol: sp.Symbol) -> sp.Expr:
    """What `to_data` was given. Raises `ValueError` or `KeyError` for anything else."""
    if isinstance(data, int | float):
        return sp.Integer(data) if isinstance(data, int) else sp.Float(data)
    head, *rest = data
    if head == "s":
        return symbol
    if head == "ratio":
        return sp.Rational(int(rest[0]), int(rest[1]))
    if head in _CONSTANTS:
        return _CONSTANTS[head]
    return {**_OPERATIONS, **_FUNCTIONS}[head](*(from_data(a, symbol) for a in rest))
